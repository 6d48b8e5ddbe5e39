"""A claim's life in any order that people and time can bring about: the database never contradicts itself, every answer is the
one that a plain model of the rules gives, and nobody loses a seat unasked or early."""

import asyncio
import os
import random
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import make_url, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.database import Database
from bot.edge import Edge
from handlers.holding import ask_holders, end_holds
from handlers.notices import release as release_notices
from handlers.waiting import pass_offers_on
from models.claims import OPEN, SEATED, Claim, ClaimState
from models.communities import Member, join, leave
from models.making import call_off, change_task
from models.passing_on import leave_line, pass_seat
from models.people import Person
from models.prolonging import decide_about_time, stay_on, take_time
from models.refusals import CapReached, NoRoom, NotMember, Refusal, StillSpent, TaskClosed, TaskFull, TermsChanged
from models.releasing import end_open_claims, release
from models.reports import Report, ReportState, Work, decide, get_report, hand_in
from models.seating import Held, Want, claim
from models.tasks import Task, TaskState, get_task
from models.waitlist import Wait, WaitState, join_line
from tests.dialogue import NOW
from tests.races.crowd import Crowd, add_task, settle_in
from tests.races.truth import check_truth

T = TypeVar("T")

_HELD = (Claim.id, Claim.warned_at, Claim.hold_until, Claim.counted_from)
IS_SEATED = Claim.state.in_(SEATED)

EXAMPLES = int(os.environ.get("HIMMA_TEST_EXAMPLES", "12"))
"""How many lives are tried; a full proof takes 200."""

MIDDLE = 20
"""How much has happened when a life begins."""

PEOPLE = st.integers(0, 4)
TASKS = st.integers(0, 2)
CHOICE = st.integers(0, 59)
LIMITS = {"newcomer_claims": 2, "member_claims": 3}


