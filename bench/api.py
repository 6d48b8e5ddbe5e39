"""A Bot API on the loopback that costs next to nothing, so that what is measured is the bot and not the wire.

What is served has the form of the Bot API (https://core.telegram.org/bots/api), but nothing is checked and no limit is kept:
the wire fake of the tests does that.
"""

import asyncio
import itertools
import json
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.wire import Connection, Loopback, header, read_fields

TOKEN = "100200300:opens-nothing-but-the-loopback"  # noqa: S105
GROUP = -1001500000001
BOT = {"id": 100200300, "is_bot": True, "first_name": "Himma", "username": "himma_bench_bot"}
TRUE = b'{"ok":true,"result":true}'


@dataclass(slots=True)
class Press:
    """One person's press on "I'm in" under one task's card, and what became of it. Times are `time.perf_counter()`."""

    person: int
    """The account's id on its platform."""
    task: int
    sent: float = 0.0
    acknowledged: float = 0.0
    """Discord's app stops waiting for this after three seconds; on Telegram it is the answer itself."""
    answered: float = 0.0
    answer: str = ""
    """The text of the toast, or of the message that answered."""


class BotApi(Loopback):
    """Serves one bot. `press` queues an update; `on_answer` hears of each press when its callback query is answered."""

    def __init__(self) -> None:
        super().__init__()
        self.on_answer: Callable[[Press], None] = lambda press: None
        self.polled = asyncio.Event()
        """Set while the bot has asked for updates at least once since `forget_bot`."""
        self.calls: Counter[str] = Counter()
        self._ids = itertools.count(1)
        self._messages = itertools.count(1_000_000)
        self._pending: deque[tuple[int, bytes]] = deque()
        self._presses: dict[str, Press] = {}
        self._poll: tuple[Connection, int] | None = None
        self._poll_end: asyncio.TimerHandle | None = None

    def _connect(self) -> Connection:
        return Connection(self)

    def forget_bot(self) -> None:
        """The next bot starts with nothing pending."""
        self.polled.clear()
        self._pending.clear()
        self._presses.clear()
        self._end_poll()

    def press(self, press: Press) -> None:
        number = next(self._ids)
        self._presses[str(number)] = press
        press.sent = time.perf_counter()
        self._pending.append((number, press_update(number, press)))
        if self._poll:
            self._serve_poll()

    def serve(self, connection: Connection, head: bytes, body: bytes) -> None:
        """Answer one request of the bot's."""
        method, content_type = head.split(b" ", 2)[1].rsplit(b"/", 1)[-1].decode(), header(head, b"content-type")
        self.calls[method] += 1
        if method == "answercallbackquery":
            connection.respond(TRUE)
            self._note_answer(read_fields(body, content_type))
        elif method == "getupdates":
            self._take_poll(connection, read_fields(body, content_type))
        else:
            result = RESULTS.get(method)
            connection.respond(result(next(self._messages), read_fields(body, content_type)) if result else TRUE)

    def _note_answer(self, fields: dict[str, Any]) -> None:
        press = self._presses.pop(str(fields["callback_query_id"]), None)
        if press is None:
            return
        press.answered = press.acknowledged = time.perf_counter()
        press.answer = str(fields.get("text", ""))
        self.on_answer(press)

    def _take_poll(self, connection: Connection, fields: dict[str, Any]) -> None:
        self._end_poll()
        offset = int(fields.get("offset", 0))
        while self._pending and self._pending[0][0] < offset:
            self._pending.popleft()
        self._poll = connection, int(fields.get("limit", 100))
        timeout = float(fields.get("timeout", 0))
        if self._pending or not timeout:
            self._serve_poll()
        else:
            self._poll_end = asyncio.get_running_loop().call_later(timeout, self._serve_poll)
        self.polled.set()

    def _serve_poll(self) -> None:
        assert self._poll is not None
        connection, limit = self._poll
        self._poll = None
        self._cancel_timer()
        updates = b",".join(update for _, update in itertools.islice(self._pending, limit))
        connection.respond(b'{"ok":true,"result":[%b]}' % updates)

    def _end_poll(self) -> None:
        """A second poll ends the first, as at Telegram."""
        self._cancel_timer()
        if self._poll:
            self._poll[0].respond(b'{"ok":true,"result":[]}')
            self._poll = None

    def _cancel_timer(self) -> None:
        if self._poll_end:
            self._poll_end.cancel()
            self._poll_end = None


