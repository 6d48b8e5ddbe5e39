"""When each tick last succeeded: what a watchdog and the deployer look at."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import String, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base

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


async def note_beat(session: AsyncSession, name: str, every: timedelta, now: datetime) -> None:
    """A tick succeeded."""
    values = {"name": name, "every_seconds": every.total_seconds(), "succeeded_at": now}
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    new = (sqlite.insert(Beat) if is_sqlite else postgresql.insert(Beat)).on_conflict_do_nothing()
    found = await session.scalar(update(Beat).where(Beat.name == name).values(values).returning(Beat.name))
    if found is None:
        await session.execute(new, values)


async def beats(session: AsyncSession, now: datetime, slack: timedelta) -> list[Lateness]:
    """Every tick that ever succeeded. `slack` is what lies between a success and its record."""
    rows = await session.scalars(select(Beat).order_by(Beat.name))
    return [
        Lateness(row.name, every, row.succeeded_at, now - row.succeeded_at > PERIODS_OF_GRACE * every + slack)
        for row in rows
        for every in [timedelta(seconds=row.every_seconds)]
    ]
