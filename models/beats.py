"""When each tick last succeeded: what a watchdog and the deployer look at."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Insert, String, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, table

PERIODS_OF_GRACE = 3
"""A tick that is late by so many of its periods is a fault that the deployer is told."""


class Beat(Base):
    """A tick that succeeded."""

    __tablename__ = "beats"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    every_seconds: Mapped[float]
    succeeded_at: Mapped[datetime]


class Lateness(NamedTuple):
    """How a tick stands."""

    name: str
    every: timedelta
    succeeded_at: datetime
    is_late: bool


class Success(NamedTuple):
    """That a tick succeeded."""

    name: str
    every_seconds: float
    succeeded_at: datetime


def _noting(insert: type[postgresql.Insert] | type[sqlite.Insert]) -> Insert:
    new = insert(table(Beat))
    renewed = {name: new.excluded[name] for name in ("every_seconds", "succeeded_at")}
    return new.on_conflict_do_update(index_elements=["name"], set_=renewed)


_NOTING = {"sqlite": _noting(sqlite.Insert), "postgresql": _noting(postgresql.Insert)}


async def note_beats(session: AsyncSession, successes: Iterable[Success]) -> None:
    """These ticks succeeded."""
    connection = await session.connection()
    in_order = sorted(successes)  # several processes note them: in one order, none waits for another in a circle
    await connection.execute(_NOTING[connection.dialect.name], [one._asdict() for one in in_order])


async def beats(session: AsyncSession, now: datetime, slack: timedelta) -> list[Lateness]:
    """Every tick that ever succeeded. `slack` is what lies between a success and its record."""
    rows = await session.scalars(select(Beat).order_by(Beat.name))
    return [
        Lateness(row.name, every, row.succeeded_at, now - row.succeeded_at > PERIODS_OF_GRACE * every + slack)
        for row in rows
        for every in [timedelta(seconds=row.every_seconds)]
    ]
