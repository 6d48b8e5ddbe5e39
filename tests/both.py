"""One core behind Telegram and Discord at once, over both real libraries; time stands still until a test lets it pass."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, cast

from bot.core import Core
from bot.database import Database
from bot.discord import Discord
from bot.pace import UNLIMITED, Pace
from bot.store import FolderStore
from bot.telegram import Telegram
from tests.dialogue import Clock, Talk
from tests.discord_dialogue import DiscordTalk, noting
from tests.wire.discord import DiscordWire
from tests.wire.telegram import TelegramWire


class Both(NamedTuple):
    telegram: Talk
    discord: DiscordTalk

    async def settle(self) -> None:
        for _ in range(2):  # what is said on one may have its consequence on the other
            await self.telegram.settle()
            await self.discord.settle()

    async def later(self, **span: float) -> None:
        await self.telegram.later(**span)
        await self.settle()


@asynccontextmanager
async def stage(database: Database, pictures: Path) -> AsyncIterator[Both]:
    """Both wires, both libraries, and the core behind them."""
    clock, store = Clock(), FolderStore(pictures)
    async with TelegramWire() as wire, DiscordWire() as other:
        telegram = Telegram(
            wire.token,
            store,
            api_url=wire.url,
            admin_commands=frozenset({"setup", "connect"}),
            pace=Pace(UNLIMITED),
            now=clock.now,
        )
        discord = Discord(
            other.token,
            store,
            api_url=other.api_url,
            gateway_url=other.gateway_url,
            pace=Pace(UNLIMITED),
            now=clock.now,
            defer_after_seconds=30.0,
        )
        core = Core(database, [telegram, discord], store, clock)
        there = DiscordTalk(cast("Any", other), core, clock)
        running = [
            asyncio.create_task(telegram.run(core.intake.take)),
            asyncio.create_task(discord.run(noting(core, there))),
        ]
        await other.connected()
        try:
            yield Both(Talk(wire, core, clock), there)
        finally:
            for task in running:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            await core.answers.settle()
            for platform in (telegram, discord):
                await platform.close()
            await database.close()
