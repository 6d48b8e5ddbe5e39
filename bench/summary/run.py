"""Seeds a year on each database, asks for one week, and measures who answers how fast."""

import os
import sqlite3
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it has none
from sqlalchemy import URL, insert, make_url, text
from sqlalchemy.ext.asyncio import AsyncSession

from bench.summary.by_hand import added_up, counting, medians, others, spans_of
from bench.summary.by_orm import figures_by_orm
from bench.summary.history import COMMUNITY, END, Rows, history
from bot.database import Database
from bot.edge import Edge
from models.communities import Community
from models.figures import Figure
from models.summaries import Numbers, summarize
from models.weeks import DAYS, Week, last_week
from tests import postgres

CLAIMS = 1_000_000
_ROUNDS = 7
Told = list[dict[str, int | None]]


@dataclass(frozen=True)
class SummaryCosts:
    """Seconds for a week of a year, and how many claims there are in that year."""

    claims: int
    ours: float
    by_hand: float
    by_orm: float


async def measure(folder: Path, share: float, tell: Callable[[str], None]) -> dict[str, SummaryCosts | str]:
    """By the name of the database; a word on why where there is none."""
    folder.mkdir()
    claims = int(CLAIMS * share)
    costs: dict[str, SummaryCosts | str] = {}
    tell(f"{claims:,} claims in SQLite")
    costs["SQLite"] = await _on(URL.create("sqlite+aiosqlite", database=str(folder / "summary.db")), claims)
    found = postgres.find()
    if not found.url and not found.programs:
        return costs | {"PostgreSQL": found.told}
    tell(f"{claims:,} claims in PostgreSQL")
    server = postgres.Server(postgres.start_once(found, folder, os.getpid()))
    try:
        server.execute("CREATE DATABASE himma_bench_summary")
        costs["PostgreSQL"] = await _on(make_url(server.url("himma_bench_summary")), claims)
        server.execute("DROP DATABASE himma_bench_summary WITH (FORCE)")
    finally:
        server.close()
    return costs


async def _on(url: URL, claims: int) -> SummaryCosts:
    database = Database(url)
    try:
        await database.migrate()
        await _seed(database, claims)
        await _vacuum(url)
        async with database.read() as session:
            community = await session.get_one(Community, COMMUNITY)
            week = last_week(END, community.first_weekday, community.timezone)
            weeks = [week, *(week.earlier(back) for back in range(1, 5))]
            ours, told = await _timed(lambda: _ask(session, community, week), _ROUNDS)
            by_orm, loaded = await _timed(lambda: figures_by_orm(session, community, week, END), 1)
        by_hand, counted = await _by_hand(url, weeks)
        if not told == loaded == counted:
            raise AssertionError(f"the figures differ:\n{told}\n{loaded}\n{counted}")
        return SummaryCosts(claims, ours, by_hand, by_orm)
    finally:
        await database.close()


async def _seed(database: Database, claims: int) -> None:
    """One transaction for each portion; then the statistics that a planner has on any database that is in use."""
    edge = Edge(database)

    async def add(session: AsyncSession, rows: Rows) -> None:
        await (await session.connection()).execute(insert(rows[0]), rows[1])

    async def analyze(session: AsyncSession) -> None:
        await session.execute(text("ANALYZE"))

    for rows in history(claims):
        await edge.transact(partial(add, rows=rows))
    await edge.transact(analyze)


async def _vacuum(url: URL) -> None:
    """What a PostgreSQL server does by itself after a while; the one of the tests is told not to."""
    if url.get_backend_name() == "postgresql":
        driver = await asyncpg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))
        await driver.execute("VACUUM ANALYZE")
        await driver.close()


async def _ask(session: AsyncSession, community: Community, week: Week) -> Told:
    told = await summarize(session, community, week, END)
    return [_flat(numbers) for numbers in (told.numbers, *told.before)]


def _flat(numbers: Numbers) -> dict[str, int | None]:
    named = {figure: numbers[figure] for figure in Figure if figure in numbers.sums}
    due = numbers.sums[Figure.DUE]
    sums = {"minutes": numbers.minutes, "seats taken": due.amount, "seats": due.of}
    medians = {"to claim": numbers.medians[Figure.FIRST_TAKEN], "to review": numbers.medians[Figure.REVIEWED]}
    return named | sums | medians


async def _timed(ask: Callable[[], Awaitable[Told]], rounds: int) -> tuple[float, Told]:
    """The median, after a first time that fills caches unless there is only one."""
    told: Told = [] if rounds == 1 else await ask()
    spans = []
    for _ in range(rounds):
        began = time.perf_counter()
        told = await ask()
        spans.append(time.perf_counter() - began)
    return statistics.median(spans), told


Look = Callable[[str], Awaitable[Sequence[Sequence[Any]]]]


async def _by_hand(url: URL, weeks: list[Week]) -> tuple[float, Told]:
    dialect = url.get_backend_name()
    if dialect == "sqlite":
        connection = sqlite3.connect(str(url.database))
        connection.execute("PRAGMA cache_size = -16000")
        connection.execute("PRAGMA temp_store = MEMORY")

        async def look(sql: str) -> Sequence[Sequence[Any]]:
            return connection.execute(sql).fetchall()

        try:
            return await _timed(lambda: _ask_by_hand(look, dialect, weeks), _ROUNDS)
        finally:
            connection.close()
    driver = await asyncpg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))
    try:
        return await _timed(lambda: _ask_by_hand(driver.fetch, dialect, weeks), _ROUNDS)
    finally:
        await driver.close()


async def _ask_by_hand(look: Look, dialect: str, weeks: list[Week]) -> Told:
    spans = [(await look(counting(dialect, since, until)))[0] for since, until in spans_of(weeks)]
    told = [added_up(spans[:DAYS]), *(added_up([span]) for span in spans[DAYS:])]
    for one, week in zip(told, weeks, strict=True):
        claimed, reviewed = [(await look(sql))[0] for sql in medians(dialect, week.begins_at, week.ends_at)]
        one |= {Figure.FIRST_TAKEN: claimed[0], "to claim": int(claimed[1])}
        one |= {Figure.REVIEWED: reviewed[0], "to review": int(reviewed[1])}
    for sql in others(dialect, weeks[0], END):
        await look(sql)
    return told
