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

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, not_, or_, select
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
            Member.community_id == community_id,
            Member.left_at.is_(None),
            Member.blocked_at.is_(None),
            Person.stopped_at.is_(None),
            not_(_has_word(Person.muted, NoticeKind.APPEAL)),
            *_takes_appeals(Account),
            not_(_later_account()),
            *_conditions(audience, now),
        )
    )


def _takes_appeals(account: type[Account]) -> tuple[ColumnElement[bool], ...]:
    return (
        account.private_chat.is_not(None),
        or_(account.platform.not_in(ASKED_FIRST), account.opted_in_at.is_not(None)),
    )


def _later_account() -> ColumnElement[bool]:
    """The person was met later in another account: that one is written to."""
    later = aliased(Account)
    theirs = (later.person_id == Account.person_id, later.id > Account.id)
    return select(literal(1)).where(*theirs, *_takes_appeals(later)).correlate(Account).exists()


def _conditions(audience: Audience, now: datetime) -> Iterator[ColumnElement[bool]]:
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
    if audience.has_helped:
        yield Member.trusted_at.is_not(None)
    if audience.not_asked_for_days:
        yield or_(Member.asked_at.is_(None), Member.asked_at < now - timedelta(days=audience.not_asked_for_days))


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
    meant = reached(community_id, audience, now).with_only_columns(Account.platform, func.count())
    rows = await session.execute(meant.group_by(Account.platform))
    return dict(rows.all())
