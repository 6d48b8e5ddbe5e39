"""One person of two, and two again: whatever each had done before, nothing is lost and nothing counted twice."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import URL, delete, func, make_url, select, update
from sqlalchemy.ext.asyncio import AsyncSession

import handlers  # noqa: F401  # all of models/ is loaded by then
from bot.database import Database
from bot.edge import Edge, _is_passing
from models.addresses import ask, confirm, usable_address
from models.base import Base, Overtaken
from models.claims import SEATED, Claim, ClaimState
from models.codes import TRIES, TRIES_SPAN, Code, CodeKind, WrongCode, issue, look_up, use, void
from models.communities import Community, Member, join, leave, set_role
from models.dialogues import Dialogue, begin
from models.digests import choose_digest
from models.flags import Flag, FlagKind, close_flags, raise_flag
from models.linking import Merge, double_seats, merge, other_person, references
from models.people import Account, DigestWay, Identity, Newcomer, Person, check_owners, meet
from models.refusals import CodeWrong, LaterLinkFirst, NotFound, Outdated, OwnCode, TriesSpent
from models.releasing import release
from models.reports import Report, ReportState, Work, credit, decide, get_report, hand_in
from models.roles import Role
from models.seating import Held, Want, claim
from models.series import Series
from models.setting_up import Charter, Home, found
from models.standing import Standing
from models.tasks import Proof, Task, TaskState, get_task
from models.unlinking import TIME_TO_UNDO, latest_merge, undo

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
CHARTER = Charter("Warmth", "en", "Africa/Cairo", 5)
T = TypeVar("T")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(make_url(database_url))
    yield database
    await database.close()


async def person(session: AsyncSession, external: str, platform: str = "telegram") -> int:
    newcomer = Newcomer(Identity(platform, external), external.capitalize(), "en")
    return (await meet(session, [newcomer], NOW))[newcomer.identity].person_id


class Scene:
    """Two communities, a reviewer who organizes both, two accounts of one human, and tasks."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self.keys = itertools.count()

    async def begin(self, tasks: int = 3, seats: int = 3) -> "Scene":
        session = self.session
        self.boss = await person(session, "boss")
        self.one, self.two = await person(session, "sami"), await person(session, "sami too", "discord")
        homes = [Home("telegram", "-1", "group"), Home("discord", "9", "group")]
        self.communities = [(await found(session, home, CHARTER, self.boss, NOW)).id for home in homes]
        for community in self.communities:
            values = {"newcomer_claims": 50, "member_claims": 50}
            await session.execute(update(Community).where(Community.id == community).values(values))
        self.tasks = [await self.task(self.communities[n % 2], seats) for n in range(tasks)]
        for one, community in itertools.product((self.one, self.two), self.communities):
            await join(session, community, one, NOW, accepts_rules=True)
        return self

    async def task(self, community: int, seats: int) -> int:
        task = Task(
            community_id=community, title="Call", language="en", minutes=10, seats=seats, proof=Proof.NONE, hold_minutes=180,
            deadline_at=NOW + timedelta(days=20), author_id=self.boss, created_at=NOW,
        )  # fmt: skip
        self.session.add(task)
        await self.session.flush()
        return task.id

    async def claims(self, who: int, task: int) -> bool:
        (outcome,) = await claim(self.session, [Want(who, task)], NOW)
        return isinstance(outcome, Held) and outcome.is_new

    async def finishes(
        self, who: int, task: int, decision: ReportState | None = ReportState.APPROVED, minutes: int = 10
    ) -> None:
        """Hand in, and have it decided about where there is a decision."""
        report = await hand_in(self.session, who, task, Work(minutes), NOW)
        if decision is not None:
            boss = await self.session.get_one(Person, self.boss)
            await decide(self.session, await get_report(self.session, report.id), boss, decision, "word", now=NOW)

    async def link(self, now: datetime = LATER) -> Merge:
        merged = await merge(self.session, self.two, self.one, now)
        return await settled(self.session, merged)

    async def part(self, merged: int, now: datetime = LATER, by: int | None = None) -> Merge:
        undone = await undo(self.session, merged, by or self.one, now)
        return await settled(self.session, undone)

    async def states(self, who: int) -> Counter[tuple[int, ClaimState]]:
        rows = await self.session.execute(select(Claim.task_id, Claim.state).where(Claim.person_id == who))
        return Counter((task, state) for task, state in rows)


