"""Something is wrong with a task: telling it, and what moderators make of it."""

from sqlalchemy import select

from models.flags import Flag, FlagKind
from models.roles import Role
from models.tasks import Task, TaskState
from tests.dialogue import Home, Somebody, Talk, both_platforms, plain


@both_platforms
async def test_a_flag_reaches_every_moderator_at_once(chat: Talk) -> None:
    huda, mona, omar = chat.person("Huda"), chat.person("منى", "ar"), chat.person("Omar")
    home = await chat.home(huda, mona, omar)
    await chat.give_role(home, mona, Role.MODERATOR)
    number = await chat.task(home, huda)

    await omar.says(f"/task {number}")
    await omar.presses("Something is wrong")
    await omar.presses("It is not safe")

    assert "Thank you for telling" in omar.screen.text
    await chat.later(seconds=5)
    assert "Omar says about Call Mr. Adel: It is not safe." in plain(huda.screen.text)
    assert "Omar" in mona.screen.text
    assert await chat.rows(select(Flag.kind, Flag.note)) == [(FlagKind.UNSAFE, "")]


@both_platforms
async def test_something_else_asks_what_and_words_are_an_answer_at_once(chat: Talk) -> None:
    huda, omar, sara = chat.person("Huda"), chat.person("Omar"), chat.person("Sara")
    home = await chat.home(huda, omar, sara)
    number = await chat.task(home, huda)
    await omar.says(f"/flag {number}")
    assert "What is it?" in (await omar.presses("Something else")).text
    await omar.says("The phone number is private")
    await sara.says(f"/flag {number}")
    await sara.says("He has moved")
    assert await chat.rows(select(Flag.kind, Flag.note).order_by(Flag.id)) == [
        (FlagKind.OTHER, "The phone number is private"),
        (FlagKind.OTHER, "He has moved"),
    ]
    await chat.later(seconds=5)
    assert "He has moved" in huda.screen.text


@both_platforms
async def test_a_person_has_one_flag_and_says_it_anew(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    number = await chat.task(home, huda)
    for kind in ("It is out of date", "It is not safe", "It is not safe", "It is not safe"):
        await omar.says(f"/flag {number}")
        await omar.presses(kind)
    await chat.later(seconds=5)
    assert await chat.rows(select(Flag.kind)) == [(FlagKind.UNSAFE,)]
    assert await chat.rows(select(Task.state)) == [(TaskState.OPEN,)]
    assert len([text for text in huda.reads() if "Omar says about" in text]) == 1


async def three_flags(chat: Talk) -> tuple[Home, int, "Somebody", list["Somebody"]]:
    """A task that three volunteers have flagged, with its organizer."""
    huda, omar, sara, ali = (chat.person(name) for name in ("Huda", "Omar", "Sara", "Ali"))
    home = await chat.home(huda, omar, sara, ali)
    number = await chat.task(home, huda, seats=5)
    for one in (omar, sara, ali):
        await one.says(f"/flag {number}")
        await one.presses("Something in it is not right")
    return home, number, huda, [omar, sara, ali]


@both_platforms
async def test_three_people_pause_a_task_until_a_moderator_has_looked(chat: Talk) -> None:
    _, number, huda, (omar, sara, _) = await three_flags(chat)
    assert await chat.rows(select(Task.state)) == [(TaskState.PAUSED,)]
    await chat.later(seconds=5)
    assert "nobody can take a seat until a moderator has looked" in huda.screen.text
    assert "is paused" in (await omar.says(f"/claim {number}")).text

    await huda.presses("Look at it")
    seen = plain(huda.screen.text)
    assert "1 flagged task waits for a look." in seen
    assert "Sara, today at 14:00: Something in it is not right" in seen
    await huda.presses("It is fine, go on")
    assert "Call Mr. Adel goes on." in plain(huda.screen.text)
    assert "No flag is waiting." in huda.screen.text
    assert "A moderator has looked at Call Mr. Adel, and it goes on." in plain(sara.screen.text)
    assert await chat.rows(select(Task.state)) == [(TaskState.OPEN,)]
    assert "is yours" in (await omar.says(f"/claim {number}")).text


@both_platforms
async def test_a_second_moderator_hears_that_it_was_looked_at(chat: Talk) -> None:
    home, _, huda, (omar, _, _) = await three_flags(chat)
    await chat.give_role(home, omar, Role.MODERATOR)
    await omar.says("/flags")
    await huda.says("/flags")
    await huda.presses("It is fine, go on")
    told = await omar.presses("It is fine, go on")
    assert "Somebody has looked at that task already." in told.text
    reassured = [text for text in omar.reads() if "A moderator has looked" in text]
    assert len(reassured) == 1


@both_platforms
async def test_flags_are_looked_at_oldest_first_and_can_wait(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    for title in ("First", "Second"):
        number = await chat.task(home, huda, title)
        await omar.says(f"/flag {number}")
        await omar.presses("It is out of date")
        await chat.later(minutes=1)
    assert "First" in (await huda.says("/flags")).text
    assert "Second" in (await huda.presses("Later, the next one")).text
    await huda.presses("Edit")
    await huda.presses("Title")
    await huda.says("The second, mended")
    await huda.presses("It is fine now, go on")
    assert "First" in huda.screen.text
    assert await chat.rows(select(Flag.task_id).where(Flag.closed_at.is_(None))) == [(1,)]


async def test_somebody_in_the_group_whom_we_never_met_can_flag(chat: Talk) -> None:
    huda, stranger = chat.person("Huda"), chat.person("Nour")
    home = await chat.home(huda)
    number = await chat.task(home, huda)
    await huda.says(f"/post {number}", home.group)

    await stranger.presses("Something is wrong", home.group)
    assert stranger.opened.endswith(f"start=flag_{number}")
    asked = await stranger.starts(f"flag_{number}")
    assert "What is wrong with Call Mr. Adel?" in plain(asked.text)
    await stranger.presses("It hurts or abuses people")

    await chat.later(seconds=5)
    assert "Nour says about Call Mr. Adel: It hurts or abuses people." in plain(huda.screen.text)


@both_platforms
async def test_whoever_is_not_of_the_team_does_not_flag_from_outside(chat: Talk) -> None:
    huda, stranger = chat.person("Huda"), chat.person("Nour")
    home = await chat.home(huda)
    number = await chat.task(home, huda)
    assert "belongs to the team Warmth" in plain((await stranger.starts(f"flag_{number}")).text)
    assert "for the team's moderators" in (await stranger.says("/flags")).text
    await huda.says(f"/task {number}")
    await stranger.says("/help")
    await stranger.presses_on(stranger.screen, data=f"fine:{number}:0")
    assert "no task number" in stranger.screen.text
    assert await chat.rows(select(Flag.id)) == []


@both_platforms
async def test_the_blocked_do_not_flag(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    number = await chat.task(home, huda)
    await chat.give_role(home, omar, Role.VOLUNTEER, blocked_at=chat.clock.now())
    assert "have blocked this account" in (await omar.says(f"/flag {number}")).text
