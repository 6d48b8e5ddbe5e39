"""Leases on an appeal's receipts: whoever sends one holds it for a while; when that is over, anybody may take it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.appeals import AppealReceipt, ReceiptState
from models.base import table
from models.people import Person

_RECEIPTS = table(AppealReceipt)


async def lease_first(
    session: AsyncSession, appeal_id: int, platform: str, chats: Mapping[int, str], now: datetime, lease: timedelta
) -> None:
    """Write a receipt for each of these people, by their chats, and take it."""
    rows = [
        {
            "appeal_id": appeal_id,
            "person_id": person_id,
            "platform": platform,
            "chat": chat,
            "state": ReceiptState.LEASED,
            "reason": "",
            "version": 0,
            "attempts": 1,
            "at": now,
            "due_at": now + lease,
        }
        for person_id, chat in chats.items()
    ]
    await (await session.connection()).execute(insert(_RECEIPTS), rows)


async def lease_again(
    session: AsyncSession, appeal_id: int, platform: str, now: datetime, lease: timedelta, limit: int
) -> Sequence[Row[Person, str, int]]:
    """What was put off, and what a process that is no more had taken: who, in which chat, and how often it was tried."""
    due = (
        select(Person, AppealReceipt.chat, AppealReceipt.attempts)
        .join(AppealReceipt, AppealReceipt.person_id == Person.id)
        .where(AppealReceipt.appeal_id == appeal_id, AppealReceipt.platform == platform, AppealReceipt.due_at <= now)
        .order_by(AppealReceipt.due_at, AppealReceipt.person_id)
        .limit(limit)
    )
    rows = (await session.execute(due)).all()
    if rows:
        people = [person.id for person, _, _ in rows]
        await session.execute(
            update(_RECEIPTS)
            .where(AppealReceipt.appeal_id == appeal_id, AppealReceipt.person_id.in_(people))
            .values(due_at=now + lease, attempts=AppealReceipt.attempts + 1)
        )
    return rows


async def is_any_leased(session: AsyncSession, appeal_id: int, platform: str) -> bool:
    """Whether something is still on its way, or waits to be tried again."""
    leased = select(AppealReceipt.person_id).where(
        AppealReceipt.appeal_id == appeal_id, AppealReceipt.platform == platform, AppealReceipt.due_at.is_not(None)
    )
    return await session.scalar(leased.limit(1)) is not None


async def renew_leases(session: AsyncSession, held: Iterable[tuple[int, int]], until: datetime) -> None:
    """These, by appeal and person, are still on their way: nobody else is to take them."""
    by_appeal: dict[int, list[int]] = {}
    for appeal_id, person_id in held:
        by_appeal.setdefault(appeal_id, []).append(person_id)
    for appeal_id, people in by_appeal.items():
        theirs = (AppealReceipt.appeal_id == appeal_id, AppealReceipt.person_id.in_(people))
        await session.execute(update(_RECEIPTS).where(*theirs, AppealReceipt.due_at.is_not(None)).values(due_at=until))
