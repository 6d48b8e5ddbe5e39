"""Standing holds: somebody comes every time. Each new task of the series is claimed for them, unless they are away then."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import ForeignKey, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, partial_index, table
from models.claims import Claim, ClaimState
from models.refusals import NoClaim, TaskFull
from models.series import Series, SeriesState, get_series
from models.tasks import Task


class Standing(Base):
    """A seat that somebody holds on every task of a series."""

    __tablename__ = "standing"
    __table_args__ = (
        partial_index("uq_standing", "series_id", "person_id", where="ended_at IS NULL", unique=True),
        partial_index("ix_standing_of", "person_id", where="ended_at IS NULL"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    series_id: Mapped[int] = mapped_column(Id, ForeignKey("series.id"))
    person_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"))
    since: Mapped[datetime]
    away_from: Mapped[date | None]
    away_until: Mapped[date | None]
    """The last day on which they are away."""
    ended_at: Mapped[datetime | None]


async def take_standing(session: AsyncSession, person_id: int, task: Task, now: datetime) -> Series:
    """Have somebody who holds a seat of a task hold one every time. Raises NoClaim, or TaskFull where as many come every time
    as there are seats. Asking again changes nothing."""
    held = select(Claim.id).where(Claim.task_id == task.id, Claim.person_id == person_id, Claim.state == ClaimState.HELD)
    if task.series_id is None or await session.scalar(held) is None:
        raise NoClaim(task.id, task.title)
    series = await get_series(session, task.series_id, lock=True)
    if await standing_of(session, person_id, series.id) is not None:
        return series
    if await count_standing(session, series.id) >= series.seats or series.state is SeriesState.ENDED:
        raise TaskFull(task.id, series.title)
    session.add(Standing(series_id=series.id, person_id=person_id, since=now))
    await session.flush()
    return series


async def standing_of(session: AsyncSession, person_id: int, series_id: int) -> Standing | None:
    found: Standing | None = await session.scalar(
        select(Standing).where(Standing.series_id == series_id, Standing.person_id == person_id, Standing.ended_at.is_(None))
    )
    return found


async def all_standing(session: AsyncSession, person_id: int) -> Sequence[tuple[Standing, Series]]:
    """What somebody comes to every time."""
    rows = await session.execute(
        select(Standing, Series)
        .join(Series, Series.id == Standing.series_id)
        .where(Standing.person_id == person_id, Standing.ended_at.is_(None), Series.state != SeriesState.ENDED)
        .order_by(Standing.id)
    )
    return [(standing, series) for standing, series in rows]


async def who_stands(session: AsyncSession, series_id: int, day: date) -> list[int]:
    """The people who come every time and are not away on this day, in the order in which they said so."""
    standings = await session.scalars(
        select(Standing).where(Standing.series_id == series_id, Standing.ended_at.is_(None)).order_by(Standing.id)
    )
    return [one.person_id for one in standings if not is_away(one, day)]


async def everybody_standing(session: AsyncSession, series_id: int) -> list[int]:
    """The people who come every time, away or not."""
    active = select(Standing.person_id).where(Standing.series_id == series_id, Standing.ended_at.is_(None))
    return list(await session.scalars(active.order_by(Standing.id)))


def is_away(standing: Standing, day: date) -> bool:
    if standing.away_from is None or standing.away_until is None:
        return False
    return standing.away_from <= day <= standing.away_until


async def count_standing(session: AsyncSession, series_id: int) -> int:
    """How many people come every time."""
    active = select(func.count()).select_from(Standing).where(Standing.series_id == series_id, Standing.ended_at.is_(None))
    return await session.scalar(active) or 0


async def end_standing(session: AsyncSession, series_id: int, person_ids: Sequence[int], now: datetime) -> bool:
    """These people come every time no more; whether one of them did."""
    ended = await session.execute(
        update(Standing)
        .where(Standing.series_id == series_id, Standing.person_id.in_(person_ids), Standing.ended_at.is_(None))
        .values(ended_at=now)
        .returning(Standing.id)
        .execution_options(synchronize_session=False)
    )
    return ended.first() is not None


async def end_double_standing(session: AsyncSession, kept: int, gone: int, now: datetime) -> None:
    """One person comes once: where both did, the hold of the one who stays goes on."""
    standing = table(Standing)
    both = select(standing.c.series_id).where(standing.c.person_id == kept, standing.c.ended_at.is_(None))
    theirs = (standing.c.person_id == gone, standing.c.ended_at.is_(None), standing.c.series_id.in_(both.scalar_subquery()))
    await session.execute(update(standing).where(*theirs).values(ended_at=now))


async def held_between(
    session: AsyncSession, person_id: int, series_id: int, days: tuple[date, date], now: datetime
) -> list[int]:
    """The tasks of a series on these days, the last one included, that somebody holds a seat of and that have not begun."""
    return list(
        await session.scalars(
            select(Task.id)
            .join(Claim, Claim.task_id == Task.id)
            .where(
                Task.series_id == series_id,
                Task.occurs_on.between(*days),
                Task.starts_at > now,
                Claim.person_id == person_id,
                Claim.state == ClaimState.HELD,
            )
            .order_by(Task.id)
        )
    )
