"""What arrived and what is to be sent: the inbox, the outbox, and uploads still to be fetched.

The inbox holds each event's key with the answer it got, written in the transaction of its effects: a redelivered event finds
its key and changes nothing, and an answer that a crash kept from its reader is still there. The outbox holds proactive
messages, written in the transaction that causes them. Both are stored as text, whose form handlers/stored.py knows.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Index, Select, String, Text, bindparam, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, partial_index, table


class Inbox(Base):
    """An event that was handled, with its answer."""

    __tablename__ = "inbox"
    __table_args__ = (
        partial_index("ix_inbox_unanswered", "retry_at", where="answered_at IS NULL"),
        Index(None, "received_at"),
    )

    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    platform: Mapped[str] = mapped_column(String(20))
    received_at: Mapped[datetime]
    answer: Mapped[str] = mapped_column(Text)
    answered_at: Mapped[datetime | None]
    retry_at: Mapped[datetime]
    """When the answer is to be tried again if nobody has marked it by then."""
    attempts: Mapped[int] = mapped_column(default=0)


class Outbox(Base):
    """A message to be sent that no direct answer carries."""

    __tablename__ = "outbox"
    __table_args__ = (
        partial_index("ix_outbox_due", "platform", "due_at", where="sent_at IS NULL AND failure IS NULL"),
        partial_index("ix_outbox_failed", "place", where="failure IS NOT NULL"),
        Index(None, "created_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    """Says what it is about, so that the same message is never written twice."""
    platform: Mapped[str] = mapped_column(String(20))
    place: Mapped[str] = mapped_column(Text)
    reply: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    """Not to be sent, or not to be tried again, before this moment; a lease moves it on."""
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    message: Mapped[str | None] = mapped_column(String(64))
    failure: Mapped[str | None] = mapped_column(String(200))
    """Why it will never be sent."""


class Fetch(Base):
    """An event whose upload is still to be copied to our own store."""

    __tablename__ = "fetches"
    __table_args__ = (Index(None, "due_at"),)

    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    platform: Mapped[str] = mapped_column(String(20))
    event: Mapped[str] = mapped_column(Text)
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)


# What every event costs is built once: building a statement costs more than running it.
_KNOWN_ANSWERS = select(Inbox.key, Inbox.answer, Inbox.answered_at).where(Inbox.key.in_(bindparam("keys", expanding=True)))
_RECORD_ANSWERS = insert(table(Inbox))
_MARK_ANSWERED = (
    update(table(Inbox)).where(Inbox.key.in_(bindparam("keys", expanding=True))).values(answered_at=bindparam("now"))
)
_MARK_SENT = (
    update(table(Outbox))
    .where(Outbox.id == bindparam("id_"))
    .values(sent_at=bindparam("now"), message=bindparam("external_id"))
)


async def known_answers(session: AsyncSession, keys: Iterable[str]) -> dict[str, tuple[str, bool]]:
    """Of events that were handled before: the answer, and whether it was delivered."""
    connection = await session.connection()
    rows = await connection.execute(_KNOWN_ANSWERS, {"keys": list(set(keys))})
    return {key: (answer, answered_at is not None) for key, answer, answered_at in rows}


async def record_answers(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store events' keys with their answers. Raises IntegrityError where another process was first."""
    await (await session.connection()).execute(_RECORD_ANSWERS, rows)


class Due(NamedTuple):
    """What waits for a platform's courier."""

    answers: bool
    """Some that nobody delivered in time."""
    messages: bool
    fetches: bool


async def what_is_due(session: AsyncSession, platform: str, now: datetime) -> Due:
    """Which kinds of work wait for a platform's courier."""
    queries = (
        select(Inbox.key).where(Inbox.answered_at.is_(None), Inbox.retry_at <= now, Inbox.platform == platform),
        select(Outbox.id).where(
            Outbox.platform == platform, Outbox.sent_at.is_(None), Outbox.failure.is_(None), Outbox.due_at <= now
        ),
        select(Fetch.key).where(Fetch.platform == platform, Fetch.due_at <= now),
    )
    return Due(*map(bool, (await session.execute(select(*(query.exists() for query in queries)))).one()))


async def mark_answered(session: AsyncSession, keys: Iterable[str], now: datetime) -> None:
    """These answers were delivered, or never can be."""
    await (await session.connection()).execute(_MARK_ANSWERED, {"keys": list(set(keys)), "now": now})


