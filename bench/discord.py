"""A Discord on the loopback that costs next to nothing, so that what is measured is the bot and not the wire.

Gateway and REST on one port, both read by hand. What is served has the form of Discord's API
(https://discord.com/developers/docs), but nothing is checked and no limit is kept but one, where it is wanted: whoever is not
acknowledged in time never is, for their app has stopped waiting. The wire fake of the tests does the rest.
"""

import asyncio
import base64
import hashlib
import itertools
import json
import math
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from bench.api import Press
from bench.wire import Connection, Loopback, header

TOKEN: Final = "MTI0NTAwMDAwMDAwMDAwMDAx.Gbench.opens-nothing-but-the-loopback"  # noqa: S105
BOT_ID: Final = 124_500_000_000_000_001
GUILD: Final = 124_500_000_000_000_002
CHANNEL: Final = 124_500_000_000_000_003
ACKNOWLEDGE_SECONDS: Final = 3.0
_BOT: Final = {"id": str(BOT_ID), "username": "himma", "discriminator": "0", "global_name": None, "avatar": None, "bot": True}
_EPOCH_MS: Final = 1_420_070_400_000
_MESSAGE, _UPDATE, _MODAL = 4, 7, 9
_SHOWN: Final = frozenset({_MESSAGE, _UPDATE})
_TEXT, _HELLO, _ACK, _HEARTBEAT, _IDENTIFY = 0x81, 10, 11, 1, 2
_NO_CONTENT: Final = b"HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n"
_TOO_LATE: Final = b'{"code":10062,"message":"Unknown interaction"}'
_NOT_FOUND: Final = (
    b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nConnection: keep-alive\r\nContent-Length: %d\r\n\r\n%b"
    % (len(_TOO_LATE), _TOO_LATE)
)
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""https://www.rfc-editor.org/rfc/rfc6455#section-1.3"""


