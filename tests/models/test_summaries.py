"""The figures add up: against each other, against the rows behind them, and against a count by hand."""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import URL, make_url, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.database import Database
from models.claims import Claim, ClaimState
from models.communities import Community, Member, new_code
from models.figures import NOW as OF_THE_MOMENT
from models.figures import Figure, lines
from models.people import Person
from models.releasing import release
from models.reports import Report, ReportState, Work, decide, get_report, hand_in
from models.roles import Role
from models.seating import Want, claim
from models.summaries import Summary, summarize
from models.tasks import Proof, Task, TaskState, set_tags
from models.thanks import thank
from models.weeks import Week, week_at

BEGAN = datetime(2026, 10, 5, 6, 0, tzinfo=UTC)
"""A Monday, six weeks and a clock change before what the tests ask about."""
HOUR = timedelta(hours=1)
EXAMPLES = int(os.environ.get("HIMMA_TEST_EXAMPLES", "6"))


@dataclass
class Life:
    """A community whose time passes."""

    session: AsyncSession
    zone: str = "Africa/Cairo"
    first_weekday: int = 5
    now: datetime = BEGAN
    people: list[int] = field(default_factory=list)
    tasks: list[int] = field(default_factory=list)

    async def begin(self) -> "Life":
        self.community = Community(
            code=new_code(), name="Warmth", language="en", timezone=self.zone, first_weekday=self.first_weekday,
            member_claims=100, newcomer_claims=100, created_at=self.now,
        )  # fmt: skip
        self.session.add(self.community)
        await self.session.flush()
        self.boss = await self.person(Role.ORGANIZER)
        return self

    async def person(self, role: Role = Role.VOLUNTEER) -> int:
        person = Person(name=f"Person {len(self.people)}", language="en", created_at=self.now)
        self.session.add(person)
        await self.session.flush()
        self.session.add(
            Member(
                community_id=self.community.id, person_id=person.id, role=role, joined_at=self.now, accepted_rules_at=self.now
            )
        )
        await self.session.flush()
        self.people.append(person.id)
        return person.id

    async def task(self, *, hours: float = 48, seats: int = 1, tags: tuple[str, ...] = ()) -> int:
        task = Task(
            community_id=self.community.id, title=f"Task {len(self.tasks)}", language="en", minutes=15, seats=seats,
            deadline_at=self.now + hours * HOUR, proof=Proof.NONE, hold_minutes=600, author_id=self.boss, created_at=self.now,
        )  # fmt: skip
        self.session.add(task)
        await self.session.flush()
        await set_tags(self.session, task.id, list(tags))
        self.tasks.append(task.id)
        return task.id

    async def takes(self, person: int, task: int) -> None:
        await claim(self.session, [Want(person, task)], self.now)

    async def hands_in(self, person: int, task: int, minutes: int = 15) -> int:
        return (await hand_in(self.session, person, task, Work(minutes), self.now)).id

    async def decides(self, report: int, decision: ReportState = ReportState.APPROVED) -> None:
        boss = await self.session.get_one(Person, self.boss)
        await decide(self.session, await get_report(self.session, report), boss, decision, "", now=self.now)

    async def finishes(self, person: int, task: int, minutes: int = 15) -> None:
        """Takes a seat, hands in after an hour, and is approved after two more."""
        await self.takes(person, task)
        self.now += HOUR
        report = await self.hands_in(person, task, minutes)
        self.now += 2 * HOUR
        await self.decides(report)

    async def held(self, state: ClaimState) -> list[tuple[int, int]]:
        rows = await self.session.execute(
            select(Claim.person_id, Claim.task_id)
            .where(Claim.community_id == self.community.id, Claim.state == state)
            .order_by(Claim.id)
        )
        return [(person, task) for person, task in rows]

    async def ends(self, person: int, task: int, state: ClaimState) -> None:
        """What time does to a seat."""
        await self.session.execute(
            update(Claim)
            .where(Claim.person_id == person, Claim.task_id == task, Claim.state == ClaimState.HELD)
            .values(state=state, ended_at=self.now)
        )
        await self.session.execute(update(Task).where(Task.id == task).values(seats_taken=Task.seats_taken - 1))

    def week(self) -> Week:
        return week_at(self.now, self.first_weekday, self.zone)

    async def summary(self, week: Week | None = None) -> Summary:
        return await summarize(self.session, self.community, week or self.week(), self.now)

    async def rows(self, figure: Figure, week: Week | None = None) -> list[str]:
        shown = week or self.week()
        found, total = await lines(self.session, figure, self.community, shown.begins_at, shown.ends_at, self.now, limit=1000)
        assert len(found) == total
        return [f"{line.title} {line.person}".strip() for line in found]


