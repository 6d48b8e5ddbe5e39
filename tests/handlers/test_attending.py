"""Can you still come? Who did not, what stands on a record, and how it is contested and fades."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from models.claims import Claim, ClaimState
from models.notices import Notice, NoticeState
from models.people import Person
from models.record import Entry, EntryKind
from models.roles import Role
from models.tasks import Task
from tests.dialogue import Home, Somebody, Talk, both_platforms, plain

SATURDAY = datetime(2026, 11, 28, 15, 0, tzinfo=UTC)
"""17:00 in Cairo."""


async def garden(chat: Talk, home: Home, huda: Somebody, starts_at: datetime = SATURDAY, **columns: Any) -> int:
    values: dict[str, Any] = {"seats": 3, "minutes": 120, "deadline_at": starts_at + timedelta(days=2)} | columns
    return await chat.task(home, huda, "Clean the park", starts_at=starts_at, place="Horreya park", **values)


def asked(somebody: Somebody) -> list[str]:
    return [text for text in somebody.reads() if "Can you still come?" in text]


async def until(chat: Talk, moment: datetime) -> None:
    """Let time pass until a minute after this."""
    await chat.passes(240, minutes=(moment - chat.clock.now()) / timedelta(minutes=1))
    await chat.later(minutes=1)


@both_platforms
async def test_holders_are_asked_the_day_before_and_three_hours_before(chat: Talk) -> None:
    huda, omar, sara = chat.person("Huda"), chat.person("Omar"), chat.person("Sara")
    home = await chat.home(huda, omar, sara)
    number = await garden(chat, home, huda)
    await omar.says(f"/claim {number}")

    await until(chat, SATURDAY - timedelta(hours=24, minutes=30))
    assert not asked(omar)
    await until(chat, SATURDAY - timedelta(hours=24))
    assert asked(omar) == [
        "Clean the park begins tomorrow at 17:00, at this place: Horreya park. Can you still come?",
    ]
    await omar.presses("Yes, I will come")
    assert "Noted, thank you!" in omar.screen.text
    assert await chat.rows(select(Claim.coming, Claim.coming_at)) == [(True, SATURDAY - timedelta(hours=23, minutes=59))]
    await sara.says(f"/claim {number}")

    card = await huda.says(f"/task {number}")
    assert "Who comes" in [label for row in card.labels for label in row]
    page = plain((await huda.presses("Who comes")).text)
    assert "Omar: will come (said today at 17:01)" in page
    assert "Sara: has a seat" in page
    assert "Once it has begun" in page

    await until(chat, SATURDAY - timedelta(hours=4))
    assert not asked(omar), "the question has become its answer"
    assert not asked(sara), "who took the seat since then has just said that they come"
    await until(chat, SATURDAY - timedelta(hours=3))
    for one in (omar, sara):
        assert "begins today at 17:00" in asked(one)[-1]
    await until(chat, SATURDAY + timedelta(hours=5))
    assert (len(asked(omar)), len(asked(sara))) == (1, 1)


@both_platforms
async def test_nobody_is_woken_for_what_begins_early(chat: Talk) -> None:
    huda, omar, sara = chat.person("Huda"), chat.person("Omar"), chat.person("Sara")
    home = await chat.home(huda, omar, sara)
    seven = datetime(2026, 11, 28, 5, 0, tzinfo=UTC)  # in Cairo; quiet hours are from 21:00 to 9:00
    number = await garden(chat, home, huda, seven)
    await omar.says(f"/claim {number}")
    await until(chat, seven - timedelta(hours=22, minutes=30))
    assert not asked(omar)
    await until(chat, seven - timedelta(hours=22))
    assert len(asked(omar)) == 1
    await sara.says(f"/claim {number}")
    await until(chat, seven - timedelta(hours=11))
    assert len(asked(omar)) == 1
    await until(chat, seven - timedelta(hours=10, minutes=30))
    assert len(asked(omar)) == 2, "half an hour before the quiet hours begin"
    await until(chat, seven + timedelta(hours=8))
    assert (len(asked(omar)), len(asked(sara))) == (2, 0)


@both_platforms
async def test_a_question_that_helps_no_more_is_not_asked(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    number = await garden(chat, home, huda)
    await omar.says(f"/claim {number}")
    chat.clock.moment = SATURDAY - timedelta(hours=2)
    for _ in range(2):
        await chat.later(minutes=1)
    assert "This comes late: it was meant for today at 14:00" in plain(omar.screen.text)
    assert len(asked(omar)) == 1, "not what was to be asked the day before"
    chat.clock.moment = SATURDAY + timedelta(hours=1)
    await chat.later(minutes=1)
    assert len(asked(omar)) == 1
    assert await chat.rows(select(Task.ask_at)) == [(None,)]


@both_platforms
async def test_another_hour_is_asked_about_anew(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    number = await garden(chat, home, huda)
    await omar.says(f"/claim {number}")
    await until(chat, SATURDAY - timedelta(hours=24))
    await omar.presses("Yes, I will come")
    await huda.says(f"/edit {number}")
    await huda.presses("Beginning")
    await huda.says("Saturday 20:00")
    assert await chat.rows(select(Claim.coming)) == [(None,)]
    await until(chat, SATURDAY - timedelta(hours=21))
    assert "begins tomorrow at 20:00" in asked(omar)[-1]
    await omar.presses("No, give it back")
    assert "stands on your record" not in omar.screen.text, "the hour that was agreed on was another one"
    assert await chat.rows(select(Entry.kind)) == []


@both_platforms
async def test_early_costs_nothing_and_late_is_noted(chat: Talk) -> None:
    huda, omar, sara, mona = (chat.person(name) for name in ("Huda", "Omar", "Sara", "Mona"))
    home = await chat.home(huda, omar, sara, mona)
    number = await garden(chat, home, huda)
    for one in (omar, sara):
        await one.says(f"/claim {number}")
    await chat.later(hours=1)
    assert "record" not in (await omar.says(f"/release {number}")).text
    chat.clock.moment = SATURDAY - timedelta(hours=10)
    await chat.later(minutes=1)
    await mona.says(f"/claim {number}")
    await chat.later(minutes=5)
    assert "record" not in (await mona.says(f"/release {number}")).text, "a slip"
    assert "this stands on your record for 90 days" in plain((await sara.says(f"/release {number}")).text)
    assert await chat.rows(select(Entry.kind, Person.name).join(Person, Person.id == Entry.person_id)) == [
        (EntryKind.LATE, "Sara")
    ]
    record = plain((await sara.says("/record")).text)
    assert "Clean the park, Saturday 28 November: given back less than a day before" in record
    assert "given back" not in (await omar.says("/record")).text
    page = plain((await huda.says(f"/task {number}")).text)
    assert "Sara" not in page
    assert "Sara: gave the seat back today at 07:06 · 1 entry on the record" in plain((await huda.presses("Who comes")).text)


@both_platforms
async def test_a_moderator_says_who_did_not_come_and_can_undo_it(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    number = await garden(chat, home, huda)
    await omar.says(f"/claim {number}")
    page = await huda.says(f"/task {number}")
    await huda.presses_on(page, data=f"no_show:{number} 1 0:0")
    assert "has not begun yet" in plain(huda.screen.text)

    chat.clock.moment = SATURDAY + timedelta(hours=1)
    await chat.later(minutes=1)
    await huda.says(f"/task {number}")
    await huda.presses("Who came")
    await huda.presses("Did not come")
    assert "Omar: did not come · 1 entry on the record" in plain(huda.screen.text)
    assert await chat.rows(select(Claim.state, Task.seats_taken).join(Task)) == [(ClaimState.NO_SHOW, 0)]
    await huda.presses("Did come")
    assert await chat.rows(select(Claim.state, Task.seats_taken).join(Task)) == [(ClaimState.HELD, 1)]
    assert await chat.rows(select(Entry.id)) == []
    await chat.later(minutes=30)
    assert not any("missed" in text for text in omar.reads())

    await huda.presses("Did not come")
    await chat.later(minutes=9)
    assert not any("missed" in text for text in omar.reads())
    await chat.later(minutes=1)
    assert "A moderator of Warmth noted that you were missed at Clean the park." in plain(omar.screen.text)


@both_platforms
async def test_only_moderators_say_so_and_only_of_those_with_a_seat(chat: Talk) -> None:
    huda, omar, mona = chat.person("Huda"), chat.person("Omar"), chat.person("Mona")
    home = await chat.home(huda, omar)
    await chat.home(mona, name="Elsewhere")
    number = await garden(chat, home, huda)
    await omar.says(f"/claim {number}")
    await omar.says(f"/task {number}")
    assert not any("Who" in label for row in omar.screen.labels for label in row)
    chat.clock.moment = SATURDAY + timedelta(hours=1)
    await omar.presses_on(omar.screen, data=f"attend:{number}:0")
    assert "for the team's moderators" in omar.screen.text
    await mona.says("/mine")
    await mona.presses_on(mona.screen, data=f"no_show:{number} 1 0:0")
    assert "no task number" in mona.screen.text
    await omar.says(f"/done {number}")
    await omar.presses("120 minutes")
    await omar.presses("Skip")
    await huda.says(f"/task {number}")
    await huda.presses("Who came")
    assert "Omar: has handed in" in plain(huda.screen.text)
    await huda.presses_on(huda.screen, data=f"no_show:{number} 1 0:0")
    assert "from an earlier time" in huda.screen.text or "earlier" in huda.toast
    assert await chat.rows(select(Claim.state)) == [(ClaimState.REPORTED,)]


async def missed(chat: Talk) -> tuple[Home, Somebody, Somebody, Somebody]:
    """Huda noted that Omar did not come; Sara moderates, too."""
    huda, omar, sara = chat.person("Huda"), chat.person("Omar"), chat.person("Sara")
    home = await chat.home(huda, omar, sara)
    await chat.give_role(home, sara, Role.MODERATOR)
    number = await garden(chat, home, huda)
    await omar.says(f"/claim {number}")
    chat.clock.moment = SATURDAY + timedelta(hours=1)
    await chat.later(minutes=1)
    await huda.says(f"/task {number}")
    await huda.presses("Who came")
    await huda.presses("Did not come")
    await chat.later(minutes=10)
    return home, huda, omar, sara


@both_platforms
async def test_an_entry_is_contested_and_another_moderator_strikes_it_out(chat: Talk) -> None:
    _, huda, omar, sara = await missed(chat)
    await omar.presses("It is not so")
    await omar.says("I was at the other gate.")
    assert "somebody looks at it again" in omar.screen.text
    await chat.later(minutes=1)
    assert not any("contests" in text for text in huda.reads()), "she made the entry"
    assert "Omar contests what stands on their record." in plain(sara.screen.text)
    assert "contested: I was at the other gate." in plain(sara.screen.text)

    await huda.says("/members")
    assert "waits for a decision" in plain(huda.screen.text)
    await huda.presses_on(huda.screen, data="strike:1:0")
    assert "Another moderator decides about this." in huda.screen.text
    await sara.presses("Strike out")
    assert "Struck out, and Omar is told." in plain(sara.screen.text)
    assert "Clean the park stands on your record no more." in plain(omar.screen.text)
    assert await chat.rows(select(Entry.id)) == []
    assert await chat.rows(select(Claim.state)) == [(ClaimState.EXPIRED,)]


@both_platforms
async def test_an_entry_is_kept_and_contested_once(chat: Talk) -> None:
    _, _, omar, sara = await missed(chat)
    await omar.says("/record")
    await omar.presses("It is not so")
    await omar.says("The bus was late.")
    await sara.says("/members Omar")
    await sara.presses("Keep")
    assert "it stays on your record" in omar.screen.text
    record = await omar.says("/record")
    assert "contested: The bus was late. · looked at again, and kept" in plain(record.text)
    await omar.presses_on(record, data="contest:1:0")
    assert "was said already" in omar.screen.text
    await sara.presses_on(sara.screen, data="strike:1:0")
    assert await chat.rows(select(Entry.kept_at.is_not(None))) == [(True,)]


@both_platforms
async def test_nobody_decides_about_themselves_or_for_others(chat: Talk) -> None:
    home, huda, omar, sara = await missed(chat)
    await sara.says("/mine")
    await sara.presses_on(sara.screen, data="contest:1:0")
    assert "stands on the record no more" in sara.screen.text
    await omar.says("/record")
    await omar.presses("It is not so")
    await omar.says("I was there.")
    await chat.give_role(home, omar, Role.MODERATOR)
    await omar.presses_on(await omar.says("/mine"), data="strike:1:0")
    assert "Another moderator decides about this." in omar.screen.text
    await chat.give_role(home, sara, Role.VOLUNTEER)
    await sara.presses_on(await sara.says("/mine"), data="strike:1:0")
    assert "for the team's moderators" in sara.screen.text
    await huda.presses_on(await huda.says("/mine"), data="strike:1:0")
    assert "Struck out" in huda.screen.text, "nobody else can"


@both_platforms
async def test_entries_fade(chat: Talk) -> None:
    _, huda, omar, _ = await missed(chat)
    await chat.later(days=89)
    assert "missed, as a moderator noted" in (await omar.says("/record")).text
    assert "missed, as a moderator noted" in (await huda.says("/members Omar")).text
    await chat.later(days=1)
    assert "missed" not in (await omar.says("/record")).text
    assert "Nothing stands on the record." in (await huda.says("/members Omar")).text
    assert await chat.rows(select(Entry.id)) == []


@both_platforms
async def test_volunteers_do_not_see_who_is_here(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    assert "for the team's moderators" in (await omar.says("/members")).text
    await omar.presses_on(await omar.says("/mine"), data=f"member:{home.id} 1:0")
    assert "for the team's moderators" in omar.screen.text
    listed = await huda.says("/members")
    assert "2 members" in plain(listed.text)
    assert "Given here: 0 minutes in 0 tasks." in plain((await huda.presses("Omar")).text)
    await huda.presses("All members")
    assert "Nobody called Zed" in plain((await huda.says("/members Zed")).text)


async def test_what_is_planned_for_holders_is_dropped_when_they_gave_back(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    seven = datetime(2026, 11, 28, 5, 0, tzinfo=UTC)
    number = await garden(chat, home, huda, seven)
    await omar.says(f"/claim {number}")
    await until(chat, seven - timedelta(hours=22))
    await omar.presses("No, give it back")
    await until(chat, seven)
    assert not asked(omar)
    assert (NoticeState.DROPPED,) in await chat.rows(select(Notice.state))
