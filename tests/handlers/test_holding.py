"""A held seat in time: its holder is asked once, answers, and never loses it unasked or early."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.claims import Claim, ClaimState
from models.communities import Community
from models.people import Account, Person
from models.record import Entry, EntryKind
from models.roles import Role
from models.tasks import Task, TaskState
from tests.dialogue import NOW, Home, Somebody, Talk, both_platforms, plain

QUESTION = "How is it going?"


async def seated(chat: Talk, **columns: Any) -> tuple[Somebody, Somebody, Home, int]:
    """Omar holds the only seat of Huda's task, for three hours; it is two in the afternoon where they live."""
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    number = await chat.task(home, huda, "Call Adel", **columns)
    await omar.says(f"/claim {number}")
    return huda, omar, home, number


async def until_asked(chat: Talk) -> None:
    """A quarter of their time before its end they were asked; that was five minutes ago."""
    await chat.passes(hours=2)
    await chat.passes(minutes=20, step_minutes=5)


async def state(chat: Talk) -> list[ClaimState]:
    return [row[0] for row in await chat.rows(select(Claim.state).order_by(Claim.id))]


def asked(somebody: Somebody) -> int:
    return sum(QUESTION in text for text in somebody.reads())


@both_platforms
async def test_the_holder_is_asked_once_and_loses_the_seat_without_an_answer(chat: Talk) -> None:
    _, omar, _, number = await seated(chat)

    await chat.passes(hours=2, minutes=10)
    assert asked(omar) == 0
    await chat.passes(minutes=6, step_minutes=1)
    assert asked(omar) == 1
    assert "Call Adel is yours until today at 17:00" in plain(omar.screen.text)
    assert omar.screen.labels == [["Still on it", "More time"], ["Done", "Give back"]]
    await chat.passes(minutes=43, step_minutes=5)
    assert await state(chat) == [ClaimState.HELD]
    await chat.passes(minutes=3, step_minutes=1)

    assert await state(chat) == [ClaimState.EXPIRED]
    assert await chat.rows(select(Task.seats_taken)) == [(0,)]
    assert asked(omar) == 1
    assert "one press takes it again" in omar.screen.text
    await omar.presses("I'm in")
    assert "yours until" in omar.screen.text
    assert await state(chat) == [ClaimState.EXPIRED, ClaimState.HELD]
    assert (await chat.rows(select(Claim.task_id)))[1] == (number,)


@both_platforms
async def test_still_on_it_starts_the_clock_anew_as_often_as_the_team_says(chat: Talk) -> None:
    _, omar, home, number = await seated(chat)
    await chat.transact(lambda s: s.execute(update(Community).where(Community.id == home.id).values(still_times=2)))

    await until_asked(chat)
    question = omar.screen
    await omar.presses("Still on it")
    assert "stays yours until today at 19:20" in plain(omar.screen.text)
    again = await omar.presses_on(question, data=f"still:{number}:0")
    assert "stays yours until today at 19:20" in plain(again.text)
    assert await chat.rows(select(Claim.renewals)) == [(1,)]

    await chat.passes(minutes=10)
    assert "stays yours until today at 19:30" in plain((await omar.says(f"/still {number}")).text)
    spent = await omar.says(f"/still {number}")
    assert "counts 2 times in this team" in plain(spent.text)
    assert spent.labels == [["More time", "Done"]]
    await until_asked(chat)
    assert omar.screen.labels == [["More time"], ["Done", "Give back"]]


@both_platforms
async def test_only_holders_are_still_on_it(chat: Talk) -> None:
    huda, omar, _, number = await seated(chat)
    sara = chat.person("Sara")
    await sara.says("/start")

    assert "No seat of Call Adel is held" in plain((await huda.says(f"/still {number}")).text)
    assert "Joining comes first" in (await sara.says(f"/still {number}")).text
    assert "Joining comes first" in (await sara.says(f"/extend {number}")).text
    await omar.says(f"/done {number}")
    await omar.presses("10 minutes")
    await omar.presses("Skip")
    assert "handed in already" in (await omar.says(f"/still {number}")).text
    assert "handed in already" in (await omar.says(f"/extend {number}")).text


@both_platforms
async def test_who_sleeps_is_asked_in_the_morning_and_the_seat_is_kept(chat: Talk) -> None:
    """Taken at seven in the evening for three hours: the question would come at a quarter past nine."""
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    await chat.later(hours=5)
    await omar.says(f"/claim {await chat.task(home, huda)}")

    await chat.passes(hours=13, step_minutes=60)
    assert asked(omar) == 0
    assert await state(chat) == [ClaimState.HELD]
    await chat.passes(hours=1, step_minutes=20)
    assert asked(omar) == 1
    assert "yours until today at 10:00" in plain(omar.screen.text)
    assert "comes late" not in omar.screen.text
    await chat.passes(hours=1, minutes=2, step_minutes=2)
    assert await state(chat) == [ClaimState.EXPIRED]


