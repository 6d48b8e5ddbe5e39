"""People who press: in a closed loop (whoever is answered makes room for the next) or at a given rate."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from statistics import median, quantiles

from bench.api import Press
from bench.contestant import Wire

PATIENCE_SECONDS = 30.0


class Stalled(Exception):
    """The bot left presses unanswered for longer than anybody waits."""


class Load:
    """Presses on a messenger, and waits for their answers."""

    def __init__(self, api: Wire) -> None:
        self._api = api
        self._under_way = 0
        self._answered = asyncio.Event()
        self._then: Callable[[], bool] = lambda: False
        api.on_answer = self._note_answer

    async def closed(self, presses: Iterator[Press], people: int, at_most: int, seconds: float) -> list[Press]:
        """Keep `people` presses under way until `at_most` were made or `seconds` have passed; return them, answered."""
        end = time.perf_counter() + seconds
        coming = islice(presses, at_most)
        made: list[Press] = []

        def press_next() -> bool:
            press = next(coming, None) if time.perf_counter() < end else None
            if press:
                made.append(press)
                self._press(press)
            return press is not None

        self._then = press_next
        while len(made) < people and press_next():
            pass
        await self._all_answered(seconds)
        return made

    async def open(self, presses: Iterable[Press], per_second: float) -> list[Press]:
        """Make the presses at `per_second` whether or not earlier ones were answered; return them, answered."""
        self._then = lambda: False
        begin = time.perf_counter()
        made: list[Press] = []
        for press in presses:
            await asyncio.sleep(begin + len(made) / per_second - time.perf_counter())
            made.append(press)
            self._press(press)
        await self._all_answered(0)
        return made

    def _press(self, press: Press) -> None:
        self._under_way += 1
        self._answered.clear()
        self._api.press(press)

    def _note_answer(self, press: Press) -> None:
        self._under_way -= 1
        if not self._then() and not self._under_way:
            self._answered.set()

    async def _all_answered(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._answered.wait(), seconds + PATIENCE_SECONDS)
        except TimeoutError:
            raise Stalled(f"{self._under_way} presses were not answered within {PATIENCE_SECONDS:g} s") from None


@dataclass(frozen=True, slots=True)
class Stats:
    """What a run of presses came to. Latencies are from the press to its answer, in milliseconds."""

    presses: int
    per_second: float
    p50: float
    p99: float
    cpu: float
    """Processor time of the bot's process, in milliseconds a press."""
    acknowledged_p99: float
    """From the press to its acknowledgement, which may come before there is something to see."""
    missed: int
    """Presses that were not acknowledged in time, and were answered another way."""

    @classmethod
    def of(cls, presses: list[Press], cpu_seconds: float) -> "Stats":
        seconds = max(press.answered for press in presses) - min(press.sent for press in presses)
        waits = [1000 * (press.answered - press.sent) for press in presses]
        acknowledged = [1000 * (press.acknowledged - press.sent) for press in presses if press.acknowledged]
        return cls(
            presses=len(presses),
            per_second=len(presses) / seconds,
            p50=median(waits),
            p99=_p99(waits),
            cpu=1000 * cpu_seconds / len(presses),
            acknowledged_p99=_p99(acknowledged),
            missed=len(presses) - len(acknowledged),
        )

    @classmethod
    def median(cls, runs: list["Stats"]) -> "Stats":
        """Each figure's median over the runs."""
        return cls(
            presses=sum(run.presses for run in runs),
            per_second=median(run.per_second for run in runs),
            p50=median(run.p50 for run in runs),
            p99=median(run.p99 for run in runs),
            cpu=median(run.cpu for run in runs),
            acknowledged_p99=median(run.acknowledged_p99 for run in runs),
            missed=sum(run.missed for run in runs),
        )


def _p99(milliseconds: list[float]) -> float:
    return quantiles(milliseconds, n=100, method="inclusive")[98] if len(milliseconds) > 1 else sum(milliseconds)
