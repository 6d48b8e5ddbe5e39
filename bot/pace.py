"""How fast a platform may be written to: the one place that knows its limits and keeps them.

A limit is a window: so many messages in so many seconds. Whoever wants to send asks for a turn and waits until every window
has room. Direct answers come first, then what somebody is to be told, then what goes to many; nobody is given a turn ahead of
time, so an answer that comes waits for the next free place at the most, whatever else is waiting. What goes to many is spread
evenly, so that such a place is never far.

What the platform says counts more than what we know: when it asks to wait, the chat it asked for waits for as long as it
said, or everything where several chats were told the same at once; then we go a little slower for a while.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import IntEnum
from math import inf
from typing import Final

from handlers.types import ChatKind, Place

_FORGET_ABOVE: Final = 2_000
"""Chats whose windows are remembered before those that are empty again are dropped."""


class Turn(IntEnum):
    """What comes first."""

    ANSWER = 0
    """To what somebody just did."""
    MESSAGE = 1
    """A reminder, a message to somebody, a card that is true no more."""
    BULK = 2
    """One of many of the same."""
    BULK_EDIT = 3
    """One of many edits of what went to many."""


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
    bulk: Limit | None = None
    """For what goes to many; None: the same as overall."""
    is_bulk_apart: bool = False
    """What goes to many does not count against `overall`; edits of it do."""
    jitter: float = 0.0
    """By how much the distance between two of many varies, as a share of it."""

    @property
    def many_a_minute(self) -> float:
        """How many people can be told the same in a minute."""
        allowed = self.bulk or self.overall
        return 60 * allowed.messages / allowed.seconds

    def faster(self, by: int) -> "Limits":
        """The same where time goes faster: so many times the messages overall, and chats that are free again sooner."""

        def sped(limit: Limit) -> Limit:
            return Limit(limit.messages * by, limit.seconds)

        chat, group = self.private_chat, self.group
        return replace(
            self,
            overall=sped(self.overall),
            private_chat=replace(chat, seconds=chat.seconds / by),
            group=replace(group, seconds=group.seconds / by),
            bulk=self.bulk and sped(self.bulk),
        )


TELEGRAM: Final = Limits(overall=Limit(30, 1.0), private_chat=Limit(1, 1.0), group=Limit(20, 60.0))
"""https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this"""
TELEGRAM_PAID: Final = replace(TELEGRAM, bulk=Limit(1000, 1.0), is_bulk_apart=True)
"""https://core.telegram.org/bots/api#paid-broadcasts"""
DISCORD: Final = Limits(
    overall=Limit(45, 1.0), private_chat=Limit(5, 5.0), group=Limit(45, 1.0), bulk=Limit(4, 60.0), jitter=0.5
)
"""50 requests a second in all (https://discord.com/developers/docs/topics/rate-limits#global-rate-limit), some of them not
messages. What it allows in a channel it tells with every answer, and discord.py keeps to that. Of private messages to many
people it says only that they get a bot quarantined, so those go out as slowly as somebody could write them."""
MAIL: Final = Limits(overall=Limit(5, 1.0), private_chat=Limit(10, 60.0), group=Limit(10, 60.0))
"""Servers that send for many allow about 10 a second; who gets mail needs no more than this in a minute."""
_NO_LIMIT: Final = Limit(1_000_000, 1.0)
UNLIMITED: Final = Limits(_NO_LIMIT, _NO_LIMIT, _NO_LIMIT)
_MARGIN: Final = 0.008
"""Clocks differ, and what counts is when the other side receives it."""
_CAUTION: Final = 0.02
"""Wider by so much after we were asked to wait; half of it is forgotten in `_CALM_SECONDS`."""
_MOST_CAUTION: Final = 0.1
_CALM_SECONDS: Final = 30.0
_SPREAD: Final = 0.97
"""Of the even distance between two of many: a little less, so that what was lost to a pause can be caught up with."""
_CATCH_UP_SECONDS: Final = 0.02
_LEARNS: Final = 0.02
"""How much one answer changes what we take for the usual time that a message needs."""
_MOST_DELAY_SECONDS: Final = 0.5
"""By how much a late message counts as later: one that hangs must not hold all up."""
_SEVERAL: Final = 3
"""Chats that were asked to wait within `_AT_ONCE_SECONDS`: then it was meant for all."""
_AT_ONCE_SECONDS: Final = 2.0


