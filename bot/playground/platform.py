"""The playground as a platform: what people do on the page becomes events, what the core says stands in their chats.

It behaves as Telegram does where that matters: a private chat takes nothing from us until its person opened it, what people
say to each other in the group is not handed on, buttons carry data that anybody could forge, and an event is handed to the
core again until the core has taken it.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from bot.bulk import OneByOne
from bot.pace import UNLIMITED, Pace
from bot.platform import Bulk, Gone, Refused, Take, Unreachable
from bot.playground.board import Asked, Board, Changed, Ranked, Shown, Ticked, Toasted, Typing
from bot.playground.cast import BOT, GROUP, PHONES, PLATFORM, Phone, place_of
from bot.playground.memory import File, Memory, Message, Waiting
from bot.playground.screens import Screen, in_words, picture_type, redrawn, screen_of
from bot.playground.server import listen, serve
from bot.playground.web import application
from handlers.types import Address, Answer, Event, EventKind, Media, Place, Reply, Sender, Upload, parse_data
from models.roles import Role

log = logging.getLogger(__name__)

USERNAME = "himma_bot"
_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@(\w+))?(?:\s+(.*))?", re.DOTALL)
_STEP = timedelta(minutes=30)
"""So much time passes at once: less than what would be told as late."""
_LONGEST_PAUSE = 5.0
"""Seconds between two attempts to hand the core an event that it cannot take."""


Beat = Callable[[], Awaitable[None]]
"""Does what time has made due."""


class Clock(Protocol):
    """The time that the core is given."""

    def now(self) -> datetime:
        """In UTC, aware."""

    def shift(self, by: timedelta) -> None:
        """Move it on."""


class Pictures(Protocol):
    """The pictures in our own store."""

    def path(self, media: Media) -> Path:
        """The file of a picture."""


class Playground:
    """A messenger of our own with four phones (see `bot.platform.Platform`)."""

    name = PLATFORM
    is_heard = True
    sends_once = True

    def __init__(
        self,
        store: Path,
        clock: Clock,
        pictures: Pictures,
        *,
        host: str = "127.0.0.1",
        port: int = 8765,
    ) -> None:
        """`store` is the file of its memory. Port 0 takes any free one."""
        self.memory = Memory(store)
        self.clock = clock
        self.pictures = pictures
        self.board = Board()
        self.host, self.port = host, port
        self.pace = Pace(UNLIMITED)
        self._arrivals = {person: asyncio.Event() for person in PHONES}
        self._working: set[tuple[str, str]] = set()
        self._beat: Beat | None = None
        self._passing = asyncio.Lock()

    @property
    def url(self) -> str:
        """Where the page is."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104  compared, not bound
        return f"http://{f'[{host}]' if ':' in host and host[0] != '[' else host}:{self.port}"

    # What people do

    def say(self, phone: Phone, chat: str, text: str, file: File | None = None) -> None:
        """A person sends words, a command or a file."""
        screen: Screen = {"text": text} if text else {}
        upload = None
        if file:
            upload = Upload(self.memory.keep_upload(file), file.name, len(file.content))
            screen["file"] = {"reference": upload.reference, "name": upload.name, "type": picture_type(file.content)}
        event = self._event_of_words(phone, chat, text, upload)
        with self.memory.together():
            number = self.memory.add_event(phone.person, event) if event else None
            self._add(chat, phone.person, screen, event=number)
        self._arrived(phone, chat, is_event=bool(number))

    def press(self, phone: Phone, message: Message, data: str) -> bool:
        """A person presses a button; whether the data was of a button's form."""
        parsed = parse_data(data)
        if parsed is None:
            return False
        command, args, version = parsed
        body = {
            "kind": EventKind.PRESS,
            "command": command,
            "args": args,
            "version": version,
            "message": message.id,
            "has_media": "media" in message.screen,
        }
        self.memory.add_event(phone.person, body | self._circumstances(message.chat))
        self._arrived(phone, message.chat, is_event=True)
        return True

    def start(self, phone: Phone, payload: str = "") -> None:
        """A person opens their private chat with us, by a link with a payload or by its Start button."""
        body = {"kind": EventKind.COMMAND, "command": "start", "args": payload}
        is_opened = not self.memory.has_opened(phone.person)
        with self.memory.together():
            self.memory.open_private_chat(phone.person)
            number = self.memory.add_event(phone.person, body | self._circumstances(phone.person))
            self._add(phone.person, phone.person, {"text": "/start"}, event=number)
        self.show(phone, phone.person, is_opened=is_opened)
        self._arrived(phone, phone.person, is_event=True)

    def show(self, phone: Phone, chat: str, *, is_opened: bool = False) -> None:
        """A chat is opened on a person's phone; `is_opened` where that is the first time."""
        self.memory.show_chat(phone.person, chat, self.shown_chat(phone))
        self.board.tell(Shown(phone.person, chat, is_opened))

    def shown_chat(self, phone: Phone) -> str:
        return self.memory.shown_chat(phone.person, otherwise=GROUP)

    def role(self, phone: Phone) -> Role:
        """What a person is, as far as we were told."""
        told = self.memory.role(phone.person)
        return Role[told.upper()] if told else phone.role

    def is_working(self, person: str, chat: str) -> bool:
        """Whether the core is at work on something that a person did in a chat."""
        return (person, chat) in self._working

    # Time

    def let_time_pass(self, beat: Beat) -> None:
        """Nobody else lives by this clock: the page may move it on, from where it was left. `beat` does what is due."""
        self._beat = beat
        self.clock.shift(self.memory.ahead)

    @property
    def may_time_pass(self) -> bool:
        return self._beat is not None

    async def shift_clock(self, by: timedelta) -> None:
        """Let time pass in steps, so that what falls due on the way is told at its time."""
        if self._beat is None:
            raise Refused("others live by this clock")
        async with self._passing:
            while by:
                step = min(by, _STEP)
                by -= step
                self.memory.move_on(step)
                self.clock.shift(step)
                await self._beat()
                self.board.tell(Ticked())

    def _event_of_words(self, phone: Phone, chat: str, text: str, upload: Upload | None) -> dict[str, Any] | None:
        """What is handed to the core, None where people talk to each other."""
        files = upload and {"reference": upload.reference, "name": upload.name, "size_bytes": upload.size_bytes}
        found = None if upload else _COMMAND.fullmatch(text.strip())
        if found and (found[2] or USERNAME).lower() == USERNAME:
            body: dict[str, Any] = {"kind": EventKind.COMMAND, "command": found[1].lower(), "args": (found[3] or "").strip()}
        elif chat != GROUP or self.memory.waits_for_words(chat, phone.person):
            body = {"kind": EventKind.TEXT, "text": text, "upload": files}
        else:
            return None
        return body | self._circumstances(chat)

    def _circumstances(self, chat: str) -> dict[str, Any]:
        return {"chat": chat, "at": self.clock.now().isoformat()}

    def _arrived(self, phone: Phone, chat: str, *, is_event: bool) -> None:
        self.board.tell(Changed())
        if is_event:
            self._work(phone.person, chat, is_working=True)
            self._arrivals[phone.person].set()

    def _work(self, person: str, chat: str, *, is_working: bool) -> None:
        change = self._working.add if is_working else self._working.discard
        change((person, chat))
        self.board.tell(Typing(person, chat))

    def _add(self, chat: str, author: str, screen: Screen, *, event: int | None = None, asks: str = "", key: str = "") -> int:
        return self.memory.add_message(chat, author, screen, self.clock.now(), event=event, asks=asks, key=key)

    # What the core asks of a platform

    async def run(self, take: Take) -> None:
        """See `Platform.run`. Raises `CannotListen`."""
        listener = listen(self.host, self.port)
        self.port = listener.getsockname()[1]
        self.board.begin()
        async with asyncio.TaskGroup() as group:
            for phone in PHONES.values():
                group.create_task(self._hand_over(phone, take))
            group.create_task(serve(application(self), listener, self.board.end))

    async def _hand_over(self, phone: Phone, take: Take) -> None:
        """One person's events, in order; those of different people go side by side."""
        pause = 0.1
        while True:
            self._arrivals[phone.person].clear()
            waiting = self.memory.next_event(phone.person)
            if waiting is None:
                await self._arrivals[phone.person].wait()
                continue
            event = self._decode(phone, waiting)
            try:
                await take(event)
            except Exception:  # whatever it is: the event is not acknowledged, and comes again
                log.exception("event %s was not taken; it is handed over again in %.1f s", event.key, pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                pause = 0.1
                self.memory.acknowledge(waiting.id)
                self._work(phone.person, event.place.chat, is_working=False)
                self.board.tell(Changed())

    def _decode(self, phone: Phone, waiting: Waiting) -> Event:
        body = waiting.body
        is_group = body["chat"] == GROUP
        place = place_of(body["chat"])
        sender = Sender(PLATFORM, phone.person, phone.name, phone.language, phone.is_chat_admin if is_group else None)
        message = body.get("message", "")
        token = str(waiting.id) if body["kind"] == EventKind.PRESS else ""
        return Event(
            key=f"{PLATFORM}:{waiting.id}",
            kind=EventKind(body["kind"]),
            sender=sender,
            address=Address(place, phone.person, str(message), token, has_media=body.get("has_media", False)),
            at=datetime.fromisoformat(body["at"]),
            command=body.get("command", ""),
            args=body.get("args", ""),
            text=body.get("text", ""),
            version=body.get("version", 0),
            upload=Upload(**body["upload"]) if body.get("upload") else None,
        )

    async def answer(self, answer: Answer) -> None:
        address, reply = answer.address, answer.reply
        phone = self._phone(address.person)
        if address.token:
            self._acknowledge_press(phone, answer)
        if answer.delivered or (address.token and not _says_something(reply)):
            return
        chat = address.place.chat
        if reply.edit and address.message and self._redraw(chat, address.message, reply, asked=phone.person):
            return
        self._put(chat, reply, asked=phone.person, key=answer.key)

    def _acknowledge_press(self, phone: Phone, answer: Answer) -> None:
        if answer.reply.toast and not answer.delivered:
            self.board.tell(Toasted(phone.person, answer.reply.toast))
        if answer.reply.opens and not answer.delivered:
            self.start(phone, answer.reply.opens)

    async def send(self, place: Place, reply: Reply, key: str = "") -> str:
        return str(self._put(place.chat, reply, key=key and f"sent {key}"))

    async def edit(self, place: Place, message: str, reply: Reply) -> None:
        if not self._redraw(place.chat, message, reply):
            raise Gone(f"there is no message {message} of ours in {place.chat}")

    def bulk(self, reply: Reply) -> Bulk:
        """See `Broadcasting.bulk`."""
        return OneByOne(reply, self.pace, self.send, self.edit)

    def in_words(self, reply: Reply) -> str:
        """See `Broadcasting.in_words`."""
        return in_words(reply)

    async def fetch(self, upload: Upload) -> bytes:
        content = self.memory.upload(upload.reference)
        if content is None:
            raise Gone(f"upload {upload.reference} is not kept any more")
        return content

    async def close(self) -> None:
        self.board.end()
        self.memory.close()

    def _put(self, chat: str, reply: Reply, *, asked: str = "", key: str = "") -> int:
        """A new message of ours; one with the same key, where there is one already. Raises Unreachable."""
        if chat != GROUP and not self.memory.has_opened(self._phone(chat).person):
            raise Unreachable(f"{chat} has not opened the private chat")
        screen = screen_of(reply)
        if not _says_something(reply):
            screen["text"] = reply.toast
        message = self._add(chat, BOT, screen, asks=asked if _is_question(reply) else "", key=key)
        self._tell_of(chat, reply, asked)
        return message

    def _redraw(self, chat: str, message: str, reply: Reply, *, asked: str = "") -> bool:
        known = self.memory.message(int(message)) if message.isdecimal() else None
        if known is None or known.chat != chat or known.author != BOT:
            return False
        screen = redrawn(known.screen, reply)
        if screen != known.screen:
            self.memory.redraw(known.id, screen, self.clock.now(), asked if _is_question(reply) else "")
        self._tell_of(chat, reply, asked)
        return True

    def _tell_of(self, chat: str, reply: Reply, asked: str) -> None:
        self.board.tell(Changed())
        if asked:
            self.board.tell(Asked(asked, chat, reply.placeholder if reply.asks_text else "", reply.asks_photo))
        if reply.role and chat != GROUP:
            self.memory.set_role(chat, reply.role)
            self.board.tell(Ranked(chat))

    def _phone(self, person: str) -> Phone:
        with suppress(KeyError):
            return PHONES[person]
        raise Refused(f"there is no phone of {person!r}")


def _is_question(reply: Reply) -> bool:
    return reply.asks_text or reply.asks_photo


def _says_something(reply: Reply) -> bool:
    return bool(reply.text or reply.card or reply.media or reply.has_files or reply.rows)