async def settled(session: AsyncSession, merged: Merge) -> Merge:
    """A session that has nothing out of date in its memory."""
    for one in list(session.identity_map.values()):
        if not isinstance(one, Merge):
            session.expire(one)
    await session.refresh(merged)
    return merged


async def check_seats(session: AsyncSession) -> None:
    """Seats are counted right, nobody has two of a task, reports belong to whose the seat was or to who they are now."""
    claims = (await session.scalars(select(Claim).execution_options(populate_existing=True))).all()
    seated = Counter(one.task_id for one in claims if one.state in SEATED)
    for task in await session.scalars(select(Task).execution_options(populate_existing=True)):
        assert task.seats_taken == seated[task.id] <= task.seats
        approved = sum(one.state is ClaimState.APPROVED and one.task_id == task.id for one in claims)
        assert (task.state is TaskState.DONE) == (approved == task.seats)
    for one in claims:
        assert (one.ended_at is None) == (one.state in {ClaimState.HELD, ClaimState.REPORTED})
        latest = await session.scalar(
            select(Report.state).where(Report.claim_id == one.id).order_by(Report.id.desc()).limit(1)
        )
        assert (one.state is ClaimState.REPORTED) == (latest is ReportState.WAITING)
        assert (one.state is ClaimState.APPROVED) == (latest is ReportState.APPROVED)


async def everything(session: AsyncSession, *, of: dict[int, str]) -> Counter[str]:
    """What belongs to these people, under names that stay when their numbers change."""
    rows: Counter[str] = Counter()
    numbers = {(reference.table.name, reference.column.name) for reference in references()}
    for one in Base.metadata.sorted_tables:
        if one.name in {"merges", "people", "wrong_codes"}:
            continue
        owners = {column.name for column in one.columns if (one.name, column.name) in numbers} | {"person_id"}
        for row in (await session.execute(select(one))).mappings():
            if any(row.get(owner) in of for owner in owners):
                named = {name: of.get(value, value) if name in owners else value for name, value in row.items()}
                rows[f"{one.name} {sorted((name, str(value)) for name, value in named.items())}"] += 1
    return rows


async def test_what_both_had_is_one_persons(database: Database) -> None:
    async with database.write() as session:
        scene = await Scene(session).begin()
        first, second, third = scene.tasks
        await set_role(session, scene.communities[0], scene.two, Role.MODERATOR, by=scene.boss)
        await leave(session, scene.communities[1], scene.one, NOW)
        await scene.claims(scene.one, first)
        await scene.finishes(scene.one, first, minutes=10)
        await scene.claims(scene.two, second)
        await scene.finishes(scene.two, second, minutes=15)
        await scene.claims(scene.two, third)
        await begin(session, scene.two, "zone", "zone", {}, now=NOW, expires_at=LATER)
        await raise_flag(session, await get_task(session, first), scene.two, FlagKind.WRONG, "", NOW)

        merged = await scene.link()
        assert merged.kept_id == scene.one
        assert await session.get(Person, scene.two) is None
        accounts = await session.execute(select(Account.platform, Account.person_id).order_by(Account.id))
        assert accounts.all() == [("telegram", scene.boss), ("telegram", scene.one), ("discord", scene.one)]
        assert await credit(session, scene.one) == (25, 2)
        assert await scene.states(scene.one) == Counter(
            {(first, ClaimState.APPROVED): 1, (second, ClaimState.APPROVED): 1, (third, ClaimState.HELD): 1}
        )
        members = await session.execute(
            select(Member.community_id, Member.role, Member.left_at).where(Member.person_id == scene.one)
        )
        assert sorted(members.all()) == [
            (scene.communities[0], Role.MODERATOR, None),
            (scene.communities[1], Role.VOLUNTEER, None),
        ]
        for model in (Dialogue, Flag):
            assert (await session.scalars(select(model.person_id))).all() == [scene.one]
        await check_seats(session)


