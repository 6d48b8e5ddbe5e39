"""How the figures are shown, with the aim beside each."""

from rich.console import Group
from rich.table import Table

from bench.appeal.run import Reach
from bench.chat import AT_ONCE, FLOOD, PER_SECOND, Discord
from bench.load import Stats
from bench.start import Start
from bench.summary.run import SummaryCosts
from bench.ticks import TickCosts
from bench.year.run import Lived

OURS, STOCK, FLOOR = "himma", "stock", "floor"


def compared(runs: dict[tuple[int, str], Stats]) -> Group:
    """One row for each contestant and number of people, and the aims for the largest number."""
    table = _table(
        "Press → durable claim → answer", "at once", "who", "claims/s", "p50 ms", "p99 ms", "CPU ms", "× stock", "floor"
    )
    for (people, name), run in sorted(runs.items(), key=lambda item: item[0][0]):
        table.add_row(
            str(people),
            name,
            *_figures(run),
            f"{run.per_second / runs[people, STOCK].per_second:.1f}",
            f"{run.per_second / runs[people, FLOOR].per_second:.0%}",
            end_section=name == FLOOR,
        )
    most = max(people for people, _ in runs)
    ours, stock, floor = (runs[most, name] for name in (OURS, STOCK, FLOOR))
    return Group(
        table,
        _aim(f"p99 under 120 ms at {most} at once", ours.p99 < 120, f"{ours.p99:.0f} ms"),
        _aim("at least 8 × stock", ours.per_second >= 8 * stock.per_second, f"{ours.per_second / stock.per_second:.1f} ×"),
        _aim(
            "at least 25% of the floor", ours.per_second >= floor.per_second / 4, f"{ours.per_second / floor.per_second:.0%}"
        ),
    )


def grown(runs: dict[int, Stats]) -> Group:
    """One row for each size, and how the cost of a claim changes from the smallest to the largest."""
    table = _table("64 at once, as the database grows", "tasks and claims", "claims/s", "p50 ms", "p99 ms", "CPU ms", "change")
    (first, smallest), *_, (last, largest) = runs.items()
    for size, run in runs.items():
        table.add_row(f"{size:,}", *_figures(run), f"{_change(smallest, run):+.0%}")
    change = _change(smallest, largest)
    return Group(table, _aim(f"a claim's cost within 15% from {first:,} to {last:,}", change <= 0.15, f"{change:+.0%}"))


def started(start: Start) -> Group:
    """The aims of a start."""
    return Group(
        _aim("under 100 MB resident with Telegram and the playground", start.resident_mb < 100, f"{start.resident_mb:.0f} MB"),
        _aim("under 2 s from start to first answer", start.first_answer_seconds < 2, f"{start.first_answer_seconds:.2f} s"),
    )


def on_discord(run: Discord) -> Group:
    """One row for each contestant, and the aims."""
    table = _table(f"On Discord, {AT_ONCE} at once", "who", "interactions/s", "p50 ms", "p99 ms", "CPU ms", "× stock")
    stock = run.compared[STOCK]
    for name, stats in run.compared.items():
        table.add_row(name, *_figures(stats), f"{stats.per_second / stock.per_second:.1f}")
    ours, flood = run.compared[OURS], run.flood
    times = ours.per_second / stock.per_second
    steady = run.steady.acknowledged_p99
    told = f"{flood.acknowledged_p99:,.0f} ms, {flood.missed} of {flood.presses} missed their 3 s"
    return Group(
        table,
        _aim("at least 5 × stock", times >= 5, f"{times:.1f} ×"),
        _aim(f"p99 acknowledged under 200 ms at {PER_SECOND:g} a second", steady < 200, f"{steady:.0f} ms"),
        _aim(f"and under 2 s with {FLOOD:,} at once", flood.acknowledged_p99 < 2000 and not flood.missed, told),
        _aim(
            "under 120 MB resident with Telegram, Discord and the playground",
            run.resident_mb < 120,
            f"{run.resident_mb:.0f} MB",
        ),
    )


def ticked(costs: TickCosts) -> Group:
    """What ticks cost with nothing due, and how fast a pile of reminders is worked off."""
    slowest = max(costs.idle_ms, key=lambda name: costs.idle_ms[name])
    table = _table("Ticks with nothing due, a million claims and reminders", "tick", "ms")
    for name, milliseconds in costs.idle_ms.items():
        table.add_row(name, f"{milliseconds:.2f}")
    each = costs.seconds / costs.released * 1000
    figure = f"{costs.seconds:.1f} s, {each:.2f} ms each, {costs.messages:,} messages"
    return Group(
        table,
        _aim("a tick with nothing due under 2 ms", costs.idle_ms[slowest] < 2, f"{costs.idle_ms[slowest]:.2f} ms ({slowest})"),
        f"  {costs.released:,} reminders due at once are in the outbox after {figure}",
    )


