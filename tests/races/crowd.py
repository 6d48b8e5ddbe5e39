"""A community with many people, all of whom met us, put into the database at once."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.types import Address, ChatKind, Event, EventKind, Place, Sender
from models.cards import post_card
from models.claims import SEATED, Claim
from models.communities import Chat, Community, Member
from models.people import Account, Person
from models.roles import Role
from models.tasks import Proof, Task

YOURS = "is yours until"
"""What somebody hears who has just taken a seat."""

_numbers = itertools.count(1)


@dataclass
class Crowd:
    """People by their external ids, and where they are."""

    community: int
    chat: int
    people: dict[str, int]
    """A person's number by their external id."""
    there: int = 0
    """The community's other chat, on Discord, where it has one."""


async def settle_in(
    session: AsyncSession, externals: Sequence[str], group: str, now: datetime, *, moderators: int = 1, **columns: object
) -> Crowd:
    """One community in one group. The first of the people are moderators; all have opened their private chats."""
    community = Community(
        code="crowd234", name="Warmth", language="en", timezone="UTC", first_weekday=0, created_at=now, **columns
    )
    session.add(community)
    await session.flush()
    chat = Chat(community_id=community.id, platform="telegram", external_id=group, kind="group", title="Warmth")
    session.add(chat)
    await session.flush()
    people = await _people(session, community.id, "telegram", externals, now, moderators)
    return Crowd(community.id, chat.id, people)


async def join_discord(session: AsyncSession, crowd: Crowd, externals: Sequence[str], channel: str, now: datetime) -> None:
    """The same community in a Discord channel as well, and these people of it."""
    chat = Chat(community_id=crowd.community, platform="discord", external_id=channel, kind="group", title="Helpers")
    session.add(chat)
    await session.flush()
    crowd.there = chat.id
    crowd.people |= await _people(session, crowd.community, "discord", externals, now)


async def _people(
    session: AsyncSession, community: int, platform: str, externals: Sequence[str], now: datetime, moderators: int = 0
) -> dict[str, int]:
    """Members of a community, by their external ids."""
    people = [{"name": f"Nour {one}", "language": "en", "created_at": now} for one in externals]
    numbers = (await session.scalars(insert(Person).returning(Person.id, sort_by_parameter_order=True), people)).all()
    for model, rows in (
        (Account, [_account(number, platform, one, now) for number, one in zip(numbers, externals, strict=True)]),
        (Member, [_member(community, number, i < moderators, now) for i, number in enumerate(numbers)]),
    ):
        await session.execute(insert(model), rows)
    return dict(zip(externals, numbers, strict=True))


def _account(person: int, platform: str, external: str, now: datetime) -> dict[str, object]:
    return {
        "person_id": person,
        "platform": platform,
        "external_id": external,
        "private_chat": external,
        "created_at": now,
    }


def _member(community: int, person: int, is_moderator: bool, now: datetime) -> dict[str, object]:
    role = Role.MODERATOR if is_moderator else Role.VOLUNTEER
    return {"community_id": community, "person_id": person, "role": role, "joined_at": now, "accepted_rules_at": now}


async def add_task(session: AsyncSession, crowd: Crowd, seats: int, now: datetime, *, has_card: bool = True) -> int:
    """An open task, with its live card in the community's chats; its number."""
    task = Task(
        community_id=crowd.community,
        title=f"Call elder {seats}",
        language="en",
        minutes=10,
        seats=seats,
        proof=Proof.NONE,
        hold_minutes=180,
        deadline_at=now + timedelta(days=2),
        author_id=next(iter(crowd.people.values())),
        created_at=now,
    )
    session.add(task)
    await session.flush()
    if has_card:
        for chat in filter(None, (crowd.chat, crowd.there)):
            await post_card(session, task.id, chat, "", now)
    return task.id


async def seated_pairs(session: AsyncSession) -> set[tuple[int, int]]:
    """Who holds a seat of which task."""
    rows = await session.execute(select(Claim.person_id, Claim.task_id).where(Claim.state.in_(SEATED)))
    return {(person, task) for person, task in rows}


def press(external: str, data: str, now: datetime, key: str = "") -> Event:
    """What a platform hands to the core when somebody presses a button in their private chat."""
    command, args, version = data.split(":")
    return Event(
        key or f"telegram:press:{next(_numbers)}",
        EventKind.PRESS,
        Sender("telegram", external, f"Nour {external}", "en"),
        Address(Place("telegram", external, ChatKind.PRIVATE), external, message="1", token=f"q{next(_numbers)}"),
        now,
        command=command,
        args=args,
        version=int(version),
    )
