"""Linking: two people who turn out to be one.

The older person stays, and all that the other one had becomes theirs: accounts, memberships with the greater role, claims,
reports, flags, places in line, wizards under way. Where both had the same, one gives way (see `_settle_seats`,
`_close_double_flags`, `leave_double_lines`, `end_double_standing`, `joined`). The other person's row goes, so that whatever
another transaction was about to write for them fails, is repeated, and finds the person who stayed: the foreign keys hold the
line. What had their name and settings stands aside in a new row, to which models/unlinking.py can lead everything back; but a
place in line that gave way is gone. A merge may leave somebody with more open claims than a community lets them take; they
take no more until there is room.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import JSON, Column, ForeignKey, Index, Row, Table, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.appeals import AppealReceipt
from models.base import Base, Id, Overtaken, table
from models.cards import mark_cards_stale
from models.claims import OPEN, SEATED, Claim, ClaimState
from models.codes import Code, CodeKind, known_code, look_up
from models.communities import Community, Member
from models.flags import Flag
from models.passing_on import leave_double_lines
from models.people import Account, Person
from models.refusals import CodeWrong, OwnCode, TriesSpent
from models.releasing import free_seats
from models.reports import Report, ReportState
from models.standing import end_double_standing
from models.tasks import Task

PEOPLE, MEMBERS, CLAIMS, REPORTS = table(Person), table(Member), table(Claim), table(Report)
RECEIPTS = table(AppealReceipt)
STANDING = ("role", "joined_at", "accepted_rules_at", "trusted_at", "blocked_at", "left_at")
"""How a member stands in a community, by columns."""

Values = dict[str, Any]
_MOST_DONE = (ClaimState.APPROVED, ClaimState.REPORTED, ClaimState.HELD)


class Merge(Base):
    """Two people became one; with what it takes to make them two again."""

    __tablename__ = "merges"
    __table_args__ = (Index(None, "kept_id", "merged_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kept_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"))
    apart_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"))
    """Stands for the other one: holds their name and settings, and seats of tasks that both had finished."""
    merged_at: Mapped[datetime]
    record: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What was moved, ended and combined: row numbers, and standings as they were."""
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[int | None] = mapped_column(Id, ForeignKey("people.id"))


class Reference(NamedTuple):
    """A column that says which person a row belongs to."""

    table: Table
    column: Column[Any]

    @property
    def name(self) -> str:
        return f"{self.table.name}.{self.column.name}"

    @property
    def key(self) -> Column[Any]:
        (key,) = self.table.primary_key.columns
        return key


def references() -> list[Reference]:
    """Every column that refers to a person, but those of members, reports and receipts, which have their own ways."""
    return [
        Reference(one, column)
        for one in Base.metadata.sorted_tables
        if one not in (MEMBERS, RECEIPTS)
        for column in one.columns
        if any(key.references(PEOPLE) for key in column.foreign_keys) and column is not REPORTS.c.person_id
    ]


async def other_person(
    session: AsyncSession, person_id: int, text: str, now: datetime
) -> Code | CodeWrong | TriesSpent | OwnCode:
    """The code by which somebody consented to be one with whoever says it. Refusals are returned, as by `look_up`."""
    known = await known_code(session, CodeKind.LINK, text)
    if known is not None and known.person_id == person_id:
        return OwnCode(is_used=known.used_at is not None)
    return await look_up(session, CodeKind.LINK, person_id, text, now)


async def double_seats(session: AsyncSession, one: int, other: int) -> int:
    """How many tasks both hold a seat of, at least one of them unfinished: the seats that a merge frees."""
    both = (
        select(Claim.task_id)
        .where(Claim.person_id.in_((one, other)), Claim.state.in_(SEATED))
        .group_by(Claim.task_id)
        .having(func.count() > 1, func.count().filter(Claim.state.in_(OPEN)) > 0)
    )
    return await session.scalar(select(func.count()).select_from(both.subquery())) or 0


async def accounts_of(session: AsyncSession, person_id: int) -> Sequence[Account]:
    """A person's accounts, the oldest first."""
    return (await session.scalars(select(Account).where(Account.person_id == person_id).order_by(Account.id))).all()


