"""From Telegram's updates to taken events, in each person's order."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from telegram import ChatMember, Update
from telegram.error import InvalidToken, TelegramError

from bot.platform import Take
from bot.telegram import polling, webhook
from bot.telegram.client import Client
from bot.telegram.decode import ALLOWED_UPDATES, decode, trim
from bot.telegram.request import AskedToWait
from handlers.types import ChatKind, Event, EventKind

log = logging.getLogger(__name__)

_ADMIN_LOOKUP_SECONDS: Final = 5.0
_ADMINS: Final = frozenset({ChatMember.OWNER, ChatMember.ADMINISTRATOR})


class Receiver:
    """Turns updates into events, learns what they do not tell, and hands them on."""

    def __init__(self, client: Client, admin_commands: frozenset[str], now: Callable[[], datetime]) -> None:
        self._client = client
        self._admin_commands = admin_commands
        self._now = now
        self._asking: dict[str, asyncio.Event] = {}

    async def poll(self, take: Take) -> None:
        """Ask for updates until cancelled. Raises InvalidToken."""
        await insistently(self._client.delete_webhook)
        await polling.poll(self._client, partial(self._receive, take))

    async def listen(self, take: Take, hook: webhook.Webhook) -> None:
        """Be called with updates until cancelled. Raises InvalidToken, and OSError where the port is taken."""
        path = urlsplit(hook.url).path or "/"
        runner = await webhook.serve(path, hook, partial(self._receive, take))
        try:
            await insistently(
                partial(
                    self._client.set_webhook,
                    hook.url,
                    secret_token=hook.secret,
                    allowed_updates=ALLOWED_UPDATES,
                    max_connections=webhook.MAX_CONNECTIONS,
                )
            )
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    async def _receive(self, take: Take, raw: dict[str, Any]) -> None:
        event = await self._decode(raw)
        if event is None:
            return
        while (asking := self._asking.get(event.sender.external_id)) is not None:
            await asking.wait()  # what this person did before must be taken before
        if self._asks_admin(event):
            event = await self._with_admin(event)
        await take(event)

    async def _decode(self, raw: dict[str, Any]) -> Event | None:
        me = await self._client.introduced()
        try:
            return decode(Update.de_json(trim(raw), self._client), me, self._now())
        except Exception:
            # It would be as unreadable the next time: to ask for it again would stop us for ever.
            log.exception("update %s is left out: it is not what the Bot API describes", raw.get("update_id"))
            return None

    def _asks_admin(self, event: Event) -> bool:
        in_group = event.place.kind is ChatKind.GROUP and not event.sender.is_hidden
        return event.kind is EventKind.COMMAND and in_group and event.command in self._admin_commands

    async def _with_admin(self, event: Event) -> Event:
        person = event.sender.external_id
        asking = self._asking[person] = asyncio.Event()
        try:
            async with asyncio.timeout(_ADMIN_LOOKUP_SECONDS):
                member = await self._client.get_chat_member(int(event.place.chat), int(person))
        except (TelegramError, TimeoutError) as error:
            log.warning("could not learn whether a person administers a group: %r", error)
            return event
        finally:
            del self._asking[person]
            asking.set()
        return replace(event, sender=replace(event.sender, is_chat_admin=member.status in _ADMINS))


async def insistently(call: Callable[[], Awaitable[object]]) -> None:
    """Call until it succeeds, with growing pauses. Raises InvalidToken, which no waiting mends."""
    pauses = polling.Pauses()
    while True:
        try:
            await call()
        except InvalidToken:
            raise
        except TelegramError as error:
            log.warning("Telegram is out of reach: %s. Trying on; [telegram] api_url says where it is.", error)
            await pauses.wait(error.after_seconds if isinstance(error, AskedToWait) else 0.0)
        else:
            return
