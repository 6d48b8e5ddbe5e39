"""Every update delivered twice, between what others do: the same final state, and nothing said twice.

The same people do the same things two times, in two worlds. In one of them each update arrives again later, in any order,
while others act; and whoever looks at the two worlds finds no difference. Telegram repeats updates when a webhook's answer
did not reach it, so here they come to a webhook.
"""

import asyncio
import json
import os
import random
import re
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core import Core
from bot.database import Database
from bot.pace import UNLIMITED, Pace
from bot.store import FolderStore
from bot.telegram import Telegram, Webhook
from models.base import Base
from models.claims import Claim
from models.reports import Report
from tests.conftest import PostgresTemplate
from tests.dialogue import Clock, Talk
from tests.races.crowd import add_task, settle_in
from tests.races.truth import check_truth
from tests.wire.telegram import Chat, Message, Person, TelegramWire

UPDATES = int(os.environ.get("HIMMA_TEST_UPDATES", "200"))
"""How many updates come twice; a full proof takes 500."""
SEED = int(os.environ.get("HIMMA_TEST_SEED", "2026"))
LIKELY = re.compile(r"(claim|done|approve|reject):|flow:.*(skip|=)")
"""Buttons that people are most inclined to press."""
ENDING = re.compile(r"(approve|reject|done):|flow:.*(skip|=[0-9]+:)")
"""Buttons that bring to an end what was begun: most people do."""
STEP = timedelta(seconds=20)
DELIVERY = {"inbox": {"answered_at", "retry_at", "attempts"}}
"""What tells how delivery went, and not what came of it."""


@dataclass(frozen=True)
class Update:
    """What Telegram told."""

    id: int
    kind: str
    content: dict[str, Any]

    @staticmethod
    def read(raw: str) -> "Update":
        told = json.loads(raw)
        number = told.pop("update_id")
        ((kind, content),) = told.items()
        return Update(number, kind, content)

    def arrive(self, wire: TelegramWire) -> None:
        wire.updates.add(self.kind, self.content, self.id)


@dataclass
class World:
    """People who do what somebody would, and what they did so far."""

    talk: Talk
    people: list[Person]
    group: Chat
    chance: random.Random
    told: list[Update] = field(default_factory=list)

    def act(self) -> None:
        """Somebody presses a button that they see, an old one now and then, or says something."""
        person = self.chance.choice([*self.people, self.people[0], self.people[0], self.people[1]])
        buttons = [(message, data) for message in self._in_sight(person) for data in _buttons(message)]
        if buttons and self.chance.random() < 0.75:
            recent = buttons[-12:] if self.chance.random() < 0.8 else buttons
            ends = [button for button in buttons[-12:] if ENDING.match(button[1])]
            recent = ends if ends and self.chance.random() < 0.6 else recent
            weights = [8 if LIKELY.match(data) else 1 for _, data in recent]
            ((message, data),) = self.chance.choices(recent, weights)
            person.presses(message, data=data)
        else:
            person.says(self._words(person))

    def _in_sight(self, person: Person) -> list[Message]:
        return self.group.seen() + person.answers()

    def _words(self, person: Person) -> str:
        if person in self.people[:2] and self.chance.random() < 0.5:  # the moderators
            return "/review"
        number = self.chance.randint(1, 4)
        said = ["/tasks", "/tasks 5", "/mine", f"/claim {number}", f"/task {number}", f"/done {number}", f"/release {number}"]
        return self.chance.choice([*said, "/review", "12", "It went well.", "مهامي", "/help"])


def _buttons(message: Message) -> Iterator[str]:
    for row in message.keyboard:
        yield from (button["callback_data"] for button in row if "callback_data" in button)


