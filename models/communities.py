"""Communities, the chats they live in, and their members."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, bindparam, false, func, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, ordered, partial_index
from models.people import Person
from models.refusals import LastOrganizer, NotAllowed, NotFound
from models.roles import Role

OFFERED_WITHIN = timedelta(days=14)
"""Every member is offered something within this time, while there is something that fits them."""


class Community(Base):
    """A team of volunteers; owns tasks, rules and roles; may live in several chats on several platforms."""

    __tablename__ = "communities"
    __table_args__ = (Index(None, "summary_due_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    """What a link or `/join` names it by."""
    name: Mapped[str] = mapped_column(String(80))
    language: Mapped[str] = mapped_column(String(8))
    """The language of what is said to everybody in its chats."""
    timezone: Mapped[str] = mapped_column(String(64))
    first_weekday: Mapped[int]
    """0 is Monday, 6 is Sunday, as in `datetime.weekday`."""
    rules: Mapped[str] = mapped_column(String(2000), default="")
    newcomer_claims: Mapped[int] = mapped_column(default=1)
    """How many open claims a member may hold before their first approved report."""
    member_claims: Mapped[int] = mapped_column(default=3)
    """How many open claims a member may hold after it."""
    review_hours: Mapped[int] = mapped_column(default=24)
    """Within how many hours moderators mean to look at a report."""
    still_times: Mapped[int] = mapped_column(default=3, server_default="3")
    """How often a holder's word that they are still on it starts the clock anew."""
    extra_hours: Mapped[int] = mapped_column(default=24, server_default="24")
    """How much more time a holder may take without asking a moderator."""
    summary_weekday: Mapped[int | None]
    """On which day its weekly summary is sent; None: on the first of the week."""
    summary_hour: Mapped[int] = mapped_column(default=9, server_default="9")
    summary_is_private: Mapped[bool] = mapped_column(default=True, server_default=true())
    """Whether its organizers get it privately; chats that get it say so themselves."""
    summary_due_at: Mapped[datetime | None]
    """When the next one is sent; None: that is still to be found out."""
    moderator_appeals: Mapped[int] = mapped_column(default=2, server_default="2")
    """How many appeals a moderator may let go within 24 hours."""
    organizer_appeals: Mapped[int] = mapped_column(default=5, server_default="5")
    daily_appeals: Mapped[int] = mapped_column(default=5, server_default="5")
    """How many appeals all of them together may."""
    appeal_moderators: Mapped[int] = mapped_column(default=1, server_default="1")
    """How many moderators it takes to let an appeal go; one that is urgent always takes two."""
    created_at: Mapped[datetime]


