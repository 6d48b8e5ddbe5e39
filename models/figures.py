"""What a summary's figures count, and the rows behind them: one definition for both, so that they cannot differ.

Each figure counts rows of one table. Figures of a week count those whose moment lies in it; the others say how things stand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Integer, Select, cast, func, literal, null, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.functions import GenericFunction

from models.base import Base
from models.claims import Claim, ClaimState
from models.communities import Community, Member
from models.people import Person
from models.reports import Report, ReportState
from models.tasks import Task, TaskState, TaskTag
from models.thanks import Thanks

DAY = timedelta(hours=24)
SOON = timedelta(hours=48)
"""A task that still has free seats so shortly before its end is about to fail."""
TIME_TO_ASK = timedelta(days=14)
"""Whoever has not been offered anything so long after joining was forgotten."""


class Figure(StrEnum):
    """What is counted. In a week:"""

    TAKEN = "taken"
    """Seats taken, also those that were given back later."""
    COMPLETED = "completed"
    """Pieces of work completed: seats whose report was approved in the week. Their minutes are the hours given."""
    RELEASED = "released"
    """Seats given back by their holders."""
    EXPIRED = "expired"
    """Seats whose time was over without a report."""
    NO_SHOW = "no_show"
    """Seats whose holders did not come to a task with a fixed time."""
    DUE = "due"
    """Tasks whose deadline was reached, without those that were called off. How many of their seats are taken (held, handed in
    or approved) is the fill rate."""
    FIRST_TAKEN = "first_taken"
    """Tasks of which the first seat ever was taken. The median time since they were made is the time to claim."""
    REVIEWED = "reviewed"
    """Reports decided about, whichever way. The median time since they were handed in is the time to review."""
    JOINED = "joined"
    """New members, also those who have left again."""
    QUICK = "quick"
    """New members who took a seat here within 24 hours of joining."""
    THANKS = "thanks"
    """How often one member thanked another."""

    # Now:
    OPEN = "open"
    """Tasks that are open, before their deadline, and have a free seat."""
    FAILING = "failing"
    """Those of them that begin, or where the hour is free end, within 48 hours."""
    WAITING = "waiting"
    """Reports that wait for a decision."""
    LATE = "late"
    """Those of them that have waited longer than the team means to let them wait."""
    NEVER_ASKED = "never_asked"
    """Active members who joined more than 14 days ago, were never offered a task, and never took a seat here."""


MEDIANS = (Figure.FIRST_TAKEN, Figure.REVIEWED)
"""Of these, what counts is how long it took."""
NOW = frozenset({Figure.OPEN, Figure.FAILING, Figure.WAITING, Figure.LATE, Figure.NEVER_ASKED})
"""Figures of the moment. They are not compared with others: how things stood a week ago is not kept."""


_NOTHING: ColumnElement[Any] = cast(null(), Integer)


@dataclass(frozen=True)
class Counted:
    """Rows of a table, each with a moment."""

    table: type[Base]
    community: InstrumentedAttribute[int]
    at: ColumnElement[Any]
    where: tuple[ColumnElement[bool], ...] = ()
    amount: ColumnElement[Any] | None = None
    """What is summed up of them, or has a median."""
    of: ColumnElement[Any] | None = None
    """What the sum is a part of."""


class minutes_between(GenericFunction[int]):  # noqa: N801  # a function of SQL's
    """The whole minutes from one moment to a later one, in SQL."""

    type = Integer()
    inherit_cache = True


@compiles(minutes_between, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **how: Any) -> str:
    since, until = (compiler.process(clause, **how) for clause in element.clauses)
    # Days since -4713, of which a double holds every tenth of a millisecond.
    return f"CAST((julianday({until}) - julianday({since})) * 1440 + 0.000002 AS INTEGER)"


@compiles(minutes_between, "postgresql")
def _on_postgresql(element: Any, compiler: Any, **how: Any) -> str:
    since, until = (compiler.process(clause, **how) for clause in element.clauses)
    return f"CAST(floor(extract(epoch from {until} - {since}) / 60) AS BIGINT)"


_CLAIMED_AT_ONCE = (
    select(Claim.id)
    .where(
        Claim.person_id == Member.person_id,
        Claim.community_id == Member.community_id,
        Claim.claimed_at >= Member.joined_at,
        minutes_between(Member.joined_at, Claim.claimed_at) < DAY // timedelta(minutes=1),
    )
    .exists()
)


def _ended(state: ClaimState) -> Counted:
    return Counted(Claim, Claim.community_id, Claim.ended_at.expression, (Claim.state == state,))


WEEKLY: dict[Figure, Counted] = {
    Figure.TAKEN: Counted(Claim, Claim.community_id, Claim.claimed_at.expression),
    Figure.COMPLETED: Counted(
        Report,
        Report.community_id,
        Report.decided_at.expression,
        (Report.state == ReportState.APPROVED,),
        amount=Report.minutes.expression,
    ),
    Figure.RELEASED: _ended(ClaimState.RELEASED),
    Figure.EXPIRED: _ended(ClaimState.EXPIRED),
    Figure.NO_SHOW: _ended(ClaimState.NO_SHOW),
    Figure.DUE: Counted(
        Task,
        Task.community_id,
        Task.deadline_at.expression,
        (Task.state.in_((TaskState.OPEN, TaskState.PAUSED, TaskState.DONE)),),
        amount=Task.seats_taken.expression,
        of=Task.seats.expression,
    ),
    Figure.FIRST_TAKEN: Counted(
        Task,
        Task.community_id,
        Task.first_taken_at.expression,
        amount=minutes_between(Task.created_at, Task.first_taken_at),
    ),
    Figure.REVIEWED: Counted(
        Report,
        Report.community_id,
        Report.decided_at.expression,
        # What was credited when its task was called off had no review: it was never handed in.
        (
            Report.state.in_((ReportState.APPROVED, ReportState.SENT_BACK, ReportState.REJECTED)),
            Report.submitted_at < Report.decided_at,
        ),
        amount=minutes_between(Report.submitted_at, Report.decided_at),
    ),
    Figure.JOINED: Counted(Member, Member.community_id, Member.joined_at.expression),
    Figure.QUICK: Counted(Member, Member.community_id, Member.joined_at.expression, (_CLAIMED_AT_ONCE,)),
    # Thanks to an account that turned out to be the giver's own do not count.
    Figure.THANKS: Counted(Thanks, Thanks.community_id, Thanks.given_at.expression, (Thanks.giver_id != Thanks.receiver_id,)),
}


def standing(community: Community, now: datetime) -> dict[Figure, Counted]:
    """The figures of the moment."""
    begins_or_ends = func.coalesce(Task.starts_at, Task.deadline_at)
    is_open = (
        Task.state == TaskState.OPEN,
        Task.deadline_at > now,
        begins_or_ends > now,
        Task.seats_taken < Task.seats,
    )
    waits = Report.state == ReportState.WAITING
    too_long = Report.submitted_at <= now - timedelta(hours=community.review_hours)
    took_none = ~(
        select(Claim.id).where(Claim.person_id == Member.person_id, Claim.community_id == Member.community_id).exists()
    )
    forgotten = (
        Member.asked_at.is_(None),
        Member.left_at.is_(None),
        Member.blocked_at.is_(None),
        Member.joined_at <= now - TIME_TO_ASK,
        Member.trusted_at.is_(None),  # whoever had a report approved took a seat: there is no need to look for it
        took_none,
    )
    tasks = Counted(Task, Task.community_id, begins_or_ends, is_open, Task.seats_taken.expression, Task.seats.expression)
    reports = Counted(Report, Report.community_id, Report.submitted_at.expression, (waits,), Report.minutes.expression)
    return {
        Figure.OPEN: tasks,
        Figure.FAILING: replaced(tasks, begins_or_ends <= now + SOON),
        Figure.WAITING: reports,
        Figure.LATE: replaced(reports, too_long),
        Figure.NEVER_ASKED: Counted(Member, Member.community_id, Member.joined_at.expression, forgotten),
    }


def replaced(counted: Counted, *further: ColumnElement[bool]) -> Counted:
    """The same, with further conditions."""
    where = (*counted.where, *further)
    return Counted(counted.table, counted.community, counted.at, where, counted.amount, counted.of)


class Line(NamedTuple):
    """A row behind a figure."""

    at: datetime
    task_id: int | None
    title: str
    """The task's; empty where the row is about a person alone."""
    person: str
    """Empty where it is about a task alone."""
    amount: int | None
    of: int | None


