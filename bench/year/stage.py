"""The stage: a core round one database, a platform that only notes what it is handed, and a clock that is pushed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiosqlite
from sqlalchemy import URL

from bot.core import Core
from bot.database import Database
from bot.platform import Take
from bot.store import FolderStore
from handlers.types import Address, Answer, Button, ChatKind, Event, EventKind, Place, Reply, Sender, Upload

PLATFORM = "telegram"
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Clock:
    """Time that passes when it is told to."""

    moment: datetime = BEGIN

    def now(self) -> datetime:
        return self.moment


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that reached somebody who had not asked for it."""

    person: str
    at: datetime
    reply: Reply


class Letterbox:
    """Satisfies `bot.platform.Platform`: takes every message, and hands it to whoever looks."""

    name = PLATFORM
    is_heard = True

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.arrived: list[Arrival] = []
        self.sent = 0

    async def send(self, place: Place, reply: Reply, key: str = "") -> str:
        self.sent += 1
        if place.kind is ChatKind.PRIVATE:
            self.arrived.append(Arrival(place.chat, self._clock.now(), reply))
        return str(self.sent)

    def empty(self) -> list[Arrival]:
        """What has arrived since it was looked at last."""
        arrived, self.arrived = self.arrived, []
        return arrived

    async def run(self, take: Take) -> None:
        """Nothing arrives by itself."""

    async def answer(self, answer: Answer) -> None:
        """Answers are read where events are handed in."""

    async def edit(self, place: Place, message: str, reply: Reply) -> None:
        """Nobody looks at what was redrawn."""

    async def fetch(self, upload: Upload) -> bytes:
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class Stage:
    """What a simulated person acts on."""

    core: Core
    letterbox: Letterbox
    clock: Clock
    events: int = 0
    names: dict[str, str] = field(default_factory=dict)
    said: dict[str, datetime] = field(default_factory=dict)
    """Answers that have arrived and are not marked yet: as in a crowd, many are marked at once."""

    async def says(self, person: str, text: str) -> Reply:
        """Somebody writes in their private chat; the answer."""
        if text.startswith("/"):
            command, _, args = text[1:].partition(" ")
            return await self._does(person, EventKind.COMMAND, command=command, args=args)
        return await self._does(person, EventKind.TEXT, text=text)

    async def presses(self, person: str, button: Button) -> Reply:
        """Somebody presses a button; the answer."""
        return await self._does(person, EventKind.PRESS, command=button.command, args=button.args, version=button.version)

    async def _does(self, person: str, kind: EventKind, **what: str | int) -> Reply:
        self.events += 1
        key, place = f"year:{self.events}", Place(PLATFORM, person, ChatKind.PRIVATE)
        sender = Sender(PLATFORM, person, self.names[person], private_chat=person)
        event = Event(key, kind, sender, Address(place, person), self.clock.now(), **what)  # type: ignore[arg-type]  # by name
        answer = await self.core.edge.handle(event)
        self.said[key] = self.clock.now()
        return answer.reply

    async def pass_time(self, by: timedelta) -> None:
        """Let time pass, and have all that falls due done and delivered."""
        self.core.edge.marks.answered |= self.said
        self.said.clear()
        self.clock.moment += by
        await self.core.ticks.beat_all()
        for courier in self.core.couriers:
            while await courier.deliver_messages():
                pass


async def at_once(self: aiosqlite.Connection, fn: Any, *args: Any, **kwargs: Any) -> Any:
    """Takes the place of a connection's `_execute`: SQLite answers in the thread that asks."""
    return fn(*args, **kwargs)


def spare_the_threads() -> None:
    """Have this process's SQLite answer in the thread that asks: a year would be twice as long with a hop for each statement,
    and nobody else waits here. Only for a process of its own."""
    aiosqlite.Connection._execute = at_once  # type: ignore[method-assign]  # noqa: SLF001


async def _trust_the_power(database: Database) -> None:
    """Have commits not wait for the disk: no power fails on the stage."""
    async with database.write() as session:  # the one connection that writes
        driver: Any = (await (await session.connection()).get_raw_connection()).driver_connection
        await driver.rollback()  # within a transaction nothing can be said of it
        await driver.execute("PRAGMA synchronous = OFF")


@asynccontextmanager
async def stage(path: Path) -> AsyncIterator[Stage]:
    """A migrated database at `path`, and the core round it."""
    clock = Clock()
    database = Database(URL.create("sqlite+aiosqlite", database=str(path), query={"check_same_thread": "false"}))
    await database.migrate()
    await _trust_the_power(database)
    letterbox = Letterbox(clock)
    core = Core(database, [letterbox], FolderStore(path.with_name("pictures")), clock)
    try:
        yield Stage(core, letterbox, clock)
    finally:
        await database.close()


def buttons(reply: Reply, command: str = "") -> list[Button]:
    """The buttons of a reply that carry a command; all of them where none is named."""
    found = [part for row in reply.rows for part in row if isinstance(part, Button)]
    return [button for button in found if not command or button.command == command]


def button(reply: Reply, command: str, ends: str = "") -> Button | None:
    """The first button that carries a command, with arguments that end so."""
    return next((one for one in buttons(reply, command) if one.args.endswith(ends)), None)
