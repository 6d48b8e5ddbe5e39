"""Undoing a link: two people again, as models/linking.py has recorded them.

What was each one's when they were linked is theirs again, with what became of it since: a claim goes back with its reports,
whatever was decided about them. What is new since then stays with the person who stayed. A role that was taken, a block and
a farewell since then hold for both, so that nobody undoes those by undoing a link. A seat that linking freed is taken again
where it is still free.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import table
from models.cards import mark_cards_stale
from models.claims import SEATED
from models.communities import Member, memberships
from models.flags import Flag
from models.linking import (
    CLAIMS,
    MEMBERS,
    PEOPLE,
    RECEIPTS,
    REPORTS,
    STANDING,
    Merge,
    Values,
    lock_people,
    lock_work,
    references,
)
from models.record import Entry
from models.refusals import LaterLinkFirst, NotFound, Outdated
from models.reports import ReportState
from models.roles import Role
from models.tasks import Task, TaskState

ENTRIES = table(Entry)
TIME_TO_UNDO = timedelta(days=7)
_AT_ONCE = 1000
"""Rows in one statement; databases bound the number of its parameters."""


async def latest_merge(session: AsyncSession, person_id: int, by: int, now: datetime) -> Merge:
    """The latest link of a person that `by` may still undo. Raises NotFound."""
    found: Merge | None = await session.scalar(
        select(Merge)
        .where(Merge.kept_id == person_id, Merge.undone_at.is_(None), Merge.merged_at > now - TIME_TO_UNDO)
        .order_by(Merge.id.desc())
        .limit(1)
    )
    if found is None or not await _may_undo(session, found, by):
        raise NotFound("link")
    return found


async def _may_undo(session: AsyncSession, merge: Merge, by: int) -> bool:
    """The person themself may, and who organizes a community that they belong to."""
    if merge.kept_id == by:
        return True
    organized = {community.id for community, _ in await memberships(session, by, Role.ORGANIZER)}
    return any(community.id in organized for community, _ in await memberships(session, merge.kept_id))


async def undo(session: AsyncSession, merge_id: int, by: int, now: datetime) -> Merge:
    """Make two people again of one. What the session has loaded of them is out of date afterwards.

    Raises NotFound where it is not for `by` or its time is over, Outdated where it is done already, and LaterLinkFirst.
    """
    found: Merge | None = await session.get(Merge, merge_id, with_for_update=True, populate_existing=True)
    if found is None or found.merged_at <= now - TIME_TO_UNDO or not await _may_undo(session, found, by):
        raise NotFound("link")
    if found.undone_at is not None:
        raise Outdated
    if await session.scalar(
        select(Merge.id).where(Merge.kept_id == found.kept_id, Merge.id > found.id, Merge.undone_at.is_(None)).limit(1)
    ):
        raise LaterLinkFirst
    record, kept, apart = found.record, found.kept_id, found.apart_id
    await lock_people(session, kept, apart)
    tasks = await _tasks(session, record)
    await lock_work(session, kept, apart, tasks=tasks)
    for reference in references():
        for ids in _portions(record["moved"].get(reference.name, [])):
            moving = update(reference.table).where(reference.key.in_(ids), reference.column == kept)
            await session.execute(moving.values({reference.column: apart}))
    for ids in _portions(record.get("receipts", [])):
        told = update(RECEIPTS).where(RECEIPTS.c.appeal_id.in_(ids), RECEIPTS.c.person_id == kept)
        await session.execute(told.values(person_id=apart))
    await _follow_claims(session, [*record["moved"]["claims.person_id"], *record["doubled"]], apart)
    for freed in record["freed"]:
        await _seat_again(session, freed, found.merged_at, now)
    await _open_flags_again(session, record["closed"], kept, found.merged_at)
    for standing in record["members"]:
        await _part_memberships(session, standing, kept, apart)
    await _part_settings(session, record["filled"], kept)
    await mark_cards_stale(session, tasks, now)
    found.undone_at, found.undone_by = now, by
    await session.flush()
    return found


async def _follow_claims(session: AsyncSession, claims: list[int], apart: int) -> None:
    """What was handed in or noted since goes where its claim goes."""
    for ids in _portions(claims):
        for behind in (REPORTS, ENTRIES):
            await session.execute(update(behind).where(behind.c.claim_id.in_(ids)).values(person_id=apart))


async def _tasks(session: AsyncSession, record: Values) -> list[int]:
    """The tasks in which something may go back."""
    tasks = {freed["task"] for freed in record["freed"]}
    for ids in _portions(record["moved"]["claims.person_id"]):
        seated = select(CLAIMS.c.task_id).where(CLAIMS.c.id.in_(ids), CLAIMS.c.state.in_(SEATED))
        tasks.update(await session.scalars(seated))
    return sorted(tasks)


async def _seat_again(session: AsyncSession, freed: Values, merged_at: datetime, now: datetime) -> None:
    """Take a freed seat again, unless it went to somebody else, or its holder or its moderators have moved on."""
    claim = (await session.execute(select(CLAIMS).where(CLAIMS.c.id == freed["claim"]))).one()
    if (claim.state, claim.ended_at) != (freed["is"], merged_at):
        return
    again = select(CLAIMS.c.id).where(
        CLAIMS.c.task_id == claim.task_id, CLAIMS.c.person_id == claim.person_id, CLAIMS.c.state.in_(SEATED)
    )
    if (await session.execute(again.limit(1))).first() is not None:
        return
    taken = await session.scalar(
        update(Task)
        .where(
            Task.id == claim.task_id,
            Task.state.in_((TaskState.OPEN, TaskState.PAUSED)),
            Task.deadline_at > now,
            Task.seats_taken < Task.seats,
        )
        .values(seats_taken=Task.seats_taken + 1)
        .returning(Task.id)
        .execution_options(synchronize_session=False)
    )
    if taken is None:
        return
    held: Values = {"state": freed["was"], "ended_at": None, "warned_at": None}
    await session.execute(update(CLAIMS).where(CLAIMS.c.id == claim.id).values(held))
    if freed["report"] is not None:
        waiting: Values = {"state": ReportState.WAITING, "decided_at": None, "decided_by": None}
        await session.execute(update(REPORTS).where(REPORTS.c.id == freed["report"]).values(waiting))


async def _open_flags_again(session: AsyncSession, closed: list[int], kept: int, merged_at: datetime) -> None:
    """Flags that gave way to the same person's are waiting again, where moderators have not looked since."""
    flags = table(Flag)
    waiting = select(flags.c.task_id).where(flags.c.person_id == kept, flags.c.closed_at.is_(None))
    await session.execute(
        update(flags)
        .where(flags.c.id.in_(closed), flags.c.closed_at == merged_at, flags.c.task_id.in_(waiting.scalar_subquery()))
        .values(closed_at=None, closed_by=None)
    )


