"""The waitlist: people in line for a seat of a full task.

A seat that comes free is offered to the first in line, and kept for them: what becomes of it is in models/passing_on.py.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, partial_index
from models.claims import seated_claim
from models.tasks import Task, TaskState, Timed, get_task

_IN_LINE = "ended_at IS NULL"


class WaitState(StrEnum):
    WAITING = "waiting"
    OFFERED = "offered"
    """A seat is kept for them."""
    SEATED = "seated"
    """They took a seat."""
    LEFT = "left"
    """They left the line, or the community."""
    LAPSED = "lapsed"
    """They did not answer in time."""
    CLOSED = "closed"
    """The task was called off."""


class Wait(Base):
    """A person's place in the line for a task."""

    __tablename__ = "waits"
    __table_args__ = (
        partial_index("uq_waits_one_place", "task_id", "person_id", where=_IN_LINE, unique=True),
        partial_index("ix_waits_person", "person_id", where=_IN_LINE),
        partial_index("ix_waits_offered", "offer_until", where="offer_until IS NOT NULL"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    task_id: Mapped[int] = mapped_column(Id, ForeignKey("tasks.id"))
    person_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"))
    community_id: Mapped[int] = mapped_column(Id, ForeignKey("communities.id"))
    state: Mapped[WaitState] = mapped_column(default=WaitState.WAITING)
    since: Mapped[datetime]
    """Since when they are in line: the first comes first."""
    offer_until: Mapped[datetime | None]
    """Until when a seat is kept for them; None where none is."""
    offers: Mapped[int] = mapped_column(default=0)
    """How often a seat was kept for them."""
    told_at: Mapped[datetime | None]
    """When they were told of that seat."""
    ended_at: Mapped[datetime | None]


def begins_or_ends(task: Timed) -> datetime:
    """Until when a seat of it is worth waiting for."""
    return task.starts_at or task.deadline_at


async def place_in_line(session: AsyncSession, person_id: int, task_id: int) -> Wait | None:
    """The person's place in the line for a task."""
    found: Wait | None = await session.scalar(
        select(Wait)
        .where(Wait.task_id == task_id, Wait.person_id == person_id, Wait.ended_at.is_(None))
        .execution_options(populate_existing=True)
    )
    return found


async def join_line(session: AsyncSession, person_id: int, task: Task, now: datetime) -> Wait | None:
    """Wait for a seat; who waits already keeps their place. None where there is nothing to wait for: a seat is free, they have
    one, or the task takes nobody any more."""
    task = await get_task(session, task.id, lock=True)
    known = await place_in_line(session, person_id, task.id)
    if known is not None:
        return known
    is_full = task.state is TaskState.OPEN and begins_or_ends(task) > now and not task.seats_left
    if not is_full or await seated_claim(session, person_id, task.id):
        return None
    wait = Wait(task_id=task.id, person_id=person_id, community_id=task.community_id, since=now)
    session.add(wait)
    await session.flush()
    return wait


async def people_before(session: AsyncSession, wait: Wait) -> int:
    """How many stand before somebody in line."""
    before = or_(Wait.since < wait.since, (Wait.since == wait.since) & (Wait.id < wait.id))
    counted = select(func.count()).where(Wait.task_id == wait.task_id, Wait.ended_at.is_(None), before)
    return await session.scalar(counted) or 0


async def lines_of(session: AsyncSession, person_id: int, now: datetime) -> Sequence[tuple[Wait, Task]]:
    """What a person waits for, what is offered to them first."""
    rows = await session.execute(
        select(Wait, Task)
        .join(Task, Task.id == Wait.task_id)
        .where(
            Wait.person_id == person_id,
            Wait.ended_at.is_(None),
            Task.state.in_((TaskState.OPEN, TaskState.PAUSED)),
            func.coalesce(Task.starts_at, Task.deadline_at) > now,
        )
        .order_by(case((Wait.offer_until.is_(None), 1), else_=0), Wait.since, Wait.id)
    )
    return [(wait, task) for wait, task in rows]
