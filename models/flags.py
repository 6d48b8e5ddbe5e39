"""Flags: somebody says that something is wrong with a task."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, partial_index
from models.cards import mark_cards_stale
from models.communities import Member
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


async def raise_flag(
    session: AsyncSession, task: Task, person_id: int, kind: FlagKind, note: str, now: datetime
) -> tuple[bool, bool]:
    """Flag a task. Flagging again replaces one's own open flag. Whether it is a new flag, and whether it paused the task."""
    await session.execute(select(Task.id).where(Task.id == task.id).with_for_update())
    changed = await session.scalar(
        update(Flag)
        .where(Flag.task_id == task.id, Flag.person_id == person_id, Flag.closed_at.is_(None))
        .values(kind=kind, note=note)
        .returning(Flag.id)
    )
    if changed is not None:
        return False, False
    session.add(
        Flag(task_id=task.id, person_id=person_id, community_id=task.community_id, kind=kind, note=note, created_at=now)
    )
    await session.flush()
    waiting = await session.scalar(
        select(func.count()).select_from(Flag).where(Flag.task_id == task.id, Flag.closed_at.is_(None))
    )
    if (waiting or 0) < FLAGS_THAT_PAUSE:
        return True, False
    paused = await set_state(session, task.id, TaskState.PAUSED, was=(TaskState.OPEN,))
    await mark_cards_stale(session, [task.id], now)
    return True, paused


async def waiting_flags(session: AsyncSession, moderator_id: int, limit: int) -> Sequence[tuple[Flag, Task, Person]]:
    """The oldest open flags of the communities that this person moderates."""
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
    rows = await session.execute(
        select(Flag, Task, Person)
        .join(Task, Task.id == Flag.task_id)
        .join(Person, Person.id == Flag.person_id)
        .where(Flag.community_id.in_(mine), Flag.closed_at.is_(None))
        .order_by(Flag.created_at, Flag.id)
        .limit(limit)
    )
    return [(flag, task, person) for flag, task, person in rows]


async def close_flags(session: AsyncSession, task_id: int, moderator_id: int, now: datetime) -> int:
    """A moderator has looked: close every open flag of the task, and let it go on where flags had paused it.

    How many flags were closed; 0 where somebody else had looked first.
    """
    closed = await session.scalars(
        update(Flag)
        .where(Flag.task_id == task_id, Flag.closed_at.is_(None))
        .values(closed_at=now, closed_by=moderator_id)
        .returning(Flag.id)
    )
    n = len(closed.all())
    if await set_state(session, task_id, TaskState.OPEN, was=(TaskState.PAUSED,)):
        await mark_cards_stale(session, [task_id], now)
    return n
