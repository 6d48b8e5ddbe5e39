"""What goes to many on Telegram: rendered once, and posted with nothing but the chat put in.

Python-telegram-bot would build the same message anew for each reader. A picture is uploaded with the first message; the others
name it by the id that Telegram gave it then.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

from aiohttp import FormData
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, TelegramError

from bot.pace import Pace, Slot, Turn
from bot.telegram import render
from bot.telegram.client import Client
from bot.telegram.errors import NO_TEXT_TO_EDIT, NOT_MODIFIED, delivery_error, says
from bot.telegram.request import AiohttpRequest, AskedToWait
from handlers.types import CannotRender, Place, Reply

_UPLOAD_NAME: Final = "picture.jpg"

EditOne = Callable[[Place, str, Reply], Awaitable[None]]


class TelegramBulk:
    """Satisfies `bot.platform.Bulk`."""

    def __init__(
        self,
        reply: Reply,
        transport: AiohttpRequest,
        client: Client,
        pace: Pace,
        picture: Callable[[], Awaitable[bytes]] | None,
        edit_one: EditOne,
    ) -> None:
        """`picture` reads the reply's, where it has one; `edit_one` edits a message as any other, its turn having come.
        Raises CannotRender."""
        if reply.has_files or not (reply.text or reply.card):
            raise CannotRender("what goes to many is a text, with or without a picture")
        self._reply = reply
        self._transport = transport
        self._client = client
        self._pace = pace
        self._read_picture = picture
        self._edit_one = edit_one
        self._tails: dict[str, bytes] = {}
        self._file_id = ""
        self._uploading = asyncio.Lock()

    async def turn(self, place: Place, *, is_edit: bool = False) -> Slot:
        """See `Bulk.turn`."""
        return await self._pace.turn(place, Turn.BULK_EDIT if is_edit else Turn.BULK)

    async def send(self, place: Place, key: str) -> str:
        """See `Bulk.send`. Telegram has no use for the key."""
        try:
            if self._read_picture and not self._file_id:
                return await self._upload(place)
            endpoint = "sendPhoto" if self._read_picture else "sendMessage"
            result = await self._post(endpoint, b'{"chat_id":%d,%s' % (int(place.chat), await self._tail(endpoint)))
        except TelegramError as error:
            raise self._heeded(place, error) from error
        return str(result["message_id"])

    async def edit(self, place: Place, message: str) -> None:
        """See `Bulk.edit`."""
        if self._read_picture:
            await self._edit_one(place, message, self._reply)
            return
        body = b'{"chat_id":%d,"message_id":%d,%s' % (int(place.chat), int(message), await self._tail("editMessageText"))
        try:
            await self._post("editMessageText", body)
        except BadRequest as error:
            if says(error, NO_TEXT_TO_EDIT):
                await self._edit_one(place, message, self._reply)
            elif not says(error, NOT_MODIFIED):
                raise self._heeded(place, error) from error
        except TelegramError as error:
            raise self._heeded(place, error) from error

    def _heeded(self, place: Place, error: TelegramError) -> Exception:
        if isinstance(error, AskedToWait) and error.status == HTTPStatus.TOO_MANY_REQUESTS:
            self._pace.asked_to_wait(place, error.after_seconds or 1.0)
        return delivery_error(error)

    async def _upload(self, place: Place) -> str:
        """Send the picture itself; one message at a time, until Telegram has named it."""
        async with self._uploading:
            if self._file_id or not self._read_picture:
                return await self.send(place, "")
            form = FormData()
            form.add_field("chat_id", place.chat)
            for name, value in (await self._parameters("sendPhoto")).items():
                form.add_field(name, value if isinstance(value, str) else json.dumps(value))
            form.add_field("photo", await self._read_picture(), filename=_UPLOAD_NAME)
            result = _result(*await self._transport.post_body("sendPhoto", form))
            self._file_id = result["photo"][-1]["file_id"]
            return str(result["message_id"])

    async def _post(self, endpoint: str, body: bytes) -> Any:
        return _result(*await self._transport.post_body(endpoint, body))

    async def _tail(self, endpoint: str) -> bytes:
        """What is the same for everybody, as JSON without its beginning."""
        tail = self._tails.get(endpoint)
        if tail is None:
            parameters = await self._parameters(endpoint)
            if endpoint == "sendPhoto":
                parameters["photo"] = self._file_id
            tail = self._tails[endpoint] = json.dumps(parameters).encode()[1:]
        return tail

    async def _parameters(self, endpoint: str) -> dict[str, Any]:
        is_photo = endpoint == "sendPhoto"
        text = render.render_text(self._reply, render.CAPTION_LIMIT if is_photo else render.TEXT_LIMIT)
        said: dict[str, Any] = {"caption" if is_photo else "text": text, "parse_mode": "HTML"}
        if not is_photo:
            said["link_preview_options"] = {"is_disabled": True}
        if self._reply.rows:
            keyboard = render.render_keyboard(self._reply.rows, (await self._client.introduced()).username or "")
            said["reply_markup"] = keyboard.to_dict() if keyboard else None
        if self._pace.limits.is_bulk_apart and endpoint.startswith("send"):
            said["allow_paid_broadcast"] = True
        return said


def _result(status: int, payload: bytes) -> Any:
    """What a method returned. Raises TelegramError where Telegram refused."""
    try:
        answer = json.loads(payload)
    except ValueError:
        raise TelegramError("the answer is not JSON") from None
    if status == HTTPStatus.OK:
        return answer["result"]
    words, moved = str(answer.get("description", "")), (answer.get("parameters") or {}).get("migrate_to_chat_id")
    if moved:
        raise ChatMigrated(int(moved))
    if status == HTTPStatus.FORBIDDEN:
        raise Forbidden(words)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND):
        raise InvalidToken(words)
    raise BadRequest(words)