@pytest.mark.parametrize(
    ("ones", "twos", "stay", "freed"),
    [
        ("held", "held", {ClaimState.HELD}, ClaimState.RELEASED),
        ("held", "reported", {ClaimState.REPORTED}, ClaimState.RELEASED),
        ("approved", "held", {ClaimState.APPROVED}, ClaimState.RELEASED),
        ("reported", "reported", {ClaimState.REPORTED}, ClaimState.REJECTED),
        ("reported", "approved", {ClaimState.APPROVED}, ClaimState.REJECTED),
        ("approved", "approved", {ClaimState.APPROVED}, None),
    ],
)
async def test_of_two_seats_of_one_task_one_stays_and_they_come_back(
    database: Database, ones: str, twos: str, stay: set[ClaimState], freed: ClaimState | None
) -> None:
    decisions = {"reported": None, "approved": ReportState.APPROVED}
    async with database.write() as session:
        scene = await Scene(session).begin(tasks=1)
        (task,) = scene.tasks
        for who, how in ((scene.one, ones), (scene.two, twos)):
            await scene.claims(who, task)
            if how in decisions:
                await scene.finishes(who, task, decisions[how])
        before = await everything(session, of={scene.one: "one", scene.two: "two"})
        minutes = [(await credit(session, who))[0] for who in (scene.one, scene.two)]
        assert await double_seats(session, scene.one, scene.two) == (freed is not None)

        merged = await scene.link()
        await check_seats(session)
        states = {state for _, state in await scene.states(scene.one)}
        assert states == (stay | {freed} if freed else stay)
        taken = await session.scalar(select(Task.seats_taken))
        assert taken == (1 if freed else 2)
        assert (await credit(session, scene.one))[0] == sum(minutes)

        await scene.part(merged.id)
        await check_seats(session)
        assert await everything(session, of={scene.one: "one", merged.apart_id: "two"}) == before


async def test_a_freed_seat_that_somebody_took_since_is_theirs(database: Database) -> None:
    async with database.write() as session:
        scene = await Scene(session).begin(tasks=1, seats=2)
        (task,) = scene.tasks
        for who in (scene.one, scene.two):
            await scene.claims(who, task)
        merged = await scene.link()
        assert await scene.claims(scene.boss, task)
        await scene.part(merged.id)
        await check_seats(session)
        assert await scene.states(merged.apart_id) == Counter({(task, ClaimState.RELEASED): 1})
        assert await scene.states(scene.one) == Counter({(task, ClaimState.HELD): 1})


async def test_what_happened_since_stays_with_the_one_who_stayed(database: Database) -> None:
    async with database.write() as session:
        scene = await Scene(session).begin(tasks=3)
        first, second, _ = scene.tasks
        here, there = scene.communities
        await session.execute(delete(Member).where(Member.person_id == scene.one, Member.community_id == there))
        await session.execute(delete(Member).where(Member.person_id == scene.two, Member.community_id == here))
        await set_role(session, there, scene.two, Role.ORGANIZER, by=scene.boss)
        await session.execute(update(Person).where(Person.id == scene.two).values(timezone="Asia/Amman", interests="tea"))
        await scene.claims(scene.two, second)
        merged = await scene.link()
        kept = await session.get_one(Person, scene.one)
        assert (kept.timezone, kept.interests) == ("Asia/Amman", "tea")

        await session.execute(update(Person).where(Person.id == scene.one).values(interests="tea books"))
        await scene.finishes(scene.one, second, minutes=12)  # the seat was the other one's
        await scene.claims(scene.one, first)
        await set_role(session, there, scene.one, Role.MODERATOR, by=scene.boss)
        fourth = await scene.task(there, 1)
        await scene.claims(scene.one, fourth)
        await scene.part(merged.id, LATER + timedelta(days=6))

        await check_seats(session)
        assert (await credit(session, scene.one), await credit(session, merged.apart_id)) == ((0, 0), (12, 1))
        assert await scene.states(scene.one) == Counter({(first, ClaimState.HELD): 1, (fourth, ClaimState.HELD): 1})
        roles = await session.execute(select(Member.person_id, Member.community_id, Member.role))
        assert {row[:2]: row[2] for row in roles if row[0] != scene.boss} == {
            (scene.one, here): Role.VOLUNTEER,
            (scene.one, there): Role.MODERATOR,  # given since
            (merged.apart_id, there): Role.MODERATOR,  # was organizer, and that was taken since
        }
        kept, apart = await session.get_one(Person, scene.one), await session.get_one(Person, merged.apart_id)
        assert (kept.timezone, kept.interests, kept.name) == (None, "tea books", "Sami")
        assert (apart.timezone, apart.interests, apart.name) == ("Asia/Amman", "tea", "Sami too")


