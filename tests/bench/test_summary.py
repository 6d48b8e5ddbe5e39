"""The benchmark of the weekly summary: three ways to count, one result, on both databases."""

from pathlib import Path

from bench.summary.run import SummaryCosts, measure
from bench.tables import summed


async def test_all_ways_to_count_bring_the_same_figures(tmp_path: Path) -> None:
    costs = await measure(tmp_path / "summary", 0.002, print)  # raises where they differ
    assert isinstance(costs["SQLite"], SummaryCosts)
    assert costs["SQLite"].claims == 2000
    assert summed(costs).renderables
