"""A contestant on its seeded database, round after round, and the check that the database holds what was promised."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path

from bench.api import Press
from bench.contestant import Broken, Contestant, Running, Wire, run
from bench.load import Load, Stats
from bench.seed import Shape, coming_presses

WARM_UP = 300
"""Presses that go unmeasured after each start: caches fill, connections open."""


class Field:
    """One contestant's folder. Each start goes on with the presses where the last one ended."""

    def __init__(self, contestant: Contestant, folder: Path, shape: Shape) -> None:
        folder.mkdir(parents=True)
        self.contestant = contestant
        self.folder = folder
        self.shape = shape
        self.presses = coming_presses(shape, contestant.seed(folder, shape))
        self.made: list[Press] = []

    @asynccontextmanager
    async def started(self, api: Wire) -> AsyncIterator["Heat"]:
        """Run the contestant, warmed up; afterwards, check its database."""
        async with run(self.contestant, self.folder, api) as running:
            heat = Heat(self, Load(api), running)
            await heat.press(people=8, at_most=WARM_UP, seconds=3)
            yield heat
        self._check()

    async def start_size(self, api: Wire) -> float:
        """Resident memory after a start and the first answer, in units of 1,000,000 bytes."""
        async with run(self.contestant, self.folder, api) as running:
            self.note(await Load(api).closed(self.presses, people=1, at_most=1, seconds=10))
            return running.resident_mb()

    def note(self, presses: list[Press]) -> None:
        self.made += presses

    def _check(self) -> None:
        """Every seat that was promised is held, and no other. Raises `Broken`."""
        if not self.contestant.keeps_claims:
            return
        promised = {(press.person, press.task) for press in self.made if self.contestant.is_won(press)}
        held = self.contestant.claims(self.folder, self.shape)
        if promised != held or len(promised) != len(self.made):
            raise Broken(
                f"{self.contestant.name}: {len(self.made)} pressed, {len(promised)} got a yes, {len(held)} hold one;"
                f" promises not kept: {len(promised - held)}, seats not promised: {len(held - promised)};"
                f" answers: {sorted({press.answer for press in self.made})[:5]}"
            )


class Heat:
    """A contestant's process while presses are made on it."""

    def __init__(self, field: Field, load: Load, running: Running) -> None:
        self._field = field
        self._load = load
        self.running = running

    async def press(self, people: int, at_most: int, seconds: float) -> Stats:
        """So many people press at once, until `at_most` presses were made or `seconds` have passed."""
        return await self._measured(self._load.closed(self._field.presses, people, at_most, seconds))

    async def press_steadily(self, per_second: float, number: int) -> Stats:
        """So many presses in all, at this rate, whether or not earlier ones were answered."""
        return await self._measured(self._load.open(islice(self._field.presses, number), per_second))

    async def _measured(self, pressing: Awaitable[list[Press]]) -> Stats:
        cpu_before = self.running.cpu_seconds()
        made = await pressing
        if not made:
            raise Broken(f"{self._field.contestant.name}: all seats are taken, there is nothing left to press")
        self._field.note(made)
        return Stats.of(made, self.running.cpu_seconds() - cpu_before)
