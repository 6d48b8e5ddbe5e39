"""The pages that mails link to, and what mail programs press by themselves.

GET shows a page and changes nothing, for programs that check mail follow every link; POST does it, with no cookie, no log-in
and whatever body (https://www.rfc-editor.org/rfc/rfc8058). Nothing here is logged: the addresses of the pages are secrets.
"""

import logging
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.edge import Edge
from bot.mail.compose import PAGES, TEMPLATES
from bot.platform import NeedsMending
from handlers import mail_pages
from handlers.mail_pages import Page
from handlers.words import Words, language_of, words_for
from models.addresses import MailList

log = logging.getLogger(__name__)

_SHUTDOWN_SECONDS: Final = 0.5
_LARGEST_BODY_BYTES: Final = 64 * 1024
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}

Work = Callable[[AsyncSession], Awaitable[Page | None]]


class CannotListen(NeedsMending):
    """The address that the settings name cannot be listened on; the message says why."""


class Pages:
    """The endpoints."""

    def __init__(self, edge: Edge, public_url: str, now: Callable[[], datetime]) -> None:
        self._edge = edge
        self._prefix = urlsplit(public_url).path.rstrip("/")
        self._now = now

    async def serve(self, host: str, port: int) -> web.AppRunner:
        """Listen; the caller cleans the runner up. Raises CannotListen."""
        application = web.Application(client_max_size=_LARGEST_BODY_BYTES, middlewares=[_never_told])
        confirm, leave = (
            f"{self._prefix}/{PAGES['mail_confirm']}/{{code}}",
            f"{self._prefix}/{PAGES['mail_leave']}/{{key}}/{{on}}",
        )
        application.router.add_get(confirm, self._ask_confirm)
        application.router.add_post(confirm, self._press_confirm)
        application.router.add_get(leave, self._ask_leave)
        application.router.add_post(leave, self._press_leave)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, host.strip("[]"), port).start()
        except OSError as error:
            await runner.cleanup()
            told = f"[mail] page_host, page_port: cannot listen on {host}:{port}: {error.strerror}"
            raise CannotListen(told) from None
        return runner

    async def _ask_confirm(self, request: web.Request) -> web.Response:
        code, now = request.match_info["code"], self._now()
        return _shown(request, await self._edge.look(lambda session: mail_pages.ask_confirm(session, code, now)))

    async def _press_confirm(self, request: web.Request) -> web.Response:
        code, now = request.match_info["code"], self._now()
        return _shown(request, await self._edge.transact(lambda session: mail_pages.press_confirm(session, code, now)))

    async def _ask_leave(self, request: web.Request) -> web.Response:
        key, on, words = request.match_info["key"], _list_of(request), _words(request)
        if on is None:
            return _shown(request, None)
        return _shown(request, await self._edge.look(lambda session: mail_pages.ask_leave(session, key, on, words)))

    async def _press_leave(self, request: web.Request) -> web.Response:
        key, on, words, now = request.match_info["key"], _list_of(request), _words(request), self._now()
        if on is None:
            return _shown(request, None)
        return _shown(request, await self._edge.transact(lambda s: mail_pages.press_leave(s, key, on, words, now)))


@web.middleware
async def _never_told(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """What goes wrong is logged without the page's address, and answered so that mail programs try again."""
    try:
        return await handler(request)
    except web.HTTPNotFound:
        return _shown(request, None)
    except web.HTTPException:
        raise
    except Exception:
        log.exception("a page of a mail could not be shown")
        return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, headers={**_HEADERS, "Retry-After": "60"})


def _list_of(request: web.Request) -> MailList | None:
    name = request.match_info["on"]
    return MailList(name) if name in set(MailList) else None


def _words(request: web.Request) -> Words:
    """How to speak to a reader of whom only their browser tells something."""
    language = language_of(request.headers.get("Accept-Language", "").partition(",")[0].partition(";")[0].strip())
    return words_for(language, language == "ar", "UTC")


def _shown(request: web.Request, page: Page | None) -> web.Response:
    nonce = secrets.token_urlsafe(12)
    policy = f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    return web.Response(
        text=TEMPLATES.get_template("page.html").render(page=page or mail_pages.nowhere(_words(request)), nonce=nonce),
        status=HTTPStatus.NOT_FOUND if page is None else HTTPStatus.OK,
        content_type="text/html",
        charset="utf-8",
        headers={**_HEADERS, "Content-Security-Policy": policy},
    )
