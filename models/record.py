"""The record: what went wrong with seats of tasks with a fixed time, where others counted on somebody at a certain hour.

Three things are told apart. A seat given back early costs nothing. One given back less than a day before is a late give-back.
Not to come is a no-show, which a moderator says and nobody else: time alone only finds that nothing was handed in, for
somebody may well have come and forgotten to say so. The person and their team's moderators see an entry, and nobody else; the
person can contest it, once; it fades after 90 days.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ForeignKey, Index, Select, String, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, partial_index, table
from models.communities import Community, staff
from models.refusals import AlreadyContested, NotFound, NotTheJudge
from models.tasks import Task

FADES = timedelta(days=90)
LATE = timedelta(hours=24)
"""A seat that is given back less than this before it begins leaves little time to find somebody else."""
SLIP = timedelta(minutes=10)
"""A seat that is given back so soon after it was taken was a slip, and costs nothing at any time."""


class EntryKind(StrEnum):
    LATE = "late"
    """Given back less than a day before."""
    NO_SHOW = "no_show"
    """A moderator says that they did not come."""
    NOTHING = "nothing"
    """Nothing was handed in after it."""


class Entry(Base):
    """One thing on somebody's record."""

    __tablename__ = "record_entries"
    __table_args__ = (
        Index(None, "person_id", "at"),
        Index(None, "at"),
        partial_index("ix_record_entries_contested", "community_id", where="contested_at IS NOT NULL AND kept_at IS NULL"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    claim_id: Mapped[int] = mapped_column(Id, ForeignKey("claims.id"), unique=True)
    task_id: Mapped[int] = mapped_column(Id, ForeignKey("tasks.id"))
    person_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"))
    community_id: Mapped[int] = mapped_column(Id, ForeignKey("communities.id"))
    kind: Mapped[EntryKind]
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(Id, ForeignKey("people.id"))
    """The moderator who said so; None: time did."""
    contested_at: Mapped[datetime | None]
    word: Mapped[str] = mapped_column(String(300), default="")
    """What the person says against it."""
    kept_at: Mapped[datetime | None]
    """When a moderator decided that it stays all the same; one that does not stay is deleted."""
    kept_by: Mapped[int | None] = mapped_column(Id, ForeignKey("people.id"))


class Recorded(NamedTuple):
    """An entry with what it is about."""

    entry: Entry
    task: Task
    community: Community


def is_late(task: Task, claimed_at: datetime, now: datetime) -> bool:
    """Whether giving a seat back now is a late give-back: not where the seat was only just taken, and not where the task was
    moved to another hour within the last day, for then the hour is not the one that was agreed on."""
    if task.starts_at is None or now <= task.starts_at - LATE or now - claimed_at <= SLIP:
        return False
    was_moved = task.moved_at is not None and claimed_at < task.moved_at and now - task.moved_at < LATE
    return not was_moved


async def note(session: AsyncSession, entries: Sequence[Mapping[str, Any]]) -> None:
    """Put these on the record, by the columns of `Entry`, in the place of what stood there about the same claims."""
    if entries:
        entry = table(Entry)
        await session.execute(delete(entry).where(entry.c.claim_id.in_([one["claim_id"] for one in entries])))
        await (await session.connection()).execute(insert(entry), [{"word": ""} | dict(one) for one in entries])


async def was_late(session: AsyncSession, person_id: int, task_id: int, now: datetime) -> bool:
    """Whether a seat that was given back at this moment stands on the record for it."""
    late = (Entry.person_id == person_id, Entry.task_id == task_id, Entry.kind == EntryKind.LATE, Entry.at == now)
    return await session.scalar(select(Entry.id).where(*late)) is not None


async def get_entry(session: AsyncSession, entry_id: int, now: datetime) -> Recorded:
    """An entry that has not faded. Raises NotFound."""
    found = await _recorded(session, Entry.id == entry_id, Entry.at > now - FADES)
    if not found:
        raise NotFound("entry")
    return found[0]


async def record_of(
    session: AsyncSession, person_id: int, now: datetime, community_id: int | None = None
) -> Sequence[Recorded]:
    """What stands on a person's record, in one community or in all, the latest first."""
    here = [] if community_id is None else [Entry.community_id == community_id]
    return await _recorded(session, Entry.person_id == person_id, Entry.at > now - FADES, *here)


async def who_contests(session: AsyncSession, community_id: int, now: datetime) -> set[int]:
    """The people about whose contested entries a community's moderators have to decide."""
    waiting = (Entry.community_id == community_id, Entry.contested_at.is_not(None), Entry.kept_at.is_(None))
    return set(await session.scalars(select(Entry.person_id).where(*waiting, Entry.at > now - FADES)))


async def _recorded(session: AsyncSession, *conditions: Any) -> Sequence[Recorded]:
    rows = await session.execute(
        select(Entry, Task, Community)
        .join(Task, Task.id == Entry.task_id)
        .join(Community, Community.id == Entry.community_id)
        .where(*conditions)
        .order_by(Entry.at.desc(), Entry.id.desc())
    )
    return [Recorded._make(row) for row in rows]


async def count_entries(session: AsyncSession, community_id: int, person_ids: Iterable[int], now: datetime) -> dict[int, int]:
    """How many entries each of these people has in a community; those without any are left out."""
    rows = await session.execute(
        select(Entry.person_id, func.count())
        .where(Entry.person_id.in_(list(person_ids)), Entry.community_id == community_id, Entry.at > now - FADES)
        .group_by(Entry.person_id)
    )
    return dict(rows.all())


async def contest(session: AsyncSession, entry_id: int, person_id: int, word: str, now: datetime) -> Entry:
    """Have the moderators look at one's entry again. Raises NotFound, or AlreadyContested."""
    found = await session.scalar(
        update(Entry)
        .where(Entry.id == entry_id, Entry.person_id == person_id, Entry.at > now - FADES, Entry.contested_at.is_(None))
        .values(contested_at=now, word=word)
        .returning(Entry)
        .execution_options(populate_existing=True, synchronize_session=False)
    )
    if found is not None:
        return found
    if (await get_entry(session, entry_id, now)).entry.person_id != person_id:
        raise NotFound("entry")
    raise AlreadyContested


async def check_judge(session: AsyncSession, entry: Entry, judge_id: int) -> None:
    """Raises NotTheJudge where somebody else is to decide about a contested entry. (Who moderates is asked before.)"""
    if entry.person_id == judge_id:
        raise NotTheJudge
    if entry.by_id == judge_id:
        others = {person.id for person in await staff(session, entry.community_id)} - {judge_id, entry.person_id}
        if others:
            raise NotTheJudge


async def keep(session: AsyncSession, entry_id: int, by: int, now: datetime) -> bool:
    """Decide that a contested entry stays; whether it was still to be decided."""
    kept = await session.scalar(
        update(Entry)
        .where(Entry.id == entry_id, Entry.contested_at.is_not(None), Entry.kept_at.is_(None))
        .values(kept_at=now, kept_by=by)
        .returning(Entry.id)
        .execution_options(synchronize_session=False)
    )
    return kept is not None


async def strike(session: AsyncSession, claim_id: int) -> bool:
    """Take what stands about a claim off the record; whether there was something."""
    entry = table(Entry)
    gone = await session.execute(delete(entry).where(entry.c.claim_id == claim_id).returning(entry.c.id))
    return gone.first() is not None


def faded(now: datetime) -> tuple[Select[Any], ...]:
    """What has faded."""
    return (select(Entry.id).where(Entry.at <= now - FADES),)
