"""Direct answers on their way out.

An answer is on disk before it is sent, and marked when it was. What a crash or a failing wire leaves unmarked is swept up and
delivered later, by this process or another.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.edge import Edge
from bot.lanes import Lanes
from bot.platform import DeliveryError, Gone, Moved, Platform, Refused, TryLater, Unknown, Unreachable
from handlers.closed_doors import note_closed
from handlers.stored import load_answer
from handlers.types import Answer, CannotRender, ChatKind
from models.delivery import lease_unanswered
from models.moving import move_chat

log = logging.getLogger(__name__)

SWEEP_LEASE = timedelta(seconds=60)
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
_ATTEMPTS = 6
_MARK_EVERY_SECONDS = 0.1
_REMEMBERED = 4_096


class Answers:
    """Delivers answers, each chat's in order, and marks them."""

    def __init__(self, edge: Edge, platforms: Mapping[str, Platform], now: Callable[[], datetime]) -> None:
        self._edge = edge
        self._platforms = platforms
        self._now = now
        self._lanes = Lanes()
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._settled: OrderedDict[str, None] = OrderedDict()
        """Delivered lately: an event that comes again may have looked for its answer just before that was marked."""

    def deliver_soon(self, answer: Answer) -> None:
        """Deliver an answer behind those for the same chat that came earlier. One that is under way already is not doubled."""
        if answer.key in self._under_way or (answer.reply.is_silent and not answer.address.token):
            return
        task = asyncio.create_task(self._deliver(answer))
        self._under_way[answer.key] = task
        task.add_done_callback(lambda _: self._under_way.pop(answer.key, None))

    async def _deliver(self, answer: Answer) -> None:
        address = answer.address
        async with self._lanes.turn((address.place.platform, address.place.chat, address.person)):
            was_delivered = answer.delivered or answer.key in self._settled
            if await self._insist(replace(answer, delivered=was_delivered)) and not was_delivered:
                self._edge.marks.answered[answer.key] = self._now()
                self._settled[answer.key] = None
                if len(self._settled) > _REMEMBERED:
                    self._settled.popitem(last=False)

    async def _insist(self, answer: Answer) -> bool:
        """Try, with growing pauses. Whether it is settled: delivered, or never to be."""
        pause = _FIRST_PAUSE_SECONDS
        for _ in range(_ATTEMPTS):
            try:
                await self._platforms[answer.address.place.platform].answer(answer)
            except TryLater as later:
                await asyncio.sleep(min(max(later.after_seconds, pause), _LONGEST_PAUSE_SECONDS))
            except Unknown:  # said twice is better than not answered
                await asyncio.sleep(pause)
            except Moved as moved:
                answer = await self._follow(answer, moved.chat)
            except (DeliveryError, CannotRender) as error:
                await self._give_up(answer, error)
                return True
            else:
                return True
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        return False

    async def _follow(self, answer: Answer, chat: str) -> Answer:
        """The chat goes on elsewhere, and so does the answer."""
        place = answer.address.place
        await self._edge.transact(lambda session: move_chat(session, place.platform, place.chat, chat, self._now()))
        address = replace(answer.address, place=replace(place, chat=chat), message="")
        return replace(answer, address=address)

    async def _give_up(self, answer: Answer, error: Exception) -> None:
        place = answer.address.place
        if isinstance(error, Unreachable) and place.kind is ChatKind.PRIVATE:
            await self._edge.transact(lambda session: note_closed(session, place, self._now()))
        elif isinstance(error, Refused | CannotRender):
            log.error("%s refuses the answer to %s: %s", place.platform, answer.key, error)
        elif not isinstance(error, Gone | Unreachable):
            log.warning("the answer to %s was not delivered: %s", answer.key, error)

    async def sweep(self, platform: str, limit: int = 50) -> int:
        """Take up answers that nobody delivered in time. How many."""
        stored = await self._edge.transact(
            lambda session: lease_unanswered(session, platform, self._now(), SWEEP_LEASE, limit)
        )
        for answer in map(load_answer, stored):
            if answer.key not in self._settled:
                self.deliver_soon(answer)
        return len(stored)

    async def run(self) -> None:
        """Mark what was delivered, a few times a second, until cancelled."""
        while True:
            await asyncio.sleep(_MARK_EVERY_SECONDS)
            try:
                await self._edge.mark()
            except Exception:  # the database is away: the marks are kept
                log.warning("delivered answers could not be marked; trying again", exc_info=True)
                await asyncio.sleep(_LONGEST_PAUSE_SECONDS / 10)

    async def settle(self) -> None:
        """Wait until all that is under way is delivered, and mark it."""
        while self._under_way:
            await asyncio.gather(*self._under_way.values(), return_exceptions=True)
        await self._edge.mark()

    async def end(self) -> None:
        """Give up what is under way: it is swept up after the next start."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
