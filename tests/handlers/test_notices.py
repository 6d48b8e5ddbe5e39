"""What people are told without having asked: when, how much at once, and never against their will."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.notices import TOPICS, Telling, Topic
from handlers.types import Button, Reply
from models.notices import Contact, Notice, NoticeKind, NoticeState, plan, withdraw
from models.people import Person
from tests.dialogue import Home, Somebody, Talk, both_platforms, plain


@pytest.fixture(autouse=True)
def topics() -> Iterator[None]:
    """A topic that says its number, one that has nothing to say, and one that fails."""

    async def say(telling: Telling) -> Reply | None:
        number = str(telling.notice.about)
        return Reply(text=f"News {number}", rows=((Button("Look", "task", number),),))

    async def silent(telling: Telling) -> Reply | None:
        return None

    async def broken(telling: Telling) -> Reply | None:
        raise ZeroDivisionError

    TOPICS.update(test_news=Topic(say), test_silent=Topic(silent), test_broken=Topic(broken))
    yield
    for topic in ("test_news", "test_silent", "test_broken"):
        del TOPICS[topic]


Plan = Callable[..., Awaitable[None]]


@pytest.fixture
async def scene(chat: Talk) -> tuple[Somebody, Home, Plan]:
    """A volunteer who lives in Cairo (two hours ahead), their community, and a way to have them told something."""
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)

    async def tell(
        *abouts: int,
        kind: NoticeKind = NoticeKind.OFFER,
        topic: str = "test_news",
        due: timedelta = timedelta(),
        **span: float,
    ) -> None:
        now = chat.clock.now()

        async def work(session: AsyncSession) -> None:
            person = await omar.number(session)
            row: dict[str, Any] = {"person_id": person, "community_id": home.id, "kind": kind, "topic": topic}
            when = {"due_at": now + due, "useless_at": now + due + timedelta(**(span or {"days": 3}))}
            await plan(session, [row | when | {"about": about, "key": f"{topic}:{about}"} for about in abouts])

        await chat.transact(work)

    return omar, home, tell


async def states(chat: Talk) -> list[NoticeState]:
    return [row[0] for row in await chat.rows(select(Notice.state).order_by(Notice.id))]


@both_platforms
async def test_what_is_due_is_told_once_with_a_way_to_stop_it(chat: Talk, scene: tuple[Somebody, Home, Plan]) -> None:
    omar, _, tell = scene
    await tell(1)
    await tell(1)
    await chat.later(seconds=5)
    await chat.later(seconds=5)

    assert omar.reads().count("News 1") == 1
    assert "Stop such messages" in omar.screen.labels[-1]
    assert await states(chat) == [NoticeState.SENT]
    assert len(await chat.rows(select(Contact.id))) == 1


@both_platforms
async def test_several_things_are_one_message(chat: Talk, scene: tuple[Somebody, Home, Plan]) -> None:
    omar, _, tell = scene
    before = len(omar.reads())
    await tell(1, 2, 3)
    await chat.later(seconds=5)

    assert len(omar.reads()) == before + 1
    assert omar.reads()[-1] == "1. News 1\n\n2. News 2\n\n3. News 3"
    assert [label for row in omar.screen.labels for label in row][:3] == ["Look · 1", "Look · 2", "Look · 3"]


@both_platforms
async def test_nobody_is_written_to_at_night_and_not_beyond_their_budget(
    chat: Talk, scene: tuple[Somebody, Home, Plan]
) -> None:
    omar, _, tell = scene
    await tell(1, due=timedelta(hours=8))  # 22:00 in Cairo
    await chat.passes(hours=18, step_minutes=60)
    assert "News 1" not in omar.reads()
    await chat.passes(hours=1.1, step_minutes=33)
    assert "News 1" in omar.reads(), "at nine in the morning"

    for about in range(2, 7):
        await tell(about, days=5)
        await chat.later(minutes=10)
    said = [text for text in omar.reads() if text.startswith("News")]
    assert said == ["News 1", "News 2", "News 3"], "three in 24 hours"
    await chat.passes(hours=25, step_minutes=60)
    assert "4" in omar.reads()[-1]
    assert "6" in omar.reads()[-1], "what waited is one message"


@both_platforms
async def test_what_is_about_a_seat_passes_but_waits_for_the_morning_where_it_can(
    chat: Talk, scene: tuple[Somebody, Home, Plan]
) -> None:
    omar, _, tell = scene
    await tell(1, kind=NoticeKind.CLAIM, due=timedelta(hours=8), hours=20)
    await tell(2, kind=NoticeKind.CLAIM, due=timedelta(hours=8), hours=2)
    await omar.says("stop")
    await chat.passes(hours=9, step_minutes=60)
    assert omar.reads()[-1] == "News 2", "in the morning it would have been too late"
    await chat.passes(hours=11, step_minutes=30)
    assert omar.reads()[-1] == "News 1"
    assert await chat.rows(select(Contact.id)) == [], "no budget counts it"


@both_platforms
async def test_stop_takes_one_press_and_holds(chat: Talk, scene: tuple[Somebody, Home, Plan]) -> None:
    omar, _, tell = scene
    await tell(1)
    await chat.later(seconds=5)
    await omar.presses("Stop such messages")
    assert "Stopped." in omar.screen.text
    await tell(2)
    await chat.later(days=1, hours=1)
    assert "News 2" not in omar.reads()
    assert await states(chat) == [NoticeState.SENT, NoticeState.DROPPED]

    await omar.presses("Hear of things again")
    await tell(3)
    await chat.later(seconds=5)
    assert "News 3" in omar.reads()[-1]


@both_platforms
async def test_one_kind_can_be_muted(chat: Talk, scene: tuple[Somebody, Home, Plan]) -> None:
    omar, _, tell = scene
    await omar.says("/me")
    await omar.presses("Messages")
    await omar.presses("Appeals")
    assert "Not wanted: Appeals" in plain(omar.screen.text)
    await tell(1, kind=NoticeKind.APPEAL)
    await tell(2, kind=NoticeKind.OFFER)
    await chat.later(seconds=5)
    assert omar.reads()[-1] == "News 2"
    assert await states(chat) == [NoticeState.DROPPED, NoticeState.SENT]


@both_platforms
async def test_quiet_hours_are_chosen_by_a_press_or_in_words(chat: Talk, scene: tuple[Somebody, Home, Plan]) -> None:
    omar, _, tell = scene
    await omar.says("/me")
    await omar.presses("Messages")
    await omar.presses("Quiet hours")
    wrong = await omar.says("whenever")
    assert "Two times of the day are needed" in wrong.text
    await omar.says("٢ مساءً إلى ٤ مساءً")
    assert "Quiet from 14:00 to 16:00" in omar.screen.text
    await tell(1)
    await chat.later(minutes=30)
    assert "News 1" not in omar.reads(), "it is 14:30 in Cairo"
    await chat.later(minutes=91)
    assert "News 1" in omar.reads()

    await omar.says("/me")
    await omar.presses("Messages")
    await omar.presses("Quiet hours")
    await omar.presses("Never")
    assert "No quiet hours" in omar.screen.text


@both_platforms
async def test_how_often_is_chosen_by_a_press(chat: Talk, scene: tuple[Somebody, Home, Plan]) -> None:
    omar, _, tell = scene
    await omar.says("/me")
    await omar.presses("Messages")
    await omar.presses("Rarely")
    assert "At most 1 a day and 3 a week" in omar.screen.text
    await tell(1)
    await chat.later(minutes=1)
    await tell(2)
    await chat.later(minutes=1)
    assert omar.reads()[-1] == "News 1"
    assert await chat.rows(select(Person.daily_budget).where(Person.daily_budget != 3)) == [(1,)]


@both_platforms
async def test_after_a_week_away_one_message_says_that_it_is_late_and_what_helps_no_more_is_dropped(
    chat: Talk, scene: tuple[Somebody, Home, Plan]
) -> None:
    omar, _, tell = scene
    await tell(*range(1, 41), due=timedelta(minutes=1), days=2)
    await tell(41, 42, due=timedelta(minutes=2), days=30)
    before = len(omar.reads())
    await chat.later(days=7)
    assert len(omar.reads()) == before + 1
    assert omar.reads()[-1].startswith(
        "This comes late: it was meant for Monday 23 November at 14:02, and Himma was not running."
    )
    assert "1. News 41" in omar.reads()[-1]
    assert (await states(chat)).count(NoticeState.DROPPED) == 40


async def test_what_cannot_be_said_or_need_not_be_stops_nothing_else(
    chat: Talk, scene: tuple[Somebody, Home, Plan], caplog: pytest.LogCaptureFixture
) -> None:
    omar, _, tell = scene
    await tell(1, topic="test_broken")
    await tell(2, topic="test_silent")
    await tell(3, 4)

    async def work(session: AsyncSession) -> None:
        await withdraw(session, "test_news", [4], chat.clock.now())

    await chat.transact(work)
    await chat.later(seconds=5)
    assert omar.reads()[-1] == "News 3"
    assert "test_broken:1 could not be put into words" in caplog.text
    assert await states(chat) == [NoticeState.WAITING, NoticeState.DROPPED, NoticeState.SENT, NoticeState.DROPPED]


async def test_who_cannot_be_written_to_is_known_as_such(chat: Talk, scene: tuple[Somebody, Home, Plan]) -> None:
    omar, _, tell = scene
    omar.app.blocks()
    await chat.settle()
    await tell(1)
    await chat.later(seconds=5)
    assert await states(chat) == [NoticeState.UNREACHABLE]


async def test_what_stands_alone_is_a_message_of_its_own_within_the_budget(
    chat: Talk, scene: tuple[Somebody, Home, Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    omar, _, tell = scene
    monkeypatch.setitem(TOPICS, "test_alone", TOPICS["test_news"]._replace(is_alone=True))
    await omar.says("/me")
    await omar.presses("Messages")
    await omar.presses("Rarely")
    await tell(1, topic="test_alone")
    await tell(2, 3)
    await chat.later(seconds=5)
    assert omar.reads()[-1] == "News 1"
    await chat.later(days=1)
    assert omar.reads()[-1] == "1. News 2\n\n2. News 3"
