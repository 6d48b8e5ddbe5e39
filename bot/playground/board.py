"""What pages that are open should hear of at once."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Changed:
    """Messages came or changed; the memory knows which."""


@dataclass(frozen=True, slots=True)
class Toasted:
    """A short notice on a person's press."""

    person: str
    text: str


@dataclass(frozen=True, slots=True)
class Typing:
    """We began or ended working on something that a person did in a chat."""

    person: str
    chat: str


@dataclass(frozen=True, slots=True)
class Asked:
    """We wait for a person's words or picture in a chat, or not any more."""

    person: str
    chat: str
    placeholder: str
    asks_photo: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """Another chat was opened on a person's phone."""

    person: str
    chat: str
    is_opened: bool
    """For the first time: now we may write there."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A person has another role from now on."""

    person: str


@dataclass(frozen=True, slots=True)
class Ticked:
    """The time that the core is given moved on."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more will come: we are about to stop."""


Notice = Changed | Toasted | Typing | Asked | Shown | Ranked | Ticked | Ended

_BACKLOG = 500
"""A page that fell so far behind is let go; it comes back and catches up from the memory."""


class Board:
    """Passes notices on to every open page."""

    def __init__(self) -> None:
        self._pages: set[asyncio.Queue[Notice]] = set()
        self.has_ended = False

    @contextmanager
    def watched(self) -> Iterator[asyncio.Queue[Notice]]:
        """The notices from now on; the last is `Ended`."""
        notices: asyncio.Queue[Notice] = asyncio.Queue()
        if self.has_ended:
            notices.put_nowait(Ended())
        self._pages.add(notices)
        try:
            yield notices
        finally:
            self._pages.discard(notices)

    def tell(self, notice: Notice) -> None:
        for notices in list(self._pages):
            is_lagging = notices.qsize() >= _BACKLOG
            if is_lagging:
                self._pages.discard(notices)
            notices.put_nowait(Ended() if is_lagging else notice)

    def begin(self) -> None:
        """Pages may watch (again)."""
        self.has_ended = False

    def end(self) -> None:
        """Let all pages go, and those that come."""
        self.has_ended = True
        self.tell(Ended())
