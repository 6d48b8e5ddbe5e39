"""What is particular to Discord: life in a guild's channel, where answers are whispered and forms are filled in."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, select

from bot.database import Database
from bot.discord import first
from handlers.telling import private_message
from handlers.types import Reply
from models.claims import Claim, ClaimState
from models.communities import Chat, Community, Member
from models.delivery import enqueue
from models.people import Account
from models.reports import Report
from models.roles import Role
from models.tasks import Proof, Task
from tests import discord_dialogue
from tests.dialogue import Home, plain
from tests.discord_dialogue import DiscordSomebody, DiscordTalk
from tests.handlers.test_reporting import picture
from tests.wire.discord import Channel


@pytest.fixture
async def talk(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[DiscordTalk]:
    path = shutil.copy(sqlite_template, tmp_path / "himma.db")
    async with discord_dialogue.stage(Database(make_url(f"sqlite+aiosqlite:///{path}")), tmp_path / "pictures") as talk:
        yield talk


async def team(talk: DiscordTalk, *members: DiscordSomebody) -> tuple[DiscordSomebody, Home, Any]:
    """A team, its organizer, and the channel it lives in."""
    huda = talk.person("Huda")
    home = await talk.home(huda, *members)
    return huda, home, home.group


def card_in(channel: Channel, who: DiscordSomebody) -> str:
    """What the live card in the channel says."""
    return plain([message for message in who.phone.answers(channel) if not message.is_ephemeral][-1].text)


async def test_a_stranger_takes_a_seat_with_one_press_and_is_told_in_private(talk: DiscordTalk) -> None:
    omar, sara = talk.person("Omar"), talk.person("Sara")
    huda, home, channel = await team(talk)
    omar.phone.joins(channel.guild)
    sara.phone.joins(channel.guild)
    number = await talk.task(home, huda, "Write a letter", seats=2)
    await huda.says(f"/post {number}", channel)

    told = await omar.presses("I'm in", channel)
    assert "Write a letter is yours until today at 17:00" in plain(told.text)
    assert told.labels[0] == ["Done", "Give back"]
    assert not any("is yours" in text for text in sara.reads(channel))
    assert await talk.rows(select(Claim.state)) == [(ClaimState.HELD,)]
    await talk.later(seconds=5)
    assert "1 seat left of 2" in card_in(channel, sara)
    assert "In: Omar" in card_in(channel, sara)


async def test_a_report_is_written_in_forms_without_leaving_the_channel(talk: DiscordTalk) -> None:
    omar = talk.person("Omar")
    huda, home, channel = await team(talk, omar)
    number = await talk.task(home, huda, "Read aloud", proof=Proof.NOTE)
    await omar.says(f"/claim {number}", channel)
    asked = await omar.presses("Done", channel)
    assert "How many minutes did Read aloud take?" in plain(asked.text)
    assert ["Fill in a form"] in asked.labels

    handed_in = await omar.fills_form({"Minutes": "١٢", "Note": "All went well."}, channel)
    assert "Handed in, thank you!" in handed_in.text
    assert handed_in.id == asked.id, "the answer stands where the question stood"
    assert await talk.rows(select(Report.minutes, Report.note)) == [(12, "All went well.")]
    assert len(omar.phone.answers()) == 1, "nothing but the greeting went to the direct message"


async def test_what_is_wrong_in_a_form_is_asked_for_again_and_nothing_else(talk: DiscordTalk) -> None:
    omar = talk.person("Omar")
    huda, home, channel = await team(talk, omar)
    number = await talk.task(home, huda, "Read aloud", proof=Proof.LINK)
    await omar.says(f"/claim {number}", channel)
    await omar.presses("Done", channel)
    asked = await omar.fills_form({"Minutes": "a few", "Link": "example.org/page", "Note": "Fine"}, channel)
    assert "Minutes: Minutes are a number from 1 to 1440." in plain(asked.text)
    assert ["Write the answer"] in asked.labels, "only what was wrong is asked for"
    handed_in = await omar.fills_in("Write the answer", "12", channel)
    assert "Handed in, thank you!" in handed_in.text
    assert await talk.rows(select(Report.minutes, Report.link, Report.note)) == [(12, "example.org/page", "Fine")]


async def test_a_photo_is_handed_in_by_a_form(talk: DiscordTalk) -> None:
    omar = talk.person("Omar")
    huda, home, channel = await team(talk, omar)
    number = await talk.task(home, huda, "Paint the door", proof=Proof.PHOTO)
    await omar.says(f"/claim {number}", channel)
    await omar.presses("Done", channel)
    asked = await omar.fills_form({"Minutes": "10", "Photo": [("list.txt", b"no picture")]}, channel)
    assert "Photo: This file is not a picture" in asked.text
    await omar.fills_in("Send a picture", [("door.png", picture())], channel)
    assert "Handed in, thank you!" in omar.phone.answers(channel)[-1].text
    ((minutes, photo),) = await talk.rows(select(Report.minutes, Report.picture))
    assert (minutes, bool(photo)) == (10, True)


async def test_a_task_is_made_on_two_forms(talk: DiscordTalk) -> None:
    huda, _, channel = await team(talk)
    await huda.says("/newtask", channel)
    first = {"Title": "Call three elders", "Minutes": "15", "Seats": "many", "Place": "remote"}
    asked = await huda.fills_form(first, channel)
    assert "Seats: " in asked.text
    following = await huda.presses("3", channel)
    assert "Which tags help" in following.text, "what was left out is not asked for again, what had no room is"
    preview = await huda.fills_form(
        {"Tags": "#elderly", "Deadline": "3d", "What to hand in": "link", "Holding time": "3h"}, channel
    )
    assert "It is not made yet" in preview.text
    await huda.presses("Confirm", channel)
    made = await talk.rows(select(Task.title, Task.description, Task.minutes, Task.seats, Task.proof, Task.hold_minutes))
    assert made == [("Call three elders", "", 15, 3, Proof.LINK, 180)]


async def test_a_form_of_a_question_that_was_answered_changes_nothing(talk: DiscordTalk) -> None:
    omar = talk.person("Omar")
    huda, home, channel = await team(talk, omar)
    number = await talk.task(home, huda, "Read aloud", proof=Proof.NOTE)
    await omar.says(f"/claim {number}", channel)
    asked: Any = await omar.presses("Done", channel)
    opened = await omar._awaited(omar.phone.presses(asked, "Fill in a form")).completed()
    await omar.presses("10 minutes", channel)
    late = await omar._answered(lambda: omar._awaited(omar.phone.submits(opened, {"Minutes": "5", "Note": "x"})), channel)
    assert "That question was answered before" in late.text
    assert await talk.rows(select(Report.id)) == []


async def test_where_no_form_can_be_opened_it_goes_step_by_step(talk: DiscordTalk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A form is a first response: what was deferred cannot open one any more."""
    omar = talk.person("Omar")
    huda, home, channel = await team(talk, omar)
    number = await talk.task(home, huda, "Read aloud", proof=Proof.NOTE)
    await omar.says(f"/claim {number}", channel)
    asked = await omar.presses("Done", channel)
    monkeypatch.setattr(first, "MOST_WAITING", 0)
    await omar.presses_on(asked, "Fill in a form", channel)
    monkeypatch.undo()
    await omar.fills_in("Write the answer", "7", channel)
    await omar.fills_in("Write the answer", "All went well.", channel)
    assert await talk.rows(select(Report.minutes, Report.note)) == [(7, "All went well.")]


