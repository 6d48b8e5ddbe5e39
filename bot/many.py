"""Messages to many people, drawn once for each kind of reader."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from bot.edge import Edge
from bot.outcomes import Job
from bot.platform import Broadcasting, Bulk
from handlers.appeal_drawing import Material, draw_message, material, words_of_reader
from handlers.words import Words
from models.appeals import Appeal

_KEPT: Final = 256
_FRESH_SECONDS: Final = 60.0
"""After this long it is drawn anew: there may be other tasks left."""

Version = tuple[int, int, int]
"""An appeal, its version, and when it was drawn, in units of `_FRESH_SECONDS`."""


class Messages:
    """What is said to each kind of reader: language, digits and time zone."""

    def __init__(self, platform: Broadcasting, edge: Edge, now: Callable[[], datetime]) -> None:
        self._platform = platform
        self._edge = edge
        self._now = now
        self._made: OrderedDict[Version, Material] = OrderedDict()
        self._drawn: OrderedDict[tuple[Version, Words], Bulk] = OrderedDict()
        self._making = asyncio.Lock()

    async def for_reader(self, job: Job) -> Bulk:
        """What the job's reader is told. Raises CannotRender."""
        appeal = job.page.appeal
        version = appeal.id, job.version, int(self._now().timestamp() // _FRESH_SECONDS)
        made = self._made.get(version) or await self._make(version, appeal)
        words = words_of_reader(made, job.to.person)
        bulk = self._drawn.get((version, words))
        if bulk is None:
            bulk = self._drawn[version, words] = self._platform.bulk(draw_message(made, words))
            _bound(self._drawn)
        return bulk

    async def _make(self, version: Version, appeal: Appeal) -> Material:
        async with self._making:
            known = self._made.get(version)
            if known is None:
                known = self._made[version] = await self._edge.look(lambda session: material(session, appeal))
                _bound(self._made)
            return known


def _bound(kept: OrderedDict[Any, Any]) -> None:
    while len(kept) > _KEPT:
        kept.popitem(last=False)
