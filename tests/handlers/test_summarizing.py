"""`/summary`: the week in words, figures and a chart, and the rows behind it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.summarizing import usual
from handlers.weeks import days_of, read_week
from handlers.words import words_for
from models.communities import Community
from models.refusals import Malformed
from models.roles import Role
from models.weeks import week_numbered
from tests.dialogue import NOW, Home, Somebody, Talk, both_platforms, photo_in, plain
from tests.wire import discord


async def hears(chat: Talk, somebody: Somebody, text: str) -> list[Any]:
    """All that comes of something that somebody says privately: a summary may take several messages."""
    before = len(somebody.app.answers())
    somebody.writes(text)
    await chat.settle()
    return list(somebody.app.answers()[before:])


def text_of(messages: list[Any]) -> str:
    return plain("\n".join(message.text for message in messages))


def chart_in(messages: list[Any]) -> tuple[bytes, str]:
    """The picture, and the words that stand for it."""
    last = messages[-1]
    words = str(last.files[0].description) if isinstance(last, discord.Message) else last.text
    return photo_in(last), plain(words)


def labels_of(messages: list[Any]) -> list[str]:
    return [label for row in messages[-1].labels for label in row]


async def busy_week(chat: Talk) -> tuple[Home, Somebody, Somebody, int]:
    """Omar completes one task, gives another back, and leaves a report waiting; a third task is about to fail."""
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    await chat.give_role(home, omar, Role.VOLUNTEER, trusted_at=NOW)
    one = await chat.task(home, huda, "Call Mr. Adel", tags=("letters",))
    two = await chat.task(home, huda, "Write a letter")
    three = await chat.task(home, huda, "Feed the cats", deadline_at=NOW + timedelta(days=5))
    await chat.task(home, huda, "Water the trees", deadline_at=NOW + timedelta(hours=30))
    for number in (one, two):
        await chat.later(minutes=30)
        await omar.says(f"/claim {number}")
        await omar.says(f"/done {number}")
        await omar.presses("10 minutes")
        await omar.presses("Skip")
    await omar.says(f"/claim {three}")
    await omar.presses("Give back")
    await omar.says("No time")
    await huda.says("/review")
    await huda.presses("Approve")
    return home, huda, omar, one


@both_platforms
async def test_the_week_so_far(chat: Talk) -> None:
    _, huda, _, _ = await busy_week(chat)

    told = await hears(chat, huda, "/summary")

    text = text_of(told)
    assert text.startswith("1 piece of work was completed.\nGiven: 10 minutes, by 1 person.")
    assert "1 task is about to fail: it has free seats and less than 48 hours." in text
    assert "Warmth, 21–27 November (2026-W48), so far" in text
    for line in (
        "Completed: 1", "Time given: 10 minutes", "Most of it: #letters 10 minutes", "Seats taken: 3", "Seats filled: –",
        "Median time to claim: 1 hour", "Given back: 1", "New members: 2", "Took a seat within a day: 1", "Open tasks: 2",
        "About to fail: 1", "Reports waiting: 1",
    ):  # fmt: skip
        assert f"\n{line}\n" in f"{text}\n", line
    picture, words = chart_in(told)
    assert picture.startswith(b"\x89PNG")
    assert "Monday 23: 3 taken, 1 completed" in words
    assert len(words.split("\n")) >= 8
    assert "Completed · 1" in labels_of(told)
    assert not any(label.startswith("Did not come") for label in labels_of(told)), "there is nothing behind it"


@both_platforms
async def test_last_week_is_compared_with_those_before(chat: Talk) -> None:
    home, huda, _, _ = await busy_week(chat)
    await change(chat, home, created_at=NOW - timedelta(days=40))
    await chat.later(days=7)

    told = text_of(await hears(chat, huda, "/summary last week"))
    assert "(2026-W48)\n" in told
    assert "Completed: 1 (the week before 0, usually 0)" in told
    for words in ("الأسبوع الماضي", "2026-11-27", "W48", "٢٠٢٦-W٤٨"):
        assert text_of(await hears(chat, huda, f"/summary {words}")) == told
    running = await hears(chat, huda, "/summary")
    assert "Completed: 0 (the week before 1, usually 0)" in text_of(running)
    before = len(huda.app.answers())
    await huda.presses("The week before")
    assert text_of(list(huda.app.answers()[before:])) == told, "the summary that was pressed stays"


@both_platforms
async def test_every_figure_shows_the_rows_behind_it(chat: Talk) -> None:
    _, huda, _, one = await busy_week(chat)
    told = await hears(chat, huda, "/summary")
    shown = {
        label.rpartition(" · ")[0]: plain((await huda.presses_on(told[-1], label)).text) for label in labels_of(told)[:-2]
    }

    assert shown["Completed"].split("\n")[:2] == [
        "Completed, 21–27 November: 1", "Call Mr. Adel: 10 minutes, by Omar, today at 15:00",
    ]  # fmt: skip
    assert "Feed the cats: Omar, today at 15:00" in shown["Given back"]
    assert "Call Mr. Adel: after 30 minutes" in shown["Median time to claim"]
    assert "Water the trees: 0 of 1 seat taken, until tomorrow at 20:00" in shown["About to fail"]
    assert "Write a letter: Omar, today at 15:00" in shown["Reports waiting"]
    assert "Omar, since today at 14:00" in shown["New members"]
    assert shown["Time given"].split("\n")[:2] == [
        "Time given, 21–27 November: 10 minutes", "Call Mr. Adel: 10 minutes, by Omar, today at 15:00",
    ]  # fmt: skip
    await huda.presses("Look at the reports")
    assert "Write a letter" in plain(huda.screen.text)
    assert one


@both_platforms
async def test_the_time_given_can_be_looked_at_by_tag(chat: Talk) -> None:
    home, huda, omar, _ = await busy_week(chat)
    for number in range(7):
        task = await chat.task(home, huda, f"Bake {number}", tags=("food", "winter"))
        await omar.says(f"/claim {task}")
        await omar.says(f"/done {task}")
        await omar.presses("10 minutes")
        await omar.presses("Skip")
        await huda.says("/review")
        await huda.presses("Approve")
    await huda.presses("Approve")
    told = await hears(chat, huda, "/summary")
    page = await huda.presses_on(told[-1], "Time given · 1 hour and 30 minutes")
    assert plain(page.text).startswith("Time given, 21–27 November: 1 hour and 30 minutes\n")
    labels = [plain(label) for row in page.labels for label in row]
    assert labels == ["#food · 1 hour and 10 minutes", "#winter · 1 hour and 10 minutes", "#letters · 10 minutes", "More"]
    food = await huda.presses("#food\u2069 · ")
    assert plain(food.text).startswith("#food, 21–27 November: 1 hour and 10 minutes\nBake 0: 10 minutes, by Omar")
    assert "Bake 6" not in food.text
    assert "Bake 6" in (await huda.presses_on(food, "More")).text
    assert "Mr. Adel" not in huda.screen.text
    stale = await huda.presses_on(food, data=f"given:{home.id} nothing 20261121 0:0")
    assert "earlier time" in stale.text + huda.toast
    forged = await omar.presses_on(await omar.says("/mine"), data=f"given:{home.id} all 20261121 0:0")
    assert "organizer" in forged.text


@both_platforms
async def test_long_lists_have_pages(chat: Talk) -> None:
    huda = chat.person("Huda")
    home = await chat.home(huda)
    for number in range(14):
        await chat.task(home, huda, f"Task {number}")
    told = await hears(chat, huda, "/summary")
    first = await huda.presses_on(told[-1], "Open tasks · 14")
    assert "Open tasks: 14" in plain(first.text)
    assert "Task 5" in first.text
    assert "Task 6" not in first.text
    second = await huda.presses("More")
    assert (second.id, "Task 11" in second.text, "Task 5" in second.text) == (first.id, True, False)
    await huda.presses("More")
    assert "Task 13" in huda.screen.text
    await huda.presses("Earlier")
    await huda.presses("Task 7")
    assert "2 days" not in huda.screen.text
    assert "Task 7" in huda.screen.text


@both_platforms
async def test_only_organizers_see_it_whatever_they_forge(chat: Talk) -> None:
    home, huda, omar, _ = await busy_week(chat)
    lina, stranger = chat.person("Lina"), chat.person("Ziad")
    await lina.says("/start")
    await chat.give_role(home, lina, Role.MODERATOR)
    card = await omar.says("/tasks")
    for one in (omar, lina):
        refused = await hears(chat, one, "/summary")
        assert "organizer" in text_of(refused)
    assert "organizer" in (await stranger.says("/summary")).text
    for data in (
        f"summary_week:{home.id} 20261121:0",
        f"figure:{home.id} completed 20261121 0:0",
        f"figure_page:{home.id} joined 20261121 0:0",
    ):
        refused_press = await omar.presses_on(card, card.labels[0][0], data=data)
        assert "organizer" in refused_press.text
        assert "Mr. Adel" not in refused_press.text
    told = await hears(chat, huda, "/summary")
    for data in (
        f"figure:{home.id} nothing 20261121 0:0", f"figure:{home.id} completed 20261122 0:0",
        f"figure:{home.id} completed 1 0:0", f"summary_week:{home.id} 99999999:0", f"summary_week:{home.id} 20270102:0",
    ):  # fmt: skip
        answered = await huda.presses_on(told[-1], labels_of(told)[0], data=data)
        assert "Call Mr. Adel" not in answered.text, data
    other = await huda.presses_on(told[-1], labels_of(told)[0], data=f"figure:{home.id + 99} completed 20261121 0:0")
    assert "organizer" in other.text


async def test_weeks_that_are_none_are_refused_with_an_example(chat: Talk) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    for given in ("someday", "2026-W60", "2027-W53", "1-1-1", "0001-01-01", "99999", "W0"):
        assert "Write it like this: 2026-W47" in plain((await huda.says(f"/summary {given}")).text), given
    assert "has not begun yet" in (await huda.says("/summary 2026-W49")).text


async def test_words_will_do_in_private(chat: Talk) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    assert "2026-W48" in text_of(await hears(chat, huda, "Summary"))
    for words in ("last week", "الأسبوع الماضي"):
        assert "2026-W47" in text_of(await hears(chat, huda, words))
    assert "2026-W48" in text_of(await hears(chat, huda, "الملخّص الأسبوعي"))


async def test_a_quiet_team_has_a_summary_too(chat: Talk) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    told = await hears(chat, huda, "/summary")
    assert text_of(told).startswith("0 pieces of work were completed.")
    assert "Monday 23: 0 taken, 0 completed" in chart_in(told)[1]


@pytest.mark.parametrize(
    ("said", "name"),
    [("53", "2026-W53"), ("W53", "2026-W53"), ("1", "2027-W01"), ("52", "2026-W52"), ("2", "2026-W02"),
     ("2026-12-31", "2026-W53"), ("٢٠٢٦-W٥٣", "2026-W53"), ("2020-w53", "2020-W53"), ("2028-02-29", "")],
)  # fmt: skip
def test_weeks_around_the_turn_of_the_year(said: str, name: str) -> None:
    team = Community(name="Warmth", first_weekday=6, timezone="Africa/Cairo")
    now = datetime(2027, 1, 5, 12, tzinfo=UTC)
    if not name:
        with pytest.raises(Malformed):
            read_week(said, team, now)
    else:
        assert read_week(said, team, now).name == name


def test_days_are_named_from_first_to_last() -> None:
    new_year = week_numbered(2026, 53, 6, "Africa/Cairo")
    assert days_of(words_for("en", False, "UTC"), new_year) == "27 December–2 January"
    assert days_of(words_for("ar", True, "UTC"), new_year) == "٢٧ ديسمبر–٢ يناير"


def test_the_usual_is_the_mean_of_what_there_is() -> None:
    assert usual([1, 2, None]) == 2
    assert usual([1, 1, 2, 1]) == 1
    assert usual([None, None]) is None


async def change(chat: Talk, home: Home, **columns: Any) -> None:
    async def work(session: AsyncSession) -> None:
        await session.execute(update(Community).where(Community.id == home.id).values(**columns))

    await chat.transact(work)
