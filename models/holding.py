"""A claim in time: when its holder is asked, and how a hold ends.

The rule, all of it. A seat is held for the task's holding time, and never beyond its deadline. A `lead` before the end the
holder is asked whether they are still on it; a task with a fixed time is over first. The hold ends where nobody answers, and
never before half of the lead has passed since the question really went out: asked late (we were away, or the holder slept),
it is lengthened, up to the deadline, and beyond it only where nothing decent is left before it. What ended while we were away
is spared for an hour, for nobody could answer. While a task is paused nobody is asked, and nothing ends.

What the holder answers is in models/prolonging.py. Whatever is decided at the same moment (an answer, a report, a give-back,
the end) is decided under the task's lock, by an update that says how it found the claim.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Moment, table
from models.claims import IS_HELD, Claim, ClaimState
from models.record import EntryKind, note
from models.refusals import Outdated
from models.releasing import free_seats
from models.tasks import Task, TaskState, Timed, closes_at, get_task

QUESTION = "claim_ends"
"""The topic of the notice that asks the holder."""
HOUR = timedelta(hours=1)
AWAY = HOUR
"""Whoever finds an end that is so long past was away when it came."""
TIME_TO_DECIDE = timedelta(hours=24)
"""How long a seat is held at least while a moderator is asked for more time."""


def lead(hold: timedelta) -> timedelta:
    """How long before its end the holder is asked: a quarter of the hold, at least 10 minutes and at most a day; of what is
    shorter than that, the half."""
    return min(max(hold / 4, timedelta(minutes=10)), timedelta(days=1), hold / 2)


def asks_at(task: Timed, since: datetime, hold_until: datetime) -> datetime:
    """When the holder of a seat that is held from `since` on is asked."""
    at = hold_until - lead(hold_until - since)
    return at if task.starts_at is None else max(at, min(closes_at(task), hold_until))


def held(task: Timed, since: datetime, hold_until: datetime) -> dict[str, Any]:
    """The columns of a claim whose clock starts at `since`."""
    return {
        "hold_until": hold_until,
        "counted_from": since,
        "next_at": asks_at(task, since, hold_until),
        "warned_at": None,
        "spared_at": None,
    }


def end_when_asked(task: Timed, claim: Claim, now: datetime) -> datetime:
    """Until when a seat is held whose holder is asked now."""
    span = lead(claim.hold_until - claim.counted_from)
    if claim.hold_until - now >= span / 2:
        return claim.hold_until
    until = now + max(span, HOUR)
    return min(until, task.deadline_at) if task.deadline_at - now >= span / 2 else until


_LOOK_AGAIN = update(table(Claim)).where(Claim.id == bindparam("claim")).values(next_at=bindparam("at", type_=Moment()))


# Asking, and the end


class Due(NamedTuple):
    """A claim whose holder is to be asked."""

    id: int
    task_id: int
    person_id: int
    community_id: int
    hold_until: datetime
    next_at: datetime
    deadline_at: datetime
    useless_at: datetime
    """From then on waiting for the morning would be too late; there is another look at it then, should the question not have
    gone out."""


async def due_to_be_asked(session: AsyncSession, now: datetime, limit: int) -> list[Due]:
    """Claims whose holders are to be asked, which are put aside for the time that the question may take."""
    rows = await session.execute(
        select(
            Claim.id,
            Claim.task_id,
            Claim.person_id,
            Claim.community_id,
            Claim.hold_until,
            Claim.next_at,
            Claim.counted_from,
            Task.deadline_at,
        )
        .join(Task, Task.id == Claim.task_id)
        .where(IS_HELD, Claim.next_at <= now, Claim.warned_at.is_(None), Task.state == TaskState.OPEN)
        .order_by(Claim.next_at, Claim.id)
        .limit(limit)
        .with_for_update(of=Claim, skip_locked=True)
    )
    return [
        Due(*row[:6], row.deadline_at, _useless_at(row.hold_until - row.counted_from, row.deadline_at, now)) for row in rows
    ]


def _useless_at(hold: timedelta, deadline_at: datetime, now: datetime) -> datetime:
    latest = deadline_at - lead(hold) / 2
    return min(latest, now + TIME_TO_DECIDE) if latest > now else now + TIME_TO_DECIDE


class Ended(NamedTuple):
    """A claim that time has ended."""

    id: int
    task_id: int
    person_id: int
    community_id: int


async def look_again(session: AsyncSession, moments: Mapping[int, datetime]) -> None:
    """Have time come back to these claims then."""
    rows = [{"claim": claim_id, "at": at} for claim_id, at in sorted(moments.items())]
    if rows:
        await (await session.connection()).execute(_LOOK_AGAIN, rows)


class Asked(NamedTuple):
    """A claim whose holder is being asked."""

    claim: Claim
    """As it was before."""
    task: Task
    until: datetime
    """The seat is held until then."""


async def warn(session: AsyncSession, claim_id: int, now: datetime) -> Asked | None:
    """The question goes out: from now on the hold can end. None where there is nothing to ask (any more)."""
    row = (
        await session.execute(
            select(Claim, Task)
            .join(Task, Task.id == Claim.task_id)
            .where(Claim.id == claim_id)
            .execution_options(populate_existing=True)
        )
    ).first()
    if row is None:
        return None
    claim, task = row
    if task.state is not TaskState.OPEN or asks_at(task, claim.counted_from, claim.hold_until) > now:
        return None
    until = end_when_asked(task, claim, now)
    asked = await session.scalar(
        update(table(Claim))
        .where(
            Claim.id == claim_id,
            Claim.state == ClaimState.HELD,
            Claim.warned_at.is_(None),
            Claim.counted_from == claim.counted_from,
        )
        .values(warned_at=now, hold_until=until, next_at=until)
        .returning(Claim.id)
    )
    return Asked(claim, task, until) if asked is not None else None


async def end_unanswered(session: AsyncSession, now: datetime, limit: int) -> tuple[list[Ended], bool]:
    """End holds whose holders were asked and did not answer. Which, and whether there are more."""
    due = (
        await session.execute(
            select(Claim.id, Claim.task_id)
            .join(Task, Task.id == Claim.task_id)
            .where(IS_HELD, Claim.next_at <= now, Claim.warned_at.is_not(None), Task.state == TaskState.OPEN)
            .order_by(Claim.next_at, Claim.id)
            .limit(limit)
        )
    ).all()
    if not due:
        return [], False
    open_tasks = await session.scalars(
        select(Task.id)
        .where(Task.id.in_({task_id for _, task_id in due}), Task.state == TaskState.OPEN)
        .order_by(Task.id)
        .with_for_update()
    )
    ended = await _end(session, [claim_id for claim_id, _ in due], open_tasks.all(), now)
    await free_seats(session, [one.task_id for one in ended], now)
    await _note_nothing(session, ended, now)
    return ended, len(due) == limit


async def _end(session: AsyncSession, claim_ids: Sequence[int], task_ids: Sequence[int], now: datetime) -> list[Ended]:
    """End those of these claims on these tasks, which are locked, that are still unanswered; spare who could not answer."""
    claims = table(Claim)
    unanswered = (
        Claim.id.in_(claim_ids),
        Claim.task_id.in_(task_ids),
        Claim.state == ClaimState.HELD,
        Claim.warned_at.is_not(None),
        Claim.hold_until <= now,
    )
    await session.execute(
        update(claims)
        .where(*unanswered, Claim.hold_until <= now - AWAY, Claim.spared_at.is_(None))
        .values(spared_at=now, hold_until=now + HOUR, next_at=now + HOUR)
    )
    ended = await session.execute(
        update(claims)
        .where(*unanswered)
        .values(state=ClaimState.EXPIRED, ended_at=now)
        .returning(Claim.id, Claim.task_id, Claim.person_id, Claim.community_id)
    )
    return [Ended(*row) for row in ended]


async def free_unreachable(session: AsyncSession, claim_id: int, now: datetime) -> Claim:
    """Have a moderator free the seat of somebody who cannot be asked, when its hold is over. Raises Outdated."""
    found = await session.get(Claim, claim_id)
    if found is None:
        raise Outdated
    await get_task(session, found.task_id, lock=True)
    ended = await session.scalar(
        update(table(Claim))
        .where(Claim.id == claim_id, Claim.state == ClaimState.HELD, Claim.warned_at.is_(None), Claim.hold_until <= now)
        .values(state=ClaimState.EXPIRED, ended_at=now)
        .returning(Claim.id)
    )
    if ended is None:
        raise Outdated
    await free_seats(session, [found.task_id], now)
    return found


async def _note_nothing(session: AsyncSession, rows: Sequence[Ended], now: datetime) -> None:
    """Where others counted on somebody at a certain hour, it stands on the record that nothing was handed in."""
    timed = select(Task.id).where(Task.id.in_({row.task_id for row in rows}), Task.starts_at.is_not(None))
    at_an_hour = set(await session.scalars(timed)) if rows else set()
    entries = [
        {
            "claim_id": row.id,
            "task_id": row.task_id,
            "person_id": row.person_id,
            "community_id": row.community_id,
            "kind": EntryKind.NOTHING,
            "at": now,
        }
        for row in rows
        if row.task_id in at_an_hour
    ]
    await note(session, entries)


async def go_on(session: AsyncSession, task_id: int, now: datetime) -> None:
    """A task was paused and goes on: what would have happened meanwhile is due now, and no sooner."""
    await session.execute(
        update(table(Claim))
        .where(
            Claim.task_id == task_id,
            Claim.state == ClaimState.HELD,
            or_(Claim.next_at < now, Claim.next_at > Claim.hold_until),  # put aside, with a question that was not asked
        )
        .values(next_at=now)
    )