async def test_an_admin_sets_a_team_up_in_a_channel(talk: DiscordTalk) -> None:
    huda, omar = talk.person("Huda"), talk.person("Omar")
    channel = talk.group("Warmth", huda, omar)
    asked = await huda.says("/setup", channel)
    assert asked.id not in {message.id for message in omar.phone.sees(channel)}
    assert asked.labels[0] == ["Write the answer"]
    await huda.presses("Warmth", channel)
    await huda.presses("English", channel)
    while not await talk.rows(select(Community.id)):
        options = [label for row in huda.phone.answers(channel)[-1].labels for label in row]
        wanted = next(label for label in options if label not in {"Write the answer", "Back", "Cancel"})
        await huda.presses(wanted, channel)
    assert await talk.rows(select(Community.name)) == [("Warmth",)]
    assert await talk.rows(select(Chat.platform, Chat.external_id)) == [("discord", str(channel.id))]
    assert await talk.rows(select(Member.role)) == [(Role.ORGANIZER,)]
    assert any("Warmth" in plain(text) for text in omar.reads(channel)), "the channel hears of it"


async def test_a_message_becomes_a_task(talk: DiscordTalk) -> None:
    omar = talk.person("Omar")
    huda, _, channel = await team(talk, omar)
    written = omar.phone.says("The shelter needs blankets\nThe grey ones from the cellar", channel)
    (name,) = huda.phone.commands(channel, 3)
    preview = await huda._answered(lambda: huda._awaited(huda.phone.uses(name, written)), channel)
    assert "It is not made yet" in preview.text
    await huda.presses("Confirm", channel)
    assert await talk.rows(select(Task.title, Task.description)) == [
        ("The shelter needs blankets", "The grey ones from the cellar")
    ]


