"""Running an appeal to a crowd, in a process of its own, against a Bot API that keeps the limits."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.appeal import seed
from bench.appeal.wire import Crowd, Trouble
from bench.contestant import ROOT, START_SECONDS, Broken, Running
from bot.pace import TELEGRAM

_STALLED_SECONDS = 60.0
"""Nobody was told for so long: it does not go on."""
_EDGE = 0.05
"""Of the messages, at the beginning and at the end, that the rate leaves out."""


def no_trouble(chat: int, before: int) -> str:
    """Telegram takes everything."""
    return ""


@dataclass(frozen=True, slots=True)
class Reach:
    """What an appeal to a crowd came to."""

    people: int
    faster: int
    told: int
    doubled: int
    floods: int
    """How often we were told to wait."""
    share: float
    """Of the messages that were allowed in the time."""
    first_seconds: float
    """From letting it go to the first message."""
    cpu_ms: float
    """Processor time of the process, a message: answers, accounting and what the database costs included."""
    grown_mb: float
    """From a tenth of the way on: what the database keeps in memory, 16 MB at the most, is there by then."""
    answers: int
    p50_ms: float
    p99_ms: float
    """Of the answers to those who asked for something meanwhile."""
    receipts: dict[tuple[str, str], int]
    """By state and reason."""
    kills: int = 0


class Bot:
    """The bot's process."""

    def __init__(self, folder: Path, api: Crowd, faster: int) -> None:
        command = [sys.executable, "-OO", "-m", "bench.appeal.bot", str(folder), api.url, str(faster)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with (folder / "log.txt").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        self.running = Running(self._process)  # type: ignore[arg-type]  # it wants the number alone

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it, and wait for that."""
        self._process.send_signal(how)
        self._process.wait()


@asynccontextmanager
async def started(folder: Path, api: Crowd, faster: int) -> AsyncIterator[Bot]:
    """A bot that is there. Raises Broken."""
    bot = await _start(folder, api, faster)
    try:
        yield bot
    finally:
        bot.end()


async def _start(folder: Path, api: Crowd, faster: int) -> Bot:
    api.forget_bot()
    bot = Bot(folder, api, faster)
    try:
        await asyncio.wait_for(api.polled.wait(), START_SECONDS)
    except TimeoutError:
        bot.end(signal.SIGKILL)
        raise Broken(f"it did not start; see {folder / 'log.txt'}") from None
    return bot


async def reach(folder: Path, people: int, faster: int, *, asks: float = 0.0, trouble: Trouble = no_trouble) -> Reach:
    """Tell so many people, where time goes so much faster, while `asks` people a second want something else."""
    seed.settle(folder, people)
    async with Crowd(faster, trouble) as api, started(folder, api, faster) as bot:
        await asyncio.sleep(1.0)
        cpu, began = bot.running.cpu_seconds(), time.perf_counter()
        seed.call(folder, people)
        asking = asyncio.create_task(_ask(api, asks)) if asks else None
        await _until_told(folder, api, people // 10)
        size = bot.running.resident_mb()
        await _until_told(folder, api)
        if asking:
            asking.cancel()
        grown, used = bot.running.resident_mb() - size, bot.running.cpu_seconds() - cpu
        await asyncio.sleep(1.0)
        return _reach(folder, api, people, faster, began, used, grown)


async def killed(folder: Path, people: int, faster: int, kills: int, chance: random.Random) -> Reach:
    """The same, with the process killed so many times at random moments."""
    seed.settle(folder, people)
    async with Crowd(faster) as api:
        seed.call(folder, people)
        began, seconds = time.perf_counter(), people / (TELEGRAM.overall.messages * faster)
        for _ in range(kills):
            bot = await _start(folder, api, faster)
            await asyncio.sleep(chance.uniform(0.3, 1.7) * seconds / (kills + 1) + 0.3)
            bot.end(signal.SIGKILL)
            seed.hurry(folder)
        async with started(folder, api, faster):
            await _until_told(folder, api)
            await asyncio.sleep(1.0)
        return _reach(folder, api, people, faster, began, 0.0, 0.0, kills)


async def _ask(api: Crowd, a_second: float) -> None:
    """Strangers write, each once, whenever they please."""
    chance, stranger = random.Random(7), seed.FIRST_CHAT
    while True:
        await asyncio.sleep(chance.expovariate(a_second))
        stranger -= 1
        api.ask(stranger, "/mine")


async def _until_told(folder: Path, api: Crowd, enough: int = 0) -> None:
    """Wait until so many were told; where none are named, until nobody is to be told any more. Raises Broken where it does
    not go on."""
    last, since = -1, time.perf_counter()
    while not (enough and len(api.told.times) >= enough):
        if seed.ask(folder, "SELECT count(*) FROM appeal_legs WHERE work = 'send' AND done_at IS NOT NULL") == [(1,)]:
            break
        if api.told.messages != last:
            last, since = api.told.messages, time.perf_counter()
        elif time.perf_counter() - since > _STALLED_SECONDS:
            raise Broken(f"{last} were told, and then nobody; see {folder / 'log.txt'}")
        await asyncio.sleep(0.2)


def _reach(
    folder: Path, api: Crowd, people: int, faster: int, began: float, cpu: float, grown: float, kills: int = 0
) -> Reach:
    told, waits = api.told, sorted(asked.answered - asked.at for asked in api.answered)
    edge = int(len(told.at) * _EDGE)
    middle = told.at[edge : len(told.at) - edge]
    rate = (len(middle) - 1) / (middle[-1] - middle[0])
    rows = seed.ask(folder, "SELECT state, reason, count(*) FROM appeal_receipts GROUP BY state, reason")
    return Reach(
        people=people,
        faster=faster,
        told=len(told.times),
        doubled=sum(times - 1 for times in told.times.values()),
        floods=told.floods,
        share=rate / (TELEGRAM.overall.messages * faster),
        first_seconds=told.at[0] - began,
        cpu_ms=cpu / told.messages * 1000,
        grown_mb=grown,
        answers=len(waits),
        p50_ms=waits[len(waits) // 2] * 1000 if waits else 0.0,
        p99_ms=waits[int(len(waits) * 0.99)] * 1000 if waits else 0.0,
        receipts={(str(state), str(reason)): int(str(n)) for state, reason, n in rows},
        kills=kills,
    )
