"""In line for a seat: who is first is offered what comes free, takes it or passes it on."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.claims import Claim, ClaimState
from models.communities import Member
from models.linking import merge
from models.roles import Role
from models.tasks import Task
from models.waitlist import Wait, WaitState
from tests.dialogue import NOW, Home, Somebody, Talk, both_platforms, plain
from tests.races.truth import check_truth

OFFER = "has come free, and it is your turn"


async def full(chat: Talk, *names: str, **columns: Any) -> tuple[list[Somebody], Home, int]:
    """Huda's task, whose only seat Omar holds; the others want it, too."""
    people = [chat.person(name) for name in ("Huda", "Omar", *names)]
    home = await chat.home(*people)
    number = await chat.task(home, people[0], "Call Adel", **{"hold_minutes": 2 * 24 * 60} | columns)
    await people[1].says(f"/claim {number}")
    return people, home, number


async def waits(chat: Talk, number: int, *people: Somebody) -> None:
    for one in people:
        await one.says(f"/claim {number}")
        await one.presses("Wait for a seat")


async def states(chat: Talk) -> list[WaitState]:
    await chat.core.edge.look(check_truth)
    return [row[0] for row in await chat.rows(select(Wait.state).order_by(Wait.id))]


def offers(somebody: Somebody) -> int:
    return sum(OFFER in text for text in somebody.reads())


@both_platforms
async def test_a_freed_seat_is_kept_for_the_first_in_line(chat: Talk) -> None:
    (_, omar, sara, nour, ziad), _, number = await full(chat, "Sara", "Nour", "Ziad")
    await waits(chat, number, sara)
    assert "the next free seat is offered to you" in sara.screen.text
    await waits(chat, number, nour)
    assert "behind 1 person" in plain(nour.screen.text)

    await omar.says(f"/release {number}")
    await chat.passes(minutes=1)
    assert offers(sara) == 1
    assert "it is kept for you until today at 20:00" in plain(sara.screen.text)
    assert offers(nour) == 0
    assert "Every seat of Call Adel is taken" in plain((await ziad.says(f"/claim {number}")).text)
    assert await chat.rows(select(Task.seats_taken)) == [(1,)]

    await sara.presses("I'm in")
    assert "is yours until" in sara.screen.text
    assert await states(chat) == [WaitState.SEATED, WaitState.WAITING]
    assert await chat.rows(select(Task.seats_taken)) == [(1,)]


@both_platforms
async def test_what_nobody_takes_in_time_goes_on_to_the_next_and_then_to_everybody(chat: Talk) -> None:
    (_, omar, sara, nour, ziad), _, number = await full(chat, "Sara", "Nour", "Ziad")
    await waits(chat, number, sara, nour)
    await omar.says(f"/release {number}")

    await chat.passes(minutes=1)
    await chat.passes(hours=6)
    assert offers(nour) == 1
    assert await states(chat) == [WaitState.LAPSED, WaitState.OFFERED]
    late = await sara.presses("I'm in")
    assert "Every seat of Call Adel is taken" in plain(late.text)
    await nour.presses("Not this time")
    assert "still in line for Call Adel, now at its end" in plain(nour.screen.text)
    assert await states(chat) == [WaitState.LAPSED, WaitState.WAITING]
    assert "is yours until" in (await ziad.says(f"/claim {number}")).text

    await ziad.says(f"/release {number}")
    await chat.passes(minutes=1)
    assert offers(nour) == 1  # the one before was redrawn when it was pressed
    await nour.presses("Leave the line")
    assert await states(chat) == [WaitState.LAPSED, WaitState.LEFT]
    assert await chat.rows(select(Task.seats_taken)) == [(0,)]


@both_platforms
async def test_mine_and_the_card_show_what_one_waits_for(chat: Talk) -> None:
    (_, omar, sara), _, number = await full(chat, "Sara")

    card = await sara.says(f"/task {number}")
    assert card.labels[0] == ["Wait for a seat", "Other tasks"]
    await sara.presses("Wait for a seat")
    assert (await sara.says(f"/task {number}")).labels[0] == ["Leave the line"]
    mine = await sara.says("/mine")
    assert "Call Adel: in line for a seat" in plain(mine.text)
    assert "Leave the line: Call Adel" in [plain(label) for row in mine.labels for label in row]

    await omar.says(f"/release {number}")
    mine = await sara.says("/mine")
    assert "Call Adel: a seat is kept for you until" in plain(mine.text)
    assert (await sara.says(f"/task {number}")).labels[:2] == [["I'm in", "Not this time"], ["Leave the line"]]
    await sara.says("/mine")
    await sara.presses("Leave the line: ")
    assert "is not waited for any more" in sara.screen.text
    assert await chat.rows(select(Task.seats_taken)) == [(0,)]


Freeing = Callable[[Talk, Somebody, Somebody, int], Awaitable[None]]


async def _by_leaving(chat: Talk, huda: Somebody, omar: Somebody, number: int) -> None:
    await omar.says("/leave")
    await omar.presses("Leave")


async def _by_rejection(chat: Talk, huda: Somebody, omar: Somebody, number: int) -> None:
    await omar.says(f"/done {number}")
    await omar.presses("10 minutes")
    await omar.presses("Skip")
    await huda.says("/review")
    await huda.presses("Reject")
    await huda.says("That was another task.")


async def _by_an_edit(chat: Talk, huda: Somebody, omar: Somebody, number: int) -> None:
    await huda.says(f"/edit {number}")
    await huda.presses("Seats")
    await huda.says("2")


