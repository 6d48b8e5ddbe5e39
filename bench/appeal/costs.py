"""What a message to one of many costs: Himma's, the stock way and the floor, in turns."""

import asyncio
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median

from bench.api import BotApi
from bench.appeal.run import reach
from bench.contestant import ROOT

AT_ONCE = 64
_AS_FAST_AS_IT_GOES = 100
"""Times Telegram's limits: nobody waits for them."""


async def costs(folder: Path, rounds: int, messages: int) -> dict[str, float]:
    """Median processor milliseconds a message, by who sent it."""
    runs: defaultdict[str, list[float]] = defaultdict(list)
    async with BotApi() as api:
        for number in range(rounds):
            runs["himma"].append((await reach(folder / f"costs-{number}", messages, _AS_FAST_AS_IT_GOES)).cpu_ms)
            for name in ("stock", "floor"):
                runs[name].append(await _plain(name, api.url, messages // 4))
    return {name: median(figures) for name, figures in runs.items()}


async def _plain(name: str, url: str, messages: int) -> float:
    command = ["-OO", "-m", f"bench.appeal.{name}", url, str(messages), str(AT_ONCE)]
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=subprocess.PIPE, cwd=ROOT)
    said, _ = await process.communicate()
    return float(said)
