"""A playground on loopback with a core of a few lines, and somebody who visits its page."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright
from sqlalchemy import make_url

import handlers  # noqa: F401  # registers the commands that the composer offers
from bot.clock import Clock
from bot.core import Core
from bot.database import Database
from bot.playground.cast import PHONES
from bot.playground.platform import Playground
from bot.store import FolderStore
from handlers.types import Answer, Event, EventKind, Media, Reply

MORNING = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


class FixedClock:
    """Time that only moves when it is moved."""

    def __init__(self) -> None:
        self._now = MORNING

    def now(self) -> datetime:
        return self._now

    def shift(self, by: timedelta) -> None:
        self._now += by


class Folder:
    """A picture store that holds what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, media: Media) -> Path:
        return self._folder / media.id


def echo(event: Event) -> Reply:
    """Says what it heard."""
    said = event.text if event.kind is EventKind.TEXT else f"{event.command} {event.args}".strip()
    return Reply(text=f"heard: {said}")


@dataclass
class StubCore:
    """Takes events and answers each with what `reply` makes of it."""

    playground: Playground
    reply: Callable[[Event], Reply] = echo
    taken: list[Event] = field(default_factory=list)
    failures: int = 0
    """How many times it still fails before it takes an event."""
    hold: asyncio.Event | None = None
    """It is at work until this is set."""
    running: asyncio.Task[None] = field(init=False)
    beats: list[datetime] = field(default_factory=list)

    async def beat(self) -> None:
        self.beats.append(self.playground.clock.now())

    async def take(self, event: Event) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the database is away")
        if self.hold:
            await self.hold.wait()
        self.taken.append(event)
        await self.playground.answer(Answer(event.key, event.address, self.reply(event)))


@dataclass
class Visitor:
    """A browser's requests, without a browser."""

    http: httpx.AsyncClient
    core: StubCore

    @property
    def playground(self) -> Playground:
        return self.core.playground

    async def post(self, path: str, **form: str) -> httpx.Response:
        return await self.http.post(path, data=form)

    async def say(self, person: str, chat: str, text: str) -> httpx.Response:
        return await self.post(f"/phones/{person}/chats/{chat}/say", text=text)

    async def send_file(self, person: str, chat: str, name: str, content: bytes) -> httpx.Response:
        return await self.http.post(
            f"/phones/{person}/chats/{chat}/say", data={"text": ""}, files={"picture": (name, content)}
        )

    async def start(self, person: str, payload: str = "") -> httpx.Response:
        return await self.post(f"/phones/{person}/start", payload=payload)

    async def press(self, person: str, message: str | int, data: str) -> httpx.Response:
        return await self.post(f"/phones/{person}/messages/{message}/press", data=data)

    async def settled(self) -> None:
        """Wait until the core has taken everything."""
        memory = self.playground.memory
        await eventually(lambda: not any(memory.next_event(person) for person in PHONES))

    def texts(self, chat: str) -> list[str]:
        """What stands in a chat, from top to bottom."""
        return [message.screen.get("text", "") for message in self.playground.memory.messages(chat)]

    async def page(self) -> str:
        return (await self.http.get("/")).text

    @asynccontextmanager
    async def stream(self, since: int) -> AsyncIterator[AsyncIterator[str]]:
        """The lines that an open page is told."""
        async with self.http.stream("GET", "/stream", params={"since": since}, timeout=5) as response:
            yield response.aiter_lines()


async def eventually(is_so: Callable[[], bool]) -> None:
    """Wait until something can be seen to be so. Raises TimeoutError."""
    async with asyncio.timeout(5):
        while not is_so():  # noqa: ASYNC110  what is watched is the outside, which tells no test when it changes
            await asyncio.sleep(0.005)


async def until(lines: AsyncIterator[str], wanted: str) -> list[str]:
    """Read on until a line holds what is wanted; everything that was read."""
    read = []
    async for line in lines:
        read.append(line)
        if wanted in line:
            return read
    raise AssertionError(f"the stream ended without {wanted!r}: {read}")


@asynccontextmanager
async def running(store: Path, pictures: Path, clock: FixedClock | None = None, port: int = 0) -> AsyncIterator[StubCore]:
    """A playground that serves its page, until the block ends."""
    playground = Playground(store, clock or FixedClock(), Folder(pictures), port=port)
    core = StubCore(playground)
    playground.let_time_pass(core.beat)
    core.running = asyncio.create_task(playground.run(core.take))
    try:
        await eventually(lambda: playground.port != 0)
        yield core
    finally:
        core.running.cancel()
        await asyncio.gather(core.running, return_exceptions=True)
        await playground.close()


@asynccontextmanager
async def visiting(core: StubCore) -> AsyncIterator[Visitor]:
    url = core.playground.url
    async with httpx.AsyncClient(base_url=url, headers={"Origin": url, "HX-Request": "true"}, trust_env=False) as http:
        yield Visitor(http, core)


@pytest.fixture
async def visitor(tmp_path: Path) -> AsyncIterator[Visitor]:
    async with running(tmp_path / "playground.db", tmp_path) as core, visiting(core) as visitor:
        yield visitor


@pytest.fixture
async def core(database_url: str, tmp_path: Path) -> AsyncIterator[Core]:
    """The whole of Himma behind a playground, on both databases."""
    clock, store = Clock(), FolderStore(tmp_path / "pictures")
    playground = Playground(tmp_path / "playground.db", clock, store, port=0)
    core = Core(Database(make_url(database_url)), [playground], store, clock)
    yield core
    await playground.close()
    await core.database.close()


def playground_of(core: Core) -> Playground:
    """The platform that a core has."""
    playground = core.platforms["playground"]
    assert isinstance(playground, Playground)
    return playground


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """One browser for all tests, which run in its loop; each opens pages of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--headless=new"])
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser. HIMMA_CHROMIUM may name it; where there is none, the test is skipped."""
    named = os.environ.get("HIMMA_CHROMIUM")
    found = named or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found or not Path(found).exists():
        pytest.skip("no Chromium: install Debian's package `chromium`, or name one in HIMMA_CHROMIUM")
    return found
