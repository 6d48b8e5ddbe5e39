"""Who came to a task with a fixed time, as its moderators see it; and that somebody did not."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.cards import mark_cards_stale
from models.claims import SEATED, Claim, ClaimState, seated_claim
from models.holding import held
from models.people import Person
from models.record import Entry, EntryKind, note, strike
from models.refusals import NotBegun, Outdated, TaskFull
from models.releasing import free_seats
from models.reports import TIME_TO_MEND
from models.tasks import Task, get_task, hold_end

_LISTED = (*SEATED, ClaimState.EXPIRED, ClaimState.NO_SHOW)
_CAN_BE_ABSENT = (ClaimState.HELD, ClaimState.EXPIRED)
"""Whose work was handed in is for its review to decide."""


class Attendant(NamedTuple):
    """Somebody who took a seat, and how that stands."""

    claim: Claim
    person: Person
    entry: Entry | None


async def attendants(session: AsyncSession, task_id: int) -> Sequence[Attendant]:
    """Those who hold a seat, did not come, handed nothing in, or gave their seat back late, in the order they came."""
    rows = await session.execute(
        select(Claim, Person, Entry)
        .join(Person, Person.id == Claim.person_id)
        .outerjoin(Entry, Entry.claim_id == Claim.id)
        .where(Claim.task_id == task_id, Claim.state.in_(_LISTED) | Entry.id.is_not(None))
        .order_by(Claim.id)
    )
    return [Attendant._make(row) for row in rows]


async def mark_absent(session: AsyncSession, task_id: int, claim_id: int, by: int, now: datetime) -> Claim:
    """Somebody did not come; their seat is free. Raises NotBegun, or Outdated where their work is handed in or the seat was
    given back."""
    task = await get_task(session, task_id, lock=True)
    if task.starts_at is None or task.starts_at > now:
        raise NotBegun(task.title)
    claim: Claim | None = await session.get(Claim, claim_id, populate_existing=True)
    if claim is None or claim.task_id != task.id or claim.state not in _CAN_BE_ABSENT:
        raise Outdated
    was = claim.state
    claim.state, claim.ended_at = ClaimState.NO_SHOW, now
    await session.flush()
    if was is ClaimState.HELD:
        await free_seats(session, [task.id], now)
    entry = {
        "claim_id": claim.id,
        "task_id": task.id,
        "person_id": claim.person_id,
        "community_id": task.community_id,
        "kind": EntryKind.NO_SHOW,
        "at": now,
        "by_id": by,
    }
    await note(session, [entry])
    return claim


async def unmark_absent(session: AsyncSession, task_id: int, claim_id: int, now: datetime) -> Claim:
    """They came after all: the seat is theirs again, with time to hand in what they did, and nothing stays on their record.

    Raises Outdated where nobody says that they did not come, TaskFull where the seat went to somebody else meanwhile.
    """
    task = await get_task(session, task_id, lock=True)
    claim: Claim | None = await session.get(Claim, claim_id, populate_existing=True)
    if claim is None or claim.task_id != task.id or claim.state is not ClaimState.NO_SHOW:
        raise Outdated
    if await seated_claim(session, claim.person_id, task.id) is not None:
        raise Outdated  # they took another seat of it since
    taken = await session.scalar(
        update(Task)
        .where(Task.id == task.id, Task.seats_taken < Task.seats)
        .values(seats_taken=Task.seats_taken + 1)
        .returning(Task.id)
        .execution_options(synchronize_session=False)
    )
    if taken is None:
        raise TaskFull(task.id, task.title)
    claim.state, claim.ended_at = ClaimState.HELD, None
    for name, value in held(task, now, max(hold_end(task, now), now + TIME_TO_MEND)).items():
        setattr(claim, name, value)
    await session.flush()
    await strike(session, claim.id)
    await mark_cards_stale(session, [task.id], now)
    return claim


async def strike_out(session: AsyncSession, entry: Entry) -> None:
    """Moderators find that an entry does not belong on the record. Who was said not to have come is said so no more; what
    they did there has long been over."""
    if entry.kind is EntryKind.NO_SHOW:
        await session.execute(
            update(Claim).where(Claim.id == entry.claim_id, Claim.state == ClaimState.NO_SHOW).values(state=ClaimState.EXPIRED)
        )
    await strike(session, entry.claim_id)
