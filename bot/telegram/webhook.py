"""A web server for Telegram's webhook, which answers 200 only after an update was taken.

https://core.telegram.org/bots/api#setwebhook
"""

import hmac
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from bot.platform import NeedsMending

log = logging.getLogger(__name__)

SECRET_HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  the name of a header
MAX_CONNECTIONS: Final = 100
_LARGEST_UPDATE_BYTES: Final = 1 << 20
_SHUTDOWN_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Webhook:
    """How Telegram reaches us when it is to call, instead of us asking."""

    url: str
    """The public https address that Telegram calls."""
    port: int
    """The local port on which we listen."""
    secret: str = field(default="", repr=False)
    """1 to 256 of `A-Za-z0-9_-`; where it is empty, one is derived from the token, the same for all replicas."""
    host: str | None = None
    """The local address on which we listen; None for all."""


async def serve(path: str, hook: Webhook, receive: Callable[[dict[str, Any]], Awaitable[None]]) -> web.AppRunner:
    """Listen; the caller cleans the runner up. Raises NeedsMending where the port is taken."""

    async def handle(request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.headers.get(SECRET_HEADER, "").encode(), hook.secret.encode()):
            return web.Response(status=401)
        try:
            update = json.loads(await request.read())
            if not isinstance(update["update_id"], int):
                return web.Response(status=400)
        except (ValueError, TypeError, LookupError):
            return web.Response(status=400)
        try:
            await receive(update)
        except Exception:
            log.exception("update %d was not taken and will come again", update["update_id"])
            return web.Response(status=503)
        return web.Response()

    application = web.Application(client_max_size=_LARGEST_UPDATE_BYTES)
    application.router.add_post(path, handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, hook.host, hook.port).start()
    except OSError as error:
        await runner.cleanup()
        raise NeedsMending(f"[telegram] webhook_port: cannot listen on {hook.port}: {error.strerror}") from None
    return runner