@pytest.fixture
async def session(database_url: str) -> AsyncIterator[AsyncSession]:
    database = Database(make_url(database_url))
    async with database.write() as session:
        yield session
    await database.close()


async def test_a_week_in_figures(session: AsyncSession) -> None:
    life = await Life(session).begin()
    omar, sara, idle = await life.person(), await life.person(), await life.person()
    one, two, three = await life.task(tags=("food",)), await life.task(tags=("food", "city"), seats=2), await life.task()
    life.now += 2 * HOUR
    await life.finishes(omar, one, minutes=30)
    await life.finishes(sara, two, minutes=45)
    await life.takes(omar, three)
    life.now += HOUR
    await release(session, omar, three, "", life.now)
    await thank(session, sara, omar, life.community.id, life.now, task_id=one)
    await thank(session, omar, sara, life.community.id, life.now)
    life.now = BEGAN + timedelta(days=3)

    told = await life.summary()

    numbers = told.numbers
    assert (numbers[Figure.TAKEN], numbers[Figure.COMPLETED], numbers[Figure.RELEASED]) == (3, 2, 1)
    assert (numbers.minutes, told.givers) == (75, 2)
    assert [tuple(given) for given in told.given] == [("food", 75), ("city", 45)]
    assert numbers.medians == {Figure.FIRST_TAKEN: 5 * 60, Figure.REVIEWED: 2 * 60}, "2, 5 and 8 hours; 2 and 2 hours"
    assert (numbers[Figure.DUE], numbers.percent_filled) == (3, 50), "2 of 4 seats"
    assert (numbers[Figure.JOINED], numbers[Figure.QUICK]) == (4, 2)
    assert numbers[Figure.THANKS] == 2
    assert await life.rows(Figure.THANKS) == ["Task 0 Person 1", "Person 2"]
    assert told.by_day[Figure.TAKEN] == (0, 0, 3, 0, 0, 0, 0), "the week began on Saturday, this was a Monday"
    assert (told.is_running, told.week.name, told.before) == (True, "2026-W41", ())
    assert told.standing == dict.fromkeys(OF_THE_MOMENT, 0)
    assert await life.rows(Figure.COMPLETED) == ["Task 0 Person 1", "Task 1 Person 2"]
    assert await life.rows(Figure.DUE) == ["Task 0", "Task 1", "Task 2"]
    assert await life.rows(Figure.QUICK) == ["Person 1", "Person 2"]

    life.now = BEGAN + timedelta(days=15)
    assert await life.rows(Figure.NEVER_ASKED) == ["Person 0", f"Person {life.people.index(idle)}"]


async def test_how_things_stand(session: AsyncSession) -> None:
    life = await Life(session).begin()
    omar = await life.person()
    for hours in (20, 60, 100):
        await life.task(hours=hours)
    paused = await life.task(hours=20)
    await session.execute(update(Task).where(Task.id == paused).values(state=TaskState.PAUSED))
    full = await life.task(hours=100)
    await life.takes(omar, full)
    await life.hands_in(omar, full)
    life.now += 13 * HOUR

    assert (await life.summary()).standing == {
        Figure.OPEN: 3, Figure.FAILING: 2, Figure.WAITING: 1, Figure.LATE: 0, Figure.NEVER_ASKED: 0,
    }  # fmt: skip
    assert await life.rows(Figure.FAILING) == ["Task 0", "Task 1"]
    life.now += 12 * HOUR
    assert (await life.summary()).standing[Figure.LATE] == 1
    assert await life.rows(Figure.LATE) == ["Task 4 Person 1"]


async def test_hours_count_once_in_the_week_of_their_approval(session: AsyncSession) -> None:
    """A report that was sent back and handed in again is one piece of work, of the minutes of the last."""
    life = await Life(session).begin()
    omar = await life.person()
    task = await life.task(hours=400)
    await life.takes(omar, task)
    first = await life.hands_in(omar, task, minutes=60)
    life.now += HOUR
    await life.decides(first, ReportState.SENT_BACK)
    handed_in = life.week()
    again = await life.hands_in(omar, task, minutes=50)
    life.now += timedelta(days=7)
    await life.decides(again)

    now, before = await life.summary(), await life.summary(handed_in)
    assert (now.numbers.minutes, now.numbers[Figure.COMPLETED], before.numbers.minutes) == (50, 1, 0)
    assert now.last == before.numbers
    assert (now.numbers[Figure.REVIEWED], before.numbers[Figure.REVIEWED]) == (1, 1)


