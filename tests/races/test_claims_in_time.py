"""Time and people at the same moment, on several replicas: each seat has one fate, and whoever pressed heard the truth."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import make_url, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.database import Database
from bot.edge import Edge, _is_passing
from handlers.holding import ask_holders, end_holds
from handlers.notices import release as release_notices
from handlers.timed import Work
from handlers.waiting import pass_offers_on
from models.claims import Claim, ClaimState
from models.delivery import Outbox
from models.holding import end_unanswered
from models.notices import Notice
from models.people import Person
from models.seating import Want, claim
from models.tasks import Task, get_task
from models.waitlist import Wait, WaitState, join_line
from tests.races.crowd import Crowd, add_task, press, settle_in
from tests.races.truth import check_truth

PEOPLE = [str(n) for n in range(60)]
LIMITS = {"newcomer_claims": 3}


class Replicas:
    """Several edges on one database, and a crowd that never sleeps."""

    def __init__(self, edges: Sequence[Edge], crowd: Crowd, now: datetime) -> None:
        self.edges = edges
        self.crowd = crowd
        self.now = now

    async def do(self, work: Callable[[AsyncSession], Awaitable[Any]]) -> Any:
        return await self.edges[0].transact(work)

    async def task(self, seats: int) -> int:
        number: int = await self.do(lambda session: add_task(session, self.crowd, seats, self.now, has_card=False))
        return number

    async def beat(self, work: Work) -> None:
        """On every replica at once, until nothing is left to do; what collides is done by the next beat."""

        async def on(edge: Edge) -> None:
            for _ in range(20):
                try:
                    if not await edge.transact(lambda session: work(session, self.now)):
                        return
                except Exception as error:
                    if not _is_passing(error):
                        raise

        await asyncio.gather(*(on(edge) for edge in self.edges))

    async def once(self, n: int, work: Work) -> None:
        """On one of the replicas, once; what collides is left to the next beat."""
        try:
            await self.edges[n % len(self.edges)].transact(lambda session: work(session, self.now))
        except Exception as error:
            if not _is_passing(error):
                raise

    async def rows(self, query: Any) -> list[Any]:
        async def work(session: AsyncSession) -> list[Any]:
            return list((await session.execute(query)).all())

        return await self.edges[0].look(work)

    async def said(self, n: int, external: str, data: str) -> str:
        """Press a button at one of the replicas; what is answered."""
        answer = await self.edges[n % len(self.edges)].handle(press(external, data, self.now))
        return f"{answer.reply.text}{answer.reply.toast}"


@asynccontextmanager
async def replicas(database_url: str) -> AsyncIterator[Replicas]:
    url, now = make_url(database_url), datetime.now(UTC)
    databases = [Database(url) for _ in range(1 if url.get_backend_name() == "sqlite" else 3)]
    edges = [Edge(database) for database in databases]
    crowd = await edges[0].transact(lambda session: settle_in(session, PEOPLE, "-1", now, **LIMITS))
    await edges[0].transact(lambda session: session.execute(update(Person).values(quiet_from=0, quiet_until=0)))
    try:
        yield Replicas(edges, crowd, now)
        await edges[0].look(check_truth)
    finally:
        for database in databases:
            await database.close()


async def everybody_holds(stage: Replicas) -> int:
    """A task whose seats are all held."""
    task = await stage.task(len(PEOPLE))
    wants = [Want(person, task) for person in stage.crowd.people.values()]
    await stage.do(lambda session: claim(session, wants, stage.now))
    return task


async def test_replicas_ask_each_holder_once_and_end_each_hold_once(database_url: str) -> None:
    async with replicas(database_url) as stage:
        task = await everybody_holds(stage)
        stage.now += timedelta(minutes=140)
        await asyncio.gather(stage.beat(ask_holders), stage.beat(release_notices))
        await stage.beat(release_notices)

        asked = await stage.rows(select(Claim.warned_at, Claim.hold_until).where(Claim.state == ClaimState.HELD))
        assert [warned_at for warned_at, _ in asked] == [stage.now] * len(PEOPLE)
        keys = Counter(topic for (topic,) in await stage.rows(select(Notice.topic)))
        assert keys == {"claim_ends": len(PEOPLE)}
        assert len(await stage.rows(select(Outbox.id))) == len(PEOPLE)

        stage.now += timedelta(minutes=41)
        await asyncio.gather(stage.beat(end_holds), stage.beat(end_holds), stage.beat(ask_holders))
        assert await stage.rows(select(Claim.state).distinct()) == [(ClaimState.EXPIRED,)]
        assert await stage.rows(select(Task.seats_taken).where(Task.id == task)) == [(0,)]
        assert len(await stage.rows(select(Notice.id).where(Notice.topic == "claim_ended"))) == len(PEOPLE)


async def end_a_few(session: AsyncSession, now: datetime) -> bool:
    """Few at once, so that presses come between."""
    _, has_more = await end_unanswered(session, now, 3)
    return has_more


async def test_an_end_and_a_press_at_the_same_moment_agree(database_url: str) -> None:
    """A third says that they are still on it, a third gives back, a third hands in, while the holds end."""
    async with replicas(database_url) as stage:
        task = await everybody_holds(stage)
        due = {"warned_at": stage.now, "hold_until": stage.now, "next_at": stage.now}
        await stage.do(lambda session: session.execute(update(Claim).values(due)))
        presses = [f"still:{task}:0", f"release:{task}:1", f"done:{task}:1"]
        pressed = [(one, presses[n % 3]) for n, one in enumerate(PEOPLE)]
        last_first = list(reversed(list(enumerate(pressed))))  # the other end of the line than time begins at
        calls = [stage.said(n, one, data) for n, (one, data) in last_first]
        ends = [stage.once(n, end_a_few) for n in range(20)]
        said_or_ended = [calls[n // 4 * 3 + n % 4] if n % 4 < 3 else ends[n // 4] for n in range(80)]
        heard = await asyncio.gather(*said_or_ended)
        answers = [said for said in heard if isinstance(said, str)][::-1]
        await stage.beat(end_holds)

        rows = await stage.rows(select(Claim.person_id, Claim.state, Claim.renewals))
        fates = {person: (state, renewals) for person, state, renewals in rows}
        assert len(rows) == len(PEOPLE)
        for (one, data), said in zip(pressed, answers, strict=True):
            state, renewals = fates[stage.crowd.people[one]]
            if data.startswith("still"):
                assert ("stays yours until" in said, renewals) == ((True, 1) if state is ClaimState.HELD else (False, 0))
            elif data.startswith("release"):
                assert ("is free again" in said) == (state is ClaimState.RELEASED)
            else:
                assert state is ClaimState.EXPIRED  # a question was asked at most; nothing was handed in
        taken = sum(state is ClaimState.HELD for state, _ in fates.values())
        assert await stage.rows(select(Task.seats_taken)) == [(taken,)]


async def test_who_answers_while_the_hold_is_being_ended_hears_that_it_has_ended(database_url: str) -> None:
    """The press arrives when the end is written, and not committed yet."""
    async with replicas(database_url) as stage:
        task = await everybody_holds(stage)
        due = {"warned_at": stage.now, "hold_until": stage.now, "next_at": stage.now}
        await stage.do(lambda session: session.execute(update(Claim).values(due)))
        is_written, presses = asyncio.Event(), [f"still:{task}:0", f"release:{task}:1", f"extend_by:{task} 60:0"]

        async def end_slowly(session: AsyncSession) -> None:
            await end_holds(session, stage.now)
            is_written.set()
            await asyncio.sleep(0.3)  # the presses come in between

        ending = asyncio.create_task(stage.edges[0].transact(end_slowly))
        await is_written.wait()
        await asyncio.gather(*(stage.said(1, one, presses[n % 3]) for n, one in enumerate(PEOPLE[:12])), ending)
        assert await stage.rows(select(Claim.state).distinct()) == [(ClaimState.EXPIRED,)]
        assert await stage.rows(select(Task.seats_taken)) == [(0,)]


async def test_a_seat_that_comes_free_goes_to_the_line_whoever_else_asks(database_url: str) -> None:
    """Ten seats are given back while thirty others ask; ten wait, and nobody else gets one."""
    async with replicas(database_url) as stage:
        task = await stage.task(10)
        holders, waiting, others = PEOPLE[:10], PEOPLE[10:20], PEOPLE[20:50]
        await stage.do(lambda s: claim(s, [Want(stage.crowd.people[one], task) for one in holders], stage.now))
        for one in waiting:
            await stage.do(lambda s, one=one: join(s, stage.crowd.people[one], task, stage.now))  # type: ignore[misc]
        asked = [(one, f"release:{task}:1") for one in holders] + [(one, f"claim:{task}:1") for one in others]
        asked = [pair for pairs in zip(asked[:10], asked[10:20], asked[20:30], asked[30:], strict=True) for pair in pairs]
        answers = await asyncio.gather(*(stage.said(n, one, data) for n, (one, data) in enumerate(asked)))

        assert not any("is yours until" in said for said in answers)
        assert await stage.rows(select(Wait.state).distinct()) == [(WaitState.OFFERED,)]
        assert await stage.rows(select(Task.seats_taken)) == [(10,)]
        await stage.edges[0].look(check_truth)

        mixed = [(one, f"claim:{task}:1") for pair in zip(waiting, others[:10], strict=True) for one in pair]
        answers = await asyncio.gather(*(stage.said(n, one, data) for n, (one, data) in enumerate(mixed)))
        assert ["is yours until" in said for said in answers] == [True, False] * 10
        assert await stage.rows(select(Wait.state).distinct()) == [(WaitState.SEATED,)]


async def join(session: AsyncSession, person: int, task: int, now: datetime) -> None:
    assert await join_line(session, person, await get_task(session, task), now) is not None


async def test_an_offer_that_is_taken_passed_and_over_at_the_same_moment_has_one_end(database_url: str) -> None:
    async with replicas(database_url) as stage:
        task = await stage.task(10)
        holders, first, second = PEOPLE[:10], PEOPLE[10:20], PEOPLE[20:30]
        await stage.do(lambda s: claim(s, [Want(stage.crowd.people[one], task) for one in holders], stage.now))
        for one in (*first, *second):
            await stage.do(lambda s, one=one: join(s, stage.crowd.people[one], task, stage.now))  # type: ignore[misc]
        for one in holders:
            await stage.said(0, one, f"release:{task}:1")
        over = {"told_at": stage.now, "offer_until": stage.now}
        await stage.do(lambda s: s.execute(update(Wait).where(Wait.offer_until.is_not(None)).values(over)))
        presses = [f"claim:{task}:1", f"wait_pass:{task}:0", f"wait_no:{task}:0"]
        pressed = [(one, presses[n % 3]) for n, one in enumerate(first)]
        answers, *_ = await asyncio.gather(
            asyncio.gather(*(stage.said(n, one, data) for n, (one, data) in enumerate(pressed))),
            stage.beat(pass_offers_on),
        )

        states = dict(await stage.rows(select(Wait.person_id, Wait.state)))
        for (one, data), said in zip(pressed, answers, strict=True):
            state = states[stage.crowd.people[one]]
            if data.startswith("claim"):
                assert ("is yours until" in said) == (state is WaitState.SEATED)
                assert state in {WaitState.SEATED, WaitState.LAPSED}
            elif data.startswith("wait_no"):
                assert state in {WaitState.LEFT, WaitState.LAPSED}
        seated = sum(state is WaitState.SEATED for state in states.values())
        offered = sum(state is WaitState.OFFERED for state in states.values())
        assert seated + offered == 10
        assert await stage.rows(select(Task.seats_taken)) == [(10,)]
