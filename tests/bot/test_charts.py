"""Charts become pictures, beside the work that goes on."""

import asyncio
import io
import threading
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from bot import charts
from bot.drawing import draw, draw_chart
from handlers.types import Bars, CannotRender, Chart, Reply

CHART = Chart(
    title="Seats taken and reports approved, by day",
    alternative="Saturday: 3 taken, 1 approved. Sunday: 5 taken, 4 approved.",
    days=("Sat 21", "Sun 22"),
    bars=(Bars("Seats taken", (3, 5)), Bars("Reports approved", (1, 4))),
)
ARABIC = Chart(
    title="المقاعد المحجوزة والتقارير المعتمدة، يومًا بيوم",
    alternative="السبت: ٣ محجوزة، ١ معتمدة. الأحد: ٥ محجوزة، ٤ معتمدة.",
    days=("السبت ٢١", "الأحد ٢٢"),
    bars=(Bars("مقاعد محجوزة", (3, 5)), Bars("تقارير معتمدة", (1, 4))),
    right_to_left=True,
    digits="٠١٢٣٤٥٦٧٨٩",
)
HEIGHTS = Chart("", "Four, then ten", ("", ""), (Bars("", (4, 10)),))


def picture_of(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def heights(picture: Image.Image) -> list[int]:
    """How high the bars stand, from left to right, in pixels."""
    red, blue = picture.getchannel("R").tobytes(), picture.getchannel("B").tobytes()
    is_blue = [red_level < 60 and blue_level > 120 for red_level, blue_level in zip(red, blue, strict=True)]
    columns = [sum(is_blue[x :: picture.width]) for x in range(picture.width)]
    tall = [height if height > 60 else 0 for height in columns]  # not what the key shows
    return [height for before, height in zip([0, *tall], tall, strict=False) if height and not before]


@pytest.mark.parametrize("chart", [CHART, ARABIC])
async def test_a_chart_is_a_picture_that_says_what_it_shows(chart: Chart) -> None:
    drawn = await draw_chart(chart)
    picture = Image.open(io.BytesIO(drawn.content))
    assert picture.format == "PNG"
    assert (drawn.alternative, drawn.is_picture) == (chart.alternative, True)
    assert picture.info["Description"] == chart.alternative
    assert picture.convert("RGBA").getchannel("A").getextrema() == (255, 255), "what is transparent cannot be read in the dark"


async def test_time_runs_as_the_reader_reads() -> None:
    ltr = heights(picture_of(await charts.paint(HEIGHTS)))
    rtl = heights(picture_of(await charts.paint(replace(HEIGHTS, right_to_left=True))))
    assert len(ltr) == len(rtl) == 2
    assert ltr[0] < ltr[1]
    assert rtl[0] > rtl[1]


async def test_arabic_is_shaped_by_its_own_font() -> None:
    """Joined letters are narrower than the same letters one by one."""
    joined = picture_of(await charts.paint(replace(ARABIC, title="بيت بيت بيت بيت")))
    parted = picture_of(await charts.paint(replace(ARABIC, title="ب\u200cي\u200cت " * 4)))

    def title_width(picture: Image.Image) -> int:
        strip = picture.crop((0, 0, picture.width, 90)).point(lambda level: 0 if level > 128 else 255)
        box = strip.convert("L").getbbox()
        assert box is not None
        return box[2] - box[0]

    assert title_width(joined) < title_width(parted)
    families = charts._families(ARABIC)
    assert (families[0], charts._families(CHART)[0]) == ("Noto Sans Arabic", "DejaVu Sans")


async def test_the_loop_goes_on_while_a_chart_is_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    painting, go_on = threading.Event(), threading.Event()
    where: list[str] = []

    def paint(chart: Chart) -> bytes:
        where.append(threading.current_thread().name)
        painting.set()
        assert go_on.wait(10)
        return b"png"

    monkeypatch.setattr(charts, "_paint", paint)
    task = asyncio.create_task(draw(Reply(text="The week", chart=CHART)))
    assert await asyncio.to_thread(painting.wait, 10)
    assert not task.done()
    go_on.set()  # the painter waits for what the loop does
    assert [drawn.content for drawn in await task] == [b"png"]
    assert where[0].startswith("charts")


@pytest.mark.parametrize("alternative", ["", "x" * 1025])
async def test_a_picture_without_its_words_is_not_drawn(alternative: str) -> None:
    with pytest.raises(CannotRender):
        await draw_chart(replace(CHART, alternative=alternative))


@pytest.mark.parametrize("numbers", [(0, 0), (1_000_000, 1)])
async def test_any_week_can_be_painted(numbers: Any) -> None:
    assert (await charts.paint(replace(CHART, bars=(Bars("🙂 emoji", numbers),))))[:4] == b"\x89PNG"
