"""What the races share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.races.stage import BothStage, Stage, at_work, at_work_on_both


@pytest.fixture
async def stage(database_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """The core at work, on both databases."""
    async with at_work(database_url, tmp_path) as stage:
        yield stage


@pytest.fixture
async def both_stage(database_url: str, tmp_path: Path) -> AsyncIterator[BothStage]:
    """The same with Telegram and Discord attached."""
    async with at_work_on_both(database_url, tmp_path) as stage:
        yield stage
