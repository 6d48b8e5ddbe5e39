"""Flags: somebody says that something is wrong with a task."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ForeignKey, String, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, partial_index
from models.cards import mark_cards_stale
from models.communities import Member
from models.holding import go_on
from models.passing_on import offer_seats
from models.people import Person
from models.roles import Role
from models.tasks import Task, TaskState, set_state

FLAGS_THAT_PAUSE = 3
"""How many different people have to flag a task before it waits for a moderator."""


class FlagKind(StrEnum):
    UNSAFE = "unsafe"
    WRONG = "wrong"
    ABUSIVE = "abusive"
    STALE = "stale"
    OTHER = "other"


class Flag(Base):
    """One person's word that something is wrong with a task."""

    __tablename__ = "flags"
    __table_args__ = (
        partial_index("uq_flags_open", "task_id", "person_id", where="closed_at IS NULL", unique=True),
        partial_index("ix_flags_waiting", "community_id", "created_at", where="closed_at IS NULL"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    task_id: Mapped[int] = mapped_column(Id, ForeignKey("tasks.id"))
    person_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"))
    community_id: Mapped[int] = mapped_column(Id, ForeignKey("communities.id"))
    kind: Mapped[FlagKind]
    note: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[int | None] = mapped_column(Id, ForeignKey("people.id"))


class Raised(NamedTuple):
    """What a flag did."""

    flag_id: int
    is_new: bool
    """False where the person had an open flag on the task, which now says this."""
    has_paused: bool


async def raise_flag(session: AsyncSession, task: Task, person_id: int, kind: FlagKind, note: str, now: datetime) -> Raised:
    """Flag a task. Flagging again replaces one's own open flag; the third person's flag pauses the task."""
    await session.execute(select(Task.id).where(Task.id == task.id).with_for_update())
    changed = await session.scalar(
        update(Flag)
        .where(Flag.task_id == task.id, Flag.person_id == person_id, Flag.closed_at.is_(None))
        .values(kind=kind, note=note)
        .returning(Flag.id)
    )
    if changed is not None:
        return Raised(changed, False, False)
    flag = Flag(task_id=task.id, person_id=person_id, community_id=task.community_id, kind=kind, note=note, created_at=now)
    session.add(flag)
    await session.flush()
    waiting = await session.scalar(
        select(func.count()).select_from(Flag).where(Flag.task_id == task.id, Flag.closed_at.is_(None))
    )
    if (waiting or 0) < FLAGS_THAT_PAUSE:
        return Raised(flag.id, True, False)
    paused = await set_state(session, task.id, TaskState.PAUSED, was=(TaskState.OPEN,))
    if paused:
        await mark_cards_stale(session, [task.id], now)
    return Raised(flag.id, True, paused)


async def flagged_tasks(session: AsyncSession, moderator_id: int, stands_in: int | None = None) -> Sequence[int]:
    """The tasks with open flags in the communities that this person moderates, the one that waits longest first.
    `stands_in` is a community where they may besides."""
    mine = (
        select(Member.community_id)
        .where(
            Member.person_id == moderator_id,
            Member.role >= Role.MODERATOR,
            Member.left_at.is_(None),
            Member.blocked_at.is_(None),
        )
        .scalar_subquery()
    )
    theirs = or_(Flag.community_id.in_(mine), Flag.community_id == stands_in)
    waiting = select(Flag.task_id).where(theirs, Flag.closed_at.is_(None)).group_by(Flag.task_id)
    return (await session.scalars(waiting.order_by(func.min(Flag.created_at), Flag.task_id))).all()


async def get_flag(session: AsyncSession, flag_id: int) -> tuple[Flag, Task, Person] | None:
    """An open flag with its task and whose it is; None where it was closed."""
    row = (
        await session.execute(
            select(Flag, Task, Person)
            .join(Task, Task.id == Flag.task_id)
            .join(Person, Person.id == Flag.person_id)
            .where(Flag.id == flag_id, Flag.closed_at.is_(None))
        )
    ).first()
    return row and (row[0], row[1], row[2])


async def open_flags(session: AsyncSession, task_id: int) -> Sequence[tuple[Flag, Person]]:
    """The open flags of a task, the oldest first, with whose they are."""
    rows = await session.execute(
        select(Flag, Person)
        .join(Person, Person.id == Flag.person_id)
        .where(Flag.task_id == task_id, Flag.closed_at.is_(None))
        .order_by(Flag.created_at, Flag.id)
    )
    return [(flag, person) for flag, person in rows]


async def close_flags(session: AsyncSession, task_id: int, moderator_id: int, now: datetime) -> list[Flag]:
    """A moderator has looked: close every open flag of the task, and let it go on where flags had paused it.

    The flags that were closed; none where somebody else had looked first.
    """
    await session.execute(select(Task.id).where(Task.id == task_id).with_for_update())
    closed = await session.scalars(
        update(Flag)
        .where(Flag.task_id == task_id, Flag.closed_at.is_(None))
        .values(closed_at=now, closed_by=moderator_id)
        .returning(Flag)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    if await set_state(session, task_id, TaskState.OPEN, was=(TaskState.PAUSED,)):
        await go_on(session, task_id, now)
        await offer_seats(session, [task_id], now)
        await mark_cards_stale(session, [task_id], now)
    return list(closed)
