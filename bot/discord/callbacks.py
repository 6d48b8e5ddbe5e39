"""What goes to Discord by an interaction's own token: the first response, what follows it, and files.

These calls carry no bot token and fall under no limit of the bot's. discord.py would keep a lock and a limit for every one
of them, and ask for the whole message back.
https://discord.com/developers/docs/interactions/receiving-and-responding
"""

import json
from collections.abc import Mapping, Sequence
from enum import IntEnum
from http import HTTPStatus
from typing import Any, Final

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, FormData, TCPConnector
from yarl import URL

from bot.discord.components import Json
from bot.discord.errors import from_answer, from_wire
from bot.discord.handle import Handle
from bot.platform import DeliveryError, Gone, Refused

_CONNECTIONS: Final = 256
_TIMEOUT: Final = ClientTimeout(total=20.0, sock_connect=5.0)
_FILE_TIMEOUT: Final = ClientTimeout(total=60.0, sock_connect=5.0)

File = tuple[str, str, bytes]
"""A name, a content type, and what is in it."""


class Response(IntEnum):
    """https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object"""

    MESSAGE = 4
    DEFERRED_MESSAGE = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


class Callbacks:
    """Calls by token. All of them raise DeliveryError, which tells no address."""

    def __init__(self, api_url: str) -> None:
        self._base = api_url.rstrip("/")
        self._session: ClientSession | None = None

    async def respond(self, handle: Handle, kind: Response, data: Json | None = None, files: Sequence[File] = ()) -> None:
        """The first response, within three seconds of the interaction."""
        body: Json = {"type": int(kind)} | ({"data": data} if data is not None else {})
        await self._call("POST", f"/interactions/{handle.id}/{handle.token}/callback", body, files)

    async def follow_up(self, handle: Handle, message: Json, files: Sequence[File] = ()) -> None:
        """A further message."""
        await self._call("POST", f"{_webhook(handle)}?with_components=true", message, files)

    async def edit_original(self, handle: Handle, message: Json, files: Sequence[File] = ()) -> None:
        """Change the first response; after a deferred update that is the message that was pressed."""
        await self._call("PATCH", f"{_webhook(handle)}/messages/@original", message, files)

    async def delete_original(self, handle: Handle) -> None:
        await self._call("DELETE", f"{_webhook(handle)}/messages/@original")

    async def download(self, address: str, limit_bytes: int) -> bytes:
        """A file that somebody sent. Raises Gone where it is not given out (any more), Refused where it is too large."""
        parts, size = [], 0
        try:
            async with self._connected().get(address, timeout=_FILE_TIMEOUT, allow_redirects=False) as answer:
                if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise from_answer(answer.status, None)
                if answer.status != HTTPStatus.OK:
                    raise Gone(f"the file is not given out ({answer.status})")
                async for part in answer.content.iter_any():
                    size += len(part)
                    if size > limit_bytes:
                        raise Refused("the file is too large")
                    parts.append(part)
        except (ClientError, OSError, ValueError) as error:
            raise from_wire(error) from None
        return b"".join(parts)

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _call(self, method: str, path: str, body: Json | None = None, files: Sequence[File] = ()) -> None:
        data: FormData | bytes | None = form(body or {}, files) if files else json.dumps(body).encode() if body else None
        headers = {"Content-Type": "application/json"} if isinstance(data, bytes) else None
        trouble: DeliveryError | None = None
        try:
            address, timeout = URL(self._base + path, encoded=True), _FILE_TIMEOUT if files else _TIMEOUT
            calling = self._connected().request(method, address, data=data, headers=headers, timeout=timeout)
            async with calling as answer:
                if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
                    trouble = from_answer(answer.status, _parsed(await answer.read()))
        except (ClientError, OSError) as error:
            trouble = from_wire(error)
        if trouble is not None:
            raise trouble  # here, where the wire's own error, which holds the address, is forgotten

    def _connected(self) -> ClientSession:
        if self._session is None:
            self._session = ClientSession(
                connector=TCPConnector(limit=_CONNECTIONS),
                cookie_jar=DummyCookieJar(),
                headers={"User-Agent": "DiscordBot (Himma)", "Accept-Encoding": "identity"},
            )
        return self._session


def _webhook(handle: Handle) -> str:
    return f"/webhooks/{handle.application}/{handle.token}"


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def form_fields(body: Mapping[str, Any], files: Sequence[File]) -> list[Json]:
    """A body with files, as the fields of a form. https://discord.com/developers/docs/reference#uploading-files"""
    return [
        {"name": "payload_json", "value": json.dumps(body)},
        *(
            {"name": f"files[{number}]", "value": content, "filename": name, "content_type": content_type}
            for number, (name, content_type, content) in enumerate(files)
        ),
    ]


def form(body: Mapping[str, Any], files: Sequence[File]) -> FormData:
    filled = FormData(quote_fields=False)
    for one in form_fields(body, files):
        filled.add_field(**one)
    return filled
