"""Making a task and putting it into a chat."""

from datetime import UTC, datetime

from sqlalchemy import func, select

from models.cards import LiveCard
from models.communities import Chat
from models.roles import Role
from models.tasks import Proof, Task, TaskTag
from tests.dialogue import Talk, both_platforms, plain
from tests.wire import telegram


async def test_a_task_is_made_by_pressing(chat: Talk) -> None:
    huda = chat.person("Huda")
    home = await chat.home(huda)

    await huda.says("/newtask")
    await huda.says("Call three elders")
    await huda.presses("Skip")
    await huda.presses("15 minutes")
    await huda.presses("5")
    await huda.presses("Remote")
    await huda.says("#Elderly phone")
    await huda.presses("Tomorrow")
    await huda.presses("A note")
    preview = await huda.presses("3 hours")
    assert plain(preview.text).splitlines() == [
        "This is how it will look. It is not made yet.",
        "",
        "Call three elders",
        "15 minutes · remote, from anywhere",
        "5 seats",
        "Until tomorrow at 23:59",
        "To hand in: a short note",
        "A seat is held: 3 hours",
        "#elderly, #phone",
        "",
        "Warmth vouches for this",
    ]
    assert await chat.rows(select(func.count()).select_from(Task)) == [(0,)]

    made = await huda.presses("Confirm")
    assert "Call three elders is open: task 1." in plain(made.text)
    assert await chat.rows(
        select(Task.community_id, Task.title, Task.description, Task.language, Task.minutes, Task.seats, Task.place)
    ) == [(home.id, "Call three elders", "", "en", 15, 5, "")]
    assert await chat.rows(select(Task.deadline_at, Task.proof, Task.hold_minutes, Task.version)) == [
        (datetime(2026, 11, 24, 21, 59, tzinfo=UTC), Proof.NOTE, 180, 1)
    ]
    assert await chat.rows(select(TaskTag.tag).order_by(TaskTag.tag)) == [("elderly",), ("phone",)]

    await huda.presses("Post it in")
    (card,) = huda.app.answers(home.group)
    assert "Call three elders" in plain(card.text)


async def test_a_task_is_made_in_one_arabic_line(chat: Talk) -> None:
    huda = chat.person("هدى", "ar")
    await chat.home(huda, language="ar")

    await huda.says("/newtask الاتصال بثلاثة مسنّين | ١٥ د | ٥ مقاعد | #مسنين")
    await huda.presses_on(huda.screen, data=first_data(huda.screen))

    assert await chat.rows(select(Task.title, Task.language, Task.minutes, Task.seats, Task.proof, Task.hold_minutes)) == [
        ("الاتصال بثلاثة مسنّين", "ar", 15, 5, Proof.NOTE, 24 * 60)
    ]
    assert await chat.rows(select(TaskTag.tag)) == [("مسنين",)]


def first_data(message: telegram.Message) -> str:
    """What the first button under a message would send."""
    return str(message.markup["inline_keyboard"][0][0]["callback_data"])


@both_platforms
async def test_answers_that_do_not_fit_are_asked_for_again_and_back_keeps_them(chat: Talk) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    await huda.says("/newtask")

    assert "from 3 to 120 characters" in (await huda.says("ab")).text
    await huda.says("Plant trees")
    await huda.says("Gloves are there.")
    assert "from 1 to 480" in (await huda.says("three weeks")).text
    await huda.says("١٢")
    assert "How many people" in huda.screen.text
    await huda.presses("Back")
    assert "So far: 12 minutes" in plain(huda.screen.text)
    await huda.presses("Keep it")
    assert "from 1 to 1000" in (await huda.says("none")).text
    await huda.says("2")
    await huda.says("The old park")
    await huda.presses("Skip")
    await huda.presses("Skip")
    assert "has passed" in (await huda.says("2020-01-01")).text
    await huda.says("غدًا ١٨:٠٠")
    await huda.presses("A photo")
    await huda.presses("Until the deadline")
    assert "at this place: The old park" in plain(huda.screen.text)
    assert "Until tomorrow at 18:00" in plain(huda.screen.text)
    await huda.presses("Confirm")

    assert await chat.rows(select(Task.minutes, Task.description, Task.place)) == [(12, "Gloves are there.", "The old park")]


