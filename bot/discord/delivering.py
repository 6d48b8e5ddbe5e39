"""From replies to messages: first responses, what follows them, and what nobody's action caused."""

import asyncio
import hashlib
import logging
import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from bot.discord import render
from bot.discord.callbacks import Callbacks, File, Response
from bot.discord.client import Http, Route
from bot.discord.components import Json, form_of
from bot.discord.decode import PLATFORM
from bot.discord.errors import is_already_acknowledged
from bot.discord.first import FirstResponses
from bot.discord.handle import Handle, Source
from bot.drawing import Drawn, draw
from bot.pace import Pace, Turn
from bot.platform import Gone, Refused, TryLater, Unknown, Unreachable
from handlers.types import Address, Answer, ChatKind, Media, Place, Reply, Scope, Upload

log = logging.getLogger(__name__)

DOWNLOAD_LIMIT_BYTES: Final = 20 * 1024 * 1024
_RETRY_SECONDS: Final = 0.2
_REMEMBERED_CHATS: Final = 10_000


class MediaStore(Protocol):
    """Where our own copies of pictures lie."""

    def path(self, media: Media) -> Path:
        """The file with the picture's bytes."""


@dataclass(frozen=True)
class _Saying:
    """What is said to an interaction, and how."""

    handle: Handle
    reply: Reply
    whispers: bool
    """For its person alone to see, among others."""
    is_for_all: bool
    """For everybody in a guild's channel."""
    redraws: bool
    """In the place of the message that was pressed."""
    drawn: Sequence[Drawn]

    @property
    def is_silent(self) -> bool:
        return self.reply.is_silent and not self.reply.rows

    def body(self, *, is_edit: bool) -> Json:
        return render.message(self.reply, with_modal=self.whispers, is_edit=is_edit)

    def new(self) -> Json:
        return self.body(is_edit=False) | ({"flags": render.EPHEMERAL} if self.whispers else {})


