"""Server-sent events: what pages that are open are told.

A page says up to which revision it knows everything and is told what came after, also after it was away for a while or the
process was restarted; so nothing on it depends on having heard every single notice.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from bot.playground.board import Asked, Changed, Ended, Notice, Ranked, Shown, Ticked, Toasted, Typing
from bot.playground.cast import PHONES
from bot.playground.pages import Pages

if TYPE_CHECKING:
    from bot.playground.platform import Playground

_TICK_SECONDS = 15
"""The clock on the page is redrawn so often, which also keeps the connection open."""


async def updates(playground: "Playground", revision: int, language: str) -> AsyncIterator[str]:
    """What changes after `revision`, until the playground ends."""
    pages = Pages(playground)
    with playground.board.watched() as notices:
        if revision > playground.memory.revision:
            yield _event("reload")
            return
        for phone in pages.phones():
            yield _event("show", person=phone.person, chat=playground.shown_chat(phone))
        notice: Notice = Changed()
        while not isinstance(notice, Ended):
            if isinstance(notice, Changed):
                newest = playground.memory.revision
                yield _html(pages.changes(revision), newest)
                revision = newest
            else:
                yield _told(pages, notice, language)
            notice = await _next(notices)


async def _next(notices: asyncio.Queue[Notice]) -> Notice:
    try:
        async with asyncio.timeout(_TICK_SECONDS):
            return await notices.get()
    except TimeoutError:
        return Ticked()


def _told(pages: Pages, notice: Notice, language: str) -> str:
    match notice:
        case Toasted(person, text):
            return _html(pages.toast(PHONES[person], text))
        case Typing(person, chat):
            return _html(pages.typing(PHONES[person], chat))
        case Shown(person, chat, is_opened):
            phone = PHONES[person]
            composer = pages.composer(phone) if is_opened else ""
            return _html(pages.badges() + composer) + _event("show", person=person, chat=chat)
        case Asked(person, chat, placeholder, asks_photo):
            return _event("ask", person=person, chat=chat, placeholder=placeholder, photo=asks_photo)
        case Ranked(person):
            return _html(pages.role(PHONES[person]))
        case _:
            return _html(pages.clock(language))


def _html(html: str, revision: int | None = None) -> str:
    number = "" if revision is None else f"id: {revision}\n"
    return number + "".join(f"data: {line}\n" for line in html.splitlines() or [""]) + "\n"


def _event(name: str, **details: str | bool) -> str:
    return f"event: {name}\ndata: {json.dumps(details)}\n\n"