async def test_addresses_and_the_weekly_list_come_along_and_go_back(database: Database) -> None:
    async with database.write() as session:
        scene = await Scene(session).begin(tasks=1)
        asked = await ask(session, scene.two, "sami@example.org", NOW)
        await confirm(session, asked.code, NOW)
        waiting = await ask(session, scene.one, "other@example.org", NOW)
        two = await session.get_one(Person, scene.two)
        await choose_digest(session, two, DigestWay.MAIL, NOW, weekday=3, hour=10)
        due = two.digest_at
        merged = await scene.link()
        chosen = (Person.digest, Person.digest_weekday, Person.digest_hour, Person.digest_at)
        theirs = select(*chosen).where(Person.id == scene.one)
        assert (await session.execute(theirs)).one() == (DigestWay.MAIL, 3, 10, due)
        usable = await usable_address(session, scene.one)
        assert usable
        assert usable.address == "sami@example.org"

        await scene.part(merged.id)
        assert await session.scalar(select(Person.digest).where(Person.id == scene.one)) is None
        assert (await session.execute(select(*chosen).where(Person.id == merged.apart_id))).one() == (
            DigestWay.MAIL,
            3,
            10,
            due,
        )
        assert await usable_address(session, scene.one) is None
        back = await usable_address(session, merged.apart_id)
        assert back
        assert back.address == "sami@example.org"
        assert await confirm(session, waiting.code, LATER)


async def test_who_came_every_time_under_two_names_comes_once(database: Database) -> None:
    async with database.write() as session:
        scene = await Scene(session).begin(tasks=1)
        series = Series(
            community_id=scene.communities[0], author_id=scene.boss, title="Bread", language="en", minutes=60, seats=4,
            proof=Proof.NONE, rule="FREQ=WEEKLY", first_day=NOW.date(), minute=600, created_at=NOW,
        )  # fmt: skip
        session.add(series)
        await session.flush()
        session.add_all([Standing(series_id=series.id, person_id=one, since=NOW) for one in (scene.one, scene.two)])
        await session.flush()
        merged = await scene.link()
        holds = select(Standing.person_id, Standing.ended_at).order_by(Standing.id)
        assert [tuple(row) for row in await session.execute(holds)] == [(scene.one, None), (scene.one, LATER)]
        await scene.part(merged.id)
        assert [tuple(row) for row in await session.execute(holds)] == [(scene.one, None), (merged.apart_id, LATER)]


async def test_a_block_and_a_farewell_hold_for_both(database: Database) -> None:
    async with database.write() as session:
        scene = await Scene(session).begin()
        here, there = scene.communities
        values = {"blocked_at": NOW}
        await session.execute(update(Member).where(Member.person_id == scene.two, Member.community_id == here).values(values))
        merged = await scene.link()
        assert await session.scalar(
            select(Member.blocked_at).where(Member.person_id == scene.one, Member.community_id == here)
        )
        await leave(session, there, scene.one, LATER)
        await scene.part(merged.id)
        rows = await session.execute(select(Member.person_id, Member.community_id, Member.blocked_at, Member.left_at))
        assert {row[:2]: row[2:] for row in rows if row[0] != scene.boss} == {
            (scene.one, here): (None, None),
            (scene.one, there): (None, LATER),
            (merged.apart_id, here): (NOW, None),
            (merged.apart_id, there): (None, LATER),
        }