async def merge(session: AsyncSession, one: int, other: int, now: datetime) -> Merge:
    """Make one person of two. What the session has loaded of either is out of date afterwards.

    Raises Overtaken, or IntegrityError, where another transaction was at the same people: repeated, it comes out right.
    """
    kept, gone = await lock_people(session, one, other)
    await lock_work(session, kept.id, gone.id)
    seated = await _lock_claims(session, kept.id, gone.id)
    apart = await _set_aside(session, gone)
    record: Values = {"filled": await _fill_settings(session, kept, gone)}
    record["freed"], doubled = await _settle_seats(session, seated, kept.id, gone.id, now)
    await session.execute(update(CLAIMS).where(CLAIMS.c.id.in_(doubled)).values(person_id=apart))
    await leave_double_lines(session, kept.id, gone.id, now)
    await end_double_standing(session, kept.id, gone.id, now)
    record["doubled"], record["closed"] = doubled, await _close_double_flags(session, kept.id, gone.id, now)
    record["members"] = await _join_memberships(session, kept.id, gone.id)
    await session.execute(update(REPORTS).where(REPORTS.c.person_id == gone.id).values(person_id=kept.id))
    record["receipts"] = await _join_receipts(session, kept.id, gone.id, apart)
    record["moved"] = {one.name: await _move(session, one, gone.id, kept.id) for one in references()}
    await session.execute(delete(PEOPLE).where(PEOPLE.c.id == gone.id))
    await mark_cards_stale(session, {claim.task_id for claim in seated if claim.state in OPEN}, now)
    merged = Merge(kept_id=kept.id, apart_id=apart, merged_at=now, record=record)
    session.add(merged)
    await session.flush()
    return merged


async def lock_people(session: AsyncSession, one: int, other: int) -> tuple[Row[Any], Row[Any]]:
    """Both, the older first, against other merges of either. Raises Overtaken where one is there no more."""
    wanted = select(PEOPLE).where(PEOPLE.c.id.in_((one, other))).order_by(PEOPLE.c.id).with_for_update(key_share=True)
    rows = (await session.execute(wanted)).all()
    if len(rows) != 2:
        raise Overtaken
    return rows[0], rows[1]


async def lock_work(session: AsyncSession, *people: int, tasks: Sequence[int] = ()) -> None:
    """The communities, the tasks under way and the memberships of these people, in the order in which all take them."""
    theirs = select(MEMBERS.c.community_id).where(MEMBERS.c.person_id.in_(people))
    under_way = select(CLAIMS.c.task_id).where(CLAIMS.c.person_id.in_(people), CLAIMS.c.state.in_(OPEN))
    community, task = table(Community).c.id, table(Task).c.id
    for wanted in (
        select(community).where(community.in_(theirs)).order_by(community),
        select(task).where(task.in_(under_way) | task.in_(tasks)).order_by(task),
        select(MEMBERS.c.person_id)
        .where(MEMBERS.c.person_id.in_(people))
        .order_by(MEMBERS.c.community_id, MEMBERS.c.person_id),
    ):
        await session.execute(wanted.with_for_update(key_share=True))


async def _lock_claims(session: AsyncSession, *people: int) -> Sequence[Row[Any]]:
    wanted = select(CLAIMS).where(CLAIMS.c.person_id.in_(people), CLAIMS.c.state.in_(SEATED)).order_by(CLAIMS.c.id)
    return (await session.execute(wanted.with_for_update())).all()


async def _set_aside(session: AsyncSession, gone: Row[Any]) -> int:
    """A row that keeps a person's name and settings; its number is new, and nobody else gets the old one."""
    values = {column.name: getattr(gone, column.name) for column in PEOPLE.columns if not column.primary_key}
    return int((await session.execute(insert(PEOPLE).values(values).returning(PEOPLE.c.id))).scalar_one())


async def _fill_settings(session: AsyncSession, kept: Row[Any], gone: Row[Any]) -> Values:
    """The settings of the older person hold; what they never set comes from the other, and who was private stays so."""
    names = ("timezone", "interests", "fewer", "is_private", "focus_community_id", "digest")
    filled = {name: getattr(gone, name) for name in names if not getattr(kept, name) and getattr(gone, name)}
    along = ("digest_weekday", "digest_hour", "digest_at") if "digest" in filled else ()
    if filled:
        values = filled | {name: getattr(gone, name) for name in along}
        await session.execute(update(PEOPLE).where(PEOPLE.c.id == kept.id).values(values))
    return filled


async def _settle_seats(
    session: AsyncSession, seated: Sequence[Row[Any]], kept: int, gone: int, now: datetime
) -> tuple[list[Values], list[int]]:
    """Of two seats of one task the one whose work is further along stays, the older of equals; the other is free again.

    Where both are finished nothing is free: the second seat stays as it is, in the name that stands aside, and its minutes
    are the person's. Returns what was freed, and those second seats.
    """
    pairs: dict[int, list[Row[Any]]] = {}
    for claim in seated:
        pairs.setdefault(claim.task_id, []).append(claim)
    freed, doubled = [], []
    for pair in (pair for pair in pairs.values() if len(pair) == 2):
        first, second = sorted(pair, key=lambda claim: (_MOST_DONE.index(claim.state), claim.id))
        if second.state == ClaimState.APPROVED:
            doubled += [claim.id for claim in (first, second) if claim.person_id == gone]
        else:
            freed.append(await _free(session, second, kept, now))
    await free_seats(session, [one["task"] for one in freed], now)
    return freed, doubled


