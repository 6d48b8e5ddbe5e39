"""Sharing: a link of one's own to an appeal, and who came by it. Nobody's contacts are read: the link says who shared it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ForeignKey, Index, String, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from models.base import Base, Id, table
from models.communities import new_code


class Share(Base):
    """A person's own link to an appeal."""

    __tablename__ = "shares"
    __table_args__ = (Index(None, "appeal_id", "person_id"), Index(None, "person_id"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    appeal_id: Mapped[int] = mapped_column(Id, ForeignKey("appeals.id"))
    person_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"))
    """Who shares it."""
    created_at: Mapped[datetime]


class Arrival(Base):
    """Somebody came by a link that was shared."""

    __tablename__ = "arrivals"
    __table_args__ = (Index(None, "share_id"), Index(None, "person_id"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    share_id: Mapped[int] = mapped_column(Id, ForeignKey("shares.id"))
    person_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"))
    came_at: Mapped[datetime]
    joined_at: Mapped[datetime | None]
    """When they became a member through it."""
    seated_at: Mapped[datetime | None]
    """When they took a seat through it."""


class Spread(NamedTuple):
    """What sharing brought."""

    sharers: int
    came: int
    joined: int
    seated: int


async def share_of(session: AsyncSession, appeal_id: int, person_id: int, now: datetime) -> Share:
    """A person's link to an appeal: the one they have, or a new one."""
    theirs = select(Share).where(Share.appeal_id == appeal_id, Share.person_id == person_id).order_by(Share.id).limit(1)
    known: Share | None = await session.scalar(theirs)
    if known is None:
        known = Share(code=new_code(), appeal_id=appeal_id, person_id=person_id, created_at=now)
        session.add(known)
        await session.flush()
    return known


async def share_by_code(session: AsyncSession, code: str) -> Share | None:
    found: Share | None = await session.scalar(select(Share).where(Share.code == code.strip().lower()))
    return found


async def note_arrival(session: AsyncSession, share: Share, person_id: int, now: datetime) -> None:
    """Somebody follows a link. Who came to this appeal by a link before, came by that one; nobody comes by their own."""
    if share.person_id != person_id and await _arrival(session, share.appeal_id, person_id) is None:
        session.add(Arrival(share_id=share.id, person_id=person_id, came_at=now))
        await session.flush()


async def credit_joining(session: AsyncSession, appeal_id: int, person_id: int, now: datetime) -> None:
    """Whoever shared the link by which this person came to an appeal is credited with their joining."""
    await _credit(session, Arrival.joined_at, [(appeal_id, person_id)], now)


async def credit_seats(session: AsyncSession, takers: Sequence[tuple[int, int]], now: datetime) -> None:
    """Whoever shared the links by which these came, by appeal and person, is credited with their seats."""
    await _credit(session, Arrival.seated_at, takers, now)


async def _credit(
    session: AsyncSession, what: InstrumentedAttribute[datetime | None], pairs: Sequence[tuple[int, int]], now: datetime
) -> None:
    appeals, people = {appeal for appeal, _ in pairs}, {person for _, person in pairs}
    came = (
        select(Arrival.id, Share.appeal_id, Arrival.person_id)
        .join(Share, Share.id == Arrival.share_id)
        .where(Share.appeal_id.in_(appeals), Arrival.person_id.in_(people))
        .order_by(Arrival.id.desc())
    )
    first = {(appeal, person): arrival for arrival, appeal, person in await session.execute(came)}
    ids = [first[pair] for pair in pairs if pair in first]
    if ids:
        await session.execute(update(table(Arrival)).where(Arrival.id.in_(ids), what.is_(None)).values({what.key: now}))


async def _arrival(session: AsyncSession, appeal_id: int, person_id: int) -> int | None:
    theirs = (
        select(Arrival.id)
        .join(Share, Share.id == Arrival.share_id)
        .where(Share.appeal_id == appeal_id, Arrival.person_id == person_id)
        .order_by(Arrival.id)
        .limit(1)
    )
    found: int | None = await session.scalar(theirs)
    return found


async def spread_of(session: AsyncSession, *, appeal_id: int | None = None, person_id: int | None = None) -> Spread:
    """What the sharing of an appeal brought, or all that a person shared."""
    shared = Share.appeal_id == appeal_id if appeal_id is not None else Share.person_id == person_id
    counted = (
        select(
            func.count(Share.id.distinct()),
            func.count(Arrival.id),
            func.count(Arrival.joined_at),
            func.count(Arrival.seated_at),
        )
        .select_from(Share)
        .outerjoin(Arrival, Arrival.share_id == Share.id)
        .where(shared)
    )
    return Spread(*(await session.execute(counted)).one())
