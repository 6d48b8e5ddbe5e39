"""HTTP/1.1 read by hand: keep-alive, `Content-Length` bodies, one request after another on a connection."""

import asyncio
import json
from typing import Any, Protocol, Self
from urllib.parse import parse_qs

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: keep-alive\r\nContent-Length: %d\r\n\r\n"


class Server(Protocol):
    def serve(self, connection: "Connection", head: bytes, body: bytes) -> None:
        """Answer one request; its head is in lower case."""


class Loopback:
    """A server on the loopback, for as long as it is entered."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connect, "127.0.0.1", 0, backlog=1024)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    def _connect(self) -> "Connection":
        raise NotImplementedError

    @property
    def url(self) -> str:
        """Its address, where the platform's own would stand."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"


class Connection(asyncio.Protocol):
    """One keep-alive connection of the bot's."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            length = int(header(head, b"content-length") or 0)
            if len(self._buffer) < end + 4 + length:
                return
            body = self._buffer[end + 4 : end + 4 + length]
            self._buffer = self._buffer[end + 4 + length :]
            self._server.serve(self, head, body)

    def respond(self, body: bytes) -> None:
        self.write(HEAD % len(body) + body)

    def write(self, data: bytes) -> None:
        if self._transport:
            self._transport.write(data)

    def cut(self) -> None:
        """Break the connection without an answer."""
        if self._transport:
            self._transport.abort()


def header(head: bytes, name: bytes) -> bytes:
    """The value of one header in a request's lower-case head, or nothing."""
    start = head.find(b"\r\n" + name + b":")
    if start < 0:
        return b""
    end = head.find(b"\r\n", start + 2)
    return head[start + len(name) + 3 : end if end >= 0 else None].strip()


def read_fields(body: bytes, content_type: bytes) -> dict[str, Any]:
    """A request's parameters; those of a multipart body (a file) are not read."""
    if content_type.startswith(b"application/json"):
        return dict(json.loads(body))
    if content_type.startswith(b"application/x-www-form-urlencoded"):
        return {name: values[0] for name, values in parse_qs(body.decode()).items()}
    return {}
