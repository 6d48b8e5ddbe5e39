"""From replies to messages: acknowledging presses, redrawing, sending."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Protocol

from telegram import ForceReply, InlineKeyboardMarkup, InputMediaPhoto, LinkPreviewOptions
from telegram.constants import ParseMode
from telegram.error import BadRequest, TelegramError, TimedOut

from bot.pace import Pace, Turn
from bot.platform import DeliveryError, Gone, Refused, TryLater, Unreachable
from bot.telegram import render
from bot.telegram.bulk import TelegramBulk
from bot.telegram.client import Client
from bot.telegram.decode import PLATFORM
from bot.telegram.errors import ALREADY_DONE, NO_TEXT_TO_EDIT, NOT_MODIFIED, delivery_error, says
from bot.telegram.parts import Part, parts_of
from bot.telegram.request import AiohttpRequest, AskedToWait, Broken, NotSent
from handlers.types import Address, Answer, CannotRender, ChatKind, Media, Place, Reply, Upload

log = logging.getLogger(__name__)

_RETRY_SECONDS: Final = 0.2
_PATIENCE_SECONDS: Final = 20.0
"""How long the rest of a reply waits for its turn, when its beginning has been said."""
_NO_PREVIEW: Final = LinkPreviewOptions(is_disabled=True)
DOWNLOAD_LIMIT_BYTES: Final = 20 * 1024 * 1024
"""Telegram gives out no larger files. https://core.telegram.org/bots/api#getfile"""


class MediaStore(Protocol):
    """Where our own copies of pictures lie."""

    def path(self, media: Media) -> Path:
        """The file with the picture's bytes."""


