"""One-time codes: what somebody says in one place to prove what was allowed in another.

A code is drawn at random, works once and not for long, and only its digest is kept. Wrong ones are counted, so that nobody
finds one by trying.
"""

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, String, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id
from models.communities import new_code
from models.refusals import CodeWrong, TriesSpent

TRIES = 5
"""How many wrong codes a person may say within `TRIES_SPAN`."""
TRIES_SPAN = timedelta(hours=1)


class CodeKind(StrEnum):
    CONNECT = "connect"
    """Joins a chat to a community."""
    LINK = "link"
    """Makes one person of two accounts."""


LIFETIMES = {CodeKind.CONNECT: timedelta(hours=1), CodeKind.LINK: timedelta(minutes=10)}


class Code(Base):
    """A one-time code that somebody was given."""

    __tablename__ = "codes"
    __table_args__ = (Index(None, "person_id", "kind"), Index(None, "expires_at"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[CodeKind]
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of the code, in hexadecimal."""
    person_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"))
    """Whom it was given to, and whose consent it proves."""
    community_id: Mapped[int | None] = mapped_column(Id, ForeignKey("communities.id"))
    """What a chat is joined to."""
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class WrongCode(Base):
    """Somebody said a code that was none."""

    __tablename__ = "wrong_codes"
    __table_args__ = (Index(None, "person_id", "said_at"), Index(None, "said_at"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"))
    said_at: Mapped[datetime]


async def issue(
    session: AsyncSession, kind: CodeKind, person_id: int, now: datetime, *, community_id: int | None = None
) -> str:
    """A new code. The one that was given out before for the same counts no more."""
    same = (Code.kind == kind, Code.person_id == person_id, Code.community_id.is_not_distinct_from(community_id))
    await session.execute(delete(Code).where(*same, Code.used_at.is_(None)))
    text = draw_code()
    session.add(
        Code(
            kind=kind,
            digest=digest_of(text),
            person_id=person_id,
            community_id=community_id,
            expires_at=now + LIFETIMES[kind],
        )
    )
    await session.flush()
    return text


async def known_code(session: AsyncSession, kind: CodeKind, text: str) -> Code | None:
    """The code that this text is, whether or not it still works."""
    found: Code | None = await session.scalar(select(Code).where(Code.kind == kind, Code.digest == digest_of(text)))
    return found


async def look_up(
    session: AsyncSession, kind: CodeKind, person_id: int, text: str, now: datetime
) -> Code | CodeWrong | TriesSpent:
    """The code that this text is, while it works. A refusal is returned, not raised: the wrong try stays on the record."""
    if await are_tries_spent(session, person_id, now):
        return TriesSpent()
    found = await known_code(session, kind, text)
    if found is not None and found.used_at is None and found.expires_at > now:
        return found
    return await note_wrong(session, person_id, now)


async def are_tries_spent(session: AsyncSession, person_id: int, now: datetime) -> bool:
    """Whether a person has said so many wrong codes that no other is listened to for a while."""
    wrong = select(func.count()).where(WrongCode.person_id == person_id, WrongCode.said_at > now - TRIES_SPAN)
    return (await session.scalar(wrong) or 0) >= TRIES


async def note_wrong(session: AsyncSession, person_id: int, now: datetime) -> CodeWrong:
    """Somebody said a code that does not work."""
    session.add(WrongCode(person_id=person_id, said_at=now))
    await session.flush()
    return CodeWrong()


async def use(session: AsyncSession, code: Code, now: datetime) -> bool:
    """Use a code up; whether nobody else was first."""
    used = await session.scalar(
        update(Code).where(Code.id == code.id, Code.used_at.is_(None)).values(used_at=now).returning(Code.id)
    )
    return used is not None


async def void(session: AsyncSession, kind: CodeKind, text: str) -> None:
    """Have a code that others could read count no more. What is no code changes nothing."""
    await session.execute(delete(Code).where(Code.kind == kind, Code.digest == digest_of(text), Code.used_at.is_(None)))


def old_codes(before: datetime) -> tuple[Select[Any], ...]:
    """Codes that ended, and wrong ones that were said, before this moment."""
    return select(Code.id).where(Code.expires_at < before), select(WrongCode.id).where(WrongCode.said_at < before)


def draw_code() -> str:
    """A code that nobody guesses (57 bits), in groups of four."""
    text = (new_code() + new_code())[:12]
    return "-".join(text[i : i + 4] for i in range(0, 12, 4))


def digest_of(text: str) -> str:
    """What is kept of a code: SHA-256 in hexadecimal, however it was typed."""
    plain = "".join(text.split()).replace("-", "").lower()
    return hashlib.sha256(plain.encode()).hexdigest()
