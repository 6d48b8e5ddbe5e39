"""Claims: a person holds a seat on a task. How seats are given out is in models/seating.py."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, ForeignKey, Index, String, bindparam, case, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, partial_index
from models.people import Person
from models.tasks import Task


class ClaimState(StrEnum):
    HELD = "held"
    REPORTED = "reported"
    APPROVED = "approved"
    RELEASED = "released"
    """Given back by its holder."""
    EXPIRED = "expired"
    """Ended by time."""
    REJECTED = "rejected"
    """The report was not accepted; the seat is free again."""
    CANCELLED = "cancelled"
    """The task was called off, or its holder left."""
    NO_SHOW = "no_show"
    """Its holder did not come to a task with a fixed time."""


OPEN = (ClaimState.HELD, ClaimState.REPORTED)
"""Work that is under way or waits for its review: what a community's caps count."""
SEATED = (*OPEN, ClaimState.APPROVED)
"""The states in which a claim takes up a seat."""


IS_HELD = text("claims.state = 'held'")
"""SQLite uses a partial index only where the query says the same without a parameter."""
_SEATED_SQL = "state IN ('held', 'reported', 'approved')"


class Claim(Base):
    """A person holding a seat."""

    __tablename__ = "claims"
    __table_args__ = (
        partial_index("uq_claims_one_seat", "task_id", "person_id", where=_SEATED_SQL, unique=True),
        Index(None, "person_id", "state"),
        Index(None, "task_id", "state"),
        Index("ix_claims_taken", "community_id", "claimed_at", "task_id"),
        partial_index("ix_claims_ended", "community_id", "state", "ended_at", where="ended_at IS NOT NULL"),
        partial_index("ix_claims_next", "next_at", where="state = 'held'"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    task_id: Mapped[int] = mapped_column(Id, ForeignKey("tasks.id"))
    person_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"))
    community_id: Mapped[int] = mapped_column(Id, ForeignKey("communities.id"))
    state: Mapped[ClaimState] = mapped_column(default=ClaimState.HELD)
    claimed_at: Mapped[datetime]
    hold_until: Mapped[datetime]
    counted_from: Mapped[datetime]
    """Since when the hold runs: since the claim, or since the holder last said that they are on it."""
    next_at: Mapped[datetime]
    """When time has something to do with it while it is held: to ask the holder, or to end it (models/holding.py)."""
    warned_at: Mapped[datetime | None]
    """When the holder was asked whether they are still on it, and has not answered since."""
    spared_at: Mapped[datetime | None]
    """When its end was put off, because we had been away when it came."""
    renewals: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often the holder said that they are still on it."""
    extra_minutes: Mapped[int] = mapped_column(default=0, server_default="0")
    """How much more time the holder took without asking a moderator."""
    wanted_minutes: Mapped[int | None]
    """How much more time the holder asks a moderator for."""
    ended_at: Mapped[datetime | None]
    """When it stopped taking up a seat, or was approved."""
    reason: Mapped[str] = mapped_column(String(300), default="")
    coming: Mapped[bool | None]
    """Whether they can still come, as they said when they were asked; what is given back is a no."""
    coming_at: Mapped[datetime | None]


def under_way(person_id: ColumnElement[int], community_id: ColumnElement[int]) -> ColumnElement[int]:
    """In SQL: how much somebody has under way in a community. Asked of the person's claims, which are few: databases would
    rather go through all of the community's."""
    here = case((Claim.community_id == community_id, 1))
    counted = select(func.count(here)).where(Claim.person_id == person_id, Claim.state.in_(OPEN))
    return counted.correlate_except(Claim).scalar_subquery()


_SEATED_CLAIM = select(Claim).where(  # built once: building a statement costs more than running it
    Claim.task_id == bindparam("task"), Claim.person_id == bindparam("person"), Claim.state.in_(SEATED)
)


async def seated_claim(session: AsyncSession, person_id: int, task_id: int) -> Claim | None:
    """The person's claim that takes up a seat of this task."""
    found: Claim | None = await session.scalar(_SEATED_CLAIM, {"task": task_id, "person": person_id})
    return found


async def open_claims(session: AsyncSession, person_id: int) -> Sequence[tuple[Claim, Task]]:
    """What a person holds or has handed in, the soonest due first."""
    rows = await session.execute(
        select(Claim, Task)
        .join(Task, Task.id == Claim.task_id)
        .where(Claim.person_id == person_id, Claim.state.in_(OPEN))
        .order_by(Claim.hold_until, Claim.id)
    )
    return [(claim, task) for claim, task in rows]


async def holders(session: AsyncSession, task_id: int, states: tuple[ClaimState, ...] = SEATED) -> Sequence[Person]:
    """The people who take up a seat of a task, in the order they came."""
    return (
        await session.scalars(
            select(Person)
            .join(Claim, Claim.person_id == Person.id)
            .where(Claim.task_id == task_id, Claim.state.in_(states))
            .order_by(Claim.id)
        )
    ).all()


async def seats_held(session: AsyncSession, task_ids: Iterable[int], person_ids: Iterable[int]) -> dict[int, set[int]]:
    """Which of these tasks each of these people has a seat on; people without one are left out."""
    rows = await session.execute(
        select(Claim.person_id, Claim.task_id).where(
            Claim.task_id.in_(list(task_ids)), Claim.person_id.in_(list(person_ids)), Claim.state.in_(SEATED)
        )
    )
    held: dict[int, set[int]] = {}
    for person_id, task_id in rows:
        held.setdefault(person_id, set()).add(task_id)
    return held
