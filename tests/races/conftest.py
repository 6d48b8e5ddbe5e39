"""What the races share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.races.stage import Stage, at_work


@pytest.fixture
async def stage(database_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """The core at work, on both databases."""
    async with at_work(database_url, tmp_path) as stage:
        yield stage
