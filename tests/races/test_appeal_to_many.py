"""An appeal to a crowd: nobody is missed and nobody told twice, whatever Telegram, the disk or the power does on the way.

`python -m bench appeal` does the same to 250,000 and looks at the rate; here it is looked at what became of whom.
"""

import asyncio
import os
import random
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, update

from bench.api import TOKEN
from bench.appeal import seed
from bench.appeal.run import killed
from bench.appeal.wire import Crowd, Storm, Trouble
from bot.clock import Clock
from bot.core import Core
from bot.database import Database
from bot.pace import TELEGRAM, Pace
from bot.store import FolderStore
from bot.telegram import Telegram
from models.appeals import Appeal

PEOPLE = int(os.environ.get("HIMMA_TEST_PEOPLE", "1500"))
"""How many are told; a full proof takes 20000."""
KILLS = int(os.environ.get("HIMMA_TEST_KILLS", "2"))
"""How often the process is killed; a full proof takes 20."""
CUT_SECONDS = float(os.environ.get("HIMMA_TEST_CUT", "2"))
"""For how long the network is away; a full proof takes 60."""
FASTER = 40
"""Times Telegram's limits."""
MOST_DOUBLES = 600
"""After one kill: what was under way, and what had gone out since what came of it was last written."""


@asynccontextmanager
async def at_work(folder: Path, api: Crowd, processes: int = 1) -> AsyncIterator[list[Core]]:
    """Himma by the clock on the wall; only what has to do with appeals runs. `processes` work side by side."""
    clock, cores = Clock(), []
    for _ in range(processes):
        database = Database(URL.create("sqlite+aiosqlite", database=str(folder / "himma.db")))
        telegram = Telegram(TOKEN, FolderStore(folder), api_url=api.url, pace=Pace(TELEGRAM.faster(FASTER)), now=clock.now)
        cores.append(Core(database, [telegram], FolderStore(folder), clock))
    running = [asyncio.create_task(one.run()) for core in cores for one in core.broadcasters]
    try:
        yield cores
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for core in cores:
            await core.platforms["telegram"].close()
            await core.database.close()


async def until_told(folder: Path) -> None:
    deadline = time.monotonic() + 60 + PEOPLE / 100
    while seed.ask(folder, "SELECT count(*) FROM appeal_legs WHERE work = 'send' AND done_at IS NOT NULL") != [(1,)]:
        assert time.monotonic() < deadline, seed.ask(folder, "SELECT state, count(*) FROM appeal_receipts GROUP BY state")
        await asyncio.sleep(0.1)


def receipts(folder: Path) -> dict[int, tuple[str, str]]:
    """By chat: what is recorded of it."""
    rows = seed.ask(folder, "SELECT chat, state, reason FROM appeal_receipts")
    return {int(str(chat)): (str(state), str(reason)) for chat, state, reason in rows}


def some_trouble(chat: int, before: int) -> str:
    """5% have blocked us, 2% meet a fault of Telegram's at first; for 1% each it breaks before, after, or never answers."""
    match chat % 100:
        case 0 | 1 | 2 | 3 | 4:
            return "403"
        case 5 | 6:
            return "500" if before == 0 else ""
        case 7:
            return "silent"
        case 8:
            return "lost"
        case 9:
            return "hung"
    return ""


def run_crowd(trouble: Trouble = lambda chat, before: "") -> Crowd:
    return Crowd(FASTER, trouble)


async def test_two_processes_tell_everybody_once(tmp_path: Path) -> None:
    seed.settle(tmp_path, PEOPLE)
    async with run_crowd() as api, at_work(tmp_path, api, processes=2):
        seed.call(tmp_path, PEOPLE)
        await until_told(tmp_path)
    assert api.told.times == Counter(range(seed.FIRST_CHAT + 1, seed.FIRST_CHAT + 1 + PEOPLE))
    assert set(receipts(tmp_path).values()) == {("sent", "")}