async def test_nothing_is_of_another_team_or_of_what_is_to_come(session: AsyncSession) -> None:
    ours, theirs = await Life(session).begin(), await Life(session).begin()
    await theirs.finishes(await theirs.person(), await theirs.task())
    await ours.finishes(await ours.person(), await ours.task())
    assert (await ours.summary()).numbers[Figure.COMPLETED] == 1
    ours.now -= 3 * HOUR
    told = await ours.summary()
    assert told.numbers[Figure.COMPLETED] == 0, "that is still to come"


@pytest.mark.parametrize("zone", ["Africa/Cairo", "Asia/Beirut", "Africa/Casablanca", "America/New_York"])
async def test_days_are_those_on_the_wall(session: AsyncSession, zone: str) -> None:
    """Also on the day on which the clocks change."""
    changes = {"Africa/Cairo": "2026-10-29", "Asia/Beirut": "2026-10-24", "Africa/Casablanca": "2026-02-15",
               "America/New_York": "2026-11-01"}  # fmt: skip
    day = datetime.fromisoformat(changes[zone]).replace(tzinfo=ZoneInfo(zone))
    life = Life(session, zone, first_weekday=day.weekday(), now=day.astimezone(UTC))
    await life.begin()
    omar = await life.person()
    for moment in (
        day,
        day.replace(hour=23, minute=59),
        day + timedelta(days=1),
        day + timedelta(days=6, hours=23, minutes=59),
    ):
        life.now = moment.astimezone(UTC)
        await life.takes(omar, await life.task())
    assert (await life.summary()).by_day[Figure.TAKEN] == (2, 1, 0, 0, 0, 0, 1)


# Random histories

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["task", "person", "take", "take", "take", "hand in", "hand in", "approve", "approve", "send back", "reject",
             "release", "expire", "miss", "ask", "leave"]
        ),
        st.integers(0, 2**32),
        st.integers(1, 60 * 30),
    ),
    min_size=20,
    max_size=80,
)  # fmt: skip


async def live(life: Life, steps: list[tuple[str, int, int]]) -> None:
    """Whatever can be done of this, is done."""
    decisions = {"approve": ReportState.APPROVED, "reject": ReportState.REJECTED, "send back": ReportState.SENT_BACK}
    endings = {"expire": ClaimState.EXPIRED, "miss": ClaimState.NO_SHOW}
    for what, number, minutes in steps:
        chance = random.Random(number)
        life.now += timedelta(minutes=minutes, seconds=number % 60)
        held, reported = await life.held(ClaimState.HELD), await life.held(ClaimState.REPORTED)
        if what == "task":
            tags = tuple(chance.sample(["food", "city", "letters"], chance.randrange(3)))
            await life.task(hours=chance.randrange(1, 300), seats=chance.randrange(1, 4), tags=tags)
        elif what == "person":
            await life.person()
        elif what == "take" and life.tasks:
            await life.takes(chance.choice(life.people), chance.choice(life.tasks[-4:]))
        elif what == "hand in" and held:
            await life.hands_in(*chance.choice(held), minutes=chance.randrange(120))
        elif what in decisions and (mine := [(p, t) for p, t in reported if p != life.boss]):
            person, task = chance.choice(mine)
            waiting = select(Report.id).where(
                Report.person_id == person, Report.task_id == task, Report.state == ReportState.WAITING
            )
            await life.decides((await life.session.scalars(waiting)).one(), decisions[what])
        elif what == "release" and held:
            await release(life.session, *chance.choice(held), "", life.now)
        elif what in endings and held:
            await life.ends(*chance.choice(held), endings[what])
        elif what in {"ask", "leave"} and len(life.people) > 1:
            column = {"ask": {"asked_at": life.now}, "leave": {"left_at": life.now}}[what]
            await life.session.execute(
                update(Member).where(Member.person_id == chance.choice(life.people[1:])).values(**column)
            )


