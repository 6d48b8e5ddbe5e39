"""Discord's addresses on the loopback: reads a request, lets the world change, answers; goes wrong where a test planned it."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from tests.wire.discord import spec
from tests.wire.discord.commands import Commands
from tests.wire.discord.faults import Fault, Limits, PlannedFault, limited, unlimited_headers
from tests.wire.discord.gateway import Gateway
from tests.wire.discord.interactions import Interactions
from tests.wire.discord.people import Person
from tests.wire.discord.permissions import Permission
from tests.wire.discord.posting import Posting
from tests.wire.discord.reading import Reading
from tests.wire.discord.refusal import Refusal, not_found, refuse_flaws, unauthorized
from tests.wire.discord.rest import Request, Table
from tests.wire.discord.stage import Stage
from tests.wire.discord.world import Channel, Guild, Interaction, Role, User, World
from tests.wire.loopback import Loopback, cut, json_response

TOKEN: Final = "MTI0NTAwMDAwMDAwMDAwMDAx.Gfake0.test-token-of-the-fake"
BOT_ID: Final = 124_500_000_000_000_001
_API: Final = "/api/v10"
_LARGEST_REQUEST_BYTES: Final = 110 * 1024 * 1024
_BY_TOKEN: Final = ("/interactions/", "/webhooks/")
"""What begins so needs no authorization and does not count in the overall limit."""


@dataclass(slots=True)
class Call:
    """One call of the bot."""

    at: float
    """On the monotonic clock."""
    route: str
    path: str
    body: Any
    status: int = 0
    code: int = 0
    description: str = ""


class DiscordWire(Loopback, Stage):
    """Discord's REST API, gateway and CDN on 127.0.0.1, and the world behind them."""

    def __init__(self, port: int = 0, token: str = TOKEN, *, strict: bool = True) -> None:
        """`strict` checks every body against the published OpenAPI description, where there is a copy."""
        Loopback.__init__(self, port, largest_request_bytes=_LARGEST_REQUEST_BYTES)
        Stage.__init__(self)
        self.token = token
        self.strict = strict
        self.calls: list[Call] = []
        self.counts: Counter[str] = Counter()
        self.limits: Limits | None = None
        self.world = World(User(BOT_ID, "himma", "Himma", is_bot=True))
        self.world.users[BOT_ID] = self.world.bot
        self.gateway = Gateway(self.world, token, self._changed)
        self.posting = Posting(self.world, self.gateway)
        self.interactions = Interactions(self.world, self.gateway, self.posting)
        self.commands = Commands(self.world)
        self._faults: list[PlannedFault] = []
        self._delays: dict[str, float] = {}
        self._table = self._addresses()

    def _addresses(self) -> Table:
        table = Table()
        channel, by_token = "/channels/{channel_id}", "/webhooks/{webhook_id}/{webhook_token}"
        posting, interactions = self.posting, self.interactions
        table.add(f"POST {channel}/messages", posting.create)
        table.add(f"GET {channel}/messages", posting.read)
        table.add(f"GET {channel}/messages/{{message_id}}", posting.get)
        table.add(f"PATCH {channel}/messages/{{message_id}}", posting.edit)
        table.add(f"DELETE {channel}/messages/{{message_id}}", posting.delete)
        table.add(f"POST {channel}/typing", posting.typing)
        table.add("POST /users/@me/channels", posting.open_dm)
        table.add("POST /interactions/{interaction_id}/{interaction_token}/callback", interactions.callback)
        table.add(f"POST {by_token}", interactions.follow_up)
        for which in ("@original", "{message_id}"):
            table.add(f"GET {by_token}/messages/{which}", interactions.get)
            table.add(f"PATCH {by_token}/messages/{which}", interactions.edit)
            table.add(f"DELETE {by_token}/messages/{which}", interactions.delete)
        Reading(self.world, self.gateway, posting, self.commands).register(table)
        return table

    # Being a server

    async def start(self) -> None:
        await super().start()
        self.gateway.url, self.world.cdn = self.gateway_url, self.url

    async def close(self) -> None:
        self.gateway.drop()
        await asyncio.sleep(0)
        await super().close()

    @property
    def api_url(self) -> str:
        """What a client puts before `/channels/…`."""
        return f"{self.url}{_API}"

    @property
    def gateway_url(self) -> str:
        return f"ws://127.0.0.1:{self._port}/gateway/"

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if path.startswith(f"{_API}/"):
            return await self._serve(request, path.removeprefix(_API))
        if path.startswith("/gateway"):
            return await self.gateway.serve(request)
        if path.startswith(("/attachments/", "/ephemeral-attachments/")):
            return self._cdn(path)
        if path.startswith("/control/") and path.removeprefix("/control/") in self.extra_routes:
            return await self._control(request, path.removeprefix("/control/"))
        return _refused(not_found())

    def _cdn(self, path: str) -> web.Response:
        part = path.split("/")[3]
        file = self.world.files.get(int(part)) if part.isdigit() else None
        if file is None:
            return web.Response(status=404, text="This content is no longer available.")
        body = file.data if file.announced_bytes is None else file.data.ljust(file.announced_bytes, b"\0")
        return web.Response(body=body, content_type=file.content_type)

    async def _serve(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        r = Request(request.method, path, query=dict(request.query), token=request.headers.get("Authorization", ""))
        handler = self._table.find(r)
        self.counts[r.route] += 1
        call = Call(time.monotonic(), r.route or f"{r.method} ?", path, None)
        if self.keeps_log:
            self.calls.append(call)
        headers: dict[str, str] = {}
        try:
            headers = self._count(r)
            await _read(request, r)
            call.body = r.body
            fault = self._fault(r.route)
            if fault and not fault.after_effect:
                return await self._go_wrong(request, fault)
            result = self._do(r, handler)
            if self._delays and r.route in self._delays:
                await asyncio.sleep(self._delays[r.route])
            if fault:
                return await self._go_wrong(request, fault)
        except Refusal as refusal:
            call.status, call.code, call.description = refusal.status, refusal.code, json.dumps(refusal.to_json())
            if self.limits and refusal.status in {401, 403, 429}:
                self.limits.count_invalid()
            return _refused(refusal, headers)
        finally:
            self._changed()
        status, told = result if isinstance(result, tuple) else (204 if result is None else 200, result)
        call.status = status
        return _json_response(status, None if told is None else json.dumps(told), headers)

    def _count(self, r: Request) -> dict[str, str]:
        by_token = r.path.startswith(_BY_TOKEN)
        if not by_token and r.token != f"Bot {self.token}" and r.route != "GET /gateway":
            raise unauthorized()
        if self.limits is None:
            return {} if r.route.startswith("POST /interactions/") else unlimited_headers(r.route)
        major = "/".join(r.path.split("/")[1:4] if r.path.startswith("/webhooks/") else r.path.split("/")[1:3])
        return self.limits.count(r.route, major, is_exempt=by_token)

    def _do(self, r: Request, handler: Callable[[Request], Any] | None) -> Any:
        if handler is None:
            raise not_found()
        if self.strict and r.method != "GET":
            refuse_flaws(spec.check(r.method, r.route.split(" ")[1], r.body))
        return handler(r)

    # Going wrong

    def fails(
        self,
        route: str = "",
        kind: Fault = Fault.INTERNAL,
        times: int = 1,
        *,
        after_effect: bool = False,
        retry_after: float = 0.2,
    ) -> None:
        """Plan what happens to the next calls whose route begins so: `POST /channels/{channel_id}/messages`, `PATCH`, all."""
        self._faults.append(PlannedFault(route, kind, times, after_effect, retry_after))

    def _fault(self, route: str) -> PlannedFault | None:
        for fault in self._faults:
            if route.startswith(fault.route):
                fault.times -= 1
                if not fault.times:
                    self._faults.remove(fault)
                return fault
        return None

    async def _go_wrong(self, request: web.BaseRequest, fault: PlannedFault) -> web.StreamResponse:
        match fault.kind:
            case Fault.INTERNAL:
                raise Refusal(500, 0, "500: Internal Server Error")
            case Fault.BAD_GATEWAY | Fault.UNAVAILABLE:
                return web.Response(status=int(fault.kind), text="<html>upstream error</html>", content_type="text/html")
            case Fault.LIMITED | Fault.LIMITED_GLOBALLY:
                raise limited(fault.retry_after, everywhere=fault.kind is Fault.LIMITED_GLOBALLY)
            case Fault.TIMEOUT:
                await asyncio.sleep(self.hang_seconds)
        return cut(request)

    def slow(self, route: str, seconds: float) -> None:
        """From now on the answers of a route take that long to come, after their effect."""
        self._delays[route] = seconds

    def limit(self, limits: Limits | None) -> None:
        """Switch rate limits on, or off with None."""
        self.limits = limits

    def shift(self, seconds: float) -> None:
        """Let time pass for tokens, deadlines and nonces."""
        self.world.shifted_seconds += seconds

    @property
    def acknowledge_seconds(self) -> float:
        """How long after an act it can be acknowledged."""
        return self.interactions.acknowledge_seconds

    # Waiting

    async def connected(self, shards: int = 1, within_seconds: float = 5.0) -> None:
        """Wait until so many sessions have a connection."""
        await self.until(lambda: len(self.gateway.connected) >= shards, within_seconds, "nobody connected")

    async def answered(self, made: Interaction) -> None:
        """Wait until an act is complete, for however long; many may wait side by side."""
        await self.interactions.completed(made)

    def called(self, route: str) -> list[Call]:
        """The calls whose route begins so, oldest first."""
        return [call for call in self.calls if call.route.startswith(route)]

    # The world

    def person(self, name: str, locale: str = "en-US", *, with_id: int = 0) -> Person:
        """Somebody new, whose app is in this language."""
        return Person(self, self.user(name, locale, with_id=with_id))

    def guild(
        self,
        name: str,
        *members: Person,
        managers: tuple[Person, ...] = (),
        locale: str = "en-US",
        bot: bool = True,
        grants: int = 0,
    ) -> Guild:
        """A guild with these people; the managers may manage the server, and the first owns it. `grants` is the bot's own."""
        users, bosses = (tuple(person.user for person in people) for people in (members, managers))
        return self.make_guild(name, users, bosses, locale=locale, bot=bot, grants=grants)

    def role(self, guild: Guild, name: str, *people: Person, grants: int = 0, mentionable: bool = False) -> Role:
        role = self.add_role(guild, name, grants, mentionable=mentionable)
        for person in people:
            self.give_role(guild, person.user, role)
        return role

    def readable_by(self, channel: Channel, *people: Person) -> None:
        """Hide a channel from everybody but these and the bot."""
        assert channel.guild is not None
        self.permit(channel, Permission.VIEW_CHANNEL)
        for person in people:
            self.permit(channel, Permission.VIEW_CHANNEL, whom=person.user)
        self.forbid(channel, Permission.VIEW_CHANNEL, whom=channel.guild.roles[channel.guild.id])


async def _read(request: web.BaseRequest, r: Request) -> None:
    """The body, from JSON or from a form with files."""
    if request.content_type == "multipart/form-data":
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                r.files[name.removeprefix("files[").removesuffix("]")] = (value.filename, value.file.read())
            elif name == "payload_json":
                r.body = json.loads(str(value))
    elif body := await request.read():
        try:
            r.body = json.loads(body)
        except ValueError:
            raise Refusal(400, 50109, "The request body contains invalid JSON.") from None


def _refused(refusal: Refusal, headers: dict[str, str] | None = None) -> web.Response:
    if refusal.message == "error code: 1015":
        return web.Response(status=429, text=refusal.message)
    return _json_response(refusal.status, json.dumps(refusal.to_json()), (headers or {}) | refusal.headers)


def _json_response(status: int, text: str | None, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, headers=headers) if text is None else json_response(status, text, headers)
