"""People, and the accounts by which platforms know them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, bindparam, false, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, contains_eager, mapped_column, relationship

from models.base import Base, Id, Overtaken, partial_index


class DigestWay(StrEnum):
    CHAT = "chat"
    MAIL = "mail"


class Person(Base):
    """A human; has one or more accounts."""

    __tablename__ = "people"
    __table_args__ = (partial_index("ix_people_digest_due", "digest_at", where="digest_at IS NOT NULL"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    language: Mapped[str] = mapped_column(String(8))
    timezone: Mapped[str | None] = mapped_column(String(64))
    """An IANA zone, or None: that of the community where they are."""
    arabic_digits: Mapped[bool | None]
    """Whether numbers are shown as ٠١٢; None: as is usual in their language."""
    is_private: Mapped[bool] = mapped_column(default=False)
    """Cards count them, and do not show their name."""
    interests: Mapped[str] = mapped_column(String(400), default="")
    """Tags without '#', separated by blanks."""
    focus_community_id: Mapped[int | None] = mapped_column(Id, ForeignKey("communities.id"))
    """The community they last dealt with: the one meant where a command names none."""
    created_at: Mapped[datetime]
    quiet_from: Mapped[int] = mapped_column(default=21 * 60, server_default="1260")
    """When their quiet hours begin, in minutes after midnight where they are; the same as `quiet_until`: they have none."""
    quiet_until: Mapped[int] = mapped_column(default=9 * 60, server_default="540")
    daily_budget: Mapped[int] = mapped_column(default=3, server_default="3")
    """How many messages that they did not ask for they want to get within 24 hours."""
    weekly_budget: Mapped[int] = mapped_column(default=10, server_default="10")
    muted: Mapped[str] = mapped_column(String(100), default="", server_default="")
    """Kinds of notices that they do not want to hear (models/notices.py), separated by blanks."""
    called_in_chat: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Where a private message cannot be delivered they are called by name in a chat of their team; else it waits until they
    are here again."""
    stopped_at: Mapped[datetime | None]
    """When they said stop: nothing that they did not ask for but what is about a seat of theirs."""
    latitude: Mapped[float | None]
    """Where they can be found, where they chose to say so."""
    longitude: Mapped[float | None]
    free_at: Mapped[datetime | None]
    """When they last said that they have time now."""
    digest: Mapped[DigestWay | None]
    """How they get the week's tasks that fit them; None: not at all."""
    digest_weekday: Mapped[int] = mapped_column(default=0, server_default="0")
    """0 is Monday, 6 is Sunday, as in `datetime.weekday`."""
    digest_hour: Mapped[int] = mapped_column(default=9, server_default="9")
    digest_at: Mapped[datetime | None]
    """When the next one is due."""
    fewer: Mapped[str] = mapped_column(String(400), default="", server_default="")
    """Tags without '#' of which they do not want to hear appeals, separated by blanks."""

    @property
    def first_name(self) -> str:
        return self.name.split(" ", 1)[0]


class Account(Base):
    """A person's identity on one platform. The @username is never an identity, and is not kept."""

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("platform", "external_id"),
        Index(None, "person_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"))
    platform: Mapped[str] = mapped_column(String(20))
    external_id: Mapped[str] = mapped_column(String(64))
    private_chat: Mapped[str | None] = mapped_column(String(64))
    """The external id of the chat in which we may write to them privately; None: they never opened one, or have blocked us."""
    opted_in_at: Mapped[datetime | None]
    """When they asked for appeals here: some platforms want people written to among many only if they did."""
    created_at: Mapped[datetime]

    person: Mapped[Person] = relationship(lazy="raise")


class Identity(NamedTuple):
    """How a platform names somebody."""

    platform: str
    external_id: str


@dataclass(frozen=True)
class Newcomer:
    """What is known of somebody whom we may never have met."""

    identity: Identity
    name: str
    language: str
    private_chat: str | None = None
    """The chat in which we may write to them privately, where that is known already."""


_ACCOUNTS = (
    select(Account)
    .join(Account.person)
    .options(contains_eager(Account.person))
    .where(Account.platform == bindparam("platform"), Account.external_id.in_(bindparam("external_ids", expanding=True)))
)
"""Built once: building a statement costs more than running it."""


async def find_accounts(session: AsyncSession, identities: Iterable[Identity]) -> dict[Identity, Account]:
    """The accounts that exist, with their people loaded."""
    by_platform: dict[str, set[str]] = {}
    for identity in identities:
        by_platform.setdefault(identity.platform, set()).add(identity.external_id)
    found: dict[Identity, Account] = {}
    for platform, external_ids in by_platform.items():
        rows = await session.scalars(_ACCOUNTS, {"platform": platform, "external_ids": list(external_ids)})
        for account in rows:
            found[Identity(account.platform, account.external_id)] = account
    return found


async def meet(session: AsyncSession, newcomers: Sequence[Newcomer], now: datetime) -> dict[Identity, Account]:
    """The accounts of all these people; whoever is met for the first time gets a person and an account.

    Raises IntegrityError when another process meets the same stranger at the same moment; the caller's transaction is then
    repeated and finds them.
    """
    wanted = {newcomer.identity: newcomer for newcomer in newcomers}
    found = await find_accounts(session, wanted)
    missing = [newcomer for identity, newcomer in wanted.items() if identity not in found]
    if not missing:
        return found
    people = [{"name": n.name, "language": n.language, "created_at": now} for n in missing]
    ids = (await session.scalars(insert(Person).returning(Person.id, sort_by_parameter_order=True), people)).all()
    accounts = [
        n.identity._asdict() | {"person_id": id_, "private_chat": n.private_chat, "created_at": now}
        for id_, n in zip(ids, missing, strict=True)
    ]
    await session.execute(insert(Account), accounts)
    return found | await find_accounts(session, [n.identity for n in missing])


_OWNERS = select(Account.id, Account.person_id).where(Account.id.in_(bindparam("accounts", expanding=True)))


async def check_owners(session: AsyncSession, accounts: Iterable[Account]) -> None:
    """Raises Overtaken where one of these accounts has become somebody else's since it was read: what was looked up of its
    person, and not found, may well be there."""
    if session.get_bind().dialect.name == "sqlite":
        return  # nobody else writes while we do
    read = {account.id: account.person_id for account in accounts}
    rows = await (await session.connection()).execute(_OWNERS, {"accounts": list(read)})
    if dict(rows.all()) != read:
        raise Overtaken


async def open_private_chat(session: AsyncSession, account: Account, chat: str) -> None:
    """Remember that we may write to this account in `chat`."""
    if account.private_chat != chat:
        account.private_chat = chat
        await session.flush()


async def close_private_chats(session: AsyncSession, platform: str, chat: str) -> None:
    """Remember that `chat` does not take messages from us any more."""
    await session.execute(
        update(Account).where(Account.platform == platform, Account.private_chat == chat).values(private_chat=None)
    )


class Reachable(NamedTuple):
    """Somebody to whom we may write privately, and where."""

    person: Person
    platform: str
    external_id: str
    private_chat: str


async def reachable(session: AsyncSession, person_ids: Iterable[int]) -> list[Reachable]:
    """Those of these people to whom we may write, each with one account: the one in which they were met last."""
    rows = await session.execute(
        select(Person, Account)
        .join(Account, Account.person_id == Person.id)
        .where(Person.id.in_(set(person_ids)), Account.private_chat.is_not(None))
        .order_by(Person.id, Account.id)
    )
    by_person = {
        person.id: Reachable(person, account.platform, account.external_id, account.private_chat or "")
        for person, account in rows
    }
    return list(by_person.values())
