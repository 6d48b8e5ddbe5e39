"""Live cards: messages in a community's chats that show a task as it stands."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, ForeignKey, String, UniqueConstraint, bindparam, case, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Moment, partial_index, table
from models.communities import Chat


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
    changes: Mapped[int] = mapped_column(default=0)
    """How often the truth has moved on: an edit clears `stale_since` only where this is still what it drew."""
    due_at: Mapped[datetime | None]
    """Leased by a courier, or put off so that edits keep their distance, until then."""
    shown: Mapped[str] = mapped_column(String(64), default="")
    """A digest of what the message shows, so that an edit that would change nothing is not made."""


_MARK_STALE = (
    update(table(LiveCard))
    .where(LiveCard.task_id.in_(bindparam("tasks", expanding=True)))
    .values(stale_since=func.coalesce(LiveCard.stale_since, bindparam("now", type_=Moment())), changes=LiveCard.changes + 1)
)


async def mark_cards_stale(session: AsyncSession, task_ids: Iterable[int], now: datetime) -> None:
    """The truth about these tasks has moved on: their cards are to be drawn anew."""
    ids = set(task_ids)
    if ids:
        await (await session.connection()).execute(_MARK_STALE, {"tasks": list(ids), "now": now})


async def post_card(session: AsyncSession, task_id: int, chat_id: int, thread: str, now: datetime) -> None:
    """Put a task's live card in a chat; where it stands there already, send it anew at the end of the chat."""
    known: LiveCard | None = await session.scalar(
        select(LiveCard).where(LiveCard.task_id == task_id, LiveCard.chat_id == chat_id)
    )
    if known is None:
        session.add(LiveCard(task_id=task_id, chat_id=chat_id, thread=thread, stale_since=now))
        return
    known.message, known.stale_since, known.due_at, known.shown, known.thread = None, now, None, "", thread
    known.changes += 1  # so that it is not taken for a repetition of what was sent before


async def has_card(session: AsyncSession, task_id: int, chat_id: int) -> bool:
    """Whether a task's live card stands in a chat, or is on its way there."""
    known = await session.scalar(select(LiveCard.id).where(LiveCard.task_id == task_id, LiveCard.chat_id == chat_id))
    return known is not None


class DueCard(NamedTuple):
    """A live card to be drawn, and the chat it stands in."""

    id: int
    task_id: int
    changes: int
    message: str | None
    shown: str
    thread: str
    chat: Chat


def _due(platform: str, settled_before: datetime, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        LiveCard.stale_since.is_not(None),
        or_(LiveCard.message.is_(None), LiveCard.stale_since <= settled_before),
        or_(LiveCard.due_at.is_(None), LiveCard.due_at <= now),
        Chat.platform == platform,
        Chat.left_at.is_(None),
    )


async def has_stale(session: AsyncSession, platform: str, settled_before: datetime, now: datetime) -> bool:
    """Whether a live card is due to be drawn."""
    stale = select(LiveCard.id).join(Chat, Chat.id == LiveCard.chat_id).where(*_due(platform, settled_before, now))
    return bool(await session.scalar(select(stale.exists())))


async def lease_cards(
    session: AsyncSession, platform: str, now: datetime, *, settled_before: datetime, lease: timedelta, limit: int
) -> list[DueCard]:
    """Take stale cards, for the length of a lease. A card that was sent before waits until its changes began before
    `settled_before`, so that a burst is drawn once."""
    due = (
        select(LiveCard, Chat)
        .join(Chat, Chat.id == LiveCard.chat_id)
        .where(*_due(platform, settled_before, now))
        .order_by(LiveCard.stale_since, LiveCard.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=LiveCard)
    )
    cards = [
        DueCard(card.id, card.task_id, card.changes, card.message, card.shown, card.thread, chat)
        for card, chat in await session.execute(due)
    ]
    if cards:
        await session.execute(update(LiveCard).where(LiveCard.id.in_([card.id for card in cards])).values(due_at=now + lease))
    return cards


async def mark_drawn(session: AsyncSession, card: DueCard, message: str | None, shown: str, *, next_at: datetime) -> None:
    """The card shows `shown`, as `message`; it is drawn again at `next_at` at the earliest."""
    still_true = LiveCard.changes == card.changes
    await session.execute(
        update(LiveCard)
        .where(LiveCard.id == card.id)
        .values(message=message, shown=shown, due_at=next_at, stale_since=case((still_true, None), else_=LiveCard.stale_since))
    )


async def put_card_off(session: AsyncSession, card: DueCard, until: datetime) -> None:
    """Nothing was drawn: try again from `until` on."""
    await session.execute(update(LiveCard).where(LiveCard.id == card.id).values(due_at=until))


async def leave_thread(session: AsyncSession, card: DueCard) -> None:
    """The thread in which the card stood takes nothing any more: the chat itself gets it."""
    await session.execute(
        update(LiveCard)
        .where(LiveCard.id == card.id)
        .values(thread="", message=None, shown="", due_at=None, changes=LiveCard.changes + 1)
    )


async def forget_card(session: AsyncSession, card: DueCard) -> None:
    """The message was deleted, or the chat does not take it: the card stands there no more."""
    await session.execute(delete(LiveCard).where(LiveCard.id == card.id))
