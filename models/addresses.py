"""E-mail addresses: of no use before a code that went there has come back, and left alone as soon as somebody says so.

Whether a mailbox may be asked at all is the business of models/mail_asks.py.
"""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ForeignKey, Index, Select, String, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, partial_index
from models.codes import are_tries_spent, digest_of, draw_code, note_wrong
from models.mail_asks import mailbox_asked, mailbox_of, never_again, record_ask
from models.people import DigestWay, Person
from models.refusals import CodeWrong, TriesSpent

CODE_LIFETIME = timedelta(hours=48)


class MailList(StrEnum):
    """What a mail is about; each can be left by itself."""

    CONFIRM = "confirm"
    """The one mail that asks whether more may come."""
    DIGEST = "digest"
    """A volunteer's weekly list of tasks."""
    SUMMARY = "summary"
    """An organizer's weekly summary."""


class MailAddress(Base):
    """A mailbox that a person has named as theirs."""

    __tablename__ = "mail_addresses"
    __table_args__ = (
        Index(None, "person_id"),
        Index(None, "mailbox"),
        partial_index("ix_mail_addresses_unconfirmed", "asked_at", where="confirmed_at IS NULL"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"))
    address: Mapped[str] = mapped_column(String(254))
    """In lower case, in ASCII."""
    mailbox: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the address."""
    key: Mapped[str] = mapped_column(String(32), unique=True)
    """What links in mails name it by: whoever has it can end what is sent, and nothing else."""
    asked_at: Mapped[datetime]
    code_digest: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of the code that proves that the mailbox is read by them."""
    code_until: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    off_at: Mapped[datetime | None]
    """When the mailbox sent mail back; nothing is sent to it since."""
    wants_summary: Mapped[bool] = mapped_column(default=False)

    @property
    def is_usable(self) -> bool:
        return self.confirmed_at is not None and self.off_at is None


class Asked(NamedTuple):
    """An address that is about to get its one mail."""

    address: MailAddress
    code: str


async def ask(session: AsyncSession, person_id: int, address: str, now: datetime) -> Asked:
    """Note that an address is to be asked whether it wants mail. Raises MailboxSaidNo, or MailLimit."""
    code, key = draw_code(), secrets.token_urlsafe(16)
    await record_ask(session, person_id, address, key, now)
    row = MailAddress(
        person_id=person_id, address=address, mailbox=mailbox_of(address), key=key, asked_at=now,
        code_digest=digest_of(code), code_until=now + CODE_LIFETIME,
    )  # fmt: skip
    session.add(row)
    await session.flush()
    return Asked(row, code)


async def addresses_of(session: AsyncSession, person_id: int) -> Sequence[MailAddress]:
    """A person's addresses, the latest first: the one that is used, where there is one, and those that wait for their code."""
    query = (
        select(MailAddress)
        .where(MailAddress.person_id == person_id)
        .order_by(MailAddress.confirmed_at.is_(None), MailAddress.id.desc())
    )
    return (await session.scalars(query.execution_options(populate_existing=True))).all()


async def usable_address(session: AsyncSession, person_id: int) -> MailAddress | None:
    """Where a person can be written to by mail."""
    return next((one for one in await addresses_of(session, person_id) if one.is_usable), None)


async def by_code(session: AsyncSession, code: str) -> MailAddress | None:
    """The address that a code went to, whether or not it still works."""
    found: MailAddress | None = await session.scalar(select(MailAddress).where(MailAddress.code_digest == digest_of(code)))
    return found


async def check_code(session: AsyncSession, person_id: int, code: str, now: datetime) -> MailAddress | CodeWrong | TriesSpent:
    """The address of a person that a code went to, while it works. A refusal is returned, not raised: the wrong try stays."""
    if await are_tries_spent(session, person_id, now):
        return TriesSpent()
    found = await by_code(session, code)
    is_theirs = found is not None and found.person_id == person_id and found.off_at is None
    if found is not None and is_theirs and (found.confirmed_at is not None or found.code_until > now):
        return found
    return await note_wrong(session, person_id, now)


async def confirm(session: AsyncSession, code: str, now: datetime) -> MailAddress | None:
    """Use an address from now on, and none of its person's others; None where the code is none, or works no more."""
    waits = [MailAddress.code_digest == digest_of(code), MailAddress.code_until > now, MailAddress.confirmed_at.is_(None)]
    id_ = await session.scalar(
        update(MailAddress).where(*waits, MailAddress.off_at.is_(None)).values(confirmed_at=now).returning(MailAddress.id)
    )
    if id_ is None:
        return None
    found = await session.get_one(MailAddress, id_, populate_existing=True)
    others = (MailAddress.person_id == found.person_id, MailAddress.id != id_)
    had_summary = select(MailAddress.id).where(*others, MailAddress.wants_summary)
    if await session.scalar(had_summary.limit(1)) is not None:
        found.wants_summary = True
        await session.flush()
    await session.execute(delete(MailAddress).where(*others))
    return found


async def was_asked(session: AsyncSession, key: str) -> str | None:
    """The digest of the address that a mail with this key went to, though it may have been forgotten meanwhile."""
    named = select(MailAddress.mailbox).where(MailAddress.key == key)
    return await mailbox_asked(session, key) or await session.scalar(named)


async def say_no(session: AsyncSession, key: str, now: datetime) -> bool:
    """Have a mailbox never written to again, whoever named it; False where the key is none."""
    mailbox = await was_asked(session, key)
    if mailbox is None:
        return False
    await never_again(session, mailbox, now)
    await session.execute(delete(MailAddress).where(MailAddress.mailbox == mailbox))
    return True


async def by_key(session: AsyncSession, key: str) -> MailAddress | None:
    """The address that a mail's link names."""
    found: MailAddress | None = await session.scalar(
        select(MailAddress).where(MailAddress.key == key).execution_options(populate_existing=True)
    )
    return found


async def choose_summary(session: AsyncSession, address: MailAddress, *, wants_it: bool) -> None:
    """Have an organizer's weekly summary go to this address, or not."""
    address.wants_summary = wants_it
    await session.flush()


async def addresses_for_summary(session: AsyncSession, person_ids: Iterable[int]) -> list[tuple[MailAddress, Person]]:
    """Those of these people who want the weekly summary by mail, with the address that they confirmed last."""
    rows = await session.execute(
        select(MailAddress, Person)
        .join(Person, Person.id == MailAddress.person_id)
        .where(
            MailAddress.person_id.in_(list(person_ids)),
            MailAddress.wants_summary,
            MailAddress.confirmed_at.is_not(None),
            MailAddress.off_at.is_(None),
        )
        .order_by(MailAddress.confirmed_at, MailAddress.id)
    )
    return list({person.id: (address, person) for address, person in rows}.values())


async def leave_list(session: AsyncSession, address: MailAddress, on: MailList) -> bool:
    """Send nothing of this kind any more; whether something was sent until now."""
    if on is MailList.DIGEST:
        was_on = update(Person).where(Person.id == address.person_id, Person.digest == DigestWay.MAIL)
        left = await session.scalar(was_on.values(digest=None, digest_at=None).returning(Person.id))
    else:
        was_on = update(MailAddress).where(MailAddress.id == address.id, MailAddress.wants_summary)
        left = await session.scalar(was_on.values(wants_summary=False).returning(MailAddress.id))
    return left is not None


async def switch_off(session: AsyncSession, address_id: int, now: datetime) -> list[MailAddress]:
    """A mailbox does not take mail: nothing is sent to it from now on, whoever named it. What was on until now."""
    mailbox = select(MailAddress.mailbox).where(MailAddress.id == address_id).scalar_subquery()
    found = await session.scalars(
        update(MailAddress)
        .where(MailAddress.mailbox == mailbox, MailAddress.off_at.is_(None))
        .values(off_at=now)
        .returning(MailAddress)
        .execution_options(populate_existing=True)
    )
    return list(found)


async def forget(session: AsyncSession, person_id: int) -> list[int]:
    """Delete a person's addresses; their numbers."""
    return list(await session.scalars(delete(MailAddress).where(MailAddress.person_id == person_id).returning(MailAddress.id)))


def old_addresses(before: datetime) -> tuple[Select[Any], ...]:
    """Addresses that were named before this moment, and never confirmed."""
    return (select(MailAddress.id).where(MailAddress.confirmed_at.is_(None), MailAddress.asked_at < before),)
