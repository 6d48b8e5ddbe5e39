"""What the core asks of a platform, and how a platform says that something cannot be done.

A platform module decodes events and hands them to the `Intake`; it is handed answers and proactive messages to deliver. It
keeps no state that a restart would lose.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol, runtime_checkable

from bot.pace import Pace, Slot
from handlers.types import Address, Answer, Event, Place, Reply, Upload


class NeedsMending(Exception):
    """A platform cannot run until a deployer mends something; the message says what."""


class DeliveryError(Exception):
    """Something could not be delivered; the subclasses say what to do about it."""


class Unreachable(DeliveryError):
    """The person or chat does not take messages from us (blocked, never started, we were removed). Not to be retried."""


class Deactivated(Unreachable):
    """There is nobody any more: the account was deleted or deactivated."""


class Refused(DeliveryError):
    """The platform finds the request itself wrong. Not to be retried as it is."""


class Gone(DeliveryError):
    """The message to edit, the press to acknowledge, the file to fetch or the wish to get a message no longer exists."""


class Moved(DeliveryError):
    """The chat goes on under another external id."""

    def __init__(self, chat: str) -> None:
        super().__init__(f"the chat moved to {chat}")
        self.chat = chat


class TryLater(DeliveryError):
    """Nothing was delivered; the platform asks to wait, or it could not be reached at all."""

    def __init__(self, after_seconds: float) -> None:
        super().__init__(f"try again in {after_seconds:g} s")
        self.after_seconds = after_seconds


class OutOfReach(TryLater):
    """The platform could not be reached at all, which says nothing about this message."""


class Unknown(DeliveryError):
    """The connection broke after the request went out: it may or may not have been delivered."""


class Platform(Protocol):
    """One way into and out of the core."""

    name: str
    is_heard: bool
    """People speak to us on it. Where none such is left that works, there is nothing to run."""

    async def run(self, take: "Take") -> None:
        """Receive events and hand each to `take` until cancelled.

        An event is acknowledged to the platform only after `take` returned, for then its effects are committed. When `take`
        raises, the event is not acknowledged, and is received again. Recovers by itself, with growing pauses, from whatever
        the wire does; raises `NeedsMending` for what only a deployer can mend (a refused token).
        """

    async def answer(self, answer: Answer) -> None:
        """Deliver the answer to an event: acknowledge the press first, then redraw or send.

        Raises `DeliveryError`. What an ordinary wire says every day (a message that is not modified, a press that is too old
        to acknowledge) is not an error.
        """

    async def send(self, place: Place, reply: Reply, key: str = "") -> str:
        """Send a message that nobody's press or command caused; return the message's external id. Raises `DeliveryError`.

        `key` says which message it is: a platform that can, sends the same one only once although it is told to again.
        """

    async def edit(self, place: Place, message: str, reply: Reply) -> None:
        """Redraw a message that was sent before. Raises `DeliveryError`; `Gone` where the message was deleted."""

    async def fetch(self, upload: Upload) -> bytes:
        """The bytes of a file that somebody sent. Raises `DeliveryError`."""

    async def close(self) -> None:
        """Let go of connections."""


class Bulk(Protocol):
    """One reply on its way to many people: rendered once, sent and edited often."""

    async def turn(self, place: Place, *, is_edit: bool = False) -> Slot:
        """Wait until the platform lets it go to `place`; whatever is more urgent goes first."""

    async def send(self, place: Place, key: str) -> str:
        """Send it, its turn having come; see `Platform.send`."""

    async def edit(self, place: Place, message: str) -> None:
        """Have a message that was sent before show it, its turn having come; see `Platform.edit`."""


@runtime_checkable
class Broadcasting(Protocol):
    """A platform on which many people can be told the same."""

    name: str
    pace: Pace
    sends_once: bool
    """Told to send what has the same key again, it knows that it did so before."""

    def bulk(self, reply: Reply) -> Bulk:
        """A reply, to be told to many."""

    def in_words(self, reply: Reply) -> str:
        """What a message shows here, its buttons included, in plain words. Raises CannotRender."""


Take = Callable[[Event], Awaitable[None]]

__all__ = [
    "Address",
    "Broadcasting",
    "Bulk",
    "Deactivated",
    "DeliveryError",
    "Gone",
    "Moved",
    "NeedsMending",
    "OutOfReach",
    "Platform",
    "Refused",
    "Take",
    "TryLater",
    "Unknown",
    "Unreachable",
]
