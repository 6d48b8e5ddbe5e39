"""A `Discord` on a loopback wire, with a stub in the core's place."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

import handlers  # noqa: F401  # declares the commands
from bot.discord import Discord
from bot.pace import UNLIMITED, Pace
from handlers.types import Answer, Event, Reply, Sender
from tests.bot.folder import Folder
from tests.wire.discord import Channel, DiscordWire, Message, Person

SAID = Reply(text="Said.")
SOON = 0.15
"""After so many seconds the platform of these tests defers."""


@dataclass
class Core:
    """Takes events, and answers them as `says` tells, after `before` let it."""

    discord: Discord
    taken: list[Event] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    troubles: list[Exception] = field(default_factory=list)
    says: Callable[[Event], Reply | None] = lambda _: SAID
    before: Callable[[Event], Awaitable[None]] | None = None
    fails: int = 0
    """The next so many events are not taken."""

    async def take(self, event: Event) -> None:
        if self.before is not None:
            await self.before(event)
        if self.fails:
            self.fails -= 1
            raise ConnectionError("the database is away")
        self.taken.append(event)
        reply = self.says(event)
        if reply is not None:
            await self.answer(Answer(event.key, event.address, reply))

    async def answer(self, answer: Answer) -> None:
        self.answers.append(answer)
        try:
            await self.discord.answer(answer)
        except Exception as error:  # noqa: BLE001  the test looks at it
            self.troubles.append(error)

    @property
    def last(self) -> Event:
        return self.taken[-1]


@dataclass
class Stage:
    """A guild with its people, and the bot at work in it."""

    wire: DiscordWire
    discord: Discord
    core: Core
    sara: Person
    """A member."""
    amal: Person
    """Manages the server."""
    channel: Channel

    async def shows(self, reply: Reply) -> Message:
        """What Sara sees when a command of hers is answered so."""
        self.core.says = lambda _: reply
        act = self.sara.runs("tasks", self.channel)
        await act.completed()
        assert not self.core.troubles, self.core.troubles
        return act.message


@pytest.fixture
async def wire() -> AsyncIterator[DiscordWire]:
    async with DiscordWire() as wire:
        yield wire


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


async def offer(sender: Sender, command: str, typed: str) -> list[tuple[str, int]]:
    """What the core would offer."""
    titles = [f"{command} {typed or 'anything'} for {sender.name}, number {number}" for number in range(1, 41)]
    return [(title, number) for number, title in enumerate(titles, 1)]


def make_discord(wire: DiscordWire, folder: Folder, *, defer_after_seconds: float = SOON) -> Discord:
    return Discord(
        wire.token,
        folder,
        api_url=wire.api_url,
        gateway_url=wire.gateway_url,
        offer=offer,
        pace=Pace(UNLIMITED),
        now=lambda: datetime.fromtimestamp(wire.world.now(), UTC),
        defer_after_seconds=defer_after_seconds,
    )


@pytest.fixture
async def discord(wire: DiscordWire, folder: Folder) -> AsyncIterator[Discord]:
    discord = make_discord(wire, folder)
    yield discord
    await discord.close()


@contextlib.asynccontextmanager
async def running(core: Core) -> AsyncIterator[asyncio.Task[None]]:
    """The platform at work."""
    task = asyncio.create_task(core.discord.run(core.take))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait({task})


@pytest.fixture
async def core(discord: Discord, wire: DiscordWire) -> AsyncIterator[Core]:
    core = Core(discord)
    async with running(core):
        yield core


@pytest.fixture
async def stage(wire: DiscordWire, discord: Discord, core: Core) -> Stage:
    sara, amal = wire.person("Sara"), wire.person("Amal", "en-GB")
    guild = wire.guild("Warmth", sara, managers=(amal,))
    await wire.connected()
    return Stage(wire, discord, core, sara, amal, guild.general)


@pytest.fixture(autouse=True)
def nothing_secret_in_logs(wire: DiscordWire, caplog: pytest.LogCaptureFixture) -> object:
    """Whatever a test does, neither the bot's token nor an interaction's is in a log record, not even at DEBUG."""
    caplog.set_level(logging.DEBUG)
    yield
    secrets = [wire.token.rsplit(".", maxsplit=1)[-1], "aW50ZXJhY3Rpb246"]
    for record in caplog.get_records("setup") + caplog.get_records("call"):
        told = logging.Formatter().format(record)
        assert not any(secret in told for secret in secrets), record


__all__ = ["SAID", "SOON", "Core", "Folder", "Stage", "make_discord", "running"]
