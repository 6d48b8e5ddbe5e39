"""The Bot API's address: reads a request, lets the world change, answers; and goes wrong where a test planned it."""

import asyncio
import itertools
import json
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from tests.wire.loopback import Loopback, cut, json_response
from tests.wire.telegram import spec
from tests.wire.telegram.faults import Fault, Limits, PlannedFault, flood
from tests.wire.telegram.methods import Methods, not_found
from tests.wire.telegram.people import Person, file_bytes
from tests.wire.telegram.refusal import Refusal
from tests.wire.telegram.updates import Updates
from tests.wire.telegram.world import BOT_FIRST_NAME, Chat, Message, Query, World

TOKEN: Final = "4242:test-token-of-the-fake"
_LARGEST_REQUEST_BYTES: Final = 60 * 1024 * 1024


@dataclass(slots=True)
class Call:
    """One call of the bot."""

    at: float
    """On the monotonic clock."""
    method: str
    parameters: dict[str, Any]
    status: int = 0
    description: str = ""


class TelegramWire(Loopback):
    """A Bot API server on 127.0.0.1 and the world behind it."""

    def __init__(self, port: int = 0, token: str = TOKEN, username: str = "himma_bot", *, strict: bool = True) -> None:
        """`strict` checks every request against the published description of the Bot API, where there is a copy."""
        super().__init__(port, largest_request_bytes=_LARGEST_REQUEST_BYTES)
        self.token = token
        self.strict = strict
        self.privacy = True
        self.calls: list[Call] = []
        self.counts: Counter[str] = Counter()
        self.faults: list[PlannedFault] = []
        self.delays: dict[str, float] = {}
        bot = {"id": int(token.split(":", maxsplit=1)[0]), "is_bot": True, "first_name": BOT_FIRST_NAME, "username": username}
        self.world = World(bot)
        self.methods = Methods(self.world)
        self.updates = Updates(self._changed)
        self._presses: dict[str, asyncio.Future[None]] = {}
        self._ids = itertools.count(1)

    # Being a server

    async def close(self) -> None:
        self.updates.close()
        await super().close()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        prefix, _, method = request.path.rpartition("/")
        if prefix == f"/bot{self.token}":
            return await self._serve(request, method)
        if request.path.startswith(f"/file/bot{self.token}/"):
            file = self.world.files.get(method)
            return web.Response(body=file_bytes(file)) if file else json_response(404, '{"ok":false,"error_code":404}')
        if prefix == "/control" and method in self.extra_routes:
            return await self._control(request, method)
        return _refused(Refusal(401, "Unauthorized") if prefix.startswith("/bot") else not_found())

    async def _serve(self, request: web.BaseRequest, method: str) -> web.StreamResponse:
        self.counts[method] += 1
        parameters = await _read(request, method)
        call = Call(time.monotonic(), method, parameters)
        if self.keeps_log:
            self.calls.append(call)
        fault = self._fault(method)
        try:
            if fault and not fault.after_effect:
                return await self._go_wrong(request, fault)
            result = await self._do(method, parameters)
            if method in self.delays:
                await asyncio.sleep(self.delays[method])
            if fault:
                return await self._go_wrong(request, fault)
        except Refusal as refusal:
            call.status, call.description = refusal.code, refusal.description
            return _refused(refusal)
        finally:
            self._changed()
        call.status = 200
        return json_response(200, f'{{"ok":true,"result":{result}}}')

    async def _do(self, method: str, parameters: dict[str, Any]) -> str:
        if self.strict:
            spec.check(method, parameters)
        if method == "answerCallbackQuery":
            self.methods.table[method](parameters)
            if (waiter := self._presses.pop(parameters["callback_query_id"], None)) and not waiter.done():
                waiter.set_result(None)
            return "true"
        if method == "getUpdates":
            return await self.updates.get(parameters)
        if method == "setWebhook":
            return json.dumps(self.updates.set_webhook(parameters))
        if method == "deleteWebhook":
            return json.dumps(self.updates.delete_webhook(parameters))
        if method == "getWebhookInfo":
            return json.dumps(self.updates.webhook_info())
        if method not in self.methods.table:
            raise not_found()
        return json.dumps(self.methods.table[method](parameters))

    # Going wrong

    def fails(
        self,
        method: str = "",
        kind: Fault = Fault.INTERNAL,
        times: int = 1,
        *,
        after_effect: bool = False,
        retry_after: int = 1,
    ) -> None:
        """Plan what happens to the next calls of a method (of any, where it is empty)."""
        self.faults.append(PlannedFault(method, kind, times, after_effect, retry_after))

    def _fault(self, method: str) -> PlannedFault | None:
        for fault in self.faults:
            if fault.method in {"", method}:
                fault.times -= 1
                if not fault.times:
                    self.faults.remove(fault)
                return fault
        return None

    async def _go_wrong(self, request: web.BaseRequest, fault: PlannedFault) -> web.StreamResponse:
        match fault.kind:
            case Fault.INTERNAL:
                raise Refusal(500, "Internal Server Error")
            case Fault.BAD_GATEWAY:
                return web.Response(status=502, text="<html>502 Bad Gateway</html>", content_type="text/html")
            case Fault.FLOOD:
                raise flood(fault.retry_after)
            case Fault.TIMEOUT:
                await asyncio.sleep(self.hang_seconds)
        return cut(request)

    def slow(self, method: str, seconds: float) -> None:
        """From now on a method's answers take that long to come."""
        self.delays[method] = seconds

    def limit(self, limits: Limits | None) -> None:
        """Switch Telegram's flood limits on, or off with None."""
        self.methods.limits = limits

    @property
    def query_lifetime_seconds(self) -> float:
        """How long after a press it can be answered."""
        return self.methods.query_lifetime_seconds

    @query_lifetime_seconds.setter
    def query_lifetime_seconds(self, seconds: float) -> None:
        self.methods.query_lifetime_seconds = seconds

    # Waiting

    async def acknowledged(self, within_seconds: float = 5.0) -> None:
        """Wait until no update waits for its acknowledgement."""
        await self.until(lambda: not self.updates.pending, within_seconds, f"not acknowledged: {self.updates.pending}")

    async def answered(self, query: Query) -> None:
        """Wait until a press is answered, for however long; many may wait side by side."""
        waiter = self._presses[query.id] = asyncio.get_running_loop().create_future()
        await waiter

    def called(self, method: str) -> list[Call]:
        """The calls of one method, oldest first."""
        return [call for call in self.calls if call.method == method]

    # The world

    def person(
        self, first_name: str, last_name: str = "", language: str = "", *, started: bool = False, with_id: int = 0
    ) -> Person:
        """Somebody new. `started` makes them one who wrote to the bot before."""
        user: dict[str, Any] = {"id": with_id or 100_000 + next(self._ids), "is_bot": False, "first_name": first_name}
        user |= {key: value for key, value in (("last_name", last_name), ("language_code", language)) if value}
        self.world.people[user["id"]] = user
        self.world.chats[user["id"]] = Chat(user["id"], "private", person=user)
        if started:
            self.world.started.add(user["id"])
        return Person(self, user)

    def group(
        self, title: str, *members: Person, admins: tuple[Person, ...] = (), kind: str = "group", bot: str = "member"
    ) -> Chat:
        """A group (or `supergroup`, or `channel`) with these people; the bot is in it unless `bot` is `left`."""
        number = next(self._ids)
        chat_id = -(1_000_000_000_000 + number) if kind != "group" else -(5000 + number)
        chat = Chat(chat_id, kind, title)
        chat.members = {person.id: "member" for person in members} | {person.id: "administrator" for person in admins}
        if admins:
            chat.members[admins[0].id] = "creator"
        chat.members[self.world.bot["id"]] = bot
        self.world.chats[chat.id] = chat
        return chat

    def topic(self, chat: Chat, name: str) -> int:
        """A new topic in a supergroup."""
        topic = self.world.new_id()
        chat.topics[topic] = name
        return topic

    def migrate(self, chat: Chat) -> Chat:
        """Turn a group into a supergroup: it goes on under another id, and the old one tells so."""
        new = self.group(chat.title, kind="supergroup")
        new.members = dict(chat.members)
        people = [self.world.people[person] for person, status in chat.members.items() if status == "creator"]
        actor = people[0] if people else next(iter(self.world.people.values()))
        told = Message(self.world.new_id(), chat, actor, extra={"migrate_to_chat_id": new.id})
        chat.migrated_to = new.id
        self.updates.add("message", self.world.add_message(told).to_json())
        told = Message(self.world.new_id(), new, actor, extra={"migrate_from_chat_id": chat.id})
        self.updates.add("message", self.world.add_message(told).to_json())
        return new

    def delete(self, message: Message) -> None:
        """Somebody deletes a message."""
        message.is_deleted = True

    def press(self, user: dict[str, Any], message: Message, data: str, **extra: Any) -> Query:
        """A press as the wire tells it; `Person.presses` reads better."""
        query = Query(str(7_000_000_000_000_000 + next(self._ids)), user["id"], time.monotonic())
        self.world.queries[query.id] = query
        told = {"id": query.id, "from": user, "chat_instance": "1", "data": data, "message": message.to_json()}
        if message.is_deleted:
            told["message"] = {"chat": message.chat.to_json(), "message_id": message.id, "date": 0}
        self.updates.add("callback_query", told | extra)
        return query

    def change_bot_status(self, chat: Chat, actor: dict[str, Any], status: str) -> None:
        old = chat.members.get(self.world.bot["id"], "left")
        chat.members[self.world.bot["id"]] = status
        self.tell_membership(chat, actor, old, status)

    def tell_membership(self, chat: Chat, actor: dict[str, Any], old: str, new: str) -> None:
        """The update that tells the bot what it became in a chat."""
        bot = self.world.bot["id"]
        before, after = (self.methods.member(Chat(0, "", members={bot: status}), bot) for status in (old, new))
        told = {
            "chat": chat.to_json(),
            "from": actor,
            "date": int(time.time()),
            "old_chat_member": before,
            "new_chat_member": after,
        }
        self.updates.add("my_chat_member", told)


async def _read(request: web.BaseRequest, method: str) -> dict[str, Any]:
    """The parameters, from JSON or from a form, whose values are JSON wherever the parameter is no string."""
    if request.content_type == "application/json":
        body = await request.read()
        return json.loads(body) if body else {}
    parameters: dict[str, Any] = dict(request.query)
    for name, value in (await request.post()).items():
        parameters[name] = spec.Upload(value.filename, value.file.read()) if isinstance(value, web.FileField) else value
    return {name: _from_form(name, value) for name, value in parameters.items()}


_PLAIN: Final = frozenset(
    {"text", "caption", "parse_mode", "callback_query_id", "file_id", "url", "secret_token", "language_code"}
)


def _from_form(name: str, value: Any) -> Any:
    if name in _PLAIN or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _refused(refusal: Refusal) -> web.Response:
    told: dict[str, Any] = {"ok": False, "error_code": refusal.code, "description": refusal.description}
    if refusal.parameters:
        told["parameters"] = refusal.parameters
    return json_response(refusal.code, json.dumps(told))
