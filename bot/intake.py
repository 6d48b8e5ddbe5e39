"""Where events come in: each person's in order, different people's side by side."""

from bot.answers import Answers
from bot.edge import Edge
from bot.lanes import Lanes
from handlers.types import Event


class Intake:
    """Takes events from the platforms."""

    def __init__(self, edge: Edge, answers: Answers) -> None:
        self._edge = edge
        self._answers = answers
        self._lanes = Lanes()

    async def take(self, event: Event) -> None:
        """Handle an event; returns when its effects are on disk, and has the answer delivered meanwhile.

        Raises Unavailable: the event is then to be handed in again, for nothing of it was kept.
        """
        async with self._lanes.turn((event.sender.platform, event.sender.external_id)):
            self._answers.deliver_soon(await self._edge.handle(event))
