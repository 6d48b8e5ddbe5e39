"""The rows of a week as a table: its tasks, claims and reports. No notes, links, reasons or accounts; and of people who want
privacy, no names."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.claims import Claim, ClaimState
from models.people import Person
from models.reports import Report, ReportState
from models.tasks import Task, TaskState, TaskTag
from models.weeks import Week

ROWS = 5_000
"""As many of each kind at the most."""

_NAME = case((Person.is_private.is_(True), literal("")), else_=Person.name)


class TaskRow(NamedTuple):
    """A task that was made, reached its deadline, or had something happen to a seat of it."""

    number: int
    title: str
    tags: str
    state: TaskState
    minutes: int
    seats: int
    taken: int
    made_at: datetime
    deadline_at: datetime


class ClaimRow(NamedTuple):
    """A seat that was taken, or ended."""

    task: int
    title: str
    person: str
    state: ClaimState
    taken_at: datetime
    ended_at: datetime | None


class ReportRow(NamedTuple):
    """A report that was handed in, or decided about."""

    number: int
    task: int
    title: str
    person: str
    state: ReportState
    minutes: int
    handed_in_at: datetime
    decided_at: datetime | None


class WeekTable(NamedTuple):
    """The rows of a week."""

    tasks: Sequence[TaskRow]
    claims: Sequence[ClaimRow]
    reports: Sequence[ReportRow]

    @property
    def is_cut(self) -> bool:
        """Whether there may be more rows than these."""
        return any(len(rows) == ROWS for rows in self)


async def table_of_week(session: AsyncSession, community_id: int, week: Week) -> WeekTable:
    """What happened in a week, the oldest first."""

    def within(*moments: Any) -> ColumnElement[bool]:
        return or_(*(and_(moment >= week.begins_at, moment < week.ends_at) for moment in moments))

    claims = (
        select(Claim.task_id, Task.title, _NAME, Claim.state, Claim.claimed_at, Claim.ended_at)
        .join(Task, Task.id == Claim.task_id)
        .join(Person, Person.id == Claim.person_id)
        .where(Claim.community_id == community_id, within(Claim.claimed_at, Claim.ended_at))
        .order_by(Claim.claimed_at, Claim.id)
    )
    reports = (
        select(
            Report.id, Report.task_id, Task.title, _NAME, Report.state, Report.minutes, Report.submitted_at, Report.decided_at
        )
        .join(Task, Task.id == Report.task_id)
        .join(Person, Person.id == Report.person_id)
        .where(Report.community_id == community_id, within(Report.submitted_at, Report.decided_at))
        .order_by(Report.submitted_at, Report.id)
    )
    return WeekTable(
        await _tasks(session, community_id, within),
        [ClaimRow._make(row) for row in await session.execute(claims.limit(ROWS))],
        [ReportRow._make(row) for row in await session.execute(reports.limit(ROWS))],
    )


async def _tasks(session: AsyncSession, community_id: int, within: Any) -> Sequence[TaskRow]:
    touched = select(Claim.task_id).where(Claim.community_id == community_id, within(Claim.claimed_at, Claim.ended_at))
    tasks = (
        await session.scalars(
            select(Task)
            .where(Task.community_id == community_id, or_(within(Task.created_at, Task.deadline_at), Task.id.in_(touched)))
            .order_by(Task.id)
            .limit(ROWS)
        )
    ).all()
    tags: dict[int, list[str]] = {}
    for task, tag in await session.execute(
        select(TaskTag.task_id, TaskTag.tag).where(TaskTag.task_id.in_([one.id for one in tasks])).order_by(TaskTag.tag)
    ):
        tags.setdefault(task, []).append(tag)
    return [
        TaskRow(
            one.id,
            one.title,
            " ".join(tags.get(one.id, ())),
            one.state,
            one.minutes,
            one.seats,
            one.seats_taken,
            one.created_at,
            one.deadline_at,
        )
        for one in tasks
    ]
