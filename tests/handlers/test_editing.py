"""Changing a task that is under way."""

from datetime import timedelta

from sqlalchemy import select

from models.claims import Claim
from models.roles import Role
from models.tasks import UNTIL_DEADLINE, Proof, Task, TaskState, TaskTag
from tests.dialogue import NOW, Talk, both_platforms, plain


@both_platforms
async def test_holders_are_told_of_new_terms_and_an_old_button_takes_no_seat(chat: Talk) -> None:
    huda, omar, sara = chat.person("Huda"), chat.person("Omar"), chat.person("Sara")
    home = await chat.home(huda, omar, sara)
    number = await chat.task(home, huda, seats=3)
    await omar.says(f"/claim {number}")
    await sara.says(f"/task {number}")

    await huda.says(f"/edit {number}")
    asked = await huda.presses("Minutes")
    assert "So far: 10 minutes" in plain(asked.text)
    changed = await huda.presses("30 minutes")

    assert "Changed." in changed.text
    assert "Call Mr. Adel, which you hold a seat on, now takes 30 minutes." in plain(omar.screen.text)
    assert await chat.rows(select(Task.minutes, Task.version)) == [(30, 2)]
    await sara.presses("I'm in")
    assert "was changed a moment ago" in sara.toast
    await sara.presses("I'm in")
    assert "is yours" in sara.screen.text


async def test_the_live_card_follows(chat: Talk) -> None:
    huda = chat.person("Huda")
    home = await chat.home(huda)
    number = await chat.task(home, huda)
    card = await huda.says(f"/post {number}", home.group)
    await huda.says(f"/edit {number}")
    await huda.presses("Title")
    await huda.says("زيارة السيد عادل")
    await chat.later(seconds=5)
    assert "زيارة السيد عادل" in card.text
    assert await chat.rows(select(Task.title, Task.language, Task.version)) == [("زيارة السيد عادل", "ar", 2)]


@both_platforms
async def test_seats_that_are_taken_stay(chat: Talk) -> None:
    huda, omar, sara = chat.person("Huda"), chat.person("Omar"), chat.person("Sara")
    home = await chat.home(huda, omar, sara)
    number = await chat.task(home, huda, seats=3)
    for one in (omar, sara):
        await one.says(f"/claim {number}")
    await huda.says(f"/edit {number}")
    await huda.presses("Seats")
    refused = await huda.says("1")
    assert "2 seats of Call Mr. Adel are taken, and there cannot be fewer." in plain(refused.text)
    await huda.says("2")
    assert await chat.rows(select(Task.seats, Task.seats_taken, Task.version)) == [(2, 2, 1)]


@both_platforms
async def test_a_task_is_done_when_the_seats_that_are_left_are(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    number = await chat.task(home, huda, seats=2)
    await omar.says(f"/claim {number}")
    await omar.says(f"/done {number}")
    await omar.presses("10 minutes")
    await omar.presses("Skip")
    await huda.says("/review")
    await huda.presses("Approve")
    await huda.says(f"/edit {number}")
    await huda.presses("Seats")
    await huda.says("1")
    assert await chat.rows(select(Task.state)) == [(TaskState.DONE,)]


@both_platforms
async def test_holds_follow_the_deadline(chat: Talk) -> None:
    huda, omar, sara = chat.person("Huda"), chat.person("Omar"), chat.person("Sara")
    home = await chat.home(huda, omar, sara)
    whole = await chat.task(home, huda, "To the end", hold_minutes=UNTIL_DEADLINE)
    short = await chat.task(home, huda, "Three hours")
    await omar.says(f"/claim {whole}")
    await sara.says(f"/claim {short}")

    for number, deadline in ((whole, "26/11 12:00"), (short, "15:00")):
        await huda.says(f"/edit {number}")
        await huda.presses("Deadline")
        await huda.says(deadline)

    assert await chat.rows(select(Claim.hold_until).order_by(Claim.id)) == [
        (NOW + timedelta(days=3, hours=-2),),
        (NOW + timedelta(hours=1),),
    ]
    assert "now ends Monday 23 November at 15:00" in plain(sara.screen.text)


@both_platforms
async def test_tags_place_proof_and_nothing(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    number = await chat.task(home, huda, tags=("phone",), description="Gently.")
    await omar.says(f"/claim {number}")

    await huda.says(f"/edit {number}")
    await huda.presses("Tags")
    await huda.says("#old #phone")
    await huda.presses("Change something else")
    await huda.presses("Description")
    await huda.presses("Leave it out")
    await huda.presses("Change something else")
    await huda.presses("Place")
    await huda.says("Nile street")
    assert "is now done somewhere else: at this place: Nile street" in plain(omar.screen.text)
    await huda.presses("Change something else")
    await huda.presses("What to hand in")
    await huda.presses("A photo")
    assert "now asks for something else: a photo" in plain(omar.screen.text)
    await huda.presses("Change something else")
    await huda.presses("Holding time")
    await huda.presses("3 hours")
    assert "Nothing changed." in huda.screen.text

    assert await chat.rows(select(TaskTag.tag).order_by(TaskTag.tag)) == [("old",), ("phone",)]
    assert await chat.rows(select(Task.description, Task.place, Task.proof, Task.version)) == [
        ("", "Nile street", Proof.PHOTO, 4)
    ]


@both_platforms
async def test_only_the_teams_moderators_change_a_task(chat: Talk) -> None:
    huda, omar, mona = chat.person("Huda"), chat.person("Omar"), chat.person("Mona")
    home = await chat.home(huda, omar)
    await chat.home(mona, name="Elsewhere")
    number = await chat.task(home, huda)
    assert "for the team's moderators" in (await omar.says(f"/edit {number}")).text
    assert "no task number" in (await mona.says(f"/edit {number}")).text
    assert "no task number" in (await huda.says("/edit 999")).text

    await chat.give_role(home, omar, Role.MODERATOR)
    await omar.says(f"/edit {number}")
    await omar.presses("Title")
    await chat.give_role(home, omar, Role.VOLUNTEER)
    assert "for the team's moderators" in (await omar.says("Mine now")).text
    assert await chat.rows(select(Task.title)) == [("Call Mr. Adel",)]


@both_platforms
async def test_what_is_over_is_not_changed(chat: Talk) -> None:
    huda = chat.person("Huda")
    home = await chat.home(huda)
    number = await chat.task(home, huda, state=TaskState.DONE)
    assert "is done" in (await huda.says(f"/edit {number}")).text