class Delivery:
    """Says replies. All of it raises `DeliveryError` where Telegram does not take them, CannotRender where it has no form."""

    def __init__(self, client: Client, media: MediaStore, pace: Pace) -> None:
        self._client = client
        self._media = media
        self._pace = pace

    async def answer(self, answer: Answer) -> None:
        """See `Platform.answer`."""
        reply, address = answer.reply, answer.address
        trouble = await self._acknowledge(address.token, reply) if address.token else None
        if answer.delivered:
            return
        if reply.text or reply.card or reply.media or reply.has_files or reply.rows:
            await self._tell(address, reply)
        elif reply.toast and not address.token:
            await self._send(address.place, replace(reply, text=reply.toast), turn=Turn.ANSWER)
        elif reply.toast and isinstance(trouble, Gone):
            await self._whisper(address.person, reply.toast)
        elif trouble and not isinstance(trouble, Gone):
            raise trouble

    async def _acknowledge(self, query_id: str, reply: Reply) -> DeliveryError | None:
        """The trouble, where there was some: a message may tell the same, and is not to be missed because of it."""
        try:
            url = render.private_link((await self._client.introduced()).username or "", reply.opens) if reply.opens else None
            toast = render.render_toast(reply.toast) if reply.toast else None
            await _twice(partial(self._client.answer_callback_query, query_id, text=toast, url=url))
        except TelegramError as error:
            return delivery_error(error)
        return None

    async def _tell(self, address: Address, reply: Reply) -> None:
        if reply.edit and address.message and not reply.has_files:
            slot = await self._pace.turn(address.place, Turn.ANSWER)
            if await self._redraw(address, reply):
                slot.over()
                return
        await self._send(address.place, reply, turn=Turn.ANSWER)

    async def _redraw(self, address: Address, reply: Reply) -> bool:
        """Redraw the pressed message; False where a new one must say it. A picture cannot be taken out of a message: it stays
        above, without its buttons."""
        says_something = bool(reply.text or reply.card or reply.media)
        leaves_picture = address.has_media and not reply.media and says_something
        try:
            await self._edit(
                address.place, address.message, Reply() if leaves_picture else reply, has_picture=address.has_media
            )
        except Gone:
            return not says_something
        return not leaves_picture

    async def _whisper(self, person: str, toast: str) -> None:
        """A notice that came too late for the press it belongs to, where the person lets us write to them."""
        try:
            await self._send(Place(PLATFORM, person, ChatKind.PRIVATE), Reply(text=toast), turn=Turn.ANSWER)
        except Unreachable:
            log.info("a notice came too late for its press, and there is no private chat to say it in")

    async def send(self, place: Place, reply: Reply) -> str:
        """See `Platform.send`."""
        return await self._send(place, reply)

    async def _send(self, place: Place, reply: Reply, *, turn: Turn = Turn.MESSAGE) -> str:
        """The id of the last message: the one that carries the buttons."""
        sent = ""
        for part in await parts_of(reply):
            try:
                sent = await self._send_part(place, part, turn=turn)
            except TryLater as later:
                if not sent or later.after_seconds > _PATIENCE_SECONDS:
                    raise
                await asyncio.sleep(later.after_seconds)  # what was said already is not said again because of this
                sent = await self._send_part(place, part, turn=turn)
        return sent

    async def _send_part(self, place: Place, part: Part, *, turn: Turn) -> str:
        slot = await self._pace.turn(place, turn)
        reply, file = part
        markup: InlineKeyboardMarkup | ForceReply | None = await self._keyboard(reply)
        if markup is None and reply.asks_text and place.kind is ChatKind.PRIVATE:
            markup = render.render_question(reply)
        where: dict[str, Any] = {
            "chat_id": int(place.chat),
            "message_thread_id": int(place.thread) if place.thread else None,
            "reply_markup": markup,
        }
        with self._heeding(place):
            if reply.media:
                message = await self._client.send_photo(photo=await self._picture(reply.media), **where, **_caption(reply))
            elif file is None:
                message = await self._client.send_message(**where, **_text(reply))
            elif file.is_picture:
                message = await self._client.send_photo(photo=file.content, filename=file.name, **where, **_caption(reply))
            else:
                message = await self._client.send_document(
                    document=file.content, filename=file.name, **where, **_caption(reply)
                )
        slot.over()
        return str(message.message_id)

    async def edit(self, place: Place, message: str, reply: Reply) -> None:
        """See `Platform.edit`. A picture that the message has stays where the reply has none."""
        if reply.has_files:
            raise CannotRender("Telegram shows a chart or a sheet in a message of its own")
        await self._pace.turn(place)
        await self._edit(place, message, reply)

    def bulk(self, reply: Reply, transport: AiohttpRequest) -> TelegramBulk:
        """See `Broadcasting.bulk`."""
        media = reply.media
        read = partial(self._picture, media) if media else None
        return TelegramBulk(reply, transport, self._client, self._pace, read, self._edit)

    async def _edit(self, place: Place, message: str, reply: Reply, *, has_picture: bool = False) -> None:
        keyboard = await self._keyboard(reply)
        where: dict[str, Any] = {"chat_id": int(place.chat), "message_id": int(message), "reply_markup": keyboard}
        try:
            if reply.media:
                media = InputMediaPhoto(await self._picture(reply.media), **_caption(reply))
                await _twice(partial(self._client.edit_message_media, media, **where))
            elif not (reply.text or reply.card):
                await _twice(partial(self._client.edit_message_reply_markup, **where))
            elif has_picture:
                await _twice(partial(self._client.edit_message_caption, **where, **_caption(reply)))
            else:
                await _twice(partial(self._client.edit_message_text, **where, **_text(reply)))
        except BadRequest as error:
            if says(error, NO_TEXT_TO_EDIT) and not has_picture:
                await self._edit(place, message, reply, has_picture=True)
            elif not says(error, NOT_MODIFIED):
                raise delivery_error(error) from error
        except TelegramError as error:
            self._heed(place, error)
            raise delivery_error(error) from error

    @contextmanager
    def _heeding(self, place: Place) -> Iterator[None]:
        try:
            yield
        except TelegramError as error:
            self._heed(place, error)
            raise delivery_error(error) from error

    def _heed(self, place: Place, error: TelegramError) -> None:
        if isinstance(error, AskedToWait) and error.status == HTTPStatus.TOO_MANY_REQUESTS:
            self._pace.asked_to_wait(place, error.after_seconds or 1.0)

    async def fetch(self, upload: Upload) -> bytes:
        """See `Platform.fetch`."""
        with _in_our_words():
            return await self._client.download(upload.reference, DOWNLOAD_LIMIT_BYTES)

    async def _keyboard(self, reply: Reply) -> InlineKeyboardMarkup | None:
        if not reply.rows:
            return None
        with _in_our_words():
            me = await self._client.introduced()
        return render.render_keyboard(reply.rows, me.username or "")

    async def _picture(self, media: Media) -> bytes:
        try:
            return await asyncio.to_thread(self._media.path(media).read_bytes)
        except OSError as error:
            raise Refused(f"picture {media.id} is not in the store: {error.strerror}") from error


def _text(reply: Reply) -> dict[str, Any]:
    text = render.render_text(reply)
    if not text:
        raise CannotRender("Telegram shows buttons only under a text or a picture")
    return {"text": text, "parse_mode": ParseMode.HTML, "link_preview_options": _NO_PREVIEW}


def _caption(reply: Reply) -> dict[str, Any]:
    return {"caption": render.render_text(reply, render.CAPTION_LIMIT) or None, "parse_mode": ParseMode.HTML}


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except TelegramError as error:
        raise delivery_error(error) from error


async def _twice(call: Callable[[], Awaitable[object]]) -> None:
    """Call; once more where the call got lost on its way or Telegram stumbled. Only for calls that are harmless twice."""
    try:
        await call()
    except (Broken, NotSent, TimedOut, AskedToWait) as error:
        if isinstance(error, AskedToWait) and error.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise
        await asyncio.sleep(_RETRY_SECONDS)
        try:
            await call()
        except BadRequest as refused:
            if isinstance(error, NotSent | AskedToWait) or not says(refused, *ALREADY_DONE):
                raise
            # The first call did take effect; only its answer was lost.
