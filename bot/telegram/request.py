"""The transport: python-telegram-bot's `BaseRequest` over one keep-alive aiohttp session.

The token lives here alone. The `Bot` above is given a stand-in, so nothing that it prints, logs or raises can hold the real
one, and the errors raised here name what happened but never an address.
"""

import io
import json
from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager
from functools import cache
from http import HTTPStatus
from typing import Any, Final

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    FormData,
    InvalidURL,
    TCPConnector,
)
from telegram.error import BadRequest, NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData
from yarl import URL

STAND_IN: Final = "hidden"
"""What the `Bot` believes to be its token."""

_DONE: Final = b'{"ok":true,"result":true}'
"""In place of an edited message, of which python-telegram-bot would build objects that nobody looks at."""

_JSON: Final = {"Content-Type": "application/json"}
_CONNECTIONS: Final = 256
_CONNECT_SECONDS: Final = 10.0
_READ_SECONDS: Final = 20.0
_UPLOAD_SECONDS: Final = 60.0


class NotSent(NetworkError):
    """No connection came about: Telegram has seen nothing of the request."""


class Broken(NetworkError):
    """The connection broke after the request went out: nobody knows whether it took effect."""


class AskedToWait(NetworkError):
    """Telegram did nothing, because of its flood limits (429) or a fault of its own (5xx)."""

    def __init__(self, status: int, after_seconds: float) -> None:
        """`after_seconds` is 0 where Telegram did not say how long to wait."""
        super().__init__(f"Telegram answered {status}")
        self.status = status
        self.after_seconds = after_seconds


class AiohttpRequest(BaseRequest):
    """Calls the Bot API at `api_url` (without a trailing `/bot`), many calls side by side."""

    __slots__ = ("_base", "_file_base", "_session", "_urls")

    def __init__(self, api_url: str, token: str) -> None:
        """Raises ValueError where `api_url` is no http or https address."""
        base = URL(api_url.rstrip("/"))
        if base.scheme not in {"http", "https"} or not base.host:
            raise ValueError("the Bot API's address must start with http:// or https://")
        self._base = f"{base}/bot{token}/"
        self._file_base = f"{base}/file/bot{token}/"
        self._urls: dict[str, URL] = {}
        self._session: ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        return _READ_SECONDS

    async def initialize(self) -> None:
        self._connected()

    async def shutdown(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _connected(self) -> ClientSession:
        if self._session is None:
            self._session = ClientSession(
                connector=TCPConnector(limit=_CONNECTIONS),
                cookie_jar=DummyCookieJar(),
                headers={"User-Agent": "Himma", "Accept": "*/*", "Accept-Encoding": "identity"},
            )
        return self._session

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """One call. The last part of `url` names the method of the Bot API; the rest of it is a stand-in.

        Raises NotSent, Broken, AskedToWait and TimedOut, none of which tells the address.
        """
        endpoint = url.rpartition("/")[2]
        address = self._address(endpoint)
        seconds = read_timeout if isinstance(read_timeout, int | float) else _READ_SECONDS
        if request_data is not None and request_data.contains_files:
            body: FormData | bytes | None = _form(request_data)
            headers = None
            seconds += _UPLOAD_SECONDS
        else:
            body = json.dumps(request_data.parameters).encode() if request_data is not None else None
            headers = _JSON
        calling = self._connected().request(method, address, data=body, headers=headers, timeout=_timeout(seconds))
        status, payload = await _settled(_read(calling))
        if status == HTTPStatus.OK and endpoint.startswith("edit"):
            payload = _DONE
        return status, payload

    async def post_body(self, endpoint: str, body: bytes | FormData) -> tuple[int, bytes]:
        """One call of a method with a body that is finished: JSON, or a form. Raises as `do_request` does."""
        is_form = isinstance(body, FormData)
        timeout = _timeout(_READ_SECONDS + _UPLOAD_SECONDS if is_form else _READ_SECONDS)
        headers = None if is_form else _JSON
        calling = self._connected().post(self._address(endpoint), data=body, headers=headers, timeout=timeout)
        return await _settled(_read(calling))

    def _address(self, endpoint: str) -> URL:
        address = self._urls.get(endpoint)
        if address is None:
            address = self._urls[endpoint] = URL(self._base + endpoint, encoded=True)
        return address

    async def download(self, file_path: str, limit_bytes: int) -> bytes:
        """The bytes of a file that getFile has named.

        Raises BadRequest where there are more of them than `limit_bytes` or Telegram does not give the file out, and the same
        errors as `do_request`.
        """
        if file_path.startswith("/"):
            raise BadRequest("the Bot API server keeps its files on its own disk (it runs with --local)")
        address = URL(self._file_base + file_path)
        calling = self._connected().get(address, timeout=_timeout(_UPLOAD_SECONDS), allow_redirects=False)
        status, payload = await _settled(_read(calling, limit_bytes))
        if status != HTTPStatus.OK:
            raise BadRequest("file not found")
        return payload

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """The answer as Python reads it; a sent message is cut down to what tells where it is.

        Python-telegram-bot would build objects of the whole message, which nobody looks at.
        """
        try:
            answer = json.loads(payload)
        except ValueError:
            raise TelegramError("the answer is not JSON") from None
        if not isinstance(answer, dict):
            raise TelegramError("the answer is not a JSON object")
        result = answer.get("result")
        if isinstance(result, dict) and "message_id" in result and "chat" in result:
            answer["result"] = {key: result[key] for key in ("message_id", "date", "chat")}
        return answer


@cache
def _timeout(seconds: float) -> ClientTimeout:
    return ClientTimeout(total=seconds, sock_connect=_CONNECT_SECONDS)


def _form(request_data: RequestData) -> FormData:
    form = FormData()
    for name, value in request_data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, content_type) in request_data.multipart_data.items():
        stream = io.BytesIO(content) if isinstance(content, bytes) else content  # sent in pieces, so that others get a turn
        form.add_field(name, stream, filename=filename, content_type=content_type)
    return form


