"""The web server inside our own process."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from bot.playground.platform import Playground

_GRACE_SECONDS = 1
"""How long requests under way may take when we stop."""


class CannotListen(Exception):
    """The address that the settings name cannot be listened on; the message says why."""


class _Server(uvicorn.Server):
    """Uvicorn without its own handling of signals: the process has one way to stop, and it is not here."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(playground: "Playground") -> None:
    """Answer browsers until cancelled. Raises `CannotListen`."""
    from bot.playground.web import application

    listener = _listen(playground.host, playground.port)
    playground.port = listener.getsockname()[1]
    server = _Server(
        uvicorn.Config(
            application(playground),
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    finally:
        playground.board.end()
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await serving


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise CannotListen(f"[playground] host, port: cannot listen on {host}:{port}: {error.strerror}") from None
    return listener