class DiscordApi(Loopback):
    """Serves one bot. `press` tells an interaction; `on_answer` hears of each when there is something to see."""

    def __init__(self) -> None:
        super().__init__()
        self.on_answer: Callable[[Press], None] = lambda press: None
        self.polled = asyncio.Event()
        """Set when the bot has been told that it is connected."""
        self.calls: Counter[str] = Counter()
        self.acknowledge_seconds = math.inf
        self._numbers = itertools.count(1)
        self._sequence = itertools.count(1)
        self._presses: dict[str, Press] = {}
        """By the interaction's token."""
        self._commands: bytes = b"[]"
        self._gateway: _Socket | None = None

    def _connect(self) -> Connection:
        return _Socket(self)

    def forget_bot(self) -> None:
        """The next bot starts with nothing pending."""
        self.polled.clear()
        self._presses.clear()
        self._gateway = None

    def press(self, press: Press) -> None:
        assert self._gateway is not None
        snowflake = ((time.time_ns() // 1_000_000 - _EPOCH_MS) << 22) | (next(self._numbers) & 0x3FFFFF)
        token = f"{snowflake:x}{'0' * 80}"
        self._presses[token] = press
        values = {b"number": snowflake, b"token": token.encode(), b"person": press.person, b"task": press.task}
        frame = _frame(_TEMPLATE % (values | {b"sequence": next(self._sequence)}))
        press.sent = time.perf_counter()
        self._gateway.write(frame)

    # The gateway

    def hear(self, socket: "_Socket", payload: dict[str, Any]) -> None:
        """What the bot says on the gateway."""
        if payload["op"] == _HEARTBEAT:
            socket.tell({"op": _ACK})
        elif payload["op"] == _IDENTIFY:
            self._gateway = socket
            socket.tell(self._event("READY", self._ready(payload["d"])))
            socket.tell(self._event("GUILD_CREATE", _guild()))
            self.polled.set()

    def _event(self, name: str, data: dict[str, Any]) -> dict[str, Any]:
        return {"op": 0, "t": name, "s": next(self._sequence), "d": data}

    def _ready(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {
            "v": 10,
            "user": _BOT,
            "guilds": [{"id": str(GUILD), "unavailable": True}],
            "session_id": "bench",
            "resume_gateway_url": self.url.replace("http", "ws"),
            "shard": asked.get("shard", [0, 1]),
            "application": {"id": str(BOT_ID), "flags": 0},
        }

    # REST

    def serve(self, connection: Connection, head: bytes, body: bytes) -> None:
        """Answer one request of the bot's."""
        verb, path = (part.decode() for part in head.split(b" ", 2)[:2])
        parts = path.partition("?")[0].strip("/").split("/")
        self.calls[f"{verb} {parts[0]}"] += 1
        if header(head, b"upgrade") == b"websocket" and isinstance(connection, _Socket):
            connection.accept(head)
        elif parts[0] == "interactions":
            self._take_response(connection, parts[2], body)
        elif parts[0] == "webhooks":
            self._take_message(connection, verb, parts[2], body)
        else:
            connection.respond(self._result(verb, parts, body))

    def _take_response(self, connection: Connection, token: str, body: bytes) -> None:
        press, now = self._presses.get(token), time.perf_counter()
        if press is None or now - press.sent > self.acknowledge_seconds:
            connection.write(_NOT_FOUND)
            return
        connection.write(_NO_CONTENT)
        press.acknowledged = press.acknowledged or now
        response = json.loads(body)
        if response["type"] in _SHOWN:
            self._note_answer(token, response.get("data") or {})

    def _take_message(self, connection: Connection, verb: str, token: str, body: bytes) -> None:
        if verb == "delete":
            connection.write(_NO_CONTENT)
            return
        connection.respond(_message(next(self._numbers)))
        self._note_answer(token, json.loads(body))

    def _note_answer(self, token: str, message: dict[str, Any]) -> None:
        press = self._presses.pop(token, None)
        if press is not None:
            press.answered = time.perf_counter()
            press.answer = str(message.get("content", ""))
            self.on_answer(press)

    def _result(self, verb: str, parts: list[str], body: bytes) -> bytes:
        match verb, *parts:
            case "put", "applications", _, "commands":
                self._commands = body
                return body
            case "get", "applications", _, "commands":
                return self._commands
            case _, "gateway", "bot":
                limit = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
                address = self.url.replace("http", "ws")
                return json.dumps({"url": address, "shards": 1, "session_start_limit": limit}).encode()
            case _, "users", "@me", "channels":
                recipient = json.loads(body)["recipient_id"]  # whose number names their direct messages as well
                return json.dumps({"id": recipient, "type": 1, "recipients": []}).encode()
            case _, "oauth2", *_:
                return json.dumps(_APPLICATION).encode()
            case _, "users", "@me":
                return json.dumps(_BOT).encode()
        self._note_late_answer(parts, body)
        return _message(next(self._numbers))

    def _note_late_answer(self, parts: list[str], body: bytes) -> None:
        """A direct message answers what could not be acknowledged."""
        if parts[0] == "channels" and body:
            late = (token for token, press in self._presses.items() if str(press.person) == parts[1])
            self._note_answer(next(late, ""), json.loads(body))


class _Socket(Connection):
    """A connection that may become the gateway's. https://www.rfc-editor.org/rfc/rfc6455#section-5.2"""

    def __init__(self, api: DiscordApi) -> None:
        super().__init__(api)
        self._api = api
        self._is_gateway = False

    def accept(self, head: bytes) -> None:
        key = self._key
        accepted = base64.b64encode(hashlib.sha1(key + _GUID).digest())  # noqa: S324  what the protocol asks for
        self.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: %b\r\n\r\n" % accepted
        )
        self._is_gateway = True
        self.tell({"op": _HELLO, "d": {"heartbeat_interval": 41_250}})

    def tell(self, payload: dict[str, Any]) -> None:
        self.write(_frame(json.dumps(payload).encode()))

    def data_received(self, data: bytes) -> None:
        if self._is_gateway:
            self._buffer += data
            self._read_frames()
            return
        found = data.lower().find(b"sec-websocket-key:")
        if found >= 0:  # its letters' case matters, and a head is handed on in lower case
            self._key = data[found + 18 :].split(b"\r\n", 1)[0].strip()
        super().data_received(data)

    def _read_frames(self) -> None:
        while len(self._buffer) >= 2:
            length, start = self._buffer[1] & 0x7F, 2
            if length >= 126:
                start = 4 if length == 126 else 10
                length = int.from_bytes(self._buffer[2:start], "big")
            if len(self._buffer) < start + 4 + length:
                return
            kind, mask = self._buffer[0] & 0x0F, self._buffer[start : start + 4]
            masked = self._buffer[start + 4 : start + 4 + length]
            self._buffer = self._buffer[start + 4 + length :]
            if kind == 1:
                self._api.hear(self, json.loads(bytes(byte ^ mask[at % 4] for at, byte in enumerate(masked))))


def _frame(payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((_TEXT, size)) + payload
    if size < 1 << 16:
        return bytes((_TEXT, 126)) + size.to_bytes(2, "big") + payload
    return bytes((_TEXT, 127)) + size.to_bytes(8, "big") + payload


def _guild() -> dict[str, Any]:
    everyone = {"id": str(GUILD), "name": "@everyone", "permissions": "2251799813685247", "position": 0, "color": 0}
    everyone |= {"colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None}, "flags": 0}
    everyone |= {"hoist": False, "managed": False, "mentionable": False}
    channel = {"id": str(CHANNEL), "type": 0, "name": "general", "position": 0, "permission_overwrites": []}
    member = {"user": _BOT, "roles": [], "joined_at": "2026-01-01T00:00:00+00:00", "deaf": False, "mute": False, "flags": 0}
    return {
        "id": str(GUILD),
        "name": "Salma's team",
        "owner_id": str(BOT_ID),
        "unavailable": False,
        "member_count": 100_000,
        "roles": [everyone],
        "channels": [channel],
        "members": [member],
        **dict.fromkeys(("emojis", "stickers", "features", "threads", "presences", "voice_states"), ()),
        **dict.fromkeys(("stage_instances", "guild_scheduled_events", "soundboard_sounds"), ()),
        "verification_level": 0,
        "preferred_locale": "en-US",
    }


_APPLICATION: Final = {
    "id": str(BOT_ID),
    "name": "Himma",
    "icon": None,
    "description": "",
    "bot_public": True,
    "bot_require_code_grant": False,
    "verify_key": "0",
    "flags": 0,
    "team": None,
    "owner": _BOT,
}


def _message(number: int) -> bytes:
    return json.dumps({
        "id": str(number + (1 << 60)),
        "channel_id": str(CHANNEL),
        "author": _BOT,
        "content": "",
        "timestamp": "2026-11-01T00:00:00+00:00",
        "edited_timestamp": None,
        "type": 0,
        "tts": False,
        "mention_everyone": False,
        "pinned": False,
        **dict.fromkeys(("mentions", "mention_roles", "attachments", "embeds", "components"), ()),
    }).encode()  # fmt: skip


_CARD = {
    "title": "مكالمة مع كبار السنّ في الحيّ · Call an elder of the quarter",
    "description": "A short call to ask how they are and whether medicine or groceries are needed this week.\n"
    "١٥ دقيقة · 15 minutes\n7 of 20 seats left\nuntil Thursday 21:00\n#elderly #phone\nسلمى، خالد، Nour, Omar, هدى …",
    "type": "rich",
    "footer": {"text": "Salma's team vouches for this"},
}


def _press_template() -> bytes:
    """A press with its whole message, as Discord sends it, with places for what differs."""
    labels = {"claim:@TASK@:1": "I'm in · أنا لها (7)", "flag:@TASK@:1": "Something is wrong"}
    buttons = [
        {"type": 2, "id": number, "style": 1, "label": label, "custom_id": data}
        for number, (data, label) in enumerate(labels.items(), 2)
    ]
    message = json.loads(_message(1)) | {
        "embeds": [_CARD],
        "components": [{"type": 1, "id": 1, "components": buttons}],
        "flags": 0,
    }
    user = {"id": "@PERSON@", "username": "nour@PERSON@", "discriminator": "0", "global_name": "Nour", "avatar": None}
    member: dict[str, Any] = {
        "user": user,
        "nick": None,
        "roles": [],
        "joined_at": "2026-01-01T00:00:00+00:00",
        "permissions": "2147483647",
    }
    member |= {"avatar": None, "deaf": False, "mute": False, "flags": 0, "pending": False, "premium_since": None}
    interaction = {
        "id": "@NUMBER@",
        "application_id": str(BOT_ID),
        "type": 3,
        "token": "@TOKEN@",
        "version": 1,
        "data": {"custom_id": "claim:@TASK@:1", "component_type": 2, "id": 2},
        "guild_id": str(GUILD),
        "guild": {"id": str(GUILD), "locale": "en-US", "features": []},
        "guild_locale": "en-US",
        "channel_id": str(CHANNEL),
        "channel": {"id": str(CHANNEL), "type": 0, "name": "general", "permissions": "2147483647", "guild_id": str(GUILD)},
        "member": member,
        "message": message,
        "app_permissions": "2147483647",
        "locale": "en-US",
        "entitlements": [],
        "attachment_size_limit": 10_485_760,
        "context": 0,
        "authorizing_integration_owners": {"0": str(GUILD)},
    }
    text = json.dumps({"op": 0, "t": "INTERACTION_CREATE", "s": "@SEQUENCE@", "d": interaction}).replace("%", "%%")
    text = text.replace('"@SEQUENCE@"', "%(sequence)d").replace("@TOKEN@", "%(token)b")
    for name in ("NUMBER", "TASK", "PERSON"):
        text = text.replace(f"@{name}@", f"%({name.lower()})d")
    return text.encode()


_TEMPLATE = _press_template()
