"""Charts as pictures: painted with matplotlib, which shapes Arabic and puts it into order by itself.

Painting takes a tenth of a second, and loading matplotlib half a one: both happen in a thread of their own, one chart at a
time (its fonts are not made for several threads), and not before the first chart is asked for. A chart is opaque, so that it
reads on a dark screen as on a light one; bars differ in lightness and pattern, not in hue alone; each bar has its number.
"""

import asyncio
import io
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from handlers.types import Chart

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CONTENT_TYPE = "image/png"
_ARABIC_FONT = Path(__file__).parent / "fonts" / "NotoSansArabic-Regular.ttf"
_PAPER, _INK, _FAINT = "#fbfaf7", "#1d1d1b", "#c9c6bd"
_COLOURS = ("#0b5a8f", "#f0a928", "#8a8a8a")
"""Dark, light and middling: told apart in any kind of colour blindness, and in grey."""
_PATTERNS = ("", "///", "...")
_INCHES, _DOTS_PER_INCH = (8.0, 4.5), 150
_BARS_WIDTH = 0.8

_painter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="charts")


async def paint(chart: Chart) -> bytes:
    """The chart as a PNG."""
    return await asyncio.get_running_loop().run_in_executor(_painter, _paint, chart)


def _paint(chart: Chart) -> bytes:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    output = io.BytesIO()
    with warnings.catch_warnings(), rc_context({"font.family": _families(chart), "hatch.linewidth": 1.2}):
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # somebody's emoji: a box in its stead will do
        figure = Figure(figsize=_INCHES, dpi=_DOTS_PER_INCH, facecolor=_PAPER)
        figure.set_layout_engine("constrained", w_pad=0.2, h_pad=0.1)
        _draw(chart, figure)
        figure.savefig(output, format="png", metadata={"Title": chart.title, "Description": chart.alternative})
    return output.getvalue()


def _families(chart: Chart) -> list[str]:
    """The fonts to look letters up in: the reader's first."""
    from matplotlib import font_manager

    if not any(font.fname == str(_ARABIC_FONT) for font in font_manager.fontManager.ttflist):
        font_manager.fontManager.addfont(_ARABIC_FONT)
    families = [font_manager.get_font(_ARABIC_FONT).family_name, "DejaVu Sans"]
    return families if chart.right_to_left else families[::-1]


def _draw(chart: Chart, figure: "Figure") -> None:
    axes = figure.add_subplot(facecolor=_PAPER)
    for row in range(len(chart.bars)):
        _draw_bars(chart, row, axes)
    axes.set_title(
        _directed(chart, chart.title), loc="right" if chart.right_to_left else "left", color=_INK, fontsize=19, pad=16
    )
    axes.set_xticks(range(len(chart.days)), [_directed(chart, day) for day in chart.days], color=_INK, fontsize=13)
    axes.set_yticks([])
    axes.set_ylim(0, max(1, *(number for bars in chart.bars for number in bars.numbers)) * 1.15)
    axes.tick_params(length=0)
    axes.spines[["top", "left", "right"]].set_visible(False)
    axes.spines["bottom"].set_color(_FAINT)
    if chart.right_to_left:
        axes.invert_xaxis()
    _draw_key(chart, axes, figure)


def _draw_bars(chart: Chart, row: int, axes: "Axes") -> None:
    """One row of bars, beside the others', each with its number above."""
    bars, width = chart.bars[row], _BARS_WIDTH / len(chart.bars)
    places = [day + (row + 0.5) * width - _BARS_WIDTH / 2 for day in range(len(bars.numbers))]
    drawn = axes.bar(
        places,
        bars.numbers,
        width * 0.92,
        label=_directed(chart, bars.name),
        color=_COLOURS[row % len(_COLOURS)],
        hatch=_PATTERNS[row % len(_PATTERNS)],
        edgecolor=_PAPER,
    )
    shown = str.maketrans("0123456789", chart.digits)
    axes.bar_label(drawn, [str(number).translate(shown) for number in bars.numbers], padding=3, color=_INK, fontsize=14)


def _draw_key(chart: Chart, axes: "Axes", figure: "Figure") -> None:
    """What each kind of bars stands for, in the order in which one reads."""
    drawn, names = axes.get_legend_handles_labels()
    step = -1 if chart.right_to_left else 1
    figure.legend(
        drawn[::step],
        names[::step],
        loc="outside lower right" if chart.right_to_left else "outside lower left",
        ncols=len(names),
        markerfirst=not chart.right_to_left,
        frameon=False,
        labelcolor=_INK,
        fontsize=15,
        handleheight=1.1,
    )


def _directed(chart: Chart, text: str) -> str:
    """The text with its reader's direction, whatever it begins with."""
    return f"\u200f{text}" if chart.right_to_left else text