async def _read(calling: AbstractAsyncContextManager[ClientResponse], limit_bytes: int | None = None) -> tuple[int, bytes]:
    async with calling as response:
        if limit_bytes is None:
            return response.status, await response.read()
        parts, size = [], 0
        async for part in response.content.iter_any():
            size += len(part)
            if size > limit_bytes:
                raise BadRequest("file is too big")
            parts.append(part)
        return response.status, b"".join(parts)


async def _settled(reading: Awaitable[tuple[int, bytes]]) -> tuple[int, bytes]:
    """The status and body, or one of our errors, which is raised when the wire's own, with its address, is forgotten."""
    trouble: TelegramError
    try:
        status, payload = await reading
    except TelegramError as error:
        trouble = error
    except Exception as error:  # noqa: BLE001  whatever it is, its text may hold the address
        trouble = _without_address(error)
    else:
        if status != HTTPStatus.TOO_MANY_REQUESTS and status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return status, payload
        trouble = _asked_to_wait(status, payload)
    raise trouble


def _without_address(error: Exception) -> NetworkError:
    what = type(error).__name__
    if isinstance(error, ClientConnectorError | ConnectionTimeoutError | InvalidURL):
        return NotSent(f"cannot reach the Bot API ({what})")
    if isinstance(error, TimeoutError):
        return TimedOut("the Bot API did not answer in time")
    if isinstance(error, ClientError | OSError):
        return Broken(f"the connection to the Bot API broke ({what})")
    return NetworkError(f"the transport failed ({what})")


def _asked_to_wait(status: int, payload: bytes) -> NetworkError:
    if status == HTTPStatus.GATEWAY_TIMEOUT:
        return Broken("a gateway gave up waiting for the Bot API (504)")
    try:
        after = float(json.loads(payload)["parameters"]["retry_after"])
    except (ValueError, TypeError, LookupError):
        after = 0.0
    return AskedToWait(status, after)
