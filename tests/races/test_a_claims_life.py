"""A claim's life in any order that people can bring about: the database never contradicts itself, and every answer is the
one that a plain model of the rules gives."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import make_url, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.database import Database
from bot.edge import Edge
from models.claims import OPEN, SEATED, Claim, ClaimState
from models.communities import Member, join, leave
from models.making import call_off, change_task
from models.people import Person
from models.refusals import CapReached, NotMember, Refusal, TaskClosed, TaskFull, TermsChanged
from models.releasing import end_open_claims, release
from models.reports import Report, ReportState, Work, decide, get_report, hand_in
from models.seating import Held, Want, claim
from models.tasks import Task, TaskState
from tests.dialogue import NOW
from tests.races.crowd import Crowd, add_task, settle_in
from tests.races.truth import check_truth

T = TypeVar("T")

EXAMPLES = int(os.environ.get("HIMMA_TEST_EXAMPLES", "12"))
"""How many lives are tried; a full proof takes 200."""

PEOPLE = st.integers(0, 4)
TASKS = st.integers(0, 2)
CHOICE = st.integers(0, 59)
LIMITS = {"newcomer_claims": 1, "member_claims": 2}


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

    @initialize(seats=st.lists(st.integers(1, 3), min_size=3, max_size=3))
    def settle(self, seats: list[int]) -> None:
        async def work(session: AsyncSession) -> None:
            self.crowd = await settle_in(session, [str(n) for n in range(5)], "-1", self.now, moderators=2, **LIMITS)
            self.people = list(self.crowd.people.values())
            self.tasks = [await add_task(session, self.crowd, n, self.now) for n in seats]

        self.do(work)

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
        tasks = {task: list(rest) for task, *rest in self.look(select(Task.id, Task.state, Task.seats, Task.seats_taken))}
        members = {p: (t, left) for p, t, left in self.look(select(Member.person_id, Member.trusted_at, Member.left_at))}
        claims = self.look(select(Claim.person_id, Claim.task_id, Claim.state))
        outcomes: list[type] = []
        for want in wants:
            state, seats, taken = tasks[want.task_id]
            trusted_at, left_at = members[want.person_id]
            mine = [(task, its) for person, task, its in claims if person == want.person_id]
            limit = LIMITS["member_claims" if trusted_at else "newcomer_claims"]
            if any(task == want.task_id and its in SEATED for task, its in mine):
                outcomes.append(Held)
            elif left_at:
                outcomes.append(NotMember)
            elif state is not TaskState.OPEN:
                outcomes.append(TaskClosed)
            elif is_outdated:
                outcomes.append(TermsChanged)
            elif taken >= seats:
                outcomes.append(TaskFull)
            elif sum(its in OPEN for _, its in mine) >= limit:
                outcomes.append(CapReached)
            else:
                tasks[want.task_id][2] += 1
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

    # What holds at every moment

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
            stateful_step_count=40,
            deadline=None,
            phases=[Phase.generate],  # shrinking a failure may take minutes; the steps are told anyway
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
