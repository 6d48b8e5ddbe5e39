"""A small year is lived through: many people, the real handlers and ticks, and what must hold looked at after every day."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from bench.year.people import ZONES, Human
from bench.year.run import Size, live
from bench.year.stage import BEGIN, stage
from bench.year.truth import Broken, check


async def test_a_few_days_of_many_people_end_as_they_must(tmp_path: Path) -> None:
    lived = await live(tmp_path / "year.db", Size(tasks=60, people=120, teams=2, days=3), seed=7)
    assert lived.tasks == 60
    assert lived.claims["approved"] > 20
    assert lived.messages > 50


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the database of two days that went well is, once it was made."""
    return tmp_path_factory.mktemp("year") / "year.db"


FAULTS = {
    "seats": "UPDATE tasks SET seats_taken = 0",
    "a claim's end": "UPDATE claims SET ended_at = NULL WHERE state = 'approved'",
    "minutes in reports": "UPDATE reports SET minutes = 0, state = 'waiting' WHERE state = 'approved'",
    "was written to more than": """
        INSERT INTO contacts (person_id, at) SELECT 7, '2026-01-02 12:00:00.000000' FROM people LIMIT 9
    """,
    "was written to at": """
        INSERT INTO contacts (person_id, at) SELECT id, '2026-01-02 01:00:00.000000' FROM people
        WHERE id NOT IN (SELECT person_id FROM contacts)
    """,
}
"""What is done to the rows, by what must be said of it."""


@pytest.mark.parametrize("told", FAULTS)
async def test_what_does_not_hold_is_seen(lived_in: Path, tmp_path: Path, told: str) -> None:
    if not lived_in.exists():
        await live(lived_in, Size(tasks=12, people=40, teams=1, days=2), seed=3)
    path = tmp_path / "year.db"
    path.write_bytes(lived_in.read_bytes())
    people = {number: Human(str(number), number, ZONES[1], 1.0, 1.0) for number in range(1, 41)}

    async def look(session: AsyncSession) -> None:
        await check(session, people, BEGIN + timedelta(days=2))

    async def break_it(session: AsyncSession) -> None:
        await session.execute(text(FAULTS[told]))

    async with stage(path) as scene:
        await scene.core.edge.look(look)
        await scene.core.edge.transact(break_it)
        with pytest.raises(Broken, match=told):
            await scene.core.edge.look(look)
