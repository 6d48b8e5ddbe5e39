"""Telegram as a `Platform`: receives events, delivers answers."""

import asyncio
import contextlib
import hashlib
import hmac
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime

from telegram.error import InvalidToken, TelegramError

from bot.pace import TELEGRAM, Pace
from bot.platform import Bulk, NeedsMending, Take
from bot.telegram.client import Client
from bot.telegram.decode import PLATFORM
from bot.telegram.delivering import Delivery, MediaStore
from bot.telegram.menu import Menu, publish, publish_role
from bot.telegram.receiving import Receiver, insistently
from bot.telegram.render import in_words, private_link
from bot.telegram.request import AiohttpRequest
from bot.telegram.webhook import Webhook
from handlers.types import Answer, ChatKind, Place, Reply, Upload

log = logging.getLogger(__name__)


_REFUSED = "Telegram refuses the token: [telegram] token must be the one that @BotFather gave, and api_url a Bot API server"


class TokenRefused(NeedsMending):
    """Telegram does not know our token: the deployer must mend it."""


class Telegram:
    """Satisfies `bot.platform.Platform`."""

    name = PLATFORM
    is_heard = True
    sends_once = False

    def __init__(
        self,
        token: str,
        media: MediaStore,
        *,
        api_url: str = "https://api.telegram.org",
        webhook: Webhook | None = None,
        admin_commands: frozenset[str] = frozenset(),
        menu: Menu | None = None,
        pace: Pace | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Polls, unless there is a `webhook`. For `admin_commands` in groups it asks whether the sender administers the group.

        Raises ValueError where `api_url` is no address.
        """
        self._transport = AiohttpRequest(api_url, token)
        self._client = Client(self._transport)
        self._receiver = Receiver(self._client, admin_commands, now)
        self.pace = pace or Pace(TELEGRAM)
        self._delivery = Delivery(self._client, media, self.pace)
        self._menu = menu
        if webhook and not webhook.secret:
            webhook = replace(webhook, secret=hmac.digest(token.encode(), b"webhook secret", hashlib.sha256).hex())
        self._webhook = webhook

    async def run(self, take: Take) -> None:
        """See `Platform.run`. Raises TokenRefused, and OSError where the webhook's port is taken."""
        try:
            await insistently(self._client.introduced)
            log.info("connected to Telegram as @%s", self._client.known_username)
            async with self._publishing():
                await (self._receiver.listen(take, self._webhook) if self._webhook else self._receiver.poll(take))
        except InvalidToken:
            raise TokenRefused(_REFUSED) from None

    @contextlib.asynccontextmanager
    async def _publishing(self) -> AsyncIterator[None]:
        """The menus are published beside the work: nobody waits for them."""
        publishing = asyncio.create_task(publish(self._client, self._menu)) if self._menu else None
        try:
            yield
        finally:
            if publishing:
                publishing.cancel()

    def door(self, payload: str) -> str:
        """The address that opens the private chat with a start payload; empty as long as we do not know our own name."""
        username = self._client.known_username
        return private_link(username, payload) if username else ""

    async def answer(self, answer: Answer) -> None:
        """See `Platform.answer`."""
        await self._delivery.answer(answer)
        await self._follow_role(answer.address.place, answer.reply)

    async def send(self, place: Place, reply: Reply, key: str = "") -> str:
        """See `Platform.send`. Telegram has no use for the key."""
        message = await self._delivery.send(place, reply)
        await self._follow_role(place, reply)
        return message

    async def edit(self, place: Place, message: str, reply: Reply) -> None:
        """See `Platform.edit`."""
        await self._delivery.edit(place, message, reply)

    def bulk(self, reply: Reply) -> Bulk:
        """See `Broadcasting.bulk`."""
        return self._delivery.bulk(reply, self._transport)

    def in_words(self, reply: Reply) -> str:
        """See `Broadcasting.in_words`."""
        return in_words(reply)

    async def fetch(self, upload: Upload) -> bytes:
        """See `Platform.fetch`."""
        return await self._delivery.fetch(upload)

    async def _follow_role(self, place: Place, reply: Reply) -> None:
        """Show the reader the commands of their new role. Nobody's work depends on it: what fails is logged."""
        if self._menu is None or not reply.role or place.kind is not ChatKind.PRIVATE:
            return
        try:
            await publish_role(self._client, self._menu, int(place.chat), reply.role)
        except TelegramError as error:
            log.warning("the menu of a %s could not be shown: %s", reply.role, error)

    async def close(self) -> None:
        """See `Platform.close`."""
        await self._client.disconnect()