class Delivery:
    """Says replies. All of it raises `DeliveryError` where Discord does not take them, CannotRender where it has no form."""

    def __init__(
        self,
        http: Http,
        callbacks: Callbacks,
        first: FirstResponses,
        media: MediaStore,
        pace: Pace,
        now: Callable[[], datetime],
    ) -> None:
        self._http = http
        self._callbacks = callbacks
        self._first = first
        self._media = media
        self._pace = pace
        self._now = now
        self._private_channels: OrderedDict[str, str] = OrderedDict()

    async def answer(self, answer: Answer) -> None:
        """See `Platform.answer`."""
        address = answer.address
        if not address.token:
            if not answer.delivered and not answer.reply.is_silent:
                await self.send(address.place, _in_words(answer.reply), answer.key, turn=Turn.ANSWER)
            return
        # Drawing takes its time: it is done before the first response is taken over, which may be deferred meanwhile.
        drawn = [] if answer.delivered else await draw(answer.reply)
        saying = _saying(address, answer.reply, drawn)
        is_first = await self._first.take_over(saying.handle)
        if answer.delivered:
            if is_first and saying.handle.source.is_on_message:
                await self._callbacks.respond(saying.handle, Response.DEFERRED_UPDATE)
            return
        try:
            await (self._respond(saying) if is_first else self._follow(saying))
        except Gone as gone:
            if not saying.is_silent:
                log.info("the answer to %s goes another way: %s", answer.key, gone)
                await self._go_round(address, saying, answer.key)

    async def _respond(self, saying: _Saying) -> None:
        """The first response."""
        handle = saying.handle
        if saying.reply.form is not None and handle.source.opens_forms:
            return await self._insist(saying, Response.MODAL, form_of(saying.reply.form))
        files = await self._files(saying.reply, saying.drawn)
        if saying.is_silent:
            if handle.source.is_on_message:
                return await self._insist(saying, Response.DEFERRED_UPDATE)
            await self._insist(saying, Response.DEFERRED_MESSAGE, {"flags": render.EPHEMERAL})
            return await self._callbacks.delete_original(handle)
        if saying.redraws:
            return await self._insist(saying, Response.UPDATE, saying.body(is_edit=True), files)
        return await self._insist(saying, Response.MESSAGE, saying.new(), files)

    async def _insist(self, saying: _Saying, kind: Response, data: Json | None = None, files: Sequence[File] = ()) -> None:
        """Respond; once more where the call got lost on its way. What did arrive the first time is not done twice."""
        respond = self._callbacks.respond
        try:
            await respond(saying.handle, kind, data, files)
        except TryLater:
            self._first.expect(saying.handle, whispers=saying.whispers)
            raise
        except Unknown:
            await asyncio.sleep(_RETRY_SECONDS)
            try:
                await respond(saying.handle, kind, data, files)
            except Gone as gone:
                if not is_already_acknowledged(gone):
                    raise

    async def _follow(self, saying: _Saying) -> None:
        """What comes after the first response, given by us, by a deferral, or before a restart."""
        handle, calls = saying.handle, self._callbacks
        if not handle.is_alive(self._now()):
            raise Gone("the interaction is over")
        if saying.is_silent:
            if not handle.source.is_on_message:
                await calls.delete_original(handle)
            return
        files = await self._files(saying.reply, saying.drawn)
        if saying.redraws or (not handle.source.is_on_message and not saying.is_for_all):
            await calls.edit_original(handle, saying.body(is_edit=True), files)
            return
        if not handle.source.is_on_message:
            await calls.delete_original(handle)  # a deferral in a guild is its person's alone
        await calls.follow_up(handle, saying.new(), files)

    async def _go_round(self, address: Address, saying: _Saying, key: str) -> None:
        """The interaction takes no answer any more: redraw the message itself, or write one."""
        place, reply = address.place, saying.reply
        if saying.redraws and not saying.whispers:
            try:
                return await self.edit(place, address.message, reply)
            except Gone:
                pass
        if saying.whispers:
            place = Place(PLATFORM, address.person, ChatKind.PRIVATE)
        try:
            await self.send(place, reply, key, turn=Turn.ANSWER)
        except Unreachable:
            if reply.card or reply.text != reply.toast:
                raise
            log.info("a notice came too late for its press, and there is no private chat to say it in")

    async def send(self, place: Place, reply: Reply, key: str, *, turn: Turn | None = Turn.MESSAGE) -> str:
        """See `Platform.send`. None: its turn has come."""
        body = render.message(reply)
        body |= {"nonce": _nonce(key), "enforce_nonce": True}
        files = await self._files(reply, await draw(reply))
        if turn is not None:
            await self._pace.turn(place, turn)
        channel = await self._channel(place)
        route = Route("POST", "/channels/{channel_id}/messages", channel_id=channel)
        sent = await self._http.call(route, body, files)
        return str(sent["id"])

    async def edit(self, place: Place, message: str, reply: Reply, *, turn: Turn | None = Turn.MESSAGE) -> None:
        """See `Platform.edit`. None: its turn has come."""
        body, files = render.message(reply, is_edit=True), await self._files(reply, await draw(reply))
        if turn is not None:
            await self._pace.turn(place, turn)
        channel = await self._channel(place)
        path = "/channels/{channel_id}/messages/{message_id}"
        await self._http.call(Route("PATCH", path, channel_id=channel, message_id=message), body, files)

    async def fetch(self, upload: Upload) -> bytes:
        """See `Platform.fetch`."""
        return await self._callbacks.download(upload.reference, DOWNLOAD_LIMIT_BYTES)

    async def _channel(self, place: Place) -> str:
        """The channel of a place; a private chat is named by its person."""
        if place.kind is not ChatKind.PRIVATE:
            return place.thread or place.chat
        known = self._private_channels
        if place.chat not in known:
            opened = await self._http.call(Route("POST", "/users/@me/channels"), {"recipient_id": place.chat})
            known[place.chat] = str(opened["id"])
        known.move_to_end(place.chat)
        if len(known) > _REMEMBERED_CHATS:
            known.popitem(last=False)
        return known[place.chat]

    async def _files(self, reply: Reply, drawn: Sequence[Drawn]) -> list[File]:
        """In the order in which `render.message` lists them."""
        picture = [await self._picture(reply.media)] if reply.media else []
        return [*picture, *((file.name, file.content_type, file.content) for file in drawn)]

    async def _picture(self, media: Media) -> File:
        try:
            content = await asyncio.to_thread(self._media.path(media).read_bytes)
        except OSError as error:
            raise Refused(f"picture {media.id} is not in the store: {error.strerror}") from error
        return render.file_name(media), media.content_type, content


def _saying(address: Address, reply: Reply, drawn: Sequence[Drawn]) -> _Saying:
    """How a reply is said: for whom to see, and whether in the place of what was pressed."""
    handle = Handle.parse(address.token)
    source = handle.source
    in_private = address.place.kind is ChatKind.PRIVATE
    is_notice = _is_notice(reply)
    whispers = not in_private and (reply.scope is Scope.PRIVATE or is_notice)
    # What one person alone sees cannot be shown to all, nor the other way round.
    fits = in_private or source.is_on_own == whispers
    redraws = source.is_on_message and (reply.edit or source is Source.OWN_MODAL) and fits and not is_notice
    return _Saying(handle, _in_words(reply), whispers, not (whispers or in_private), redraws, drawn)


def _in_words(reply: Reply) -> Reply:
    """A notice stands for itself where nothing else is said; else the rest says the same."""
    return replace(reply, text=reply.toast) if _is_notice(reply) else reply


def _is_notice(reply: Reply) -> bool:
    return not (reply.text or reply.card or reply.media or reply.has_files or reply.rows)


def _nonce(key: str) -> str:
    """At most 25 characters, the same for the same message: Discord then sends it once.

    https://discord.com/developers/docs/resources/message#create-message
    """
    return hashlib.blake2b(key.encode() or secrets.token_bytes(12), digest_size=12).hexdigest()