class Slot:
    """One turn that was given. Whoever hears back from the platform says so, for what counts is when it arrived there."""

    __slots__ = ("at", "granted", "pace")

    def __init__(self, pace: "Pace", now: float) -> None:
        self.pace = pace
        self.at = self.granted = now

    def over(self) -> None:
        """The platform has answered."""
        self.pace.note_answer(self)


class _Window:
    """The latest turns."""

    __slots__ = ("_seconds", "_slots")

    def __init__(self, limit: Limit) -> None:
        self._seconds = limit.seconds
        self._slots: deque[Slot] = deque(maxlen=limit.messages)

    def next_free(self, margin: float) -> float:
        return self._slots[0].at + self._seconds * (1 + margin) if len(self._slots) == self._slots.maxlen else 0.0

    def take(self, slot: Slot) -> None:
        self._slots.append(slot)

    def is_idle(self, now: float) -> bool:
        return not self._slots or self._slots[-1].at + 2 * self._seconds < now


class _Single(_Window):
    """A window with room for one: there are many of these, so they are small."""

    __slots__ = ("_slot",)

    def __init__(self, limit: Limit) -> None:
        self._seconds = limit.seconds
        self._slot: Slot | None = None

    def next_free(self, margin: float) -> float:
        return self._slot.at + self._seconds * (1 + margin) if self._slot else 0.0

    def take(self, slot: Slot) -> None:
        self._slot = slot

    def is_idle(self, now: float) -> bool:
        return self._slot is None or self._slot.at + 2 * self._seconds < now


class _Stream:
    """What goes to many, spread evenly over the time."""

    def __init__(self, limit: Limit, window: _Window, jitter: float) -> None:
        self.window = window
        self.next_at = 0.0
        self._step = limit.seconds / limit.messages
        self._jitter = jitter

    def take(self, slot: Slot, now: float) -> None:
        self.window.take(slot)
        self.next_at = max(self.next_at, now - _CATCH_UP_SECONDS) + self._step * (_SPREAD + self._jitter * random.random())

    def give_way(self, now: float) -> None:
        """Something else went out: this evens out what came in a burst."""
        self.next_at = max(self.next_at, now + self._step)


@dataclass(eq=False, slots=True)
class _Waiter:
    place: Place
    turn: Turn
    chat: _Window
    granted: "asyncio.Future[Slot]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def minds_chat(self) -> bool:
        """An answer to what somebody just did in their private chat does not wait for that chat's own window: platforms
        bear the short bursts of a conversation, and people do not bear the pause. It counts all the same."""
        return not (self.turn is Turn.ANSWER and self.place.kind is ChatKind.PRIVATE)


