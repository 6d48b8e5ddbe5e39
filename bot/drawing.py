"""What becomes a file when it is delivered: outside of any transaction, and off the event loop."""

import asyncio
from dataclasses import dataclass

from bot import charts, sheets
from handlers.types import CannotRender, Chart, Reply, Sheet

CHART_NAME = "chart.png"
ALTERNATIVE_LIMIT = 1024
"""What Telegram's captions and Discord's descriptions have room for."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A file to be sent."""

    name: str
    content_type: str
    content: bytes
    alternative: str = ""
    """What stands for a picture, for those who do not see it; empty where the file is no picture."""

    @property
    def is_picture(self) -> bool:
        return bool(self.alternative)


async def draw(reply: Reply) -> list[Drawn]:
    """The files of a reply, in the order in which they are shown. Raises CannotRender."""
    return [
        *([await draw_chart(reply.chart)] if reply.chart else []),
        *([await draw_sheet(reply.sheet)] if reply.sheet else []),
    ]


async def draw_chart(chart: Chart) -> Drawn:
    """Raises CannotRender where the picture would stand there without its words, or with half of them."""
    if not 0 < len(chart.alternative) <= ALTERNATIVE_LIMIT:
        raise CannotRender(f"a chart with an alternative text of {len(chart.alternative)} characters")
    return Drawn(CHART_NAME, charts.CONTENT_TYPE, await charts.paint(chart), chart.alternative)


async def draw_sheet(sheet: Sheet) -> Drawn:
    """Raises CannotRender where the name is not one that every system takes."""
    if not (sheet.name.isascii() and sheet.name.replace("-", "").isalnum()):
        raise CannotRender(f"a sheet called {sheet.name!r}")
    content = await asyncio.to_thread(sheets.write, sheet)
    return Drawn(sheet_name(sheet), sheets.CONTENT_TYPES[sheet.form], content)


def sheet_name(sheet: Sheet) -> str:
    """What the sheet's file is called."""
    return f"{sheet.name}.{sheet.form}"
