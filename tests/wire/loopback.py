"""What both fakes are made of: a server on 127.0.0.1 that goes away and comes back, can be waited for, and can be steered from
another process.
"""

import asyncio
import gc
import json
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp import web

Route = Callable[[dict[str, Any]], Any]


class Loopback:
    """A server for one bot."""

    def __init__(self, port: int, *, largest_request_bytes: int) -> None:
        self.keeps_log = True
        self.hang_seconds = 30.0
        self.extra_routes: dict[str, Route] = {}
        """What another process may ask for, by what stands behind `/control/`."""
        self._port = port
        self._largest_request_bytes = largest_request_bytes
        self._runner: web.ServerRunner | None = None
        self._waiting: set[asyncio.Future[None]] = set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        server = web.Server(self._handle, request_factory=self._request, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Go away, as a server that is down: connections are refused. `start` brings it back on the same port."""
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def serve_for_ever(self) -> None:
        """Print the address, where whoever started this process reads it, and serve until the process is ended."""
        async with self:
            print(self.url, flush=True)  # noqa: T201
            gc.freeze()
            await asyncio.Event().wait()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        raise NotImplementedError

    def _request(self, *arguments: Any) -> web.BaseRequest:
        message, payload, protocol, writer, task = arguments
        loop, most = asyncio.get_running_loop(), self._largest_request_bytes
        return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=most)

    async def _control(self, request: web.BaseRequest, name: str) -> web.Response:
        try:
            result = self.extra_routes[name](json.loads(await request.read() or "{}"))
            if asyncio.iscoroutine(result):
                result = await result
        except Exception as error:  # noqa: BLE001  the other process wants to hear of it
            return json_response(500, json.dumps({"error": f"{type(error).__name__}: {error}"}))
        return json_response(200, json.dumps(result))

    # Waiting

    def _changed(self) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def until(
        self, holds: Callable[[], object], within_seconds: float = 5.0, otherwise: str = "it did not come true"
    ) -> None:
        """Wait until something holds. Raises AssertionError where it does not in time."""
        deadline = time.monotonic() + within_seconds
        while not holds():
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(otherwise)
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.add(waiter)
            await asyncio.wait({waiter}, timeout=min(left, 0.05))
            self._waiting.discard(waiter)


def cut(request: web.BaseRequest) -> web.Response:
    """No answer: the connection breaks."""
    if request.transport:
        request.transport.abort()
    return web.Response()


def json_response(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, body=text.encode(), headers={"Content-Type": "application/json", **(headers or {})})


class RemoteWire:
    """A fake in another process: `await wire.do("says", person=1, text="/tasks")`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=600))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def do(self, what: str, **parameters: Any) -> Any:
        """One of the control addresses. Raises AssertionError with what the fake says where it fails."""
        async with self._session.post(f"{self.url}/control/{what}", json=parameters) as response:
            result = await response.json()
            assert response.status == 200, result
            return result
