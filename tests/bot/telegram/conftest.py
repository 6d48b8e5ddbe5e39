"""A `Telegram` on a loopback wire, with a stub in the core's place."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.pace import UNLIMITED, Pace
from bot.telegram import Menu, Telegram, Webhook
from handlers.types import Answer, Event, Reply
from tests.bot.folder import Folder
from tests.wire.telegram import TelegramWire

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SAID = Reply(text="Said.")
WEBHOOK_SECRET = "s3cret-word"


@dataclass
class Core:
    """Takes events, and answers them as `says` tells, after `before` let it."""

    telegram: Telegram
    taken: list[Event] = field(default_factory=list)
    troubles: list[Exception] = field(default_factory=list)
    says: Callable[[Event], Reply | None] = lambda _: SAID
    before: Callable[[Event], Any] | None = None

    async def take(self, event: Event) -> None:
        if self.before is not None:
            awaited = self.before(event)
            if awaited is not None:
                await awaited
        self.taken.append(event)
        reply = self.says(event)
        if reply is not None:
            try:
                await self.telegram.answer(Answer(event.key, event.address, reply))
            except Exception as error:  # noqa: BLE001  the test looks at it
                self.troubles.append(error)

    @property
    def last(self) -> Event:
        return self.taken[-1]


@pytest.fixture
async def wire() -> AsyncIterator[TelegramWire]:
    async with TelegramWire() as wire:
        yield wire


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
async def telegram(wire: TelegramWire, folder: Folder) -> AsyncIterator[Telegram]:
    telegram = Telegram(
        wire.token, folder, api_url=wire.url, admin_commands=frozenset({"setup"}), pace=Pace(UNLIMITED), now=lambda: NOW
    )
    yield telegram
    await telegram.close()


@contextlib.asynccontextmanager
async def running(core: Core) -> AsyncIterator[asyncio.Task[None]]:
    """The platform at work."""
    task = asyncio.create_task(core.telegram.run(core.take))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait({task})


@pytest.fixture
async def core(telegram: Telegram) -> AsyncIterator[Core]:
    """A core that is at work, over polling."""
    core = Core(telegram)
    async with running(core):
        yield core


@pytest.fixture(autouse=True)
def nothing_secret_in_logs(wire: TelegramWire, caplog: pytest.LogCaptureFixture) -> object:
    """Whatever a test does, neither the token nor the webhook's secret is in a log record, not even at DEBUG."""
    caplog.set_level(logging.DEBUG)
    yield
    for record in caplog.get_records("setup") + caplog.get_records("call"):
        told = logging.Formatter().format(record)
        assert wire.token.split(":")[1] not in told, record
        assert WEBHOOK_SECRET not in told, record


__all__ = ["NOW", "SAID", "WEBHOOK_SECRET", "Core", "Folder", "Menu", "Webhook", "running"]