async def _by_time(chat: Talk, huda: Somebody, omar: Somebody, number: int) -> None:
    await chat.transact(lambda s: s.execute(update(Claim).values(warned_at=NOW, hold_until=NOW, next_at=NOW)))


@pytest.mark.parametrize("free", [_by_leaving, _by_rejection, _by_an_edit, _by_time])
async def test_however_a_seat_comes_free_it_is_offered(chat: Talk, free: Freeing) -> None:
    (huda, omar, sara), _, number = await full(chat, "Sara")
    await waits(chat, number, sara)

    await free(chat, huda, omar, number)
    await chat.passes(minutes=1)
    assert offers(sara) == 1
    assert await states(chat) == [WaitState.OFFERED]


@both_platforms
async def test_who_cannot_take_it_is_passed_over_and_keeps_the_place(chat: Talk) -> None:
    """Sara holds as many as a newcomer may, Nour was blocked, Ziad left; Layla takes it."""
    (huda, omar, sara, nour, ziad, layla), home, number = await full(chat, "Sara", "Nour", "Ziad", "Layla")
    await waits(chat, number, sara, nour, ziad, layla)
    other = await chat.task(home, huda, "Write a letter")
    await sara.says(f"/claim {other}")
    await chat.give_role(home, nour, Role.VOLUNTEER, blocked_at=chat.clock.now())
    await ziad.says("/leave")
    await ziad.presses("Leave")

    await omar.says(f"/release {number}")
    await chat.passes(minutes=1)
    assert await states(chat) == [WaitState.WAITING, WaitState.WAITING, WaitState.LEFT, WaitState.OFFERED]
    await layla.presses("I'm in")
    await sara.says(f"/release {other}")
    await layla.says(f"/release {number}")
    await chat.passes(minutes=1)
    assert offers(sara) == 1


async def test_who_sleeps_is_told_in_the_morning_and_the_time_runs_from_then(chat: Talk) -> None:
    (_, omar, sara), _, number = await full(chat, "Sara", deadline_at=NOW + timedelta(days=4), hold_minutes=4 * 24 * 60)
    await waits(chat, number, sara)
    await chat.later(hours=9)
    await omar.says(f"/release {number}")

    await chat.passes(hours=9)
    assert offers(sara) == 0
    assert await states(chat) == [WaitState.OFFERED]
    await chat.passes(hours=2)
    assert offers(sara) == 1
    assert "kept for you until today at 18:37" in plain(sara.screen.text)
    await chat.passes(hours=8)
    assert await states(chat) == [WaitState.OFFERED]
    await chat.passes(hours=1)
    assert await states(chat) == [WaitState.LAPSED]


async def test_who_was_never_told_keeps_the_place(chat: Talk) -> None:
    (_, omar, sara), _, number = await full(chat, "Sara")
    await waits(chat, number, sara)
    await omar.says(f"/release {number}")
    await chat.transact(lambda s: s.execute(update(Wait).values(offer_until=NOW)))

    await chat.later(minutes=1)
    assert await states(chat) == [WaitState.WAITING]
    assert await chat.rows(select(Task.seats_taken)) == [(0,)]


@both_platforms
async def test_a_task_that_is_called_off_keeps_nobody_waiting(chat: Talk) -> None:
    (huda, omar, sara, nour), _, number = await full(chat, "Sara", "Nour")
    await waits(chat, number, sara, nour)
    await omar.says(f"/release {number}")
    await huda.says(f"/cancel {number}")
    await huda.presses("Call it off")

    assert "was called off by the team" in sara.screen.text
    assert await states(chat) == [WaitState.CLOSED, WaitState.CLOSED]
    assert await chat.rows(select(Task.seats_taken)) == [(0,)]
    await chat.passes(hours=2)
    assert offers(sara) == 0


@both_platforms
async def test_only_members_wait_and_only_for_what_is_full(chat: Talk) -> None:
    (huda, omar, sara), home, number = await full(chat, "Sara")
    ziad = chat.person("Ziad")
    await ziad.says("/start")

    screen = await ziad.says("/help")
    assert "Joining comes first" in (await ziad.presses_on(screen, data=f"wait:{number}:0")).text
    await chat.give_role(home, ziad, Role.VOLUNTEER, blocked_at=chat.clock.now())
    assert "have blocked this account" in (await ziad.presses_on(screen, data=f"wait:{number}:0")).text
    assert "Call Adel" in plain((await omar.presses_on(await omar.says("/help"), data=f"wait:{number}:0")).text)
    free = await chat.task(home, huda, "Write a letter")
    assert "I'm in" in (await sara.presses_on(await sara.says("/help"), data=f"wait:{free}:0")).labels[0]
    assert await chat.rows(select(func.count()).select_from(Wait)) == [(0,)]


async def test_two_who_become_one_stand_in_line_once(chat: Talk) -> None:
    (_, omar, sara, nour), _, number = await full(chat, "Sara", "Nour")
    await waits(chat, number, sara, nour)

    async def work(session: AsyncSession) -> None:
        await merge(session, await sara.number(session), await nour.number(session), chat.clock.now())

    await chat.transact(work)
    assert await states(chat) == [WaitState.WAITING, WaitState.LEFT]
    await omar.says(f"/release {number}")
    await chat.passes(minutes=1)
    assert await states(chat) == [WaitState.OFFERED, WaitState.LEFT]
    assert await chat.rows(select(Claim.state)) == [(ClaimState.RELEASED,)]
    assert await chat.rows(select(func.count()).select_from(Member).where(Member.left_at.is_(None))) == [(3,)]
