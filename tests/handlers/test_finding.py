"""Finding what there is to do."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.finding import parse_wish
from models.finding import Wish
from models.roles import Role
from tests.dialogue import NOW, Home, Somebody, Talk, both_platforms, plain


async def stage(chat: Talk) -> tuple[Home, Somebody, Somebody]:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    await chat.task(home, huda, "Write a letter", minutes=5, deadline_at=NOW + timedelta(days=3))
    await chat.task(home, huda, "Feed the cats", minutes=15, tags=("animals",), deadline_at=NOW + timedelta(days=2))
    await chat.task(home, huda, "Sort blankets", minutes=40, place="Hamra street", deadline_at=NOW + timedelta(hours=20))
    await chat.task(home, huda, "اتصال بالجيران", minutes=5, language="ar")
    return home, huda, omar


@both_platforms
async def test_what_fits_best_comes_first(chat: Talk) -> None:
    _, _, omar = await stage(chat)
    page = plain((await omar.says("/tasks")).text)
    titles = ["Sort blankets", "Feed the cats", "Write a letter", "اتصال بالجيران"]
    assert sorted(titles, key=page.index) == titles, "urgent first, then by deadline; what they read first of all"
    assert "4 tasks are open for you" in page


@both_platforms
@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("/tasks 5", ["Write a letter", "اتصال"]),
        ("/tasks 15 #animals", ["Feed the cats"]),
        ("/tasks hamra", ["Sort blankets"]),
        ("I have 5 minutes", ["Write a letter", "اتصال"]),
        ("عندي ٥ دقائق", ["Write a letter", "اتصال"]),
        ("مهام", ["Write a letter", "Feed the cats", "Sort blankets", "اتصال"]),
    ],
)
async def test_by_minutes_tags_and_words(chat: Talk, said: str, found: list[str]) -> None:
    _, _, omar = await stage(chat)
    page = (await omar.says(said)).text
    everything = ["Write a letter", "Feed the cats", "Sort blankets", "اتصال"]
    assert [title for title in everything if title in page] == [title for title in everything if title in found]


@both_platforms
async def test_an_empty_list_says_what_to_do_instead(chat: Talk) -> None:
    _, _, omar = await stage(chat)
    nothing = await omar.says("/tasks 1")
    assert "Nothing fits that right now" in nothing.text
    assert nothing.labels == [["All tasks", "My tasks"]]
    assert "4 tasks" in (await omar.presses("All tasks")).text


@both_platforms
async def test_pages(chat: Talk) -> None:
    home, huda, omar = await stage(chat)
    for number in range(4):
        await chat.task(home, huda, f"Extra {number}", deadline_at=NOW + timedelta(days=9))
    first = await omar.says("/tasks")
    assert first.labels[-1] == ["More"]
    second = await omar.presses("More")
    assert second.id == first.id, "a page is turned in place"
    assert second.labels[-1] == ["Earlier"]
    assert "Extra" in second.text


@both_platforms
async def test_a_card_says_what_it_is_about_and_hides_who_wants_it(chat: Talk) -> None:
    home, huda, omar = await stage(chat)
    number = await chat.task(home, huda, "Read aloud", seats=3, tags=("elderly",))
    await omar.says(f"/claim {number}")
    card = plain((await huda.says(f"/task {number}")).text)
    for line in ("Read aloud", "10 minutes · remote", "2 seats left of 3", "#elderly", "In: Omar", "Warmth vouches"):
        assert line in card
    await omar.says("/me")
    await omar.presses("Hide my name")
    assert "1 person is in" in (await huda.says(f"/task {number}")).text


@both_platforms
async def test_other_peoples_tasks_are_not_shown(chat: Talk) -> None:
    _, _, _ = await stage(chat)
    sara = chat.person("Sara")
    await sara.says("/start")
    assert "for members of a team" in (await sara.says("/tasks")).text
    assert "belongs to the team Warmth" in plain((await sara.says("/task 1")).text)


@both_platforms
async def test_tasks_of_two_teams_stand_in_one_list(chat: Talk) -> None:
    _, _, omar = await stage(chat)
    nadia = chat.person("Nadia")
    other = await chat.home(nadia, name="Paws")
    await chat.task(other, nadia, "Walk the dog")
    await chat.give_role(other, omar, Role.VOLUNTEER)
    assert "5 tasks are open" in (await omar.says("/tasks")).text


@given(st.text())
def test_any_wish_is_understood_somehow(text: str) -> None:
    wish, page = parse_wish(text)
    assert wish.minutes is None or 0 <= wish.minutes <= 24 * 60
    assert 0 <= page <= 10_000


def test_a_wish() -> None:
    assert parse_wish("١٥ #Animals cats p2") == (Wish(15, ("animals",), ("cats",)), 2)
