"""The whole core at work, by the clock on the wall: couriers, answers and polling run by themselves."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import make_url, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.clock import Clock
from bot.core import Core
from bot.database import Database
from bot.discord import Discord
from bot.pace import UNLIMITED, Pace
from bot.store import FolderStore
from bot.telegram import Telegram
from models.cards import LiveCard
from tests.races.crowd import Crowd, add_task, join_discord, settle_in
from tests.wire.discord import Channel, DiscordWire
from tests.wire.discord import Message as DiscordMessage
from tests.wire.discord import Person as DiscordPerson
from tests.wire.telegram import Chat, Message, Person, TelegramWire


@dataclass
class Stage:
    """The wire, the core that works behind it, and a community whose people all met us."""

    wire: TelegramWire
    core: Core
    clock: Clock
    group: Chat
    crowd: Crowd

    def people(self, n: int) -> list[Person]:
        return [self.wire.person(f"Nour {i}", started=True) for i in range(n)]

    async def settle_in(self, people: Sequence[Person], **columns: Any) -> None:
        """The community: these people, the first of them its moderator."""
        self.group = self.wire.group("Warmth", *people, kind="supergroup")
        ids, group = [str(one.id) for one in people], str(self.group.id)

        async def work(session: AsyncSession) -> Crowd:
            return await settle_in(session, ids, group, self.clock.now(), **columns)

        self.crowd = await self.core.edge.transact(work)

    async def task(self, seats: int) -> int:
        """A task with its card in the group; its number."""
        return await self.core.edge.transact(lambda session: add_task(session, self.crowd, seats, self.clock.now()))

    async def card(self, task: int) -> Message:
        """The task's live card, once it stands in the group."""
        query = select(LiveCard.message).where(LiveCard.task_id == task, LiveCard.chat_id == self.crowd.chat)
        return self.group.messages[int(await self._message(query))]

    async def _message(self, query: Any) -> str:
        deadline = time.monotonic() + 5.0
        while time.monotonic() < deadline:
            for (message,) in await self.rows(query):
                if message is not None:
                    return str(message)
            await asyncio.sleep(0.05)
        raise AssertionError("the card does not come")

    async def rows(self, query: Any) -> list[Any]:
        """What the database holds."""

        async def work(session: AsyncSession) -> list[Any]:
            return list((await session.execute(query)).all())

        return await self.core.edge.look(work)


@dataclass
class BothStage(Stage):
    """The same with a Discord channel that belongs to the community."""

    discord: DiscordWire
    channel: Channel

    async def settle_in_on_both(self, here: Sequence[Person], there: Sequence[DiscordPerson], **columns: Any) -> None:
        await self.settle_in(here, **columns)
        self.channel = self.discord.guild("Helpers", *there).general
        ids, channel = [str(one.id) for one in there], str(self.channel.id)
        await self.core.edge.transact(lambda session: join_discord(session, self.crowd, ids, channel, self.clock.now()))

    async def card_there(self, task: int) -> DiscordMessage:
        """The task's live card, once it stands in the channel."""
        query = select(LiveCard.message).where(LiveCard.task_id == task, LiveCard.chat_id == self.crowd.there)
        return self.channel.messages[int(await self._message(query))]


@asynccontextmanager
async def at_work(database_url: str, folder: Path) -> AsyncIterator[Stage]:
    """A stage, until it is left."""
    clock, store = Clock(), FolderStore(folder / "pictures")
    async with TelegramWire() as wire:
        core = Core(Database(make_url(database_url)), [_telegram(wire, store, clock)], store, clock)
        async with _running(core):
            yield Stage(wire, core, clock, Chat(0, "group"), Crowd(0, 0, {}))


@asynccontextmanager
async def at_work_on_both(database_url: str, folder: Path) -> AsyncIterator[BothStage]:
    """A stage with both platforms, until it is left."""
    clock, store = Clock(), FolderStore(folder / "pictures")
    async with TelegramWire() as wire, DiscordWire() as other:
        other.interactions.acknowledge_seconds = 60.0  # a busy machine is not a slow core
        pace = Pace(UNLIMITED)
        discord = Discord(other.token, store, api_url=other.api_url, gateway_url=other.gateway_url, pace=pace, now=clock.now)
        core = Core(Database(make_url(database_url)), [_telegram(wire, store, clock), discord], store, clock)
        async with _running(core):
            await other.connected()
            nowhere = other.guild("Nowhere", bot=False).general
            yield BothStage(wire, core, clock, Chat(0, "group"), Crowd(0, 0, {}), other, nowhere)


def _telegram(wire: TelegramWire, store: FolderStore, clock: Clock) -> Telegram:
    return Telegram(wire.token, store, api_url=wire.url, pace=Pace(UNLIMITED), now=clock.now)


@asynccontextmanager
async def _running(core: Core) -> AsyncIterator[None]:
    running = asyncio.create_task(core.run())
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
