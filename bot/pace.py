"""How fast a platform may be written to: the one place that knows its limits and keeps them.

A limit is a window: so many messages in so many seconds. Whoever wants to send asks for a turn and waits until every window
has room; turns are given in the order they were asked for.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from handlers.types import ChatKind, Place

_FORGET_ABOVE = 10_000
"""Chats whose windows are remembered before those that are empty again are dropped."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `messages` in any `seconds`."""

    messages: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What a platform allows."""

    overall: Limit
    private_chat: Limit
    group: Limit


TELEGRAM: Final = Limits(overall=Limit(30, 1.0), private_chat=Limit(1, 1.0), group=Limit(20, 60.0))
"""https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this"""
DISCORD: Final = Limits(overall=Limit(45, 1.0), private_chat=Limit(5, 5.0), group=Limit(45, 1.0))
"""50 requests a second in all (https://discord.com/developers/docs/topics/rate-limits#global-rate-limit), some of them not
messages. What it allows in a channel it tells with every answer, and discord.py keeps to that."""
UNLIMITED: Final = Limits(*[Limit(1_000_000, 1.0)] * 3)
_MARGIN = 1.02
"""Clocks differ, and what counts is when the other side receives it."""


class _Window:
    """The moments of the latest turns, those given for the future included."""

    def __init__(self, limit: Limit) -> None:
        self._seconds = limit.seconds * _MARGIN
        self._turns: deque[float] = deque(maxlen=limit.messages)

    def next_free(self) -> float:
        return self._turns[0] + self._seconds if len(self._turns) == self._turns.maxlen else 0.0

    def take(self, moment: float) -> None:
        self._turns.append(moment)

    def is_idle(self, now: float) -> bool:
        return not self._turns or self._turns[-1] + self._seconds < now


class Pace:
    """Gives turns to send."""

    def __init__(self, limits: Limits, time: Callable[[], float] | None = None) -> None:
        self._limits = limits
        self._time = time or (lambda: asyncio.get_running_loop().time())
        self._overall = _Window(limits.overall)
        self._chats: dict[str, _Window] = {}

    async def turn(self, place: Place, *, is_answer: bool = False) -> None:
        """Wait until a message may be sent to `place`.

        An answer to what somebody just did in their private chat does not wait for that chat's own window: platforms bear
        the short bursts of a conversation, and people do not bear the pause. It counts all the same.
        """
        now = self._time()
        chat = self._window_of(place, now)
        windows = (self._overall,) if is_answer and place.kind is ChatKind.PRIVATE else (self._overall, chat)
        moment = max(now, *(window.next_free() for window in windows))
        self._overall.take(moment)
        chat.take(moment)
        if moment > now:
            await asyncio.sleep(moment - now)

    def _window_of(self, place: Place, now: float) -> _Window:
        if len(self._chats) > _FORGET_ABOVE:
            self._chats = {chat: window for chat, window in self._chats.items() if not window.is_idle(now)}
        limit = self._limits.private_chat if place.kind is ChatKind.PRIVATE else self._limits.group
        return self._chats.setdefault(place.chat, _Window(limit))