async def test_a_person_is_thanked_from_their_menu(talk: DiscordTalk) -> None:
    omar, sara, stranger = talk.person("Omar"), talk.person("Sara"), talk.person("Basma")
    _, _, channel = await team(talk, omar, sara)
    stranger.phone.joins(channel.guild)
    (name,) = omar.phone.commands(channel, 2)
    assert name == "Thank · شكر"

    async def thank(who: DiscordSomebody) -> str:
        said: Any = await omar._answered(lambda: omar._awaited(omar.phone.uses(name, who.phone, channel)), channel)
        assert said.is_ephemeral
        return str(said.text)

    assert await thank(sara) == "Noted, and passed on. Thank you for saying so!"
    assert "not a member of this team" in await thank(stranger)
    assert "Once a day" in await thank(sara)
    await talk.later(seconds=5)
    assert "Omar from Warmth thanks you. It was good to have you." in plain(sara.screen.text)
    assert not sara.phone.pings(channel), "nobody is pinged"


async def test_options_are_typed(talk: DiscordTalk) -> None:
    omar, sara = talk.person("Omar"), talk.person("Sara")
    huda, home, channel = await team(talk, omar, sara)
    await talk.task(home, huda, "Write a letter", minutes=10, tags=("elderly",))
    await talk.task(home, huda, "Paint the door", minutes=60)
    act = await omar.phone.runs("tasks", channel, minutes=15, tag="elderly").completed()
    assert "Write a letter" in act.text
    assert "Paint the door" not in act.text
    assert "Paint the door" in (await omar.phone.runs("tasks", channel, words="paint").completed()).text
    assert "From now on" in (await omar.phone.runs("language", channel, language="en").completed()).text
    act = await huda.phone.runs("role", channel, member=sara.phone, role="moderator").completed()
    assert "Sara has a new role in Warmth: moderator." in plain(act.text)
    act = await huda.phone.runs("members", channel, member=sara.phone).completed()
    assert "Warmth: moderator" in plain(act.text)


async def test_a_moderator_calls_a_role_and_nobody_else_is_called(talk: DiscordTalk) -> None:
    omar, sara = talk.person("Omar"), talk.person("Sara")
    huda, home, channel = await team(talk, omar, sara)
    number = await talk.task(home, huda, "Bring @everyone blankets <@&1>", seats=2)
    wire, guild = talk.discord, channel.guild
    helpers = wire.role(guild, "Helpers", omar.phone, mentionable=True)
    wire.role(guild, "Others", sara.phone, mentionable=True)

    await huda._answered(lambda: huda._awaited(huda.phone.runs("post", channel, task=number, role=helpers)), channel)
    await talk.later(seconds=5)
    (called,) = omar.phone.pings(channel)
    assert "needs people: 10 minutes, 2 seats." in plain(called.text)
    assert called.labels == [["I'm in · 2"]]
    assert (sara.phone.pings(channel), huda.phone.pings(channel)) == ([], [])
    everyone = guild.roles[guild.id]
    refused = await huda.phone.runs("post", channel, task=number, role=everyone).completed()
    assert "A role that some people here bear" in refused.text
    await talk.later(seconds=5)
    assert len(omar.phone.pings(channel)) == 1, "neither a card nor its edits call anybody"


