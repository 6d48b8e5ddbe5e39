"""Live cards: messages in a community's chats that show a task as it stands."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, partial_index


class LiveCard(Base):
    """A task's card in a chat. The courier sends it, and edits it when it is stale."""

    __tablename__ = "live_cards"
    __table_args__ = (
        UniqueConstraint("task_id", "chat_id"),
        partial_index("ix_live_cards_stale", "stale_since", where="stale_since IS NOT NULL"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    task_id: Mapped[int] = mapped_column(Id, ForeignKey("tasks.id"))
    chat_id: Mapped[int] = mapped_column(Id, ForeignKey("chats.id"))
    thread: Mapped[str] = mapped_column(String(64), default="")
    message: Mapped[str | None] = mapped_column(String(64))
    """The message's external id; None until it is sent."""
    stale_since: Mapped[datetime | None]
    """Since when the truth has moved on from what the message shows."""
    retry_at: Mapped[datetime | None]
    """Leased by a courier, or put off, until then."""
    shown: Mapped[str] = mapped_column(String(64), default="")
    """A digest of what the message shows, so that an edit that would change nothing is not made."""


async def mark_cards_stale(session: AsyncSession, task_ids: Iterable[int], now: datetime) -> None:
    """The truth about these tasks has moved on: their cards are to be drawn anew."""
    ids = set(task_ids)
    if ids:
        await session.execute(
            update(LiveCard).where(LiveCard.task_id.in_(ids), LiveCard.stale_since.is_(None)).values(stale_since=now),
            execution_options={"synchronize_session": False},
        )


async def post_card(session: AsyncSession, task_id: int, chat_id: int, thread: str, now: datetime) -> None:
    """Put a task's live card in a chat; where it stands there already, send it anew at the end of the chat."""
    known: LiveCard | None = await session.scalar(
        select(LiveCard).where(LiveCard.task_id == task_id, LiveCard.chat_id == chat_id)
    )
    if known is None:
        session.add(LiveCard(task_id=task_id, chat_id=chat_id, thread=thread, stale_since=now))
        return
    known.message, known.stale_since, known.retry_at, known.shown, known.thread = None, now, None, "", thread
