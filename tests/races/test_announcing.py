"""Several processes put appeals into the chats of their teams at the same moment: each comes to each chat once."""

import asyncio
import random
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, make_url, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.database import Database
from bot.edge import Edge
from handlers.appeal_sending import announce_begun
from models.appeals import AppealPost, PostKind
from models.calling import Call, draft_appeal, send_appeal
from models.communities import Chat, Community
from models.people import Person

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PROCESSES = 4
CHATS = 3
ROUNDS = 40
TIMES = 3
APPEALS = 3
"""That begin in each round."""


async def settle(session: AsyncSession) -> tuple[int, int]:
    """A team with some chats, and who speaks for it."""
    home = Community(code="warm", name="Warmth", language="en", timezone="UTC", first_weekday=5, created_at=NOW)
    author = Person(name="Huda", language="en", created_at=NOW)
    session.add_all((home, author))
    await session.flush()
    session.add_all(
        Chat(community_id=home.id, platform="telegram", external_id=str(-n), kind="group", title=f"Chat {n}")
        for n in range(1, CHATS + 1)
    )
    return home.id, author.id


async def test_each_chat_hears_it_once_however_many_announce_it(database_url: str) -> None:
    databases = [Database(make_url(database_url)) for _ in range(PROCESSES)]
    edges = [Edge(database) for database in databases]
    chance = random.Random(2026)
    home, author = await edges[0].transact(settle)

    async def begin(session: AsyncSession) -> None:
        for _ in range(APPEALS):
            call = Call({"en": "Help us."}, NOW + timedelta(days=2), NOW)
            draft = await draft_appeal(session, home, author, call, NOW)
            await send_appeal(session, draft.id, NOW, audience_size=0, needs_second=False)

    async def announce(edge: Edge) -> None:
        await asyncio.sleep(chance.uniform(0, 0.02))
        await edge.transact(lambda session: announce_begun(session, NOW))

    try:
        for _ in range(ROUNDS):
            await edges[0].transact(begin)
            await asyncio.gather(*(announce(edge) for edge in edges for _ in range(TIMES)))
        grouped = select(AppealPost.appeal_id, func.count(), func.count(AppealPost.place.distinct()))
        calls = grouped.where(AppealPost.kind == PostKind.CALL).group_by(AppealPost.appeal_id)
        rows = await edges[0].look(lambda session: session.execute(calls))
        counted = [(n, places) for _, n, places in rows]
    finally:
        for database in databases:
            await database.close()
    assert counted == [(CHATS, CHATS)] * (ROUNDS * APPEALS)
