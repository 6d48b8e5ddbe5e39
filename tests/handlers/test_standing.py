"""Coming every time: seats that are taken by themselves, a week that is skipped, and time away."""

from datetime import date

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.claims import Claim, ClaimState
from models.communities import Member
from models.record import Entry
from models.standing import Standing
from models.tasks import Task
from tests.dialogue import Home, Somebody, Talk, both_platforms, plain

LINE = "/newtask Serve dinner | starts Thursday 17:00 | every Thursday | 2h | {seats} seats | at the hall"


async def standing(chat: Talk, *others: Somebody, seats: int = 3) -> tuple[Home, Somebody, Somebody]:
    """Omar comes to dinner every Thursday."""
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar, *others)
    await huda.says(LINE.format(seats=seats))
    await huda.presses("Confirm")
    await omar.says("/claim 1")
    await omar.presses("And every time")
    return home, huda, omar


async def held(chat: Talk, name: ClaimState = ClaimState.HELD) -> list[date]:
    query = select(Task.occurs_on).join(Claim, Claim.task_id == Task.id).where(Claim.state == name).order_by(Task.occurs_on)
    return [row[0] for row in await chat.rows(query)]


@both_platforms
async def test_a_seat_is_taken_every_time_and_one_can_be_skipped(chat: Talk) -> None:
    _, huda, omar = await standing(chat)
    assert "A seat is yours every time from now on." in omar.screen.text
    assert "every Thursday" in omar.screen.text
    await chat.later(days=2, hours=4)
    await chat.later(minutes=1)
    told = plain(omar.screen.text)
    assert "Serve dinner comes again: Thursday 3 December at 17:00. A seat is yours, as every time." in told
    assert await held(chat) == [date(2026, 11, 26), date(2026, 12, 3)]
    await omar.presses("Skip this one")
    assert "record" not in omar.screen.text, "early costs nothing"
    assert await held(chat) == [date(2026, 11, 26)]
    assert await chat.rows(select(Entry.id)) == []

    await chat.passes(60 * 12, days=7)
    assert date(2026, 12, 10) in await held(chat)
    await huda.says("/task 1")
    await huda.says("/task 2")
    assert "1 person comes every time" in plain((await huda.presses("The series")).text)


@both_platforms
async def test_no_seat_is_taken_while_somebody_is_away(chat: Talk) -> None:
    _, _, omar = await standing(chat)
    await chat.later(days=2, hours=4)
    await chat.later(minutes=1)
    await omar.says("/mine")
    await omar.presses("Every time: ")
    await omar.presses("Away for a while")
    assert "has passed" in (await omar.says("1/1/2020")).text
    await omar.says("1/12")
    assert "before it begins" in (await omar.says("30/11")).text
    gone = await omar.says("12/12")
    assert "Away from Tuesday 1 December to Saturday 12 December. 1 seat held for then is free again." in plain(gone.text)
    assert await held(chat) == [date(2026, 11, 26)]
    await chat.passes(60 * 12, days=17)
    assert date(2026, 12, 10) not in await held(chat)
    assert date(2026, 12, 17) in await held(chat)


@both_platforms
async def test_who_goes_away_within_a_day_is_told_what_it_means(chat: Talk) -> None:
    _, _, omar = await standing(chat)
    await chat.later(days=2, hours=8)
    await omar.says("/mine")
    await omar.presses("Every time: ")
    await omar.presses("Away for a while")
    await omar.presses("Tomorrow")
    gone = await omar.presses("1 week")
    assert "so this stands on your record for 90 days" in plain(gone.text)
    assert len(await chat.rows(select(Entry.id))) == 1


@both_platforms
async def test_who_comes_every_time_hears_that_it_ends(chat: Talk) -> None:
    _, huda, omar = await standing(chat)
    await huda.says("/task 1")
    await huda.presses("The series")
    await huda.presses("End the series")
    assert "Serve dinner does not come again after what is in /mine." in plain(omar.screen.text)
    assert await held(chat) == [date(2026, 11, 26)]


@both_platforms
async def test_time_away_can_end_early(chat: Talk) -> None:
    _, _, omar = await standing(chat)
    await omar.presses("Away for a while")
    await omar.presses("Tomorrow")
    await omar.presses("4 weeks")
    await omar.presses("Back already")
    assert "Welcome back!" in omar.screen.text
    await chat.later(days=2, hours=4)
    assert await held(chat) == [date(2026, 12, 3)]


@both_platforms
async def test_it_ends_when_one_says_so(chat: Talk) -> None:
    _, _, omar = await standing(chat)
    await omar.presses("Not every time any more")
    assert "Serve dinner is not held every time any more." in plain(omar.screen.text)
    await chat.passes(60 * 12, days=3)
    assert date(2026, 12, 3) not in await held(chat)
    await omar.presses_on(omar.screen, data="standing_end:1:0")
    await omar.presses_on(omar.screen, data="away:1:0")
    assert "no seat of it is held every time" in omar.screen.text


@both_platforms
async def test_no_more_come_every_time_than_there_are_seats(chat: Talk) -> None:
    sara = chat.person("Sara")
    _, huda, _ = await standing(chat, sara, seats=1)
    await huda.says("/edit 1")
    await huda.presses("Seats")
    await huda.says("2")
    await sara.says("/claim 1")
    await sara.presses("And every time")
    assert "Every seat of Serve dinner is taken." in plain(sara.screen.text)
    assert len(await chat.rows(select(Standing.id))) == 1


@pytest.mark.parametrize("column", ["left_at", "blocked_at"])
async def test_who_is_gone_comes_no_more(chat: Talk, column: str) -> None:
    home, _, omar = await standing(chat)

    async def part(session: AsyncSession) -> None:
        mine = (Member.community_id == home.id, Member.person_id == await omar.number(session))
        await session.execute(update(Member).where(*mine).values({column: chat.clock.now()}))

    await chat.transact(part)
    await chat.later(days=2, hours=4)
    assert await held(chat) == [date(2026, 11, 26)]
    assert [row[0] is None for row in await chat.rows(select(Standing.ended_at))] == [False]


@both_platforms
async def test_how_many_seats_one_may_hold_does_not_stop_a_standing_hold(chat: Talk) -> None:
    _, huda, omar = await standing(chat)
    await chat.later(days=2, hours=4)
    assert len(await held(chat)) == 2, "a newcomer may take one at a time, and was let in to this"
    await huda.says("/newtask Call an elder | 15m")
    await huda.presses("Confirm")
    assert "at a time" in plain((await omar.says("/claim 3")).text) or "holds" in omar.screen.text


@both_platforms
async def test_a_seat_must_be_held_to_hold_it_every_time(chat: Talk) -> None:
    sara = chat.person("Sara")
    await standing(chat, sara)
    await sara.presses_on(await sara.says("/task 1"), data="every_time:1:0")
    assert len(await chat.rows(select(Standing.id))) == 1