async def test_at_night_where_the_morning_would_be_too_late(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    await chat.later(hours=6)
    number = await chat.task(home, huda, hold_minutes=600, deadline_at=chat.clock.now() + timedelta(hours=8))
    await omar.says(f"/claim {number}")

    await chat.passes(hours=6, minutes=10, step_minutes=10)
    assert asked(omar) == 1
    assert "yours until tomorrow at 04:00" in plain(omar.screen.text) or "yours until today at 04:00" in plain(
        omar.screen.text
    )


@both_platforms
async def test_what_ends_while_we_are_away_is_asked_late_and_lengthened(chat: Talk) -> None:
    _, omar, _, _ = await seated(chat)

    await chat.later(hours=4)
    assert "This comes late" in omar.screen.text
    assert "yours until today at 19:00" in plain(omar.screen.text)
    await chat.passes(minutes=58, step_minutes=10)
    assert await state(chat) == [ClaimState.HELD]
    await chat.passes(minutes=4, step_minutes=2)
    assert await state(chat) == [ClaimState.EXPIRED]


async def test_who_could_not_answer_because_we_were_away_is_spared_for_an_hour_once(chat: Talk) -> None:
    _, omar, _, _ = await seated(chat)
    await until_asked(chat)

    await chat.later(hours=3)
    assert await state(chat) == [ClaimState.HELD]
    await omar.presses("Still on it")
    assert "stays yours until today at 22:20" in plain(omar.screen.text)
    assert await chat.rows(select(Claim.spared_at, Claim.warned_at)) == [(None, None)]
    await chat.transact(lambda s: s.execute(update(Claim).values(warned_at=chat.clock.now(), next_at=Claim.hold_until)))
    await chat.later(hours=5)
    assert await state(chat) == [ClaimState.HELD]
    await chat.later(hours=5)
    assert await state(chat) == [ClaimState.EXPIRED]


@both_platforms
async def test_past_the_deadline_there_is_still_an_hour_to_hand_in(chat: Talk) -> None:
    _, omar, _, number = await seated(chat, deadline_at=NOW + timedelta(hours=3))

    await until_asked(chat)
    assert omar.screen.labels == [["Still on it"], ["Done", "Give back"]]
    await omar.presses("Still on it")
    assert "stays yours until today at 17:00" in plain(omar.screen.text)
    assert "no seat is held longer" in (await omar.says(f"/extend {number}")).text
    await chat.passes(minutes=45, step_minutes=5)
    assert "The deadline of Call Adel has passed" in plain(omar.screen.text)
    assert omar.screen.labels == [["Done", "Give back"]]
    assert await state(chat) == [ClaimState.HELD]
    await omar.presses("Done")
    await omar.presses("10 minutes")
    await omar.presses("Skip")
    await chat.passes(hours=3)
    assert await state(chat) == [ClaimState.REPORTED]


async def test_while_a_task_is_paused_nobody_is_asked_and_nothing_ends(chat: Talk) -> None:
    huda, omar, _, number = await seated(chat)
    await until_asked(chat)
    assert asked(omar) == 1

    async def pause(session: AsyncSession) -> None:
        await session.execute(update(Task).values(state=TaskState.PAUSED))

    await chat.transact(pause)
    await chat.passes(hours=8, step_minutes=60)
    assert await state(chat) == [ClaimState.HELD]
    assert asked(omar) == 1

    await huda.presses_on(await huda.says(f"/task {number}"), data=f"fine:{number}:0")
    await chat.passes(minutes=30, step_minutes=5)
    assert await state(chat) == [ClaimState.HELD]


@both_platforms
async def test_a_report_that_is_sent_back_has_a_clock_of_its_own(chat: Talk) -> None:
    huda, omar, _, number = await seated(chat)
    await until_asked(chat)
    await omar.presses("Done")
    await omar.presses("10 minutes")
    await omar.presses("Skip")
    await chat.passes(hours=1)
    await huda.says("/review")
    await huda.presses("Send back")
    await huda.says("Which day was it?")

    await chat.passes(hours=12, step_minutes=60)
    assert await state(chat) == [ClaimState.HELD]
    await chat.passes(hours=7)
    assert asked(omar) == 1
    assert "yours until today at 17:20" in plain(omar.screen.text)
    await chat.passes(hours=8, step_minutes=60)
    assert await state(chat) == [ClaimState.EXPIRED]
    assert await chat.rows(select(Task.seats_taken).where(Task.id == number)) == [(0,)]


async def hide(chat: Talk, name: str, *, is_hidden: bool = True) -> None:
    """They close the private chat, or open it again."""

    async def work(session: AsyncSession) -> None:
        person = select(Person.id).where(Person.name.startswith(name)).scalar_subquery()
        value: Any = None if is_hidden else Account.external_id
        await session.execute(update(Account).where(Account.person_id == person).values(private_chat=value))

    await chat.transact(work)


@both_platforms
async def test_who_cannot_be_asked_keeps_the_seat_until_a_moderator_frees_it(chat: Talk) -> None:
    huda, _, home, _ = await seated(chat)
    sara = chat.person("Sara")
    await sara.says("/start")
    await chat.give_role(home, sara, Role.VOLUNTEER)
    await hide(chat, "Omar")

    await chat.passes(hours=2, minutes=50)
    assert not any("cannot be asked" in text for text in huda.reads())
    await chat.passes(minutes=30)
    assert "Omar has held a seat on Call Adel longer than planned" in plain(huda.screen.text)
    assert not any("Omar has held" in text for text in huda.reads(home.group))
    assert await state(chat) == [ClaimState.HELD]

    forged = f"free_seat:{(await chat.rows(select(Claim.id)))[0][0]}:0"
    assert "for the team's moderators" in (await sara.presses_on(await sara.says("/tasks"), data=forged)).text
    assert "is free again" in (await huda.presses("Free the seat")).text
    assert await state(chat) == [ClaimState.EXPIRED]
    assert "earlier time" in (await huda.presses_on(huda.screen, data=forged)).text


async def test_who_can_be_asked_again_is_asked_again(chat: Talk) -> None:
    huda, omar, _, _ = await seated(chat)
    await hide(chat, "Omar")
    await chat.passes(hours=4)
    message = huda.screen
    await hide(chat, "Omar", is_hidden=False)

    assert "earlier time" in (await huda.presses_on(message, "Free the seat")).text
    assert await state(chat) == [ClaimState.HELD]
    await chat.passes(hours=24)
    assert asked(omar) == 1


@pytest.mark.parametrize("hours", [1, 4])
async def test_nobody_is_asked_about_what_is_handed_in_or_called_off(chat: Talk, hours: int) -> None:
    huda, omar, _, number = await seated(chat)
    await huda.says(f"/cancel {number}")
    for label in ("Skip", "No minutes", "Call it off"):
        await huda.presses(label)
    await chat.passes(hours=hours)
    assert asked(omar) == 0
    assert await state(chat) == [ClaimState.CANCELLED]


@both_platforms
async def test_after_what_had_a_fixed_time_the_report_is_asked_for(chat: Talk) -> None:
    """It begins tomorrow at noon and takes ten minutes; the report has a day."""
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    starts_at = NOW + timedelta(hours=22)
    columns: dict[str, Any] = {"starts_at": starts_at, "deadline_at": starts_at + timedelta(days=2), "place": "Horreya park"}
    await omar.says(f"/claim {await chat.task(home, huda, 'Clean the park', **columns)}")

    await chat.passes(hours=22)
    assert not any("is over. What was it like?" in text for text in omar.reads())
    await chat.passes(hours=24, minutes=10)
    assert "Clean the park is over. What was it like? The report can be handed in until" in plain("\n".join(omar.reads()))
    assert await state(chat) == [ClaimState.HELD]
    assert await chat.rows(select(Claim.warned_at).where(Claim.warned_at < starts_at)) == []
    await chat.passes(hours=9)

    assert await state(chat) == [ClaimState.EXPIRED]
    assert await chat.rows(select(Entry.kind)) == [(EntryKind.NOTHING,)]
    assert "Nothing was handed in for Clean the park" in plain(omar.screen.text)
    await omar.presses("My record")
    assert "Clean the park" in plain(omar.screen.text)


@both_platforms
async def test_whose_seat_went_on_can_wait_and_what_is_over_is_over(chat: Talk) -> None:
    huda, omar, sara = chat.person("Huda"), chat.person("Omar"), chat.person("Sara")
    home = await chat.home(huda, omar, sara)
    number = await chat.task(home, huda, "Call Adel")
    await omar.says(f"/claim {number}")
    await sara.says(f"/claim {number}")
    await sara.presses("Wait for a seat")

    await chat.passes(hours=3, minutes=10, step_minutes=5)
    assert "The seat on Call Adel went on to somebody else" in plain(omar.screen.text)
    assert "it is your turn" in sara.screen.text
    await omar.presses("Wait for a seat")
    assert "In line for Call Adel, behind 1 person" in plain(omar.screen.text)


@both_platforms
async def test_a_task_that_is_over_is_not_offered_to_be_taken_again(chat: Talk) -> None:
    _, omar, _, _ = await seated(chat, deadline_at=NOW + timedelta(hours=3))
    await chat.passes(hours=3, minutes=10, step_minutes=5)
    assert await state(chat) == [ClaimState.EXPIRED]
    assert "The time for Call Adel is over, and the seat was given up." in plain(omar.screen.text)
    assert omar.screen.labels == [["Other tasks"]]


async def test_a_question_that_met_a_pause_is_asked_when_the_task_goes_on(chat: Talk) -> None:
    """It waited for the morning; by then the task was paused."""
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    await chat.later(hours=5)
    number = await chat.task(home, huda)
    await omar.says(f"/claim {number}")
    await chat.passes(hours=5)
    await chat.transact(lambda s: s.execute(update(Task).values(state=TaskState.PAUSED)))
    await chat.passes(hours=10)
    assert asked(omar) == 0

    await huda.presses_on(await huda.says(f"/task {number}"), data=f"fine:{number}:0")
    await chat.passes(minutes=5, step_minutes=5)
    assert asked(omar) == 1