async def test_of_two_flags_on_a_task_one_is_closed_and_opened_again(database: Database) -> None:
    async with database.write() as session:
        scene = await Scene(session).begin(tasks=2)
        for who, number in itertools.product((scene.one, scene.two), scene.tasks):
            await raise_flag(session, await get_task(session, number), who, FlagKind.STALE, "", NOW)
        merged = await scene.link()
        waiting = select(Flag.person_id, Flag.task_id).where(Flag.closed_at.is_(None)).order_by(Flag.person_id, Flag.task_id)
        assert (await session.execute(waiting)).all() == [(scene.one, number) for number in scene.tasks]
        await close_flags(session, scene.tasks[0], scene.boss, LATER + timedelta(hours=1))
        await scene.part(merged.id)
        rest = scene.tasks[1]
        assert (await session.execute(waiting)).all() == [(scene.one, rest), (merged.apart_id, rest)]


async def test_who_may_undo_until_when_and_in_which_order(database: Database) -> None:
    async with database.write() as session:
        scene = await Scene(session).begin()
        stranger = await person(session, "stranger")
        first = await scene.link()
        scene.two = await person(session, "sami three", "playground")
        second = await scene.link()
        with pytest.raises(NotFound):
            await latest_merge(session, scene.one, stranger, LATER)
        with pytest.raises(NotFound):
            await scene.part(second.id, by=stranger)
        with pytest.raises(NotFound):
            await scene.part(second.id, LATER + TIME_TO_UNDO)
        with pytest.raises(NotFound):
            await scene.part(10**6)
        with pytest.raises(LaterLinkFirst):
            await scene.part(first.id)
        assert (await latest_merge(session, scene.one, scene.boss, LATER)).id == second.id
        await scene.part(second.id, by=scene.boss)
        with pytest.raises(Outdated):
            await scene.part(second.id)
        await scene.part(first.id)
        assert (
            await session.scalar(select(func.count(Account.person_id.distinct()))) == 5
        )  # with the reviewer and the stranger


async def test_a_link_goes_along_when_its_person_is_linked_to_an_older_one(database: Database) -> None:
    async with database.write() as session:
        oldest = await person(session, "oldest", "playground")
        scene = await Scene(session).begin()
        await scene.claims(scene.two, scene.tasks[0])
        inner = await scene.link()
        outer = await settled(session, await merge(session, scene.one, oldest, LATER))
        assert await scene.states(oldest) == Counter({(scene.tasks[0], ClaimState.HELD): 1})
        with pytest.raises(LaterLinkFirst):
            await scene.part(inner.id, by=oldest)
        await scene.part(outer.id, by=oldest)
        await scene.part(inner.id, by=outer.apart_id)
        assert await scene.states(inner.apart_id) == Counter({(scene.tasks[0], ClaimState.HELD): 1})


def test_every_column_that_names_a_person_can_be_moved() -> None:
    """A new table needs no line in linking, unless a person is part of its key or of something unique in it."""
    looked_after = {"accounts", "claims", "flags", "standing", "waits"}
    for reference in references():
        assert len(reference.table.primary_key.columns) == 1, reference.name
        unique = [index for index in reference.table.indexes if index.unique and reference.column in index.columns.values()]
        assert not unique or reference.table.name in looked_after, reference.name


# Codes


async def test_a_code_works_once_for_another_person_and_not_for_long(database: Database) -> None:
    async with database.write() as session:
        scene = await Scene(session).begin()
        stale = await issue(session, CodeKind.LINK, scene.one, NOW)
        code = await issue(session, CodeKind.LINK, scene.one, NOW)
        assert isinstance(await other_person(session, scene.two, stale, NOW), CodeWrong)
        assert isinstance(await look_up(session, CodeKind.CONNECT, scene.two, code, NOW), CodeWrong)
        assert isinstance(await other_person(session, scene.two, code, NOW + timedelta(minutes=10)), CodeWrong)
        own = await other_person(session, scene.one, code, NOW)
        assert isinstance(own, OwnCode)
        assert not own.is_used
        taken = await other_person(session, scene.two, f" {code.upper().replace('-', ' ')} ", NOW)
        assert isinstance(taken, Code)
        assert await use(session, taken, NOW)
        assert not await use(session, taken, NOW)
        assert isinstance(await other_person(session, scene.two, code, NOW), CodeWrong)
        assert code not in str((await session.execute(select(Code.digest))).all())
        other = await issue(session, CodeKind.LINK, scene.one, NOW)
        await void(session, CodeKind.LINK, other)
        await session.execute(delete(WrongCode))
        assert isinstance(await other_person(session, scene.two, other, NOW), CodeWrong)


