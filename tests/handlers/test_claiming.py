"""Taking a seat and giving it back."""

from sqlalchemy import select

from models.claims import Claim, ClaimState
from models.tasks import Task
from tests.dialogue import Talk, plain


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


async def test_a_press_in_the_group_takes_the_seat_and_opens_the_private_chat(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("عمر", "ar")
    home = await chat.home(huda)
    number = await chat.task(home, huda, seats=2)
    await huda.says(f"/task {number}")
    await huda.presses("I'm in")

    assert "yours" in huda.toast
    assert await chat.rows(select(Task.seats_taken)) == [(1,)]
    assert await chat.rows(select(Claim.state)) == [(ClaimState.HELD,)]
    assert omar.app.id


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
