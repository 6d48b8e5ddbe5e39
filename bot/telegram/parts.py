"""The messages that a reply takes: Telegram has room for one file in each, and for few words under it."""

from dataclasses import replace
from typing import NamedTuple

from bot.drawing import Drawn, draw
from bot.telegram import render
from handlers.types import CannotRender, Reply


class Part(NamedTuple):
    """One message."""

    reply: Reply
    """Its words, its buttons, and a picture from our store."""
    file: Drawn | None = None


async def parts_of(reply: Reply) -> list[Part]:
    """A reply as messages: its words stand under its only file where there is room, else before its files; the buttons
    stand under the last. What is drawn is drawn by then. Raises CannotRender."""
    if not reply.has_files:
        return [Part(reply)]
    if reply.media:
        raise CannotRender("a picture beside a chart or a sheet")
    files = await draw(reply)
    words = replace(reply, chart=None, sheet=None)
    together = _under(words, files[0])
    if len(files) == 1 and render.length(together) <= render.CAPTION_LIMIT:
        return [Part(together, files[0])]
    *between, last = ((file.alternative, file) for file in files)
    return [
        Part(replace(words, rows=())),
        *(Part(Reply(text=text), file) for text, file in between),
        Part(Reply(text=last[0], rows=reply.rows), last[1]),
    ]


def _under(words: Reply, file: Drawn) -> Reply:
    """The words with the file's alternative text behind them, in the place of a card's footer."""
    if not file.alternative:
        return words
    if words.card is None:
        return replace(words, text=f"{words.text}\n\n{file.alternative}".strip())
    footer = f"{words.card.footer}\n{file.alternative}".strip()
    return replace(words, card=replace(words.card, footer=footer))
