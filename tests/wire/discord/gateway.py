"""The gateway: sessions that are identified, kept alive, cut and resumed. https://discord.com/developers/docs/events/gateway."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import WSMsgType, web

from tests.wire.discord.sessions import Intent, Session, Socket
from tests.wire.discord.world import Guild, World

HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME, RECONNECT = 1, 2, 3, 4, 6, 7
MEMBERS, INVALID, HELLO, ACK = 8, 9, 10, 11
PRIVILEGED: Final = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT
_KNOWN_INTENTS: Final = (1 << 26) - 1
_LARGEST_PAYLOAD: Final = 4096


class _Close(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class _PlannedDrop:
    event: str
    delivered: bool


class Gateway:
    """All sessions of the bot."""

    def __init__(self, world: World, token: str, changed: Callable[[], None]) -> None:
        self.granted = Intent.NONE
        """The privileged intents that the app may ask for."""
        self.heartbeat_seconds = 41.25
        self.compresses = True
        self.recommended_shards = 1
        self.repeats = 0
        """How many events a resumed client gets again although it had them."""
        self.sessions: dict[str, Session] = {}
        self.identified = 0
        self.resumed = 0
        self.heartbeats = 0
        self.url = ""
        self._world = world
        self._token = token
        self._changed = changed
        self._sockets: set[Socket] = set()
        self._drops: list[_PlannedDrop] = []

    # Telling what happened

    def dispatch(
        self,
        name: str,
        data: dict[str, Any],
        *,
        shard_key: int = 0,
        needs: Intent = Intent.NONE,
        bare: dict[str, Any] | None = None,
    ) -> int:
        """Tell every session that may hear it; how many did. `bare` is told to those without the content intent."""
        body, bare_body, told = "", "", 0
        for session in list(self.sessions.values()):
            if not session.hears(shard_key, needs):
                continue
            told += 1
            if bare is not None and not session.intents & Intent.MESSAGE_CONTENT:
                bare_body = bare_body or json.dumps(bare)
                self._hand_out(session, name, bare_body)
            else:
                body = body or json.dumps(data)
                self._hand_out(session, name, body)
        return told

    def _hand_out(self, session: Session, name: str, body: str) -> None:
        text = session.push(name, body)
        socket = session.socket
        drop = next((drop for drop in self._drops if drop.event == name), None) if self._drops else None
        if socket is None:
            return
        if drop is None or drop.delivered:
            session.delivered += 1
            socket.send(text)
        if drop is not None:
            self._drops.remove(drop)
            session.socket = None
            socket.abort()

    def tell_guild(self, guild: Guild, *, joined: bool) -> None:
        """GUILD_CREATE; where the bot has just joined, it does not say that the guild was unavailable."""
        for session in list(self.sessions.values()):
            if session.hears(guild.id, Intent.GUILDS):
                self._tell_guild(session, guild, joined=joined)

    def _tell_guild(self, session: Session, guild: Guild, *, joined: bool = False) -> None:
        told = guild.to_event(with_members=bool(session.intents & Intent.GUILD_MEMBERS))
        self._hand_out(session, "GUILD_CREATE", json.dumps(told if joined else told | {"unavailable": False}))

    # Going wrong

    def drop(self) -> None:
        """Cut every connection; their sessions can be resumed."""
        for socket in self._sockets:
            socket.abort()
        for session in self.sessions.values():
            session.socket = None

    def drops_at(self, event: str, *, delivered: bool = True) -> None:
        """Cut the connection at the next event of this name: right after it was sent, or instead of sending it."""
        self._drops.append(_PlannedDrop(event, delivered))

    def reconnect(self) -> None:
        """Ask every client to reconnect and resume."""
        for session in self.sessions.values():
            if session.socket:
                session.socket.say(RECONNECT)

    def invalidate(self, *, resumable: bool = False) -> None:
        """Tell every client that its session is invalid; unless resumable, the sessions are gone."""
        for session in list(self.sessions.values()):
            if session.socket:
                session.socket.say(INVALID, resumable)
            if not resumable:
                del self.sessions[session.id]

    def forget(self) -> None:
        """Forget every session silently: whoever resumes is told that it is invalid."""
        self.sessions.clear()

    def close(self, code: int) -> None:
        """Close every connection with this code."""
        for session in self.sessions.values():
            if session.socket:
                session.socket.close(code)

    @property
    def connected(self) -> list[Session]:
        return [session for session in self.sessions.values() if session.socket is not None]

    # Being a server

    async def serve(self, request: web.BaseRequest) -> web.WebSocketResponse:
        websocket = web.WebSocketResponse(compress=False, max_msg_size=1 << 20)
        await websocket.prepare(request)
        socket = Socket(websocket, request, request.query.get("compress", "") if self.compresses else "")
        self._sockets.add(socket)
        try:
            await self._talk(socket, request)
        except _Close as close:
            socket.close(close.code)
            await socket.emptied()
        finally:
            self._sockets.discard(socket)
            self._let_go(socket)
            await socket.end()
            self._changed()
        return websocket

    def _let_go(self, socket: Socket) -> None:
        session = socket.session
        if session is not None and session.socket is socket:
            session.socket = None
            if socket.websocket.close_code in {1000, 1001}:
                self.sessions.pop(session.id, None)

    async def _talk(self, socket: Socket, request: web.BaseRequest) -> None:
        if request.query.get("v") not in {"10", None} or request.query.get("encoding", "json") != "json":
            raise _Close(4012)
        socket.say(HELLO, {"heartbeat_interval": int(self.heartbeat_seconds * 1000), "_trace": []})
        while True:
            try:
                message = await socket.websocket.receive(timeout=self.heartbeat_seconds * 1.5)
            except TimeoutError:
                raise _Close(4009) from None
            if message.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
                return
            self._heed(socket, _parse(message.data))
            self._changed()

    def _heed(self, socket: Socket, payload: dict[str, Any]) -> None:
        op, data = payload["op"], payload.get("d")
        if op == HEARTBEAT:
            self.heartbeats += 1
            socket.say(ACK)
        elif op in {IDENTIFY, RESUME}:
            if socket.session is not None:
                raise _Close(4005)
            if not isinstance(data, dict) or data.get("token") != self._token:
                raise _Close(4004)
            (self._identify if op == IDENTIFY else self._resume)(socket, data)
        elif socket.session is None:
            raise _Close(4003)
        elif op == MEMBERS:
            self._members(socket.session, data or {})
        elif op not in {PRESENCE, VOICE}:
            raise _Close(4001)

    def _identify(self, socket: Socket, data: dict[str, Any]) -> None:
        shard, shards = data.get("shard", (0, 1))
        intents = data.get("intents", 0)
        if not 0 <= shard < shards:
            raise _Close(4010)
        if not 0 <= intents <= _KNOWN_INTENTS:
            raise _Close(4013)
        if intents & PRIVILEGED & ~self.granted:
            raise _Close(4014)
        session = socket.session = Session(Intent(intents), shard, shards, socket=socket)
        self.sessions[session.id] = session
        self.identified += 1
        guilds = [guild for guild in self._world.guilds.values() if guild.has_bot and session.hears(guild.id, Intent.NONE)]
        bot = self._world.bot
        ready = {
            "v": 10,
            "user": bot.to_json() | {"verified": True, "mfa_enabled": False, "email": None, "flags": 0},
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "shard": [shard, shards],
            "application": {"id": str(bot.id), "flags": 0},
        }
        self._hand_out(session, "READY", json.dumps(ready))
        if session.intents & Intent.GUILDS:
            for guild in guilds:
                if guild.is_available:
                    self._tell_guild(session, guild)

    def _resume(self, socket: Socket, data: dict[str, Any]) -> None:
        session, seen = self.sessions.get(str(data.get("session_id"))), data.get("seq") or 0
        if session is None or (session.events and session.events[0][0] > seen + 1):
            socket.say(INVALID, False)
            return
        if seen > session.sequence:
            raise _Close(4007)
        if session.socket is not None:
            session.socket.close(4000)
        socket.session, session.socket = session, socket
        self.resumed += 1
        for sequence, text in list(session.events):
            if sequence > seen - self.repeats:
                session.delivered += 1
                socket.send(text)
        self._hand_out(session, "RESUMED", '{"_trace":[]}')

    def _members(self, session: Session, data: dict[str, Any]) -> None:
        """Members by id or by name; all of a guild only for those who may hear of members."""
        guild = self._world.guilds.get(int(data.get("guild_id", 0)))
        wanted = data.get("user_ids")
        wanted = {int(user) for user in (wanted if isinstance(wanted, list) else [wanted])} if wanted else None
        if guild is None or (wanted is None and not data.get("query") and not session.intents & Intent.GUILD_MEMBERS):
            return
        prefix = str(data.get("query") or "").lower()
        found = [
            member.to_json()
            for user, member in guild.members.items()
            if (user in wanted if wanted is not None else member.user.username.startswith(prefix))
        ]
        chunk = {"guild_id": str(guild.id), "members": found, "chunk_index": 0, "chunk_count": 1, "nonce": data.get("nonce")}
        self._hand_out(session, "GUILD_MEMBERS_CHUNK", json.dumps(chunk))


def _parse(data: str | bytes) -> dict[str, Any]:
    if len(data) > _LARGEST_PAYLOAD:
        raise _Close(4002)
    try:
        payload = json.loads(data)
    except ValueError:
        raise _Close(4002) from None
    if not isinstance(payload, dict) or not isinstance(payload.get("op"), int):
        raise _Close(4002)
    return payload