async def lines(
    session: AsyncSession,
    figure: Figure,
    community: Community,
    since: datetime,
    until: datetime,
    now: datetime,
    *,
    limit: int,
    offset: int = 0,
    tag: str = "",
) -> tuple[Sequence[Line], int]:
    """A page of the rows behind a figure, and how many there are in all. What waits longest, ends soonest or took longest
    comes first, all else by its time. `since` and `until` say which week it is; figures of the moment have none. Of work that
    was completed there may be asked for what has a tag."""
    counted = (WEEKLY | standing(community, now))[figure]
    conditions = [counted.community == community.id, *counted.where]
    if figure not in NOW:
        conditions += [counted.at >= since, counted.at < until, counted.at <= now]
    if tag:
        conditions.append(Report.task_id.in_(select(TaskTag.task_id).where(TaskTag.tag == tag)))
    total = await session.scalar(select(func.count()).select_from(counted.table).where(*conditions))
    key = counted.table.__mapper__.primary_key
    slowest_first = [] if figure not in MEDIANS or counted.amount is None else [counted.amount.desc()]
    page = _line(counted).where(*conditions).order_by(*slowest_first, counted.at, *key).limit(limit).offset(offset)
    return [Line._make(row) for row in await session.execute(page)], total or 0


def _line(counted: Counted) -> "Select[*tuple[Any, ...]]":
    amounts = [_NOTHING if column is None else column for column in (counted.amount, counted.of)]
    nobody, no_title = literal(""), literal("")
    if counted.table is Task:
        return select(counted.at, Task.id, Task.title, nobody, *amounts)
    if counted.table is Member:
        named = select(counted.at, _NOTHING, no_title, Person.name, *amounts)
        return named.join_from(Member, Person, Person.id == Member.person_id)
    if counted.table is Thanks:
        thanked = select(counted.at, Task.id, func.coalesce(Task.title, no_title), Person.name, *amounts).select_from(Thanks)
        return thanked.join(Person, Person.id == Thanks.receiver_id).outerjoin(Task, Task.id == Thanks.task_id)
    row = Claim if counted.table is Claim else Report
    return (
        select(counted.at, Task.id, Task.title, Person.name, *amounts)
        .select_from(row)
        .join(Task, Task.id == row.task_id)
        .join(Person, Person.id == row.person_id)
    )
