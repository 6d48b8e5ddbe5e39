"""How a person is spoken to; leaving; choosing a team; what help offers."""

import pytest
from sqlalchemy import select

from handlers.me import parse_tags
from models.cards import post_card
from models.claims import Claim, ClaimState
from models.communities import Chat, Member
from models.people import Person
from models.roles import Role
from models.tasks import Task
from tests.dialogue import Talk, plain


async def test_everything_about_oneself_changes_with_a_press(chat: Talk) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    page = plain((await huda.says("/me")).text)
    assert "Language: English" in page
    assert "Warmth: organizer" in page

    assert "٠١٢٣" in (await huda.presses("Digits: ٠١٢٣")).text
    assert "On cards: counted, without a name" in (await huda.presses("Hide my name on cards")).text
    assert "On cards: with the first name" in (await huda.presses("Show my name on cards")).text
    await huda.presses("Time zone")
    assert "Time zone: Riyadh" in plain((await huda.says("جدة")).text)
    await huda.presses("Time zone")
    assert "Time zone: Cairo" in plain((await huda.presses("As in the team")).text)
    await huda.presses("العربية")
    assert await chat.rows(select(Person.language, Person.arabic_digits, Person.is_private, Person.timezone)) == [
        ("ar", True, False, "Africa/Cairo")
    ]


@pytest.mark.parametrize("typed", ["ar", "Arabic", "عربي", "العربيّة"])
async def test_the_language_goes_by_its_names(chat: Talk, typed: str) -> None:
    huda = chat.person("Huda")
    await huda.says("/start")
    await huda.says(f"/language {typed}")
    assert await chat.rows(select(Person.language)) == [("ar",)]


async def test_a_language_that_is_not_ours_brings_those_that_are(chat: Talk) -> None:
    huda = chat.person("Huda")
    assert (await huda.says("/language klingon")).labels == [["العربية", "English"]]
    await huda.presses("العربية")
    assert await chat.rows(select(Person.language)) == [("ar",)]


async def test_interests_come_from_the_teams_tags_and_ones_own_words(chat: Talk) -> None:
    huda = chat.person("Huda")
    home = await chat.home(huda)
    await chat.task(home, huda, tags=("elderly", "مسنون"))
    await chat.task(home, huda, tags=("elderly",))
    await huda.says("/me")
    await huda.presses("Interests")
    assert huda.screen.labels[0] == ["#elderly", "#مسنون"]
    await huda.presses("#مسنون")
    assert huda.screen.labels[0] == ["#مسنون ✓", "#elderly"]
    await huda.presses("Write others")
    await huda.says("#Animals, قطط")
    assert await chat.rows(select(Person.interests)) == [("مسنون animals قطط",)]
    await huda.presses("#animals ✓")
    assert await chat.rows(select(Person.interests)) == [("مسنون قطط",)]
    await huda.presses_on(huda.screen, data="me_tag:+ffffffffff:0")
    assert await chat.rows(select(Person.interests)) == [("مسنون قطط",)]


def test_tags_are_read_as_people_write_them() -> None:
    assert parse_tags("#Animals,elderly  مُسنّون، #animals #") == ["animals", "elderly", "مسنون"]
    assert parse_tags("كبار السن، قطط") == ["كبار_السن", "قطط"]


