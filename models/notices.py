"""Notices: what time or a moderator wants told to one person, before it is a message.

Nobody is written to who said no, at night, or beyond the budget they set: a notice waits until it may be said, is said
together with others, or is dropped when it would not help any more. What is about a seat that somebody holds or waits for
always passes, at a waking hour unless that would be too late.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, ForeignKey, Index, Select, String, and_, bindparam, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, Moment, partial_index, table
from models.people import Person

DAY = timedelta(days=1)
WEEK = timedelta(days=7)


class NoticeKind(StrEnum):
    """What a notice is about; people say which they do not want to hear."""

    CLAIM = "claim"
    """A seat they hold or wait for. It cannot be muted, and counts against no budget."""
    OFFER = "offer"
    """A task that fits them."""
    DIGEST = "digest"
    """The weekly list of tasks that fit them."""
    APPEAL = "appeal"
    """A moderator's broadcast."""
    THANKS = "thanks"
    """What came of what they did."""
    TEAM = "team"
    """What waits for those who look after a team."""


MUTABLE = tuple(kind for kind in NoticeKind if kind is not NoticeKind.CLAIM)


class NoticeState(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    """It is in the outbox."""
    DROPPED = "dropped"
    """They do not want it, or it came too late to help."""
    UNREACHABLE = "unreachable"
    """There is no private chat in which we may write to them."""


_IS_WAITING = "settled_at IS NULL"
"""SQLite uses such an index only where the query says the same without a parameter, so `state` would not do."""


class Notice(Base):
    """One thing to be told to one person."""

    __tablename__ = "notices"
    __table_args__ = (
        partial_index("ix_notices_due", "due_at", where=_IS_WAITING),
        partial_index("ix_notices_waiting", "person_id", where=_IS_WAITING),
        partial_index("ix_notices_about", "topic", "about", where=_IS_WAITING),
        partial_index("ix_notices_settled", "settled_at", where="settled_at IS NOT NULL"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    """Says what it is about, so that the same is never told twice."""
    person_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"))
    community_id: Mapped[int | None] = mapped_column(Id, ForeignKey("communities.id"))
    """Whose time zone holds for readers who have not set their own."""
    kind: Mapped[NoticeKind]
    topic: Mapped[str] = mapped_column(String(40))
    """Which drawing puts it into words (handlers/notices.py)."""
    about: Mapped[int] = mapped_column(Id)
    """The number of what the drawing looks up."""
    due_at: Mapped[datetime]
    """Not before this; moved on where the person sleeps or has heard enough."""
    useless_at: Mapped[datetime]
    """After this it helps nobody, and is dropped."""
    state: Mapped[NoticeState] = mapped_column(default=NoticeState.WAITING)
    settled_at: Mapped[datetime | None]


class Contact(Base):
    """Somebody was written to without having asked: what their budget counts."""

    __tablename__ = "contacts"
    __table_args__ = (Index(None, "person_id", "at"), Index(None, "at"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"))
    at: Mapped[datetime]


async def plan(session: AsyncSession, notices: Sequence[Mapping[str, Any]]) -> None:
    """Have these told, by the columns of `Notice`. One whose key is there already was planned before, and is left as it is."""
    if notices:
        is_sqlite = session.get_bind().dialect.name == "sqlite"
        new = sqlite.insert(Notice) if is_sqlite else postgresql.insert(Notice)
        await session.execute(new.on_conflict_do_nothing(), notices)


async def plan_for(
    session: AsyncSession,
    person_ids: Iterable[int],
    kind: NoticeKind,
    topic: str,
    about: int,
    *,
    community_id: int,
    due_at: datetime,
    useless_at: datetime,
) -> None:
    """Have each of these people told the same thing, once."""
    same = {
        "kind": kind,
        "topic": topic,
        "about": about,
        "community_id": community_id,
        "due_at": due_at,
        "useless_at": useless_at,
    }
    await plan(session, [same | {"person_id": one, "key": f"{topic}:{about}:{one}"} for one in dict.fromkeys(person_ids)])


async def withdraw(session: AsyncSession, topic: str, about: Iterable[int], now: datetime) -> None:
    """What waits to be told about these need not be told any more."""
    ids = list(about)
    if ids:
        await session.execute(
            update(table(Notice))
            .where(Notice.topic == topic, Notice.about.in_(ids), Notice.settled_at.is_(None))
            .values(state=NoticeState.DROPPED, settled_at=now)
        )


async def due_people(session: AsyncSession, now: datetime, limit: int) -> dict[int, Person]:
    """The people for whom notices are due, those who have waited longest first; locked, and without those whom another
    process is telling at this moment."""
    waiting = (
        select(Notice.person_id)
        .where(Notice.settled_at.is_(None), Notice.due_at <= now)
        .order_by(Notice.due_at, Notice.id)
        .limit(limit)
    )
    ids = list(dict.fromkeys((await session.scalars(waiting)).all()))
    if not ids:
        return {}
    people = await session.scalars(
        select(Person).where(Person.id.in_(ids)).order_by(Person.id).with_for_update(skip_locked=True, key_share=True)
    )
    return {person.id: person for person in people}


async def due_notices(session: AsyncSession, person_ids: Iterable[int], now: datetime) -> list[Notice]:
    """All that is due for these people, in the order in which it fell due."""
    return list(
        await session.scalars(
            select(Notice)
            .where(Notice.person_id.in_(list(person_ids)), Notice.settled_at.is_(None), Notice.due_at <= now)
            .order_by(Notice.due_at, Notice.id)
        )
    )


async def settle(session: AsyncSession, notice_ids: Sequence[int], state: NoticeState, now: datetime) -> None:
    """These were told, or never will be."""
    if notice_ids:
        waiting = (Notice.id.in_(notice_ids), Notice.settled_at.is_(None))
        await session.execute(update(table(Notice)).where(*waiting).values(state=state, settled_at=now))


_POSTPONE = update(table(Notice)).where(Notice.id == bindparam("notice")).values(due_at=bindparam("until", type_=Moment()))


async def postpone(session: AsyncSession, until: Mapping[int, datetime]) -> None:
    """Have these told later, by their numbers."""
    if until:
        rows = [{"notice": notice_id, "until": moment} for notice_id, moment in sorted(until.items())]
        await (await session.connection()).execute(_POSTPONE, rows)


# What people want to hear, and when


def hears(person: Person, kind: NoticeKind) -> bool:
    """Whether a person wants to be told things of this kind at all."""
    if kind is NoticeKind.CLAIM:
        return True
    return person.stopped_at is None and kind not in person.muted.split()


def waking(person: Person, zone: str, now: datetime) -> datetime:
    """The next moment outside of the person's quiet hours: now, or their end. `zone` holds where they have set none."""
    if person.quiet_from == person.quiet_until:
        return now
    local = now.astimezone(ZoneInfo(person.timezone or zone))
    minute = local.hour * 60 + local.minute
    start, end = person.quiet_from, person.quiet_until
    is_quiet = start <= minute < end if start < end else minute >= start or minute < end
    if not is_quiet:
        return now
    morning = local.replace(hour=end // 60, minute=end % 60, second=0, microsecond=0)
    if minute >= end:
        morning += DAY  # on the wall clock: the next day's morning, whatever the clocks do in the night
    return max(now, morning.astimezone(now.tzinfo))


# Budgets


async def note_contacts(session: AsyncSession, person_ids: Iterable[int], now: datetime) -> None:
    """These people are being written to without having asked."""
    rows = [{"person_id": person_id, "at": now} for person_id in person_ids]
    if rows:
        await (await session.connection()).execute(insert(table(Contact)), rows)


async def room_from(session: AsyncSession, people: Iterable[Person], now: datetime) -> dict[int, datetime]:
    """From when on each of these may be written to without having asked: now, or when their budget has room again."""
    wanted = {person.id: person for person in people}
    contacts: dict[int, list[datetime]] = {person_id: [] for person_id in wanted}
    rows = await session.execute(
        select(Contact.person_id, Contact.at)
        .where(Contact.person_id.in_(list(wanted)), Contact.at > now - WEEK)
        .order_by(Contact.at)
    )
    for person_id, at in rows:
        contacts[person_id].append(at)
    return {person_id: _room(contacts[person_id], person, now) for person_id, person in wanted.items()}


def _room(contacts: list[datetime], person: Person, now: datetime) -> datetime:
    budgets = ((person.daily_budget, DAY), (person.weekly_budget, WEEK))
    return max(_room_within(contacts, budget, span, now) for budget, span in budgets)


def _room_within(contacts: list[datetime], budget: int, span: timedelta, now: datetime) -> datetime:
    if budget <= 0:
        return now + WEEK
    within = [at for at in contacts if at > now - span]
    return now if len(within) < budget else within[-budget] + span


def has_room(now: datetime) -> ColumnElement[bool]:
    """In SQL, over `Person`: whether a person may be written to now without having asked."""

    def within(span: timedelta) -> ColumnElement[int]:
        counted = select(func.count()).select_from(Contact).where(Contact.person_id == Person.id, Contact.at > now - span)
        return counted.correlate(Person).scalar_subquery()

    return and_(within(DAY) < Person.daily_budget, within(WEEK) < Person.weekly_budget)


def old_notices(before: datetime, now: datetime) -> tuple[Select[Any], ...]:
    """Notices that were settled before this moment, and contacts that no budget counts any more."""
    return select(Notice.id).where(Notice.settled_at < before), select(Contact.id).where(Contact.at <= now - WEEK)