class Chat(Base):
    """A group, topic or channel on a platform in which a community lives."""

    __tablename__ = "chats"
    __table_args__ = (UniqueConstraint("platform", "external_id"), Index(None, "community_id"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    community_id: Mapped[int] = mapped_column(Id, ForeignKey("communities.id"))
    platform: Mapped[str] = mapped_column(String(20))
    external_id: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(10))
    title: Mapped[str] = mapped_column(String(200))
    left_at: Mapped[datetime | None]
    """When we were removed from it; nothing is sent there until we are back."""
    gets_summary: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether the weekly summary is posted in it."""
    moderator_role: Mapped[str | None] = mapped_column(String(64))
    """The platform's id of a role of its own whose bearers are moderators for what they ask in this chat."""


class Member(Base):
    """A person in a community, with a role."""

    __tablename__ = "members"
    __table_args__ = (
        Index(None, "person_id"),
        Index(None, "community_id", "role"),
        Index(None, "community_id", "asked_at"),
        Index(None, "community_id", "joined_at"),
        partial_index("ix_members_look", "look_at", where="left_at IS NULL AND blocked_at IS NULL"),
    )

    community_id: Mapped[int] = mapped_column(Id, ForeignKey("communities.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"), primary_key=True)
    role: Mapped[Role] = mapped_column(ordered(Role))
    joined_at: Mapped[datetime]
    accepted_rules_at: Mapped[datetime | None]
    trusted_at: Mapped[datetime | None]
    """When their first report was approved; until then they are a newcomer."""
    blocked_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    """When they were last offered a task here without having asked; whoever offers sets it."""
    look_at: Mapped[datetime] = mapped_column(default=lambda row: row.get_current_parameters()["joined_at"] + OFFERED_WITHIN)
    """When to look whether there is something to offer them (models/asking.py)."""

    @property
    def is_active(self) -> bool:
        return self.left_at is None and self.blocked_at is None


def new_code() -> str:
    """A code that nobody guesses and that reads well aloud: no vowels, no look-alikes."""
    return "".join(secrets.choice("bcdfghjkmnpqrstvwxz23456789") for _ in range(8))


async def chat_at(session: AsyncSession, platform: str, external_id: str) -> Chat | None:
    found: Chat | None = await session.scalar(select(Chat).where(Chat.platform == platform, Chat.external_id == external_id))
    return found


_COMMUNITIES_OF_CHATS = select(Chat.external_id, Chat.community_id).where(
    Chat.platform == bindparam("platform"), Chat.external_id.in_(bindparam("chats", expanding=True))
)
"""Built once: building a statement costs more than running it."""


async def communities_of_chats(session: AsyncSession, platform: str, external_ids: Iterable[str]) -> dict[str, int]:
    """Which community lives in each of these chats; chats without one are left out."""
    connection = await session.connection()
    rows = await connection.execute(_COMMUNITIES_OF_CHATS, {"platform": platform, "chats": list(set(external_ids))})
    return dict(rows.all())


async def zones_of(session: AsyncSession, community_ids: Iterable[int]) -> dict[int, str]:
    """The time zone of each of these communities."""
    rows = await session.execute(select(Community.id, Community.timezone).where(Community.id.in_(list(community_ids))))
    return dict(rows.all())


async def chats_of(session: AsyncSession, community_id: int) -> Sequence[Chat]:
    """The chats in which a community lives and where we are, the oldest first."""
    return (
        await session.scalars(select(Chat).where(Chat.community_id == community_id, Chat.left_at.is_(None)).order_by(Chat.id))
    ).all()


async def all_chats(session: AsyncSession, community_id: int) -> Sequence[Chat]:
    """The chats of a community, also those where nothing can be said at the moment; the oldest first."""
    return (await session.scalars(select(Chat).where(Chat.community_id == community_id).order_by(Chat.id))).all()


async def community_by_code(session: AsyncSession, code: str) -> Community | None:
    found: Community | None = await session.scalar(select(Community).where(Community.code == code.strip().lower()))
    return found


async def member(session: AsyncSession, community_id: int, person_id: int) -> Member | None:
    """The membership, whether or not the person has left or is blocked."""
    return await session.get(Member, (community_id, person_id))


_MEMBERSHIPS = (  # built once: building a statement costs more than running it
    select(Community, Member)
    .join(Member, Member.community_id == Community.id)
    .where(
        Member.person_id == bindparam("person"),
        Member.role >= bindparam("role"),
        Member.left_at.is_(None),
        Member.blocked_at.is_(None),
    )
    .order_by(Community.name)
)


async def memberships(
    session: AsyncSession, person_id: int, role: Role = Role.VOLUNTEER
) -> Sequence[tuple[Community, Member]]:
    """The communities in which a person is active with at least this role."""
    rows = await session.execute(_MEMBERSHIPS, {"person": person_id, "role": role})
    return [(community, member) for community, member in rows]


async def highest_role(session: AsyncSession, person_id: int) -> Role:
    """The greatest role that a person has anywhere; that of a volunteer where they are no member."""
    role = await session.scalar(
        select(func.max(Member.role)).where(
            Member.person_id == person_id, Member.left_at.is_(None), Member.blocked_at.is_(None)
        )
    )
    return Role(role or Role.VOLUNTEER)


async def join(session: AsyncSession, community_id: int, person_id: int, now: datetime, *, accepts_rules: bool) -> Member:
    """Make a person an active member (again). Joining twice changes nothing; a blocked member stays blocked."""
    known = await session.get(Member, (community_id, person_id), with_for_update=True)
    if known is None:
        known = Member(community_id=community_id, person_id=person_id, role=Role.VOLUNTEER, joined_at=now)
        session.add(known)
    if known.left_at is not None:
        known.left_at, known.role = None, Role.VOLUNTEER
    if accepts_rules and known.accepted_rules_at is None:
        known.accepted_rules_at = now
    await session.flush()
    return known


async def staff(session: AsyncSession, community_id: int, role: Role = Role.MODERATOR) -> Sequence[Person]:
    """The active members with at least this role, those who joined first first."""
    return (
        await session.scalars(
            select(Person)
            .join(Member, Member.person_id == Person.id)
            .where(
                Member.community_id == community_id,
                Member.role >= role,
                Member.left_at.is_(None),
                Member.blocked_at.is_(None),
            )
            .order_by(Member.joined_at, Person.id)
        )
    ).all()


async def lock_community(session: AsyncSession, community_id: int) -> None:
    """Have whoever changes roles here at this moment come first, or wait."""
    # Without the key, which a row that refers to the community holds on to (PostgreSQL: FOR NO KEY UPDATE).
    await session.execute(select(Community.id).where(Community.id == community_id).with_for_update(key_share=True))


class Listed(NamedTuple):
    """A member as a list shows them."""

    person_id: int
    name: str
    role: Role


async def roster(session: AsyncSession, community_id: int) -> list[Listed]:
    """The active members, greater roles first, then by name."""
    rows = await session.execute(
        select(Person.id, Person.name, Member.role)
        .join(Member, Member.person_id == Person.id)
        .where(Member.community_id == community_id, Member.left_at.is_(None), Member.blocked_at.is_(None))
        .order_by(Member.role.desc(), Person.name, Person.id)
    )
    return [Listed._make(row) for row in rows]


async def set_role(session: AsyncSession, community_id: int, person_id: int, role: Role, *, by: int) -> Role:
    """Have an organizer give or take a role; the role that was. What it says about both is true when it is written.

    Raises NotAllowed where `by` organizes nothing here (any more), NotFound where the other is no member, and LastOrganizer
    where nobody would be left to organize.
    """
    await lock_community(session, community_id)
    rows = await session.execute(
        select(Member.person_id, Member.role).where(
            Member.community_id == community_id,
            Member.person_id.in_({person_id, by}),
            Member.left_at.is_(None),
            Member.blocked_at.is_(None),
        )
    )
    roles = dict(rows.all())
    if roles.get(by, Role.VOLUNTEER) < Role.ORGANIZER:
        raise NotAllowed(Role.ORGANIZER)
    if person_id not in roles:
        raise NotFound("member", str(person_id))
    await keep_an_organizer(session, community_id, person_id, role)
    await session.execute(
        update(Member).where(Member.community_id == community_id, Member.person_id == person_id).values(role=role)
    )
    return roles[person_id]


async def leave(session: AsyncSession, community_id: int, person_id: int, now: datetime) -> None:
    """End a membership. Raises LastOrganizer where nobody would be left to organize."""
    await keep_an_organizer(session, community_id, person_id, Role.VOLUNTEER)
    await session.execute(
        update(Member).where(Member.community_id == community_id, Member.person_id == person_id).values(left_at=now)
    )


async def keep_an_organizer(session: AsyncSession, community_id: int, person_id: int, new_role: Role) -> None:
    """Refuse what would leave the community without an organizer. Locks the community, so that two organizers who step
    down at the same moment are asked one after the other."""
    await lock_community(session, community_id)
    if new_role >= Role.ORGANIZER:
        return
    others = await session.scalar(
        select(func.count())
        .select_from(Member)
        .where(
            Member.community_id == community_id,
            Member.role == Role.ORGANIZER,
            Member.person_id != person_id,
            Member.left_at.is_(None),
            Member.blocked_at.is_(None),
        )
    )
    stepping_down = await session.scalar(
        select(Member.role).where(Member.community_id == community_id, Member.person_id == person_id)
    )
    if stepping_down == Role.ORGANIZER and not others:
        raise LastOrganizer


async def set_chat_presence(session: AsyncSession, platform: str, chat: str, left_at: datetime | None) -> None:
    """Remember that we were removed from a chat, or are back in it."""
    await session.execute(update(Chat).where(Chat.platform == platform, Chat.external_id == chat).values(left_at=left_at))
