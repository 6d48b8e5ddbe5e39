"""In dialogues SQLite answers in the thread that asks.

A quarter of a dialogue's time went into hopping to SQLite's own thread and back. Nothing that is proved here needs it, for
SQLite lets one transaction write at a time whatever one does. Races, faults and kills have the thread.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bot import sqlite


async def _at_once(_: sqlite.Connection, work: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    return work(*arguments, **options)


@pytest.fixture(scope="package", autouse=True)
def without_hops() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite.Connection, "_execute", _at_once)
        yield
