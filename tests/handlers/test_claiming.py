"""Taking a seat and giving it back."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.claims import Claim, ClaimState
from models.roles import Role
from models.tasks import Task
from tests.dialogue import Talk, both_platforms, plain


@both_platforms
async def test_a_stranger_takes_a_seat_within_four_presses_from_the_link(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, rules="Be kind.")
    await chat.task(home, huda, "Write a letter", minutes=5)

    welcome = await omar.starts(f"join_{home.code}")
    assert "Be kind." in welcome.text
    await omar.presses("I accept the rules")
    assert "1 task is open for you" in omar.screen.text
    await omar.presses("Write a letter")
    await omar.presses("I'm in")

    assert "Write a letter is yours until today at 17:00" in plain(omar.screen.text)
    assert await chat.rows(select(Claim.state)) == [(ClaimState.HELD,)]


async def test_a_stranger_who_presses_in_the_group_has_the_seat_and_a_link_to_the_private_chat(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("عمر", "ar")
    home = await chat.home(huda, rules="Be kind.")
    number = await chat.task(home, huda, "Write a letter", seats=2)
    await huda.says(f"/post {number}", home.group)

    await omar.presses("I'm in", home.group)

    assert "Write a letter" in omar.toast
    assert omar.opened.endswith(f"start=task_{number}")
    assert not omar.app.answers(), "Telegram lets nobody write to a stranger"
    assert await chat.rows(select(Claim.state)) == [(ClaimState.HELD,)]
    welcome = await omar.starts(f"task_{number}")
    assert "Be kind." in welcome.text
    mine = await omar.presses("أوافق على القواعد")
    assert "تمّت" in [label for row in mine.labels for label in row]


async def test_a_member_who_presses_in_the_group_gets_a_toast_and_the_buttons_in_private(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    number = await chat.task(home, huda, "Write a letter", seats=3)
    await huda.says(f"/post {number}", home.group)

    await omar.presses("I'm in", home.group)
    assert "Write a letter is yours until today at 17:00" in plain(omar.toast)
    assert not omar.opened
    assert omar.screen.labels[0] == ["Done", "Give back"]
    said = len(omar.reads())

    await omar.presses("I'm in", home.group)
    assert "yours already" in omar.toast
    assert await chat.rows(select(Task.seats_taken)) == [(1,)]
    assert len(omar.reads()) == said + 1, "a second press is answered, and takes no second seat"
    await chat.later(seconds=5)
    assert "2 seats left of 3" in plain(home.group.seen()[-1].text)
    assert "In: Omar" in plain(home.group.seen()[-1].text)


@both_platforms
async def test_refusals_say_why_and_what_next(chat: Talk) -> None:
    huda, omar, sara = chat.person("Huda"), chat.person("Omar"), chat.person("Sara")
    home = await chat.home(huda, omar)
    one, two = await chat.task(home, huda, "Call Adel"), await chat.task(home, huda, "Call Samir", seats=2)

    assert "yours until" in plain((await omar.says(f"/claim {one}")).text)
    full = await huda.says(f"/claim {one}")
    assert "Every seat of Call Adel is taken" in plain(full.text)
    assert full.labels == [["Wait for a seat", "Other tasks"]]
    capped = await omar.says(f"/claim {two}")
    assert "Until the first report is approved, 1 task at a time" in plain(capped.text)
    assert capped.labels == [["My tasks"]]
    await sara.says("/start")
    stranger = await sara.says(f"/claim {two}")
    assert plain(stranger.labels[0][0]) == "Join Warmth"
    await chat.later(days=3)
    assert "The deadline of Call Samir has passed" in plain((await huda.says(f"/claim {two}")).text)


@both_platforms
async def test_who_is_blocked_takes_no_seat(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    number = await chat.task(home, huda)
    await chat.give_role(home, omar, Role.VOLUNTEER, blocked_at=chat.clock.now())

    assert "have blocked this account" in (await omar.says(f"/claim {number}")).text
    assert await chat.rows(select(Claim.id)) == []


@both_platforms
async def test_rules_come_before_a_seat_in_private(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar, rules="Be kind.")
    number = await chat.task(home, huda)
    await chat.give_role(home, omar, Role.VOLUNTEER, accepted_rules_at=None)

    assert "has rules" in (await omar.says(f"/claim {number}")).text
    await omar.presses("Read the rules")
    await omar.presses("I accept the rules")
    await omar.presses("I'm in")
    assert await chat.rows(select(Claim.state)) == [(ClaimState.HELD,)]


@both_platforms
async def test_nobody_takes_a_seat_on_terms_they_did_not_see(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    number = await chat.task(home, huda, "Write a letter", minutes=5)
    card = await omar.says(f"/task {number}")

    async def change(session: AsyncSession) -> None:
        await session.execute(update(Task).values(minutes=90, version=Task.version + 1))

    await chat.transact(change)
    fresh = await omar.presses_on(card, "I'm in")

    assert "was changed a moment ago" in plain(fresh.text)
    assert "90 minutes" in plain(fresh.text)
    assert await chat.rows(select(Claim.id)) == []
    await omar.presses("I'm in")
    assert await chat.rows(select(Claim.state)) == [(ClaimState.HELD,)]


@both_platforms
async def test_giving_back_frees_the_seat_at_once_and_a_reason_may_follow(chat: Talk) -> None:
    huda = chat.person("Huda")
    home = await chat.home(huda)
    number = await chat.task(home, huda)
    await huda.says(f"/claim {number}")

    await huda.presses("Give back")
    assert "free again" in huda.screen.text
    assert await chat.rows(select(Task.seats_taken)) == [(0,)]
    await huda.says("The bus did not come")

    assert await chat.rows(select(Claim.state, Claim.reason)) == [(ClaimState.RELEASED, "The bus did not come")]