def summed(costs: dict[str, SummaryCosts | str]) -> Group:
    """A week's summary out of a year, beside hand-written SQL and beside loading rows by the ORM."""
    measured = {name: one for name, one in costs.items() if isinstance(one, SummaryCosts)}
    most = max(one.claims for one in measured.values())
    table = _table(f"A weekly summary, {most:,} claims in a year", "database", "ours ms", "by hand ms", "by ORM ms")
    for name, one in measured.items():
        table.add_row(name, *(f"{seconds * 1000:,.0f}" for seconds in (one.ours, one.by_hand, one.by_orm)))
    aims = [
        _aim(text, is_met, f"{figure:.1f} ×")
        for name, one in measured.items()
        for text, is_met, figure in (
            (f"{name}: within 1.5 times of SQL by hand", one.ours <= 1.5 * one.by_hand, one.ours / one.by_hand),
            (f"{name}: at least 50 times faster than loading rows", one.by_orm >= 50 * one.ours, one.by_orm / one.ours),
        )
    ]
    return Group(table, *aims, *(f"  {name}: {one}" for name, one in costs.items() if isinstance(one, str)))


def lived(year: Lived) -> Group:
    """How the year went; what must hold was looked at after every day of it."""
    ended = ", ".join(f"{n:,} {state}" for state, n in year.claims.most_common())
    return Group(
        f"  {year.tasks:,} tasks, {year.events:,} events, {year.messages:,} messages; claims: {ended}",
        _aim("a year in under 5 minutes, true after every day", year.seconds < 300, f"{year.seconds:.0f} s"),
    )


def reached(real: Reach, crowd: Reach, broken: Reach, costs: dict[str, float]) -> Group:
    """One row for each run of an appeal to many, the aims, and what a message costs."""
    table = _table(
        "An appeal to many", "people", "× time", "told", "twice", "429", "rate used", "first s", "CPU ms", "answers", "p50 ms",
        "p99 ms",
    )  # fmt: skip
    for run in (real, crowd, broken):
        table.add_row(
            f"{run.people:,}", str(run.faster), f"{run.told:,}", str(run.doubled), str(run.floods), f"{run.share:.1%}",
            f"{run.first_seconds:.2f}", f"{run.cpu_ms:.2f}", str(run.answers), f"{run.p50_ms:.0f}", f"{run.p99_ms:.0f}",
        )  # fmt: skip
    ours, stock, floor = costs[OURS], costs[STOCK], costs[FLOOR]
    return Group(
        table,
        _aim(
            "everybody told once", crowd.told == crowd.people and not crowd.doubled, f"{crowd.told:,}, {crowd.doubled} twice"
        ),
        _aim("no 429 in steady state", not crowd.floods + real.floods, f"{crowd.floods + real.floods}"),
        _aim("at least 98% of the rate", min(crowd.share, real.share) >= 0.98, f"{real.share:.1%}, {crowd.share:.1%}"),
        _aim("answers within 300 ms (p99)", max(crowd.p99_ms, real.p99_ms) < 300, f"{real.p99_ms:.0f}, {crowd.p99_ms:.0f} ms"),
        _aim("the first message within 1 s", crowd.first_seconds < 1, f"{crowd.first_seconds:.2f} s"),
        _aim("memory grows by less than 20 MB", crowd.grown_mb < 20, f"{crowd.grown_mb:.0f} MB"),
        _aim(f"killed {broken.kills} times: nobody missed", broken.told == broken.people, f"{broken.doubled} told twice"),
        _aim("at most 0.6 ms CPU a message", ours <= 0.6, f"{ours:.2f} ms"),
        _aim("at least 5 times less than stock", stock >= 5 * ours, f"{stock:.2f} ms, {stock / ours:.1f} ×"),
        _aim("within 3 times of the floor", ours <= 3 * floor, f"{floor:.2f} ms, {ours / floor:.1f} ×"),
    )


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="left" if column == "who" else "right", no_wrap=True)
    return table


def _figures(run: Stats) -> tuple[str, str, str, str]:
    return f"{run.per_second:,.0f}", f"{run.p50:.1f}", f"{run.p99:,.1f}", f"{run.cpu:.2f}"


def _change(before: Stats, after: Stats) -> float:
    """By what share a claim takes longer."""
    return before.per_second / after.per_second - 1


def _aim(text: str, is_met: bool, figure: str) -> str:
    return f"[{'green]✓' if is_met else 'red]✗'}[/] {text}: {figure}"
