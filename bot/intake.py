"""Where events come in: each person's in order, different people's side by side."""

from collections import Counter

from bot.answers import Answers
from bot.edge import Edge, Unavailable
from bot.lanes import Lanes
from handlers.types import Answer, Event


class Intake:
    """Takes events from the platforms."""

    def __init__(self, edge: Edge, answers: Answers) -> None:
        self._edge = edge
        self._answers = answers
        self._lanes = Lanes()
        self._failures: Counter[tuple[str, str]] = Counter()
        """By person, as long as something of theirs waits."""

    async def take(self, event: Event) -> None:
        """Handle an event; returns when its effects are on disk, and has the answer delivered meanwhile.

        Raises Unavailable: the event is then to be handed in again, for nothing of it was kept. So is what waited behind it:
        a seat must not be given back before it is taken.
        """
        person = (event.sender.platform, event.sender.external_id)
        failures = self._failures[person]
        try:
            async with self._lanes.turn(person):
                if self._failures[person] != failures:
                    raise Unavailable
                self._answers.deliver_soon(await self._handle(event, person))
        finally:
            if not self._lanes.is_used(person):
                del self._failures[person]

    async def _handle(self, event: Event, person: tuple[str, str]) -> Answer:
        try:
            return await self._edge.handle(event)
        except Unavailable:
            self._failures[person] += 1
            raise
