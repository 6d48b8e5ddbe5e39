"""How a Himma is doing, told from its database: when each tick last succeeded."""

from datetime import UTC, datetime

from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

import handlers  # noqa: F401  # declares what time causes
from bot.database import Database, NoDatabase, shown
from bot.ticks import RECORDED_EVERY
from handlers.timed import TICKS
from models.beats import Lateness, beats


class NotWell(Exception):
    """Something is late, or nothing could be learnt."""


async def tell_status(url: URL, *, in_metrics: bool) -> None:
    """Print when each tick last succeeded. Raises NotWell where one is late, has never succeeded, or nobody knows."""
    now = datetime.now(UTC)
    try:
        database = Database(url)
    except NoDatabase as error:
        raise NotWell(str(error)) from None
    try:
        async with database.read() as session:
            known = {one.name: one for one in await beats(session, now, RECORDED_EVERY)}
    except (SQLAlchemyError, OSError) as error:
        reason = getattr(error, "orig", error)
        raise NotWell(f"[database] url: nothing could be read from {shown(url)}: has Himma run with it? {reason}") from None
    finally:
        await database.close()
    (_print_metrics if in_metrics else _print_table)(known, now)
    late = [name for name in TICKS if name not in known or known[name].is_late]
    if late:
        raise NotWell(f"Late, or not looked after at all: {', '.join(late)}. Does Himma run? Its log says more.")


def _print_table(known: dict[str, Lateness], now: datetime) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("what time causes", "every", "last looked after")
    for name, tick in TICKS.items():
        beat = known.get(name)
        said = f"{max(0, (now - beat.succeeded_at).total_seconds()):,.0f} s ago" if beat else "never"
        table.add_row(name, str(tick.every), f"{said}, late" if beat and beat.is_late else said)
    Console().print(table)


def _print_metrics(known: dict[str, Lateness], now: datetime) -> None:
    """https://prometheus.io/docs/instrumenting/exposition_formats/"""
    print("# HELP himma_tick_age_seconds Since when a tick has not succeeded.")  # noqa: T201  # read by a program
    print("# TYPE himma_tick_age_seconds gauge")  # noqa: T201
    for beat in known.values():
        age = (now - beat.succeeded_at).total_seconds()
        print(f'himma_tick_age_seconds{{tick="{beat.name}"}} {age:.0f}')  # noqa: T201