def _message(number: int, fields: dict[str, Any]) -> bytes:
    chat = int(fields.get("chat_id", GROUP))
    kind = {"type": "private", "first_name": "Salma"} if chat > 0 else {"type": "supergroup", "title": "Salma's team"}
    message = {
        "message_id": int(fields.get("message_id", number)),
        "from": BOT,
        "chat": {"id": chat, **kind},
        "date": int(time.time()),
        "text": fields.get("text", "…"),
    }
    return json.dumps({"ok": True, "result": message}).encode()


def _constant(result: object) -> Callable[[int, dict[str, Any]], bytes]:
    body = json.dumps({"ok": True, "result": result}).encode()
    return lambda number, fields: body


_ABILITIES = {"can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}
RESULTS: dict[str, Callable[[int, dict[str, Any]], bytes]] = {
    "sendmessage": _message,
    "editmessagetext": _message,
    "editmessagereplymarkup": _message,
    "getme": _constant({**BOT, **_ABILITIES}),
    "getmycommands": _constant([]),
    "getwebhookinfo": _constant({"url": "", "has_custom_certificate": False, "pending_update_count": 0}),
    "getchatadministrators": _constant([]),
    "getchatmember": _constant({"status": "member", "user": BOT}),
}

_CARD = """🙋 مكالمة مع كبار السنّ في الحيّ · Call an elder of the quarter

مكالمة هاتفية قصيرة للسؤال عن الحال، وعن حاجة إلى دواء أو بقالة هذا الأسبوع، ثمّ كتابة سطر واحد في التقرير.
A short call to ask how they are and whether medicine or groceries are needed this week; then one line in the report.

⏱ ١٥ دقيقة · 15 minutes
💺 7 of 20 seats left
📍 عن بُعد · remote
🕘 until Thursday 21:00
🏷 #elderly #phone
🤝 سلمى، خالد، Nour, Omar, هدى …"""


def _press_template() -> bytes:
    """A callback query with its whole message, as Telegram sends it, with places for what differs."""
    keyboard = [
        [{"text": "I'm in · أنا لها (7)", "callback_data": "claim:@TASK@:1"}],
        [{"text": "Give back · اعتذار", "callback_data": "release:@TASK@:1"}, {"text": "⚑", "callback_data": "flag:@TASK@:1"}],
        [{"text": "Open in private", "url": "https://t.me/himma_bench_bot?start=task_@TASK@"}],
    ]
    entities = [{"offset": 3, "length": 28, "type": "bold"}, {"offset": 331, "length": 8, "type": "hashtag"}]
    message = {
        "message_id": "@TASK@",
        "from": BOT,
        "chat": {"id": GROUP, "title": "Salma's team", "is_forum": False, "type": "supergroup"},
        "date": "@DATE@",
        "edit_date": "@DATE@",
        "text": _CARD,
        "entities": entities,
        "link_preview_options": {"is_disabled": True},
        "reply_markup": {"inline_keyboard": keyboard},
    }
    person = {"id": "@PERSON@", "is_bot": False, "first_name": "Nour", "username": "nour@PERSON@", "language_code": "en"}
    query = {
        "id": "%(number)d",
        "from": person,
        "message": message,
        "chat_instance": "-4187390177219431211",
        "data": "claim:@TASK@:1",
    }
    text = json.dumps({"update_id": "@NUMBER@", "callback_query": query})
    for name in ("NUMBER", "TASK", "DATE", "PERSON"):
        text = text.replace(f'"@{name}@"', f"%({name.lower()})d").replace(f"@{name}@", f"%({name.lower()})d")
    return text.encode()


_TEMPLATE = _press_template()


def press_update(number: int, press: Press) -> bytes:
    """The update that a press becomes. The update's number is the callback query's id as well."""
    values = {b"number": number, b"task": press.task, b"date": int(time.time()), b"person": press.person}
    return _TEMPLATE % values
