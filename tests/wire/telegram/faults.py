"""What goes wrong on purpose: faults of the next calls, and Telegram's flood limits."""

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from tests.wire.telegram.refusal import Refusal


class Fault(StrEnum):
    """How a call fails."""

    INTERNAL = "500"
    BAD_GATEWAY = "502"
    FLOOD = "429"
    TIMEOUT = "timeout"
    """No answer comes."""
    DROP = "drop"
    """The connection is cut."""


@dataclass(slots=True)
class PlannedFault:
    """The next `times` calls of `method` (of any, where it is empty) fail."""

    method: str
    kind: Fault
    times: int
    after_effect: bool = False
    retry_after: int = 1


@dataclass(slots=True)
class Limits:
    """Telegram's flood limits: so many messages in so many seconds. https://core.telegram.org/bots/faq#my-bot-is-hitting-limits"""

    chat: tuple[int, float] = (1, 1.0)
    group: tuple[int, float] = (20, 60.0)
    overall: tuple[int, float] = (30, 1.0)
    clock: Callable[[], float] = time.monotonic
    _sent: dict[object, deque[float]] = field(default_factory=dict)

    def count(self, chat_id: int, *, is_group: bool) -> None:
        """Count a message, or refuse it with 429."""
        now = self.clock()
        checks: list[tuple[object, tuple[int, float]]] = [("all", self.overall), (("chat", chat_id), self.chat)]
        if is_group:
            checks.append((("group", chat_id), self.group))
        for key, (number, seconds) in checks:
            sent = self._sent.setdefault(key, deque())
            while sent and sent[0] <= now - seconds:
                sent.popleft()
            if len(sent) >= number:
                raise flood(max(1, math.ceil(sent[0] + seconds - now)))
        for key, _ in checks:
            self._sent[key].append(now)


def flood(retry_after: int) -> Refusal:
    return Refusal(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)
