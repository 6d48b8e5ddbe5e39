"""The core in one piece: edge, intake, answers, couriers and ticks round one database and any number of platforms."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import handlers  # noqa: F401  # registers every command
from bot.answers import Answers
from bot.broadcast import Broadcaster
from bot.courier import Courier, PictureStore
from bot.database import Database
from bot.edge import Edge
from bot.intake import Intake
from bot.platform import Broadcasting, Platform
from bot.ticks import Ticks
from handlers.context import Outlet
from handlers.mailing import PLATFORM

log = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 300.0


class Clock(Protocol):
    """The time that the core is given."""

    def now(self) -> datetime:
        """In UTC, aware."""


class Core:
    """What runs, whatever the platforms are."""

    def __init__(self, database: Database, platforms: Sequence[Platform], store: PictureStore, clock: Clock) -> None:
        self.database = database
        self.platforms = {platform.name: platform for platform in platforms}
        many = [platform for platform in platforms if isinstance(platform, Broadcasting)]
        outlets = {one.name: Outlet(one.pace.limits.many_a_minute, one.in_words) for one in many}
        self.edge = Edge(database, has_mail=PLATFORM in self.platforms, outlets=outlets)
        self.answers = Answers(self.edge, self.platforms, clock.now)
        self.intake = Intake(self.edge, self.answers)
        self.couriers = [Courier(platform, self.edge, self.intake, self.answers, store, clock.now) for platform in platforms]
        self.broadcasters = [Broadcaster(platform, self.edge, clock.now) for platform in many]
        self.ticks = Ticks(self.edge, clock.now)

    async def run(self) -> None:
        """Run until cancelled. Raises what a deployer must mend, when no platform is left that works."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.answers.run())
                group.create_task(self.ticks.run())
                for courier in self.couriers:
                    group.create_task(courier.run())
                for broadcaster in self.broadcasters:
                    group.create_task(broadcaster.run())
                for platform in self.platforms.values():
                    group.create_task(self._keep_running(platform))
        finally:
            await self._close()

    async def _keep_running(self, platform: Platform) -> None:
        """Run a platform. One that fails does not take the others down, and comes back with growing pauses."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                await platform.run(self.intake.take)
            except Exception:
                if platform.is_heard and sum(one.is_heard for one in self.platforms.values()) == 1:
                    raise
                log.exception("%s stopped; it is started again in %g s", platform.name, pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def _close(self) -> None:
        """Let what is under way come to its end, for a moment, and let go of everything."""
        try:
            async with asyncio.timeout(1.0):
                await self.edge.settle()
                await self.answers.settle()
        except TimeoutError:
            log.info("some answers are still under way; they are delivered after the next start")
            await self.answers.end()
        for platform in self.platforms.values():
            await platform.close()
        await self.database.close()
