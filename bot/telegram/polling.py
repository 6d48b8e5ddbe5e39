"""Long polling that acknowledges an update only after it was taken.

getUpdates acknowledges everything before its `offset`, so the offset moves only past a run of updates that are all finished.
An update that takes long (a picture being fetched) holds up no other: we poll on from it, and skip what is under way.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any, Final

from telegram.error import Conflict, InvalidToken, TelegramError

from bot.telegram.client import Client
from bot.telegram.decode import ALLOWED_UPDATES
from bot.telegram.request import AskedToWait

log = logging.getLogger(__name__)

Raw = dict[str, Any]

_WAIT_SECONDS: Final = 30.0
_GRACE_SECONDS: Final = 0.1
"""How long we wait for the updates under way before we ask for more beside them."""
_LONGEST_PAUSE_SECONDS: Final = 30.0


class Pauses:
    """Pauses that grow from failure to failure, with some chance in them so that replicas do not march in step."""

    def __init__(self, first_seconds: float = 0.2, longest_seconds: float = _LONGEST_PAUSE_SECONDS) -> None:
        self._first = self._next = first_seconds
        self._longest = longest_seconds

    def reset(self) -> None:
        self._next = self._first

    async def wait(self, at_least_seconds: float = 0.0) -> None:
        seconds = max(self._next * random.uniform(0.5, 1.0), at_least_seconds)
        self._next = min(self._next * 2, self._longest)
        await asyncio.sleep(seconds)


class Window:
    """The updates under way, in the order of their ids."""

    def __init__(self, receive: Callable[[Raw], Awaitable[None]]) -> None:
        self._receive = receive
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self.offset: int | None = None

    def add(self, updates: list[Raw]) -> None:
        for update in updates:
            if update["update_id"] not in self._tasks:
                self._tasks[update["update_id"]] = asyncio.create_task(self._run(update))

    async def _run(self, update: Raw) -> None:
        await self._receive(update)

    async def settle(self) -> bool:
        """Wait a little for what is under way, then move the offset. False where an update was not taken."""
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=_GRACE_SECONDS)
        failed = [update_id for update_id, task in self._tasks.items() if task.done() and _failed(task, update_id)]
        for update_id in failed:
            del self._tasks[update_id]  # it comes again, for the offset will not pass it
        first_failed = min(failed, default=None)
        for update_id in sorted(self._tasks):
            if not self._tasks[update_id].done() or (first_failed is not None and update_id > first_failed):
                break
            del self._tasks[update_id]
            self.offset = update_id + 1
        return not failed

    async def cancel(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)


def _failed(task: asyncio.Task[None], update_id: int) -> bool:
    error = task.exception()
    if error is not None:
        log.error("update %d was not taken and will come again: %r", update_id, error, exc_info=error)
    return error is not None


async def poll(client: Client, receive: Callable[[Raw], Awaitable[None]]) -> None:
    """Receive until cancelled; raises InvalidToken where Telegram refuses the token."""
    window, pauses, fetcher = Window(receive), Pauses(), Fetcher(client)
    try:
        while True:
            window.add(await fetcher.fetch(window.offset))
            if await window.settle():
                pauses.reset()
            else:
                await pauses.wait()
    finally:
        await window.cancel()


class Fetcher:
    """Asks for updates, however long it takes to get an answer."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._pauses = Pauses()
        self._complained = ""

    async def fetch(self, offset: int | None) -> list[Raw]:
        """The updates from `offset` on; at once where some are there already, those under way among them."""
        while True:
            try:
                updates = await self._client.updates(offset, _WAIT_SECONDS, ALLOWED_UPDATES)
            except InvalidToken:
                raise
            except TelegramError as error:
                self._complain(error)
                await self._pauses.wait(error.after_seconds if isinstance(error, AskedToWait) else 0.0)
            else:
                self._pauses.reset()
                self._complained = ""
                return updates

    def _complain(self, error: TelegramError) -> None:
        """Once for each kind of trouble, not once for each attempt."""
        if type(error).__name__ == self._complained:
            return
        self._complained = type(error).__name__
        if isinstance(error, Conflict):
            log.error("another process receives this bot's updates (%s); only one may. Trying on.", error)
        else:
            log.warning("no updates from Telegram: %s. Trying on.", error)
