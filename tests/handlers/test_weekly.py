"""The weekly summary comes by itself: on its day and hour, where it is wanted, and once."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from handlers.weekly import send_due
from models.communities import Community
from models.notices import Notice, NoticeState
from models.roles import Role
from models.weekly import WeeklySummary, latest_due, next_due
from tests.dialogue import Home, Somebody, Talk, both_platforms, plain


async def stage(chat: Talk, **columns: Any) -> tuple[Home, Somebody, Somebody]:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar, **columns)
    number = await chat.task(home, huda, "Call Mr. Adel", seats=2, deadline_at=chat.clock.now() + timedelta(days=30))
    await omar.says(f"/claim {number}")
    await chat.later(minutes=1)
    return home, huda, omar


async def first_morning(chat: Talk) -> None:
    """Saturday, a minute past nine."""
    await chat.passes(days=4, hours=19, step_minutes=300)


def heard(somebody: Somebody, group: Any = None) -> str:
    return plain("\n".join(message.text for message in somebody.app.answers(group)))


@both_platforms
async def test_it_comes_on_the_first_morning_of_the_week_and_once(chat: Talk) -> None:
    _, huda, omar = await stage(chat)
    await chat.passes(days=4, hours=18, step_minutes=180)
    assert "2026-W48" not in heard(huda), "it is Saturday, eight in the morning"
    await chat.passes(hours=2)
    said = heard(huda)
    assert "Warmth, 21–27 November (2026-W48)\n" in said
    assert "Seats taken: 1" in said
    assert "This comes late" not in said
    await chat.passes(hours=30, step_minutes=180)
    assert heard(huda).count("2026-W48") == 1
    assert "2026-W48" not in heard(omar)
    await chat.passes(days=7, step_minutes=360)
    assert heard(huda).count("(2026-W49)\n") == 1
    assert "Seats taken: 0 (the week before 1, usually 1)" in heard(huda)
    assert len(await chat.rows(select(WeeklySummary.id))) == 2


@both_platforms
async def test_its_figures_can_be_pressed(chat: Talk) -> None:
    _, huda, _ = await stage(chat)
    await first_morning(chat)
    shown = await huda.presses("Seats taken · 1")
    assert "Seats taken, 21–27 November: 1\nCall Mr. Adel: Omar, Monday 23 November at 14:00" in plain(shown.text)


async def test_it_comes_to_a_chat_in_the_teams_language(chat: Talk) -> None:
    home, huda, omar = await stage(chat, language="ar")
    await huda.says("/settings")
    await huda.presses("Weekly summary")
    await huda.presses("Not to organizers")
    await huda.presses("In \u2068Warmth\u2069 too")
    assert "To organizers, privately: no\nIn Warmth: yes" in plain(huda.screen.text)
    await first_morning(chat)
    assert "2026-W48" not in heard(huda)
    posted = heard(omar, home.group)
    assert "Warmth، ٢١–٢٧ نوفمبر (٢٠٢٦-W٤٨)" in posted
    assert "الاثنين ٢٣: المحجوز ١، المكتمل ٠" in posted
    await omar.presses("مقاعد محجوزة – ١", home.group)
    assert "organizer" in (omar.toast + heard(omar)), "only organizers see the rows"


async def test_the_chosen_day_and_hour_hold_on_the_teams_clocks(chat: Talk) -> None:
    _, huda, _ = await stage(chat, timezone="America/New_York", first_weekday=0)
    await huda.says("/settings")
    assert "Weekly summary: Monday at 09:00, to organizers" in plain(huda.screen.text)
    await huda.presses("Weekly summary")
    await huda.presses("Another day")
    await huda.presses("Tuesday")
    await huda.presses("Another hour")
    await huda.presses("12:00")
    assert "Sent: Tuesday at 12:00" in plain(huda.screen.text)
    await huda.presses("Back")
    assert "Weekly summary: Tuesday at 12:00, to organizers" in plain(huda.screen.text)

    await chat.passes(days=1, hours=10, step_minutes=120)
    assert "(2026-W47)" not in heard(huda), "that week was over before there was a team"
    await chat.passes(days=6, hours=18, step_minutes=360)
    assert "(2026-W48)\n" not in heard(huda)
    await chat.passes(hours=2)
    assert "23–29 November (2026-W48)\n" in heard(huda)


@both_platforms
async def test_after_a_time_away_only_the_latest_comes_and_says_that_it_is_late(chat: Talk) -> None:
    home, huda, omar = await stage(chat)
    await huda.says("/settings")
    await huda.presses("Weekly summary")
    await huda.presses("In \u2068Warmth\u2069 too")
    await chat.later(days=21, hours=4)
    for said in (heard(huda), heard(omar, home.group)):
        assert said.count("5–11 December (2026-W50)") == 1
        assert "This comes late: it was meant for Saturday 12 December at 09:00" in said
        assert "2026-W48" not in said
        assert "2026-W49" not in said
    await chat.passes(days=1, step_minutes=180)
    assert heard(huda).count("2026-W50") == 1


async def test_two_processes_send_it_once(chat: Talk) -> None:
    _, huda, _ = await stage(chat)
    due = datetime(2026, 11, 28, 7, 0, tzinfo=UTC)
    for _ in range(3):
        await chat.transact(lambda session: send_due(session, due))

    async def forget(session: Any) -> None:
        """As if the plan had been lost, after the summary was sent."""
        (await session.scalars(select(Community))).one().summary_due_at = due

    await chat.transact(forget)
    await chat.transact(lambda session: send_due(session, due + timedelta(minutes=1)))
    await chat.later(days=4, hours=20)
    assert heard(huda).count("2026-W48") == 1
    assert len(await chat.rows(select(Notice.id).where(Notice.topic == "weekly_summary"))) == 1


async def test_who_organizes_no_more_or_said_stop_hears_nothing(chat: Talk) -> None:
    home, huda, omar = await stage(chat)
    lina = chat.person("Lina")
    await lina.says("/start")
    await chat.give_role(home, omar, Role.ORGANIZER)
    await chat.give_role(home, lina, Role.ORGANIZER)
    due = datetime(2026, 11, 28, 7, 0, tzinfo=UTC)
    await chat.transact(lambda session: send_due(session, due))
    await chat.give_role(home, omar, Role.MODERATOR)
    await lina.says("/me")
    await lina.presses("Messages")
    await lina.presses("Stop")
    await chat.later(days=4, hours=20)
    assert "2026-W48" in heard(huda)
    assert "2026-W48" not in heard(omar)
    assert "2026-W48" not in heard(lina)
    states = await chat.rows(select(Notice.state).where(Notice.topic == "weekly_summary"))
    assert sorted(state for (state,) in states) == [NoticeState.DROPPED, NoticeState.DROPPED, NoticeState.SENT]


async def test_two_teams_summaries_are_two_messages_with_a_chart_each(chat: Talk) -> None:
    huda = chat.person("Huda")
    await chat.home(huda, name="Warmth")
    await chat.home(huda, name="Hope", code="hope2345")
    await chat.later(minutes=1)
    await first_morning(chat)
    said = heard(huda)
    assert ("Warmth, 21–27" in said, "Hope, 21–27" in said) == (True, True)
    assert sum(message.photo is not None for message in huda.app.answers()) == 2


@both_platforms
async def test_only_organizers_change_it_whatever_they_forge(chat: Talk) -> None:
    home, huda, omar = await stage(chat)
    card = await omar.says("/tasks")
    for data in (
        f"weekly:{home.id}:0", f"weekly_day:{home.id}:0", f"weekly_hour:{home.id}:0", f"weekly_set_day:{home.id} 1:0",
        f"weekly_set_hour:{home.id} 1:0", f"weekly_private:{home.id} 0:0", f"weekly_chat:{home.id} 1 1:0",
    ):  # fmt: skip
        assert "organizer" in (await omar.presses_on(card, card.labels[0][0], data=data)).text, data
    settings = await huda.says("/settings")
    for data in (f"weekly_set_day:{home.id} 7:0", f"weekly_set_hour:{home.id} 24:0", f"weekly_chat:{home.id} 999 1:0"):
        await huda.presses_on(settings, "Weekly summary", data=data)
    assert await chat.rows(select(Community.summary_weekday, Community.summary_hour, Community.summary_is_private)) == [
        (None, 9, True)
    ]


@pytest.mark.parametrize(
    ("zone", "hour", "now", "due"),
    [
        ("Africa/Cairo", 0, "2026-04-20T12:00", "2026-04-23T22:00"),  # midnight is skipped: one o'clock
        ("Asia/Beirut", 0, "2026-03-25T12:00", "2026-03-28T22:00"),
        ("America/New_York", 2, "2026-03-05T12:00", "2026-03-08T07:00"),
        ("America/New_York", 1, "2026-10-30T12:00", "2026-11-01T05:00"),  # comes twice: the first one
        ("Africa/Casablanca", 9, "2026-02-10T12:00", "2026-02-15T09:00"),
        ("Africa/Cairo", 9, "2028-02-24T12:00", "2028-02-29T07:00"),
    ],
)
def test_the_hour_is_that_on_the_wall(zone: str, hour: int, now: str, due: str) -> None:
    moment, expected = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (now, due))
    team = Community(timezone=zone, summary_hour=hour, first_weekday=0)
    team.summary_weekday = expected.astimezone(ZoneInfo(zone)).weekday()
    assert next_due(team, moment) == expected
    assert latest_due(team, expected) == expected
    assert next_due(team, expected) - expected in {timedelta(days=7), timedelta(days=7, hours=1), timedelta(days=7, hours=-1)}
    assert latest_due(team, expected + timedelta(days=3)) == expected
