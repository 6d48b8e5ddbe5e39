"""Whatever people do with addresses: no mailbox is bothered, and none is used that did not ask for it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import URL, func, make_url, select
from sqlalchemy.ext.asyncio import AsyncSession

import handlers  # noqa: F401  # all of models/ is loaded by then
from bot.database import Database
from bot.edge import Edge
from models.addresses import (
    Asked,
    MailAddress,
    addresses_of,
    ask,
    confirm,
    forget,
    old_addresses,
    say_no,
    switch_off,
    usable_address,
)
from models.mail_asks import ADDRESS_LIMITS, PERSON_LIMITS, Mailbox, old_asks
from models.people import Identity, Newcomer, meet
from models.pruning import prune
from models.refusals import MailboxSaidNo, MailLimit, Refusal

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ADDRESSES = ("huda@example.org", "omar@example.org")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(make_url(database_url))
    yield database
    await database.close()


async def people(session: AsyncSession, count: int) -> list[int]:
    newcomers = [Newcomer(Identity("telegram", str(n)), f"Person {n}", "en") for n in range(count)]
    met = await meet(session, newcomers, NOW)
    return [met[one.identity].person_id for one in newcomers]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "ask", "ask", "confirm", "confirm", "no", "bounce", "forget", "prune"]),
        st.integers(0, 2),
        st.integers(0, 1),
        st.sampled_from([0, 1, 13, 24, 24, 100, 800]),
    ),
    max_size=40,
)


@dataclass
class Lives:
    """What was sent and said, kept beside the database."""

    session: AsyncSession
    people: list[int]
    now: datetime = NOW
    sent: list[tuple[datetime, int, str, Asked, str]] = field(default_factory=list)
    """When, to whom of the people, to which address, with which code and key."""
    said_no: set[str] = field(default_factory=set)
    proved: set[tuple[int, str]] = field(default_factory=set)

    async def do(self, what: str, person: int, address: str, newest: int) -> None:
        session, now, month_ago = self.session, self.now, self.now - timedelta(days=30)
        theirs = [mail for mail in self.sent if mail[2] == address]
        if what == "ask":
            await self._ask(person, address)
        elif what == "confirm" and theirs:
            _, owner, _, asked, _ = theirs[-1 - newest % len(theirs)]
            if await confirm(session, asked.code, now) is not None:
                self.proved.add((owner, address))
        elif what == "no" and theirs and await say_no(session, theirs[-1][4], now):
            self.said_no.add(address)
        elif what == "bounce":
            for one in await addresses_of(session, person):
                await switch_off(session, one.id, now)
        elif what == "forget":
            await forget(session, person)
        elif what == "prune":
            await prune(session, (*old_addresses(month_ago), *old_asks(month_ago)), 100)
            session.expunge_all()  # as for whoever comes next: SQLite gives the numbers of deleted rows out again

    async def _ask(self, person: int, address: str) -> None:
        try:
            asked = await ask(self.session, person, address, self.now)
        except MailboxSaidNo:
            assert address in self.said_no
        except MailLimit:
            assert self.sent
        else:
            self.sent.append((self.now, person, address, asked, asked.address.key))

    async def check(self) -> None:
        for position, limits in ((1, PERSON_LIMITS), (2, ADDRESS_LIMITS)):
            for limit in limits:
                recent: Counter[Any] = Counter(mail[position] for mail in self.sent if mail[0] > self.now - limit.span)
                assert not recent or max(recent.values()) <= limit.mails
        for person in self.people:
            usable = await usable_address(self.session, person)
            assert usable is None or (person, usable.address) in self.proved
        used = set(await self.session.scalars(select(MailAddress.address).where(MailAddress.off_at.is_(None))))
        assert not used & self.said_no


@given(steps=STEPS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_nobody_is_bothered_whatever_people_do(database_url: str, steps: Any) -> None:
    asyncio.run(_live(make_url(database_url), steps))


async def _live(url: URL, steps: list[tuple[str, int, int, int]]) -> None:
    database = Database(url)
    try:
        async with database.write() as session:  # never committed: each example begins anew
            lives = Lives(session, await people(session, 3))
            for what, who, which, hours in steps:
                lives.now += timedelta(hours=hours)
                await lives.do(what, lives.people[who], ADDRESSES[which], hours)
                await lives.check()
    finally:
        await database.close()


async def test_of_many_who_ask_for_a_mailbox_at_once_one_has_a_mail_sent(database: Database) -> None:
    edge = Edge(database)
    ids = await edge.transact(lambda session: people(session, 8))

    async def try_it(person: int) -> bool:
        try:
            await edge.transact(lambda session: ask(session, person, "huda@example.org", NOW))
        except Refusal:
            return False
        return True

    assert sum(await asyncio.gather(*map(try_it, ids))) == 1
    assert await edge.look(lambda session: session.scalar(select(func.count()).select_from(Mailbox))) == 1


async def test_one_who_asks_for_many_at_once_has_a_few_sent(database: Database) -> None:
    edge = Edge(database)
    (person,) = await edge.transact(lambda session: people(session, 1))

    async def try_it(number: int) -> bool:
        try:
            await edge.transact(lambda session: ask(session, person, f"somebody{number}@example.org", NOW))
        except MailLimit:
            return False
        return True

    assert sum(await asyncio.gather(*map(try_it, range(8)))) == PERSON_LIMITS[0].mails


async def test_a_code_that_is_used_twice_at_once_confirms_once(database: Database) -> None:
    edge = Edge(database)
    (person,) = await edge.transact(lambda session: people(session, 1))
    asked = await edge.transact(lambda session: ask(session, person, "huda@example.org", NOW))
    told = await asyncio.gather(*(edge.transact(lambda session: confirm(session, asked.code, NOW)) for _ in range(6)))
    assert sum(one is not None for one in told) == 1
