"""What people and Telegram do, as the core hears of it."""

import pytest

from bot.telegram import Telegram
from handlers.types import ChatKind, EventKind, MediaFault, Reply, Service
from tests.bot.telegram.conftest import NOW, Core, running
from tests.wire.telegram import Fault, Message, TelegramWire

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100


async def heard(wire: TelegramWire, core: Core, number: int = 1) -> None:
    """Wait until the core has taken so many events and nothing more is on its way."""
    await wire.until(lambda: len(core.taken) >= number, otherwise=f"heard only {core.taken}")
    await wire.acknowledged()
    assert len(core.taken) == number


async def test_a_command_in_private(wire: TelegramWire, core: Core) -> None:
    sara = wire.person("Sara", "Haddad", language="ar")
    sara.says("/claim ١٢")
    assert (await sara.gets()).text == "Said."
    event = core.last
    assert (event.kind, event.command, event.args, event.at) == (EventKind.COMMAND, "claim", "١٢", NOW)
    assert (event.sender.name, event.sender.locale, event.sender.external_id) == ("Sara Haddad", "ar", str(sara.id))
    assert (event.place.kind, event.place.chat, event.address.person) == (ChatKind.PRIVATE, str(sara.id), str(sara.id))
    assert event.sender.is_chat_admin is None


@pytest.mark.parametrize(
    ("text", "command", "args"),
    [
        ("/start join_ab12", "start", "join_ab12"),
        ("/TASKS@himma_bot 15 #animals", "tasks", "15 #animals"),
        ("/newtask Call elders | 15m\nand smile", "newtask", "Call elders | 15m\nand smile"),
        ("/help\n", "help", ""),
    ],
)
async def test_the_forms_of_a_command(wire: TelegramWire, core: Core, text: str, command: str, args: str) -> None:
    wire.person("Sara").says(text)
    await heard(wire, core)
    assert (core.last.command, core.last.args, core.last.text) == (command, args, "")


@pytest.mark.parametrize("text", ["/", "//x", "/claim-12", "/café", "عندي ٥ دقائق", "a /claim 12"])
async def test_words_that_are_no_command(wire: TelegramWire, core: Core, text: str) -> None:
    wire.person("Sara").says(text)
    await heard(wire, core)
    assert (core.last.kind, core.last.text) == (EventKind.TEXT, text)


async def test_commands_for_another_bot_are_not_ours(wire: TelegramWire, core: Core) -> None:
    sara = wire.person("Sara")
    team = wire.group("Team", sara)
    sara.says("/tasks@other_bot", team)
    sara.says("/tasks@HIMMA_bot", team)
    await heard(wire, core)
    assert (core.last.command, core.last.place.title, core.last.place.kind) == ("tasks", "Team", ChatKind.GROUP)


async def test_of_a_group_only_answers_to_us_are_heard(wire: TelegramWire, core: Core) -> None:
    wire.privacy = False
    sara = wire.person("Sara")
    team = wire.group("Team", sara)
    chatter = sara.says("good morning", team)
    sara.says("to you too", team, reply_to=chatter)
    sara.says("/help", team)
    question = await sara.gets(team)
    sara.says("my answer", team, reply_to=question)
    await heard(wire, core, 2)
    assert (core.last.kind, core.last.text) == (EventKind.TEXT, "my answer")


async def test_topics_are_kept_and_answered_in(wire: TelegramWire, core: Core) -> None:
    sara = wire.person("Sara")
    team = wire.group("Team", sara, kind="supergroup")
    topic = wire.topic(team, "Tasks")
    sara.says("/tasks", team, topic=topic)
    assert (await sara.gets(team)).thread == topic
    assert core.last.place.thread == str(topic)


async def test_a_thread_of_replies_is_no_topic(wire: TelegramWire, core: Core) -> None:
    sara = wire.person("Sara")
    team = wire.group("Team", sara, kind="supergroup")
    sara.says("/tasks", team, message_thread_id=77)
    assert (await sara.gets(team)).thread is None
    assert core.last.place.thread == ""


async def test_a_press_carries_its_button(wire: TelegramWire, core: Core) -> None:
    sara = wire.person("Sara", started=True)
    card = wire.world.add_message(_ours(wire, sara.id))
    press = sara.presses(card, data="claim:12:3")
    await press.answered()
    event = core.last
    assert (event.kind, event.command, event.args, event.version) == (EventKind.PRESS, "claim", "12", 3)
    assert (event.address.message, event.address.token, event.address.has_media) == (str(card.id), press.id, False)


