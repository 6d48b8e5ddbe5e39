"""Thanks: one member says to another that what they did was good to have."""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id
from models.claims import Claim, ClaimState
from models.communities import member
from models.people import Person
from models.refusals import NotFound, OwnThanks, ThankedAlready

APART = timedelta(days=1)
"""One person thanks another once within this time, so that thanks stay something said and do not become noise."""


class Thanks(Base):
    """Somebody thanked somebody."""

    __tablename__ = "thanks"
    __table_args__ = (
        Index(None, "receiver_id"),
        Index(None, "giver_id", "receiver_id", "given_at"),
        Index(None, "community_id", "given_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    giver_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"))
    receiver_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"))
    community_id: Mapped[int] = mapped_column(Id, ForeignKey("communities.id"))
    task_id: Mapped[int | None] = mapped_column(Id, ForeignKey("tasks.id"))
    """What it is for, where that was said."""
    given_at: Mapped[datetime]


async def thank(
    session: AsyncSession, giver_id: int, receiver_id: int, community_id: int, now: datetime, *, task_id: int | None = None
) -> Thanks:
    """Note that one member thanks another. Raises OwnThanks, NotFound where the other is no member, ThankedAlready."""
    if giver_id == receiver_id:
        raise OwnThanks
    standing = await member(session, community_id, receiver_id)
    if standing is None or not standing.is_active:
        raise NotFound("thanked")
    # Whoever thanks is locked, so that two presses at once are one after the other.
    await session.execute(select(Person.id).where(Person.id == giver_id).with_for_update(key_share=True))
    latest = await session.scalar(
        select(Thanks.id)
        .where(Thanks.giver_id == giver_id, Thanks.receiver_id == receiver_id, Thanks.given_at > now - APART)
        .limit(1)
    )
    if latest is not None:
        raise ThankedAlready
    given = Thanks(giver_id=giver_id, receiver_id=receiver_id, community_id=community_id, task_id=task_id, given_at=now)
    session.add(given)
    await session.flush()
    return given


async def thanks_received(session: AsyncSession, person_id: int) -> int:
    """How often others thanked a person. What somebody gave to an account that turned out to be their own does not count."""
    query = select(func.count()).where(Thanks.receiver_id == person_id, Thanks.giver_id != person_id)
    return await session.scalar(query) or 0


async def who_did(session: AsyncSession, task_id: int, asker_id: int, *, names_all: bool) -> list[Person]:
    """Those whose work on a task was approved, without the asker; those who want privacy only where `names_all`."""
    query = (
        select(Person)
        .join(Claim, Claim.person_id == Person.id)
        .where(Claim.task_id == task_id, Claim.state == ClaimState.APPROVED, Person.id != asker_id)
        .order_by(Claim.id)
    )
    people = (await session.scalars(query if names_all else query.where(Person.is_private.is_(False)))).all()
    return list(people)
