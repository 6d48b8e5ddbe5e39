"""A moderator calls in the playground: what the preview shows is what the other phones get."""

import asyncio
from contextlib import suppress
from typing import Any

from sqlalchemy import update

from bot.core import Core
from bot.playground.cast import GROUP, PHONES
from bot.playground.platform import Playground
from bot.playground.sample import settle_in
from models.people import Person
from tests.bot.playground.conftest import eventually, playground_of
from tests.dialogue import plain

LINE = "/appeal #1 الحاجة إلى متطوّعين الليلة. | Volunteers are needed tonight."


async def settle(core: Core, playground: Playground) -> None:
    """Wait until everything that was said has been answered and delivered."""
    await eventually(lambda: not any(playground.memory.next_event(person) for person in PHONES))
    await core.answers.settle()
    for courier in core.couriers:
        while await courier.deliver_messages() + await courier.draw_posts():
            pass
    for broadcaster in core.broadcasters:
        while await broadcaster.deliver():
            pass


def shows(playground: Playground, chat: str, words: str) -> dict[str, Any]:
    """The latest message in a chat that says something."""
    for message in reversed(playground.memory.messages(chat)):
        screen = message.screen
        card = screen.get("card") or {"lines": ()}
        if words in plain("\n".join([screen.get("text", ""), *card["lines"]])) and "rows" in screen:
            return screen
    raise LookupError(words)


async def presses(core: Core, playground: Playground, label: str) -> None:
    """Huda presses a button under her latest message that has it."""
    for message in reversed(playground.memory.messages("huda")):
        for button in [button for row in message.screen.get("rows", ()) for button in row]:
            if label in button["label"]:
                assert playground.press(PHONES["huda"], message, button["data"])
                return await settle(core, playground)
    raise LookupError(label)


def labels(screen: dict[str, Any]) -> list[list[str]]:
    return [[button["label"] for button in row] for row in screen["rows"]]


async def test_what_is_previewed_is_what_the_other_phones_get(core: Core) -> None:
    playground = playground_of(core)
    await settle_in(core.edge, playground)
    nobody_sleeps = update(Person).values(quiet_from=0, quiet_until=0)
    await core.edge.transact(lambda session: session.execute(nobody_sleeps))
    running = asyncio.create_task(playground.run(core.intake.take))
    try:
        for phone in PHONES.values():
            playground.start(phone)
        playground.say(PHONES["huda"], "huda", LINE)
        await settle(core, playground)
        await presses(core, playground, "عرضه كما سيُرى")
        seen = []
        for which in ("في الخاص، باللغة: العربية", "في الخاص، باللغة: English", "في محادثات الفريق"):
            screen = shows(playground, "huda", which)
            seen.append((screen["card"], labels(screen)[:-2]))
            await presses(core, playground, "النسخة التالية")
        await presses(core, playground, "رجوع إلى الإرسال")
        await presses(core, playground, "إرسال")
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    came = [
        shows(playground, "huda", "الحاجة إلى متطوّعين الليلة."),
        shows(playground, "maya", "Volunteers are needed tonight."),
        shows(playground, GROUP, "الحاجة إلى متطوّعين الليلة."),
    ]
    assert seen == [(screen["card"], labels(screen)) for screen in came]
