"""What people do on Discord reaches the core as events."""

import pytest

from handlers.types import Button, ChatKind, EventKind, Link, MediaFault, Place, Reply, Scope, Service
from tests.bot.discord.conftest import Stage

PNG = b"\x89PNG\r\n\x1a\n" + b"picture"


async def test_a_slash_command_is_a_command_with_its_arguments(stage: Stage) -> None:
    act = stage.sara.runs("claim", stage.channel, task=12)
    await act.completed()
    event = stage.core.last
    assert (event.kind, event.command, event.args) == (EventKind.COMMAND, "claim", "12")
    assert event.key == f"discord:{act.id}"
    here = Place("discord", str(stage.channel.id), ChatKind.GROUP, "Warmth", has_roles=True, whispers=True)
    assert event.place == here
    assert (event.sender.external_id, event.sender.name, event.sender.locale) == (str(stage.sara.id), "Sara", "en-US")
    assert act.text == "Said."


async def test_arguments_come_in_the_order_in_which_they_are_declared(stage: Stage) -> None:
    await stage.sara.runs("tasks", stage.channel, words="cats", tag="animals", minutes=15).completed()
    assert stage.core.last.args == "15 #animals cats"
    await stage.amal.runs("role", stage.channel, role="moderator", member=stage.sara).completed()
    assert stage.core.last.args == f"account:{stage.sara.id} moderator"
    assert stage.channel.guild is not None
    role = stage.wire.role(stage.channel.guild, "Helpers")
    await stage.amal.runs("role", stage.channel, role="moderator", member=role).completed()
    assert stage.core.last.args == f"role:{role.id} moderator"
    await stage.sara.runs("claim", stage.channel).completed()
    assert stage.core.last.args == ""


async def test_discord_says_who_administers_the_server(stage: Stage) -> None:
    await stage.amal.runs("setup", stage.channel).completed()
    await stage.sara.runs("tasks", stage.channel).completed()
    await stage.sara.runs("tasks").completed()
    assert [event.sender.is_chat_admin for event in stage.core.taken] == [True, False, None]


async def test_discord_says_which_of_its_roles_one_bears(stage: Stage) -> None:
    guild = stage.channel.guild
    assert guild is not None
    helpers = stage.wire.role(guild, "Helpers")
    stage.wire.give_role(guild, stage.sara.user, helpers)
    await stage.sara.runs("tasks", stage.channel).completed()
    await stage.amal.runs("tasks").completed()
    assert [event.sender.chat_roles for event in stage.core.taken] == [{str(helpers.id)}, frozenset()]


async def test_a_nickname_is_the_name(stage: Stage) -> None:
    assert stage.channel.guild is not None
    stage.channel.guild.members[stage.sara.id].nick = "سارة"
    await stage.sara.runs("tasks", stage.channel).completed()
    assert stage.core.last.sender.name == "سارة"


async def test_a_command_in_a_direct_message_is_private(stage: Stage) -> None:
    act = await stage.sara.runs("tasks").completed()
    assert stage.core.last.place == Place("discord", str(stage.sara.id), ChatKind.PRIVATE)
    assert not act.message.is_ephemeral


async def test_a_thread_is_a_topic_of_its_channel(stage: Stage) -> None:
    thread = stage.wire.thread(stage.channel, "Today")
    await stage.sara.runs("tasks", thread).completed()
    assert (stage.core.last.place.chat, stage.core.last.place.thread) == (str(stage.channel.id), str(thread.id))


async def test_a_press_brings_back_what_the_button_carries(stage: Stage) -> None:
    message = await stage.shows(Reply(text="A task", rows=((Button("I'm in", "claim", "12", 3),),)))
    act = await stage.sara.presses(message, "I'm in").completed()
    event = stage.core.last
    assert (event.kind, event.command, event.args, event.version) == (EventKind.PRESS, "claim", "12", 3)
    assert event.address.message == str(message.id)
    assert act.is_answered


async def test_a_link_answers_in_place(stage: Stage) -> None:
    message = await stage.shows(Reply(text="Come in", rows=((Link("Join", "join_" + "c" * 59),),)))
    await stage.sara.presses(message, "Join").completed()
    event = stage.core.last
    assert (event.kind, event.command, event.args) == (EventKind.PRESS, "start", "join_" + "c" * 59)