async def _free(session: AsyncSession, claim: Row[Any], kept: int, now: datetime) -> Values:
    """End a claim; a report that waits for its review goes with it."""
    report = await session.scalar(
        update(REPORTS)
        .where(REPORTS.c.claim_id == claim.id, REPORTS.c.state == ReportState.WAITING)
        .values(state=ReportState.REJECTED, decided_at=now, decided_by=kept)
        .returning(REPORTS.c.id)
    )
    state = ClaimState.RELEASED if report is None else ClaimState.REJECTED
    await session.execute(update(CLAIMS).where(CLAIMS.c.id == claim.id).values(state=state, ended_at=now))
    return {"claim": claim.id, "task": claim.task_id, "was": claim.state.value, "is": state.value, "report": report}


async def _close_double_flags(session: AsyncSession, kept: int, gone: int, now: datetime) -> list[int]:
    """One person flags a task once: where both did, the word of the one who stays holds."""
    flags = table(Flag)
    both = select(flags.c.task_id).where(flags.c.person_id == kept, flags.c.closed_at.is_(None))
    closed = await session.scalars(
        update(flags)
        .where(flags.c.person_id == gone, flags.c.closed_at.is_(None), flags.c.task_id.in_(both.scalar_subquery()))
        .values(closed_at=now, closed_by=kept)
        .returning(flags.c.id)
    )
    return list(closed)


async def _join_memberships(session: AsyncSession, kept: int, gone: int) -> list[Values]:
    rows = (await session.execute(select(MEMBERS).where(MEMBERS.c.person_id.in_((kept, gone))))).all()
    by_person = {(row.person_id, row.community_id): {name: getattr(row, name) for name in STANDING} for row in rows}
    record = []
    for (person, community), theirs in by_person.items():
        if person != gone:
            continue
        own = by_person.get((kept, community))
        combined = joined(own, theirs) if own else theirs
        here = MEMBERS.c.community_id == community
        if own:
            await session.execute(delete(MEMBERS).where(here, MEMBERS.c.person_id == gone))
        owner = kept if own else gone
        await session.execute(update(MEMBERS).where(here, MEMBERS.c.person_id == owner).values(combined | {"person_id": kept}))
        record.append({"community": community, "kept": own and dump(own), "gone": dump(theirs), "merged": dump(combined)})
    return record


def joined(one: Values, other: Values) -> Values:
    """How a person stands who was two members: with the greater role of those they have; a block of either holds."""
    active = [standing for standing in (one, other) if standing["left_at"] is None]
    present = active or [one, other]
    return {
        "role": max(standing["role"] for standing in present),
        "joined_at": min(standing["joined_at"] for standing in present),
        "accepted_rules_at": _earliest(one["accepted_rules_at"], other["accepted_rules_at"]),
        "trusted_at": _earliest(one["trusted_at"], other["trusted_at"]),
        "blocked_at": _earliest(one["blocked_at"], other["blocked_at"]),
        "left_at": None if active else max(one["left_at"], other["left_at"]),
    }


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def dump(standing: Values) -> Values:
    """A standing as JSON."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in standing.items()}


async def _join_receipts(session: AsyncSession, kept: int, gone: int, apart: int) -> list[int]:
    """What an appeal told one of them was told to the person; where it told both, the second time stands aside. Which
    appeals had told the other."""
    theirs = RECEIPTS.c.person_id == gone
    both = select(RECEIPTS.c.appeal_id).where(RECEIPTS.c.person_id == kept)
    twice = theirs & RECEIPTS.c.appeal_id.in_(both.scalar_subquery())
    await session.execute(update(RECEIPTS).where(twice).values(person_id=apart))
    moved = await session.scalars(update(RECEIPTS).where(theirs).values(person_id=kept).returning(RECEIPTS.c.appeal_id))
    return list(moved)


async def _move(session: AsyncSession, reference: Reference, gone: int, kept: int) -> list[int]:
    """Have the rows of one person belong to another; which rows they are."""
    moved = await session.scalars(
        update(reference.table).where(reference.column == gone).values({reference.column: kept}).returning(reference.key)
    )
    return list(moved)