class Pace:
    """Gives turns to send."""

    def __init__(self, limits: Limits, time: Callable[[], float] | None = None) -> None:
        self.limits = limits
        self._time = time or (lambda: asyncio.get_running_loop().time())
        self._overall = _Window(limits.overall)
        bulk = limits.bulk or limits.overall
        self._bulk = _Stream(bulk, _Window(bulk), limits.jitter)
        self._edits = _Stream(limits.overall, _Window(limits.overall), 0.0) if limits.is_bulk_apart else self._bulk
        self._chats: dict[str, _Window] = {}
        self._forget_above = _FORGET_ABOVE
        self._waiting: tuple[deque[_Waiter], ...] = tuple(deque() for _ in Turn)
        self._timer: asyncio.TimerHandle | None = None
        self._asked: dict[str, tuple[float, float]] = {}
        """By chat: when we were asked to wait, and until when."""
        self._stands_until = 0.0
        self._usual_trip = inf
        self._caution, self._caution_since = 0.0, 0.0

    async def turn(self, place: Place, turn: Turn = Turn.MESSAGE) -> Slot:
        """Wait until a message may be sent to `place`. Whoever is cancelled while waiting takes nobody's place."""
        waiter = _Waiter(place, turn, self._window_of(place))
        queue = self._waiting[turn]
        queue.append(waiter)
        self._grant()
        try:
            return await waiter.granted
        except asyncio.CancelledError:
            if waiter in queue:
                queue.remove(waiter)
            raise

    def asked_to_wait(self, place: Place, seconds: float, *, everywhere: bool = False) -> None:
        """The platform took nothing for `place` and wants us to wait so long. `everywhere`: it said that it means all."""
        now = self._time()
        self._asked = {chat: asked for chat, asked in self._asked.items() if asked[1] > now}
        self._asked[place.chat] = now, now + seconds
        at_once = sum(since > now - _AT_ONCE_SECONDS for since, _ in self._asked.values())
        if everywhere or at_once >= _SEVERAL:
            self._stands_until = max(self._stands_until, now + seconds)
            self._caution, self._caution_since = min(self._caution_at(now) + _CAUTION, _MOST_CAUTION), now

    def note_answer(self, slot: Slot) -> None:
        """What took longer than usual arrived later than usual, and counts from then on."""
        now = self._time()
        trip = now - slot.granted
        usual = self._usual_trip
        self._usual_trip = trip if trip < usual else usual + _LEARNS * (min(trip, 2 * usual) - usual)
        slot.at = slot.granted + min(max(0.0, trip - usual), _MOST_DELAY_SECONDS)

    def _caution_at(self, now: float) -> float:
        if not self._caution:
            return 0.0
        return self._caution * float(0.5 ** ((now - self._caution_since) / _CALM_SECONDS))

    def _window_of(self, place: Place) -> _Window:
        known = self._chats.get(place.chat)
        if known is not None:
            return known
        if len(self._chats) >= self._forget_above:
            now = self._time()
            self._chats = {chat: window for chat, window in self._chats.items() if not window.is_idle(now)}
            self._forget_above = max(_FORGET_ABOVE, 2 * len(self._chats))
        limit = self.limits.private_chat if place.kind is ChatKind.PRIVATE else self.limits.group
        window = self._chats[place.chat] = _Single(limit) if limit.messages == 1 else _Window(limit)
        return window

    def _grant(self) -> None:
        """Give a turn to everybody who may go now, and come back when the next one may."""
        now = self._time()
        margin = _MARGIN + self._caution_at(now)
        while True:
            waiter, moment = self._first(now, margin)
            if waiter is None:
                break
            self._waiting[waiter.turn].remove(waiter)
            if not waiter.granted.done():
                waiter.granted.set_result(self._take(waiter, now))
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(max(0.0, moment - now), self._grant) if moment < inf else None

    def _first(self, now: float, margin: float) -> tuple[_Waiter | None, float]:
        """Who may go now, or when the next one may."""
        soonest = inf
        for queue in self._waiting:
            if not queue:
                continue
            free = self._room(queue[0].turn, margin)
            if free > now:
                soonest = min(soonest, free)
                continue
            for waiter in queue:
                moment = self._chat_room(waiter, now, margin)
                if moment <= now:
                    return waiter, now
                soonest = min(soonest, moment)
        return None, soonest

    def _stream(self, turn: Turn) -> _Stream | None:
        return {Turn.BULK: self._bulk, Turn.BULK_EDIT: self._edits}.get(turn)

    def _is_apart(self, turn: Turn) -> bool:
        return turn is Turn.BULK and self.limits.is_bulk_apart

    def _room(self, turn: Turn, margin: float) -> float:
        """When the platform as a whole has room for such a message."""
        free = self._stands_until if self._is_apart(turn) else max(self._stands_until, self._overall.next_free(margin))
        stream = self._stream(turn)
        return max(free, stream.next_at, stream.window.next_free(margin)) if stream else free

    def _chat_room(self, waiter: _Waiter, now: float, margin: float) -> float:
        free = waiter.chat.next_free(margin) if waiter.minds_chat else now
        asked = self._asked.get(waiter.place.chat) if self._asked else None
        return max(free, asked[1]) if asked else free

    def _take(self, waiter: _Waiter, now: float) -> Slot:
        slot = Slot(self, now)
        waiter.chat.take(slot)
        stream = self._stream(waiter.turn)
        if stream:
            stream.take(slot, now)
        elif not self.limits.bulk:
            self._bulk.give_way(now)
        if not self._is_apart(waiter.turn):
            self._overall.take(slot)
        return slot
