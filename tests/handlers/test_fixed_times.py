"""Tasks that begin at a certain hour: made, shown, held until they are over, and moved."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from models.claims import Claim
from models.roles import Role
from models.tasks import TIME_TO_REPORT, Task
from tests.dialogue import NOW, Talk, both_platforms, plain

SATURDAY = datetime(2026, 11, 28, 8, 0, tzinfo=UTC)
"""10:00 in Cairo."""


@both_platforms
async def test_what_is_done_at_a_place_can_begin_at_an_hour(chat: Talk) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    await huda.says("/newtask")
    await huda.says("Clean the park")
    await huda.presses("Skip")
    await huda.says("2h")
    await huda.presses("5")
    await huda.says("Horreya park")
    asked = await huda.presses("Skip")
    assert "When does it begin?" in asked.text
    assert "the hour is missing. For example: 28/11 17:00" in plain((await huda.says("28/11")).text)
    assert "has passed" in (await huda.says("2020-01-01 10:00")).text
    await huda.says("السبت ١٠:٠٠")
    again = await huda.presses("Nothing but the minutes")
    assert "Does it come again?" in again.text
    preview = await huda.presses("Just once")
    shown = plain(preview.text)
    assert "Begins Saturday 28 November at 10:00" in shown
    assert "Until" not in shown
    assert "A seat is held" not in shown
    made = await huda.presses("Confirm")
    assert "Clean the park is open" in plain(made.text)
    over = SATURDAY + timedelta(hours=2)
    assert await chat.rows(select(Task.starts_at, Task.deadline_at)) == [(SATURDAY, over + TIME_TO_REPORT)]


@both_platforms
async def test_the_hour_may_be_free_and_a_remote_task_is_not_asked(chat: Talk) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    await huda.says("/newtask Clean the park")
    await huda.presses("Change something")
    await huda.presses("Keep it")
    await huda.presses("Skip")
    for _ in range(3):
        await huda.presses("Keep it")
    assert "Until when?" in (await huda.presses("Skip")).text
    await huda.presses("Back")
    await huda.presses("Back")
    await huda.says("Horreya park")
    assert "When does it begin?" in (await huda.presses("Skip")).text
    assert "Until when?" in (await huda.presses("Skip")).text


@pytest.mark.parametrize(
    ("language", "line", "title"),
    [
        ("en", "/newtask Clean the park | starts Saturday 10:00 | 2h | at Horreya park", "Clean the park"),
        ("ar", "/newtask تنظيف الحديقة | تبدأ السبت ١٠:٠٠ | ساعتان | في حديقة الحرية", "تنظيف الحديقة"),
    ],
)
async def test_one_line_says_the_hour(chat: Talk, language: str, line: str, title: str) -> None:
    huda = chat.person("Huda", language)
    await chat.home(huda, language=language)
    preview = await huda.says(line)
    assert {"en": "Begins Saturday", "ar": "البدء: الساعة ١٠:٠٠"}[language] in plain(preview.text)
    await huda.presses({"en": "Confirm", "ar": "تأكيد"}[language])
    assert await chat.rows(select(Task.title, Task.starts_at, Task.minutes)) == [(title, SATURDAY, 120)]


@both_platforms
async def test_a_line_with_an_hour_has_no_deadline_besides(chat: Talk) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    said = await huda.says("/newtask Clean the park | starts Saturday 10:00 | until Saturday 12:00")
    assert "needs no deadline, only how long it takes" in plain(said.text)


@both_platforms
async def test_a_seat_is_held_until_there_was_time_to_report(chat: Talk) -> None:
    huda, omar, sara = chat.person("Huda"), chat.person("Omar"), chat.person("Sara")
    home = await chat.home(huda, omar, sara)
    deadline = SATURDAY + timedelta(days=5)
    number = await chat.task(home, huda, "Clean the park", seats=3, minutes=120, starts_at=SATURDAY, deadline_at=deadline)

    assert "begins Saturday 28 November at 10:00" in plain((await omar.says("/tasks")).text)
    taken = await omar.says(f"/claim {number}")
    assert "A seat on Clean the park is yours. It begins Saturday 28 November at 10:00." in plain(taken.text)
    assert "Clean the park: begins Saturday 28 November at 10:00" in plain((await omar.says("/mine")).text)
    card = plain((await omar.says(f"/task {number}")).text)
    assert "Begins Saturday 28 November at 10:00" in card
    assert "see you then!" in card
    over = SATURDAY + timedelta(hours=2)
    assert await chat.rows(select(Claim.hold_until)) == [(over + TIME_TO_REPORT,)]

    chat.clock.moment = SATURDAY + timedelta(hours=1)
    assert "No task is open" in (await sara.says("/tasks")).text
    assert "is yours until" in plain((await sara.says(f"/claim {number}")).text), "who comes late, comes"
    chat.clock.moment = over
    assert "has passed" in plain((await huda.says(f"/claim {number}")).text)
    assert "It is over." in plain((await omar.says(f"/task {number}")).text)


@both_platforms
async def test_holders_hear_of_another_hour_and_their_seats_move_with_it(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    deadline = SATURDAY + timedelta(hours=26)
    number = await chat.task(home, huda, "Clean the park", minutes=120, starts_at=SATURDAY, deadline_at=deadline)
    await omar.says(f"/claim {number}")

    await huda.says(f"/edit {number}")
    await huda.presses("Beginning")
    await huda.says("Sunday 11:00")
    assert "Clean the park, which you hold a seat on, now begins Sunday 29 November at 11:00." in plain(omar.screen.text)
    day = timedelta(hours=25)
    assert await chat.rows(select(Task.starts_at, Task.deadline_at, Claim.hold_until).join_from(Task, Claim)) == [
        (SATURDAY + day, deadline + day, deadline + day)
    ]

    await huda.says(f"/edit {number}")
    await huda.presses("Deadline")
    refused = await huda.says("29/11 12:00")
    assert "Clean the park is not over before this: Sunday 29 November at 13:00." in plain(refused.text)
    await huda.presses("Cancel")

    await huda.says(f"/edit {number}")
    await huda.presses("Beginning")
    await huda.presses("Leave it out")
    assert "has no fixed hour now: any time until Monday 30 November at 13:00." in plain(omar.screen.text)
    assert await chat.rows(select(Claim.hold_until)) == [(NOW + timedelta(hours=3),)]


@both_platforms
async def test_a_task_gets_an_hour_afterwards(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    number = await chat.task(home, huda, "Clean the park", minutes=120)
    await omar.says(f"/claim {number}")
    await huda.says(f"/edit {number}")
    await huda.presses("Beginning")
    await huda.presses("Tomorrow, 10:00")
    assert "now begins Tuesday 24 November at 10:00" in plain(omar.screen.text)
    end = datetime(2026, 11, 24, 10, tzinfo=UTC) + TIME_TO_REPORT
    assert await chat.rows(select(Task.deadline_at, Claim.hold_until).join_from(Task, Claim)) == [(end, end)]


@both_platforms
async def test_an_hour_that_passes_before_confirm_is_noticed(chat: Talk) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    await huda.says("/newtask Clean the park | starts today 15:00")
    await chat.later(hours=2)
    assert "The beginning has passed meanwhile" in (await huda.presses("Confirm")).text
    assert await chat.rows(select(Task.id)) == []


@both_platforms
async def test_what_is_moved_or_called_off_at_night_is_told_at_night_where_the_morning_is_too_late(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    seven = datetime(2026, 11, 28, 5, tzinfo=UTC)
    numbers = [
        await chat.task(home, huda, title, minutes=60, starts_at=seven, deadline_at=seven + timedelta(days=2))
        for title in ("Clean the park", "Serve breakfast")
    ]
    await chat.give_role(home, omar, Role.VOLUNTEER, trusted_at=NOW)
    for number in numbers:
        await omar.says(f"/claim {number}")
    chat.clock.moment = seven - timedelta(hours=9)
    await huda.says(f"/edit {numbers[0]}")
    await huda.presses("Beginning")
    await huda.says("28/11 6:30")
    assert "Clean the park, which you hold a seat on, now begins Saturday 28 November at 06:30." in plain(omar.screen.text)
    await huda.says(f"/cancel {numbers[1]}")
    await huda.presses("Skip")
    await huda.presses("No minutes")
    await huda.presses("Call it off")
    assert "Serve breakfast" in plain(omar.screen.text)
