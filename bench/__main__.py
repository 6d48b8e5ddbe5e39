"""`python -m bench`: one run, contestants taking turns, medians; `--quick` for a short look."""

import argparse
import asyncio
import gc
import random
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from rich.console import Console, RenderableType

from bench import tables
from bench.appeal.costs import costs
from bench.appeal.run import killed, reach
from bench.chat import on_discord
from bench.claim import FULL, QUICK, Effort, Tell, compare, grow
from bench.contestant import FLOOR, STOCK
from bench.himma import HIMMA
from bench.start import start
from bench.summary.run import measure as summary_costs
from bench.ticks import measure
from bench.year.run import YEAR, live_year

DISK = "/var/tmp"  # noqa: S108  (it outlives a restart, so it is no memory file system, as /tmp may be)
Part = Callable[[Path, Effort, Tell], Awaitable[RenderableType]]


async def _claim(folder: Path, effort: Effort, tell: Tell) -> RenderableType:
    return tables.compared(await compare([HIMMA, STOCK, FLOOR], folder, effort, tell))


async def _size(folder: Path, effort: Effort, tell: Tell) -> RenderableType:
    return tables.grown(await grow(HIMMA, folder, effort, tell))


async def _start(folder: Path, effort: Effort, tell: Tell) -> RenderableType:
    tell("starting")
    return tables.started(await start(HIMMA, folder / "start", effort.rounds))


async def _discord(folder: Path, effort: Effort, tell: Tell) -> RenderableType:
    return tables.on_discord(await on_discord(folder, effort, tell))


async def _ticks(folder: Path, effort: Effort, tell: Tell) -> RenderableType:
    tell("a million claims and reminders that are over, a hundred thousand reminders due")
    return tables.ticked(await measure(folder / "ticks", effort.share))


async def _year(folder: Path, effort: Effort, tell: Tell) -> RenderableType:
    tell("living a year")
    return tables.lived(await asyncio.to_thread(live_year, folder, YEAR.shorter(effort.share)))


async def _summary(folder: Path, effort: Effort, tell: Tell) -> RenderableType:
    return tables.summed(await summary_costs(folder / "summary", effort.share, tell))


async def _appeal(folder: Path, effort: Effort, tell: Tell) -> RenderableType:
    people, faster = (250_000, 20) if effort is FULL else (5_000, 10)
    tell("an appeal at Telegram's own pace, with answers beside it")
    # So long that chance evens out: of 20 answers a second, 30 messages allowed, one in a hundred waits a quarter of a second.
    real = await reach(folder / "appeal-real", 2_400 if effort is FULL else 300, 1, asks=20)
    tell(f"an appeal to {people:,} people, where time goes {faster} times faster, with answers beside it")
    crowd = await reach(folder / "appeal", people, faster, asks=20)
    kills = 20 if effort is FULL else 2
    tell(f"the same, killed {kills} times")
    broken = await killed(folder / "appeal-killed", people, faster, kills, random.Random(2026))
    tell("what a message costs")
    return tables.reached(real, crowd, broken, await costs(folder, effort.rounds, 12_000))


PARTS: dict[str, Part] = {
    "appeal": _appeal,
    "claim": _claim,
    "size": _size,
    "start": _start,
    "discord": _discord,
    "ticks": _ticks,
    "summary": _summary,
    "year": _year,
}


async def bench(parts: list[str], effort: Effort, folder: Path, console: Console) -> None:
    def tell(text: str) -> None:
        console.print(f"[dim]{text}[/]", highlight=False)

    for name in parts:
        console.print(await PARTS[name](folder, effort, tell))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure a claim from the press to the answer.")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; all where none is named")
    parser.add_argument("--quick", action="store_true", help="one short round instead of five")
    parser.add_argument("--folder", default=DISK, help="where databases are made, on a real disk (default: %(default)s)")
    chosen = parser.parse_args()
    if unknown := set(chosen.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    gc.disable()  # the load is made in this process: its pauses would count as the bot's
    with tempfile.TemporaryDirectory(prefix="himma-bench-", dir=chosen.folder) as folder:
        effort = QUICK if chosen.quick else FULL
        asyncio.run(bench(chosen.parts or list(PARTS), effort, Path(folder), Console()))


if __name__ == "__main__":
    main()
