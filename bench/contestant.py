"""Who is measured: how each one's database is made, how it is started, and what it says when a seat was won."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.api import TOKEN, Press
from bench.seed import Shape, plain_claims, seed_plain

ROOT = Path(__file__).parent.parent
START_SECONDS = 30.0
STOP_SECONDS = 10.0


class Contestant(Protocol):
    """One way of deciding claims. All of its files lie in one folder of its own."""

    @property
    def name(self) -> str:
        """What the tables call it."""

    def seed(self, folder: Path, shape: Shape) -> int:
        """Make the database; return the id of the first open task."""

    def command(self, folder: Path, api_url: str) -> list[str]:
        """What to run, as arguments of the Python interpreter."""

    def claims(self, folder: Path, shape: Shape) -> set[tuple[int, int]]:
        """What the database holds of those who pressed: pairs of Telegram id and task."""

    def is_won(self, press: Press) -> bool:
        """Whether the answer to the press promised the seat."""

    @property
    def keeps_claims(self) -> bool:
        """Whether it has a database at all."""


class Wire(Protocol):
    """A messenger on the loopback that serves one bot."""

    on_answer: Callable[[Press], None]
    polled: asyncio.Event
    """Set while the bot is there to be told something, since `forget_bot`."""

    @property
    def url(self) -> str:
        """What takes the place of the public service's address."""

    def forget_bot(self) -> None:
        """The next bot starts with nothing pending."""

    def press(self, press: Press) -> None:
        """Tell the bot of a press."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A module of this package on the small schema."""

    name: str
    module: str
    keeps_claims: bool = True

    def seed(self, folder: Path, shape: Shape) -> int:
        return seed_plain(folder / "plain.db", shape)

    def command(self, folder: Path, api_url: str) -> list[str]:
        return ["-m", self.module, api_url, TOKEN, str(folder / "plain.db")]

    def claims(self, folder: Path, shape: Shape) -> set[tuple[int, int]]:
        return plain_claims(folder / "plain.db", shape)

    def is_won(self, press: Press) -> bool:
        return press.answer == "It is yours."


STOCK = Plain("stock", "bench.stock")
FLOOR = Plain("floor", "bench.floor")
STOCK_DISCORD = Plain("stock", "bench.stock_discord")
NOOP_DISCORD = Plain("no-op", "bench.noop_discord", keeps_claims=False)


class Broken(Exception):
    """A contestant did not start, did not stop, or its database is not what it answered."""


class Running:
    """A contestant's process while it runs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._proc = Path(f"/proc/{process.pid}")

    def cpu_seconds(self) -> float:
        """Processor time used so far, all threads, user and system."""
        fields = (self._proc / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mb(self) -> float:
        """Resident memory, in units of 1,000,000 bytes."""
        line = next(line for line in (self._proc / "status").read_text().splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024 / 1e6


@asynccontextmanager
async def run(contestant: Contestant, folder: Path, api: Wire) -> AsyncIterator[Running]:
    """Start a contestant's process, wait until it is there, and stop it in the end.

    Raises `Broken` where it does not start or stop in time; what it said is in `log.txt` of its folder.
    """
    api.forget_bot()
    with (folder / "log.txt").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *contestant.command(folder, api.url),
            stdout=log,
            stderr=log,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    try:
        await _until_polled(process, api, contestant.name, folder / "log.txt")
        yield Running(process)
    finally:
        await _stop(process, contestant.name)


async def _until_polled(process: asyncio.subprocess.Process, api: Wire, name: str, log: Path) -> None:
    ended = asyncio.create_task(process.wait())
    polled = asyncio.create_task(api.polled.wait())
    await asyncio.wait([ended, polled], timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    started = polled.done()
    ended.cancel()
    polled.cancel()
    if not started:
        raise Broken(f"{name} did not start; see {log}")


async def _stop(process: asyncio.subprocess.Process, name: str) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise Broken(f"{name} did not stop within {STOP_SECONDS:g} s") from None