async def test_an_appeal_calls_a_role_where_a_moderator_asks_for_it(talk: DiscordTalk) -> None:
    omar = talk.person("Omar")
    huda, home, channel = await team(talk, omar)
    await talk.task(home, huda, "Pack blankets", seats=2)
    helpers = talk.discord.role(channel.guild, "Helpers", omar.phone, mentionable=True)
    line = f"#1 Blankets are needed. | <@&{helpers.id}>"

    assert "A role can be called in a chat of the team" in plain((await huda.says(f"/appeal {line}")).text)
    await huda._answered(lambda: huda._awaited(huda.phone.runs("appeal", channel, line=line)), channel)
    await huda.presses("Send", channel)
    await talk.later(seconds=5)
    (called,) = omar.phone.pings(channel)
    assert "Blankets are needed." in called.text
    assert not huda.phone.pings(channel)


async def test_the_role_that_an_appeal_calls_is_chosen_in_its_questions(talk: DiscordTalk) -> None:
    omar = talk.person("Omar")
    huda, home, channel = await team(talk, omar)
    await talk.task(home, huda, "Pack blankets", seats=2)
    wire, guild = talk.discord, channel.guild
    helpers = wire.role(guild, "Helpers", omar.phone, mentionable=True)
    await huda.says("/appeal", channel)
    await huda.presses("Pack blankets", channel)
    await huda.fills_in("Write the answer", "Blankets are needed.", channel)
    for label in ("Skip", "Skip", "Warmth", "Just now"):
        await huda.presses(label, channel)
    asked = await huda.presses("Go on", channel)
    assert "Should one of this server's roles be notified" in asked.text

    async def chooses(role: Any) -> Any:
        shown: Any = huda._with_button("Skip", channel)
        return await huda._answered(lambda: huda._awaited(huda.phone.chooses(shown, role)), channel)

    assert "A role that some people here bear" in (await chooses(guild.roles[guild.id])).text
    await chooses(helpers)
    await huda.presses("Now", channel)
    preview = await huda.presses("Until", channel)
    assert "In this chat a role is notified with it." in preview.text
    await huda.presses("See it as people will", channel)
    await huda.presses("Back to sending", channel)
    assert not omar.phone.pings(channel)
    await huda.presses("Send", channel)
    await talk.later(seconds=5)
    (called,) = omar.phone.pings(channel)
    assert "Blankets are needed." in called.text
    assert not huda.phone.pings(channel)

    await huda.says("/appeal")
    await huda.says("#1")
    await huda.says("Blankets are needed.")
    for label in ("Skip", "Skip", "Warmth", "Just now"):
        await huda.presses(label)
    asked = await huda.presses("Go on")
    assert "When should it go out?" in asked.text, "in private there are no roles"


async def test_an_appeal_that_is_made_in_a_thread_stands_there_and_in_the_other_channels(talk: DiscordTalk) -> None:
    omar = talk.person("Omar")
    huda, home, channel = await team(talk, omar)
    await talk.task(home, huda, "Pack blankets", seats=2)
    thread: Any = talk.discord.thread(channel, "Tonight")
    await huda._answered(lambda: huda._awaited(huda.phone.runs("appeal", thread, line="#1 Come at five.")), thread)
    assert "In this chat it stands in this thread." in huda._with_button("Send", thread).text
    await huda.presses("Send", thread)
    await talk.later(seconds=5)

    def there(place: Any) -> list[str]:
        return [plain(one.text) for one in omar.phone.answers(place) if "Come at five." in one.text]

    assert len(there(thread)) == 1
    assert there(channel) == []
    await omar.presses("I'm in", thread)
    assert "Pack blankets is yours" in plain(omar.screen.text) or "Pack blankets is yours" in plain(omar.toast)
    await huda.says("/appeals 1")
    await huda.presses("Stop it")
    await talk.later(seconds=5)
    assert "does not hold any more" in there(thread)[0]


async def test_everybody_is_no_role_that_an_appeal_could_call(talk: DiscordTalk) -> None:
    huda, home, channel = await team(talk)
    await talk.task(home, huda, "Pack blankets", seats=2)
    line = f"#1 Blankets are needed. | <@&{channel.guild.id}>"
    refused = await huda.phone.runs("appeal", channel, line=line).completed()
    assert "a second version is in the other language" in plain(refused.text)


