"""The fake refuses what Telegram refuses: else the tests that pass on it would prove little."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.wire.telegram import Limits, RemoteWire, TelegramWire, control, spec

Json = dict[str, Any]


@pytest.fixture
async def wire() -> AsyncIterator[TelegramWire]:
    async with TelegramWire() as wire:
        yield wire


async def call(wire: TelegramWire, method: str, **parameters: Any) -> Any:
    """A call as a careless bot would make it: the result, or the refusal's code and words."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{wire.url}/bot{wire.token}/{method}", json=parameters) as response,
    ):
        answer = await response.json()
        return answer["result"] if answer["ok"] else (response.status, answer["description"])


def button(**parts: Any) -> Json:
    return {"inline_keyboard": [[{"text": "Go", **parts}]]}


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"text": ""}, "message text is empty"),
        ({"text": " \u200b\n"}, "message text is empty"),
        ({"text": "<b></b>", "parse_mode": "HTML"}, "message text is empty"),
        ({"text": "x" * 4097}, "message is too long"),
        ({"text": "𝕏" * 2049}, "message is too long"),
        ({"text": "<b>x", "parse_mode": "HTML"}, "Can't find end tag"),
        ({"text": "x</b>", "parse_mode": "HTML"}, "Unmatched end tag"),
        ({"text": "<i><b>x</i></b>", "parse_mode": "HTML"}, "Unmatched end tag"),
        ({"text": "a < b", "parse_mode": "HTML"}, "Unsupported start tag"),
        ({"text": "<br>", "parse_mode": "HTML"}, "Unsupported start tag"),
        ({"text": "x", "reply_markup": button()}, "Text buttons are unallowed"),
        ({"text": "x", "reply_markup": button(callback_data="x" * 65)}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "reply_markup": button(callback_data="ش" * 33)}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "reply_markup": button(callback_data="")}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "reply_markup": button(callback_data="x", url="https://t.me")}, "BUTTON_TYPE_INVALID"),
        ({"text": "x", "reply_markup": button(url="https://t.me/himma_bot?start=a+b")}, "BUTTON_URL_INVALID"),
        ({"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "", "callback_data": "x"}]]}}, "must be non-empty"),
        ({"text": "x", "message_thread_id": 5}, "message thread not found"),
    ],
)
async def test_messages_that_telegram_refuses(wire: TelegramWire, parameters: Json, words: str) -> None:
    sara = wire.person("Sara", started=True)
    code, description = await call(wire, "sendMessage", chat_id=sara.id, **parameters)
    assert code == 400
    assert words in description
    assert sara.sees() == []


@pytest.mark.skipif(spec.load() is None, reason="no copy of the Bot API's description is at hand (see HIMMA_SPECS)")
@pytest.mark.parametrize(
    ("method", "parameters", "code"),
    [
        ("sendMesage", {}, 404),
        ("sendMessage", {"chat_id": 1}, 400),
        ("sendMessage", {"chat_id": 1, "text": "x", "txt": "y"}, 400),
        ("sendMessage", {"chat_id": 1, "text": 5}, 400),
        ("sendMessage", {"chat_id": 1, "text": "x", "reply_markup": {"inline_keyboard": [{"text": "x"}]}}, 400),
        ("answerCallbackQuery", {"callback_query_id": "1", "show_alert": "yes"}, 400),
        ("setMyCommands", {"commands": [{"command": "x"}]}, 400),
    ],
)
async def test_requests_that_are_not_in_the_description(wire: TelegramWire, method: str, parameters: Json, code: int) -> None:
    assert (await call(wire, method, **parameters))[0] == code


async def test_a_press_is_answered_once_and_in_time(wire: TelegramWire) -> None:
    sara = wire.person("Sara", started=True)
    sent = await call(wire, "sendMessage", chat_id=sara.id, text="x", reply_markup=button(callback_data="go"))
    card = sara.private.messages[sent["message_id"]]
    press = sara.presses(card, "Go")
    assert await call(wire, "answerCallbackQuery", callback_query_id=press.id, text="Gone") is True
    assert sara.toasts == ["Gone"]
    assert "query is too old" in (await call(wire, "answerCallbackQuery", callback_query_id=press.id))[1]
    wire.query_lifetime_seconds = -1
    assert "query is too old" in (await call(wire, "answerCallbackQuery", callback_query_id=sara.presses(card, "Go").id))[1]