async def lease_unanswered(session: AsyncSession, platform: str, now: datetime, lease: timedelta, limit: int) -> list[str]:
    """Take answers that nobody delivered in time, for the length of a lease: the stored answers."""
    due = (
        select(Inbox.key)
        .where(Inbox.answered_at.is_(None), Inbox.retry_at <= now, Inbox.platform == platform)
        .order_by(Inbox.retry_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = await session.execute(
        update(Inbox)
        .where(Inbox.key.in_(due.scalar_subquery()))
        .values(retry_at=now + lease, attempts=Inbox.attempts + 1)
        .returning(Inbox.answer, Inbox.received_at, Inbox.key)
        .execution_options(synchronize_session=False)
    )
    return [answer for answer, _, _ in sorted(taken, key=lambda row: (row[1], row[2]))]


async def enqueue(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write messages to the outbox. One whose key is there already was said before, and is left out."""
    if rows:
        is_sqlite = session.get_bind().dialect.name == "sqlite"
        new = sqlite.insert(Outbox) if is_sqlite else postgresql.insert(Outbox)
        await session.execute(new.on_conflict_do_nothing(), rows)


async def lease_messages(
    session: AsyncSession, platform: str, now: datetime, lease: timedelta, limit: int
) -> Sequence[Outbox]:
    """Take messages that are due, for the length of a lease; the oldest first."""
    due = (
        select(Outbox.id)
        .where(Outbox.platform == platform, Outbox.sent_at.is_(None), Outbox.failure.is_(None), Outbox.due_at <= now)
        .order_by(Outbox.due_at, Outbox.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = await session.scalars(
        update(Outbox)
        .where(Outbox.id.in_(due.scalar_subquery()))
        .values(due_at=now + lease, attempts=Outbox.attempts + 1)
        .returning(Outbox)
        .execution_options(synchronize_session=False)
    )
    return sorted(taken, key=lambda row: row.id)


async def mark_sent(session: AsyncSession, sent: Mapping[int, tuple[str, datetime]]) -> None:
    """These messages went out: by number, with the external id and the moment."""
    rows = [{"id_": id_, "external_id": external_id, "now": now} for id_, (external_id, now) in sent.items()]
    await (await session.connection()).execute(_MARK_SENT, rows)


async def mark_failed(session: AsyncSession, message_id: int, failure: str) -> None:
    await session.execute(update(Outbox).where(Outbox.id == message_id).values(failure=failure[:200]))


async def put_off(session: AsyncSession, message_id: int, until: datetime) -> None:
    """Nothing went out: try again from `until` on."""
    await session.execute(update(Outbox).where(Outbox.id == message_id).values(due_at=until))


async def give_up_old(session: AsyncSession, platform: str, before: datetime) -> None:
    """What a platform has not taken since this moment is old news by now."""
    unsent = (Outbox.platform == platform, Outbox.sent_at.is_(None), Outbox.failure.is_(None))
    await session.execute(
        update(Outbox)
        .where(*unsent, Outbox.created_at < before)
        .values(failure="too old to be of use")
        .execution_options(synchronize_session=False)
    )


async def forget_message(session: AsyncSession, key: str) -> None:
    """Delete a message, sent or not."""
    await session.execute(delete(Outbox).where(Outbox.key == key), execution_options={"synchronize_session": False})


async def unsent_mentioning(session: AsyncSession, platform: str, chat: str) -> Sequence[Outbox]:
    """Messages still to be sent whose place has this text somewhere: whoever asks looks closer."""
    found = await session.scalars(
        select(Outbox).where(
            Outbox.platform == platform,
            Outbox.sent_at.is_(None),
            Outbox.failure.is_(None),
            Outbox.place.contains(chat, autoescape=True),
        )
    )
    return found.all()


async def move_message(session: AsyncSession, message_id: int, place: str) -> None:
    """The chat goes on elsewhere: the message is due there."""
    await session.execute(update(Outbox).where(Outbox.id == message_id).values(place=place, due_at=Outbox.created_at))


async def lease_fetches(session: AsyncSession, platform: str, now: datetime, lease: timedelta, limit: int) -> Sequence[Fetch]:
    """Take uploads that are to be fetched, for the length of a lease."""
    due = (
        select(Fetch.key)
        .where(Fetch.platform == platform, Fetch.due_at <= now)
        .order_by(Fetch.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = await session.scalars(
        update(Fetch)
        .where(Fetch.key.in_(due.scalar_subquery()))
        .values(due_at=now + lease, attempts=Fetch.attempts + 1)
        .returning(Fetch)
        .execution_options(synchronize_session=False)
    )
    return taken.all()


async def put_fetch_off(session: AsyncSession, key: str, until: datetime) -> None:
    """Nothing arrived: try again from `until` on."""
    await session.execute(update(Fetch).where(Fetch.key == key).values(due_at=until))


async def forget_fetch(session: AsyncSession, key: str) -> None:
    """The upload was dealt with."""
    await session.execute(delete(Fetch).where(Fetch.key == key))


def old_delivery(before: datetime) -> tuple[Select[Any], ...]:
    """What was answered, sent or given up before this moment."""
    return (
        select(Inbox.key).where(Inbox.received_at < before, Inbox.answered_at.is_not(None)),
        select(Outbox.id).where(Outbox.created_at < before, or_(Outbox.sent_at.is_not(None), Outbox.failure.is_not(None))),
    )
