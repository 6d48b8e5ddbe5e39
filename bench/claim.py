"""The cost of a claim: against the stock way and the floor, and as the database grows."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.api import BotApi
from bench.contestant import Contestant
from bench.field import Field
from bench.load import Stats
from bench.seed import Shape


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure. A run ends with whichever comes first, the presses or the seconds."""

    rounds: int
    presses: int
    seconds: float
    sizes: tuple[int, ...]
    share: float
    """Of what else is measured in large numbers."""

    def shape(self, levels: int, beside: int = 0) -> Shape:
        """Room for every press that may be made, at so many levels and `beside` them."""
        return Shape(open_tasks=self.rounds * (levels * self.presses + 300 + beside) // 20 + 1)


FULL = Effort(rounds=5, presses=8_000, seconds=3.0, sizes=(1_000, 100_000, 1_000_000), share=1.0)
QUICK = Effort(rounds=1, presses=2_000, seconds=1.5, sizes=(1_000, 100_000), share=0.1)
AT_ONCE = (1, 64)
SIZE_PRESSES = 3_000
SIZE_SHAPE = Shape(open_tasks=1_000, seats=20)

Tell = Callable[[str], None]


async def compare(contestants: list[Contestant], folder: Path, effort: Effort, tell: Tell) -> dict[tuple[int, str], Stats]:
    """Each contestant's median figures, by how many press at once and its name. Contestants take turns in every round."""
    fields = [Field(contestant, folder / contestant.name, effort.shape(len(AT_ONCE))) for contestant in contestants]
    runs: defaultdict[tuple[int, str], list[Stats]] = defaultdict(list)
    async with BotApi() as api:
        for number in range(effort.rounds):
            for field in fields:
                tell(f"round {number + 1} of {effort.rounds}: {field.contestant.name}")
                async with field.started(api) as heat:
                    for people in AT_ONCE:
                        stats = await heat.press(people, effort.presses, effort.seconds)
                        runs[people, field.contestant.name].append(stats)
    return {key: Stats.median(stats) for key, stats in runs.items()}


async def grow(contestant: Contestant, folder: Path, effort: Effort, tell: Tell) -> dict[int, Stats]:
    """A contestant's median figures at 64 at once, by how many tasks and claims stand in its database. Sizes take turns."""
    fields: dict[int, Field] = {}
    for size in effort.sizes:
        tell(f"seeding {size:,} tasks and claims")
        shape = Shape(SIZE_SHAPE.open_tasks, size - SIZE_SHAPE.open_tasks, SIZE_SHAPE.seats)
        fields[size] = Field(contestant, folder / f"{contestant.name}-{size}", shape)
    runs: defaultdict[int, list[Stats]] = defaultdict(list)
    async with BotApi() as api:
        for number in range(effort.rounds):
            for size, field in fields.items():
                tell(f"round {number + 1} of {effort.rounds}: {contestant.name} with {size:,} tasks and claims")
                async with field.started(api) as heat:
                    runs[size].append(await heat.press(max(AT_ONCE), SIZE_PRESSES, effort.seconds * 2))
    return {size: Stats.median(stats) for size, stats in runs.items()}
