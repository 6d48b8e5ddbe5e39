"""Who lives in the year: communities in seven time zones, and people who are more or less busy, patient and diligent."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bench.year.stage import BEGIN, PLATFORM
from models.base import table
from models.communities import Community, Member
from models.people import Account, Person
from models.roles import Role

ZONES = (
    "Africa/Cairo", "Asia/Beirut", "Africa/Casablanca", "America/New_York", "Asia/Riyadh", "Europe/Berlin",
    "Australia/Lord_Howe",
)  # fmt: skip
"""Most of them change their clocks, one by half an hour, one the other way round in Ramadan."""
_FIRST = 10_000
_STAFF = 4
"""Moderators of a community, the first of whom is its organizer."""


@dataclass(frozen=True)
class Human:
    """A simulated person."""

    id: str
    """Their account's id on the platform, which is also their private chat."""
    number: int
    zone: str
    diligence: float
    """How likely they are to finish what they take."""
    attention: float
    """How likely they are to react to a message."""

    def is_awake(self, at: datetime) -> bool:
        return 8 <= at.astimezone(ZoneInfo(self.zone)).hour < 23


@dataclass
class Team:
    """A simulated community."""

    id: int
    zone: str
    staff: list[Human]
    volunteers: list[Human]
    open_tasks: list[int] = field(default_factory=list)

    @property
    def people(self) -> list[Human]:
        return [*self.staff, *self.volunteers]


async def settle(session: AsyncSession, teams: int, people: int, chance: random.Random) -> list[Team]:
    """Make the communities and their people."""
    made = []
    for number in range(1, teams + 1):
        zone = ZONES[number % len(ZONES)]
        count = people // teams
        first = (number - 1) * count + 1
        humans = [
            Human(str(_FIRST + n), n, zone, chance.betavariate(6, 2), chance.betavariate(3, 3))
            for n in range(first, first + count)
        ]
        made.append(Team(number, zone, humans[:_STAFF], humans[_STAFF:]))
        await _write(session, made[-1], number, chance)
    return made


async def _write(session: AsyncSession, team: Team, number: int, chance: random.Random) -> None:
    connection = await session.connection()
    row = {
        "id": team.id, "code": f"year{number:04}", "name": f"Team {number}", "language": ("ar", "en")[number % 2],
        "timezone": team.zone, "first_weekday": (6, 5, 0)[number % 3], "created_at": BEGIN,
    }  # fmt: skip
    await connection.execute(insert(table(Community)), [row])
    await connection.execute(insert(table(Person)), [_person(human, chance) for human in team.people])
    await connection.execute(
        insert(table(Account)),
        [
            {"person_id": one.number, "platform": PLATFORM, "external_id": one.id, "private_chat": one.id, "created_at": BEGIN}
            for one in team.people
        ],
    )
    await connection.execute(insert(table(Member)), [_member(team, human) for human in team.people])


def _person(human: Human, chance: random.Random) -> dict[str, object]:
    quiet_from, quiet_until = chance.choice(((1260, 540), (1320, 420), (1380, 480), (0, 0)))
    daily, weekly = chance.choice(((3, 10), (1, 3), (8, 40)))
    return {
        "id": human.number, "name": f"Nour {human.number}", "language": chance.choice(("ar", "en")), "timezone": human.zone,
        "created_at": BEGIN, "quiet_from": quiet_from, "quiet_until": quiet_until, "daily_budget": daily,
        "weekly_budget": weekly,
    }  # fmt: skip


def _member(team: Team, human: Human) -> dict[str, object]:
    role = Role.ORGANIZER if human is team.staff[0] else Role.MODERATOR if human in team.staff else Role.VOLUNTEER
    return {
        "community_id": team.id, "person_id": human.number, "role": role, "joined_at": BEGIN, "accepted_rules_at": BEGIN,
        "trusted_at": BEGIN if role > Role.VOLUNTEER else None,
    }  # fmt: skip


def awake(people: Sequence[Human], at: datetime) -> list[Human]:
    """Those who are not asleep."""
    return [one for one in people if one.is_awake(at)]