@both_platforms
async def test_a_line_can_be_gone_through_once_more(chat: Talk) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    await huda.says("/newtask Plant trees | 1h")
    await huda.presses("Change something")
    assert "So far: Plant trees" in plain(huda.screen.text)
    assert not any("Continue" in label for row in huda.screen.labels for label in row)
    await huda.says("Plant ten trees")
    await huda.presses("Skip")
    for _ in range(7):
        await huda.presses("Keep it")
    await huda.presses("Confirm")
    assert await chat.rows(select(Task.title, Task.minutes)) == [("Plant ten trees", 60)]


async def test_pressing_confirm_twice_makes_one_task(chat: Talk) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    preview = await huda.says("/newtask Plant trees")
    data = first_data(preview)
    await huda.presses_on(preview, data=data)
    await huda.presses_on(preview, data=data)
    assert await chat.rows(select(func.count()).select_from(Task)) == [(1,)]


@both_platforms
async def test_a_deadline_that_passes_before_confirm_is_noticed(chat: Talk) -> None:
    huda = chat.person("Huda")
    await chat.home(huda)
    await huda.says("/newtask Plant trees | until 15:00")
    await chat.later(hours=2)
    refused = await huda.presses("Confirm")
    assert "The deadline has passed meanwhile" in refused.text
    assert await chat.rows(select(func.count()).select_from(Task)) == [(0,)]


@both_platforms
async def test_volunteers_make_no_tasks(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    assert "for the team's moderators" in (await omar.says("/newtask Plant trees")).text

    await chat.give_role(home, omar, Role.MODERATOR)
    await omar.says("/newtask Plant trees")
    await chat.give_role(home, omar, Role.VOLUNTEER)
    assert "for the team's moderators" in (await omar.presses("Confirm")).text
    assert await chat.rows(select(func.count()).select_from(Task)) == [(0,)]


async def test_post_puts_the_card_into_the_chat_and_sends_it_anew(chat: Talk) -> None:
    huda = chat.person("Huda")
    home = await chat.home(huda)
    number = await chat.task(home, huda)
    card = await huda.says(f"/post {number}", home.group)
    assert "Call Mr. Adel" in plain(card.text)
    again = await huda.says(f"/post {number}", home.group)
    assert again.id != card.id
    assert await chat.rows(select(LiveCard.task_id, LiveCard.message)) == [(number, str(again.id))]


async def test_in_private_post_offers_the_chats_and_a_second_press_sends_no_second_card(chat: Talk) -> None:
    huda = chat.person("Huda")
    home = await chat.home(huda)
    number = await chat.task(home, huda)
    offered = await huda.says(f"/post {number}")
    data = first_data(offered)
    await huda.presses_on(offered, data=data)
    await huda.presses_on(offered, data=data)
    assert len(huda.app.answers(home.group)) == 1


@both_platforms
async def test_a_card_goes_to_no_chat_of_another_team(chat: Talk) -> None:
    huda, mona = chat.person("Huda"), chat.person("Mona")
    home = await chat.home(huda)
    other = await chat.home(mona, name="Elsewhere")
    number = await chat.task(home, huda)
    ((foreign,),) = await chat.rows(select(Chat.id).where(Chat.community_id == other.id))

    offered = await huda.says(f"/post {number}")
    await huda.presses_on(offered, data=f"post_in:{number} {foreign}:0")
    assert "from an earlier time" in huda.screen.text
    assert "no task number" in (await mona.says(f"/post {number}")).text
    assert await chat.rows(select(LiveCard.id)) == []


@both_platforms
async def test_a_closed_task_is_not_posted(chat: Talk) -> None:
    huda = chat.person("Huda")
    home = await chat.home(huda)
    number = await chat.task(home, huda)
    await chat.later(days=3)
    assert "deadline of Call Mr. Adel has passed" in plain((await huda.says(f"/post {number}")).text)
