"""A Bot API on the loopback that keeps Telegram's limits, where time goes faster, and can go wrong.

So many times the messages are allowed in any second, and each chat is free again so many times sooner. Whoever sends more is
told 429. Every message that took effect is counted by its chat.
"""

import asyncio
import json
import time
from array import array
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bench.api import BotApi
from bench.appeal.seed import TEXT
from bench.wire import Connection, header, read_fields
from bot.pace import TELEGRAM, Limits

_FORBIDDEN = (403, "Forbidden: bot was blocked by the user")
_INTERNAL = (500, "Internal Server Error")
_STATUS = b"HTTP/1.1 %d Error\r\nContent-Type: application/json\r\nConnection: keep-alive\r\nContent-Length: %d\r\n\r\n%b"
_RECEIVED = (
    b'{"ok":true,"result":{"message_id":%d,"from":{"id":100200300,"is_bot":true,"first_name":"Himma","username":'
    b'"himma_bench_bot"},"chat":{"id":%d,"first_name":"Salma","type":"private"},"date":%d,"text":"Blankets are needed in the '
    b'school on the square."}}'
)

Trouble = Callable[[int, int], str]
"""By chat and how often it was tried before: "" (none), "403", "500", "lost" (no effect, and the connection breaks),
"silent" (it took effect, and the connection breaks), "hung" (it took effect, and no answer ever comes)."""


@dataclass
class Asked:
    """Somebody asked the bot for something in their private chat; times are `time.perf_counter()`."""

    chat: int
    at: float
    answered: float = 0.0


@dataclass
class Storm:
    """For so long everybody is told to wait."""

    until: float
    retry_after: int


@dataclass
class Told:
    """What arrived."""

    times: Counter[int] = field(default_factory=Counter)
    """By chat: how often it was told the appeal."""
    at: "array[float]" = field(default_factory=lambda: array("d"))
    floods: int = 0
    messages: int = 0
    edits: int = 0


class Crowd(BotApi):
    """Serves one bot that tells many people the same."""

    def __init__(self, faster: int, trouble: Trouble = lambda chat, before: "", limits: Limits = TELEGRAM) -> None:
        super().__init__()
        sped = limits.faster(faster)
        self.told = Told()
        self.storm: Storm | None = None
        self.is_away = False
        self.asked: dict[int, Asked] = {}
        self.answered: list[Asked] = []
        self._trouble = trouble
        self._tries: Counter[int] = Counter()
        self._overall: deque[float] = deque(maxlen=sped.overall.messages)
        self._seconds = sped.overall.seconds
        self._chat_seconds = sped.private_chat.seconds
        self._chats: dict[int, float] = {}
        self._connections: list[Connection] = []
        self._port = 0

    def ask(self, chat: int, text: str) -> None:
        """Have somebody write to the bot."""
        number = next(self._ids)
        person = {"id": chat, "is_bot": False, "first_name": "Nour", "language_code": "en"}
        message = {
            "message_id": number,
            "from": person,
            "chat": {"id": chat, "type": "private", "first_name": "Nour"},
            "date": int(time.time()),
            "text": text,
            "entities": [{"type": "bot_command", "offset": 0, "length": len(text)}],
        }
        self.asked[chat] = Asked(chat, time.perf_counter())
        self._pending.append((number, json.dumps({"update_id": number, "message": message}).encode()))
        if self._poll:
            self._serve_poll()

    def leave(self) -> None:
        """The network is cut: connections break, and no new ones come about."""
        assert self._server is not None
        self._port = self._server.sockets[0].getsockname()[1]
        self._server.close()
        self.is_away = True
        for connection in list(self._connections):
            connection.cut()

    async def come_back(self) -> None:
        """The network is there again."""
        self.is_away = False
        self._server = await asyncio.get_running_loop().create_server(self._connect, "127.0.0.1", self._port)

    def _connect(self) -> Connection:
        connection = Connection(self)
        self._connections.append(connection)
        return connection

    def serve(self, connection: Connection, head: bytes, body: bytes) -> None:
        """Answer one request of the bot's, where somebody is there to answer."""
        method = head.split(b" ", 2)[1].rsplit(b"/", 1)[-1]
        if self.is_away:
            connection.cut()
        elif method in (b"sendmessage", b"editmessagetext"):
            self._receive(connection, read_fields(body, header(head, b"content-type")), is_edit=method[:4] == b"edit")
        else:
            super().serve(connection, head, body)

    def _receive(self, connection: Connection, fields: dict[str, Any], *, is_edit: bool) -> None:
        chat, now = int(fields["chat_id"]), time.perf_counter()
        is_appeal = TEXT in fields["text"]
        trouble = ""
        if is_appeal and not is_edit:
            trouble = self._trouble(chat, self._tries[chat])
        if not self._has_room(chat, now):
            self._refuse(connection, 429, "Too Many Requests", self._wait(now))
            return
        self._tries[chat] += bool(trouble)
        if trouble in ("403", "500"):
            self._refuse(connection, *(_FORBIDDEN if trouble == "403" else _INTERNAL))
            return
        if trouble != "lost":
            self._count(chat, now, is_appeal=is_appeal, is_edit=is_edit)
        if trouble == "hung":
            return
        if trouble:
            connection.cut()
        else:
            connection.respond(_RECEIVED % (next(self._messages), chat, now))

    def _has_room(self, chat: int, now: float) -> bool:
        is_full = len(self._overall) == self._overall.maxlen and self._overall[0] > now - self._seconds
        if (self.storm and now < self.storm.until) or is_full or self._chats.get(chat, 0.0) > now - self._chat_seconds:
            self.told.floods += 1
            return False
        self._overall.append(now)
        self._chats[chat] = now
        return True

    def _wait(self, now: float) -> int:
        return self.storm.retry_after if self.storm and now < self.storm.until else 1

    def _count(self, chat: int, now: float, *, is_appeal: bool, is_edit: bool) -> None:
        self.told.messages += 1
        self.told.at.append(now)
        if is_edit:
            self.told.edits += 1
        elif is_appeal:
            self.told.times[chat] += 1
        elif asked := self.asked.pop(chat, None):
            asked.answered = now
            self.answered.append(asked)

    def _refuse(self, connection: Connection, status: int, words: str, retry_after: int = 0) -> None:
        parameters = {"parameters": {"retry_after": retry_after}} if retry_after else {}
        body = json.dumps({"ok": False, "error_code": status, "description": words, **parameters}).encode()
        connection.write(_STATUS % (status, len(body), body))
