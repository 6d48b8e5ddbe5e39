"""Dialogues: where a person stands in a wizard. A row, so that a restart is invisible."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Select, String, bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id


class Dialogue(Base):
    """A wizard under way. A person may have several; the one with the latest `opened_at` is asked, the others are parked."""

    __tablename__ = "dialogues"
    __table_args__ = (Index(None, "person_id", "opened_at"), Index(None, "expires_at"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"))
    flow: Mapped[str] = mapped_column(String(40))
    step: Mapped[str] = mapped_column(String(40))
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What was answered so far, by step; always replaced, never changed in place."""
    version: Mapped[int] = mapped_column(default=1)
    """Goes up with every question, so that the buttons of an earlier one are known as such."""
    opened_at: Mapped[datetime]
    expires_at: Mapped[datetime]


_OPEN = (  # built once, for nearly every event asks: building a statement costs more than running it
    select(Dialogue).where(Dialogue.person_id == bindparam("person")).order_by(Dialogue.opened_at.desc(), Dialogue.id.desc())
)


async def open_dialogues(session: AsyncSession, person_id: int) -> list[Dialogue]:
    """A person's dialogues, the one that is being asked first. Expired ones are among them: whoever asks says so."""
    return list(await session.scalars(_OPEN, {"person": person_id}))


async def begin(
    session: AsyncSession,
    person_id: int,
    flow: str,
    step: str,
    data: Mapping[str, Any],
    *,
    now: datetime,
    expires_at: datetime,
) -> Dialogue:
    """Begin a wizard."""
    dialogue = Dialogue(person_id=person_id, flow=flow, step=step, data=dict(data), opened_at=now, expires_at=expires_at)
    session.add(dialogue)
    await session.flush()
    return dialogue


async def end_dialogues(session: AsyncSession, person_id: int, flow: str) -> None:
    """What a wizard asks a person has been answered elsewhere."""
    await session.execute(delete(Dialogue).where(Dialogue.person_id == person_id, Dialogue.flow == flow))


def old_dialogues(before: datetime) -> tuple[Select[Any], ...]:
    """What ended before this moment."""
    return (select(Dialogue.id).where(Dialogue.expires_at < before),)
