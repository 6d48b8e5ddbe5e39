"""A group becomes a team, and its organizer changes it."""

import pytest
from sqlalchemy import select

from models.communities import Chat, Community, Member
from models.roles import Role
from tests.dialogue import Somebody, Talk, plain
from tests.wire import telegram


async def begin(chat: Talk, *admins: Somebody, title: str = "Warmth") -> telegram.Chat:
    """A group without a team, whose admins have met the bot."""
    for one in admins:
        await one.says("/start")
    return chat.wire.group(title, admins=tuple(one.app for one in admins), kind="supergroup")


async def answer_all(organizer: Somebody) -> telegram.Message:
    await organizer.presses("Warmth")
    await organizer.presses("English")
    await organizer.presses("Cairo")
    await organizer.presses("Saturday")
    return await organizer.presses("Skip")


async def test_an_admin_makes_the_group_a_team_by_pressing(chat: Talk) -> None:
    huda = chat.person("Huda")
    group = await begin(chat, huda)

    question = await huda.says("/setup", group)
    assert question.text == "What is the team called?"
    assert question.labels == [["Warmth"], ["Cancel"]]
    assert "spoken to" in (await huda.presses("Warmth")).text
    assert "time zone" in (await huda.presses("العربية")).text
    assert "week begin" in (await huda.says("الرياض")).text
    assert "rules" in (await huda.presses("Sunday")).text
    done = await huda.says("Be kind.\nNo names of elders in the group.")

    community = (await chat.rows(select(Community)))[0][0]
    assert f"/join {community.code}" in plain(done.text)
    assert done.labels == [["New task"], ["Link to join", "Settings"]]
    assert (community.name, community.language, community.timezone, community.first_weekday) == (
        "Warmth",
        "ar",
        "Asia/Riyadh",
        6,
    )
    assert community.rules == "Be kind.\nNo names of elders in the group."
    assert await chat.rows(select(Chat.external_id, Chat.community_id)) == [(str(group.id), community.id)]
    ((role, accepted),) = await chat.rows(select(Member.role, Member.accepted_rules_at))
    assert role is Role.ORGANIZER
    assert accepted == chat.clock.now()