def _ours(wire: TelegramWire, chat: int) -> Message:
    return Message(wire.world.new_id(), wire.world.chats[chat], wire.world.bot, text="A card")


@pytest.mark.parametrize("data", ["garbage", "claim:12:x", "", "🙂:1:1", "claim:1:-1"])
async def test_a_forged_press_comes_without_a_command(wire: TelegramWire, core: Core, data: str) -> None:
    sara = wire.person("Sara", started=True)
    await sara.presses(wire.world.add_message(_ours(wire, sara.id)), data=data).answered()
    assert (core.last.kind, core.last.command, core.last.args) == (EventKind.PRESS, "", "")


async def test_a_press_under_a_message_that_is_gone(wire: TelegramWire, core: Core) -> None:
    sara = wire.person("Sara", started=True)
    card = wire.world.add_message(_ours(wire, sara.id))
    core.says = lambda _: Reply(text="Here it is again.", edit=True)
    wire.delete(card)
    await sara.presses(card, data="task:12:0").answered()
    assert (await sara.gets(after=0)).text == "Here it is again."
    assert core.last.command == "task"


async def test_a_photo_in_private(wire: TelegramWire, core: Core, telegram: Telegram) -> None:
    sara = wire.person("Sara")
    sara.sends_photo(PNG, "done!")
    await heard(wire, core)
    upload = core.last.upload
    assert upload is not None
    assert (core.last.text, upload.size_bytes) == ("done!", len(PNG))
    assert await telegram.fetch(upload) == PNG


async def test_a_picture_sent_as_a_file(wire: TelegramWire, core: Core) -> None:
    sara = wire.person("Sara")
    sara.sends_document(PNG, "proof.JPG", "application/octet-stream")
    await heard(wire, core)
    assert core.last.upload is not None
    assert (core.last.upload.name, core.last.media_fault) == ("proof.JPG", None)


async def test_a_file_that_is_no_picture_is_told_as_such(wire: TelegramWire, core: Core) -> None:
    sara = wire.person("Sara")
    sara.sends_document(b"%PDF", "report.pdf", "application/pdf", "my report")
    await heard(wire, core)
    assert (core.last.upload, core.last.media_fault, core.last.text) == (None, MediaFault.NOT_A_PICTURE, "my report")


async def test_a_voice_message_is_told_as_no_picture(wire: TelegramWire, core: Core) -> None:
    voice = {"file_id": "V", "file_unique_id": "v", "duration": 3}
    wire.person("Sara").says("", voice=voice)
    await heard(wire, core)
    assert (core.last.kind, core.last.media_fault) == (EventKind.TEXT, MediaFault.NOT_A_PICTURE)


async def test_admins_who_hide_are_known_as_such_and_bots_and_edits_are_left_out(wire: TelegramWire, core: Core) -> None:
    sara = wire.person("Sara", started=True)
    team = wire.group("Team", sara)
    hidden = sara.says("good morning", team).to_json() | {
        "text": "/setup",
        "from": {"id": 1087968824, "is_bot": True, "first_name": "Group"},
        "sender_chat": team.to_json(),
    }
    wire.updates.add("message", hidden)
    wire.updates.add("edited_message", sara.says("/help").to_json())
    wire.updates.add("channel_post", {"message_id": 1, "date": 1, "chat": {"id": -1, "type": "channel"}, "text": "/help"})
    await heard(wire, core, 2)
    assert [(event.command, event.sender.is_hidden) for event in core.taken] == [("setup", True), ("help", False)]


async def test_being_added_and_removed(wire: TelegramWire, core: Core) -> None:
    core.says = lambda _: None
    sara = wire.person("Sara")
    team = wire.group("Team", sara, bot="left")
    sara.adds_bot(team)
    sara.adds_bot(team, "administrator")  # a promotion is no news
    sara.removes_bot(team)
    await heard(wire, core, 2)
    added, removed = core.taken
    assert (added.kind, added.command, added.place.title) == (EventKind.SERVICE, Service.CHAT_ADDED, "Team")
    assert (removed.command, removed.sender.external_id) == (Service.CHAT_REMOVED, str(sara.id))
    assert len({event.key for event in core.taken}) == 2


