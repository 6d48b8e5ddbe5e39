"""Somebody on another platform: their events reach the same core by themselves, and its answers are looked at as they are."""

import itertools
import re
from dataclasses import dataclass

from sqlalchemy import select

from handlers.stored import load_place, load_reply
from handlers.types import Address, Answer, ChatKind, Event, EventKind, Place, Sender
from models.delivery import Outbox
from tests.dialogue import Talk, plain

CODE = re.compile(r"(?:[a-z0-9]{4}-){2}[a-z0-9]{4}")
_keys = itertools.count(1)


@dataclass
class Elsewhere:
    """Somebody with an account on another platform, whose events reach the same core by themselves."""

    talk: Talk
    id: str
    chat: str = "c1"
    title: str = "Helpers"
    is_admin: bool | None = False
    roles: frozenset[str] = frozenset()
    kind: ChatKind = ChatKind.GROUP

    async def says(self, text: str) -> Answer:
        command, _, args = text.removeprefix("/").partition(" ")
        return await self._does(EventKind.COMMAND, command, args)

    async def presses(self, data: str) -> Answer:
        command, args, version = data.split(":")
        return await self._does(EventKind.PRESS, command, args, int(version))

    async def _does(self, kind: EventKind, command: str, args: str, version: int = 0) -> Answer:
        is_group = self.kind is not ChatKind.PRIVATE
        place = Place("discord", self.chat if is_group else self.id, self.kind, self.title, whispers=is_group)
        sender = Sender(
            "discord", self.id, self.id.capitalize(), "en-US",
            is_chat_admin=self.is_admin if is_group else None, private_chat=self.id, chat_roles=self.roles,
        )  # fmt: skip
        address = Address(place, self.id, token="t")
        event = Event(
            f"discord:{next(_keys)}", kind, sender, address, self.talk.clock.now(),
            command=command, args=args, version=version,
        )  # fmt: skip
        answer = await self.talk.core.edge.handle(event)
        await self.talk.settle()
        return answer

    async def hears(self) -> list[str]:
        """What is on its way into their private chat."""
        rows = await self.talk.rows(select(Outbox.place, Outbox.reply).where(Outbox.platform == "discord").order_by(Outbox.id))
        return [plain(load_reply(reply).text) for place, reply in rows if load_place(place).chat == self.id]


def code_in(text: str) -> str:
    found = CODE.search(text)
    assert found, text
    return found[0]


def text_of(answer: Answer) -> str:
    return plain(answer.reply.text)
