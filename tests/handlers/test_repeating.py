"""What comes again: said in words or pressed, made in time, in its chats, on the wall clock; changed, paused and ended."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.repeating import make_due
from models.cards import LiveCard
from models.series import Series, SeriesState
from models.tasks import Task, TaskTag
from tests.dialogue import NOW, Home, Somebody, Talk, both_platforms, plain

THURSDAY = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)
"""17:00 in Cairo."""
WEEK = timedelta(days=7)
LINE = "/newtask Serve dinner | starts Thursday 17:00 | every Thursday | 2h | 3 seats | at the hall | #food"


async def dinner(chat: Talk, *others: Somebody, line: str = LINE) -> tuple[Home, Somebody]:
    huda = chat.person("Huda")
    home = await chat.home(huda, *others)
    await huda.says(line)
    await huda.presses("Confirm")
    return home, huda


async def made(chat: Talk) -> list[tuple[date, datetime]]:
    rows = await chat.rows(select(Task.occurs_on, Task.starts_at).order_by(Task.occurs_on))
    return [(row[0], row[1]) for row in rows]


@both_platforms
async def test_a_series_is_made_by_pressing_and_its_tasks_come_in_time(chat: Talk) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    await huda.says("/newtask Serve dinner | starts Thursday 17:00 | 2h | at the hall")
    await huda.presses("Change something")
    for _ in range(2):
        await huda.presses("Keep it") if "Description" not in huda.screen.text else await huda.presses("Skip")
    while "Does it come again?" not in huda.screen.text:
        await huda.presses("Keep it")
    labels = [label for row in huda.screen.labels for label in row]
    assert labels[:3] == ["every day", "every Thursday", "every 2 weeks: Thursday"]
    assert labels[3:5] == ["on the fourth Thursday of the month", "Just once"]
    assert "could not be read as a rhythm" in (await huda.says("now and then")).text
    asked = await huda.presses("every Thursday")
    assert "Until when does it come again?" in asked.text
    assert "would end before it begins" in (await huda.says("24/11")).text
    preview = await huda.says("3 times")
    assert "Begins Thursday 26 November at 17:00\nComes again: every Thursday · 3 times" in plain(preview.text)
    done = await huda.presses("Confirm")
    assert "Serve dinner is open: task 1." in plain(done.text)
    assert "It comes again by itself" in done.text

    assert await made(chat) == [(date(2026, 11, 26), THURSDAY)]
    await chat.passes(60 * 12, days=25)
    assert await made(chat) == [(date(2026, 11, 26) + n * WEEK, THURSDAY + n * WEEK) for n in range(3)]
    assert await chat.rows(select(Series.state, Series.next_at)) == [(SeriesState.ENDED, None)]


@pytest.mark.parametrize(
    ("language", "line", "shown"),
    [
        ("en", LINE, "Comes again: every Thursday"),
        ("en", "/newtask Serve dinner | starts Thursday 17:00 | FREQ=WEEKLY;BYDAY=TH;COUNT=9", "every Thursday · 9 times"),
        (
            "ar",
            "/newtask تقديم العشاء | تبدأ الخميس ١٧:٠٠ | كل خميس حتّى ٣١/١٢",
            "التكرار: أسبوعيًّا: الخميس – حتى ٣١ ديسمبر ٢٠٢٦",
        ),
    ],
)
async def test_one_line_says_the_rhythm(chat: Talk, language: str, line: str, shown: str) -> None:
    huda = chat.person("Huda", language)
    await chat.home(huda, language=language)
    assert shown in plain((await huda.says(line)).text)
    await huda.presses({"en": "Confirm", "ar": "تأكيد"}[language])
    assert await made(chat) == [(date(2026, 11, 26), THURSDAY)]


@both_platforms
async def test_the_first_day_is_the_first_of_the_rhythm(chat: Talk) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    preview = await huda.says("/newtask Serve dinner | starts tomorrow 17:00 | every second Saturday")
    assert "Begins Saturday 28 November at 17:00" in plain(preview.text)
    assert "Comes again: every 2 weeks: Saturday" in plain(preview.text)
    await huda.presses("Confirm")
    await chat.passes(60 * 24, days=12)
    assert [day for day, _ in await made(chat)] == [date(2026, 11, 28), date(2026, 12, 12)]


@both_platforms
async def test_what_comes_again_needs_a_beginning_and_a_rule_that_can_be_followed(chat: Talk) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    assert "needs a beginning" in (await huda.says("/newtask Serve dinner | every Thursday")).text
    refused = await huda.says("/newtask Serve dinner | starts Thursday 17:00 | FREQ=HOURLY")
    assert "This rule cannot be followed." in plain(refused.text)
    refused = await huda.says("/newtask Serve dinner | starts Thursday 17:00 | FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")
    assert "it would never come" in refused.text


@both_platforms
async def test_cards_follow_into_the_chats_of_the_one_before(chat: Talk) -> None:
    home, huda = await dinner(chat)
    await huda.says("/post 1", home.group)
    await chat.later(days=2, hours=4)
    assert await chat.rows(select(LiveCard.task_id).order_by(LiveCard.task_id)) == [(1,), (2,)]
    assert [plain(card.text).count("Begins Thursday 3 December") for card in huda.app.answers(home.group)][-1] == 1
    assert await chat.rows(select(TaskTag.task_id, TaskTag.tag).order_by(TaskTag.task_id)) == [(1, "food"), (2, "food")]


async def test_the_second_task_waits_until_the_first_could_be_posted(chat: Talk) -> None:
    home, huda = await dinner(chat, line="/newtask Water the plants | starts today 16:00 | every day | 15m")
    await chat.later(minutes=10)
    assert len(await made(chat)) == 1
    await huda.says("/post 1", home.group)
    await chat.later(minutes=6)
    assert len(await made(chat)) == 2
    assert await chat.rows(select(LiveCard.task_id).order_by(LiveCard.task_id)) == [(1,), (2,)]


@both_platforms
async def test_what_should_have_been_while_we_were_away_is_left_out(chat: Talk) -> None:
    await dinner(chat)
    await chat.later(days=17)  # Thursday the 10th of December at 12:00 UTC: that evening's is still to come
    await chat.later(minutes=1)
    days = [day for day, _ in await made(chat)]
    assert days == [date(2026, 11, 26), date(2026, 12, 10), date(2026, 12, 17)]


async def test_two_processes_make_one_task(chat: Talk) -> None:
    await dinner(chat)
    chat.clock.shift(timedelta(days=2, hours=4))

    async def make(session: AsyncSession) -> bool:
        return await make_due(session, chat.clock.now())

    await asyncio.gather(*(chat.transact(make) for _ in range(5)))
    assert await chat.rows(select(func.count()).select_from(Task)) == [(2,)]


@pytest.mark.parametrize(
    ("zone", "now", "hours"),
    [
        ("Africa/Cairo", datetime(2026, 4, 20, 6, tzinfo=UTC), [15, 14, 14]),
        ("Asia/Beirut", datetime(2026, 10, 19, 6, tzinfo=UTC), [14, 15, 15]),
        ("Africa/Casablanca", datetime(2026, 2, 9, 6, tzinfo=UTC), [16, 17, 17]),
        ("America/New_York", datetime(2026, 3, 2, 6, tzinfo=UTC), [22, 21, 21]),
    ],
)
async def test_five_stays_five_when_the_clocks_change(chat: Talk, zone: str, now: datetime, hours: list[int]) -> None:
    chat.clock.moment = now
    huda = chat.person("Huda")
    await chat.home(huda, timezone=zone)
    await huda.says("/me")

    async def move(session: AsyncSession) -> None:
        from models.people import Person

        (await session.get_one(Person, await huda.number(session))).timezone = zone

    await chat.transact(move)
    await huda.says("/newtask Serve dinner | starts Thursday 17:00 | every Thursday | 2h")
    await huda.presses("Confirm")
    await chat.passes(60 * 24, days=16)
    assert [starts_at.hour for _, starts_at in await made(chat)][:3] == hours


@both_platforms
async def test_a_series_is_paused_goes_on_and_ends(chat: Talk) -> None:
    _, huda = await dinner(chat)
    await huda.says("/task 1")
    page = await huda.presses("The series")
    assert "every Thursday" in page.text
    assert "Thursday 26 November at 17:00: task 1" in plain(page.text)
    paused = await huda.presses("Pause the series")
    assert "Paused: no new tasks are made." in paused.text
    await chat.passes(60 * 24, days=10)
    assert len(await made(chat)) == 1
    await huda.presses("Go on with it")
    await chat.later(minutes=1)
    assert [day for day, _ in await made(chat)] == [date(2026, 11, 26), date(2026, 12, 3), date(2026, 12, 10)]
    ended = await huda.presses("End the series")
    assert "Ended: no new tasks are made." in ended.text
    await chat.passes(60 * 24, days=10)
    assert len(await made(chat)) == 3


@both_platforms
async def test_later_ones_can_be_like_one_that_was_changed(chat: Talk) -> None:
    omar = chat.person("Omar")
    _, huda = await dinner(chat, omar)
    await chat.later(days=2, hours=4)
    await huda.says("/edit 1")
    await huda.presses("Beginning")
    await huda.says("Thursday 18:00")
    await huda.presses("Change something else")
    await huda.presses("Place")
    await huda.says("The school")
    await omar.says("/claim 2")
    await huda.presses("The later ones, too")
    assert "Those that come later are like this one now." in huda.screen.text
    news = [text for text in map(plain, omar.reads()) if "which you hold a seat on" in text]
    assert news[0].endswith("now done somewhere else: at this place: The school.")
    assert news[1].endswith("now begins Thursday 3 December at 18:00.")
    hour = timedelta(hours=1)
    assert await chat.rows(select(Task.place, Task.starts_at).order_by(Task.id)) == [
        ("The school", THURSDAY + hour),
        ("The school", THURSDAY + WEEK + hour),
    ]
    await chat.passes(60 * 12, days=7)
    assert (await made(chat))[2] == (date(2026, 12, 10), THURSDAY + 2 * WEEK + hour)


@both_platforms
async def test_series_are_for_the_teams_moderators(chat: Talk) -> None:
    omar = chat.person("Omar")
    await dinner(chat, omar)
    mona = chat.person("Mona")
    await chat.home(mona, name="Elsewhere")
    await omar.says("/task 1")
    assert not any("series" in label for row in omar.screen.labels for label in row)
    await omar.presses_on(omar.screen, data="series_end:1:0")
    assert "for the team's moderators" in omar.screen.text
    await mona.presses_on(await mona.says("/mine"), data="series_end:1:0")
    assert "does not come again" in mona.screen.text
    assert await chat.rows(select(Series.state)) == [(SeriesState.ACTIVE,)]
    assert NOW < THURSDAY
