"""Mail as a `Platform`: sends what people asked for, and serves the pages on which they confirm and end it.

Nothing is received by it: whoever wants something of us says so in a chat, or presses on a page.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bot.drawing import Drawn, draw
from bot.edge import Edge
from bot.mail.compose import Composer, Door, message_id
from bot.mail.smtp import Outlet
from bot.mail.web import Pages
from bot.pace import MAIL, Pace
from bot.platform import Gone, Refused, Take, Unreachable
from handlers.mailing import PLATFORM, Recipient, note_bounce, recipient
from handlers.types import Answer, CannotRender, Media, Place, Reply, Upload
from models.addresses import MailList

log = logging.getLogger(__name__)


class MediaStore(Protocol):
    """Where our own copies of pictures lie."""

    def path(self, media: Media) -> Path:
        """The file with the picture's bytes."""


class Mail:
    """Satisfies `bot.platform.Platform`."""

    name = PLATFORM
    is_heard = False

    def __init__(
        self,
        outlet: Outlet,
        edge: Edge,
        media: MediaStore,
        *,
        sender: str,
        public_url: str,
        now: Callable[[], datetime],
        page_host: str = "127.0.0.1",
        page_port: int = 8025,
        doors: Mapping[str, Door] | None = None,
        pace: Pace | None = None,
    ) -> None:
        """`doors` lead from a mail into the chats of other platforms."""
        self._outlet = outlet
        self._edge = edge
        self._media = media
        self._composer = Composer(sender, public_url, doors or {})
        self._pages = Pages(edge, public_url, now)
        self._listens_on = (page_host, page_port)
        self._now = now
        self._pace = pace or Pace(MAIL)

    async def run(self, take: Take) -> None:
        """See `Platform.run`. Raises CannotListen."""
        runner = await self._pages.serve(*self._listens_on)
        checking = asyncio.create_task(self._outlet.check())  # beside: a wish to stop is not lost in the middle of it
        try:
            await asyncio.Event().wait()
        finally:
            checking.cancel()
            await runner.cleanup()

    async def answer(self, answer: Answer) -> None:
        """See `Platform.answer`."""
        await self.send(answer.address.place, answer.reply, answer.key)

    async def send(self, place: Place, reply: Reply, key: str = "") -> str:
        """See `Platform.send`. Raises Gone where they do not want it any more: it was on its way when they said so."""
        to = await self._edge.look(lambda session: recipient(session, place))
        if to is None:
            raise Gone("it is not wanted any more")
        message = await self._compose(to, place, reply, key)
        await self._pace.turn(place)
        try:
            await self._outlet.send(self._composer.address, to.address, message)
        except Unreachable:
            await self._edge.transact(lambda session: note_bounce(session, place, self._now()))
            raise
        return message_id(key)

    async def _compose(self, to: Recipient, place: Place, reply: Reply, key: str) -> bytes:
        files = [*([await self._picture(reply)] if reply.media else []), *await draw(reply)]
        return self._composer.compose(to, MailList(place.thread), reply, key, files, self._now())

    async def _picture(self, reply: Reply) -> Drawn:
        if reply.media is None or not (reply.card or reply.text):
            raise CannotRender("a picture without words")
        try:
            content = await asyncio.to_thread(self._media.path(reply.media).read_bytes)
        except OSError as error:
            raise Refused(f"picture {reply.media.id} is not in the store: {error.strerror}") from error
        words = reply.card.title if reply.card else reply.text
        return Drawn("picture.jpg", reply.media.content_type, content, words.partition("\n")[0])

    async def edit(self, place: Place, message: str, reply: Reply) -> None:
        """See `Platform.edit`: what is in a mailbox cannot be changed any more."""
        raise Gone("a mail that went out is not ours any more")

    async def fetch(self, upload: Upload) -> bytes:
        """See `Platform.fetch`."""
        raise Gone("nothing is sent to us by mail")

    async def close(self) -> None:
        """See `Platform.close`."""
        await self._outlet.close()
