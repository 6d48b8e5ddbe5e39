"""The web server inside our own process."""

import asyncio
import errno
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp

from bot.platform import NeedsMending

_GRACE_SECONDS = 1
"""How long requests under way may take when we stop."""


class CannotListen(NeedsMending):
    """The address that the settings name cannot be listened on; the message says why."""


class _Server(uvicorn.Server):
    """Uvicorn without its own handling of signals: the process has one way to stop, and it is not here."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """Take the address. Raises `CannotListen`."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
        with ExitStack() as undo:
            listener = undo.enter_context(socket.socket(family, kind, protocol))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen()
            undo.pop_all()
    except OSError as error:
        hint = " Is Himma running already? Another port can be named." if error.errno == errno.EADDRINUSE else ""
        raise CannotListen(f"[playground] host, port: cannot listen on {host}:{port}: {error.strerror}.{hint}") from None
    return listener


async def serve(app: ASGIApp, listener: socket.socket, end_streams: Callable[[], None]) -> None:
    """Answer browsers until cancelled. `end_streams` tells responses that would last for ever to come to their end."""
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    finally:
        end_streams()
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await serving