async def test_a_choice_in_a_select_is_a_press(stage: Stage) -> None:
    rows = tuple((Button(f"Task {number}", "task", str(number), 1),) for number in range(1, 41))
    message = await stage.shows(Reply(text="Many", rows=(*rows, (Button("Back", "tasks"),))))
    await stage.sara.chooses(message, "Task 33", select="select1").completed()
    assert (stage.core.last.kind, stage.core.last.command, stage.core.last.args) == (EventKind.PRESS, "task", "33")


@pytest.mark.parametrize("forged", ["x", "drop table:1:0", "claim:12:1:9", "flow", "claim:12:99999999999999"])
async def test_a_forged_id_is_a_press_of_nothing(stage: Stage, forged: str) -> None:
    message = await stage.shows(Reply(text="A task", rows=((Button("I'm in", "claim", "12"),),)))
    await stage.sara.presses(message, forged=forged).completed()
    assert stage.core.last.kind is EventKind.PRESS
    assert (stage.core.last.command, stage.core.last.version) in {("", 0), ("claim", 9)}


async def test_words_to_the_bot_are_text_and_commands(stage: Stage) -> None:
    stage.sara.says("عندي ٥ دقائق")
    await stage.sara.gets(after=0)
    assert (stage.core.last.kind, stage.core.last.text) == (EventKind.TEXT, "عندي ٥ دقائق")
    assert stage.core.last.place == Place("discord", str(stage.sara.id), ChatKind.PRIVATE)
    stage.sara.says("/tasks 5")
    await stage.sara.gets(after=1)
    assert (stage.core.last.kind, stage.core.last.command, stage.core.last.args) == (EventKind.COMMAND, "tasks", "5")


async def test_a_picture_in_a_direct_message_is_an_upload(stage: Stage) -> None:
    stage.sara.says("Here", None, ("shelter.png", PNG))
    await stage.sara.gets(after=0)
    upload = stage.core.last.upload
    assert upload is not None
    assert (upload.name, upload.size_bytes) == ("shelter.png", len(PNG))
    assert await stage.discord.fetch(upload) == PNG
    stage.sara.says("", None, ("list.pdf", b"%PDF"))
    await stage.sara.gets(after=1)
    assert stage.core.last.media_fault is MediaFault.NOT_A_PICTURE


async def test_what_people_say_to_each_other_is_not_heard(stage: Stage) -> None:
    stage.sara.says("Good morning", stage.channel)
    await stage.sara.runs("tasks", stage.channel).completed()
    assert [event.kind for event in stage.core.taken] == [EventKind.COMMAND]


async def test_a_question_opens_a_form_whose_answer_is_text(stage: Stage) -> None:
    question = Reply(
        text="That was no number.\n\nHow many minutes?", asks_text=True, input_label="Write the answer", placeholder="15"
    )
    message = await stage.shows(question)
    opened = await stage.sara.presses(message, "Write the answer").completed()
    modal = opened.made.modal or {}
    (field,) = modal["components"]
    assert (modal["title"], field["label"]) == ("Write the answer", "How many minutes?")
    assert field["component"]["placeholder"] == "15"
    assert len(stage.core.taken) == 1
    act = await stage.sara.submits(opened, {"How many minutes?": "١٢"}).completed()
    assert (stage.core.last.kind, stage.core.last.text) == (EventKind.TEXT, "١٢")
    assert act.message is message, "the answer stands where the question stood"


async def test_a_question_for_a_picture_takes_a_file(stage: Stage) -> None:
    message = await stage.shows(Reply(text="A photo, please", asks_photo=True, input_label="Send a picture"))
    opened = await stage.sara.presses(message, "Send a picture").completed()
    stage.core.says = lambda _: Reply()
    act = stage.sara.submits(opened, {"A photo, please": [("cats.png", PNG)]})
    await act.answered()
    upload = stage.core.last.upload
    assert upload is not None
    assert await stage.discord.fetch(upload) == PNG
    # What the fetched picture brings comes later, and stands where the question stood.
    await stage.core.answer(type(stage.core.answers[0])("later", stage.core.last.address, Reply(text="Thank you")))
    assert message.text == "Thank you"
    assert not stage.core.troubles


