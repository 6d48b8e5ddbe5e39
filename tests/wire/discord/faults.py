"""What goes wrong on purpose: faults of the next calls, and Discord's rate limits."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from tests.wire.discord.refusal import Refusal


class Fault(StrEnum):
    """How a call fails."""

    INTERNAL = "500"
    BAD_GATEWAY = "502"
    UNAVAILABLE = "503"
    LIMITED = "429"
    """The route's limit is hit."""
    LIMITED_GLOBALLY = "429 global"
    TIMEOUT = "timeout"
    """No answer comes."""
    DROP = "drop"
    """The connection is cut."""


@dataclass(slots=True)
class PlannedFault:
    """The next `times` calls whose route (`POST /channels/{channel_id}/messages`) begins so fail."""

    route: str
    kind: Fault
    times: int
    after_effect: bool = False
    retry_after: float = 0.2


Window = tuple[int, float]
"""So many requests in so many seconds."""

ROUTES: Final[dict[str, Window]] = {
    "POST /channels/{channel_id}/messages": (5, 5.0),
    "PATCH /channels/{channel_id}/messages/{message_id}": (5, 5.0),
    "DELETE /channels/{channel_id}/messages/{message_id}": (5, 1.0),
    "POST /webhooks/{webhook_id}/{webhook_token}": (5, 2.0),
    "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original": (5, 2.0),
    "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}": (5, 2.0),
    "POST /users/@me/channels": (10, 10.0),
    "PUT /applications/{application_id}/commands": (2, 20.0),
}
"""What bots see in practice; Discord publishes none of these and says that they may change."""
_OFF: Final[Window] = (100, 1.0)


@dataclass(slots=True)
class Limits:
    """Discord's rate limits. https://discord.com/developers/docs/topics/rate-limits

    `overall` does not count interactions' callbacks and what goes by their tokens. `invalid` blocks an address that was told
    401, 403 or 429 too often, in a way that discord.py takes for a ban.
    """

    routes: dict[str, Window] = field(default_factory=lambda: dict(ROUTES))
    others: Window = (50, 1.0)
    overall: Window = (50, 1.0)
    invalid: Window = (10_000, 600.0)
    clock: Callable[[], float] = time.time
    _used: dict[tuple[str, ...], tuple[int, float]] = field(default_factory=dict)
    """By bucket: how many requests its window has seen, and when it ends."""

    def count(self, route: str, major: str, *, is_exempt: bool) -> dict[str, str]:
        """Count a request: the headers of its answer. Raises `Refusal` with 429."""
        if self._left(("invalid",), self.invalid)[0] <= 0:
            raise Refusal(429, 0, "error code: 1015")
        if route.startswith("POST /interactions/"):
            return {}
        if not is_exempt and self._take(("overall",), self.overall) < 0:
            raise limited(self._left(("overall",), self.overall)[1], everywhere=True)
        window = self.routes.get(route, self.others)
        remaining = self._take((route, major), window)
        reset_after = self._left((route, major), window)[1]
        headers = bucket_headers(route, window[0], max(remaining, 0), reset_after, self.clock())
        if remaining < 0:
            refusal = limited(reset_after)
            refusal.headers |= headers
            raise refusal
        return headers

    def count_invalid(self) -> None:
        self._take(("invalid",), self.invalid)

    def _left(self, bucket: tuple[str, ...], window: Window) -> tuple[int, float]:
        used, ends = self._used.get(bucket, (0, 0.0))
        now = self.clock()
        return (window[0] - used, ends - now) if ends > now else (window[0], window[1])

    def _take(self, bucket: tuple[str, ...], window: Window) -> int:
        """How many are left after this one; -1 where none was."""
        now = self.clock()
        used, ends = self._used.get(bucket, (0, 0.0))
        if ends <= now:
            used, ends = 0, now + window[1]
        if used >= window[0]:
            return -1
        self._used[bucket] = (used + 1, ends)
        return window[0] - used - 1


def unlimited_headers(route: str) -> dict[str, str]:
    """What an answer says where no limit is on: room for many at once."""
    return bucket_headers(route, _OFF[0], _OFF[0] - 1, _OFF[1], time.time())


def bucket_headers(route: str, limit: int, remaining: int, reset_after: float, now: float) -> dict[str, str]:
    return {
        "X-RateLimit-Bucket": hashlib.md5(route.encode(), usedforsecurity=False).hexdigest(),
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": f"{now + reset_after:.3f}",
        "X-RateLimit-Reset-After": f"{reset_after:.3f}",
    }


def limited(retry_after: float, *, everywhere: bool = False) -> Refusal:
    """429. The `Via` header is what tells Discord's own answer from that of the network before it."""
    refusal = Refusal(429, 0, "You are being rate limited.", retry_after=round(retry_after, 3), **{"global": everywhere})
    refusal.headers = {
        "Retry-After": f"{retry_after:.3f}",
        "X-RateLimit-Scope": "global" if everywhere else "user",
        "Via": "1.1 fake",
    }
    if everywhere:
        refusal.headers["X-RateLimit-Global"] = "true"
    return refusal
