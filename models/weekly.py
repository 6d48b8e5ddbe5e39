"""When a community's weekly summary is sent, and that it was: once for each week, whatever restarts or replicas do."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ForeignKey, Integer, UniqueConstraint, bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id
from models.communities import Chat, Community
from models.weeks import DAYS, Week, last_week

HOURS = range(24)


class WeeklySummary(Base):
    """A summary that was sent; its figures are counted anew whenever they are looked at."""

    __tablename__ = "summaries"
    __table_args__ = (UniqueConstraint("community_id", "week_start"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    community_id: Mapped[int] = mapped_column(Id, ForeignKey("communities.id"))
    week_start: Mapped[date]
    due_at: Mapped[datetime]
    """When it was meant to be sent."""
    sent_at: Mapped[datetime]


class Sending(NamedTuple):
    """A summary that is being sent."""

    id: int
    community: Community
    week: Week
    due_at: datetime
    useless_at: datetime
    """When the next one is due."""


_DUE = (
    select(Community)
    .where(or_(Community.summary_due_at <= bindparam("now"), Community.summary_due_at.is_(None)))
    .order_by(Community.summary_due_at, Community.id)
    .limit(bindparam("limit", type_=Integer))
    .with_for_update(skip_locked=True, key_share=True)
)
"""Built once: looking for what is due costs less than building the question."""


async def take_due(session: AsyncSession, now: datetime, limit: int) -> tuple[list[Sending], bool]:
    """The summaries that are due, recorded as sent and with the next one planned; and whether there may be more. After a time
    away only a community's latest is sent."""
    due = await session.scalars(_DUE, {"now": now, "limit": limit})
    sendings, looked_at = [], 0
    for community in due.all():
        looked_at += 1
        was_planned = community.summary_due_at is not None
        community.summary_due_at = next_due(community, now)
        if was_planned and (sending := await _record(session, community, community.summary_due_at, now)):
            sendings.append(sending)
    await session.flush()
    return sendings, looked_at == limit


async def _record(session: AsyncSession, community: Community, next_at: datetime, now: datetime) -> Sending | None:
    """None where the week was sent before, or was over before there was a community."""
    due_at = latest_due(community, now)
    week = last_week(due_at, community.first_weekday, community.timezone)
    if week.ends_at <= community.created_at:
        return None
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    new = sqlite.insert(WeeklySummary) if is_sqlite else postgresql.insert(WeeklySummary)
    row = {"community_id": community.id, "week_start": week.start, "due_at": due_at, "sent_at": now}
    number = await session.scalar(new.values(row).on_conflict_do_nothing().returning(WeeklySummary.id))
    return None if number is None else Sending(number, community, week, due_at, next_at)


def next_due(community: Community, now: datetime) -> datetime:
    """The first moment after this one at which the community's clocks show its day and hour."""
    today = now.astimezone(ZoneInfo(community.timezone)).date()
    days = (today + timedelta(days=ahead) for ahead in range(DAYS + 1))
    return next(moment for moment in _moments(community, days) if moment > now)


def latest_due(community: Community, now: datetime) -> datetime:
    """The last such moment until this one."""
    today = now.astimezone(ZoneInfo(community.timezone)).date()
    days = (today - timedelta(days=back) for back in range(DAYS + 1))
    return next(moment for moment in _moments(community, days) if moment <= now)


def _moments(community: Community, days: Iterable[date]) -> Iterator[datetime]:
    """Those of the days on which it is sent, at its hour. An hour that the clocks skip is the one after it."""
    for day in days:
        if day.weekday() == weekday_of(community):
            local = datetime.combine(day, time(community.summary_hour), ZoneInfo(community.timezone))
            yield local.astimezone(UTC)


def weekday_of(community: Community) -> int:
    """The day on which the summary is sent; 0 is Monday."""
    return community.first_weekday if community.summary_weekday is None else community.summary_weekday


async def set_time(session: AsyncSession, community_id: int, *, weekday: int | None = None, hour: int | None = None) -> bool:
    """Choose another day or another hour; whether it can be chosen."""
    if (weekday is not None and weekday not in range(DAYS)) or (hour is not None and hour not in HOURS):
        return False
    chosen = {"summary_weekday": weekday} if weekday is not None else {"summary_hour": hour}
    # The next one is found anew: nothing is sent now because of the change.
    await session.execute(update(Community).where(Community.id == community_id).values(summary_due_at=None, **chosen))
    return True


async def set_private(session: AsyncSession, community_id: int, is_private: bool) -> None:
    """Whether organizers get it privately."""
    await session.execute(update(Community).where(Community.id == community_id).values(summary_is_private=is_private))


async def set_chat(session: AsyncSession, community_id: int, chat_id: int, gets_summary: bool) -> bool:
    """Whether a chat of the community gets it; False where it is not one."""
    found = await session.scalar(
        update(Chat)
        .where(Chat.id == chat_id, Chat.community_id == community_id)
        .values(gets_summary=gets_summary)
        .returning(Chat.id)
    )
    return found is not None


async def chats_that_get_it(session: AsyncSession, community_id: int) -> Sequence[Chat]:
    """Those of its chats where it is posted, and where we are."""
    return (
        await session.scalars(
            select(Chat)
            .where(Chat.community_id == community_id, Chat.gets_summary.is_(True), Chat.left_at.is_(None))
            .order_by(Chat.id)
        )
    ).all()
