"""How an appeal gets to people: pages of work taken under a lease, and receipts of what came of each.

A page is taken in one transaction: the leg's lock, the next people, a receipt for each, a contact that their budget counts.
It is sent outside of any, and what came of it is written set-wise. What a crash interrupts is taken again when its lease is
over, so a crash can double what was on its way, and misses nobody.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, bindparam, func, insert, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from models.appeals import Appeal, AppealLeg, AppealReceipt, AppealState, ReceiptState, Work
from models.audience import reached
from models.base import table
from models.calling import reopen_edits
from models.communities import Community, Member
from models.notices import note_contacts, room_from, waking
from models.people import Account, Person

PASS_OVER: Final = timedelta(minutes=10)
"""Those who were passed over are looked at again after this long at the earliest."""
_LEGS, _RECEIPTS = table(AppealLeg), table(AppealReceipt)


class Reason(StrEnum):
    """Why an appeal did not reach somebody."""

    BLOCKED = "blocked"
    """They have blocked us, or never let us in."""
    GONE = "gone"
    """The account is deleted or deactivated."""
    REFUSED = "refused"
    """The platform did not take the message."""
    BROKEN = "broken"
    """The connection broke again and again."""


class Watched(NamedTuple):
    """An appeal with work for a platform."""

    state: AppealState
    version: int
    is_due: bool
    """Some of the work can be done now."""


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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one message."""

    appeal_id: int
    person_id: int
    state: ReceiptState
    at: datetime
    version: int = 0
    message: str | None = None
    reason: str = ""
    due_at: datetime | None = None
    """When it is to be tried again."""


# What there is to do


async def watch_appeals(session: AsyncSession, platform: str, now: datetime) -> dict[int, Watched]:
    """The appeals that a platform's courier has to do with, each as it stands."""
    known = (
        select(Appeal.id, Appeal.state, Appeal.version, AppealLeg.due_at, AppealLeg.work)
        .join(AppealLeg, AppealLeg.appeal_id == Appeal.id)
        .where(AppealLeg.platform == platform, AppealLeg.done_at.is_(None))
    )
    watched: dict[int, Watched] = {}
    for id_, state, version, due_at, work in await session.execute(known):
        is_due = due_at <= now and (work is Work.EDIT or state is AppealState.RUNNING)
        before = watched.get(id_)
        watched[id_] = Watched(state, version, is_due or (before is not None and before.is_due))
    new = await session.execute(select(Appeal.id, Appeal.state, Appeal.version).where(*_has_no_leg(platform, now)))
    return watched | {id_: Watched(state, version, True) for id_, state, version in new}


