"""Changing and calling off tasks while people are at them: whatever comes first, the seats add up."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from sqlalchemy import func, make_url, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.database import Database
from bot.edge import Edge
from models.claims import Claim, ClaimState
from models.communities import Community, join
from models.making import Draft, call_off, change_task, create_task
from models.people import Identity, Newcomer, meet
from models.refusals import NotFound, SeatsTaken, TaskClosed
from models.seating import Held, Outcome, Want, claim
from models.tasks import Proof, Task, TaskState, tags_of

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
_DRAFT = Draft("Call three elders", "en", 15, 8, NOW + timedelta(days=1), Proof.NOTE, 60, tags=("elderly",))


class Stage(NamedTuple):
    edge: Edge
    task_id: int
    people: list[int]
    """The first one moderates."""


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    database = Database(make_url(database_url))
    edge = Edge(database)

    async def work(session: AsyncSession) -> tuple[int, list[int]]:
        accounts = await meet(session, [Newcomer(Identity("t", str(n)), f"P{n}", "en") for n in range(12)], NOW)
        people = sorted(account.person_id for account in accounts.values())
        community = Community(code="c", name="Warmth", language="en", timezone="UTC", first_weekday=0, created_at=NOW)
        session.add(community)
        await session.flush()
        for person in people:
            await join(session, community.id, person, NOW, accepts_rules=True)
        return (await create_task(session, community.id, people[0], _DRAFT, NOW)).id, people

    yield Stage(edge, *await edge.transact(work))
    await database.close()


async def claim_alone(stage: Stage, person: int) -> Outcome:
    async def work(session: AsyncSession) -> Outcome:
        return (await claim(session, [Want(person, stage.task_id)], NOW))[0]

    return await stage.edge.transact(work)


async def held(stage: Stage) -> int:
    query = select(func.count()).select_from(Claim).where(Claim.state == ClaimState.HELD)
    return await stage.edge.look(lambda session: session.scalar(query)) or 0


async def the_task(stage: Stage) -> Task:
    return await stage.edge.look(lambda session: session.get_one(Task, stage.task_id))


async def test_nobody_holds_a_seat_of_a_task_that_was_called_off_meanwhile(stage: Stage) -> None:
    earliest, *later = (claim_alone(stage, person) for person in stage.people[1:])
    first = asyncio.create_task(earliest)
    calling_off = asyncio.create_task(
        stage.edge.transact(lambda session: call_off(session, stage.task_id, 0, stage.people[0], NOW))
    )
    outcomes = await asyncio.gather(*later, first)
    done = await calling_off

    assert await held(stage) == 0
    task = await the_task(stage)
    assert (task.state, task.seats_taken) == (TaskState.CANCELLED, 0)
    assert len(done.dropped) == sum(isinstance(outcome, Held) for outcome in outcomes)


async def test_seats_are_never_fewer_than_people_whatever_comes_first(stage: Stage) -> None:
    async def shrink() -> bool:
        try:
            await stage.edge.transact(lambda session: change_task(session, stage.task_id, {"seats": 3}, NOW))
        except SeatsTaken:
            return False
        return True

    first, *rest = (claim_alone(stage, person) for person in stage.people[1:])
    _, shrank, *_ = await asyncio.gather(first, shrink(), *rest)
    task = await the_task(stage)
    assert task.seats == (3 if shrank else 8)
    assert task.seats_taken == await held(stage) == task.seats


async def test_taken_seats_stay(stage: Stage) -> None:
    for person in stage.people[:4]:
        await claim_alone(stage, person)
    with pytest.raises(SeatsTaken) as refused:
        await stage.edge.transact(lambda session: change_task(session, stage.task_id, {"seats": 3}, NOW))
    assert refused.value.taken == 4


async def test_terms_have_versions_and_the_rest_has_not(stage: Stage) -> None:
    async def change(**changes: object) -> tuple[int, bool]:
        task, is_changed = await stage.edge.transact(lambda session: change_task(session, stage.task_id, changes, NOW))
        return task.version, is_changed

    assert await change(seats=9) == (1, True)
    assert await change(tags=["phone", "elderly"]) == (1, True)
    assert await change(tags=["elderly", "phone"]) == (1, False)
    assert await change(minutes=15) == (1, False)
    assert await change(minutes=20, place="Here") == (2, True)
    assert await stage.edge.look(lambda session: tags_of(session, stage.task_id)) == ["elderly", "phone"]


async def test_what_is_over_stays_over(stage: Stage) -> None:
    await stage.edge.transact(lambda session: call_off(session, stage.task_id, 0, stage.people[0], NOW))
    with pytest.raises(TaskClosed):
        await stage.edge.transact(lambda session: call_off(session, stage.task_id, 15, stage.people[0], NOW))
    with pytest.raises(TaskClosed):
        await stage.edge.transact(lambda session: change_task(session, stage.task_id, {"minutes": 5}, NOW))
    with pytest.raises(NotFound):
        await stage.edge.transact(lambda session: change_task(session, 999, {"minutes": 5}, NOW))
