"""Python-telegram-bot's `Bot` on our transport."""

import logging
from typing import Any, Final, cast

from telegram import Bot, User
from telegram.error import BadRequest

from bot.telegram.request import STAND_IN, AiohttpRequest

_POLL_MARGIN_SECONDS: Final = 10.0


class Client(Bot):
    """A `Bot` that does not know its token, remembers who it is, and hands out updates as they came."""

    # Python-telegram-bot logs every parameter and answer at DEBUG: people's words, and the webhook's secret.
    _LOGGER = logging.getLogger(f"{__name__}.bot")
    _LOGGER.setLevel(logging.INFO)

    __slots__ = ("_transport",)

    def __init__(self, transport: AiohttpRequest) -> None:
        super().__init__(STAND_IN, base_url="bot", base_file_url="file", request=transport, get_updates_request=transport)
        with self._unfrozen():
            self._transport = transport

    async def introduced(self) -> User:
        """Who we are; asked once. Raises TelegramError."""
        return self._bot_user or await self.get_me()

    @property
    def known_username(self) -> str:
        """Our @name without the @; empty as long as nobody has asked who we are."""
        return (self._bot_user and self._bot_user.username) or ""

    async def disconnect(self) -> None:
        """Let go of the connections."""
        await self._transport.shutdown()

    async def updates(self, offset: int | None, wait_seconds: float, allowed: tuple[str, ...]) -> list[dict[str, Any]]:
        """At most 100 updates from `offset` on, unparsed: `Bot.get_updates` loses a whole batch to one that it cannot parse.

        Acknowledges those before `offset`. Raises TelegramError.
        """
        parameters = {"offset": offset, "limit": 100, "timeout": int(wait_seconds), "allowed_updates": allowed}
        result = await self._post("getUpdates", parameters, read_timeout=wait_seconds + _POLL_MARGIN_SECONDS)
        return cast("list[dict[str, Any]]", result)

    async def download(self, file_id: str, limit_bytes: int) -> bytes:
        """The bytes of a file. Raises TelegramError; BadRequest where it is larger than `limit_bytes`."""
        described = await self._post("getFile", {"file_id": file_id})
        if described.get("file_size", 0) > limit_bytes:
            raise BadRequest("file is too big")
        if not described.get("file_path"):
            raise BadRequest("file not found")
        return await self._transport.download(described["file_path"], limit_bytes)