class ClaimsLife(RuleBasedStateMachine):
    """Five people, the first two of them moderators, and three tasks."""

    template: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        path = shutil.copy(self.template, Path(self.folder.name) / "himma.db")
        self.runner = asyncio.Runner()
        self.database = Database(make_url(f"sqlite+aiosqlite:///{path}"))
        self.edge = Edge(self.database)
        self.now = NOW
        self.crowd = Crowd(0, 0, {})
        self.people: list[int] = []
        self.tasks: list[int] = []
        self.grace: dict[int, timedelta] = {}
        """How long the holder of each claim must at least have had for an answer before it may end."""

    def teardown(self) -> None:
        self.runner.run(self.database.close())
        self.runner.close()
        self.folder.cleanup()

    def do(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T | Refusal:
        """Do it in a transaction, as the edge does for people; what was refused has changed nothing."""
        self.now += timedelta(seconds=1)
        try:
            return self.runner.run(self.edge.transact(work))
        except Refusal as refusal:
            return refusal

    def look(self, query: Any) -> list[Any]:
        async def work(session: AsyncSession) -> list[Any]:
            return list((await session.execute(query)).all())

        return self.runner.run(self.edge.look(work))

    @initialize(seats=st.lists(st.integers(1, 2), min_size=3, max_size=3), seed=st.integers(0, 10**6))
    def settle(self, seats: list[int], seed: int) -> None:
        """A life begins in the middle: with what has happened by then, all of it checked like what comes."""

        async def work(session: AsyncSession) -> None:
            self.crowd = await settle_in(session, [str(n) for n in range(5)], "-1", self.now, moderators=2, **LIMITS)
            self.people = list(self.crowd.people.values())
            self.tasks = [await add_task(session, self.crowd, n, self.now) for n in seats]
            await session.execute(update(Person).values(quiet_from=0, quiet_until=0))

        self.do(work)
        dice = random.Random(seed)
        for _ in range(MIDDLE):
            self.anything(dice)
            self.how_long_an_answer_may_take_is_known()
            self.the_database_does_not_contradict_itself()

    def anything(self, dice: random.Random) -> None:
        choice, person, task = dice.randrange(60), dice.randrange(5), dice.randrange(3)
        happenings: list[Callable[[], object]] = [
            lambda: self.some_ask_for_seats_at_once([(dice.randrange(5), dice.randrange(3)) for _ in range(4)], False),
            lambda: self.somebody_gives_back(choice),
            lambda: self.somebody_hands_in(choice, 10),
            lambda: self.somebody_waits(person, task),
            lambda: self.somebody_waits(person, task),
            lambda: self.somebody_waits_no_more_or_passes_a_seat_on(choice, choice % 2 == 0),
            lambda: self.somebody_takes_the_seat_that_is_kept_for_them(choice),
            lambda: self.time_passes(dice.choice([1, 40, 150]), True),
        ]
        dice.choice(happenings)()

    # What people do

    @rule(asked=st.lists(st.tuples(PEOPLE, TASKS), min_size=1, max_size=6), is_outdated=st.booleans())
    def some_ask_for_seats_at_once(self, asked: list[tuple[int, int]], is_outdated: bool) -> None:
        asked = list({person: (person, task) for person, task in asked}.values())
        versions = dict(self.look(select(Task.id, Task.version)))
        wants = [Want(self.people[p], self.tasks[t], versions[self.tasks[t]] - is_outdated) for p, t in asked]
        expected = self.expect(wants, is_outdated)
        outcomes = self.do(lambda session: claim(session, wants, self.now))
        assert isinstance(outcomes, list)
        assert [type(outcome) for outcome in outcomes] == expected

    def expect(self, wants: list[Want], is_outdated: bool) -> list[type]:
        """What each hears, by the rules as a person would tell them."""
        columns = (Task.id, Task.state, Task.seats, Task.seats_taken, Task.deadline_at)
        tasks = {task: list(rest) for task, *rest in self.look(select(*columns))}
        kept = set(self.look(select(Wait.person_id, Wait.task_id).where(Wait.state == WaitState.OFFERED)))
        members = {p: (t, left) for p, t, left in self.look(select(Member.person_id, Member.trusted_at, Member.left_at))}
        claims = self.look(select(Claim.person_id, Claim.task_id, Claim.state))
        outcomes: list[type] = []
        for want in wants:
            state, seats, taken, deadline_at = tasks[want.task_id]
            is_kept = (want.person_id, want.task_id) in kept
            trusted_at, left_at = members[want.person_id]
            mine = [(task, its) for person, task, its in claims if person == want.person_id]
            limit = LIMITS["member_claims" if trusted_at else "newcomer_claims"]
            if any(task == want.task_id and its in SEATED for task, its in mine):
                outcomes.append(Held)
            elif left_at:
                outcomes.append(NotMember)
            elif state is not TaskState.OPEN or deadline_at <= self.now + timedelta(seconds=1):
                outcomes.append(TaskClosed)
            elif is_outdated:
                outcomes.append(TermsChanged)
            elif taken >= seats and not is_kept:
                outcomes.append(TaskFull)
            elif sum(its in OPEN for _, its in mine) >= limit:
                outcomes.append(CapReached)
            else:
                tasks[want.task_id][2] += not is_kept
                outcomes.append(Held)
        return outcomes

    @rule(choice=CHOICE)
    def somebody_gives_back(self, choice: int) -> None:
        person, task, state = self.somebodys_claim(choice)
        outcome = self.do(lambda session: release(session, person, task, "", self.now))
        assert isinstance(outcome, Task) == (state is ClaimState.HELD)

    @rule(choice=CHOICE, minutes=st.integers(1, 60))
    def somebody_hands_in(self, choice: int, minutes: int) -> None:
        person, task, state = self.somebodys_claim(choice)
        outcome = self.do(lambda session: hand_in(session, person, task, Work(minutes, "Done."), self.now))
        assert isinstance(outcome, Report) == (state is ClaimState.HELD)

    def somebodys_claim(self, choice: int) -> tuple[int, int, ClaimState | None]:
        """Somebody's standing on a task: mostly a seat that is held."""
        held = self.look(select(Claim.person_id, Claim.task_id, Claim.state).where(Claim.state == ClaimState.HELD))
        if held and choice % 4:
            return tuple(held[choice % len(held)])
        person, task = self.people[choice % len(self.people)], self.tasks[choice % len(self.tasks)]
        query = select(Claim.state).where(Claim.person_id == person, Claim.task_id == task, Claim.state.in_(SEATED))
        states = self.look(query)
        return person, task, states[0][0] if states else None

    @precondition(lambda self: self.people and self.look(select(Report.id)))
    @rule(
        reviewer=st.sampled_from([0, 0, 0, 1, 1, 3]),
        choice=CHOICE,
        decision=st.sampled_from([ReportState.APPROVED, ReportState.SENT_BACK, ReportState.REJECTED]),
    )
    def somebody_decides_about_a_report(self, reviewer: int, choice: int, decision: ReportState) -> None:
        reports = self.look(select(Report.id, Report.person_id, Report.state).order_by(Report.id))
        waiting = [report for report in reports if report[2] is ReportState.WAITING]
        chosen = waiting if waiting and choice % 4 else reports
        number, author, state = chosen[choice % len(chosen)]
        left_at = dict(self.look(select(Member.person_id, Member.left_at)))[self.people[reviewer]]
        is_theirs = reviewer < 2 and left_at is None and author != self.people[reviewer] and state is ReportState.WAITING

        async def work(session: AsyncSession) -> bool:
            by = await session.get_one(Person, self.people[reviewer])
            await decide(session, await get_report(session, number), by, decision, "", now=self.now)
            return True

        assert (self.do(work) is True) == is_theirs

    @rule(task=TASKS, seats=st.integers(1, 4), renames=st.booleans())
    def the_task_is_changed(self, task: int, seats: int, renames: bool) -> None:
        changes = {"seats": seats} | ({"title": f"Call at {self.now:%H:%M:%S}"} if renames else {})
        self.do(lambda session: change_task(session, self.tasks[task], changes, self.now))

    @rule(task=TASKS, minutes=st.sampled_from([0, 5]))
    def the_task_is_called_off(self, task: int, minutes: int) -> None:
        """And another one takes its place."""

        async def work(session: AsyncSession) -> None:
            await call_off(session, self.tasks[task], minutes, self.people[0], self.now)
            self.tasks[task] = await add_task(session, self.crowd, 2, self.now)

        self.do(work)

    @rule(person=st.integers(1, 4))
    def somebody_leaves(self, person: int) -> None:
        async def work(session: AsyncSession) -> None:
            await leave(session, self.crowd.community, self.people[person], self.now)
            await end_open_claims(session, self.people[person], self.crowd.community, self.now)

        self.do(work)

    @rule(person=st.integers(2, 4))
    def somebody_joins_again(self, person: int) -> None:
        self.do(lambda session: join(session, self.crowd.community, self.people[person], self.now, accepts_rules=True))

    # Time, and what people answer to it

    @rule(minutes=st.sampled_from([1, 5, 15, 40, 40, 150, 150, 200, 26 * 60]), is_seen=st.booleans())
    def time_passes(self, minutes: int, is_seen: bool) -> None:
        """Minute by minute, or all at once, as if we had been away."""
        for span in [minutes] if not is_seen else [min(20, minutes - done) for done in range(0, minutes, 20)]:
            self.now += timedelta(minutes=span)
            held = {row[0]: row for row in self.look(select(*_HELD).where(Claim.state == ClaimState.HELD))}
            for work in (ask_holders, release_notices, end_holds, pass_offers_on, release_notices):
                self.do(partial(self.tick, work))
            ended = self.look(select(Claim.id).where(Claim.state == ClaimState.EXPIRED, Claim.id.in_(held)))
            for (claim_id,) in ended:
                self.check_end(held[claim_id])

    async def tick(self, work: Callable[[AsyncSession, datetime], Awaitable[bool]], session: AsyncSession) -> None:
        while await work(session, self.now):
            pass

    def check_end(self, row: Any) -> None:
        """Whoever lost a seat by time was asked before, and had the time for an answer that was promised."""
        assert row.warned_at is not None
        assert row.hold_until <= self.now
        assert row.hold_until - row.warned_at >= self.grace[row.id] - timedelta(seconds=10)

    @rule(choice=CHOICE)
    def somebody_is_still_on_it(self, choice: int) -> None:
        person, task, state = self.somebodys_claim(choice)
        said = self.look(select(Claim.renewals).where(Claim.person_id == person, Claim.task_id == task, IS_SEATED))
        outcome = self.do(lambda session: stay_on(session, person, task, self.now))
        if state is ClaimState.HELD:
            assert isinstance(outcome, StillSpent if said[0][0] >= 3 else tuple)
        else:
            assert isinstance(outcome, Refusal)

    @rule(choice=CHOICE, minutes=st.sampled_from([5, 60, 25 * 60]))
    def somebody_wants_more_time(self, choice: int, minutes: int) -> None:
        person, task, state = self.somebodys_claim(choice)
        before = self.look(select(Claim.hold_until).where(Claim.person_id == person, Claim.task_id == task, IS_SEATED))
        outcome = self.do(lambda session: take_time(session, person, task, minutes, self.now))
        after = self.look(select(Claim.hold_until).where(Claim.person_id == person, Claim.task_id == task, IS_SEATED))
        assert isinstance(outcome, tuple | NoRoom if state is ClaimState.HELD else Refusal)
        assert not before or after >= before

    @rule(choice=CHOICE, is_granted=st.booleans())
    def a_moderator_decides_about_time(self, choice: int, is_granted: bool) -> None:
        wishes = self.look(select(Claim.id, Claim.wanted_minutes).where(Claim.wanted_minutes.is_not(None)))
        if wishes:
            number, minutes = wishes[choice % len(wishes)]
            self.do(lambda session: decide_about_time(session, number, minutes, self.now, is_granted=is_granted))

    @rule(person=PEOPLE, task=TASKS)
    def somebody_waits(self, person: int, task: int) -> None:
        who, what = self.people[person], self.tasks[task]
        state, left, deadline_at = self.look(
            select(Task.state, Task.seats - Task.seats_taken, Task.deadline_at).where(Task.id == what)
        )[0]
        is_in_line = self.look(select(Wait.id).where(Wait.person_id == who, Wait.task_id == what, Wait.ended_at.is_(None)))
        has_seat = self.look(select(Claim.id).where(Claim.person_id == who, Claim.task_id == what, IS_SEATED))
        is_full = state is TaskState.OPEN and not left and deadline_at > self.now + timedelta(seconds=1)

        async def work(session: AsyncSession) -> Wait | None:
            return await join_line(session, who, await get_task(session, what), self.now)

        assert isinstance(self.do(work), Wait) == bool(is_in_line or (is_full and not has_seat))

    @rule(choice=CHOICE, leaves=st.booleans())
    def somebody_waits_no_more_or_passes_a_seat_on(self, choice: int, leaves: bool) -> None:
        places = self.look(select(Wait.person_id, Wait.task_id).where(Wait.ended_at.is_(None)).order_by(Wait.id))
        if places:
            person, task = places[choice % len(places)]
            change = leave_line if leaves else pass_seat
            self.do(lambda session: change(session, person, task, self.now))

    @rule(choice=CHOICE)
    def somebody_takes_the_seat_that_is_kept_for_them(self, choice: int) -> None:
        kept = self.look(select(Wait.person_id, Wait.task_id).where(Wait.offer_until.is_not(None)).order_by(Wait.id))
        if kept:
            person, task = kept[choice % len(kept)]
            if task in self.tasks:
                self.some_ask_for_seats_at_once([(self.people.index(person), self.tasks.index(task))], False)

    # What holds at every moment

    @invariant()
    def how_long_an_answer_may_take_is_known(self) -> None:
        """The rule, told once more: half of the lead before the end of what was promised."""
        for row in self.look(select(*_HELD).where(Claim.state == ClaimState.HELD, Claim.warned_at.is_(None))):
            hold = row.hold_until - row.counted_from
            self.grace[row.id] = min(max(hold / 4, timedelta(minutes=10)), timedelta(days=1), hold / 2) / 2

    @invariant()
    def the_database_does_not_contradict_itself(self) -> None:
        self.runner.run(self.edge.look(check_truth))


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
def test_a_claims_life(sqlite_template: Path) -> None:
    ClaimsLife.template = sqlite_template
    run_state_machine_as_test(
        ClaimsLife,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=30,
            deadline=None,
            phases=[Phase.generate],  # shrinking a failure may take minutes; the steps are told anyway
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
