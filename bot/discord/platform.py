"""Discord as a `Platform`: receives events, delivers answers."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

import aiohttp
import discord

from bot.bulk import OneByOne
from bot.discord import commands
from bot.discord.callbacks import Callbacks
from bot.discord.client import NEEDED, Http, Shard
from bot.discord.components import Json
from bot.discord.decode import PLATFORM
from bot.discord.delivering import Delivery, MediaStore
from bot.discord.first import DEFER_AFTER_SECONDS, FirstResponses
from bot.discord.receiving import Offer, Receiver
from bot.discord.render import in_words
from bot.pace import DISCORD, Pace
from bot.platform import Bulk, NeedsMending, Take
from handlers.types import Answer, Place, Reply, Upload

log = logging.getLogger(__name__)

INVITATION: Final = (
    f"https://discord.com/oauth2/authorize?client_id={{}}&scope=bot+applications.commands&permissions={NEEDED.value}"
)
"""https://discord.com/developers/docs/topics/oauth2#bot-authorization-flow"""
API_URL: Final = "https://discord.com/api/v10"
_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 60.0
_SETTLED_SECONDS: Final = 300.0
"""After a run of this length a failure counts as the first one again."""
_IDENTIFY_SECONDS: Final = 5.0
"""Between the first greetings of two shards. https://discord.com/developers/docs/events/gateway#rate-limiting"""
_TO_MEND: Final = {
    4004: "Discord refuses the token: [discord] token must be the one of the developer portal's Bot page",
    4010: "Discord refuses the shards: [discord] shards is more than there are",
    4011: "Discord wants more shards: leave [discord] shards out, or name more",
    4013: "Discord does not know what we ask to hear of: a newer version of Himma is needed",
    4014: "Discord does not grant what we ask to hear of: a newer version of Himma is needed",
}
"""https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes"""


class TokenRefused(NeedsMending):
    """Discord does not know our token: the deployer must mend it."""


class Discord:
    """Satisfies `bot.platform.Platform`."""

    name = PLATFORM
    is_heard = True
    sends_once = True

    def __init__(
        self,
        token: str,
        media: MediaStore,
        *,
        api_url: str = API_URL,
        gateway_url: str | None = None,
        shards: int | None = None,
        shard_ids: Sequence[int] = (),
        offer: Offer | None = None,
        pace: Pace | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        defer_after_seconds: float = DEFER_AFTER_SECONDS,
    ) -> None:
        """`shards` gateway connections in all, as many as Discord advises where it is None; of these the ones in `shard_ids`
        are this process's, all of them where that is empty. `offer` finds the tasks that a person may mean."""
        self._token = token
        self._shards = shards
        self._shard_ids = shard_ids
        self._http = Http(api_url, gateway_url)
        self._callbacks = Callbacks(api_url)
        self._first = FirstResponses(self._callbacks, defer_after_seconds)
        self._receiver = Receiver(self._callbacks, self._first, offer, now)
        self.pace = pace or Pace(DISCORD)
        self._delivery = Delivery(self._http, self._callbacks, self._first, media, self.pace, now)

    async def run(self, take: Take) -> None:
        """See `Platform.run`. Raises TokenRefused, NeedsMending."""
        pause = _FIRST_PAUSE_SECONDS
        time = asyncio.get_running_loop().time
        try:
            while True:
                began = time()
                try:
                    await self._connect(take)
                except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
                    log.warning(
                        "Discord is out of reach: %s. Trying on in %g s; [discord] api_url says where it is.",
                        _told(error),
                        pause,
                    )
                pause = _FIRST_PAUSE_SECONDS if time() - began > _SETTLED_SECONDS else pause
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        finally:
            await self._receiver.end()

    async def _connect(self, take: Take) -> None:
        """Be connected, for as long as discord.py can hold it."""
        try:
            me = await self._http.open(self._token)
        except discord.LoginFailure:
            raise TokenRefused(_TO_MEND[4004]) from None
        advised = await self._http.gateway()
        self._receiver.begin(take, me)
        await self._publish(me)
        log.info("connected to Discord as %s; it is invited by %s", me.get("username"), INVITATION.format(me["id"]))
        count = self._shards or advised
        numbers = self._shard_ids or range(count)
        tasks = [asyncio.create_task(self._hold(number, count, at)) for at, number in enumerate(numbers)]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        raise next((one for one in ended if isinstance(one, Exception)), OSError("the gateway closed"))

    async def _hold(self, number: int, count: int, position: int) -> None:
        """One gateway connection. Raises NeedsMending, and what discord.py cannot recover from."""
        await asyncio.sleep(position * _IDENTIFY_SECONDS)
        try:
            async with Shard(self._http, self._receiver, number, count) as shard:
                await shard.connect()
        except discord.PrivilegedIntentsRequired:
            raise NeedsMending(_TO_MEND[4014]) from None
        except discord.ConnectionClosed as closed:
            if closed.code == 4004:
                raise TokenRefused(_TO_MEND[4004]) from None
            if closed.code in _TO_MEND:
                raise NeedsMending(_TO_MEND[closed.code]) from None
            raise

    async def _publish(self, me: Json) -> None:
        """Register the commands. Those that are registered go on working where that fails."""
        try:
            await commands.publish(self._http, int(me["id"]))
        except discord.HTTPException as error:
            log.warning("the commands could not be registered with Discord: %s", error)

    async def answer(self, answer: Answer) -> None:
        """See `Platform.answer`."""
        await self._delivery.answer(answer)

    async def send(self, place: Place, reply: Reply, key: str = "") -> str:
        """See `Platform.send`."""
        return await self._delivery.send(place, reply, key)

    async def edit(self, place: Place, message: str, reply: Reply) -> None:
        """See `Platform.edit`."""
        await self._delivery.edit(place, message, reply)

    def bulk(self, reply: Reply) -> Bulk:
        """See `Broadcasting.bulk`."""
        its = self._delivery
        return OneByOne(reply, self.pace, partial(its.send, turn=None), partial(its.edit, turn=None))

    def in_words(self, reply: Reply) -> str:
        """See `Broadcasting.in_words`."""
        return in_words(reply)

    async def fetch(self, upload: Upload) -> bytes:
        """See `Platform.fetch`."""
        return await self._delivery.fetch(upload)

    async def close(self) -> None:
        """See `Platform.close`."""
        await self._first.close()
        await self._http.shut()
        await self._callbacks.close()


def _told(error: Exception) -> str:
    """What went wrong, without addresses."""
    return str(error) if isinstance(error, discord.DiscordException) else type(error).__name__
