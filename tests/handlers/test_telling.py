"""What people did not ask for reaches those who may be written to, once, in their own words."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import make_url, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.database import Database
from handlers.context import Context, speak_to
from handlers.stored import load_place, load_reply
from handlers.telling import tell
from handlers.types import Address, ChatKind, Event, EventKind, Place, Reply, Sender
from handlers.words import Words
from models.delivery import Outbox
from models.people import Identity, Newcomer, meet

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.fixture
async def session(database_url: str) -> AsyncIterator[AsyncSession]:
    database = Database(make_url(database_url))
    async with database.write() as session:
        yield session
        await session.rollback()
    await database.close()


async def arrive(session: AsyncSession, *names: str) -> Context:
    """These people exist, each with a private chat named after them but Mute; the first one is who acts."""
    newcomers = [Newcomer(Identity("t", name), name, "ar" if name == "Layla" else "en") for name in names]
    accounts = await meet(session, newcomers, NOW)
    for account in accounts.values():
        account.private_chat = None if account.external_id == "Mute" else f"chat of {account.external_id}"
    await session.flush()
    account = accounts[newcomers[0].identity]
    here = Address(Place("t", "group", ChatKind.GROUP), names[0])
    event = Event("key", EventKind.COMMAND, Sender("t", names[0], names[0]), here, NOW)
    return Context(session, event, account, speak_to(account.person), None)


def greet(words: Words) -> Reply:
    return Reply(text=f"in {words.language}: {words.number(5)}")


async def test_each_is_told_once_in_their_own_words_but_not_who_acts(session: AsyncSession) -> None:
    context = await arrive(session, "Omar", "Layla", "Sam", "Mute")
    for _ in range(2):
        await tell(context, range(1, 5), "news:1", greet)
    rows = (await session.scalars(select(Outbox).order_by(Outbox.id))).all()
    said = [(load_place(row.place).chat, load_reply(row.reply).text) for row in rows]
    assert said == [("chat of Layla", "in ar: ٥"), ("chat of Sam", "in en: 5")]


async def test_nobody_to_tell_is_no_trouble(session: AsyncSession) -> None:
    context = await arrive(session, "Omar")
    await tell(context, [], "news:1", greet)
    assert (await session.scalars(select(Outbox))).all() == []
