"""The weekly digest: when a person gets it, by which way, and that it comes once."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.people import DigestWay, Person

WEEK = timedelta(days=7)


async def choose_digest(
    session: AsyncSession, person: Person, way: DigestWay | None, now: datetime, *, weekday: int, hour: int
) -> None:
    """Have the week's tasks come by this way, on this weekday and at this hour where the person is; None: not at all."""
    person.digest, person.digest_weekday, person.digest_hour = way, weekday, hour
    person.digest_at = next_digest(person, now) if way else None
    await session.flush()


async def replan_digest(session: AsyncSession, person: Person, now: datetime) -> None:
    """The person lives by another clock from now on."""
    if person.digest is not None:
        person.digest_at = next_digest(person, now)
        await session.flush()


def next_digest(person: Person, now: datetime) -> datetime:
    """The first moment after `now` at which it is the person's weekday and hour on the clocks where they are."""
    zone = ZoneInfo(person.timezone or "UTC")
    local = now.astimezone(zone)
    morning = local.replace(hour=person.digest_hour, minute=0, second=0, microsecond=0, fold=0)
    morning += timedelta(days=(person.digest_weekday - local.weekday()) % 7)  # on the wall clock, whatever it does between
    moment = morning.astimezone(UTC)
    return moment if moment > now else (morning + WEEK).astimezone(UTC)


async def due_for_digest(session: AsyncSession, now: datetime, limit: int) -> Sequence[Person]:
    """Some of those whose digest is due, the longest waiting first; locked, without those whom another process looks after."""
    due = select(Person).where(Person.digest_at <= now).order_by(Person.digest_at).limit(limit)
    return (await session.scalars(due.with_for_update(skip_locked=True, key_share=True))).all()


async def take_digest(session: AsyncSession, person: Person, now: datetime) -> datetime | None:
    """Move a person's digest on; the moment at which the latest one was due, None where another process was first.

    Those that were missed while nobody looked are not made up for.
    """
    following = next_digest(person, now) if person.digest else None
    taken = await session.scalar(
        update(Person)
        .where(Person.id == person.id, Person.digest_at == person.digest_at)
        .values(digest_at=following)
        .returning(Person.id)
    )
    if taken is None or person.digest is None:
        return None
    return latest_digest(person, now)


def latest_digest(person: Person, now: datetime) -> datetime:
    """The last moment until `now` at which it was their weekday and hour; a week is an hour longer when clocks go back."""
    latest = next_digest(person, now - WEEK - timedelta(days=1))
    following = next_digest(person, latest)
    return following if following <= now else latest
