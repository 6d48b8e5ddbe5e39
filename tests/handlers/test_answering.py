"""What a person gets of an appeal: one message, four answers, and never a dead end."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.appeals import AppealReceipt
from models.claims import Claim, ClaimState
from models.people import Person
from models.roles import Role
from models.turnout import Answer, AppealAnswer
from tests.dialogue import Somebody, Talk, both_platforms, plain
from tests.handlers.test_appealing import change, team


async def call(chat: Talk, huda: Somebody, line: str = "#1 Blankets are needed tonight.") -> None:
    """Send an appeal, and let it arrive."""
    await huda.says(f"/appeal {line}")
    await huda.presses("إرسال" if "هكذا" in huda.screen.text else "Send")
    await told(chat)


async def told(chat: Talk) -> None:
    """Let what is under way arrive."""
    await chat.later(seconds=1)


def calls(somebody: Somebody, title: str = "Appeal from Warmth") -> list[str]:
    """The appeals that somebody got."""
    return [text for text in somebody.reads() if text.startswith(title)]


@both_platforms
async def test_one_press_takes_a_seat_and_everybody_hears_it_once(chat: Talk) -> None:
    home, huda, omar, sara = await team(chat)
    number = await chat.task(home, huda, "Pack blankets", seats=2)
    await huda.says("/appeal #1 Blankets are needed tonight. | الحاجة إلى بطّانيّات الليلة.")
    await huda.presses("Send")
    await told(chat)
    await told(chat)

    assert len(calls(omar)) == 1
    assert "Blankets are needed tonight." in calls(omar)[0]
    assert "Pack blankets: 10 minutes, remote, from anywhere" in calls(omar)[0]
    arabic = calls(sara, "نداء من Warmth")
    assert len(arabic) == 1
    assert "الحاجة إلى بطّانيّات الليلة." in arabic[0]
    assert len(await chat.rows(select(AppealReceipt.person_id))) == 3

    taken = await omar.presses("I'm in")
    assert "Pack blankets is yours until" in plain(taken.text)
    await sara.presses("أنا لها")
    assert await chat.rows(select(Claim.task_id, Claim.state)) == [(number, ClaimState.HELD)] * 2
    assert await chat.rows(select(AppealAnswer.answer, AppealAnswer.task_id)) == [(Answer.IN, number)] * 2


@both_platforms
async def test_pressing_twice_takes_one_seat_also_of_several_tasks(chat: Talk) -> None:
    home, huda, omar, sara = await team(chat, newcomer_claims=3)
    await chat.task(home, huda, "Pack blankets", seats=2)
    await chat.task(home, huda, "Drive them", seats=2)
    await call(chat, huda, "#1 #2 Help us tonight.")
    message = omar.screen
    await omar.presses_on(message, "I'm in")
    await omar.presses_on(message, data="appeal_in:1:0")
    assert "Pack blankets is yours already" in plain(omar.screen.text)
    assert len(await chat.rows(select(Claim.id))) == 1
    assert len(await chat.rows(select(AppealAnswer.id))) == 1
    await sara.says("/claim 2")
    await sara.presses_on(sara.screen, data="appeal_in:1:0")
    assert await chat.rows(select(Claim.task_id).order_by(Claim.id)) == [(1,), (2,)], "the first one has seats left"


@both_platforms
async def test_when_one_task_is_full_the_next_of_the_appeal_and_then_the_next_best_is_offered(chat: Talk) -> None:
    home, huda, omar, sara = await team(chat)
    soon = chat.clock.now() + timedelta(hours=5)
    await chat.task(home, huda, "Pack blankets", deadline_at=soon)
    await chat.task(home, huda, "Drive them")
    await chat.task(home, huda, "Call an elder", seats=5)
    await call(chat, huda, "#1 #2 Help us tonight.")
    last = chat.person("Lina")
    await last.says("/start")
    await chat.give_role(home, last, Role.VOLUNTEER)

    assert "Pack blankets is yours" in plain((await omar.presses("I'm in")).text)
    await sara.presses("أنا لها")
    assert await chat.rows(select(Claim.task_id).order_by(Claim.id)) == [(1,), (2,)]
    await last.says("/mine")
    full = await last.presses_on(last.screen, data="appeal_in:1:0")
    assert "Others were there already: this appeal is covered. Thank you! This would help as well:" in plain(full.text)
    assert "Call an elder" in plain(full.text)
    await last.presses("I'm in")
    assert await chat.rows(select(Claim.task_id).order_by(Claim.id)) == [(1,), (2,), (3,)]


@both_platforms
async def test_in_the_group_one_press_takes_a_seat_too(chat: Talk) -> None:
    home, huda, omar, _ = await team(chat)
    await chat.task(home, huda, "Pack blankets")
    await call(chat, huda)
    posted = [text for text in huda.reads(home.group) if text.startswith("Appeal from Warmth")]
    assert len(posted) == 1
    await omar.presses("I'm in", home.group)
    assert "Pack blankets is yours" in plain(omar.toast)
    assert await chat.rows(select(AppealAnswer.answer)) == [(Answer.IN,)]


async def test_a_crowd_that_presses_at_once_gets_the_seats_there_are_and_nobody_two(chat: Talk) -> None:
    home, huda, omar, _ = await team(chat, newcomer_claims=3)
    others = [chat.person(f"Volunteer {n}") for n in range(6)]
    for one in others:
        await one.says("/start")
        await chat.give_role(home, one, Role.VOLUNTEER)
    await chat.task(home, huda, "Pack blankets", seats=2)
    await chat.task(home, huda, "Drive them", seats=3)
    await call(chat, huda, "#1 #2 Help us tonight.")
    posted = next(message for message in omar.app.answers(home.group) if "Help us tonight." in message.text)
    for one in [*others, *others]:
        one.app.presses(posted, "", data="appeal_in:1:0")
    await chat.settle()
    taken = await chat.rows(select(Claim.task_id, Claim.person_id))
    assert sorted(task for task, _ in taken) == [1, 1, 2, 2, 2]
    assert len({person for _, person in taken}) == 5
    assert len(await chat.rows(select(AppealAnswer.id))) == 5


@both_platforms
async def test_not_now_is_fine_and_leaves_the_way_back(chat: Talk) -> None:
    home, huda, omar, _ = await team(chat)
    await chat.task(home, huda, "Pack blankets")
    await call(chat, huda)
    later = await omar.presses("Not now")
    assert "it stays here" in later.text
    shown = await omar.presses("Show the appeal")
    assert "Blankets are needed tonight." in shown.text
    await omar.presses("I'm in")
    assert [answer for (answer,) in await chat.rows(select(AppealAnswer.answer).order_by(AppealAnswer.id))] == [
        Answer.NOT_NOW,
        Answer.IN,
    ]


@both_platforms
async def test_not_for_me_means_less_of_this_tag(chat: Talk) -> None:
    home, huda, omar, _ = await team(chat)
    await chat.task(home, huda, "Pack blankets", tags=("winter",), seats=5)
    await chat.task(home, huda, "Read aloud", tags=("books", "voices"), seats=5)
    await call(chat, huda)
    noted = await omar.presses("Not for me")
    assert "no more appeals about #winter" in plain(noted.text)

    await call(chat, huda, "#1 Once more.")
    assert len(calls(omar)) == 0
    await call(chat, huda, "#2 Read with us.")
    assert len(calls(omar)) == 1
    asked = await omar.presses("Not for me")
    assert "Of what should there be less?" in asked.text
    await omar.presses("voices")
    number = await chat.transact(omar.number)
    assert await chat.rows(select(Person.fewer).where(Person.id == number)) == [("winter voices",)]
    await omar.presses("As before")
    assert await chat.rows(select(Person.fewer).where(Person.id == number)) == [("winter",)]
    await omar.says("/me")
    await omar.presses("Messages")
    assert "No appeals about: #winter" in plain(omar.screen.text)
    await omar.presses("Appeals about everything")
    assert await chat.rows(select(Person.fewer).where(Person.id == number)) == [("",)]


@both_platforms
async def test_stop_takes_one_press_and_holds(chat: Talk) -> None:
    home, huda, omar, _ = await team(chat)
    await chat.task(home, huda, seats=5)
    await call(chat, huda)
    await omar.presses("Stop such messages")
    assert "Stopped." in omar.screen.text
    await call(chat, huda, "#1 Once more.")
    assert not any("Once more." in text for text in omar.reads())


async def test_where_nobody_needs_to_ask_for_appeals_the_choice_is_not_shown(chat: Talk) -> None:
    _, _, omar, _ = await team(chat)
    await omar.says("/me")
    shown = await omar.presses("Messages")
    assert "Appeals here" not in plain(shown.text)


@pytest.mark.parametrize("platform", ["discord"])
async def test_on_discord_people_ask_for_appeals_with_a_press(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    await chat.task(home, huda, seats=5)
    await call(chat, huda)
    assert calls(omar) == []
    await omar.says("/me")
    shown = await omar.presses("Messages")
    assert "Appeals here: only when you ask for them" in shown.text
    await omar.presses("Send me appeals here")
    await call(chat, huda, "#1 Once more.")
    assert len(calls(omar)) == 1
    await omar.says("/me")
    await omar.presses("Messages")
    await omar.presses("No appeals here")
    await call(chat, huda, "#1 And again.")
    assert not any("And again." in text for text in omar.reads())


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        ("appeal_in:99:0", "There is no appeal number"),
        ("appeal_in:2:0", "There is no appeal number"),
        ("appeal_later:99:0", "There is no appeal number 99"),
        ("appeal_later:2:0", "There is no appeal number 2"),
        ("appeal_see:2:0", "There is no appeal number 2"),
        ("appeal_share:2:0", "There is no appeal number 2"),
        ("appeal_tag:1 -nonsense:0", "This button is from an earlier time"),
        ("appeal_do:1 stop:1", "for the team's moderators"),
        ("appeal_do:1 explode:1", "for the team's moderators"),
        ("appeal_correct:1:0", "for the team's moderators"),
        ("appeals:1:0", "for the team's moderators"),
        ("share_in:nonsense:0", "There is no appeal number"),
        ("me_appeals:maybe:0", "This button is from an earlier time"),
    ],
)
@both_platforms
async def test_forged_presses_are_answered_kindly_and_change_nothing(chat: Talk, data: str, answer: str) -> None:
    home, huda, omar, _ = await team(chat)
    mona = chat.person("Mona")
    await chat.home(mona, name="Elsewhere")
    await chat.task(home, huda)
    await call(chat, huda)
    await omar.says("/mine")
    assert answer in plain((await omar.presses_on(omar.screen, data=data)).text)
    assert await chat.rows(select(Claim.id)) == []
    assert await chat.rows(select(AppealAnswer.id)) == []


async def test_i_have_five_minutes_is_known_for_the_next_hours(chat: Talk) -> None:
    home, huda, omar, _ = await team(chat)
    await chat.task(home, huda, seats=5)
    await omar.says("I have 5 minutes")
    await chat.later(hours=2)
    await call(chat, huda, "#1 Now. | to: free now")
    assert len(calls(omar)) == 1
    await chat.later(hours=2)
    await huda.says("/appeal #1 Later. | to: free now")
    assert "0 people fit" in plain(huda.screen.text)


@both_platforms
async def test_a_place_is_told_coarsely_and_erased(chat: Talk) -> None:
    home, huda, omar, _ = await team(chat)
    await chat.task(home, huda, seats=5)
    await omar.says("/me")
    assert "Place: not told" in omar.screen.text
    await omar.presses("Place")
    assert "two numbers" in (await omar.says("here")).text
    told_place = await omar.says("٣٠٫٠٤٤٤، ٣١٫٢٣٥٧")
    assert "Place: about 30.04, 31.24" in plain(told_place.text)
    number = await chat.transact(omar.number)
    where: Any = select(Person.latitude, Person.longitude).where(Person.id == number)
    assert await chat.rows(where) == [(30.04, 31.24)]
    await huda.says("/appeal #1 Near you. | to: near 30.0,31.2 10km")
    assert "Fewer than 5 people fit" in plain(huda.screen.text)
    await huda.presses("Send")
    await told(chat)
    assert any("Near you." in text for text in omar.reads())
    await omar.says("/me")
    await omar.presses("Place")
    await omar.presses("Erase my place")
    assert await chat.rows(where) == [(None, None)]
    await change(chat, huda)
