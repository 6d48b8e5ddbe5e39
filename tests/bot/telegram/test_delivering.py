"""Replies, as people see them; and what the core is told when they do not arrive."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot.platform import DeliveryError, Gone, Moved, Refused, TryLater, Unknown, Unreachable
from bot.sheets import write
from bot.telegram import Telegram
from handlers.types import (
    Address,
    Answer,
    Button,
    CannotRender,
    Card,
    ChatKind,
    Link,
    Media,
    Place,
    Reply,
    Tone,
    Upload,
)
from tests.bot.folder import Folder
from tests.bot.telegram.conftest import Core
from tests.bot.test_charts import CHART
from tests.bot.test_sheets import SHEET
from tests.wire.telegram import Chat, Fault, Limits, Message, Person, Press, TelegramWire

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100
CARD = Reply(
    text="Here:",
    card=Card("Feed the cats", ("10 minutes", "2 seats left"), "vouched for by <the shelter>"),
    rows=(
        (Button("I'm in", "claim", "12", 1, Tone.PRIMARY), Button("Flag", "flag", "12", 1)),
        (Link("In private", "task_12"),),
    ),
)
BUTTONS = ((Button("Done", "done", "12", 2),),)


@pytest.fixture
def sara(wire: TelegramWire) -> Person:
    return wire.person("Sara", language="ar", started=True)


def place(chat: Chat, thread: str = "") -> Place:
    kind = ChatKind.PRIVATE if chat.kind == "private" else ChatKind.GROUP
    return Place("telegram", str(chat.id), kind, thread=thread)


async def shown(telegram: Telegram, sara: Person, reply: Reply) -> Message:
    """Send a message, and what Sara sees of it."""
    message = await telegram.send(place(sara.private), reply)
    return sara.private.messages[int(message)]


async def pressed(telegram: Telegram, press: Press, message: Message, reply: Reply, **more: Any) -> None:
    """Answer a press as the core would."""
    address = Address(place(message.chat), str(press.person), str(message.id), press.id, has_media=message.photo is not None)
    await telegram.answer(Answer("key", address, reply, **more))


async def test_a_card_as_it_looks(telegram: Telegram, sara: Person) -> None:
    message = await shown(telegram, sara, CARD)
    assert message.text == "Here:\n\nFeed the cats\n10 minutes\n2 seats left\n\nvouched for by <the shelter>"
    assert message.styled("bold") == ["Feed the cats"]
    assert message.styled("italic") == ["vouched for by <the shelter>"]
    assert message.labels == [["I'm in", "Flag"], ["In private"]]
    assert message.button("I'm in") == {"text": "I'm in", "callback_data": "claim:12:1", "style": "primary"}
    assert message.button("Flag") == {"text": "Flag", "callback_data": "flag:12:1"}
    assert message.button("In private") == {"text": "In private", "url": "https://t.me/himma_bot?start=task_12"}


async def test_a_question_offers_an_input_field(telegram: Telegram, wire: TelegramWire, sara: Person) -> None:
    asked = Reply(text="How many minutes?", asks_text=True, placeholder="15" * 50)
    placeholder = (await shown(telegram, sara, asked)).placeholder
    assert placeholder == "15" * 31 + "1…"
    assert (await shown(telegram, sara, Reply(text="And?", asks_text=True, rows=BUTTONS))).placeholder is None
    team = wire.group("Team", sara)
    await telegram.send(place(team), asked)
    assert sara.sees(team)[-1].placeholder is None


async def test_a_picture_with_its_caption(telegram: Telegram, folder: Folder, sara: Person) -> None:
    message = await shown(telegram, sara, Reply(text="Proof", media=folder.keep(PNG), rows=BUTTONS))
    assert message.photo is not None
    assert (message.photo.data, message.text, message.labels) == (PNG, "Proof", [["Done"]])


async def test_a_large_picture_goes_out_and_a_too_large_one_is_refused(
    telegram: Telegram, folder: Folder, sara: Person
) -> None:
    large = PNG.ljust(9 * 1024 * 1024, b"x")
    message = await shown(telegram, sara, Reply(media=folder.keep(large)))
    assert message.photo is not None
    assert message.photo.data == large
    with pytest.raises(Refused, match="too big"):
        await shown(telegram, sara, Reply(media=folder.keep(PNG.ljust(11 * 1024 * 1024, b"x"))))


async def test_a_picture_that_left_the_store(telegram: Telegram, sara: Person) -> None:
    with pytest.raises(Refused, match="not in the store"):
        await shown(telegram, sara, Reply(text="x", media=Media("0" * 64, "image/png", 1)))


async def test_what_cannot_be_shown_is_not_dropped(telegram: Telegram, sara: Person) -> None:
    for reply in (
        Reply(rows=BUTTONS),
        Reply(text="x", rows=((Link("Open", "task 12"),),)),
        Reply(text="x", rows=((Button(" \u200b", "done"),),)),
        Reply(text="x", rows=((Button("Done", "done", "1" * 64),),)),
    ):
        with pytest.raises(CannotRender):
            await shown(telegram, sara, reply)
    assert sara.sees() == []


# Charts and sheets


async def test_a_chart_stands_under_its_words_and_over_the_buttons(telegram: Telegram, sara: Person) -> None:
    week = Reply(text="A good week. " * 90, card=Card("The week", ("12 completed",)), chart=CHART, rows=BUTTONS)
    chart = await shown(telegram, sara, week)
    words, picture = sara.sees()
    assert picture is chart
    assert ("12 completed" in words.text, words.photo, words.labels) == (True, None, [])
    assert picture.photo is not None
    assert (picture.photo.data[:4], picture.text, picture.labels) == (b"\x89PNG", CHART.alternative, [["Done"]])


async def test_few_words_and_one_file_are_one_message(telegram: Telegram, sara: Person) -> None:
    for week in (Reply(text="A good week.", chart=CHART), Reply(card=Card("A good week."), chart=CHART)):
        picture = await shown(telegram, sara, week)
        assert picture.photo is not None
        assert picture.text.startswith("A good week.")
        assert picture.text.endswith(CHART.alternative)
    table = await shown(telegram, sara, Reply(text="The table.", sheet=SHEET, rows=BUTTONS))
    assert table.document is not None
    assert (table.document.name, table.document.data) == ("week-48.csv", write(SHEET))
    assert (table.text, table.labels) == ("The table.", [["Done"]])
    assert len(sara.sees()) == 3


async def test_both_files_go_out_in_their_order(telegram: Telegram, sara: Person) -> None:
    await shown(telegram, sara, Reply(text="The week", chart=CHART, sheet=SHEET, rows=BUTTONS))
    words, picture, table = sara.sees()
    assert (words.text, picture.text, table.text) == ("The week", CHART.alternative, "")
    assert (bool(picture.photo), bool(table.document), table.labels) == (True, True, [["Done"]])


async def test_a_chart_does_not_redraw_what_was_pressed(telegram: Telegram, sara: Person) -> None:
    card = await shown(telegram, sara, CARD)
    await pressed(telegram, sara.presses(card, "I'm in"), card, Reply(text="The week", chart=CHART, edit=True))
    assert (card.edits, len(sara.sees())) == (0, 2)
    with pytest.raises(CannotRender):
        await telegram.edit(place(sara.private), str(card.id), Reply(text="The week", chart=CHART))
    with pytest.raises(CannotRender):
        await shown(telegram, sara, Reply(text="x", chart=CHART, media=Media("0" * 64, "image/png", 1)))


async def test_words_are_not_said_twice_because_the_chart_has_to_wait(
    wire: TelegramWire, telegram: Telegram, sara: Person
) -> None:
    wire.fails("sendPhoto", Fault.FLOOD)
    await shown(telegram, sara, Reply(text="A good week. " * 90, chart=CHART))
    assert len(sara.sees()) == 2
    wire.fails("sendPhoto", Fault.FLOOD, retry_after=600)
    with pytest.raises(TryLater):
        await shown(telegram, sara, Reply(text="A good week. " * 90, chart=CHART))


# Presses


async def test_a_press_is_acknowledged_before_the_message_is_redrawn(
    wire: TelegramWire, telegram: Telegram, sara: Person
) -> None:
    card = await shown(telegram, sara, CARD)
    press = sara.presses(card, "I'm in")
    await pressed(telegram, press, card, Reply(text="Yours.", toast="Yours!", edit=True, rows=BUTTONS))
    assert (press.toast, press.url) == ("Yours!", "")
    assert (card.text, card.labels, card.edits) == ("Yours.", [["Done"]], 1)
    assert [call.method for call in wire.calls[-2:]] == ["answerCallbackQuery", "editMessageText"]
    assert sara.sees() == [card]


async def test_a_press_that_opens_the_private_chat(telegram: Telegram, wire: TelegramWire, sara: Person) -> None:
    team = wire.group("Team", sara)
    card = team.messages[int(await telegram.send(place(team), CARD))]
    press = sara.presses(card, "I'm in")
    await pressed(telegram, press, card, Reply(opens="task_12"))
    assert press.url == "https://t.me/himma_bot?start=task_12"
    assert sara.answers() == []


async def test_a_silent_reply_still_acknowledges(telegram: Telegram, sara: Person) -> None:
    card = await shown(telegram, sara, CARD)
    press = sara.presses(card, "Flag")
    await pressed(telegram, press, card, Reply())
    assert press.is_answered
    assert sara.sees() == [card]


async def test_what_was_delivered_before_is_only_acknowledged(telegram: Telegram, sara: Person) -> None:
    card = await shown(telegram, sara, CARD)
    press = sara.presses(card, "Flag")
    await pressed(telegram, press, card, Reply(text="New", toast="Thanks"), delivered=True)
    assert press.toast == "Thanks"
    assert sara.sees() == [card]


async def test_without_edit_a_new_message_is_sent(telegram: Telegram, sara: Person) -> None:
    card = await shown(telegram, sara, CARD)
    await pressed(telegram, sara.presses(card, "Flag"), card, Reply(text="What is wrong?", rows=BUTTONS))
    assert [message.text for message in sara.sees()][1:] == ["What is wrong?"]
    assert card.edits == 0


async def test_redrawing_what_is_so_already_is_no_error(telegram: Telegram, sara: Person) -> None:
    card = await shown(telegram, sara, CARD)
    press = sara.presses(card, "I'm in")
    await pressed(telegram, press, card, Reply(text=CARD.text, card=CARD.card, rows=CARD.rows, edit=True))
    assert press.is_answered
    assert card.edits == 0


async def test_only_the_buttons_change(telegram: Telegram, sara: Person) -> None:
    card = await shown(telegram, sara, CARD)
    await pressed(telegram, sara.presses(card, "I'm in"), card, Reply(rows=BUTTONS, edit=True))
    assert card.labels == [["Done"]]
    assert card.text.startswith("Here:")


async def test_the_buttons_go_when_there_are_none(telegram: Telegram, sara: Person) -> None:
    card = await shown(telegram, sara, CARD)
    await pressed(telegram, sara.presses(card, "I'm in"), card, Reply(text="Over.", edit=True))
    assert (card.text, card.labels) == ("Over.", [])


async def test_another_picture_takes_the_place_of_the_one_that_was_pressed(
    telegram: Telegram, folder: Folder, sara: Person
) -> None:
    message = await shown(telegram, sara, Reply(text="Proof", media=folder.keep(PNG), rows=BUTTONS))
    following = Reply(text="The next one", media=folder.keep(PNG + b"another"), rows=BUTTONS, edit=True)
    await pressed(telegram, sara.presses(message, "Done"), message, following)
    assert (message.text, len(sara.answers())) == ("The next one", 1)


async def test_what_is_said_without_a_picture_does_not_stand_under_one(
    telegram: Telegram, folder: Folder, sara: Person
) -> None:
    message = await shown(telegram, sara, Reply(text="Proof", media=folder.keep(PNG), rows=BUTTONS))
    await pressed(telegram, sara.presses(message, "Done"), message, Reply(text="Approved.", edit=True))
    assert (message.text, message.photo is not None, message.labels) == ("Proof", True, []), "it stays, without its buttons"
    assert sara.sees()[-1].text == "Approved."


async def test_a_text_gets_a_picture(telegram: Telegram, folder: Folder, sara: Person) -> None:
    card = await shown(telegram, sara, CARD)
    await pressed(telegram, sara.presses(card, "I'm in"), card, Reply(text="Look", media=folder.keep(PNG), edit=True))
    assert card.photo is not None
    assert (card.photo.data, card.text) == (PNG, "Look")


async def test_a_live_card_that_turns_out_to_be_a_picture(telegram: Telegram, folder: Folder, sara: Person) -> None:
    message = await shown(telegram, sara, Reply(text="Card", media=folder.keep(PNG)))
    await telegram.edit(place(sara.private), str(message.id), Reply(text="Card, 1 seat left"))
    assert message.text == "Card, 1 seat left"


async def test_a_message_that_is_gone_is_sent_anew(telegram: Telegram, wire: TelegramWire, sara: Person) -> None:
    card = await shown(telegram, sara, CARD)
    press = sara.presses(card, "I'm in")
    wire.delete(card)
    await pressed(telegram, press, card, Reply(text="Yours.", edit=True))
    assert [message.text for message in sara.sees()] == ["Yours."]
    with pytest.raises(Gone):
        await telegram.edit(place(sara.private), str(card.id), Reply(text="x"))


async def test_a_press_too_old_to_acknowledge(telegram: Telegram, wire: TelegramWire, sara: Person) -> None:
    wire.query_lifetime_seconds = -1
    card = await shown(telegram, sara, CARD)
    await pressed(telegram, sara.presses(card, "I'm in"), card, Reply(text="Yours.", toast="Yours!", edit=True))
    assert [message.text for message in sara.sees()] == ["Yours."]
    await pressed(telegram, sara.presses(card, data="claim:12:1"), card, Reply(toast="Full."))
    assert sara.sees()[-1].text == "Full.", "a notice that says all there is to say is not lost"
    stranger = wire.person("Omar")
    await pressed(telegram, stranger.presses(card, data="claim:12:1"), card, Reply(toast="Full."))
    assert stranger.answers() == []


async def test_a_notice_without_a_press_is_said_where_nothing_else_is(telegram: Telegram, sara: Person) -> None:
    await telegram.answer(Answer("key", Address(place(sara.private), str(sara.id)), Reply(toast="Full.")))
    await telegram.answer(Answer("key", Address(place(sara.private), str(sara.id)), Reply(text="Yours.", toast="Yours!")))
    assert [message.text for message in sara.sees()] == ["Full.", "Yours."]


async def test_a_reply_in_private_to_a_press_in_a_group(telegram: Telegram, wire: TelegramWire, sara: Person) -> None:
    team = wire.group("Team", sara)
    card = team.messages[int(await telegram.send(place(team), CARD))]
    press = sara.presses(card, "Flag")
    address = Address(place(sara.private), str(sara.id), "", press.id)
    await telegram.answer(Answer("key", address, Reply(text="What is wrong?", toast="See our private chat")))
    assert press.toast == "See our private chat"
    assert [message.text for message in sara.sees()] == ["What is wrong?"]
    assert len(sara.sees(team)) == 1


# What goes wrong


async def test_people_and_chats_that_do_not_take_messages(telegram: Telegram, wire: TelegramWire, sara: Person) -> None:
    stranger, team = wire.person("Omar"), wire.group("Team", sara, bot="kicked")
    sara.blocks()
    nowhere = Chat(999, "private")
    for chat in (stranger.private, sara.private, team, nowhere):
        with pytest.raises(Unreachable):
            await telegram.send(place(chat), CARD)


async def test_a_stranger_who_presses_gets_the_toast_though_not_the_message(telegram: Telegram, wire: TelegramWire) -> None:
    stranger = wire.person("Omar")
    team = wire.group("Team", stranger)
    card = team.messages[int(await telegram.send(place(team), CARD))]
    press = stranger.presses(card, "I'm in")
    address = Address(place(stranger.private), str(stranger.id), "", press.id)
    with pytest.raises(Unreachable):
        await telegram.answer(Answer("key", address, Reply(text="Yours.", toast="Yours!", opens="task_12")))
    assert (press.toast, press.url) == ("Yours!", "https://t.me/himma_bot?start=task_12")


async def test_a_group_that_moved(telegram: Telegram, wire: TelegramWire, sara: Person) -> None:
    team = wire.group("Team", sara, admins=(sara,))
    card = await telegram.send(place(team), CARD)
    new = wire.migrate(team)
    for call in (telegram.send(place(team), CARD), telegram.edit(place(team), card, CARD)):
        with pytest.raises(Moved) as moved:
            await call
        assert moved.value.chat == str(new.id)


@pytest.mark.parametrize(
    ("fault", "error"),
    [(Fault.INTERNAL, TryLater), (Fault.BAD_GATEWAY, TryLater), (Fault.FLOOD, TryLater), (Fault.DROP, Unknown)],
)
async def test_what_a_failing_wire_means(
    telegram: Telegram, wire: TelegramWire, sara: Person, fault: Fault, error: type[DeliveryError]
) -> None:
    wire.fails("sendMessage", fault, retry_after=17)
    with pytest.raises(error) as raised:
        await telegram.send(place(sara.private), CARD)
    if isinstance(raised.value, TryLater):
        assert raised.value.after_seconds == (17 if fault is Fault.FLOOD else 1)
    assert sara.sees() == []
    assert wire.counts["sendMessage"] == 1, "a message that may be on its way is not sent again behind the core's back"


async def test_a_dropped_connection_may_have_delivered(telegram: Telegram, wire: TelegramWire, sara: Person) -> None:
    wire.fails("sendMessage", Fault.DROP, after_effect=True)
    with pytest.raises(Unknown):
        await telegram.send(place(sara.private), CARD)
    assert len(sara.sees()) == 1


async def test_a_server_that_is_away_has_seen_nothing(telegram: Telegram, wire: TelegramWire, sara: Person) -> None:
    await shown(telegram, sara, CARD)
    await wire.close()
    with pytest.raises((TryLater, Unknown)):  # the connection of before may break first
        await telegram.send(place(sara.private), CARD)
    with pytest.raises(TryLater):
        await telegram.send(place(sara.private), CARD)


@pytest.mark.parametrize("fault", [Fault.INTERNAL, Fault.BAD_GATEWAY, Fault.DROP])
@pytest.mark.parametrize("after_effect", [False, True])
async def test_presses_and_edits_try_twice(
    telegram: Telegram, wire: TelegramWire, sara: Person, fault: Fault, *, after_effect: bool
) -> None:
    card = await shown(telegram, sara, CARD)
    wire.fails("answerCallbackQuery", fault, after_effect=after_effect)
    wire.fails("editMessageText", fault, after_effect=after_effect)
    press = sara.presses(card, "I'm in")
    await pressed(telegram, press, card, Reply(text="Yours.", toast="Yours!", edit=True))
    assert press.toast == "Yours!"
    assert [message.text for message in sara.sees()] == ["Yours."]


async def test_a_notice_whose_answer_was_lost_is_not_said_again(telegram: Telegram, wire: TelegramWire, sara: Person) -> None:
    card = await shown(telegram, sara, CARD)
    wire.fails("answerCallbackQuery", Fault.DROP, after_effect=True)
    press = sara.presses(card, "I'm in")
    await pressed(telegram, press, card, Reply(toast="Full."))
    assert press.toast == "Full."
    assert sara.sees() == [card]


async def test_a_press_that_cannot_be_acknowledged_does_not_keep_the_message_back(
    telegram: Telegram, wire: TelegramWire, sara: Person
) -> None:
    card = await shown(telegram, sara, CARD)
    wire.fails("answerCallbackQuery", Fault.INTERNAL, times=4)
    await pressed(telegram, sara.presses(card, "I'm in"), card, Reply(text="Yours.", toast="Yours!", edit=True))
    assert card.text == "Yours."
    with pytest.raises(TryLater):
        await pressed(telegram, sara.presses(card, data="x::0"), card, Reply(toast="Full."))


async def test_floods_are_told_with_their_time(telegram: Telegram, wire: TelegramWire, sara: Person) -> None:
    wire.limit(Limits(chat=(1, 3.0)))
    await telegram.send(place(sara.private), CARD)
    with pytest.raises(TryLater) as later:
        await telegram.send(place(sara.private), CARD)
    assert later.value.after_seconds == 3


async def test_a_topic_that_is_closed_or_gone(telegram: Telegram, wire: TelegramWire, sara: Person) -> None:
    team = wire.group("Team", sara, kind="supergroup")
    with pytest.raises(Unreachable):
        await telegram.send(place(team, thread="5"), CARD)


# Files


async def test_fetching_files(telegram: Telegram, wire: TelegramWire) -> None:
    big = 20 * 1024 * 1024
    assert len(await telegram.fetch(Upload(wire.world.add_file(PNG, announced_bytes=big).id))) == big
    with pytest.raises(Refused, match="too big"):
        await telegram.fetch(Upload(wire.world.add_file(PNG, announced_bytes=big + 1).id))
    with pytest.raises(Gone):
        await telegram.fetch(Upload("unknown"))


async def test_a_file_larger_than_announced_is_not_swallowed(
    telegram: Telegram, wire: TelegramWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = wire.world.add_file(b"\0" * (21 * 1024 * 1024), announced_bytes=100)
    monkeypatch.setattr("tests.wire.telegram.server.file_bytes", lambda file: file.data)
    with pytest.raises(Refused, match="too big"):
        await telegram.fetch(Upload(file.id))


async def test_a_file_that_cannot_be_fetched_now(telegram: Telegram, wire: TelegramWire) -> None:
    file = wire.world.add_file(PNG)
    wire.fails("getFile", Fault.INTERNAL)
    with pytest.raises(TryLater):
        await telegram.fetch(Upload(file.id))


# Secrets


async def test_the_token_shows_nowhere(wire: TelegramWire, tmp_path: Path) -> None:
    """Neither in what is printed, nor in any error with all its causes (logs: see the fixture)."""
    secret = wire.token.split(":")[1]
    telegram = Telegram(wire.token, Folder(tmp_path), api_url=wire.url)
    seen = [repr(telegram), repr(telegram._client), repr(telegram._client._transport), str(vars(telegram))]
    chat = Place("telegram", "1", ChatKind.PRIVATE)
    wire.fails("sendMessage", Fault.DROP)
    for call in (telegram.send(chat, CARD), telegram.send(chat, CARD), telegram.fetch(Upload("x"))):
        try:
            await call
        except DeliveryError as error:
            seen += _told(error)
    await wire.close()
    for call in (telegram.send(chat, CARD), telegram.fetch(Upload("x"))):
        try:
            await call
        except DeliveryError as error:
            seen += _told(error)
    await telegram.close()
    assert len(seen) >= 8
    assert not [text for text in seen if secret in text]


def _told(error: BaseException | None) -> list[str]:
    return [] if error is None else [repr(error), str(error), *_told(error.__cause__), *_told(error.__context__)]


async def test_an_address_that_is_none_is_refused_at_once(tmp_path: Path) -> None:
    for address in ("api.telegram.org", "ftp://x", "https://"):
        with pytest.raises(ValueError, match="http"):
            Telegram("4242:secret", Folder(tmp_path), api_url=address)


async def test_many_answers_at_once(telegram: Telegram, wire: TelegramWire, core: Core) -> None:
    core.says = lambda _: Reply(text="Yours.", toast="Yours!", edit=True)
    people = [wire.person(f"P{number}", started=True) for number in range(120)]
    cards = [Message(wire.world.new_id(), person.private, wire.world.bot, text="Card") for person in people]
    presses = []
    for person, card in zip(people, cards, strict=True):
        wire.world.add_message(card)
        presses.append(person.presses(card, data="claim:1:0"))
    await asyncio.gather(*(press.answered() for press in presses))
    await wire.until(lambda: all(card.text == "Yours." for card in cards))
    assert core.troubles == []


async def test_a_door_from_elsewhere_opens_the_private_chat(telegram: Telegram) -> None:
    assert telegram.door("task_12") == ""  # nobody has told us our name yet
    me = await telegram._client.introduced()
    assert telegram.door("task_12") == f"https://t.me/{me.username}?start=task_12"
