"""Giving seats back: what frees a seat goes through here."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.asking import ask_for_late_seats
from models.claims import Claim, ClaimState, seated_claim
from models.passing_on import give_on, leave_lines
from models.record import EntryKind, is_late, note
from models.refusals import AlreadyHandedIn, NoClaim, NotFound
from models.tasks import Task


async def free_seats(session: AsyncSession, task_ids: Iterable[int], now: datetime) -> None:
    """Seats have come free, one for each mention of their task: who waits for them comes first, the live cards show it, and
    where time is short people are asked."""
    tasks = list(task_ids)
    await give_on(session, tasks, now)
    await ask_for_late_seats(session, tasks, now)


async def release(session: AsyncSession, person_id: int, task_id: int, reason: str, now: datetime) -> Task:
    """Give a seat back. Raises NoClaim, or AlreadyHandedIn where the work is with the reviewers."""
    task = await session.get(Task, task_id, with_for_update=True)
    if task is None:
        raise NotFound("task", str(task_id))
    ended = await session.execute(
        update(Claim)
        .where(Claim.task_id == task_id, Claim.person_id == person_id, Claim.state == ClaimState.HELD)
        .values(state=ClaimState.RELEASED, ended_at=now, reason=reason, **_no(task, now))
        .returning(Claim.id, Claim.claimed_at)
    )
    row = ended.first()
    if row is None:
        seated = await seated_claim(session, person_id, task_id)
        raise AlreadyHandedIn(task.id, task.title) if seated else NoClaim(task.id, task.title)
    await free_seats(session, [task_id], now)
    if is_late(task, row.claimed_at, now):
        entry = {"claim_id": row.id, "task_id": task.id, "person_id": person_id, "community_id": task.community_id}
        await note(session, [entry | {"kind": EntryKind.LATE, "at": now}])
    return task


def _no(task: Task, now: datetime) -> dict[str, Any]:
    """Who gives back a seat of what begins at a certain hour says with it that they do not come."""
    return {"coming": False, "coming_at": now} if task.has_fixed_time else {}


async def set_release_reason(session: AsyncSession, person_id: int, task_id: int, reason: str) -> None:
    """Add why the person's latest give-back of this task happened."""
    latest = (
        select(Claim.id)
        .where(Claim.task_id == task_id, Claim.person_id == person_id, Claim.state == ClaimState.RELEASED)
        .order_by(Claim.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    await session.execute(update(Claim).where(Claim.id == latest).values(reason=reason))


async def end_open_claims(session: AsyncSession, person_id: int, community_id: int, now: datetime) -> None:
    """Free every seat on which somebody who leaves the community has not handed anything in yet, and their places in line."""
    await leave_lines(session, person_id, community_id, now)
    tasks = await session.scalars(
        update(Claim)
        .where(Claim.person_id == person_id, Claim.community_id == community_id, Claim.state == ClaimState.HELD)
        .values(state=ClaimState.CANCELLED, ended_at=now)
        .returning(Claim.task_id)
    )
    await free_seats(session, tasks.all(), now)