async def test_edits_that_telegram_refuses(wire: TelegramWire) -> None:
    sara = wire.person("Sara", started=True)
    sent = await call(wire, "sendMessage", chat_id=sara.id, text="x")
    own = sara.says("mine")

    async def edit(message_id: int, text: str = "x") -> str:
        return str((await call(wire, "editMessageText", chat_id=sara.id, message_id=message_id, text=text))[1])

    assert "message is not modified" in await edit(sent["message_id"])
    assert "message can't be edited" in await edit(own.id, "y")
    assert "message to edit not found" in await edit(99999, "y")
    wire.delete(sara.private.messages[sent["message_id"]])
    assert "message to edit not found" in await edit(sent["message_id"], "y")
    asked = await call(wire, "sendMessage", chat_id=sara.id, text="?", reply_markup={"force_reply": True})
    assert "message can't be edited" in await edit(asked["message_id"], "y")


async def test_who_cannot_be_written_to(wire: TelegramWire) -> None:
    sara = wire.person("Sara")
    assert (await call(wire, "sendMessage", chat_id=sara.id, text="x"))[0] == 403
    sara.starts()
    assert (await call(wire, "sendMessage", chat_id=sara.id, text="x"))["text"] == "x"
    sara.blocks()
    assert (await call(wire, "sendMessage", chat_id=sara.id, text="x"))[0] == 403
    assert (await call(wire, "sendMessage", chat_id=12345, text="x")) == (400, "Bad Request: chat not found")


async def test_floods(wire: TelegramWire) -> None:
    now = 0.0
    wire.limit(Limits(clock=lambda: now))
    people = [wire.person(f"P{number}", started=True) for number in range(31)]
    team = wire.group("Team")
    assert (await call(wire, "sendMessage", chat_id=team.id, text="x"))["text"] == "x"
    assert (await call(wire, "sendMessage", chat_id=team.id, text="x"))[0] == 429
    for person in people[:29]:
        assert (await call(wire, "sendMessage", chat_id=person.id, text="x"))["text"] == "x"
    assert (await call(wire, "sendMessage", chat_id=people[29].id, text="x")) == (429, "Too Many Requests: retry after 1")
    for second in range(1, 20):
        now = second * 1.5
        assert (await call(wire, "sendMessage", chat_id=team.id, text="x"))["text"] == "x"
    now = 31.0
    assert (await call(wire, "sendMessage", chat_id=team.id, text="x")) == (429, "Too Many Requests: retry after 29")


async def test_updates_are_repeated_until_the_offset_passes_them(wire: TelegramWire) -> None:
    sara = wire.person("Sara")
    for text in ("one", "two", "three"):
        sara.says(text)
    first = await call(wire, "getUpdates", limit=2)
    assert [update["message"]["text"] for update in first] == ["one", "two"]
    assert await call(wire, "getUpdates", limit=2) == first
    rest = await call(wire, "getUpdates", offset=first[1]["update_id"])
    assert [update["message"]["text"] for update in rest] == ["two", "three"]
    assert await call(wire, "getUpdates", offset=rest[1]["update_id"] + 1) == []
    assert not wire.updates.pending


async def test_updates_that_nobody_asked_for_do_not_come(wire: TelegramWire) -> None:
    await call(wire, "getUpdates", allowed_updates=["callback_query"])
    wire.person("Sara").says("hello")
    assert await call(wire, "getUpdates") == []


async def test_in_privacy_mode_a_bot_does_not_hear_chatter(wire: TelegramWire) -> None:
    sara = wire.person("Sara")
    team = wire.group("Team", sara)
    for text in ("chatter", "/help"):
        sara.says(text, team)
    assert [update["message"]["text"] for update in await call(wire, "getUpdates")] == ["/help"]


async def test_driving_it_from_another_process(wire: TelegramWire) -> None:
    control.install(wire)
    async with RemoteWire(wire.url) as remote:
        sara = await remote.do("person", first_name="Sara", started=True)
        await remote.do("says", person=sara, text="hello")
        assert (await remote.do("state"))["pending"] == 1
        assert [message["text"] for message in await remote.do("messages", chat=sara)] == ["hello"]
        nobody_answers = await remote.do("drive", presses=[[sara, sara, 1, "x::0"]], within_seconds=0.05)
        assert nobody_answers["presses"] == [None]
        with pytest.raises(AssertionError, match="KeyError"):
            await remote.do("messages", chat=5)