async def test_who_leaves_a_question_is_led_back_to_the_page_it_stands_on(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    await chat.home(huda, omar)
    for page, question in (("Messages", "Quiet hours"), ("Place", ""), ("Time zone", "")):
        await omar.says("/me")
        shown = await omar.presses(page)
        assert "News for moderators" not in str(shown.labels)
        if question:
            await omar.presses(question)
        await omar.presses("Cancel")
        assert omar.screen.labels == [["Back"]]
        assert "Quiet from 21:00 to 09:00" in (await omar.presses("Back")).text
    await huda.says("/me")
    assert "News for moderators ✓" in str((await huda.presses("Messages")).labels)


async def test_privacy_shows_on_the_card_in_the_group(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    number = await chat.task(home, huda, seats=2)
    ((chat_id,),) = await chat.rows(select(Chat.id))
    await chat.transact(lambda session: post_card(session, number, chat_id, "", chat.clock.now()))
    await omar.says(f"/claim {number}")
    await chat.later(seconds=5)
    assert "Omar" in huda.app.answers(home.group)[-1].text
    await omar.says("/me")
    await omar.presses("Hide my name on cards")
    await chat.later(seconds=5)
    assert "Omar" not in huda.app.answers(home.group)[-1].text


async def test_leaving_asks_first_and_frees_the_seats(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    number = await chat.task(home, huda)
    await omar.says(f"/claim {number}")
    asked = await omar.says("/leave")
    assert "Leave Warmth?" in plain(asked.text)
    assert "1 seat that is held now goes to somebody else." in asked.text
    said = await omar.presses("Leave")
    assert f"/join {home.code}" in plain(said.text)
    assert await chat.rows(select(Claim.state)) == [(ClaimState.CANCELLED,)]
    assert await chat.rows(select(Task.seats_taken)) == [(0,)]
    left = select(Member.role).where(Member.left_at.is_not(None))
    assert await chat.rows(left) == [(Role.VOLUNTEER,)]
    await omar.presses_on(said, data=f"leave_do:{home.id}:0")
    assert "members of a team" in omar.screen.text


async def test_the_last_organizer_cannot_leave(chat: Talk) -> None:
    huda = chat.person("Huda")
    home = await chat.home(huda)
    assert "at least one organizer" in (await huda.says("/leave")).text
    await huda.presses_on(huda.screen, data=f"leave_do:{home.id}:0")
    assert await chat.rows(select(Member.left_at)) == [(None,)]


async def test_which_of_two_teams_is_to_be_left_is_asked(chat: Talk) -> None:
    huda, omar, sami = chat.person("Huda"), chat.person("Omar"), chat.person("Sami")
    await chat.home(huda, omar, code="codeaaaa")
    await chat.home(sami, omar, name="Books", code="codebbbb")
    assert (await omar.says("/leave")).labels == [["Books"], ["Warmth"], ["Stay"]]
    await omar.presses("Books")
    await omar.presses("Leave")
    assert (await omar.says("/leave")).labels == [["Leave", "Stay"]]


async def test_with_two_teams_the_choice_is_followed_by_what_was_asked(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar, code="codeaaaa")
    other = await chat.home(huda, name="Books", code="codebbbb")
    asked = await huda.says("/role Omar moderator")
    assert asked.labels == [["Books"], ["Warmth"]]
    said = await huda.presses("Warmth")
    assert "Omar has a new role in Warmth: moderator." in plain(said.text)
    focus = select(Person.focus_community_id).where(Person.name == "Huda")
    assert await chat.rows(focus) == [(home.id,)]

    await omar.presses_on(omar.screen, data=f"focus:{other.id} role:0")
    assert "members of a team" in omar.screen.text + omar.toast


async def test_what_a_button_cannot_carry_is_asked_once_more(chat: Talk) -> None:
    huda = chat.person("Huda")
    await chat.home(huda, code="codeaaaa")
    await chat.home(huda, name="Books", code="codebbbb")
    await huda.says("/role أمينة مشرف")
    assert "say once more" in (await huda.presses("Books")).text


async def test_help_is_only_what_one_can_do_here(chat: Talk) -> None:
    huda, omar, stranger = chat.person("Huda"), chat.person("Omar"), chat.person("Sami")
    home = await chat.home(huda, omar)
    nothing = plain((await stranger.says("/help")).text)
    assert "/language" in nothing
    assert "/tasks" not in nothing
    assert "/setup in its group" in nothing

    volunteer = plain((await omar.says("/help")).text)
    assert "/tasks: Tasks that fit the time you have" in volunteer
    assert "/role" not in volunteer
    assert "“my tasks”" in volunteer

    organizer = await huda.says("/help")
    assert "/role" in organizer.text
    assert "/setup" not in organizer.text
    assert "/setup" in (await huda.says("/help", home.group)).text
    assert "/setup" not in (await omar.says("/help", home.group)).text
