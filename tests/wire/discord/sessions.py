"""A session of the gateway, and the connection that it goes over for a while."""

import asyncio
import importlib
import json
import secrets
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntFlag
from typing import Any, Final

from aiohttp import web

_KEPT_EVENTS: Final = 5000


class Intent(IntFlag):
    """What a session asks to hear of. The privileged ones must be granted to the app."""

    NONE = 0
    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    DIRECT_MESSAGES = 1 << 12
    MESSAGE_CONTENT = 1 << 15


def _packer(compression: str) -> Callable[[str], bytes] | None:
    """How messages are packed for a connection: one compressed stream each, as the client asked."""
    if compression == "zlib-stream":
        stream = zlib.compressobj(1)
        return lambda text: stream.compress(text.encode()) + stream.flush(zlib.Z_SYNC_FLUSH)
    if compression == "zstd-stream":
        zstandard = importlib.import_module("zstandard")  # discord.py asks for it only where it is installed
        packer = zstandard.ZstdCompressor(level=1).compressobj()
        return lambda text: bytes(packer.compress(text.encode()) + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))
    return None


class Socket:
    """One connection. Messages wait in a queue, so that whoever causes an event need not wait."""

    def __init__(self, websocket: web.WebSocketResponse, request: web.BaseRequest, compression: str) -> None:
        self.websocket = websocket
        self.session: Session | None = None
        self._request = request
        self._pack = _packer(compression)
        self._queue: deque[str | int | None] = deque()
        self._wake = asyncio.Event()
        self._writer = asyncio.create_task(self._write())

    def send(self, text: str) -> None:
        self._put(text)

    def say(self, op: int, data: Any = None) -> None:
        self.send(json.dumps({"op": op, "d": data, "s": None, "t": None}))

    def close(self, code: int) -> None:
        """Close it, once what waits is sent."""
        self._put(code)

    def abort(self) -> None:
        """Cut it, once what waits is sent."""
        self._put(None)

    def _put(self, item: str | int | None) -> None:
        self._queue.append(item)
        self._wake.set()

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                if not await self._write_one(self._queue.popleft()):
                    return

    async def _write_one(self, item: str | int | None) -> bool:
        try:
            if item is None:
                if self._request.transport:
                    self._request.transport.abort()
            elif isinstance(item, int):
                await self.websocket.close(code=item)
            else:
                await (self.websocket.send_bytes(self._pack(item)) if self._pack else self.websocket.send_str(item))
                return True
        except (ConnectionError, RuntimeError):
            pass
        return False

    async def emptied(self) -> None:
        """Wait until it is closed, and all that waited was sent."""
        await asyncio.wait({self._writer}, timeout=1)

    async def end(self) -> None:
        self._writer.cancel()
        await asyncio.wait({self._writer})


@dataclass(slots=True, eq=False)
class Session:
    """What a client identified: it outlives its connection, until the client ends it or it is invalidated."""

    intents: Intent
    shard: int = 0
    shards: int = 1
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    sequence: int = 0
    events: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=_KEPT_EVENTS))
    socket: Socket | None = None
    delivered: int = 0
    """Counts hand-outs, each repetition too."""

    def push(self, name: str, body: str) -> str:
        self.sequence += 1
        text = f'{{"op":0,"t":"{name}","s":{self.sequence},"d":{body}}}'
        self.events.append((self.sequence, text))
        return text

    def hears(self, shard_key: int, needs: Intent) -> bool:
        return (shard_key >> 22) % self.shards == self.shard and (not needs or bool(self.intents & needs))
