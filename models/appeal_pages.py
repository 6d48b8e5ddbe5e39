"""Pages of work for an appeal: who gets it next, or has an older version on their screen.

A page is taken in one transaction: the leg's lock, the next people, a receipt for each, a contact that their budget counts.
It is sent outside of any, and what came of it is written set-wise (models/appeal_receipts.py). What a crash interrupts is
taken again when its lease is over (models/appeal_leases.py), so a crash can double what was on its way, and misses nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.appeal_leases import is_any_leased, lease_again, lease_first
from models.appeal_legs import begin_legs, take_leg, turn_after
from models.appeals import Appeal, AppealLeg, AppealReceipt, ReceiptState, Work
from models.audience import reached
from models.base import table
from models.communities import Member
from models.notices import note_contacts, room_from, waking
from models.people import Account, Person

PASS_OVER: Final = timedelta(minutes=10)
"""Those who were passed over are looked at again after this long at the earliest."""
_A_MOMENT: Final = timedelta(seconds=1)
_LOOK_AGAIN: Final = timedelta(seconds=5)
"""What is under way has been marked by then."""


class Recipient(NamedTuple):
    """One message to be sent, or edited."""

    person: Person
    chat: str
    message: str
    """The external id of what is to be edited."""
    attempts: int


@dataclass(frozen=True)
class Page:
    """Some work for one appeal."""

    appeal: Appeal
    zone: str
    work: Work
    recipients: list[Recipient]


async def lease_page(session: AsyncSession, platform: str, now: datetime, lease: timedelta, limit: int) -> Page | None:
    """Take some work of the appeal whose turn it is. None: there is nothing to do at this moment; a page may be empty all
    the same, and then there may be more.
    """
    await begin_legs(session, platform, now)
    taken = await take_leg(session, platform, now)
    if taken is None:
        return None
    leg, appeal, zone = taken
    desk = _Desk(session, leg, appeal, zone, now)
    recipients = await (desk.edits(limit) if leg.work is Work.EDIT else desk.sends(limit, lease))
    await session.execute(
        update(table(AppealLeg))
        .where(AppealLeg.appeal_id == leg.appeal_id, AppealLeg.platform == platform, AppealLeg.work == leg.work)
        .values({"served_at": turn_after(appeal, now), **desk.changes})
    )
    return Page(appeal, zone, leg.work, recipients)


class _Desk:
    """Where it is decided who comes next, under the leg's lock."""

    def __init__(self, session: AsyncSession, leg: AppealLeg, appeal: Appeal, zone: str, now: datetime) -> None:
        self.session = session
        self.leg = leg
        self.appeal = appeal
        self.zone = zone
        self.now = now
        self.changes: dict[str, Any] = {}

    async def sends(self, limit: int, lease: timedelta) -> list[Recipient]:
        rows = await lease_again(self.session, self.appeal.id, self.leg.platform, self.now, lease, limit)
        again = [Recipient(person, chat, "", attempts + 1) for person, chat, attempts in rows]
        if again or self.leg.swept_at:
            if not again:
                await self._finish()
            return again
        people = await self._next_people(limit)
        chosen = await self._may_hear(people)
        await self._lease(chosen, lease)
        self._move_on(people, limit)
        return [Recipient(person, account.private_chat or "", "", 1) for person, account in chosen]

    async def _next_people(self, limit: int) -> Sequence[tuple[Person, Account]]:
        has_receipt = (
            select(literal(1))
            .where(AppealReceipt.appeal_id == self.appeal.id, AppealReceipt.person_id == Member.person_id)
            .exists()
        )
        rows = await self.session.execute(
            reached(self.appeal.community_id, self.appeal.whom, self.now)
            .where(Member.person_id > self.leg.cursor, Account.platform == self.leg.platform, ~has_receipt)
            .order_by(Member.person_id)
            .limit(limit)
            .with_for_update(of=Person, key_share=True)
        )
        return [(person, account) for person, account in rows]

    async def _may_hear(self, people: Sequence[tuple[Person, Account]]) -> list[tuple[Person, Account]]:
        """Those whom it may be told now. When the first of the others may, is noted."""
        ones = [person for person, _ in people]
        room = {} if self.appeal.is_urgent else await room_from(self.session, ones, self.now)
        chosen, later = [], [self.leg.again_at] if self.leg.again_at else []
        for person, account in people:
            earliest = waking(person, self.zone, max(self.now, room.get(person.id, self.now)))
            if earliest <= self.now:
                chosen.append((person, account))
            elif earliest < self.appeal.stale_at:
                later.append(earliest)
        self.changes["again_at"] = min(later, default=None)
        return chosen

    async def _lease(self, chosen: Sequence[tuple[Person, Account]], lease: timedelta) -> None:
        """Take their receipts, and remember that they were asked."""
        if not chosen:
            return
        chats = {person.id: account.private_chat or "" for person, account in chosen}
        await lease_first(self.session, self.appeal.id, self.leg.platform, chats, self.now, lease)
        await note_contacts(self.session, list(chats), self.now)
        asked = (Member.community_id == self.appeal.community_id, Member.person_id.in_(list(chats)))
        connection = await self.session.connection()
        await connection.execute(update(table(Member)).where(*asked).values(asked_at=self.now))

    def _move_on(self, people: Sequence[tuple[Person, Account]], limit: int) -> None:
        """The cursor goes behind the last who was looked at; behind the last of all it begins anew, when it helps somebody."""
        if len(people) == limit:
            self.changes["cursor"] = people[-1][0].id
            return
        again_at = self.changes["again_at"]
        if again_at is None:
            self.changes["swept_at"] = self.now
        else:
            self.changes |= {"cursor": 0, "again_at": None, "due_at": max(again_at, self.now + PASS_OVER)}

    async def _finish(self) -> None:
        """Everybody had their turn: it is done when nothing is on its way any more."""
        is_done = not await is_any_leased(self.session, self.appeal.id, self.leg.platform)
        self.changes |= {"done_at": self.now} if is_done else {"due_at": self.now + _A_MOMENT}

    async def edits(self, limit: int) -> list[Recipient]:
        """What shows an older version. When there is none left, it is done."""
        outdated = (
            select(Person, AppealReceipt.chat, AppealReceipt.message)
            .join(AppealReceipt, AppealReceipt.person_id == Person.id)
            .where(
                AppealReceipt.appeal_id == self.appeal.id,
                AppealReceipt.platform == self.leg.platform,
                AppealReceipt.state == ReceiptState.SENT,
                AppealReceipt.version < self.appeal.version,
                AppealReceipt.person_id > self.leg.cursor,
            )
            .order_by(AppealReceipt.person_id)
            .limit(limit)
        )
        rows = (await self.session.execute(outdated)).all()
        if rows:
            self.changes["cursor"] = rows[-1][0].id
        elif self.leg.cursor == 0:
            self.changes["done_at"] = self.now
        else:
            self.changes |= {"cursor": 0, "due_at": self.now + _LOOK_AGAIN}
        return [Recipient(person, chat, message or "", 1) for person, chat, message in rows]
