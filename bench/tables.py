"""How the figures are shown, with the aim beside each."""

from rich.console import Group
from rich.table import Table

from bench.load import Stats
from bench.start import Start

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
