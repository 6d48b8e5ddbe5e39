"""Discord's errors in the words of `bot.platform`.

Codes: https://discord.com/developers/docs/topics/opcodes-and-status-codes#json. Their texts name what was wrong with which
field; none of ours repeats an address, for addresses carry tokens.
"""

from http import HTTPStatus
from typing import Any, Final

import aiohttp
import discord

from bot.platform import Deactivated, DeliveryError, Gone, OutOfReach, Refused, TryLater, Unknown, Unreachable

ALREADY_ACKNOWLEDGED: Final = 40060

_PAUSE_SECONDS: Final = 1.0
_BUSY_SECONDS: Final = 5.0
_MENDING_SECONDS: Final = 60.0
_BANNED_SECONDS: Final = 30.0
_UNREACHABLE: Final = frozenset({
    10003,  # unknown channel
    10004,  # unknown guild
    50001,  # missing access
    50007,  # cannot send messages to this user
    50008,  # cannot send messages in a channel that has none
    50013,  # missing permissions
    50083,  # the thread is archived
    50278,  # no guild in common with this user
    160005,  # the thread is locked
})  # fmt: skip
_DEACTIVATED: Final = frozenset({
    10013,  # unknown user
    50033,  # invalid recipient: there is no such account to open a direct message with
})  # fmt: skip
_GONE: Final = frozenset({
    10008,  # unknown message
    10015,  # unknown webhook: the interaction was never acknowledged
    10062,  # unknown interaction: its three seconds are over
    ALREADY_ACKNOWLEDGED,
    50027,  # invalid webhook token: its fifteen minutes are over
})  # fmt: skip
_BUSY: Final = frozenset({
    20016,  # slowmode
    20028,  # the channel's write limit
    20029,  # the server's write limit
    30046,  # too many edits of an old message
    40003,  # too many direct messages opened
    40062,  # the service is limited
    130000,  # the API is overloaded
})  # fmt: skip


def from_answer(status: int, body: Any) -> DeliveryError:
    """What to do about an answer that is no success. `body` is its JSON, or its text."""
    told = body if isinstance(body, dict) else {}
    code, words = int(told.get("code") or 0), f"{status}: {told.get('message') or 'no reason given'}"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return TryLater(float(told.get("retry_after") or _PAUSE_SECONDS))
    if code in _BUSY:
        return TryLater(float(told.get("retry_after") or _BUSY_SECONDS))
    if code in _DEACTIVATED:
        return Deactivated(words)
    if code in _UNREACHABLE:
        return Unreachable(words)
    if code in _GONE:
        return _Gone(code, words)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unknown(words)
    if status == HTTPStatus.UNAUTHORIZED:
        return TryLater(_MENDING_SECONDS)  # `run` tells the deployer; what is to be said waits until it is mended
    if status == HTTPStatus.NOT_FOUND:
        return Gone(words)
    if status == HTTPStatus.FORBIDDEN:
        return Unreachable(words)
    return Refused(f"{words} (code {code}) {_flaws(told.get('errors'))}".rstrip())


class _Gone(Gone):
    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code


def is_already_acknowledged(error: DeliveryError) -> bool:
    return isinstance(error, _Gone) and error.code == ALREADY_ACKNOWLEDGED


def from_library(error: Exception) -> DeliveryError:
    """What to do about an error that discord.py or the wire below it raised."""
    if isinstance(error, discord.RateLimited):
        return TryLater(error.retry_after)
    if isinstance(error, discord.HTTPException):
        # discord.py waits by itself; a 429 that it lets through is its fifth, or a ban by the network before Discord.
        return from_answer(error.status, {"code": error.code, "message": error.text, "retry_after": _BANNED_SECONDS})
    return from_wire(error)


def from_wire(error: Exception) -> DeliveryError:
    """What to do where no answer came. Never tells the address."""
    what = type(error).__name__
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return OutOfReach(_PAUSE_SECONDS)
    return Unknown(f"the connection to Discord broke ({what})")


def _flaws(errors: Any) -> str:
    """Which fields were refused: paths and codes, never values."""
    found: list[str] = []

    def look(where: Any, path: str) -> None:
        if not isinstance(where, dict):
            return
        for name, inner in where.items():
            if name == "_errors" and isinstance(inner, list):
                found.extend(f"{path} {one.get('code', '')}" for one in inner if isinstance(one, dict))
            else:
                look(inner, f"{path}.{name}".lstrip("."))

    look(errors, "")
    return "; ".join(found)[:300]