async def test_nobody_finds_a_code_by_trying(database: Database) -> None:
    async with database.write() as session:
        scene = await Scene(session).begin()
        code = await issue(session, CodeKind.LINK, scene.one, NOW)
        for n in range(TRIES):
            assert isinstance(await other_person(session, scene.two, f"guess-{n}", NOW), CodeWrong)
        assert isinstance(await other_person(session, scene.two, code, NOW), TriesSpent)
        code = await issue(session, CodeKind.LINK, scene.one, NOW + TRIES_SPAN)
        assert isinstance(await other_person(session, scene.two, code, NOW + TRIES_SPAN), Code)


# Random histories

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["work", "claim", "report", "work", "release", "approve", "reject", "send back", "flag", "role"]),
        st.sampled_from([0, 1]),
        st.integers(0, 3),
        st.integers(1, 90),
    ),
    max_size=30,
)


async def live(scene: Scene, people: tuple[int, ...], steps: list[tuple[str, int, int, int]]) -> None:
    """Whatever can be done of this, is done."""
    decisions = {"approve": ReportState.APPROVED, "reject": ReportState.REJECTED, "send back": ReportState.SENT_BACK}
    session = scene.session
    for what, who, which, minutes in steps:
        actor, task = people[who % len(people)], scene.tasks[which]
        held = await session.scalar(
            select(Claim.state).where(
                Claim.person_id == actor, Claim.task_id == task, Claim.state.in_((ClaimState.HELD, ClaimState.REPORTED))
            )
        )
        if what == "claim":
            await scene.claims(actor, task)
        elif what == "work":
            if await scene.claims(actor, task):
                await scene.finishes(actor, task, minutes=minutes)
        elif what == "flag":
            await raise_flag(session, await get_task(session, task), actor, FlagKind.WRONG, "", NOW)
        elif what == "role":
            await set_role(session, scene.communities[which % 2], actor, Role(1 + minutes % 3), by=scene.boss)
        elif what == "release" and held is ClaimState.HELD:
            await release(session, actor, task, "", NOW)
        elif what == "report" and held is ClaimState.HELD:
            await hand_in(session, actor, task, Work(minutes), NOW)
        elif what in decisions and held is ClaimState.REPORTED:
            waiting = select(Report.id).where(
                Report.person_id == actor, Report.task_id == task, Report.state == ReportState.WAITING
            )
            boss = await session.get_one(Person, scene.boss)
            report = await get_report(session, (await session.scalars(waiting)).one())
            await decide(session, report, boss, decisions[what], "word", now=NOW)


