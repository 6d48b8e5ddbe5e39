"""What a tick costs: with nothing due among a million claims and as many reminders, and with 100,000 reminders due at once, as
after a week away.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import URL, Table, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from bench.summary.history import END, history
from bot.database import Database
from bot.edge import Edge
from handlers.notices import TOPICS, Telling, Topic, release
from handlers.timed import TICKS
from handlers.types import Button, Reply
from models.base import table
from models.claims import ClaimState
from models.delivery import Outbox
from models.notices import Notice, NoticeKind, NoticeState
from models.people import Account
from models.reports import ReportState
from models.tasks import TaskState

NOW = END
SETTLED, DUE, PEOPLE = 1_000_000, 100_000, 50_000
_PORTION = 50_000
_LOOKS = 200


@dataclass(frozen=True)
class TickCosts:
    """What ticks cost on a SQLite file."""

    idle_ms: dict[str, float]
    """Each tick with nothing due, in milliseconds."""
    released: int
    messages: int
    seconds: float


async def measure(folder: Path, scale: float = 1.0) -> TickCosts:
    """`scale` makes it smaller for a short look."""
    folder.mkdir()
    database = Database(URL.create("sqlite+aiosqlite", database=str(folder / "ticks.db")))
    await database.migrate()
    edge = Edge(database)
    TOPICS["bench"] = Topic(_remind)
    try:
        people = int(PEOPLE * scale)
        await _live_through(edge, int(SETTLED * scale))
        await edge.transact(lambda session: _open_chats(session, people))
        for start in range(0, int(SETTLED * scale), _PORTION):
            await edge.transact(lambda session, start=start: _plan(session, start, _PORTION, people, is_due=False))  # type: ignore[misc]
        idle = {name: await _idle(edge, name) for name in TICKS}
        due = int(DUE * scale)
        await edge.transact(lambda session: _plan(session, 0, due, people, is_due=True))
        began = time.perf_counter()
        while await edge.transact(lambda session: release(session, NOW)):
            pass
        seconds = time.perf_counter() - began
        messages = await edge.look(_count_messages)
        return TickCosts(idle, due, messages, seconds)
    finally:
        del TOPICS["bench"]
        await database.close()


async def _remind(telling: Telling) -> Reply | None:
    number, words = str(telling.notice.about), telling.words
    said = words.say("{title} is yours until {moment}. Thank you!", title=number, moment=words.time(telling.now))
    return Reply(text=said, rows=((Button(words.say("Done"), "done", number),),))


async def _idle(edge: Edge, name: str) -> float:
    """The mean of many looks at nothing, the first of which, which builds statements, does not count."""
    work = TICKS[name].work
    while await edge.transact(lambda session: work(session, NOW)):
        pass
    began = time.perf_counter()
    for _ in range(_LOOKS):
        await edge.transact(lambda session: work(session, NOW))
    return (time.perf_counter() - began) / _LOOKS * 1000


_OVER: dict[str, dict[str, object]] = {
    "tasks": {"state": TaskState.DONE},
    "claims": {"state": ClaimState.APPROVED, "ended_at": NOW},
    "reports": {"state": ReportState.APPROVED, "decided_at": NOW, "decided_by": 1},
    "members": {"look_at": NOW + timedelta(days=7)},
}
"""By table: what makes of a year one in which nothing is left to be done."""


async def _live_through(edge: Edge, claims: int) -> None:
    async def add(session: AsyncSession, columns: Table, rows: list[dict[str, object]]) -> None:
        await (await session.connection()).execute(insert(columns), rows)

    for columns, rows in history(claims):
        over = _OVER.get(columns.name, {})
        await edge.transact(partial(add, columns=columns, rows=[row | over for row in rows]))


async def _open_chats(session: AsyncSession, people: int) -> None:
    """Everybody can be written to."""
    rows = [
        {"person_id": n, "platform": "telegram", "external_id": str(n), "private_chat": str(n), "created_at": NOW}
        for n in range(1, people + 1)
    ]
    await (await session.connection()).execute(insert(table(Account)), rows)


async def _plan(session: AsyncSession, start: int, count: int, people: int, *, is_due: bool) -> None:
    """Reminders that were told an hour ago, or that are due now."""
    state = {"state": NoticeState.WAITING} if is_due else {"state": NoticeState.SENT, "settled_at": NOW - timedelta(hours=1)}
    when = {"due_at": NOW - timedelta(minutes=1), "useless_at": NOW + timedelta(days=1)}
    same = state | when | {"kind": NoticeKind.CLAIM, "topic": "bench"}
    rows = [same | {"key": f"{is_due}:{n}", "person_id": n % people + 1, "about": n} for n in range(start, start + count)]
    await (await session.connection()).execute(insert(table(Notice)), rows)
    await session.execute(text("PRAGMA optimize"))


async def _count_messages(session: AsyncSession) -> int:
    return await session.scalar(select(func.count()).select_from(Outbox)) or 0
