"""In dialogues SQLite answers in the thread that asks.

A quarter of a dialogue's time went into hopping to SQLite's own thread and back. Nothing that is proved here needs it, for
SQLite lets one transaction write at a time whatever one does. Races, faults and kills have the thread.
"""

from collections.abc import Iterator

import pytest

from bench.year.stage import at_once
from bot import sqlite


@pytest.fixture(scope="package", autouse=True)
def without_hops() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite.Connection, "_execute", at_once)
        yield
