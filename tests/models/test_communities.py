"""Communities: founded once a chat, never without an organizer, and at home wherever their chat goes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, make_url, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.database import Database
from models.communities import Chat, Community, Member, join, keep_an_organizer, leave, new_code, set_role
from models.moving import move_chat
from models.people import Identity, Newcomer, meet
from models.refusals import ChatTaken, LastOrganizer, NotAllowed, NotFound, Refusal
from models.roles import Role
from models.setting_up import Charter, Home, change, found, set_limit

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOME = Home("telegram", "-5", "group", "Warmth")
CHARTER = Charter("Warmth", "ar", "Africa/Cairo", 5, "Be kind.")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(make_url(database_url))
    yield database
    await database.close()


async def people(session: AsyncSession, n: int) -> list[int]:
    newcomers = [Newcomer(Identity("telegram", str(i)), f"P{i}", "en") for i in range(n)]
    accounts = await meet(session, newcomers, NOW)
    return [accounts[newcomer.identity].person_id for newcomer in newcomers]


async def founded(database: Database, organizers: int) -> tuple[int, list[int]]:
    """A community with this many organizers, and one volunteer."""
    async with database.write() as session:
        ids = await people(session, organizers + 1)
        community = await found(session, HOME, CHARTER, ids[0], NOW)
        for one in ids[1:]:
            await join(session, community.id, one, NOW, accepts_rules=True)
        for one in ids[1:-1]:
            await set_role(session, community.id, one, Role.ORGANIZER, by=ids[0])
        await session.commit()
        return community.id, ids


async def organizers_left(database: Database) -> int:
    async with database.read() as session:
        active = Member.left_at.is_(None)
        return await session.scalar(select(func.count()).where(Member.role == Role.ORGANIZER, active)) or 0


async def test_founding_makes_community_chat_and_organizer_at_once(database: Database) -> None:
    community_id, (organizer, _) = await founded(database, 1)
    async with database.read() as session:
        community = await session.get_one(Community, community_id)
        assert (community.name, community.first_weekday, community.newcomer_claims) == ("Warmth", 5, 1)
        chat = (await session.scalars(select(Chat))).one()
        assert (chat.community_id, chat.external_id, chat.left_at) == (community_id, "-5", None)
        member = await session.get_one(Member, (community_id, organizer))
        assert (member.role, member.accepted_rules_at) == (Role.ORGANIZER, NOW)


async def test_a_chat_has_one_community_whoever_is_faster(database: Database) -> None:
    async with database.write() as session:
        ids = await people(session, 2)
        await session.commit()

    async def race(person: int) -> str:
        async with database.write() as session:
            try:
                await found(session, HOME, CHARTER, person, NOW)
                await session.commit()
            except (ChatTaken, IntegrityError) as late:
                return type(late).__name__
            return "founded"

    outcomes = sorted(await asyncio.gather(*map(race, ids)))
    assert outcomes[1] == "founded"
    assert outcomes[0] in {"ChatTaken", "IntegrityError"}
    async with database.write() as session:
        with pytest.raises(ChatTaken, match="Warmth"):
            await found(session, HOME, CHARTER, ids[1], NOW)
        assert await session.scalar(select(func.count()).select_from(Community)) == 1
        assert await session.scalar(select(func.count()).select_from(Member)) == 1


@pytest.mark.parametrize("way_out", ["step down", "leave"])
async def test_two_organizers_who_go_at_the_same_moment_leave_one_behind(database: Database, way_out: str) -> None:
    community_id, (one, other, _) = await founded(database, 2)

    async def go(person: int) -> bool:
        async with database.write() as session:
            try:
                if way_out == "leave":
                    await leave(session, community_id, person, NOW)
                else:
                    await set_role(session, community_id, person, Role.VOLUNTEER, by=person)
                await asyncio.sleep(0.05)  # the other one is under way by now
                await session.commit()
            except LastOrganizer:
                return False
            return True

    assert sorted(await asyncio.gather(go(one), go(other))) == [False, True]
    assert await organizers_left(database) == 1


async def test_two_organizers_who_take_the_role_from_each_other_do_not_both_succeed(database: Database) -> None:
    community_id, (one, other, _) = await founded(database, 2)

    async def depose(by: int, whom: int) -> str:
        async with database.write() as session:
            try:
                await set_role(session, community_id, whom, Role.VOLUNTEER, by=by)
                await asyncio.sleep(0.05)
                await session.commit()
            except Refusal as refusal:
                return type(refusal).__name__
            return "done"

    assert sorted(await asyncio.gather(depose(one, other), depose(other, one))) == ["NotAllowed", "done"]
    assert await organizers_left(database) == 1


async def test_roles_are_given_by_organizers_to_members_only(database: Database) -> None:
    community_id, (organizer, volunteer) = await founded(database, 1)
    async with database.write() as session:
        (stranger,) = [one for one in await people(session, 3) if one not in {organizer, volunteer}]
        with pytest.raises(NotAllowed):
            await set_role(session, community_id, volunteer, Role.MODERATOR, by=volunteer)
        with pytest.raises(NotFound):
            await set_role(session, community_id, stranger, Role.MODERATOR, by=organizer)
        assert await set_role(session, community_id, volunteer, Role.MODERATOR, by=organizer) is Role.VOLUNTEER
        await leave(session, community_id, volunteer, NOW)
        with pytest.raises(NotFound):
            await set_role(session, community_id, volunteer, Role.ORGANIZER, by=organizer)
        with pytest.raises(LastOrganizer):
            await keep_an_organizer(session, community_id, organizer, Role.MODERATOR)


async def test_a_moved_chat_is_the_same_chat_however_often_it_is_told(database: Database) -> None:
    community_id, _ = await founded(database, 1)
    async with database.write() as session:
        for _ in range(2):
            await move_chat(session, "telegram", "-5", "-1005", NOW)
        await move_chat(session, "telegram", "-7", "-1007", NOW)
        await session.commit()
    async with database.read() as session:
        chats = await session.execute(select(Chat.external_id, Chat.community_id, Chat.left_at))
        assert chats.all() == [("-1005", community_id, None)]


async def test_a_chat_that_moves_where_a_community_lives_gives_way(database: Database) -> None:
    community_id, (organizer, _) = await founded(database, 1)
    async with database.write() as session:
        new = await found(session, Home("telegram", "-1005", "group"), CHARTER, organizer, NOW)
        await move_chat(session, "telegram", "-5", "-1005", NOW)
        await session.commit()
    async with database.read() as session:
        chats = await session.execute(select(Chat.external_id, Chat.community_id, Chat.left_at).order_by(Chat.id))
        assert chats.all() == [("-5", community_id, NOW), ("-1005", new.id, None)]


async def test_what_a_community_is_can_be_changed_but_not_its_code(database: Database) -> None:
    community_id, _ = await founded(database, 1)
    async with database.write() as session:
        code = (await session.get_one(Community, community_id)).code
        changed = await change(session, community_id, Charter("Books", "en", "Asia/Amman", 0))
        assert (changed.name, changed.rules, changed.code) == ("Books", "", code)
        assert await set_limit(session, community_id, "member_claims", 5)
        assert not await set_limit(session, community_id, "member_claims", 6)
        assert not await set_limit(session, community_id, "id", 1)
        await session.refresh(changed)
        assert changed.member_claims == 5


def test_codes_are_many_and_can_be_read_aloud() -> None:
    codes = {new_code() for _ in range(1000)}
    assert len(codes) == 1000
    assert all(len(code) == 8 and not set(code) & set("aeiouyl01") for code in codes)
