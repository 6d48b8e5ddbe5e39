"""The database's two doors, on both databases."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, make_url
from sqlalchemy.exc import IntegrityError

from bot.database import Database
from models.people import Account


async def test_what_people_wrote_is_in_no_error(database_url: str) -> None:
    database = Database(make_url(database_url))
    row = {"person_id": -1, "platform": "telegram", "external_id": "what somebody wrote", "created_at": datetime.now(UTC)}
    with pytest.raises(IntegrityError) as told:
        async with database.write() as session:
            await session.execute(insert(Account), [row])
    await database.close()
    assert "what somebody wrote" not in str(told.value)
