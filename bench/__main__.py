"""`python -m bench`: one run, contestants taking turns, medians; `--quick` for a short look."""

import argparse
import asyncio
import gc
import tempfile
from pathlib import Path

from rich.console import Console

from bench import tables
from bench.claim import FULL, QUICK, Effort, compare, grow
from bench.contestant import FLOOR, STOCK
from bench.himma import HIMMA
from bench.start import start

PARTS = ("claim", "size", "start")
DISK = "/var/tmp"  # noqa: S108  (it outlives a restart, so it is no memory file system, as /tmp may be)


async def bench(parts: list[str], effort: Effort, folder: Path, console: Console) -> None:
    def tell(text: str) -> None:
        console.print(f"[dim]{text}[/]", highlight=False)

    if "claim" in parts:
        console.print(tables.compared(await compare([HIMMA, STOCK, FLOOR], folder, effort, tell)))
    if "size" in parts:
        console.print(tables.grown(await grow(HIMMA, folder, effort, tell)))
    if "start" in parts:
        tell("starting")
        console.print(tables.started(await start(HIMMA, folder / "start", effort.rounds)))


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
