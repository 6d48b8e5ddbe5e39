"""Tasks: what there is to do."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, partial_index
from models.refusals import NotFound

UNTIL_DEADLINE = 366 * 24 * 60
"""Minutes of hold that no deadline leaves room for: the seat is held until the deadline."""
TIME_TO_REPORT = timedelta(hours=24)
"""How long after its end a task with a fixed time still waits for reports, where its deadline does not say otherwise."""


class TaskState(StrEnum):
    OPEN = "open"
    PAUSED = "paused"
    """Three people flagged it; a moderator looks before anybody else takes a seat."""
    DONE = "done"
    """Every seat ended in an approved report."""
    CANCELLED = "cancelled"


class Proof(StrEnum):
    """What a report has to show."""

    NONE = "none"
    NOTE = "note"
    PHOTO = "photo"
    LINK = "link"


class Task(Base):
    """A micro-task: minutes, seats, deadline, remote or field, tags."""

    __tablename__ = "tasks"
    __table_args__ = (
        CheckConstraint("seats_taken >= 0 AND seats_taken <= seats", name="seats"),
        Index(None, "community_id", "state", "deadline_at"),
        partial_index("uq_tasks_occurrence", "series_id", "occurs_on", where="series_id IS NOT NULL", unique=True),
        # With all that a summary reads of it.
        partial_index(
            "ix_tasks_first_taken", "community_id", "first_taken_at", "created_at", where="first_taken_at IS NOT NULL"
        ),
        partial_index("ix_tasks_ask_at", "ask_at", where="ask_at IS NOT NULL"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    community_id: Mapped[int] = mapped_column(Id, ForeignKey("communities.id"))
    title: Mapped[str] = mapped_column(String(120))
    description: Mapped[str] = mapped_column(String(1500), default="")
    language: Mapped[str] = mapped_column(String(8))
    """The language in which title and description are written."""
    minutes: Mapped[int]
    seats: Mapped[int]
    seats_taken: Mapped[int] = mapped_column(default=0)
    """Held, handed in or approved. Kept by models/claims.py, and by the database under `seats`."""
    place: Mapped[str] = mapped_column(String(200), default="")
    """Where it is done; empty for a remote task."""
    starts_at: Mapped[datetime | None]
    """When it begins, where it has a fixed time: people come then, and a seat is theirs until it is over."""
    deadline_at: Mapped[datetime]
    """Until when it can be handed in; a task with a fixed time is over by then."""
    proof: Mapped[Proof]
    hold_minutes: Mapped[int]
    """How long a seat is held before the work should be handed in."""
    state: Mapped[TaskState] = mapped_column(default=TaskState.OPEN)
    version: Mapped[int] = mapped_column(default=1)
    """Goes up with every change of the terms, so that nobody claims what they did not see."""
    author_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"))
    created_at: Mapped[datetime]
    first_taken_at: Mapped[datetime | None]
    """When a seat of it was taken for the first time."""
    ask_at: Mapped[datetime | None]
    """When its holders are next to be asked whether they can still come (models/coming.py)."""
    series_id: Mapped[int | None] = mapped_column(Id, ForeignKey("series.id"))
    """What it is an occurrence of, where it comes again."""
    occurs_on: Mapped[date | None]
    """Which one: the day on which its series has it."""
    moved_at: Mapped[datetime | None]
    """When its beginning was last changed."""

    @property
    def seats_left(self) -> int:
        return self.seats - self.seats_taken

    @property
    def has_fixed_time(self) -> bool:
        """Whether people come at a certain time, instead of doing it when they like."""
        return self.starts_at is not None


class Timed(Protocol):
    """What says when a task takes place: a `Task`, or the terms that a crowd's claims are decided by."""

    @property
    def starts_at(self) -> datetime | None: ...
    @property
    def minutes(self) -> int: ...
    @property
    def deadline_at(self) -> datetime: ...
    @property
    def hold_minutes(self) -> int: ...


def closes_at(task: Timed) -> datetime:
    """Until when seats are given out: the end of what has a fixed time (who comes late, comes), else the deadline."""
    if task.starts_at is None:
        return task.deadline_at
    return min(task.starts_at + timedelta(minutes=task.minutes), task.deadline_at)


def hold_end(task: Timed, since: datetime) -> datetime:
    """Until when a seat taken `since` is held: a fixed time leaves room to report after it, all else has its holding time."""
    if task.starts_at is None:
        return min(since + timedelta(minutes=task.hold_minutes), task.deadline_at)
    return min(closes_at(task) + TIME_TO_REPORT, task.deadline_at)


class TaskTag(Base):
    """A task's tag, without '#', in lower case."""

    __tablename__ = "task_tags"
    __table_args__ = (Index(None, "tag", "task_id"),)

    task_id: Mapped[int] = mapped_column(Id, ForeignKey("tasks.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(40), primary_key=True)


async def get_task(session: AsyncSession, task_id: int, *, lock: bool = False) -> Task:
    """The task, locked against other transactions where asked. Raises NotFound."""
    found: Task | None = await session.get(Task, task_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("task", str(task_id))
    return found


async def tags_of(session: AsyncSession, task_id: int) -> list[str]:
    return list(await session.scalars(select(TaskTag.tag).where(TaskTag.task_id == task_id).order_by(TaskTag.tag)))


async def set_tags(session: AsyncSession, task_id: int, tags: Sequence[str]) -> None:
    """Make these the task's tags, and no others."""
    await session.execute(delete(TaskTag).where(TaskTag.task_id == task_id))
    await add_tags(session, task_id, tags)


async def add_tags(session: AsyncSession, task_id: int, tags: Sequence[str]) -> None:
    """Give these tags to a task that has none."""
    if tags:
        await session.execute(insert(TaskTag), [{"task_id": task_id, "tag": tag} for tag in dict.fromkeys(tags)])


async def set_state(session: AsyncSession, task_id: int, state: TaskState, *, was: tuple[TaskState, ...]) -> bool:
    """Move a task on from one of the states it `was` in; whether it moved."""
    moved = await session.scalar(
        update(Task).where(Task.id == task_id, Task.state.in_(was)).values(state=state).returning(Task.id)
    )
    return moved is not None
