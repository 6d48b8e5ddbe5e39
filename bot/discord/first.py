"""First responses: Discord wants one within three seconds of an interaction, whatever the answer will be.

What is kept here only spares a deferral: after a restart an answer goes out as what follows a first response.
https://discord.com/developers/docs/interactions/receiving-and-responding
"""

import asyncio
import logging
from typing import Final

from bot.discord.callbacks import Callbacks, Response
from bot.discord.handle import Handle
from bot.discord.render import EPHEMERAL
from bot.platform import DeliveryError, Gone

log = logging.getLogger(__name__)

DEFER_AFTER_SECONDS: Final = 1.5
MOST_WAITING: Final = 256
"""With more interactions waiting for their first response, all of them are deferred at once; with so many deferrals on their
way, nothing else is begun. It is as many as can be under way (`Callbacks`)."""
_RETRY_SECONDS: Final = 0.3


class FirstResponses:
    """Interactions that nothing was said to yet. Those for which that takes too long are deferred."""

    def __init__(self, callbacks: Callbacks, after_seconds: float = DEFER_AFTER_SECONDS) -> None:
        self._callbacks = callbacks
        self._after_seconds = after_seconds
        self._timers: dict[str, tuple[asyncio.TimerHandle, Handle, bool]] = {}
        self._deferring: dict[str, asyncio.Task[None]] = {}
        self._is_calm = asyncio.Event()
        self._is_calm.set()

    def expect(self, handle: Handle, *, whispers: bool) -> None:
        """An interaction arrived. `whispers`: a deferral is for its person alone to see."""
        if handle.id in self._timers or handle.id in self._deferring:
            return
        timer = asyncio.get_running_loop().call_later(self._after_seconds, self._begin_to_defer, handle, whispers)
        self._timers[handle.id] = timer, handle, whispers
        if len(self._timers) + len(self._deferring) > MOST_WAITING:
            for _, waiting, is_whispered in list(self._timers.values()):  # whoever came first, first
                self._begin_to_defer(waiting, is_whispered)

    async def calm(self) -> None:
        """Wait until what is to be done may take its time: in a flood everybody is acknowledged before anybody is answered,
        for an answer keeps for fifteen minutes, and the app waits for three seconds."""
        await self._is_calm.wait()

    async def take_over(self, handle: Handle) -> bool:
        """Whether the first response is still to be given, which is then the caller's; else it is out when this returns."""
        waiting = self._timers.pop(handle.id, None)
        if waiting is not None:
            waiting[0].cancel()
            return True
        if (deferring := self._deferring.get(handle.id)) is not None:
            await asyncio.wait({deferring})
        return False

    def _begin_to_defer(self, handle: Handle, whispers: bool) -> None:
        timer, *_ = self._timers.pop(handle.id)
        timer.cancel()
        task = self._deferring[handle.id] = asyncio.create_task(self._defer(handle, whispers=whispers))
        task.add_done_callback(lambda _: self._end_deferring(handle))
        if len(self._deferring) > MOST_WAITING:
            self._is_calm.clear()

    def _end_deferring(self, handle: Handle) -> None:
        del self._deferring[handle.id]
        if len(self._deferring) <= MOST_WAITING:
            self._is_calm.set()

    async def _defer(self, handle: Handle, *, whispers: bool) -> None:
        for is_last in (False, True):
            try:
                if handle.source.is_on_message:
                    await self._callbacks.respond(handle, Response.DEFERRED_UPDATE)
                else:
                    flags = EPHEMERAL if whispers else 0
                    await self._callbacks.respond(handle, Response.DEFERRED_MESSAGE, {"flags": flags})
            except Gone:  # too late, or the retry of what did arrive
                return
            except DeliveryError as error:
                if is_last:
                    log.warning("interaction %s could not be deferred: %s", handle.id, error)
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return

    async def close(self) -> None:
        """Defer nothing any more."""
        for timer, *_ in self._timers.values():
            timer.cancel()
        self._timers.clear()
        if self._deferring:
            await asyncio.wait(set(self._deferring.values()), timeout=1.0)