@given(steps=STEPS, first_weekday=st.sampled_from([0, 5, 6]), zone=st.sampled_from(["Africa/Cairo", "America/New_York"]))
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_numbers_of_any_history_add_up(
    database_url: str, steps: list[tuple[str, int, int]], first_weekday: int, zone: str
) -> None:
    asyncio.run(_live_and_count(make_url(database_url), steps, first_weekday, zone))


async def _live_and_count(url: URL, steps: list[tuple[str, int, int]], first_weekday: int, zone: str) -> None:
    database = Database(url)
    try:
        async with database.write() as session:  # never committed: each example begins anew
            life = await Life(session, zone, first_weekday).begin()
            await live(life, steps)
            weeks = [life.week().earlier(back) for back in range(6)]
            told = [await life.summary(week) for week in weeks]
            for back, (week, summary) in enumerate(zip(weeks, told, strict=True)):
                await check(life, week, summary)
                assert list(summary.before) == [one.numbers for one in told[back + 1 : back + 5]][: len(summary.before)]
            await check_all_time(life)
    finally:
        await database.close()


async def check(life: Life, week: Week, told: Summary) -> None:
    """A summary against itself, the rows behind it, and a count by hand."""
    session, numbers = life.session, told.numbers
    for figure, sums in numbers.sums.items():
        assert sums.n == len(await life.rows(figure, week)), figure
        assert sum(told.by_day.get(figure, (sums.n,))) == sums.n, figure
    for figure, number in told.standing.items():
        assert number == len(await life.rows(figure)), figure
    claims = list(await session.scalars(select(Claim).where(Claim.community_id == life.community.id).order_by(Claim.id)))
    reports = list(await session.scalars(select(Report).where(Report.community_id == life.community.id)))
    tasks = {task.id: task for task in await session.scalars(select(Task).where(Task.community_id == life.community.id))}

    def within(moment: datetime | None) -> bool:
        return moment is not None and week.begins_at <= moment < week.ends_at and moment <= life.now

    ended = [claim.state for claim in claims if within(claim.ended_at)]
    assert numbers[Figure.TAKEN] == sum(within(claim.claimed_at) for claim in claims)
    assert numbers[Figure.COMPLETED] == ended.count(ClaimState.APPROVED), "a report is approved with its claim"
    assert numbers[Figure.RELEASED] == ended.count(ClaimState.RELEASED)
    assert numbers[Figure.EXPIRED] == ended.count(ClaimState.EXPIRED)
    assert numbers[Figure.NO_SHOW] == ended.count(ClaimState.NO_SHOW)
    approved = [report for report in reports if report.state is ReportState.APPROVED and within(report.decided_at)]
    assert numbers.minutes == sum(report.minutes for report in approved)
    assert told.givers == len({report.person_id for report in approved})
    assert all(given.minutes <= numbers.minutes for given in told.given)
    due = [task for task in tasks.values() if within(task.deadline_at) and task.state is not TaskState.CANCELLED]
    assert tuple(numbers.sums[Figure.DUE]) == (len(due), sum(t.seats_taken for t in due), sum(t.seats for t in due))
    firsts: dict[int, Claim] = {}
    for one in claims:
        firsts.setdefault(one.task_id, one)
    lags = [minutes(tasks[one.task_id].created_at, one.claimed_at) for one in firsts.values() if within(one.claimed_at)]
    assert numbers.medians[Figure.FIRST_TAKEN] == middle(lags)
    reviewed = [minutes(one.submitted_at, one.decided_at) for one in reports if within(one.decided_at)]
    assert numbers.medians[Figure.REVIEWED] == middle(reviewed)


def minutes(since: datetime, until: datetime | None) -> int:
    assert until is not None
    return (until - since) // timedelta(minutes=1)


def middle(numbers: list[int]) -> int | None:
    return int(median(numbers) + 0.5) if numbers else None


async def check_all_time(life: Life) -> None:
    """What was given in all weeks together is what was ever given."""
    weeks = [life.week().earlier(back) for back in range(20)]
    told = [(await life.summary(week)).numbers for week in weeks if week.ends_at > life.community.created_at]
    approved = list(
        await life.session.scalars(
            select(Report.minutes).where(Report.community_id == life.community.id, Report.state == ReportState.APPROVED)
        )
    )
    assert sum(numbers.minutes for numbers in told) == sum(approved)
    assert sum(numbers[Figure.COMPLETED] for numbers in told) == len(approved)
    members = await life.session.scalars(select(Member.person_id).where(Member.community_id == life.community.id))
    assert sum(numbers[Figure.JOINED] for numbers in told) == len(members.all())