async def _part_memberships(session: AsyncSession, record: Values, kept: int, apart: int) -> None:
    community = record["community"]
    here = (MEMBERS.c.community_id == community, MEMBERS.c.person_id == kept)
    row = (await session.execute(select(MEMBERS).where(*here))).one()
    now, merged = {name: getattr(row, name) for name in STANDING}, _load(record["merged"])
    since = {name: value for name, value in now.items() if value != merged[name]}
    gone = _load(record["gone"])
    own = _load(record["kept"]) if record["kept"] else gone | {"role": Role.VOLUNTEER}
    if record["kept"] or await _has_work(session, kept, community):
        await session.execute(update(MEMBERS).where(*here).values(own | since))
    else:
        await session.execute(delete(MEMBERS).where(*here))
    holds = {name: value for name, value in since.items() if value is not None}
    holds["role"] = min(gone["role"], since.get("role", gone["role"]))
    values = gone | holds | {"community_id": community, "person_id": apart}
    await session.execute(insert(MEMBERS).values(values))


async def _has_work(session: AsyncSession, person_id: int, community_id: int) -> bool:
    claims = select(func.count()).where(CLAIMS.c.person_id == person_id, CLAIMS.c.community_id == community_id)
    return bool(await session.scalar(claims))


async def _part_settings(session: AsyncSession, filled: Values, kept: int) -> None:
    """What came from the other goes, where it was not changed since; a team that is theirs no more is not meant any more."""
    nothing: Values = {"timezone": None, "interests": "", "is_private": False, "focus_community_id": None, "digest": None}
    own = PEOPLE.c.id == kept
    for name, value in filled.items():
        await session.execute(update(PEOPLE).where(own, PEOPLE.c[name] == value).values({name: nothing[name]}))
    theirs = select(Member.community_id).where(Member.person_id == kept)
    foreign = PEOPLE.c.focus_community_id.not_in(theirs)
    await session.execute(update(PEOPLE).where(own, foreign).values(focus_community_id=None))


def _load(standing: Values) -> Values:
    """A standing, from JSON."""
    moments = {
        name: datetime.fromisoformat(value) for name, value in standing.items() if name.endswith("_at") and value is not None
    }
    return standing | moments | {"role": Role(standing["role"])}


def _portions(ids: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]
