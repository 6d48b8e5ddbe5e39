"""Calling a task off, with what its holders are owed; and leaving what is being asked."""

from sqlalchemy import select

from models.claims import Claim, ClaimState
from models.communities import Member
from models.flags import Flag
from models.reports import Report, ReportState
from models.tasks import Task, TaskState
from tests.dialogue import Talk, both_platforms, plain


async def test_nobody_on_it_means_one_press(chat: Talk) -> None:
    huda = chat.person("Huda")
    home = await chat.home(huda)
    number = await chat.task(home, huda)
    card = await huda.says(f"/post {number}", home.group)
    asked = await huda.says(f"/cancel {number}")
    assert "with this press" in asked.text
    await huda.presses("Call it off")
    assert "Call Mr. Adel is called off." in plain(huda.screen.text)
    await chat.later(seconds=5)
    assert "Called off." in card.text
    assert await chat.rows(select(Task.state)) == [(TaskState.CANCELLED,)]


@both_platforms
async def test_holders_are_told_why_and_credited_half(chat: Talk) -> None:
    huda, omar, sara = chat.person("Huda"), chat.person("Omar"), chat.person("سارة", "ar")
    home = await chat.home(huda, omar, sara)
    number = await chat.task(home, huda, seats=3, minutes=15)
    for one in (huda, omar, sara):
        await one.says(f"/claim {number}")

    asked = await huda.says(f"/cancel {number}")
    assert "2 people hold a seat" in plain(asked.text)
    await huda.says("It rains too hard.")
    await huda.presses("Half: 8 minutes")
    assert "Credited to everybody who holds a seat: 8 minutes." in plain(huda.screen.text)
    done = await huda.presses("Call it off")

    assert "2 people are told." in plain(done.text)
    assert plain(omar.screen.text).splitlines() == [
        "Call Mr. Adel was called off by the team.",
        "The team says: It rains too hard.",
        "Credited for what was done until now: 8 minutes. Thank you!",
    ]
    assert "It rains too hard." in sara.screen.text
    people = [await chat.transact(one.number) for one in (huda, omar, sara)]
    assert await chat.rows(select(Claim.person_id, Claim.state).order_by(Claim.id)) == [
        (people[0], ClaimState.CANCELLED),
        (people[1], ClaimState.APPROVED),
        (people[2], ClaimState.APPROVED),
    ]
    assert await chat.rows(select(Report.person_id, Report.minutes, Report.state).order_by(Report.id)) == [
        (people[1], 8, ReportState.APPROVED),
        (people[2], 8, ReportState.APPROVED),
    ]
    assert await chat.rows(select(Task.state, Task.seats_taken)) == [(TaskState.CANCELLED, 2)]
    trusted = await chat.rows(select(Member.person_id).where(Member.trusted_at.is_not(None)).order_by(Member.person_id))
    assert trusted == [(people[1],), (people[2],)]
    assert "8 minutes in 1 task" in plain((await omar.says("/mine")).text)


@both_platforms
async def test_without_credit_the_seats_are_free_and_what_was_handed_in_is_reviewed(chat: Talk) -> None:
    huda, omar, sara = chat.person("Huda"), chat.person("Omar"), chat.person("Sara")
    home = await chat.home(huda, omar, sara)
    number = await chat.task(home, huda, seats=3)
    for one in (omar, sara):
        await one.says(f"/claim {number}")
    await omar.says(f"/done {number}")
    await omar.presses("10 minutes")
    await omar.presses("Skip")

    asked = await huda.says(f"/cancel {number}")
    assert "1 person holds a seat" in plain(asked.text)
    await huda.presses("Skip")
    await huda.presses("No minutes")
    await huda.presses("Call it off")
    assert "was called off by the team." in plain(sara.screen.text)
    assert "Credited" not in sara.screen.text
    assert "is reviewed all the same" in omar.screen.text
    assert await chat.rows(select(Claim.state).order_by(Claim.id)) == [(ClaimState.REPORTED,), (ClaimState.CANCELLED,)]
    assert await chat.rows(select(Task.seats_taken)) == [(1,)]

    await huda.says("/review")
    await huda.presses("Approve")
    assert "10 minutes credited" in plain(omar.screen.text)
    assert await chat.rows(select(Task.state)) == [(TaskState.CANCELLED,)]
    assert "was called off" in plain((await sara.says(f"/claim {number}")).text)


@both_platforms
async def test_a_task_is_called_off_once(chat: Talk) -> None:
    huda = chat.person("Huda")
    home = await chat.home(huda)
    number = await chat.task(home, huda)
    await huda.says(f"/cancel {number}")
    await huda.presses("Call it off")
    assert "was called off" in plain((await huda.says(f"/cancel {number}")).text)
    assert await chat.rows(select(Report.id)) == []


@both_platforms
async def test_flags_go_with_the_task(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    number = await chat.task(home, huda)
    await omar.says(f"/flag {number}")
    await omar.presses("It is not safe")
    await huda.says("/flags")
    await huda.presses("Call off")
    await huda.presses("Call it off")
    assert "No flag is waiting." in (await huda.says("/flags")).text
    assert await chat.rows(select(Flag.id).where(Flag.closed_at.is_(None))) == []
    assert await chat.rows(select(Task.state)) == [(TaskState.CANCELLED,)]


@both_platforms
async def test_without_a_number_it_leaves_what_is_being_asked(chat: Talk) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    await huda.says("/newtask")
    assert "Cancelled: making a task." in (await huda.says("/cancel")).text
    assert "Nothing is being asked right now." in (await huda.says("/cancel")).text


@both_platforms
async def test_volunteers_call_nothing_off(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    number = await chat.task(home, huda)
    assert "for the team's moderators" in (await omar.says(f"/cancel {number}")).text
    assert await chat.rows(select(Task.state)) == [(TaskState.OPEN,)]
