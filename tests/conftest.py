"""What all tests share: a fresh, migrated database for every test that asks, on SQLite and on PostgreSQL."""

import asyncio
import itertools
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url

from bot.core import Core
from bot.database import Database
from bot.pace import UNLIMITED, Pace
from bot.store import FolderStore
from bot.telegram import Telegram
from migrations import upgrade
from tests import discord_dialogue, postgres
from tests.compiled import keep_compiled
from tests.dialogue import Clock, Talk
from tests.post import Beside, Post, nothing, post_office
from tests.wire.telegram import TelegramWire

_MEMORY = Path("/dev/shm")  # noqa: S108  # pytest makes its own folder there
"""Linux's file system in memory: a commit waits for a disk, and tests make many."""
_ROOM_BYTES = 1 << 30


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: some tests wait, for a pause that is a library's own or a process that starts."""
    return (os.cpu_count() or 1) + 1


def pytest_configure() -> None:
    keep_compiled()
    if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


def pytest_report_header() -> str:
    return f"PostgreSQL: {postgres.find().told}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Dialogues are played on one database with each platform, and on each database with one platform."""
    twice = [item for item in items if {("platform", "discord"), ("database_url", "postgresql")} <= _parameters(item)]
    if twice:
        config.hook.pytest_deselected(items=twice)
        items[:] = [item for item in items if item not in twice]


def _parameters(item: pytest.Item) -> set[tuple[str, object]]:
    spec = getattr(item, "callspec", None)
    return {(name, value) for name, value in spec.params.items() if isinstance(value, str)} if spec else set()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("template") / "himma.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        upgrade(connection)
    engine.dispose()
    return path


_USES = 50
"""How many tests have a copy before it is made anew."""


class PostgresTemplate:
    """A migrated database on the PostgreSQL server, to be copied; made when the first test asks."""

    def __init__(self, shared: Path, run_pid: int) -> None:
        self.name = f"himma_test_{os.getpid()}"
        self._shared = shared
        self._run_pid = run_pid
        self._server: postgres.Server | None = None
        self._numbers = itertools.count()
        self._free: list[tuple[str, int]] = []
        """Copies that are empty again, and how often each was used."""

    @contextmanager
    def copy(self) -> Iterator[str]:
        """The address of an empty copy. Skips the test where no server is to be had.

        Making one takes 0.2 s and emptying it a tenth of that, so copies are used again, until they hold much that is dead.
        """
        server = self._server = self._server or self._begin()
        name, uses = self._free.pop() if self._free else (f"{self.name}_{next(self._numbers)}", 0)
        if not uses:
            server.execute(f"CREATE DATABASE {name} TEMPLATE {self.name}")
        yield server.url(name)
        if uses < _USES and server.empty(name):
            self._free.append((name, uses + 1))
        else:
            server.drop(name)

    def _begin(self) -> postgres.Server:
        found = postgres.find()
        if not found.url and not found.programs:
            pytest.skip(f"PostgreSQL: {found.told}")
        server = postgres.Server(postgres.start_once(found, self._shared, self._run_pid))
        server.execute(f"CREATE DATABASE {self.name}")
        server.migrate(self.name)
        return server

    def close(self) -> None:
        if self._server:
            for name in (self.name, *(name for name, _ in self._free)):
                self._server.drop(name)
            self._server.close()


@pytest.fixture(scope="session")
def postgres_template(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[PostgresTemplate]:
    folder = tmp_path_factory.getbasetemp()
    alone = worker_id == "master"
    template = PostgresTemplate(folder if alone else folder.parent, os.getpid() if alone else os.getppid())
    yield template
    template.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(
    request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path, postgres_template: PostgresTemplate
) -> Iterator[str]:
    """The address of an empty, migrated database. A test that uses it runs on both."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{shutil.copy(sqlite_template, tmp_path / 'himma.db')}"
    else:
        with postgres_template.copy() as url:
            yield url


@pytest.fixture
def platform() -> str:
    """The app that people have in a dialogue; `tests.dialogue.both_platforms` gives them the other one too."""
    return "telegram"


@pytest.fixture
def beside() -> Beside:
    """What runs beside the app in a dialogue: nothing. A module that wants mail has the fixture of `tests.post` instead."""
    return nothing


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    """A mail server and our pages."""
    async with post_office() as post:
        yield post


@pytest.fixture
async def chat(database_url: str, tmp_path: Path, platform: str, beside: Beside) -> AsyncIterator[Talk]:
    """A dialogue's stage, with the platform's real library and the core; on both databases."""
    if platform == "discord":
        async with discord_dialogue.stage(Database(make_url(database_url)), tmp_path / "pictures", beside) as talk:
            yield talk
        return
    clock = Clock()
    store = FolderStore(tmp_path / "pictures")
    database = Database(make_url(database_url))
    async with TelegramWire() as wire:
        client = Telegram(
            wire.token,
            store,
            api_url=wire.url,
            admin_commands=frozenset({"setup", "connect"}),
            pace=Pace(UNLIMITED),
            now=clock.now,
        )
        others = beside(database, store, clock)
        core = Core(database, [client, *others], store, clock)
        running = [asyncio.create_task(one.run(core.intake.take)) for one in (client, *others)]
        try:
            yield Talk(wire, core, clock)
        finally:
            for one in running:
                one.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*running)
            await core.answers.settle()
            await client.close()
            await database.close()
