"""The audit: who decided what in a community, and when."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ForeignKey, Index, String, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id
from models.people import Person


class Action(StrEnum):
    """What was done; what it is about is its number, `words` a title, a name or a role."""

    TASK_MADE = "task_made"
    TASK_CHANGED = "task_changed"
    TASK_CANCELLED = "task_cancelled"
    ROLE_GIVEN = "role_given"
    REPORT_APPROVED = "report_approved"
    REPORT_SENT_BACK = "report_sent_back"
    REPORT_REJECTED = "report_rejected"
    LIMIT_CHANGED = "limit_changed"
    APPEAL_SENT = "appeal_sent"
    APPEAL_ASKED = "appeal_asked"
    """It waits for a second moderator."""
    APPEAL_CONFIRMED = "appeal_confirmed"
    APPEAL_PAUSED = "appeal_paused"
    APPEAL_RESUMED = "appeal_resumed"
    APPEAL_STOPPED = "appeal_stopped"
    APPEAL_CORRECTED = "appeal_corrected"
    APPEAL_STILL_TRUE = "appeal_still_true"


class AuditEntry(Base):
    """Somebody decided something."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index(None, "community_id", "id"), Index(None, "person_id"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    community_id: Mapped[int] = mapped_column(Id, ForeignKey("communities.id"))
    person_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"))
    action: Mapped[Action]
    about: Mapped[int] = mapped_column(Id)
    """The number of the task, member, report or appeal."""
    words: Mapped[str] = mapped_column(String(200), default="")
    at: Mapped[datetime]


class Entry(NamedTuple):
    """An entry as a list shows it."""

    name: str
    action: Action
    about: int
    words: str
    at: datetime


async def note(
    session: AsyncSession, community_id: int, person_id: int, action: Action, about: int, now: datetime, words: str = ""
) -> None:
    """Write down what a person has just decided; it stands or falls with the transaction in which they did."""
    kept = words if len(words) <= 200 else f"{words[:199]}…"
    session.add(AuditEntry(community_id=community_id, person_id=person_id, action=action, about=about, words=kept, at=now))
    await session.flush()


async def entries_of(session: AsyncSession, community_id: int, *, limit: int, offset: int) -> tuple[Sequence[Entry], int]:
    """A page of a community's entries, the latest first, and how many there are in all."""
    total = await session.scalar(select(func.count()).where(AuditEntry.community_id == community_id))
    rows = await session.execute(
        select(Person.name, AuditEntry.action, AuditEntry.about, AuditEntry.words, AuditEntry.at)
        .join(Person, Person.id == AuditEntry.person_id)
        .where(AuditEntry.community_id == community_id)
        .order_by(AuditEntry.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [Entry._make(row) for row in rows], total or 0