async def test_everybody_is_accounted_for_whatever_telegram_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.telegram.request._READ_SECONDS", 1.0)
    seed.settle(tmp_path, PEOPLE)
    async with run_crowd(some_trouble) as api, at_work(tmp_path, api):
        seed.call(tmp_path, PEOPLE)
        await asyncio.sleep(0.5)
        api.storm = Storm(time.perf_counter() + 0.3, retry_after=1)
        await until_told(tmp_path)
    recorded = receipts(tmp_path)
    assert len(recorded) == PEOPLE
    for chat, what in recorded.items():
        expected = {"403": ("failed", "blocked"), **dict.fromkeys(("silent", "lost", "hung"), ("unknown", ""))}
        trouble = some_trouble(chat, 1)
        assert what == expected.get(trouble, ("sent", "")), chat
        assert api.told.times[chat] == (trouble not in ("403", "lost")), chat
    closed = seed.ask(tmp_path, "SELECT count(*) FROM accounts WHERE private_chat IS NULL")
    assert closed == [(sum(what == ("failed", "blocked") for what in recorded.values()),)]


async def test_a_network_that_is_cut_costs_nobody_the_message(tmp_path: Path) -> None:
    seed.settle(tmp_path, PEOPLE)
    async with run_crowd() as api, at_work(tmp_path, api):
        seed.call(tmp_path, PEOPLE)
        await asyncio.sleep(0.7)
        api.leave()
        await asyncio.sleep(CUT_SECONDS)
        await api.come_back()
        await until_told(tmp_path)
    recorded = receipts(tmp_path)
    assert len(recorded) == PEOPLE
    assert max(api.told.times.values()) == 1
    unknown = {chat for chat, (state, _) in recorded.items() if state == "unknown"}
    assert set(api.told.times) | unknown == set(recorded)
    assert len(unknown) <= 256


async def test_a_full_disk_in_the_middle_changes_nothing(tmp_path: Path) -> None:
    seed.settle(tmp_path, PEOPLE)
    async with run_crowd() as api, at_work(tmp_path, api) as (core,):
        seed.call(tmp_path, PEOPLE)
        await asyncio.sleep(0.5)
        with disk_full(core):
            await asyncio.sleep(1.5)
        await until_told(tmp_path)
    assert api.told.times == Counter(range(seed.FIRST_CHAT + 1, seed.FIRST_CHAT + 1 + PEOPLE))
    assert set(receipts(tmp_path).values()) == {("sent", "")}


@contextmanager
def disk_full(core: Core) -> Iterator[None]:
    """Every transaction comes to nothing at its very end."""
    dialect = core.database._writer.sync_engine.dialect
    do_commit = dialect.do_commit

    def fail(connection: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    dialect.do_commit = fail  # type: ignore[assignment,method-assign]
    try:
        yield
    finally:
        dialect.do_commit = do_commit  # type: ignore[method-assign]


async def test_stopped_by_itself_nobody_hears_it_any_more_and_the_rest_reads_so(tmp_path: Path) -> None:
    seed.settle(tmp_path, PEOPLE)
    async with run_crowd() as api, at_work(tmp_path, api) as (core,):
        seed.call(tmp_path, PEOPLE)
        await asyncio.sleep(0.6)
        await core.edge.transact(lambda session: session.execute(update(Appeal).values(stale_at=Appeal.starts_at)))
        await core.ticks.beat_all()
        deadline = time.monotonic() + 60
        while seed.ask(tmp_path, "SELECT count(*) FROM appeal_legs WHERE done_at IS NULL") != [(0,)]:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
    told = len(api.told.times)
    assert 0 < told < PEOPLE
    assert max(api.told.times.values()) == 1
    states = Counter(state for state, _ in receipts(tmp_path).values())
    assert states["sent"] == told
    assert set(states) <= {"sent", "dropped"}
    assert seed.ask(tmp_path, "SELECT DISTINCT version FROM appeal_receipts WHERE state = 'sent'") == [(2,)]


async def test_killed_on_the_way_it_misses_nobody(tmp_path: Path) -> None:
    run = await killed(tmp_path, PEOPLE, FASTER, KILLS, random.Random(2026))
    print(f"{run.told} told, {run.kills} kills, {run.doubled} told twice")  # noqa: T201
    assert run.told == PEOPLE
    assert run.receipts == {("sent", ""): PEOPLE}
    assert run.doubled <= KILLS * MOST_DOUBLES
