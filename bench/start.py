"""What a start costs: resident memory, and the time from the command to the first answer."""

import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.api import BotApi
from bench.contestant import Contestant, run
from bench.field import Field
from bench.load import Load
from bench.seed import Shape


@dataclass(frozen=True, slots=True)
class Start:
    first_answer_seconds: float
    """From starting the process to the answer to a press that was waiting."""
    resident_mb: float
    """After that answer, in units of 1,000,000 bytes."""


async def start(contestant: Contestant, folder: Path, rounds: int) -> Start:
    """The median of so many starts on a small database."""
    field = Field(contestant, folder, Shape(open_tasks=10))
    starts = []
    async with BotApi() as api:
        for _ in range(rounds):
            load = Load(api)
            begin = time.perf_counter()
            async with run(contestant, folder, api) as running:
                (press,) = await load.closed(field.presses, people=1, at_most=1, seconds=10)
                starts.append(Start(press.answered - begin, running.resident_mb()))
    return Start(median(it.first_answer_seconds for it in starts), median(it.resident_mb for it in starts))
