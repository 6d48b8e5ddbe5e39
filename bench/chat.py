"""Himma on Discord, with Telegram and the playground attached: against the stock way and against doing nothing; in a flood."""

import math
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.api import BotApi
from bench.claim import Effort, Tell
from bench.contestant import NOOP_DISCORD, STOCK_DISCORD
from bench.discord import ACKNOWLEDGE_SECONDS, DiscordApi
from bench.field import Field
from bench.himma import Himma
from bench.load import Stats

AT_ONCE = 64
PER_SECOND = 200.0
FLOOD = 4_000


@dataclass(frozen=True, slots=True)
class Discord:
    compared: dict[str, Stats]
    """By contestant, so many at once."""
    steady: Stats
    flood: Stats
    resident_mb: float
    """Right after the start and the first answer, with Telegram, Discord and the playground."""


async def on_discord(folder: Path, effort: Effort, tell: Tell) -> Discord:
    """The median figures; contestants take turns in every round."""
    runs: defaultdict[str, list[Stats]] = defaultdict(list)
    sizes: list[float] = []
    async with BotApi() as telegram, DiscordApi() as api:
        himma = Himma(telegram=telegram.url)
        shape = effort.shape(1, beside=FLOOD + int(PER_SECOND * effort.seconds))
        fields = [Field(one, folder / f"discord-{one.name}", shape) for one in (himma, STOCK_DISCORD, NOOP_DISCORD)]
        for number in range(effort.rounds):
            for field in fields:
                tell(f"round {number + 1} of {effort.rounds}: {field.contestant.name} on Discord")
                if field.contestant is himma:
                    sizes.append(await field.start_size(api))
                async with field.started(api) as heat:
                    runs[field.contestant.name].append(await heat.press(AT_ONCE, effort.presses, effort.seconds))
                    if field.contestant is himma:
                        runs["steady"].append(await heat.press_steadily(PER_SECOND, int(PER_SECOND * effort.seconds)))
                        api.acknowledge_seconds = ACKNOWLEDGE_SECONDS
                        runs["flood"].append(await heat.press(FLOOD, FLOOD, 0.5))
                        api.acknowledge_seconds = math.inf
    figures = {name: Stats.median(stats) for name, stats in runs.items()}
    return Discord(figures, figures.pop("steady"), figures.pop("flood"), median(sizes))