async def test_whoever_acts_in_a_guild_can_be_written_to_until_they_close_the_door(talk: DiscordTalk) -> None:
    omar = talk.person("Omar")
    huda, home, channel = await team(talk)
    omar.phone.joins(channel.guild)
    number = await talk.task(home, huda, "Write a letter")
    await huda.says(f"/post {number}", channel)
    await omar.presses("I'm in", channel)
    await omar.presses("Done", channel)
    await omar.presses("10 minutes", channel)
    await omar.presses("Skip", channel)
    await huda.says("/review")
    await huda.presses("Approve")
    assert "10 minutes credited. Thank you from Warmth!" in plain(omar.screen.text)

    omar.phone.closes_dms()
    morning = private_message("k", "discord", str(omar.app.id), Reply(text="Good morning"), talk.clock.now())
    await talk.transact(lambda session: enqueue(session, [morning]))
    await talk.later(seconds=1)
    account = select(Account.private_chat).where(Account.external_id == str(omar.app.id))
    assert await talk.rows(account) == [(None,)]
    await omar.says("/mine", channel)
    assert await talk.rows(account) == [(str(omar.app.id),)]


async def fails_in_private(talk: DiscordTalk, omar: DiscordSomebody) -> None:
    """Omar closes his direct messages, and something was to be said there."""
    omar.phone.closes_dms()
    secret = private_message("k", "discord", str(omar.app.id), Reply(text="A private word"), talk.clock.now())
    await talk.transact(lambda session: enqueue(session, [secret]))
    await talk.later(seconds=1)


async def test_what_a_closed_door_kept_out_is_shown_at_the_next_step(talk: DiscordTalk) -> None:
    omar, sara = talk.person("Omar"), talk.person("Sara")
    _, _, channel = await team(talk, omar, sara)
    await fails_in_private(talk, omar)
    assert not omar.phone.pings(channel), "nobody is called who did not choose so"
    assert "What did not reach you" in str((await omar.says("/mine", channel)).labels)
    shown: Any = await omar.presses("What did not reach you", channel)
    assert (shown.text, shown.is_ephemeral) == ("A private word", True)
    assert "What did not reach you" not in str((await omar.says("/mine", channel)).labels)
    assert not any("A private word" in text for text in sara.reads(channel))


async def test_who_chose_so_is_called_in_the_channel_and_nobody_reads_why(talk: DiscordTalk) -> None:
    omar, sara = talk.person("Omar"), talk.person("Sara")
    _, _, channel = await team(talk, omar, sara)
    await omar.says("/me", channel)
    await omar.presses("Messages", channel)
    await omar.presses("Call me in the chat", channel)
    await fails_in_private(talk, omar)
    (called,) = omar.phone.pings(channel)
    assert called in sara.phone.sees(channel)
    assert not sara.phone.pings(channel)
    assert "There is something for you that could not be said in private." in called.text
    assert "A private word" in (await omar.presses("Show it to me", channel)).text
    assert "No seat is held" in (await sara.presses("Show it to me", channel)).text, "everybody is shown what is theirs"


async def test_who_wants_privacy_is_never_called(talk: DiscordTalk) -> None:
    omar = talk.person("Omar")
    _, _, channel = await team(talk, omar)
    await omar.says("/me", channel)
    await omar.presses("Messages", channel)
    await omar.presses("Call me in the chat", channel)
    await omar.says("/me", channel)
    await omar.presses("Hide my name on cards", channel)
    await fails_in_private(talk, omar)
    assert not omar.phone.pings(channel)


async def test_tasks_are_offered_by_their_titles(talk: DiscordTalk) -> None:
    omar = talk.person("Omar", "ar")
    huda, home, channel = await team(talk, omar)
    for number in range(30):
        await talk.task(home, huda, f"Visit number {number}")
    act = await omar.phone.types("claim", "task", "number 2", channel).completed()
    assert len(act.choices) == 11
    assert all("number 2" in choice for choice in act.choices)
    stranger = talk.person("Sara")
    stranger.phone.joins(channel.guild)
    assert (await stranger.phone.types("claim", "task", "", channel).completed()).choices == []
