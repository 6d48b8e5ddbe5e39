"""From what shards hear to taken events. Discord delivers a thing once, so what could not be taken is kept trying here."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final

import discord

from bot.discord import decode
from bot.discord.callbacks import Callbacks, Response
from bot.discord.components import ASKING, Json, modal_for
from bot.discord.first import MOST_WAITING, FirstResponses
from bot.discord.handle import TOKEN_LIFE
from bot.discord.markdown import defuse
from bot.fitting import cut
from bot.platform import DeliveryError, Take
from handlers.types import ChatKind, Event, Place, Sender, Service

log = logging.getLogger(__name__)

Offer = Callable[[Sender, str, str], Awaitable[list[tuple[str, int]]]]
"""What fits what a person has typed so far (the third) for a command's task (the second): labels and numbers, best first."""

_CHOICES: Final = 25
_CHOICE_LIMIT: Final = 100
_OFFER_SECONDS: Final = 2.5
_FIRST_PAUSE_SECONDS: Final = 0.2
_LONGEST_PAUSE_SECONDS: Final = 30.0


class Receiver:
    """Satisfies `bot.discord.client.Arrivals`."""

    def __init__(self, callbacks: Callbacks, first: FirstResponses, offer: Offer | None, now: Callable[[], datetime]) -> None:
        self._callbacks = callbacks
        self._first = first
        self._offer = offer
        self._now = now
        self._take: Take | None = None
        self._me: Json = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._at_work = asyncio.Semaphore(MOST_WAITING)

    def begin(self, take: Take, me: Json) -> None:
        """Hand what arrives to `take` from now on; `me` is who we are."""
        self._take, self._me = take, me

    async def end(self) -> None:
        """Give up what is not taken yet."""
        self._take = None
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def interaction(self, data: Json, guild: str) -> None:
        self._begin(self._interact(data, guild), data.get("id"))

    def message(self, data: Json) -> None:
        if not data.get("guild_id"):
            self._begin(self._hear(data), data.get("id"))

    def added(self, guild: discord.Guild) -> None:
        """Where a community lives already it goes on; a new guild is greeted in one channel."""
        greeted = _greeting_channel(guild)
        for channel in guild.text_channels:
            kind = ChatKind.GROUP if channel == greeted else ChatKind.CHANNEL
            self._tell(Service.CHAT_ADDED, Place(decode.PLATFORM, str(channel.id), kind, guild.name))

    def removed(self, channels: list[discord.abc.GuildChannel]) -> None:
        for channel in channels:
            place = Place(decode.PLATFORM, str(channel.id), ChatKind.GROUP, channel.guild.name)
            self._tell(Service.CHAT_REMOVED, place)

    def _tell(self, service: Service, place: Place) -> None:
        now = self._now()
        key = f"{service}:{place.chat}:{int(now.timestamp() * 1000)}"
        self._begin(self._insist(decode.service(service, place, self._me, key, now)), key)

    def _begin(self, work: Coroutine[Any, Any, None], what: object) -> None:
        task = asyncio.create_task(self._guard(work, what))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guard(self, work: Coroutine[Any, Any, None], what: object) -> None:
        try:
            await work
        except DeliveryError as error:
            log.warning("%s was not answered: %s", what, error)
        except Exception:
            log.exception("%s is left out", what)

    async def _interact(self, data: Json, guild: str) -> None:
        if data["type"] == decode.AUTOCOMPLETE:
            await self._suggest(data)
        elif data["type"] == decode.COMPONENT and data["data"]["custom_id"].startswith(ASKING):
            modal = modal_for(data["message"], data["data"]["custom_id"])
            await self._callbacks.respond(decode.handle_of(data), Response.MODAL, modal)
        elif data["type"] in {decode.COMMAND, decode.COMPONENT, decode.MODAL}:
            now = self._now()
            self._first.expect(decode.handle_of(data), whispers=bool(data.get("guild_id")))
            async with self._turn():
                await self._insist(decode.interaction(data, guild, now))

    async def _hear(self, data: Json) -> None:
        event = decode.message(data, self._now())
        if event is not None:
            async with self._turn():
                await self._insist(event)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """So many at a time, in the order in which they came; in a flood, when everybody is acknowledged."""
        async with self._at_work:
            await self._first.calm()
            yield

    async def _insist(self, event: Event) -> None:
        """Hand an event over until it is taken, for as long as an answer could reach anybody."""
        pause = _FIRST_PAUSE_SECONDS
        until = asyncio.get_running_loop().time() + TOKEN_LIFE / timedelta(seconds=1)
        while self._take is not None:
            try:
                await self._take(event)
            except Exception:
                if asyncio.get_running_loop().time() + pause > until:
                    raise
                log.warning("event %s was not taken; trying again in %g s", event.key, pause, exc_info=True)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            else:
                return

    async def _suggest(self, data: Json) -> None:
        """Offer tasks; nothing where that takes too long, for what is typed goes through as well."""
        found: list[tuple[str, int]] = []
        if self._offer is not None:
            try:
                async with asyncio.timeout(_OFFER_SECONDS):
                    found = await self._offer(decode.sender(data), data["data"]["name"], decode.typed_so_far(data))
            except Exception:
                log.exception("no tasks could be offered")
        choices = [{"name": cut(defuse(label), _CHOICE_LIMIT), "value": number} for label, number in found[:_CHOICES]]
        await self._callbacks.respond(decode.handle_of(data), Response.CHOICES, {"choices": choices})


def _greeting_channel(guild: discord.Guild) -> discord.TextChannel | None:
    """Where newcomers are greeted, or the first channel that takes our words."""
    channels = [guild.system_channel, *guild.text_channels]
    return next((one for one in channels if one and one.permissions_for(guild.me).send_messages), None)
