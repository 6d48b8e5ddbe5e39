"""Founding a community in a chat, and changing what it is."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Base
from models.communities import Chat, Community, Member, chat_at, new_code
from models.refusals import ChatTaken
from models.roles import Role

LIMITS: dict[str, tuple[int, ...]] = {
    "newcomer_claims": (1, 2, 3),
    "member_claims": (1, 2, 3, 5, 10),
    "still_times": (1, 2, 3, 5, 10),
    "extra_hours": (3, 6, 12, 24, 72),
    "review_hours": (6, 12, 24, 48, 72),
    "moderator_appeals": (0, 1, 2, 5),
    "organizer_appeals": (1, 2, 5, 10),
    "daily_appeals": (1, 2, 5, 10, 20),
    "appeal_moderators": (1, 2),
}
"""What an organizer can choose for each of a community's numbers."""


@dataclass(frozen=True)
class Charter:
    """What an organizer says a community is."""

    name: str
    language: str
    timezone: str
    first_weekday: int
    """0 is Monday, as in `datetime.weekday`."""
    rules: str = ""


@dataclass(frozen=True)
class Home:
    """The chat in which a community is founded."""

    platform: str
    external_id: str
    kind: str
    title: str = ""


async def found(session: AsyncSession, home: Home, charter: Charter, organizer_id: int, now: datetime) -> Community:
    """Make a chat a community; the organizer accepts its rules by having written them.

    Raises ChatTaken where a community lives there already, and IntegrityError where another transaction founds one there at
    this moment: repeated, it finds the chat taken.
    """
    taken = await chat_at(session, home.platform, home.external_id)
    if taken is not None:
        community = await session.get_one(Community, taken.community_id)
        raise ChatTaken(community.name, community.code)
    community = Community(code=new_code(), created_at=now, **asdict(charter))
    await _add(session, community)
    chat = Chat(
        community_id=community.id,
        platform=home.platform,
        external_id=home.external_id,
        kind=home.kind,
        title=home.title[:200],
    )
    organizer = Member(
        community_id=community.id, person_id=organizer_id, role=Role.ORGANIZER, joined_at=now, accepted_rules_at=now
    )
    await _add(session, chat, organizer)
    return community


async def change(session: AsyncSession, community_id: int, charter: Charter) -> Community:
    """Change what a community is."""
    community = await session.get_one(Community, community_id, with_for_update=True)
    for name, value in asdict(charter).items():
        setattr(community, name, value)
    community.summary_due_at = None  # the time zone or the first day of the week may be another one
    await session.flush()
    return community


async def set_limit(session: AsyncSession, community_id: int, name: str, value: int) -> bool:
    """Change one of a community's numbers; whether it is one, and the value one that can be chosen."""
    if value not in LIMITS.get(name, ()):
        return False
    await session.execute(update(Community).where(Community.id == community_id).values({name: value}))
    return True


async def _add(session: AsyncSession, *rows: Base) -> None:
    session.add_all(rows)
    await session.flush()
