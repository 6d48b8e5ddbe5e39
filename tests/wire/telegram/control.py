"""Driving a fake that runs as a process of its own, over its `/control/` addresses."""

import asyncio
import time
from typing import TYPE_CHECKING, Any

from tests.wire.telegram.faults import Fault, Limits
from tests.wire.telegram.people import Person
from tests.wire.telegram.world import Message

if TYPE_CHECKING:
    from tests.wire.telegram.server import TelegramWire


def install(wire: "TelegramWire") -> None:
    """Offer the control addresses; each takes one JSON object and answers with JSON."""
    control = _Control(wire)
    wire.extra_routes = {
        name: getattr(control, name)
        for name in (
            "person",
            "group",
            "says",
            "photo",
            "presses",
            "messages",
            "press",
            "state",
            "fails",
            "configure",
            "drive",
            "calls",
        )
    }


class _Control:
    def __init__(self, wire: "TelegramWire") -> None:
        self._wire = wire

    def person(self, p: dict[str, Any]) -> int:
        """{first_name, language, started, with_id}: their id."""
        return self._wire.person(**p).id

    def group(self, p: dict[str, Any]) -> int:
        """{title, members, admins, kind, bot}: the chat's id."""
        members = [self._person(person) for person in p.get("members", [])]
        admins = tuple(self._person(person) for person in p.get("admins", []))
        return self._wire.group(
            p["title"], *members, admins=admins, kind=p.get("kind", "group"), bot=p.get("bot", "member")
        ).id

    def says(self, p: dict[str, Any]) -> int:
        """{person, text, chat}: the message's id."""
        return self._person(p["person"]).says(p["text"], self._wire.world.chats[p["chat"]] if p.get("chat") else None).id

    def photo(self, p: dict[str, Any]) -> int:
        """{person, hex, caption}: the message's id."""
        return self._person(p["person"]).sends_photo(bytes.fromhex(p["hex"]), p.get("caption", "")).id

    def presses(self, p: dict[str, Any]) -> str:
        """{person, chat, message, label or data}: the press's id."""
        message = self._wire.world.chats[p["chat"]].messages[p["message"]]
        return self._person(p["person"]).presses(message, p.get("label", ""), data=p.get("data")).id

    def press(self, p: dict[str, Any]) -> dict[str, Any]:
        """{id}: what became of a press."""
        query = self._wire.world.queries[p["id"]]
        seconds = query.answered_at - query.pressed_at if query.answered_at is not None else None
        return {"toast": query.toast, "url": query.url, "seconds": seconds}

    def messages(self, p: dict[str, Any]) -> list[dict[str, Any]]:
        """{chat}: what stands there, as the Bot API tells it."""
        return [message.to_json() for message in self._wire.world.chats[p["chat"]].seen()]

    def state(self, _: dict[str, Any]) -> dict[str, Any]:
        """How many updates wait and were handed out, and how often each method was called."""
        return {
            "pending": len(self._wire.updates.pending),
            "delivered": self._wire.updates.delivered,
            "counts": self._wire.counts,
        }

    def calls(self, p: dict[str, Any]) -> list[dict[str, Any]]:
        """{method}: its calls with their times, parameters and outcomes."""
        return [
            {"at": call.at, "parameters": call.parameters, "status": call.status, "description": call.description}
            for call in self._wire.called(p["method"])
        ]

    def fails(self, p: dict[str, Any]) -> None:
        """{method, kind, times, after_effect, retry_after}: plan a fault."""
        self._wire.fails(p.get("method", ""), Fault(p["kind"]), p.get("times", 1), after_effect=p.get("after_effect", False))

    def configure(self, p: dict[str, Any]) -> None:
        """{strict, keeps_log, privacy, hang_seconds, query_lifetime_seconds, limits}: set what is given."""
        for name in ("strict", "keeps_log", "privacy", "hang_seconds", "query_lifetime_seconds"):
            if name in p:
                setattr(self._wire, name, p[name])
        if "limits" in p:
            given = p["limits"]
            self._wire.limit(
                None if given is None else Limits(chat=given["chat"], group=given["group"], overall=given["overall"])
            )

    async def drive(self, p: dict[str, Any]) -> dict[str, Any]:
        """{presses: [[person, chat, message, data], …], at_once, within_seconds}: press them all, so many at once.

        Answers with the whole time, and with each press's time, toast and link in the order given; null stands for a press
        that nobody answered in time.
        """
        todo = list(enumerate(p["presses"]))[::-1]
        results: list[list[Any] | None] = [None] * len(todo)

        async def one_after_another() -> None:
            while todo:
                index, (person, chat, message, data) = todo.pop()
                results[index] = await self._press_and_wait(person, chat, message, data, p.get("within_seconds", 30.0))

        started = time.perf_counter()
        await asyncio.gather(*(one_after_another() for _ in range(p.get("at_once", 1))))
        return {"seconds": time.perf_counter() - started, "presses": results}

    async def _press_and_wait(self, person: int, chat_id: int, message_id: int, data: str, within: float) -> list[Any] | None:
        wire = self._wire
        chat = wire.world.chats[chat_id]
        message = chat.messages.get(message_id) or Message(message_id, chat, wire.world.bot, text="…")
        query = wire.press(wire.world.people[person], message, data)
        try:
            await asyncio.wait_for(wire.answered(query), within)
        except TimeoutError:
            return None
        return [(query.answered_at or 0.0) - query.pressed_at, query.toast, query.url]

    def _person(self, person: int) -> Person:
        return Person(self._wire, self._wire.world.people[person])
