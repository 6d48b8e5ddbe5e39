"""What people do on the page becomes events; what the core says stands in their chats."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from bot.platform import Gone, Refused, Unreachable
from bot.playground.cast import place_of
from bot.playground.memory import KEPT_UPLOADS, File
from bot.playground.platform import Playground
from bot.playground.server import CannotListen
from handlers.types import Address, Answer, Button, Card, ChatKind, Event, EventKind, Link, Media, Reply, Upload
from tests.bot.playground.conftest import MORNING, FixedClock, Folder, Visitor, eventually, running, until, visiting

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


async def test_a_command_reaches_the_core_with_who_where_and_when(visitor: Visitor) -> None:
    await visitor.start("salma")
    await visitor.say("salma", "salma", "/tasks@himma_bot  15 #animals")
    await visitor.settled()

    event = visitor.core.taken[-1]
    assert (event.kind, event.command, event.args) == (EventKind.COMMAND, "tasks", "15 #animals")
    assert (event.sender.platform, event.sender.external_id, event.sender.name) == ("playground", "salma", "سلمى")
    assert (event.sender.locale, event.sender.is_chat_admin) == ("ar", None)
    assert (event.place.kind, event.place.chat, event.address.person) == (ChatKind.PRIVATE, "salma", "salma")
    assert event.at == MORNING
    assert event.key.startswith("playground:")
    assert event.key != visitor.core.taken[0].key
    assert visitor.texts("salma") == ["/start", "heard: start", "/tasks@himma_bot  15 #animals", "heard: tasks 15 #animals"]


async def test_words_in_a_private_chat_are_for_us(visitor: Visitor) -> None:
    await visitor.start("salma")
    await visitor.say("salma", "salma", "عندي ٥ دقائق")
    await visitor.settled()
    assert (visitor.core.taken[-1].kind, visitor.core.taken[-1].text) == (EventKind.TEXT, "عندي ٥ دقائق")


async def test_what_people_say_to_each_other_is_not_handed_on(visitor: Visitor) -> None:
    await visitor.say("maya", "group", "Good morning!")
    await visitor.say("maya", "group", "/tasks@another_bot")
    await visitor.say("yusuf", "group", "/setup")
    await visitor.settled()

    assert [event.command for event in visitor.core.taken] == ["setup"]
    assert visitor.texts("group") == ["Good morning!", "/tasks@another_bot", "/setup", "heard: setup"]


@pytest.mark.parametrize(("person", "is_admin"), [("yusuf", True), ("maya", False)])
async def test_only_the_organizer_administers_the_group(visitor: Visitor, person: str, is_admin: bool) -> None:
    await visitor.say(person, "group", "/setup")
    await visitor.settled()
    assert visitor.core.taken[-1].sender.is_chat_admin is is_admin


async def test_an_answer_to_our_question_in_the_group_is_handed_on(visitor: Visitor) -> None:
    visitor.core.reply = lambda event: Reply(
        text="What is it called?" if event.command else "Good.", asks_text=event.command == "setup"
    )
    await visitor.say("yusuf", "group", "/setup")
    await visitor.settled()
    await visitor.say("maya", "group", "Call it Warmth!")
    await visitor.say("yusuf", "group", "Warmth")
    await visitor.settled()
    await visitor.say("yusuf", "group", "Now let us begin.")
    await visitor.settled()

    assert [(event.sender.external_id, event.text) for event in visitor.core.taken[1:]] == [("yusuf", "Warmth")]


async def test_we_cannot_write_to_somebody_who_never_opened_the_chat(visitor: Visitor) -> None:
    with pytest.raises(Unreachable):
        await visitor.playground.send(place_of("huda"), Reply(text="A report waits for you."))
    assert (await visitor.say("huda", "huda", "hello?")).status_code == 409

    await visitor.start("huda")
    await visitor.settled()
    await visitor.playground.send(place_of("huda"), Reply(text="A report waits for you."))
    assert visitor.texts("huda") == ["/start", "heard: start", "A report waits for you."]


async def test_a_link_opens_the_private_chat_with_its_payload(visitor: Visitor) -> None:
    await visitor.playground.send(place_of("group"), Reply(text="Come in", rows=((Link("Join", "join_dfw8k2"),),)))
    assert "join_dfw8k2" in await visitor.page()

    await visitor.start("maya", "join_dfw8k2")
    await visitor.settled()

    event = visitor.core.taken[-1]
    assert (event.command, event.args, event.place.chat) == ("start", "join_dfw8k2", "maya")
    assert visitor.playground.memory.shown_chat("maya", "") == "maya"


async def test_a_press_carries_what_stood_in_the_button(visitor: Visitor) -> None:
    button = Button("I'm in", "claim", "12", 3)
    message = await visitor.playground.send(place_of("group"), Reply(text="Call three elders", rows=((button,),)))
    visitor.core.reply = lambda _: Reply(text="One seat left", edit=True, toast="Yours")
    revision = visitor.playground.memory.revision

    async with visitor.stream(revision) as lines:
        assert (await visitor.press("maya", message, button.data())).status_code == 204
        told = await until(lines, 'class="toast"')

    event = visitor.core.taken[-1]
    assert (event.kind, event.command, event.args, event.version) == (EventKind.PRESS, "claim", "12", 3)
    assert event.address.message == message
    assert event.address.token
    assert any("Yours" in line and "toasts-maya" in line for line in told)
    assert visitor.texts("group") == ["One seat left"]


async def test_a_press_may_open_the_private_chat(visitor: Visitor) -> None:
    message = await visitor.playground.send(place_of("group"), Reply(text="Card", rows=((Button("I'm in", "claim", "12"),),)))
    visitor.core.reply = lambda event: (
        Reply(toast="Yours", opens="task_12") if event.command == "claim" else Reply(text="Hello")
    )
    await visitor.press("salma", message, "claim:12:0")
    await visitor.settled()
    await visitor.settled()

    assert [(event.command, event.args) for event in visitor.core.taken] == [("claim", "12"), ("start", "task_12")]
    assert visitor.texts("salma") == ["/start", "Hello"]


@pytest.mark.parametrize("data", ["", "claim", "claim:", "claim:1:x", "claim:1:-1", "rm -rf:1:1", "claim:1:99999999999"])
async def test_forged_data_that_is_no_buttons_is_refused(visitor: Visitor, data: str) -> None:
    message = await visitor.playground.send(place_of("group"), Reply(text="Card", rows=((Button("I'm in", "claim", "12"),),)))
    assert (await visitor.press("maya", message, data)).status_code == 400
    assert visitor.core.taken == []


async def test_nobody_presses_buttons_in_other_peoples_chats(visitor: Visitor) -> None:
    await visitor.start("huda")
    await visitor.settled()
    message = await visitor.playground.send(
        place_of("huda"), Reply(text="Report", rows=((Button("Approve", "approve", "1"),),))
    )
    assert (await visitor.press("maya", message, "approve:1:0")).status_code == 404
    assert (await visitor.press("maya", 999, "approve:1:0")).status_code == 404
    assert [event.command for event in visitor.core.taken] == ["start"]


async def test_a_message_is_redrawn(visitor: Visitor) -> None:
    playground, media = visitor.playground, Media("0" * 64, "image/png", 28)
    message = await playground.send(place_of("group"), Reply(text="Report", rows=((Button("Approve", "approve"),),)))
    await playground.edit(place_of("group"), message, Reply(text="The next report", media=media))
    (shown,) = playground.memory.messages("group")
    assert shown.screen == {"text": "The next report", "media": ["0" * 64, "image/png", 28]}
    assert shown.edited_at == MORNING

    await playground.edit(place_of("group"), message, Reply(rows=((Button("Undo", "undo"),),)))
    (shown,) = playground.memory.messages("group")
    assert shown.screen["rows"][0][0]["label"] == "Undo"
    assert {"text", "media"} < shown.screen.keys()

    await playground.edit(place_of("group"), message, Reply(text="No report is waiting"))
    (shown,) = playground.memory.messages("group")
    assert shown.screen == {"text": "No report is waiting"}


async def test_what_is_not_there_cannot_be_redrawn(visitor: Visitor) -> None:
    await visitor.say("maya", "group", "mine")
    (mine,) = visitor.playground.memory.messages("group")
    for message in (str(mine.id), "999", "x"):
        with pytest.raises(Gone):
            await visitor.playground.edit(place_of("group"), message, Reply(text="ours"))
    with pytest.raises(Refused):
        await visitor.playground.send(place_of("nobody"), Reply(text="hello"))


async def test_a_redraw_of_what_is_gone_becomes_a_new_message(visitor: Visitor) -> None:
    address = Address(place_of("group"), "maya", message="999", token="1")
    await visitor.playground.answer(Answer("playground:1", address, Reply(text="Here it is", edit=True)))
    assert visitor.texts("group") == ["Here it is"]


async def test_an_answer_is_said_once(visitor: Visitor) -> None:
    answer = Answer("playground:1", Address(place_of("group"), "maya"), Reply(text="Welcome"))
    await visitor.playground.answer(answer)
    await visitor.playground.answer(answer)
    await visitor.playground.answer(Answer("playground:2", answer.address, Reply(text="Said before"), delivered=True))
    assert visitor.texts("group") == ["Welcome"]


async def test_a_message_with_a_key_is_sent_once(visitor: Visitor) -> None:
    first = await visitor.playground.send(place_of("group"), Reply(text="Tomorrow at ten"), "reminder:1")
    again = await visitor.playground.send(place_of("group"), Reply(text="Tomorrow at ten"), "reminder:1")
    assert first == again
    await visitor.playground.send(place_of("group"), Reply(text="Tomorrow at ten"))
    assert visitor.texts("group") == ["Tomorrow at ten"] * 2


async def test_a_toast_without_a_press_is_said_only_where_nothing_else_is(visitor: Visitor) -> None:
    address = Address(place_of("group"), "maya")
    await visitor.playground.answer(Answer("playground:1", address, Reply(toast="Done")))
    await visitor.playground.answer(Answer("playground:2", address, Reply(toast="Done", text="It is done.")))
    assert visitor.texts("group") == ["Done", "It is done."]


async def test_what_the_core_could_not_take_comes_again_in_order(visitor: Visitor) -> None:
    await visitor.start("salma")
    await visitor.settled()
    visitor.core.failures = 2
    await visitor.say("salma", "salma", "/claim 12")
    await visitor.say("salma", "salma", "/done 12")
    await visitor.settled()
    assert [event.command for event in visitor.core.taken] == ["start", "claim", "done"]


async def test_one_persons_trouble_does_not_hold_up_another(visitor: Visitor) -> None:
    def reply(event: Event) -> Reply:
        if event.sender.external_id == "salma":
            raise ConnectionError("the database is away for what Salma does")
        return Reply(text="at once")

    visitor.core.reply = reply
    await visitor.start("salma")
    await visitor.start("maya")
    await eventually(lambda: visitor.texts("maya") == ["/start", "at once"])
    assert visitor.texts("salma") == ["/start"]


async def test_the_messenger_remembers_after_a_restart(tmp_path: Path) -> None:
    store = tmp_path / "playground.db"
    async with running(store, tmp_path) as core, visiting(core) as visitor:
        await visitor.start("salma")
        await visitor.settled()
        core.failures = 1000
        await visitor.say("salma", "salma", "/claim 12")
        waiting = core.playground.memory.next_event("salma")
        assert waiting

    async with running(store, tmp_path) as core, visiting(core) as visitor:
        await visitor.settled()
        assert [(event.key, event.command) for event in core.taken] == [(f"playground:{waiting.id}", "claim")]
        assert visitor.texts("salma") == ["/start", "heard: start", "/claim 12", "heard: claim 12"]
        assert "heard: claim 12" in await visitor.page()


async def test_keys_stay_unique_when_the_messenger_forgets_everything(tmp_path: Path) -> None:
    keys = []
    for name in ("first.db", "second.db"):
        async with running(tmp_path / name, tmp_path) as core, visiting(core) as visitor:
            await visitor.start("salma")
            await visitor.say("salma", "salma", "/tasks")
            await visitor.settled()
            keys += [event.key for event in core.taken]
    assert len(set(keys)) == 4


async def test_a_picture_can_be_fetched_until_many_newer_ones_came(visitor: Visitor) -> None:
    await visitor.start("salma")
    await visitor.send_file("salma", "salma", "cat.png", PNG)
    await visitor.settled()
    upload = visitor.core.taken[-1].upload
    assert upload
    assert (upload.name, upload.size_bytes) == ("cat.png", len(PNG))
    assert await visitor.playground.fetch(upload) == PNG

    for _ in range(KEPT_UPLOADS):
        visitor.playground.memory.keep_upload(File("other.png", PNG))
    with pytest.raises(Gone):
        await visitor.playground.fetch(upload)
    with pytest.raises(Gone):
        await visitor.playground.fetch(Upload("no such thing"))


async def test_time_moves_on_when_it_is_moved(tmp_path: Path) -> None:
    clock = FixedClock()
    async with running(tmp_path / "playground.db", tmp_path, clock) as core, visiting(core) as visitor:
        assert "09:00" in await visitor.page()
        assert (await visitor.post("/clock", by="hour")).status_code == 204
        assert (await visitor.post("/clock", by="day")).status_code == 204
        assert (await visitor.post("/clock", by="-1")).status_code == 400
        assert clock.now() == MORNING + timedelta(days=1, hours=1)
        half_hours = [MORNING + n * timedelta(minutes=30) for n in range(1, 51)]
        assert core.beats == half_hours, "what falls due on the way is done at its time"
        await visitor.start("salma")
        await visitor.settled()
        assert core.taken[-1].at == clock.now()
        assert "10:00" in await visitor.page()


async def test_after_a_restart_the_time_goes_on_from_where_it_was_moved(tmp_path: Path) -> None:
    store = tmp_path / "playground.db"
    async with running(store, tmp_path) as core, visiting(core) as visitor:
        await visitor.post("/clock", by="day")
    clock = FixedClock()
    async with running(store, tmp_path, clock):
        assert clock.now() == MORNING + timedelta(days=1)


async def test_time_that_others_live_by_cannot_be_moved(tmp_path: Path, visitor: Visitor) -> None:
    visitor.playground._beat = None
    assert (await visitor.post("/clock", by="hour")).status_code == 400
    assert "Move the time on" not in await visitor.page()


async def test_unread_messages_are_counted_until_the_chat_is_opened(visitor: Visitor) -> None:
    await visitor.start("salma")
    await visitor.settled()
    await visitor.say("maya", "group", "one")
    await visitor.playground.send(place_of("group"), Reply(card=Card("two")))
    memory = visitor.playground.memory
    assert (memory.unread("salma", "group"), memory.unread("maya", "group")) == (2, 1)
    assert ">٢<" in await visitor.page()

    await visitor.post("/phones/salma/chats/group/show")
    assert memory.unread("salma", "group") == 0


async def test_who_gets_another_role_is_offered_its_commands(visitor: Visitor) -> None:
    def offered(page: str) -> bool:
        return 'id="suggest-maya-maya-review"' in page

    await visitor.start("maya")
    await visitor.settled()
    assert not offered(await visitor.page())
    async with visitor.stream(visitor.playground.memory.revision) as lines:
        await visitor.playground.send(place_of("maya"), Reply(text="You are a moderator now.", role="moderator"))
        await until(lines, 'id="suggest-maya-maya-review"')
    page = await visitor.page()
    assert offered(page)
    assert re.search(r'id="role-maya"\s*>Moderator<', page)


async def test_an_address_that_is_taken_is_told_plainly(visitor: Visitor, tmp_path: Path) -> None:
    other = Playground(tmp_path / "other.db", FixedClock(), Folder(tmp_path), port=visitor.playground.port)
    with pytest.raises(
        CannotListen, match=rf"\[playground\] host, port: .*:{visitor.playground.port}: Address already in use"
    ):
        await other.run(visitor.core.take)
    await other.close()
