"""What time causes, declared once: the clock (bot/ticks.py) only says what time it is, rows say what is due.

A tick does a bounded part of what is due, in one transaction, and tells whether there is more. Done twice, or by two processes
at once, it changes nothing that was changed already: it takes rows under locks and moves them on by guarded statements.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

Work = Callable[[AsyncSession, datetime], Awaitable[bool]]


@dataclass(frozen=True)
class Tick:
    """Something that is looked after again and again."""

    name: str
    every: timedelta
    work: Work
    """Does what is due, and tells whether there is more."""


TICKS: dict[str, Tick] = {}


def tick(name: str, *, every: timedelta) -> Callable[[Work], Work]:
    """Have this done again and again."""

    def declare(work: Work) -> Work:
        if name in TICKS:
            raise TypeError(f"the tick {name} is declared twice")
        TICKS[name] = Tick(name, every, work)
        return work

    return declare
