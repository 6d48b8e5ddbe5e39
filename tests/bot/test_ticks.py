"""The clock: what time causes is looked after again and again, and whoever runs Himma hears when it is not."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, make_url, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.database import Database
from bot.edge import Edge
from bot.ticks import Ticks, keep_house
from handlers.timed import TICKS, Tick, tick
from models.beats import Beat
from models.codes import WrongCode
from models.delivery import Inbox
from models.people import Identity, Newcomer, Person, meet
from tests.dialogue import Clock

NUMBERS = itertools.count()


async def somebody(session: AsyncSession) -> int:
    newcomer = Newcomer(Identity("telegram", "1"), "Omar", "en")
    return (await meet(session, [newcomer], Clock().now()))[newcomer.identity].person_id


class Counted:
    """A tick that counts, fails when told to, and has so much to do."""

    def __init__(self) -> None:
        self.calls = 0
        self.is_broken = False
        self.left = 0

    async def work(self, session: AsyncSession, now: datetime) -> bool:
        self.calls += 1
        if self.is_broken:
            raise ZeroDivisionError
        self.left -= 1
        return self.left > 0

    def ticks(self, edge: Edge, clock: Clock, every: timedelta = timedelta(seconds=0.05)) -> Ticks:
        return Ticks(edge, clock.now, {"counted": Tick("counted", every, self.work)})


@pytest.fixture
def counted() -> Counted:
    return Counted()


@pytest.fixture
async def edge(database_url: str) -> AsyncIterator[Edge]:
    database = Database(make_url(database_url))
    yield Edge(database)
    await database.close()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110  # what it waits for knows no event
            await asyncio.sleep(0.01)


async def test_a_tick_that_fails_is_tried_again(edge: Edge, counted: Counted, caplog: pytest.LogCaptureFixture) -> None:
    ticks = counted.ticks(edge, Clock())
    counted.is_broken = True
    running = asyncio.create_task(ticks.run())
    try:
        await until(lambda: counted.calls >= 3)
        assert "the tick counted stumbled" in caplog.text
        counted.is_broken = False
        await until(lambda: counted.left <= -3)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_stop_lets_the_transaction_that_is_under_way_come_to_its_end(edge: Edge) -> None:
    began, may_go_on, rounds = asyncio.Event(), asyncio.Event(), 0

    async def write(session: AsyncSession, now: datetime) -> bool:
        nonlocal rounds
        rounds += 1
        await somebody(session)
        began.set()
        await may_go_on.wait()
        return True

    running = asyncio.create_task(Ticks(edge, Clock().now, {"slow": Tick("slow", timedelta(hours=1), write)}).run())
    await began.wait()
    running.cancel()
    for _ in range(10):  # as often as everything else of the process would have ended
        await asyncio.sleep(0)
    assert not running.done(), "the database would be closed now"
    may_go_on.set()
    await asyncio.gather(running, return_exceptions=True)
    people = select(func.count(Person.id))
    assert await edge.look(lambda session: session.scalar(people)) == 1
    assert rounds == 1, "there was more, but not now"


async def test_a_stop_does_not_wait_for_ever(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.ticks._PATIENCE_SECONDS", 0.01)
    began, may_go_on = asyncio.Event(), asyncio.Event()

    async def hang(session: AsyncSession, now: datetime) -> bool:
        began.set()
        await may_go_on.wait()
        return False

    running = asyncio.create_task(Ticks(edge, Clock().now, {"stuck": Tick("stuck", timedelta(hours=1), hang)}).run())
    await began.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    may_go_on.set()
    await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()})  # its transaction ends before its database goes


async def test_a_tick_goes_on_while_there_is_more(edge: Edge, counted: Counted) -> None:
    counted.left = 5
    await counted.ticks(edge, Clock()).beat_all()
    assert counted.calls == 5


async def test_a_tick_with_endless_work_lets_the_others_have_their_turn(edge: Edge, counted: Counted) -> None:
    counted.left = 10_000
    await counted.ticks(edge, Clock()).beat_all()
    assert counted.calls < 100


async def test_the_watch_tells_once_who_is_late_and_that_they_are_back(
    edge: Edge, counted: Counted, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    ticks = counted.ticks(edge, clock, timedelta(minutes=1))
    began = clock.now()
    assert ticks.watch(began) == []
    clock.shift(timedelta(minutes=4))
    assert ticks.watch(began) == ["counted"]
    assert ticks.watch(began) == ["counted"]
    assert caplog.text.count("counted has not been looked after for 0:04:00") == 1
    await ticks.beat(Tick("counted", timedelta(minutes=1), counted.work))
    assert ticks.watch(began) == []
    assert "counted is looked after again" in caplog.text


async def test_a_success_is_on_record(edge: Edge, counted: Counted) -> None:
    clock = Clock()
    ticks = counted.ticks(edge, clock)
    await ticks.beat_all()
    clock.shift(timedelta(minutes=2))
    await ticks.beat_all()
    rows = await edge.look(_rows)
    assert [(row.name, row.succeeded_at) for row in rows] == [("counted", clock.now())]


async def _rows(session: AsyncSession) -> list[Beat]:
    return list(await session.scalars(select(Beat)))


def test_a_tick_has_one_meaning() -> None:
    async def work(session: AsyncSession, now: datetime) -> bool:
        return False

    with pytest.raises(TypeError, match="declared twice"):
        tick("housekeeping", every=timedelta(minutes=1))(work)
    assert TICKS["housekeeping"].work is not work


async def test_housekeeping_takes_what_is_old_a_bounded_number_at_once(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.ticks._ROWS_AT_ONCE", 2)
    clock = Clock()

    async def leave(session: AsyncSession) -> None:
        old, recent = clock.now() - timedelta(days=8), clock.now() - timedelta(days=6)
        for at in (old, old, old, recent):
            row = {"platform": "telegram", "received_at": at, "answer": "{}", "answered_at": at, "retry_at": at}
            session.add(Inbox(key=f"{at}{next(NUMBERS)}", **row))
            session.add(WrongCode(person_id=await somebody(session), said_at=at))

    await edge.transact(leave)
    assert await edge.transact(lambda session: keep_house(session, clock.now())), "there is more"
    assert not await edge.transact(lambda session: keep_house(session, clock.now()))
    left = select(select(func.count(Inbox.key)).scalar_subquery(), select(func.count(WrongCode.id)).scalar_subquery())

    async def count(session: AsyncSession) -> tuple[int, int]:
        inbox, codes = (await session.execute(left)).one()
        return inbox, codes

    assert await edge.look(count) == (1, 1)