async def test_a_private_question_asks_for_no_form(stage: Stage) -> None:
    stage.core.says = lambda _: Reply(text="How many?", asks_text=True, input_label="Write the answer")
    act = await stage.sara.runs("tasks").completed()
    assert act.message.labels == []


async def test_the_words_of_a_message_become_a_draft(stage: Stage) -> None:
    written = stage.sara.says("The shelter needs blankets\nby Friday", stage.channel)
    assert stage.sara.commands(stage.channel, 3) == [], "who may not manage messages is not shown it"
    boss = stage.wire.person("Layla")
    assert stage.channel.guild is not None
    boss.joins(stage.channel.guild)
    stage.wire.role(stage.channel.guild, "Moderators", boss, grants=1 << 13)
    (name,) = boss.commands(stage.channel, 3)
    await boss.uses(name, written, stage.channel).completed()
    event = stage.core.last
    assert (event.kind, event.command, event.args) == (EventKind.PRESS, "draft", "The shelter needs blankets\nby Friday")


async def test_guilds_and_channels_come_and_go(stage: Stage) -> None:
    stage.core.says = lambda event: Reply(text="Hello!", scope=Scope.HERE) if event.command == Service.CHAT_ADDED else None
    guild = stage.wire.guild("New", stage.sara, bot=False)
    other = stage.wire.channel(guild, "other")
    stage.wire.adds_bot(guild)
    await stage.sara.gets(guild.general, after=0)
    await stage.wire.until(lambda: len(stage.core.taken) == 2, 5, "not both channels were told of")
    assert {(event.place.chat, event.place.kind) for event in stage.core.taken} == {
        (str(guild.general.id), ChatKind.GROUP),
        (str(other.id), ChatKind.CHANNEL),
    }
    stage.wire.delete_channel(other)
    await stage.wire.until(lambda: stage.core.last.command == Service.CHAT_REMOVED, 5, "nothing was told")
    assert stage.core.last.place.chat == str(other.id)
    stage.wire.removes_bot(guild)
    await stage.wire.until(lambda: stage.core.last.place.chat == str(guild.general.id), 5, "nothing was told")
    assert stage.core.last.command == Service.CHAT_REMOVED


async def test_an_outage_is_no_farewell(stage: Stage) -> None:
    assert stage.channel.guild is not None
    stage.wire.outage(stage.channel.guild)
    stage.wire.recovers(stage.channel.guild)
    await stage.sara.runs("tasks", stage.channel).completed()
    assert [event.kind for event in stage.core.taken] == [EventKind.COMMAND]


async def test_what_could_not_be_taken_is_handed_in_again(stage: Stage) -> None:
    stage.core.fails = 2
    act = await stage.sara.runs("tasks", stage.channel).completed()
    assert act.text == "Said."
    assert len(stage.core.taken) == 1


async def test_tasks_are_offered_while_a_number_is_typed(stage: Stage) -> None:
    act = await stage.sara.types("claim", "task", "call", stage.channel).completed()
    assert len(act.choices) == 25
    assert act.choices[0] == "claim call for Sara, number 1"
    assert act.values[0] == 1
    assert not stage.core.taken


async def test_the_gateway_may_drop_and_nothing_is_lost(stage: Stage) -> None:
    stage.wire.gateway.drops_at("INTERACTION_CREATE", delivered=False)
    act = await stage.sara.runs("tasks", stage.channel).completed()
    assert (act.text, stage.wire.gateway.resumed) == ("Said.", 1)
    stage.sara.says("Are you there?")
    assert (await stage.sara.gets(after=0)).text == "Said."


async def test_told_twice_is_answered_once(stage: Stage) -> None:
    act = await stage.sara.runs("tasks", stage.channel).completed()
    act.again()
    await stage.wire.until(lambda: len(stage.core.taken) == 2, 5, "it was not told again")
    assert stage.core.taken[0].key == stage.core.taken[1].key
