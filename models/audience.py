"""Audiences: whom an appeal is for.

An audience says what people told of themselves or did: interests, language, where they can be, that they have time now, that
they helped before, that nobody asked them lately. There is no way to name an origin, a religion, a gender or a person.
Nobody is copied: whoever sends walks over the members by their number, and asks of each page who fits.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self

from sqlalchemy import ColumnElement, Select, and_, case, func, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from models.communities import Member
from models.notices import NoticeKind
from models.people import Account, Person

ASKED_FIRST: Final = ("discord",)
"""Platforms on which nobody is written to among many who has not asked for it."""
FREE_FOR: Final = timedelta(hours=3)
"""For how long somebody who said so is taken to have time."""
_KM_IN_A_DEGREE: Final = 111.2


@dataclass(frozen=True, slots=True)
class Near:
    """Within some kilometres of a point."""

    latitude: float
    longitude: float
    km: float


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom an appeal is for: the members to whom all of this applies. Nothing said is everyone."""

    tags: tuple[str, ...] = ()
    """Interested in any of these."""
    language: str = ""
    near: Near | None = None
    has_time: bool = False
    """Said in the last hours that they have time."""
    has_helped: bool = False
    not_asked_for_days: int = 0
    about: tuple[str, ...] = ()
    """The tags that the appeal is about: who wants to hear less of one of them is left out."""

    @classmethod
    def load(cls, stored: dict[str, Any]) -> Self:
        """An audience from its JSON."""
        near = stored.get("near")
        lists = {name: tuple(stored.get(name, ())) for name in ("tags", "about")}
        return cls(**stored | lists | {"near": Near(**near) if near else None})

    def dump(self) -> dict[str, Any]:
        """As JSON, without what is not said."""
        near = self.near and {"latitude": self.near.latitude, "longitude": self.near.longitude, "km": self.near.km}
        said = {
            "tags": list(self.tags),
            "language": self.language,
            "near": near,
            "has_time": self.has_time,
            "has_helped": self.has_helped,
            "not_asked_for_days": self.not_asked_for_days,
            "about": list(self.about),
        }
        return {name: value for name, value in said.items() if value}


def asks_first(platform: str) -> bool:
    """Whether people there are written to among many only where they asked for it."""
    return platform in ASKED_FIRST


def reached(community_id: int, audience: Audience, now: datetime) -> Select[Person, Account]:
    """The members of a community who are meant, want to hear appeals and can be written to, each with one account: the one
    in which they were met last. Whether it is night, or enough for today, is another question."""
    return (
        select(Person, Account)
        .select_from(Member)
        .join(Person, Person.id == Member.person_id)
        .join(Account, Account.person_id == Person.id)
        .where(
            *_is_reachable(community_id),
            not_(_wants_none()),
            *_conditions(audience, now),
            *_conditions_on_people(audience, now),
        )
    )


def _is_reachable(community_id: int) -> tuple[ColumnElement[bool], ...]:
    is_active = (Member.community_id == community_id, Member.left_at.is_(None), Member.blocked_at.is_(None))
    return (*is_active, *_takes_appeals(Account), Account.id.not_in(_met_later_elsewhere()))


def _wants_none() -> ColumnElement[bool]:
    is_muted = and_(Person.muted != "", _has_word(Person.muted, NoticeKind.APPEAL))
    return or_(Person.stopped_at.is_not(None), is_muted)


def _takes_appeals(account: type[Account]) -> tuple[ColumnElement[bool], ...]:
    return (
        account.private_chat.is_not(None),
        or_(account.platform.not_in(ASKED_FIRST), account.opted_in_at.is_not(None)),
    )


def _met_later_elsewhere() -> Select[int]:
    """The accounts whose people were met later in another one: that one is written to. Only who was linked has several
    accounts; all of them are found at once, for looking for another account of everybody takes as long as all the rest."""
    from models.linking import Merge  # which knows of appeals, and so of audiences

    earlier, later = aliased(Account), aliased(Account)
    linked = select(Merge.kept_id).where(Merge.undone_at.is_(None))
    return (
        select(earlier.id)
        .join(later, later.person_id == earlier.person_id)
        .where(earlier.person_id.in_(linked), later.id > earlier.id, *_takes_appeals(later))
    )


def _conditions(audience: Audience, now: datetime) -> Iterator[ColumnElement[bool]]:
    if audience.has_helped:
        yield Member.trusted_at.is_not(None)
    if audience.not_asked_for_days:
        yield or_(Member.asked_at.is_(None), Member.asked_at < now - timedelta(days=audience.not_asked_for_days))


def _conditions_on_people(audience: Audience, now: datetime) -> Iterator[ColumnElement[bool]]:
    if audience.tags:
        yield or_(*(_has_word(Person.interests, tag) for tag in audience.tags))
    if audience.about:
        yield and_(*(not_(_has_word(Person.fewer, tag)) for tag in audience.about))
    if audience.language:
        yield Person.language == audience.language
    if audience.near:
        yield from _within(audience.near)
    if audience.has_time:
        yield Person.free_at > now - FREE_FOR


def _has_word(column: ColumnElement[str] | Any, word: str) -> ColumnElement[bool]:
    """Whether a column of words that stand between blanks has this one."""
    return (" " + column + " ").contains(f" {word} ", autoescape=True)


def _within(near: Near) -> Iterator[ColumnElement[bool]]:
    """Near enough, as on a flat map round the point: exact to a hundredth where a team can walk or drive."""
    height = near.km / _KM_IN_A_DEGREE
    yield Person.latitude.between(near.latitude - height, near.latitude + height)
    north = Person.latitude - near.latitude
    apart = func.abs(Person.longitude - near.longitude)
    east = case((apart > 180, 360 - apart), else_=apart) * math.cos(math.radians(near.latitude))
    yield north * north + east * east <= height * height


async def count_audience(session: AsyncSession, community_id: int, audience: Audience, now: datetime) -> dict[str, int]:
    """How many people would be written to privately, by platform."""
    platforms = await _platforms(session)
    if not platforms:
        return {}
    counts = [func.sum(case((Account.platform == platform, 1), else_=0)) for platform in platforms]
    meant = reached(community_id, audience, now).with_only_columns(*counts)
    numbers = (await session.execute(meant)).one()
    return {platform: int(n) for platform, n in zip(platforms, numbers, strict=True) if n}


async def _platforms(session: AsyncSession) -> list[str]:
    """Where people have accounts: one look at the index for each, for grouping a crowd takes longer than counting it."""
    found: list[str] = []
    while True:
        following = select(func.min(Account.platform)).where(Account.platform > (found[-1] if found else ""))
        platform = await session.scalar(following)
        if platform is None:
            return found
        found.append(platform)
