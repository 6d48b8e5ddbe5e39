"""The sample community stands in a fresh database, once, and is one that works."""

from sqlalchemy import func, select

from bot.core import Core
from bot.playground.cast import PHONES
from bot.playground.sample import settle_in
from models.cards import LiveCard
from models.communities import Community, Member
from models.people import Account
from models.reports import Report, ReportState
from models.roles import Role
from models.tasks import Task
from tests.bot.playground.conftest import playground_of


async def test_a_fresh_database_gets_a_community_with_people_tasks_and_cards(core: Core) -> None:
    await settle_in(core.edge, playground_of(core))
    async with core.database.read() as session:
        community = (await session.scalars(select(Community))).one()
        members = await session.execute(
            select(Account.external_id, Member.role).join(Member, Member.person_id == Account.person_id).order_by(Account.id)
        )
        assert [tuple(row) for row in members] == [
            ("maya", Role.VOLUNTEER),
            ("huda", Role.MODERATOR),
            ("yusuf", Role.ORGANIZER),
        ]
        tasks = (await session.scalars(select(Task))).all()
        assert community.timezone == "Asia/Amman"
        assert 8 <= len(tasks) <= 12
        assert {task.language for task in tasks} == {"ar", "en"}
        assert all(5 <= task.minutes <= 30 and task.deadline_at > task.created_at for task in tasks)
        assert await session.scalar(select(func.count()).select_from(LiveCard)) == 3
        assert (await session.scalars(select(Report.state))).all() == [ReportState.WAITING]


async def test_it_is_there_once_and_takes_nothing_back(core: Core) -> None:
    playground = playground_of(core)
    await settle_in(core.edge, playground)
    said = playground.memory.messages("group")
    await settle_in(core.edge, playground)
    assert playground.memory.messages("group") == said
    async with core.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Community)) == 1


async def test_what_people_of_the_sample_say_is_answered_by_the_core(core: Core) -> None:
    playground = playground_of(core)
    await settle_in(core.edge, playground)
    for person in ("huda", "maya", "yusuf"):
        waiting = playground.memory.next_event(person)
        assert waiting
        await core.intake.take(playground._decode(PHONES[person], waiting))
    await core.answers.settle()
    (_, review) = playground.memory.messages("huda")
    assert "Simsim" in "".join(review.screen["card"]["lines"])
    assert review.screen["rows"][0][0]["data"].startswith("approve:")
    (_, found) = playground.memory.messages("maya")
    assert found.screen["rows"]
