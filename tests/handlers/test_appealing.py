"""A moderator calls: step by step, in one line, with a preview, and never by one press to too many."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.appeals import Appeal, AppealPost, AppealState, AppealTask, PostKind
from models.communities import Community, Member
from models.people import Account, Person
from models.roles import Role
from tests.dialogue import Clock, Home, Somebody, Talk, both_platforms, plain
from tests.handlers.test_flows import running
from tests.wire.telegram import TelegramWire


async def columns(chat: Talk, **values: Any) -> None:
    """Change what the community is."""

    async def work(session: AsyncSession) -> None:
        await session.execute(update(Community).values(values))

    await chat.transact(work)


async def change(chat: Talk, *people: Somebody, **values: Any) -> None:
    """Change what these people are; and they are asked for appeals wherever they are."""

    async def work(session: AsyncSession) -> None:
        for one in people:
            number = await one.number(session)
            await session.execute(update(Account).where(Account.person_id == number).values(opted_in_at=chat.clock.now()))
            if values:
                await session.execute(update(Person).where(Person.id == number).values(values))

    await chat.transact(work)


async def team(chat: Talk, **values: Any) -> tuple[Home, Somebody, Somebody, Somebody]:
    """Huda organizes, Omar and Sara volunteer."""
    huda, omar, sara = chat.person("Huda"), chat.person("Omar"), chat.person("سارة", "ar")
    home = await chat.home(huda, omar, sara, **values)
    await change(chat, huda, omar, sara)
    return home, huda, omar, sara


@both_platforms
async def test_an_appeal_is_made_by_pressing(chat: Talk) -> None:
    home, huda, omar, _ = await team(chat)
    number = await chat.task(home, huda, "Pack blankets", seats=3, tags=("winter",))
    await change(chat, omar, interests="winter")

    await huda.says("/appeal")
    await huda.presses("Pack blankets")
    await huda.says("Forty families need blankets tonight.")
    assert "Is there an Arabic version too?" in huda.screen.text
    assert "in the language of the first version" in (await huda.says("English again")).text
    await huda.says("أربعون أسرة تحتاج إلى بطّانيّات الليلة.")
    await huda.presses("Skip")
    await huda.says("Red Crescent")
    await huda.presses("1 hour ago")
    assert "3 people fit" in plain(huda.screen.text)
    await huda.presses("#winter")
    assert "1 person fits" in plain(huda.screen.text)
    assert "So far: interested in #winter" in plain(huda.screen.text)
    for label in ("Go on", "Now", "Until"):
        await huda.presses(label)

    preview = plain(huda.screen.text)
    assert "This is how people will see it. Nothing is sent yet." in preview
    assert "1 person fits" in preview
    assert "In the team's chats: Warmth" in preview or chat.platform == "discord"
    assert "Appeal from Warmth" in preview
    assert "Forty families need blankets tonight." in preview
    assert "أربعون أسرة" in preview
    assert "Pack blankets: 10 minutes, remote, from anywhere" in preview
    assert "Red Crescent vouches for this. Last confirmed: Monday 23 November at 13:00" in preview
    assert await chat.rows(select(Appeal.id)) == []

    await huda.presses("Send")
    assert "Appeal 1 is on its way. A card shows how it is doing." in huda.reads()
    assert huda.reads()[-1].startswith("Appeal 1: under way\nForty families")
    assert await chat.rows(select(Appeal.state, Appeal.audience_size, Appeal.vouched_by)) == [
        (AppealState.RUNNING, 1, "Red Crescent")
    ]
    assert await chat.rows(select(AppealTask.task_id)) == [(number,)]
    assert (await chat.rows(select(Appeal.texts)))[0][0] == {
        "en": "Forty families need blankets tonight.",
        "ar": "أربعون أسرة تحتاج إلى بطّانيّات الليلة.",
    }
    assert sorted(kind for (kind,) in await chat.rows(select(AppealPost.kind))) == [PostKind.CALL, PostKind.PROGRESS]


@both_platforms
async def test_an_appeal_is_made_in_one_arabic_line(chat: Talk) -> None:
    home, huda, _, sara = await team(chat)
    await change(chat, huda, language="ar")
    await chat.task(home, huda, "تجهيز البطّانيّات", tags=("شتاء",))

    preview = await huda.says("/appeal #شتاء الحاجة إلى متطوّعين | إلى: عربي، #شتاء | الساعة ١٨:٠٠ | بضمان الهلال الأحمر")
    assert "هكذا سيُرى النداء" in preview.text
    assert "لا أحد" in preview.text
    await change(chat, sara, interests="شتاء")
    await huda.presses("إرسال")
    assert any("موعد إرسال النداء ١" in text for text in huda.reads())
    assert await chat.rows(select(Appeal.tag, Appeal.starts_at, Appeal.vouched_by, Appeal.audience_size)) == [
        ("شتاء", datetime(2026, 11, 23, 16, 0, tzinfo=UTC), "الهلال الأحمر", 1)
    ]
    assert await chat.rows(select(AppealPost.id).where(AppealPost.kind == PostKind.CALL)) == []
    await chat.later(hours=4)
    assert len(await chat.rows(select(AppealPost.id).where(AppealPost.kind == PostKind.CALL))) == 1


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("Help us", "An appeal is for tasks"),
        ("#1", "The text is missing"),
        ("#77 Help us", "Task 77 takes nobody at the moment"),
        ("#spring Help us", "No open task of this team has the tag #spring"),
        ("#1 Help us | to: the tall ones", "is no audience"),
        ("#1 Help us | And again", "a second version is in the other language"),
        ("#1 Help us | at yesterday", "could not be read as a day and time"),
        ("#1 " + "x" * 1501, "1501 characters long"),
        ("#1 Help us | until 10m", "holds for an hour at the least"),
        ("#1 Help us | until 40d", "for 30 days at the most"),
        ("#1 Help us | at 18:00 | until 18:30", "holds for an hour at the least"),
    ],
)
async def test_what_a_line_leaves_unclear_is_asked_back(chat: Talk, line: str, answer: str) -> None:
    home, huda, _, _ = await team(chat)
    await chat.task(home, huda)
    assert answer in plain((await huda.says(f"/appeal {line}")).text)
    assert await chat.rows(select(Appeal.id)) == []


@pytest.mark.parametrize(
    ("line", "until"),
    [
        ("#1 Help us", "Wednesday 25 November at 14:00"),
        ("#1 Help us | until 20:00", "Monday 23 November at 20:00"),
        ("#1 نرجو المساعدة | حتى ٢٠:٠٠", "Monday 23 November at 20:00"),
        ("#1 Help us | until 6h | at 18:00", "Tuesday 24 November at 00:00"),
        ("#1 Help us | until 2026-12-01 09:00", "Tuesday 1 December at 09:00"),
    ],
)
async def test_a_line_says_until_when_it_holds(chat: Talk, line: str, until: str) -> None:
    home, huda, _, _ = await team(chat)
    await chat.task(home, huda, deadline_at=chat.clock.now() + timedelta(days=30))
    assert f"It holds until {until}." in plain((await huda.says(f"/appeal {line}")).text)


@both_platforms
async def test_until_when_it_holds_is_chosen_or_written(chat: Talk) -> None:
    home, huda, omar, _ = await team(chat)
    now = chat.clock.now()
    await chat.task(home, huda, seats=9, deadline_at=now + timedelta(hours=30))
    await huda.says("/appeal")
    for said in ("#1", "Help us."):
        await huda.says(said)
    for label in ("Skip", "Skip", "Warmth", "Just now", "Go on"):
        await huda.presses(label)
    asked = await huda.presses("Now")
    assert "Until Tuesday 24 November at 20:00" in str(asked.labels), "when its task closes"
    assert "for an hour at the least" in (await huda.says("10m")).text
    assert "could not be read" in plain((await huda.says("for ever")).text)
    shown = await huda.presses("6 hours")
    assert "It holds until Monday 23 November at 20:00." in shown.text
    await huda.presses("Send")
    assert await chat.rows(select(Appeal.stale_at)) == [(now + timedelta(hours=6),)]
    await chat.later(seconds=2)
    await chat.passes(hours=7, step_minutes=60)
    assert await chat.rows(select(Appeal.state)) == [(AppealState.STALE,)]
    assert any("its time has passed" in text for text in omar.reads())


async def test_what_would_be_over_before_it_begins_is_not_sent(chat: Talk) -> None:
    home, huda, _, _ = await team(chat)
    await chat.task(home, huda, deadline_at=chat.clock.now() + timedelta(days=9))
    await huda.says("/appeal #1 Help us. | until 2h")
    await chat.later(hours=3)
    assert "It would be over before it begins." in (await huda.presses("Send")).text
    assert await chat.rows(select(Appeal.id)) == []


async def test_each_choice_of_an_audience_is_counted_at_once(chat: Talk) -> None:
    home, huda, omar, sara = await team(chat)
    await chat.task(home, huda, tags=("winter",))
    await change(chat, omar, latitude=30.04, longitude=31.24, interests="winter")
    await change(chat, sara, latitude=31.2, longitude=29.92)
    await chat.give_role(home, omar, Role.VOLUNTEER, trusted_at=chat.clock.now())
    await huda.says("/appeal")
    for said in ("#1", "Help us."):
        await huda.says(said)
    for _ in range(2):
        await huda.presses("Skip")
    await huda.presses("Warmth")
    await huda.presses("Just now")

    async def counts(press: str = "", says: str = "") -> str:
        shown = await (huda.presses(press) if press else huda.says(says))
        return next(line for line in plain(shown.text).splitlines() if "fit" in line)

    assert await counts("العربية") == "1 person fits"
    assert await counts("العربية") == "3 people fit"
    assert await counts("Helped before") == "1 person fits"
    assert await counts("Have time now") == "0 people fit"
    await omar.says("عندي ٥ دقائق")
    assert await counts("Everyone") == "3 people fit"
    assert await counts("Have time now") == "1 person fits"
    await huda.presses("Everyone")
    assert await counts(says="https://maps.example/@30.0444,31.2357,12z") == "Fewer than 5 people fit"
    assert "within 5 km of 30.04, 31.24" in plain(huda.screen.text)
    assert await counts(says="٣٠٫٠٤، ٣١٫٢٤ 300 km") == "Fewer than 5 people fit"
    assert await counts("2 km") == "Fewer than 5 people fit"
    assert "The buttons choose who it is for" in (await huda.says("tall people")).text
    await huda.presses("Everyone")
    assert await counts("Not asked for 7 days") == "3 people fit"
    assert await counts(says="#nothing") == "0 people fit"


async def test_more_than_a_thousand_people_are_written_to_only_when_asked_twice(chat: Talk) -> None:
    home, huda, _, _ = await team(chat)
    await chat.task(home, huda)
    await crowd(chat, home, 1_000)
    await huda.says("/appeal #1 Help us. | at 18:00")
    assert "1003 people fit" in plain(huda.screen.text)
    asked = await huda.presses("Send")
    assert "This writes to 1003 people. Really send it?" in plain(asked.text)
    assert await chat.rows(select(Appeal.id)) == []
    await huda.presses("Yes, send it")
    assert await chat.rows(select(Appeal.audience_size)) == [(1003,)]


async def crowd(chat: Talk, home: Home, size: int) -> None:
    """Members who can be written to."""

    async def work(session: AsyncSession) -> None:
        now = chat.clock.now()
        people = [{"name": f"P{n}", "language": "en", "created_at": now} for n in range(size)]
        ids = (await session.scalars(insert(Person).returning(Person.id), people)).all()
        same = {"platform": chat.platform, "created_at": now}
        accounts = [same | {"person_id": one, "external_id": f"x{one}", "private_chat": f"x{one}"} for one in ids]
        await session.execute(insert(Account), accounts)
        await session.execute(
            insert(Member),
            [{"community_id": home.id, "person_id": one, "role": Role.VOLUNTEER, "joined_at": now} for one in ids],
        )

    await chat.transact(work)


@both_platforms
async def test_volunteers_call_nobody_at_any_step(chat: Talk) -> None:
    home, huda, omar, _ = await team(chat)
    await chat.task(home, huda)
    assert "for the team's moderators" in (await omar.says("/appeal #1 Help us.")).text
    assert "for the team's moderators" in (await omar.says("/appeals")).text

    await chat.give_role(home, omar, Role.MODERATOR)
    await omar.says("/appeal #1 Help us.")
    await chat.give_role(home, omar, Role.VOLUNTEER)
    assert "for the team's moderators" in (await omar.presses("Send")).text
    assert await chat.rows(select(Appeal.id)) == []


async def test_a_restart_in_the_middle_is_not_noticed(database_url: str, tmp_path: Path) -> None:
    clock = Clock()
    async with TelegramWire() as wire:
        async with running(wire, clock, database_url, tmp_path) as chat:
            home, huda, _, _ = await team(chat)
            await chat.task(home, huda, seats=5)
            await huda.says("/appeal")
            await huda.says("#1")
            await huda.says("Help us.")
            await huda.presses("Skip")
            asked = await huda.presses("Skip")
        async with running(wire, clock, database_url, tmp_path) as chat:
            huda = Somebody(chat, huda.app)
            await huda.presses_on(asked, "Warmth")
            await huda.presses("Just now")
            await huda.presses("Helped before")
        async with running(wire, clock, database_url, tmp_path) as chat:
            huda = Somebody(chat, huda.app)
            assert "So far: having helped before" in plain(huda.screen.text)
            await huda.presses("Everyone")
            await huda.presses("Go on")
            await huda.presses("Now")
            await huda.presses("Until")
            preview = huda.screen
        async with running(wire, clock, database_url, tmp_path) as chat:
            huda = Somebody(chat, huda.app)
            await huda.presses_on(preview, "Send")
            assert await chat.rows(select(Appeal.state, Appeal.audience_size)) == [(AppealState.RUNNING, 3)]


async def test_time_that_passed_is_noticed_before_anything_is_sent(chat: Talk) -> None:
    home, huda, _, _ = await team(chat)
    await chat.task(home, huda, deadline_at=chat.clock.now() + timedelta(hours=3))
    await huda.says("/appeal")
    await huda.says("#1")
    await huda.says("Help us.")
    for _ in range(2):
        await huda.presses("Skip")
    await huda.presses("Warmth")
    await huda.presses("6 hours ago")
    await huda.presses("Go on")
    await huda.presses("Now")
    await huda.presses("Until")
    await chat.later(hours=4)
    assert "Its tasks take nobody any more" in (await huda.presses("Send")).text
    assert await chat.rows(select(func.count()).select_from(Appeal)) == [(0,)]
    await huda.presses("Change something")
    await chat.task(home, huda, "Another")
    await huda.says("#2")
    await huda.presses("As it is")
    await huda.presses("Skip")
    await huda.presses("Skip")
    await huda.presses("As it is")
    await huda.presses("As it is")
    await huda.presses("Go on")
    await huda.presses("Now")
    await huda.presses("Until")
    await huda.presses("Send")
    assert await chat.rows(select(AppealTask.task_id)) == [(2,)]


@both_platforms
async def test_how_many_appeals_a_day_is_the_teams_to_say(chat: Talk) -> None:
    home, huda, omar, _ = await team(chat, daily_appeals=2)
    await chat.give_role(home, omar, Role.MODERATOR)
    await columns(chat, moderator_appeals=1)
    await chat.task(home, huda, seats=5)
    await omar.says("/appeal #1 Help us.")
    await omar.presses("Send")
    await omar.says("/appeal #1 Help us.")
    refused = await omar.presses("Send")
    assert "1 appeal in 24 hours is the limit for this role here" in plain(refused.text)
    await huda.says("/appeal #1 Help us, please.")
    await huda.presses("Send")
    await huda.says("/appeal #1 Help us once more.")
    assert "2 appeals in 24 hours are the limit of this team" in plain((await huda.presses("Send")).text)
    assert len(await chat.rows(select(Appeal.id))) == 2
    await chat.later(hours=23, minutes=59)
    assert "2 appeals in 24 hours" in plain((await huda.presses("Send")).text)
    await chat.later(minutes=2)
    assert "A day has passed, so this was put away" in plain((await huda.presses("Send")).text)


async def test_a_picture_goes_with_it_where_the_words_have_room_under_it(chat: Talk) -> None:
    home, huda, omar, _ = await team(chat)
    await chat.task(home, huda, seats=5)
    await huda.says("/appeal")
    await huda.says("#1")
    await huda.says("x" * 1200)
    await huda.presses("Skip")
    assert "This can be a picture, or be skipped." not in huda.screen.text
    assert "A picture is the answer here" in (await huda.says("a picture")).text
    await huda.sends_photo(jpeg())
    for label in ("Warmth", "Just now", "Go on", "Now", "Until"):
        await huda.presses(label)
    assert "It goes with a picture" in huda.screen.text
    await huda.presses("See it as people will")
    assert huda.screen.photo is not None
    await huda.presses("Back to sending")
    assert "no room for so much" in (await huda.presses("Send")).text
    await huda.presses("Change something")
    await huda.presses("As it is")
    await huda.says("Come and help.")
    await huda.presses("Skip")
    await huda.presses("As it is")
    await huda.presses("As it is")
    await huda.presses("As it is")
    await huda.presses("Go on")
    await huda.presses("Now")
    await huda.presses("Until")
    await huda.presses("Send")
    await chat.later(seconds=1)
    (got,) = (message for message in omar.app.answers() if "Come and help." in message.text)
    assert got.photo is not None


async def test_how_long_it_takes_at_the_pace_of_the_platforms_is_said_before(chat: Talk) -> None:
    home, huda, _, _ = await team(chat)
    await chat.task(home, huda)
    outlets = chat.core.edge._outlets
    chat.core.edge._outlets = {"telegram": outlets["telegram"]._replace(a_minute=1.5)}
    preview = await huda.says("/appeal #1 Help us.")
    assert "At the pace that platforms allow: 2 minutes" in preview.text


def jpeg() -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (40, 30), "red").save(buffer, "JPEG")
    return buffer.getvalue()
