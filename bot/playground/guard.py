"""Who may talk to the page: only the page itself.

It is open to whoever reaches its address, and acts for four people; so a page from elsewhere in the same browser must not be
able to reach it, neither by a name that suddenly points here (DNS rebinding) nor by a form or script (CSRF).
"""

import ipaddress
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_LIMIT_BYTES = 20 * 1024 * 1024 + 64 * 1024
"""The largest file that Telegram's bots can fetch, and the form round it. https://core.telegram.org/bots/api#getfile"""

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Guard:
    """Refuses what does not come from our own page, and tells browsers what our page never does."""

    def __init__(self, app: ASGIApp, host: str) -> None:
        """`host` is the name or address that the settings name."""
        self._app = app
        self._host = host.strip("[]").lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                headers.setdefault("Cache-Control", "no-cache" if scope["path"].startswith("/static/") else "no-store")
            await send(message)

        fault = self._fault(scope["method"], Headers(scope=scope))
        if fault is None:
            await self._app(scope, receive, send_guarded)
        else:
            refusal = PlainTextResponse(fault.description or fault.phrase, fault, {"Connection": "close"})
            await refusal(scope, receive, send_guarded)

    def _fault(self, method: str, headers: Headers) -> HTTPStatus | None:
        host = headers.get("host", "")
        if not self._is_ours(host):
            return HTTPStatus.MISDIRECTED_REQUEST
        if method in {"GET", "HEAD"}:
            return None
        if method != "POST":
            return HTTPStatus.METHOD_NOT_ALLOWED
        if urlsplit(headers.get("origin", "")).netloc.lower() != host.lower():
            return HTTPStatus.FORBIDDEN
        if headers.get("sec-fetch-site", "same-origin") != "same-origin" or headers.get("hx-request") != "true":
            return HTTPStatus.FORBIDDEN
        return _length_fault(headers.get("content-length", ""))

    def _is_ours(self, host: str) -> bool:
        """Names other than ours may point anywhere at any moment; an address is what it says."""
        try:
            name = (urlsplit(f"//{host}").hostname or "").lower()
        except ValueError:
            return False
        if name in {"localhost", self._host}:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def _length_fault(length: str) -> HTTPStatus | None:
    if not (length.isascii() and length.isdigit()):
        return HTTPStatus.LENGTH_REQUIRED
    return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if int(length) > REQUEST_LIMIT_BYTES else None