async def test_the_group_hears_of_it_and_whoever_reads_it_can_join(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    group = await begin(chat, huda)
    group.members[omar.app.id] = "member"
    await huda.says("/setup", group)
    await answer_all(huda)

    (said,) = huda.app.answers(group)
    assert "home of the team Warmth" in plain(said.text)
    code = (await chat.rows(select(Community.code)))[0][0]
    assert said.button("Join")["url"].endswith(f"?start=join_{code}")
    await omar.starts(f"join_{code}")
    await omar.presses("Join")
    assert (Role.VOLUNTEER,) in await chat.rows(select(Member.role))


async def test_somebody_who_never_met_the_bot_is_led_to_the_private_chat(chat: Talk) -> None:
    huda = chat.person("Huda")
    group = chat.wire.group("Warmth", admins=(huda.app,), kind="supergroup")
    way = await huda.says("/setup", group)
    assert way.labels == [["Open the private chat"]]
    assert (await huda.starts("continue")).text == "What is the team called?"


async def test_who_does_not_administer_the_group_is_told_who_can(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    group = await begin(chat, huda)
    group.members[omar.app.id] = "member"
    refused = await omar.says("/setup", group)
    assert "ask one of them" in refused.text
    assert refused.chat is group
    assert await chat.rows(select(Community.id)) == []


async def test_where_nobody_can_say_who_administers_the_group_it_is_tried_once_more(chat: Talk) -> None:
    huda = chat.person("Huda")
    group = await begin(chat, huda)
    chat.wire.fails("getChatMember")
    assert "could not be checked" in (await huda.says("/setup", group)).text
    assert (await huda.says("/setup", group)).text == "What is the team called?"


async def test_in_private_it_is_said_where_a_team_begins(chat: Talk) -> None:
    assert "in its group" in (await chat.person("Huda").says("/setup")).text


@pytest.mark.parametrize(
    ("typed", "heard"),
    [
        ("Kairo", "Did you mean"),
        ("United States", "several time zones"),
        ("qqqqqq", "The nearest large city does it"),
        ("<b>x</b>" * 300, "The nearest large city does it"),
    ],
)
async def test_a_time_zone_that_is_not_understood_is_asked_back(chat: Talk, typed: str, heard: str) -> None:
    huda = chat.person("Huda")
    group = await begin(chat, huda)
    await huda.says("/setup", group)
    await huda.presses("Warmth")
    await huda.presses("English")
    assert heard in (await huda.says(typed)).text
    assert "week begin" in (await huda.says("Cairo")).text


async def test_of_two_admins_at_once_one_founds_the_team_and_the_other_is_told_kindly(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    group = await begin(chat, huda, omar)
    for one in (huda, omar):
        await one.says("/setup", group)
        for label in ("Warmth", "English", "Cairo", "Saturday"):
            await one.presses(label)

    presses = [one.app.presses(one.screen, "Skip") for one in (huda, omar)]
    for press in presses:
        await press.answered()
    await chat.settle()

    heard = sorted(plain(one.screen.text).split(".")[0] for one in (huda, omar))
    assert heard == ["This chat is the home of the team Warmth already; its organizers can change it", "Warmth is set up"]
    assert len(await chat.rows(select(Community.id))) == 1
    assert len(await chat.rows(select(Member.role))) == 1
    loser = next(one for one in (huda, omar) if "already" in one.screen.text)
    assert "not understood" in (await loser.says("Skip")).text


async def test_the_organizer_changes_it_and_what_is_skipped_stays(chat: Talk) -> None:
    huda = chat.person("Huda")
    home = await chat.home(huda, rules="Be kind.")
    await huda.says("/setup", home.group)
    await huda.says("Warm hands")
    await huda.presses("العربية")
    assert huda.screen.labels[0][0] == "Cairo"
    await huda.presses("Cairo")
    assert huda.screen.labels[0] == ["Saturday", "Sunday", "Monday"]
    assert "time zone" in (await huda.presses("Back")).text
    await huda.says("Asia/Amman")
    await huda.says("الإثنين")
    assert "Be kind." in huda.screen.text
    done = await huda.presses("Skip")

    assert "Warm hands" in plain(done.text)
    columns = select(Community.name, Community.language, Community.timezone, Community.first_weekday, Community.rules)
    assert await chat.rows(columns) == [("Warm hands", "ar", "Asia/Amman", 0, "Be kind.")]


async def test_others_cannot_change_a_team_even_as_admins_of_the_group(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    home.group.members[omar.app.id] = "administrator"
    refused = await omar.says("/setup", home.group)
    assert "already; its organizers can change it" in refused.text
    forged = await omar.presses_on(omar.screen, data=f"setup_change:{home.id}:0")
    assert "for the team's organizers" in forged.text or "for the team's organizers" in omar.toast


async def test_an_organizer_who_was_voted_out_in_between_changes_nothing(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    await huda.says("/setup", home.group)
    await chat.give_role(home, omar, Role.ORGANIZER)
    await chat.give_role(home, huda, Role.VOLUNTEER)
    assert "for the team's organizers" in (await huda.says("Mine alone")).text
    assert await chat.rows(select(Community.name)) == [("Warmth",)]


async def test_limits_change_by_pressing(chat: Talk) -> None:
    huda = chat.person("Huda")
    home = await chat.home(huda)
    screen = await huda.says("/settings")
    assert "Newcomers: 1 task at a time" in screen.text
    await huda.presses("Newcomers")
    assert huda.screen.labels[0] == ["1 task ✓", "2 tasks", "3 tasks"]
    assert "Newcomers: 2 tasks at a time" in (await huda.presses("2 tasks")).text
    await huda.presses("Reviews")
    assert "within 48 hours" in (await huda.presses("48 hours")).text
    assert await chat.rows(select(Community.newcomer_claims, Community.review_hours)) == [(2, 48)]
    for data in (f"settings_set:{home.id} newcomer_claims 99:0", f"settings_set:{home.id} id 1:0", "settings_set:99 id 1:0"):
        await huda.presses_on(huda.screen, data=data)
    assert await chat.rows(select(Community.newcomer_claims, Community.id)) == [(2, home.id)]
