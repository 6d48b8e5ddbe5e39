"""Lives a year, and tells how it went."""

import asyncio
import gc
import random
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from bench.year.life import Life
from bench.year.people import settle
from bench.year.stage import spare_the_threads, stage
from bench.year.truth import check, states

STEP = timedelta(hours=6)


@dataclass(frozen=True)
class Size:
    """How much there is to live through."""

    tasks: int
    people: int
    teams: int
    days: int

    def shorter(self, share: float) -> "Size":
        """The same people and as many tasks a day, for a part of the days."""
        return replace(self, tasks=int(self.tasks * share), days=max(1, int(self.days * share)))

    def half(self, number: int) -> "Size":
        """One of the two halves of the communities."""
        return replace(self, tasks=self.tasks // 2 + number * (self.tasks % 2), people=self.people // 2, teams=self.teams // 2)


YEAR = Size(tasks=14_313, people=5_000, teams=12, days=365)
"""The tasks that one service saw done online in a year."""


@dataclass
class Lived:
    """What came of it."""

    tasks: int = 0
    events: int = 0
    messages: int = 0
    seconds: float = 0.0
    claims: Counter[str] = field(default_factory=Counter)


async def live(path: Path, size: Size, seed: int) -> Lived:
    """Live through it in a new database at `path`, and look after every day that all is as it must be. Raises truth.Broken."""
    chance = random.Random(seed)
    began = time.perf_counter()
    async with stage(path) as scene:
        teams = await scene.core.edge.transact(lambda session: settle(session, size.teams, size.people, chance))
        people = {human.number: human for team in teams for human in team.people}
        scene.names = {human.id: f"Nour {human.number}" for human in people.values()}
        life = Life(scene, teams, chance)
        for day in range(size.days):
            life.plan_day(size.tasks * (day + 1) // size.days - size.tasks * day // size.days)
            for _ in range(timedelta(days=1) // STEP):
                await scene.pass_time(STEP)
                life.read(scene.letterbox.empty())
                await life.do_what_is_due()
            await scene.core.edge.look(lambda session: check(session, people, scene.clock.now()))
        ended = await scene.core.edge.look(states)
        return Lived(life.tasks, scene.events, scene.letterbox.sent, time.perf_counter() - began, ended)


def live_half(path: Path, size: Size, seed: int) -> Lived:
    """`live`, in a process of its own."""
    spare_the_threads()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)  # as the bot's own process has it
    gc.enable()  # the bench had switched it off, for what it times in its own process
    return asyncio.run(live(path, size, seed))


def live_year(folder: Path, size: Size) -> Lived:
    """The year, on two processors: the communities of each half have nothing to do with those of the other."""
    began = time.perf_counter()
    with ProcessPoolExecutor(2) as pool:
        lived = list(pool.map(live_half, [folder / f"year{n}.db" for n in range(2)], map(size.half, range(2)), range(2)))
    whole = Lived(seconds=time.perf_counter() - began)
    for half in lived:
        whole.tasks += half.tasks
        whole.events += half.events
        whole.messages += half.messages
        whole.claims += half.claims
    return whole