def _has_no_leg(platform: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    begun = select(literal(1)).where(AppealLeg.appeal_id == Appeal.id, AppealLeg.platform == platform).exists()
    return (
        Appeal.over_at.is_(None),
        Appeal.sent_at.is_not(None),
        Appeal.starts_at <= now,
        Appeal.state == AppealState.RUNNING,
        ~begun,
    )


async def _begin_legs(session: AsyncSession, platform: str, now: datetime) -> None:
    ids = (await session.scalars(select(Appeal.id).where(*_has_no_leg(platform, now)))).all()
    rows = [
        {"appeal_id": id_, "platform": platform, "work": work, "cursor": 0, "served_at": now, "due_at": now, "done_at": done}
        for id_ in ids
        for work, done in ((Work.SEND, None), (Work.EDIT, now))
    ]
    if rows:
        is_sqlite = session.get_bind().dialect.name == "sqlite"
        new = sqlite.insert(_LEGS) if is_sqlite else postgresql.insert(_LEGS)
        await session.execute(new.on_conflict_do_nothing(), rows)


# Pages


async def lease_page(session: AsyncSession, platform: str, now: datetime, lease: timedelta, limit: int) -> Page | None:
    """Take some work of the appeal whose turn it is: urgent ones first, then the one that waited longest. None: there is
    nothing to do at this moment; a page may be empty all the same, and then there may be more.
    """
    await _begin_legs(session, platform, now)
    urgent = Appeal.wants_urgent & Appeal.confirmed_by.is_not(None)
    taken = (
        await session.execute(
            select(AppealLeg, Appeal, Community.timezone)
            .join(Appeal, Appeal.id == AppealLeg.appeal_id)
            .join(Community, Community.id == Appeal.community_id)
            .where(
                AppealLeg.platform == platform,
                AppealLeg.done_at.is_(None),
                AppealLeg.due_at <= now,
                (AppealLeg.work == Work.EDIT) | (Appeal.state == AppealState.RUNNING),
            )
            .order_by(urgent.desc(), AppealLeg.served_at, AppealLeg.appeal_id)
            .limit(1)
            .with_for_update(of=AppealLeg, skip_locked=True)
            .execution_options(populate_existing=True)
        )
    ).first()
    if taken is None:
        return None
    leg, appeal, zone = taken
    desk = _Desk(session, leg, appeal, zone, now)
    recipients = await (desk.edits(limit) if leg.work is Work.EDIT else desk.sends(limit, lease))
    await session.execute(
        update(_LEGS)
        .where(AppealLeg.appeal_id == leg.appeal_id, AppealLeg.platform == platform, AppealLeg.work == leg.work)
        .values({"served_at": now, **desk.changes})
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
        again = await self._lease_again(limit, lease)
        if again or self.leg.swept_at:
            if not again:
                await self._finish()
            return again
        people = await self._next_people(limit)
        chosen = await self._may_hear(people)
        await self._write_receipts(chosen, lease)
        self._move_on(people, limit)
        return [Recipient(person, account.private_chat or "", "", 1) for person, account in chosen]

    async def _lease_again(self, limit: int, lease: timedelta) -> list[Recipient]:
        """What was put off, and what a process that is no more had taken."""
        due = (
            select(Person, AppealReceipt.chat, AppealReceipt.attempts)
            .join(AppealReceipt, AppealReceipt.person_id == Person.id)
            .where(*self._receipts(), AppealReceipt.due_at <= self.now)
            .order_by(AppealReceipt.due_at, AppealReceipt.person_id)
            .limit(limit)
        )
        rows = (await self.session.execute(due)).all()
        if rows:
            await self.session.execute(
                update(_RECEIPTS)
                .where(
                    AppealReceipt.appeal_id == self.appeal.id,
                    AppealReceipt.person_id.in_([person.id for person, _, _ in rows]),
                )
                .values(due_at=self.now + lease, attempts=AppealReceipt.attempts + 1)
            )
        return [Recipient(person, chat, "", attempts + 1) for person, chat, attempts in rows]

    def _receipts(self) -> tuple[ColumnElement[bool], ...]:
        return AppealReceipt.appeal_id == self.appeal.id, AppealReceipt.platform == self.leg.platform

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

    async def _write_receipts(self, chosen: Sequence[tuple[Person, Account]], lease: timedelta) -> None:
        if not chosen:
            return
        rows = [
            {
                "appeal_id": self.appeal.id,
                "person_id": person.id,
                "platform": self.leg.platform,
                "chat": account.private_chat,
                "state": ReceiptState.LEASED,
                "reason": "",
                "version": 0,
                "attempts": 1,
                "at": self.now,
                "due_at": self.now + lease,
            }
            for person, account in chosen
        ]
        ids = [person.id for person, _ in chosen]
        connection = await self.session.connection()
        await connection.execute(insert(_RECEIPTS), rows)
        await note_contacts(self.session, ids, self.now)
        asked = (Member.community_id == self.appeal.community_id, Member.person_id.in_(ids))
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
        leased = select(AppealReceipt.person_id).where(*self._receipts(), AppealReceipt.due_at.is_not(None)).limit(1)
        is_done = await self.session.scalar(leased) is None
        self.changes |= {"done_at": self.now} if is_done else {"due_at": self.now + _A_MOMENT}

    async def edits(self, limit: int) -> list[Recipient]:
        """What shows an older version. When there is none left, it is done."""
        outdated = (
            select(Person, AppealReceipt.chat, AppealReceipt.message)
            .join(AppealReceipt, AppealReceipt.person_id == Person.id)
            .where(
                *self._receipts(),
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


_A_MOMENT: Final = timedelta(seconds=1)
_LOOK_AGAIN: Final = timedelta(seconds=5)
"""What is under way has been marked by then."""


# What came of it

_MARK = (
    update(_RECEIPTS)
    .where(
        AppealReceipt.appeal_id == bindparam("appeal"),
        AppealReceipt.person_id == bindparam("person"),
        AppealReceipt.state != ReceiptState.SENT,
    )
    .values(
        state=bindparam("state_"),
        reason=bindparam("reason_"),
        message=bindparam("message_"),
        version=bindparam("version_"),
        at=bindparam("at_"),
        due_at=None,
    )
)
_PUT_OFF = (
    update(_RECEIPTS)
    .where(
        AppealReceipt.appeal_id == bindparam("appeal"),
        AppealReceipt.person_id == bindparam("person"),
        AppealReceipt.state == ReceiptState.LEASED,
    )
    .values(due_at=bindparam("due_at_"))
)
_MARK_EDITED = (
    update(_RECEIPTS)
    .where(AppealReceipt.appeal_id == bindparam("appeal"), AppealReceipt.person_id == bindparam("person"))
    .values(version=bindparam("version_"))
)
"""Built once: building a statement costs more than running it."""


async def mark_receipts(session: AsyncSession, outcomes: Sequence[Outcome]) -> None:
    """Write what came of these. What went out just before the words were changed is to be edited after all."""
    connection = await session.connection()
    final = [one for one in outcomes if one.state is not ReceiptState.LEASED]
    put_off = [one for one in outcomes if one.state is ReceiptState.LEASED]
    if put_off:
        rows = [{"appeal": one.appeal_id, "person": one.person_id, "due_at_": one.due_at} for one in put_off]
        await connection.execute(_PUT_OFF, rows)
    if final:
        await connection.execute(_MARK, [_final_row(one) for one in final])
        said = {(one.appeal_id, one.version) for one in final if one.state is ReceiptState.SENT}
        await _edit_what_was_late(session, said, max(one.at for one in final))


def _final_row(one: Outcome) -> Mapping[str, Any]:
    return {
        "appeal": one.appeal_id,
        "person": one.person_id,
        "state_": one.state,
        "reason_": one.reason,
        "message_": one.message,
        "version_": one.version,
        "at_": one.at,
    }


async def _edit_what_was_late(session: AsyncSession, said: Iterable[tuple[int, int]], now: datetime) -> None:
    lowest: dict[int, int] = {}
    for appeal_id, version in said:
        lowest[appeal_id] = min(version, lowest.get(appeal_id, version))
    if not lowest:
        return
    done = (AppealLeg.work == Work.EDIT, AppealLeg.done_at.is_not(None), Appeal.id.in_(list(lowest)))
    rows = await session.execute(
        select(Appeal.id, Appeal.version).join(AppealLeg, AppealLeg.appeal_id == Appeal.id).where(*done)
    )
    late = {id_ for id_, version in rows if version > lowest[id_]}
    if late:
        await reopen_edits(session, late, now)


async def mark_edited(session: AsyncSession, edited: Iterable[tuple[int, int, int]]) -> None:
    """These show a version now, or cannot be edited: by appeal and person."""
    rows = [{"appeal": appeal, "person": person, "version_": version} for appeal, person, version in edited]
    if rows:
        await (await session.connection()).execute(_MARK_EDITED, rows)


async def renew_leases(session: AsyncSession, held: Iterable[tuple[int, int]], until: datetime) -> None:
    """These, by appeal and person, are still on their way: nobody else is to take them."""
    by_appeal: dict[int, list[int]] = {}
    for appeal_id, person_id in held:
        by_appeal.setdefault(appeal_id, []).append(person_id)
    for appeal_id, people in by_appeal.items():
        theirs = (AppealReceipt.appeal_id == appeal_id, AppealReceipt.person_id.in_(people))
        await session.execute(update(_RECEIPTS).where(*theirs, AppealReceipt.due_at.is_not(None)).values(due_at=until))


async def close_chats(session: AsyncSession, platform: str, chats: Mapping[int, str]) -> None:
    """Remember that none of these private chats, by person, takes messages from us any more."""
    closed = (Account.person_id.in_(list(chats)), Account.platform == platform, Account.private_chat.in_(list(chats.values())))
    await session.execute(update(table(Account)).where(*closed).values(private_chat=None))


@dataclass(frozen=True)
class Progress:
    """How an appeal is doing."""

    sent: int
    on_their_way: int
    unknown: int
    dropped: int
    failed: dict[str, int]
    """By reason."""

    @property
    def all_failed(self) -> int:
        return sum(self.failed.values())


async def progress_of(session: AsyncSession, appeal_id: int) -> Progress:
    """How many people an appeal has reached, and what became of the others whose turn has come. Read from an index alone."""
    grouped = (
        select(AppealReceipt.state, AppealReceipt.reason, func.count())
        .where(AppealReceipt.appeal_id == appeal_id)
        .group_by(AppealReceipt.state, AppealReceipt.reason)
    )
    rows = (await session.execute(grouped)).all()

    def count(state: ReceiptState) -> int:
        return sum(n for its, _, n in rows if its is state)

    return Progress(
        sent=count(ReceiptState.SENT),
        on_their_way=count(ReceiptState.LEASED),
        unknown=count(ReceiptState.UNKNOWN),
        dropped=count(ReceiptState.DROPPED),
        failed={reason: n for state, reason, n in rows if state is ReceiptState.FAILED},
    )