@asynccontextmanager
async def world(url: str, folder: Path) -> AsyncIterator[World]:
    clock, store = Clock(), FolderStore(folder)
    async with TelegramWire() as wire:
        port = _free_port()
        hook = Webhook(f"http://127.0.0.1:{port}/updates", port, host="127.0.0.1")
        client = Telegram(wire.token, store, api_url=wire.url, webhook=hook, pace=Pace(UNLIMITED), now=clock.now)
        core = Core(Database(make_url(url)), [client], store, clock)
        listening = asyncio.create_task(client.run(core.intake.take))
        await wire.until(lambda: wire.updates.webhook_url)
        try:
            yield await _populate(Talk(wire, core, clock))
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening
            await core.answers.settle()
            await client.close()
            await core.database.close()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def _populate(talk: Talk) -> World:
    people = [talk.wire.person(f"Nour {i}", started=True) for i in range(12)]
    group = talk.wire.group("Warmth", *people, kind="supergroup")
    ids, now = [str(one.id) for one in people], talk.clock.now()

    crowd = await talk.transact(lambda s: settle_in(s, ids, str(group.id), now, moderators=2, newcomer_claims=2))
    for seats in (2, 5, 8, 12):
        await talk.transact(lambda session, n=seats: add_task(session, crowd, n, now))  # type: ignore[misc]
        await talk.settle()  # one after the other, so that their cards stand in one order in both worlds
    return World(talk, people, group, random.Random(SEED))


async def live(world: World, updates: int, repeats: random.Random | None = None) -> None:
    """Do so many things, one after the other; with `repeats`, each arrives again, in any order, beside later ones."""
    wire, to_repeat = world.talk.wire, list[Update]()
    while len(world.told) < updates:
        world.act()
        new = [Update.read(raw) for raw in wire.updates.pending.values()]
        if repeats:
            repeats.shuffle(to_repeat)
            for _ in range(min(len(to_repeat), repeats.choice([0, 0, 1, 1, 3]))):
                to_repeat.pop().arrive(wire)
        await world.talk.settle()
        world.told += new
        to_repeat += new
        world.talk.clock.shift(STEP)
    for update in to_repeat if repeats else ():
        update.arrive(wire)
    await world.talk.settle()


async def remembered(talk: Talk) -> dict[str, list[dict[str, Any]]]:
    """All that the database holds but how delivery went."""

    async def work(session: AsyncSession) -> dict[str, list[dict[str, Any]]]:
        await check_truth(session)
        held: dict[str, list[dict[str, Any]]] = {}
        for table in Base.metadata.sorted_tables:
            rows = (await session.execute(select(table).order_by(*table.primary_key.columns))).mappings()
            held[table.name] = [{k: v for k, v in row.items() if k not in DELIVERY.get(table.name, ())} for row in rows]
        return held

    return await talk.core.edge.look(work)


def seen(world: World) -> list[tuple[object, ...]]:
    """All that people see, and how often each message was redrawn."""
    chats = [world.group, *(one.private for one in world.people)]
    return [(chat.title, m.id, m.text, m.labels, m.edits) for chat in chats for m in chat.seen()] + [
        tuple(one.toasts) for one in world.people
    ]


@pytest.mark.parametrize(("database", "updates"), [("sqlite", UPDATES), ("postgresql", UPDATES // 2)])
async def test_updates_that_come_again_change_nothing_and_say_nothing(
    database: str, updates: int, tmp_path: Path, sqlite_template: Path, postgres_template: PostgresTemplate
) -> None:
    with ExitStack() as stack:
        urls = [f"sqlite+aiosqlite:///{shutil.copy(sqlite_template, tmp_path / f'{i}.db')}" for i in range(2)]
        if database == "postgresql":
            urls = [stack.enter_context(postgres_template.copy()) for _ in range(2)]
        async with world(urls[0], tmp_path) as once, world(urls[1], tmp_path) as again:
            await live(once, updates)
            await live(again, updates, repeats=random.Random(SEED))

            assert [update.id for update in again.told] == [update.id for update in once.told]
            assert again.talk.wire.updates.delivered >= 2 * updates
            assert seen(again) == seen(once)
            assert await remembered(again.talk) == await remembered(once.talk)
            assert len(await once.talk.rows(select(Claim.id))) > updates // 20
            assert len(await once.talk.rows(select(Report.id).where(Report.decided_at.is_not(None)))) >= updates // 100