@given(before=STEPS, since=STEPS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_minutes_and_seats_are_the_same_before_and_after(database_url: str, before: Any, since: Any) -> None:
    """On random lives: merged and parted at once everything is as it was; and after more life the sums still hold."""
    asyncio.run(_live_link_and_part(make_url(database_url), before, since))


async def _live_link_and_part(url: URL, before: Any, since: Any) -> None:
    database = Database(url)
    try:
        async with database.write() as session:  # never committed: each example begins anew
            scene = await Scene(session).begin(tasks=4, seats=2)
            await live(scene, (scene.one, scene.two), before)
            was = await everything(session, of={scene.one: "one", scene.two: "two"})
            given_before = [(await credit(session, who))[0] for who in (scene.one, scene.two)]

            merged = await scene.link()
            await check_seats(session)
            assert (await credit(session, scene.one))[0] == sum(given_before)
            await scene.part(merged.id)
            await check_seats(session)
            scene.two = merged.apart_id
            assert await everything(session, of={scene.one: "one", scene.two: "two"}) == was
            assert [(await credit(session, who))[0] for who in (scene.one, scene.two)] == given_before

            again = await scene.link()
            await live(scene, (scene.one,), since)
            total = (await credit(session, scene.one))[0]
            await scene.part(again.id)
            await check_seats(session)
            assert sum([(await credit(session, who))[0] for who in (scene.one, again.apart_id)]) == total
    finally:
        await database.close()


# Races


async def insist(edge: Edge, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """What the edge does about a transaction that another one overtook."""
    for _ in range(30):
        try:
            return await edge.transact(work)
        except Exception as error:
            if not _is_passing(error):
                raise
            await asyncio.sleep(0.005)
    raise AssertionError("it never went through")


async def _number(merging: Awaitable[Merge]) -> int:
    return (await merging).id


async def committed(database: Database, tasks: int = 3, seats: int = 3) -> Scene:
    async with database.write() as session:
        scene = await Scene(session).begin(tasks, seats)
        await session.commit()
    return scene


async def test_two_who_link_each_other_at_once_are_one(database: Database) -> None:
    scene, edge = await committed(database), Edge(database)

    async def go(one: int, other: int) -> bool:
        try:
            await edge.transact(lambda session: merge(session, one, other, LATER))
        except Overtaken:
            return False
        return True

    outcomes = await asyncio.gather(*(go(*pair) for pair in [(scene.one, scene.two), (scene.two, scene.one)] * 3))
    assert sum(outcomes) == 1
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Merge)) == 1
        assert await session.scalar(select(func.count(Account.person_id.distinct()))) == 2


async def test_who_read_an_account_before_it_was_linked_is_overtaken(database: Database) -> None:
    """So that nobody hears they are no member because they have just become somebody else."""
    scene = await committed(database)
    async with database.write() as early:
        if database.is_sqlite:
            return  # nobody else writes meanwhile
        newcomer = Newcomer(Identity("discord", "sami too"), "Sami", "en")
        accounts = (await meet(early, [newcomer], NOW)).values()
        await check_owners(early, accounts)
        async with database.write() as session:
            await merge(session, scene.one, scene.two, LATER)
            await session.commit()
        with pytest.raises(Overtaken):
            await check_owners(early, accounts)


@pytest.mark.parametrize("seed", range(8))
async def test_what_is_done_with_either_account_meanwhile_belongs_to_the_one(database: Database, seed: int) -> None:
    """Claims, reports and flags of both while they are linked and parted: who was overtaken fails whole, and tries again."""
    scene, edge = await committed(database, tasks=6, seats=2), Edge(database)

    async def act(external: str, platform: str, task: int) -> None:
        async def work(session: AsyncSession) -> None:
            who = await person(session, external, platform)
            await asyncio.sleep(0.001 * (seed % 3))
            (outcome,) = await claim(session, [Want(who, task)], NOW)
            if isinstance(outcome, Held) and outcome.is_new and task % 2:
                await hand_in(session, who, task, Work(7), NOW)
            await raise_flag(session, await get_task(session, task), who, FlagKind.WRONG, "", NOW)

        await insist(edge, work)

    async def link() -> None:
        number = await insist(edge, lambda session: _number(merge(session, scene.one, scene.two, LATER)))
        if seed % 2:
            await insist(edge, lambda session: _number(undo(session, number, scene.one, LATER)))

    accounts = [("sami", "telegram"), ("sami too", "discord")]
    acts = [act(*account, task) for task in scene.tasks for account in accounts]
    await asyncio.gather(*acts[: seed + 2], link(), *acts[seed + 2 :])
    async with database.read() as session:
        await check_seats(session)
        owners = set((await session.scalars(select(Account.person_id))).all()) | {
            one.apart_id for one in await session.scalars(select(Merge))
        }
        for model in (Claim, Report, Flag, Member):
            assert set((await session.scalars(select(model.person_id))).all()) <= owners
        pairs = Counter((await session.execute(select(Claim.person_id, Claim.task_id).where(Claim.state.in_(SEATED)))).all())
        assert set(pairs.values()) <= {1}
