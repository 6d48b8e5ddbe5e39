"""Whether a mailbox may be asked if it wants mail: how often by whom, and never again when it said no.

Whoever asks can have one mail sent to it, not more. What was asked is counted by person and by mailbox, of which only a digest
is kept.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, ForeignKey, Index, Select, String, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, partial_index
from models.people import Person
from models.refusals import MailboxSaidNo, MailLimit

DAY, MONTH = timedelta(days=1), timedelta(days=30)
KEEP_ASKS = MONTH
"""How long it is kept who asked for which address, and an address that was never confirmed."""


class MailAsk(Base):
    """Somebody had the one mail sent to an address."""

    __tablename__ = "mail_asks"
    __table_args__ = (Index(None, "person_id", "asked_at"), Index(None, "mailbox", "asked_at"), Index(None, "asked_at"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"))
    mailbox: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the address."""
    key: Mapped[str] = mapped_column(String(32), unique=True)
    """That of the address: the mail's link to say no works even when the address was forgotten meanwhile."""
    asked_at: Mapped[datetime]


class Mailbox(Base):
    """A mailbox that was asked, by the digest of its address; its row is what those who ask at the same moment queue for."""

    __tablename__ = "mailboxes"
    __table_args__ = (partial_index("ix_mailboxes_asked_at", "asked_at", where="said_no_at IS NULL"),)

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    asked_at: Mapped[datetime]
    said_no_at: Mapped[datetime | None]
    """When whoever reads it said that they want no mail from here."""


class Limit(NamedTuple):
    """How many mails may be asked for within which time."""

    mails: int
    span: timedelta


PERSON_LIMITS = (Limit(3, DAY), Limit(10, MONTH))
ADDRESS_LIMITS = (Limit(1, DAY), Limit(2, MONTH))


async def check_may_ask(session: AsyncSession, person_id: int, address: str, now: datetime) -> None:
    """Raises MailboxSaidNo, or MailLimit where this person or this address has had its share."""
    mailbox = mailbox_of(address)
    if await session.scalar(select(Mailbox.said_no_at).where(Mailbox.digest == mailbox)) is not None:
        raise MailboxSaidNo
    free = [await _free_from(session, MailAsk.person_id == person_id, PERSON_LIMITS, now)]
    free.append(await _free_from(session, MailAsk.mailbox == mailbox, ADDRESS_LIMITS, now))
    if max(free) > now:
        raise MailLimit(max(free))


async def _free_from(session: AsyncSession, whose: ColumnElement[bool], limits: Sequence[Limit], now: datetime) -> datetime:
    """When the next mail may be asked for."""
    query = select(MailAsk.asked_at).where(whose, MailAsk.asked_at > now - MONTH).order_by(MailAsk.asked_at)
    asked = (await session.scalars(query)).all()
    free = now
    for limit in limits:
        within = [at for at in asked if at > now - limit.span]
        if len(within) >= limit.mails:
            free = max(free, within[-limit.mails] + limit.span)
    return free


async def record_ask(session: AsyncSession, person_id: int, address: str, key: str, now: datetime) -> None:
    """A mail goes out that asks; its links name it by this key. Raises as `check_may_ask` does.

    Those who ask for the same person or the same mailbox at the same moment do so one after the other.
    """
    mailbox = mailbox_of(address)
    await _touch(session, mailbox, {"asked_at": now}, now)
    await session.execute(select(Person.id).where(Person.id == person_id).with_for_update(key_share=True))
    await check_may_ask(session, person_id, address, now)
    session.add(MailAsk(person_id=person_id, mailbox=mailbox, key=key, asked_at=now))
    await session.flush()


async def _touch(session: AsyncSession, mailbox: str, values: dict[str, datetime], now: datetime) -> None:
    """Note something of a mailbox, known or not."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    new = sqlite.insert(Mailbox) if is_sqlite else postgresql.insert(Mailbox)
    row = {"digest": mailbox, "asked_at": now} | values
    await session.execute(new.values(row).on_conflict_do_update(index_elements=["digest"], set_=values))


async def mailbox_asked(session: AsyncSession, key: str) -> str | None:
    """The mailbox to which a mail with this key went."""
    found: str | None = await session.scalar(select(MailAsk.mailbox).where(MailAsk.key == key))
    return found


async def never_again(session: AsyncSession, mailbox: str, now: datetime) -> None:
    """Whoever reads this mailbox wants no mail from here."""
    await _touch(session, mailbox, {"said_no_at": now}, now)


def old_asks(before: datetime) -> tuple[Select[Any], ...]:
    """Who asked for which mailbox, and mailboxes that never said anything, from before this moment."""
    return (
        select(MailAsk.id).where(MailAsk.asked_at < before),
        select(Mailbox.digest).where(Mailbox.said_no_at.is_(None), Mailbox.asked_at < before),
    )


def mailbox_of(address: str) -> str:
    """What is kept of an address that may not be somebody's: SHA-256, in hexadecimal."""
    return hashlib.sha256(address.encode()).hexdigest()
