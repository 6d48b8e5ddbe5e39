"""Who is offered a task without having looked: when a seat comes free late, and when nothing was offered for long."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.communities import Member
from models.people import Person
from models.tasks import Task
from tests.dialogue import NOW, Home, Somebody, Talk, both_platforms, plain

LATE = "has a free seat at short notice"
FITS = "could be something for you"


async def garden(chat: Talk, home: Home, huda: Somebody, hours: float = 20, **columns: Any) -> int:
    """Something at a place, at a certain hour."""
    starts_at = chat.clock.now() + timedelta(hours=hours)
    values: dict[str, Any] = {
        "starts_at": starts_at,
        "deadline_at": starts_at + timedelta(days=1),
        "place": "Horreya park",
    } | columns
    return await chat.task(home, huda, "Clean the park", **values)


async def change(chat: Talk, somebody: Somebody, **columns: Any) -> None:
    async def work(session: AsyncSession) -> None:
        await session.execute(update(Person).where(Person.id == await somebody.number(session)).values(columns))

    await chat.transact(work)


def heard(somebody: Somebody, what: str) -> int:
    return sum(what in text for text in somebody.reads())


@both_platforms
async def test_a_seat_that_comes_free_late_is_offered_to_those_whom_it_fits(chat: Talk) -> None:
    huda, omar, sara, nour = (chat.person(name) for name in ("Huda", "Omar", "Sara", "Nour"))
    layla = chat.person("ليلى", "ar")
    home = await chat.home(huda, omar, sara, nour, layla)
    await change(chat, nour, muted="offer")
    number = await garden(chat, home, huda)
    await omar.says(f"/claim {number}")

    await omar.says(f"/release {number}")
    await chat.passes(minutes=1)
    assert "Warmth has a free seat at short notice: Clean the park, begins tomorrow at 10:00." in plain(sara.screen.text)
    assert "Horreya park" in sara.screen.text
    assert [heard(one, LATE) for one in (omar, nour, layla)] == [0, 0, 0]
    await sara.presses("I'm in")
    assert "A seat on Clean the park is yours" in plain(sara.screen.text)
    await sara.says(f"/release {number}")
    await chat.passes(minutes=5)
    assert heard(sara, LATE) == 0  # her one was redrawn when she pressed; nobody is asked twice
    assert len(await chat.rows(select(Member.person_id).where(Member.asked_at == NOW))) == 2


async def test_not_where_somebody_waits_or_there_is_time_or_it_can_be_done_anywhere(chat: Talk) -> None:
    huda, omar, sara, nour = (chat.person(name) for name in ("Huda", "Omar", "Sara", "Nour"))
    home = await chat.home(huda, omar, sara, nour, newcomer_claims=3)
    waited_for = await garden(chat, home, huda)
    early = await garden(chat, home, huda, hours=25)
    remote = await chat.task(home, huda, deadline_at=NOW + timedelta(hours=20))
    for number in (waited_for, early, remote):
        await omar.says(f"/claim {number}")
    await nour.says(f"/claim {waited_for}")
    await nour.presses("Wait for a seat")

    for number in (waited_for, early, remote):
        await omar.says(f"/release {number}")
    await chat.passes(minutes=1)
    assert [heard(one, LATE) for one in (huda, omar, sara, nour)] == [0, 0, 0, 0]
    assert heard(nour, "it is your turn") == 1


async def test_a_few_at_a_time_interests_first_then_who_was_asked_least_recently(chat: Talk) -> None:
    huda, omar, *others = (chat.person(f"Person{n}") for n in range(10))
    home = await chat.home(huda, omar, *others)
    await change(chat, others[7], interests="garden trees")
    number = await garden(chat, home, huda, tags=("trees",))
    await omar.says(f"/claim {number}")

    async def were_asked(session: AsyncSession) -> None:
        for days, one in enumerate([huda, *others[:7]]):
            asked_at = chat.clock.now() - timedelta(days=10 + days)
            person = await one.number(session)
            await session.execute(update(Member).where(Member.person_id == person).values(asked_at=asked_at))

    await chat.transact(were_asked)
    await omar.says(f"/release {number}")
    await chat.passes(minutes=1)
    asked = [n for n, one in enumerate(others) if heard(one, LATE)]
    assert asked == [3, 4, 5, 6, 7]


@both_platforms
async def test_who_was_offered_nothing_for_two_weeks_is_found(chat: Talk) -> None:
    huda, omar, sara = chat.person("Huda"), chat.person("Omar"), chat.person("Sara")
    home = await chat.home(huda, omar, sara)
    await chat.passes(days=13, step_minutes=12 * 60)
    await chat.task(home, huda, "Call Adel", deadline_at=NOW + timedelta(days=40))
    busy = await chat.task(home, huda, "Write a letter", deadline_at=NOW + timedelta(days=40))
    await sara.says(f"/claim {busy}")
    assert heard(omar, FITS) == 0

    await chat.passes(days=2, step_minutes=6 * 60)
    assert heard(omar, FITS) == 1
    assert "Call Adel: 10 minutes, 1 seat, until" in plain(omar.screen.text)
    assert heard(sara, FITS) == 0
    await chat.passes(days=12, step_minutes=6 * 60)
    assert heard(omar, FITS) == 1
    await omar.presses("10′ · ")
    await omar.presses("I'm in")
    assert await chat.rows(select(Task.seats_taken).order_by(Task.id)) == [(1,), (0,)]


async def test_who_lets_offers_pass_is_left_in_peace_longer_each_time(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    for n in range(2):
        await chat.task(home, huda, f"Call number {n}", deadline_at=NOW + timedelta(days=200))
    offered = []
    for week in range(1, 18):
        before = heard(omar, FITS)
        await chat.passes(days=7, step_minutes=7 * 24 * 60)
        offered += [week] * (heard(omar, FITS) - before)
    assert offered == [2, 4, 8, 16]


@both_platforms
async def test_in_arabic_and_only_who_wants_to_hear_it(chat: Talk) -> None:
    huda, omar, sara = chat.person("هدى", "ar"), chat.person("عمر", "ar"), chat.person("سارة", "ar")
    home = await chat.home(huda, omar, sara, language="ar")
    await chat.task(home, huda, "مكالمة عادل", language="ar", deadline_at=NOW + timedelta(days=40))
    await change(chat, sara, stopped_at=NOW)

    await chat.passes(days=15, step_minutes=12 * 60)
    assert heard(omar, "مهمّة واحدة قد تناسبك") == 1
    assert heard(sara, "قد تناسبك") == 0
    looked_at = await chat.rows(select(Member.look_at).order_by(Member.look_at))
    assert all(row[0] > chat.clock.now() for row in looked_at)


async def test_nobody_is_offered_what_is_not_there(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    await chat.passes(days=16, step_minutes=12 * 60)
    assert heard(omar, FITS) == 0

    await chat.task(home, huda, "Call Adel", deadline_at=NOW + timedelta(days=40))
    await chat.passes(days=2, step_minutes=6 * 60)
    assert heard(omar, FITS) == 1


async def test_who_is_in_two_teams_is_offered_something_once(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    homes = [await chat.home(huda, omar, name=name, code=name.lower()) for name in ("Warmth", "Garden")]
    for home in homes:
        await chat.task(home, huda, f"Help {home.code}", deadline_at=NOW + timedelta(days=40))

    await chat.passes(days=16, step_minutes=12 * 60)
    assert heard(omar, FITS) == 1
    assert "2 tasks could be something for you" in omar.screen.text