async def test_being_added_by_an_admin_who_hides(wire: TelegramWire, core: Core) -> None:
    """All hidden admins share one bot account: nobody may take it for a person."""
    core.says = lambda _: None
    team = wire.group("Team", bot="left")
    wire.change_bot_status(team, {"id": 1087968824, "is_bot": True, "first_name": "Group"}, "member")
    await heard(wire, core)
    assert (core.last.command, core.last.sender.external_id) == (Service.CHAT_ADDED, str(wire.world.bot["id"]))


async def test_being_blocked_and_unblocked(wire: TelegramWire, core: Core) -> None:
    core.says = lambda _: None
    sara = wire.person("Sara", started=True)
    sara.blocks()
    sara.unblocks()
    await heard(wire, core, 2)
    assert [event.command for event in core.taken] == [Service.PRIVATE_CLOSED, Service.PRIVATE_OPENED]


async def test_a_group_that_moves(wire: TelegramWire, core: Core) -> None:
    core.says = lambda _: None
    sara = wire.person("Sara")
    team = wire.group("Team", sara, admins=(sara,))
    new = wire.migrate(team)
    await heard(wire, core)
    assert (core.last.command, core.last.place.chat, core.last.args) == (Service.CHAT_MOVED, str(team.id), str(new.id))


async def test_whether_the_sender_administers_the_group_is_asked_where_it_matters(wire: TelegramWire, core: Core) -> None:
    sara, omar, lina = wire.person("Sara"), wire.person("Omar"), wire.person("Lina")
    team = wire.group("Team", omar, admins=(sara, lina))
    for person, text in ((sara, "/setup"), (lina, "/setup"), (omar, "/setup"), (sara, "/tasks")):
        person.says(text, team)
    sara.says("/setup")
    await heard(wire, core, 5)
    known = {(event.sender.name, event.command, event.place.kind): event.sender.is_chat_admin for event in core.taken}
    assert known == {
        ("Sara", "setup", ChatKind.GROUP): True,
        ("Lina", "setup", ChatKind.GROUP): True,
        ("Omar", "setup", ChatKind.GROUP): False,
        ("Sara", "tasks", ChatKind.GROUP): None,
        ("Sara", "setup", ChatKind.PRIVATE): None,
    }
    assert len(wire.called("getChatMember")) == 3


async def test_a_lookup_that_fails_leaves_it_open(wire: TelegramWire, core: Core) -> None:
    sara = wire.person("Sara")
    wire.fails("getChatMember", Fault.INTERNAL)
    sara.says("/setup", wire.group("Team", admins=(sara,)))
    await heard(wire, core)
    assert core.last.sender.is_chat_admin is None


async def test_a_lookup_does_not_let_later_words_overtake(wire: TelegramWire, core: Core) -> None:
    sara, omar = wire.person("Sara"), wire.person("Omar")
    team = wire.group("Team", omar, admins=(sara,))
    wire.slow("getChatMember", 0.2)
    sara.says("/setup", team)
    sara.says("/tasks", team)
    sara.says("/help", team)
    omar.says("/mine", team)
    await heard(wire, core, 4)
    assert [event.command for event in core.taken] == ["mine", "setup", "tasks", "help"]


async def test_keys_are_of_the_content_and_stay_the_same(wire: TelegramWire, telegram: Telegram) -> None:
    """A quiet week later Telegram starts anew with random update ids, which may be those of before."""
    core = Core(telegram)
    sara = wire.person("Sara", started=True)
    first = sara.says("one")
    async with running(core):
        await heard(wire, core)
        wire.updates.add("message", first.to_json(), update_id=700_000)
        await heard(wire, core, 2)
        wire.updates.add("message", sara.says("two").to_json(), update_id=700_000)
        await wire.until(lambda: len(core.taken) >= 3)
    keys = [event.key for event in core.taken]
    assert keys[0] == keys[1] != keys[2]


async def test_an_update_that_nobody_understands_does_not_stop_the_rest(wire: TelegramWire, core: Core) -> None:
    wire.updates.add("message", {"message_id": 1})
    wire.updates.add("callback_query", {"id": "1"})
    wire.person("Sara").says("hello")
    await heard(wire, core)
    assert core.last.text == "hello"
