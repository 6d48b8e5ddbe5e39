"""Whether holders of a task with a fixed time can still come: asked the day before, and shortly before once more.

`Task.ask_at` says when its holders are next to be asked, so that what is due is found by an index and nobody is asked twice.
Whoever took the seat after that moment has just said that they come, and is not asked.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Moment, table
from models.claims import Claim, ClaimState, seated_claim
from models.communities import Community
from models.notices import NoticeKind, plan, waking, withdraw
from models.people import Person
from models.refusals import AlreadyHandedIn, NoClaim
from models.tasks import Task, get_task

ASKING = "coming"
"""The topic of the question; about a claim."""
_POINTS = (timedelta(hours=24), timedelta(hours=3))
"""How long before it begins people are asked."""
_BEFORE_QUIET = timedelta(minutes=30)
_MOVE_ON = update(table(Task)).where(table(Task).c.id == bindparam("task")).values(ask_at=bindparam("then", type_=Moment()))


def next_ask(starts_at: datetime | None, now: datetime) -> datetime | None:
    """When the holders of a task that begins then are next to be asked; None: not any more."""
    if starts_at is None:
        return None
    return next((starts_at - point for point in _POINTS if starts_at - point > now), None)


async def follow_beginning(session: AsyncSession, task: Task, now: datetime) -> None:
    """The task begins at another hour: what holders said about the old one counts no more, and they are asked anew."""
    task.moved_at, task.ask_at = now, next_ask(task.starts_at, now)
    claims = await session.scalars(
        update(Claim)
        .where(Claim.task_id == task.id, Claim.state == ClaimState.HELD)
        .values(coming=None, coming_at=None)
        .returning(Claim.id)
        .execution_options(synchronize_session=False)
    )
    await withdraw(session, ASKING, claims.all(), now)


async def say_yes(session: AsyncSession, person_id: int, task_id: int, now: datetime) -> Task:
    """The holder comes. Raises NoClaim, or AlreadyHandedIn. (No is giving the seat back: models/claims.py.)"""
    task = await get_task(session, task_id)
    said = await session.scalar(
        update(Claim)
        .where(Claim.task_id == task_id, Claim.person_id == person_id, Claim.state == ClaimState.HELD)
        .values(coming=True, coming_at=now)
        .returning(Claim.id)
        .execution_options(synchronize_session=False)
    )
    if said is None:
        seated = await seated_claim(session, person_id, task_id)
        raise AlreadyHandedIn(task.id, task.title) if seated else NoClaim(task.id, task.title)
    return task


async def plan_questions(session: AsyncSession, now: datetime, limit: int) -> bool:
    """Have the holders asked of some of the tasks for which it is time; whether there may be more such tasks."""
    tasks = (
        await session.scalars(
            select(Task)
            .where(Task.ask_at <= now)
            .order_by(Task.ask_at)
            .limit(limit)
            .with_for_update(skip_locked=True, key_share=True)
        )
    ).all()
    if not tasks:
        return False
    by_id = {task.id: task for task in tasks}
    holders = await session.execute(
        select(Claim.id, Claim.task_id, Claim.claimed_at, Community.timezone, Person)
        .join(Person, Person.id == Claim.person_id)
        .join(Community, Community.id == Claim.community_id)
        .where(Claim.task_id.in_(by_id), Claim.state == ClaimState.HELD)
        .order_by(Claim.id)
    )
    asked = [_Holder(by_id[task_id], id_, claimed_at, zone, person) for id_, task_id, claimed_at, zone, person in holders]
    await plan(session, [row for holder in asked for row in _questions(holder, now)])
    moved = [{"task": task.id, "then": next_ask(task.starts_at, now)} for task in tasks]
    await (await session.connection()).execute(_MOVE_ON, moved)
    return len(tasks) == limit


class _Holder(NamedTuple):
    task: Task
    claim_id: int
    claimed_at: datetime
    zone: str
    person: Person


def _questions(holder: _Holder, now: datetime) -> Iterator[dict[str, Any]]:
    """What a holder is to be asked, as columns of notices, of what has come due by now and still helps.

    The second question would wake somebody up for what begins early: they are asked before their quiet hours instead, which
    is planned together with the first.
    """
    starts_at, ask_at = holder.task.starts_at, holder.task.ask_at
    if starts_at is None or ask_at is None:
        return
    day_before, shortly_before = (starts_at - point for point in _POINTS)
    wakes = waking(holder.person, holder.zone, shortly_before) >= starts_at
    if ask_at <= day_before and holder.claimed_at <= day_before and now < shortly_before:
        yield _question(holder, 1, day_before, shortly_before)
        quiet_at = _quiet_from(holder.person, holder.zone, shortly_before)
        if wakes and quiet_at - _BEFORE_QUIET > max(now, day_before):
            yield _question(holder, 2, quiet_at - _BEFORE_QUIET, quiet_at)
    if not wakes and holder.claimed_at <= shortly_before <= now < starts_at:
        yield _question(holder, 2, shortly_before, starts_at)


def _question(holder: _Holder, number: int, due_at: datetime, useless_at: datetime) -> dict[str, Any]:
    starts_at = holder.task.starts_at or due_at
    return {
        "key": f"{ASKING}:{holder.claim_id}:{starts_at:%Y%m%d%H%M}:{number}",
        "person_id": holder.person.id,
        "community_id": holder.task.community_id,
        "kind": NoticeKind.CLAIM,
        "topic": ASKING,
        "about": holder.claim_id,
        "due_at": due_at,
        "useless_at": useless_at,
    }


def _quiet_from(person: Person, zone: str, within: datetime) -> datetime:
    """When the quiet hours began in which this moment lies."""
    local = within.astimezone(ZoneInfo(person.timezone or zone))
    begins = local.replace(hour=person.quiet_from // 60, minute=person.quiet_from % 60, second=0, microsecond=0)
    return (begins if begins <= local else begins - timedelta(days=1)).astimezone(within.tzinfo)
