"""A seat that comes free goes to the first in line.

It is offered to the first who could take it, and kept for them: it stays counted as taken in
`tasks.seats_taken`, so whoever decides about claims finds the task as full as before. Taken in time it becomes their claim
(models/seating.py); passed, or not answered in time, it goes on to the next. Everything that moves a place in line is done
under the task's lock.

How long an offer stands: an eighth of the time that is left until the task begins or ends, 10 minutes at least and 12 hours at
most, counted from when the person is really told. Passed over, with their place kept: who has left or is blocked, cannot be
written to, or holds as many tasks as the community lets them.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, case, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from models.base import table
from models.cards import mark_cards_stale
from models.claims import SEATED, Claim, under_way
from models.communities import Community, Member
from models.notices import NoticeKind, plan, waking
from models.people import Account, Person
from models.tasks import Task, TaskState, Timed, get_task
from models.waitlist import Wait, WaitState, begins_or_ends

OFFER = "seat_offered"
"""The topic of the notice that tells of an offer."""
_SHORTEST, _LONGEST = timedelta(minutes=10), timedelta(hours=12)


def offer_span(task: Timed, now: datetime) -> timedelta:
    """How long an offer stands that is told now."""
    left = begins_or_ends(task) - now
    return min(max(left / 8, _SHORTEST), _LONGEST, max(left, timedelta()))


async def give_on(session: AsyncSession, task_ids: Iterable[int], now: datetime, *, but: Sequence[int] = ()) -> None:
    """Seats have come free, one for each mention of their task: each is kept for the next in line, or is free for all."""
    freed = Counter(task_ids)
    for task_id in sorted(freed):
        await session.execute(update(Task).where(Task.id == task_id).values(seats_taken=Task.seats_taken - freed[task_id]))
    await offer_seats(session, freed, now, but=but)
    await mark_cards_stale(session, freed, now)


async def offer_seats(session: AsyncSession, task_ids: Iterable[int], now: datetime, *, but: Sequence[int] = ()) -> None:
    """Keep the free seats of these tasks for those who wait, the first in line first. The caller has locked the tasks; `but`
    are places in line that are passed over this time."""
    rows = (await session.execute(_could_take(task_ids, now).where(Wait.id.not_in(but)))).all()
    kept: Counter[int] = Counter()
    offered = []
    for row in rows:
        if kept[row.Task.id] < row.Task.seats_left:
            kept[row.Task.id] += 1
            offered.append(_Offer.to(row, now))
    for one in offered:
        keeping = update(table(Wait)).where(Wait.id == one.wait_id)
        await session.execute(
            keeping.values(state=WaitState.OFFERED, offer_until=one.until, told_at=None, offers=Wait.offers + 1)
        )
    for task_id, n in sorted(kept.items()):
        await session.execute(update(Task).where(Task.id == task_id).values(seats_taken=Task.seats_taken + n))
    await plan(session, [one.notice for one in offered])


def _could_take(task_ids: Iterable[int], now: datetime) -> Any:
    """Who waits for free seats of these tasks and could take one, in their order."""
    limit = case((Member.trusted_at.is_(None), Community.newcomer_claims), else_=Community.member_claims)
    return (
        select(Wait.id, Wait.offers, Task, Person, Community.timezone)
        .join(Task, Task.id == Wait.task_id)
        .join(Person, Person.id == Wait.person_id)
        .join(Community, Community.id == Wait.community_id)
        .join(Member, (Member.community_id == Wait.community_id) & (Member.person_id == Wait.person_id))
        .where(
            Wait.task_id.in_(list(task_ids)),
            Wait.ended_at.is_(None),
            Wait.offer_until.is_(None),
            Task.state == TaskState.OPEN,
            func.coalesce(Task.starts_at, Task.deadline_at) > now,
            Task.seats_taken < Task.seats,
            Member.left_at.is_(None),
            Member.blocked_at.is_(None),
            under_way(Wait.person_id.expression, Wait.community_id.expression) < limit,
            ~exists().where(Claim.person_id == Wait.person_id, Claim.task_id == Wait.task_id, Claim.state.in_(SEATED)),
            exists().where(Account.person_id == Wait.person_id, Account.private_chat.is_not(None)),
        )
        .order_by(Task.id, Wait.since, Wait.id)
        .execution_options(populate_existing=True)
    )


class _Offer(NamedTuple):
    """A seat that is to be kept for somebody."""

    wait_id: int
    until: datetime
    notice: dict[str, object]

    @classmethod
    def to(cls, row: Any, now: datetime) -> "_Offer":
        """Who sleeps hears of it in the morning, where that is not too late."""
        task, person = row.Task, row.Person
        span, end = offer_span(task, now), begins_or_ends(task)
        morning = waking(person, row.timezone, now)
        told_at = morning if morning + span / 2 < end else now
        notice = {
            "key": f"{OFFER}:{row.id}:{row.offers + 1}",
            "person_id": person.id,
            "community_id": task.community_id,
            "kind": NoticeKind.CLAIM,
            "topic": OFFER,
            "about": row.id,
            "due_at": now,
            "useless_at": max(end - span / 2, now + _SHORTEST / 2),
        }
        return cls(row.id, told_at + span, notice)


async def told_of_offer(session: AsyncSession, wait_id: int, now: datetime) -> tuple[Wait, Task] | None:
    """The offer is told now: from now on its time runs. None where it does not stand any more."""
    row = (
        await session.execute(
            select(Wait, Task)
            .join(Task, Task.id == Wait.task_id)
            .where(Wait.id == wait_id)
            .execution_options(populate_existing=True)
        )
    ).first()
    if row is None or row.Task.state is not TaskState.OPEN:
        return None
    wait, task = row
    told = await session.scalar(
        update(table(Wait))
        .where(Wait.id == wait_id, Wait.offer_until.is_not(None), Wait.told_at.is_(None))
        .values(told_at=now, offer_until=now + offer_span(task, now))
        .returning(Wait.id)
    )
    if told is None:
        return None
    await session.refresh(wait)
    return wait, task


async def pass_unanswered(session: AsyncSession, now: datetime, limit: int) -> bool:
    """Offers whose time is over go on to the next in line; who was never told keeps their place. Whether there are more."""
    due = (
        await session.execute(
            select(Wait.id, Wait.task_id).where(Wait.offer_until <= now).order_by(Wait.offer_until, Wait.id).limit(limit)
        )
    ).all()
    if not due:
        return False
    tasks = {task_id for _, task_id in due}
    await session.execute(select(Task.id).where(Task.id.in_(tasks)).order_by(Task.id).with_for_update())
    waits, over = table(Wait), (Wait.id.in_([id_ for id_, _ in due]), Wait.offer_until <= now)
    untold = await session.execute(
        update(waits)
        .where(*over, Wait.told_at.is_(None))
        .values(state=WaitState.WAITING, offer_until=None)
        .returning(Wait.id, Wait.task_id)
    )
    kept = untold.all()
    lapsed = await session.execute(
        update(waits)
        .where(*over, Wait.told_at.is_not(None))
        .values(state=WaitState.LAPSED, offer_until=None, ended_at=now)
        .returning(Wait.id, Wait.task_id)
    )
    freed = [*kept, *lapsed]
    await give_on(session, [row.task_id for row in freed], now, but=[row.id for row in kept])
    return len(due) == limit


# Leaving the line


async def leave_line(session: AsyncSession, person_id: int, task_id: int, now: datetime) -> bool:
    """Wait no more; a seat that was kept for them goes on. Whether they were in line."""
    await get_task(session, task_id, lock=True)
    return bool(await _end(session, WaitState.LEFT, now, Wait.task_id == task_id, Wait.person_id == person_id))


async def leave_lines(session: AsyncSession, person_id: int, community_id: int, now: datetime) -> None:
    """Whoever leaves a community leaves its lines."""
    theirs = (Wait.person_id == person_id, Wait.community_id == community_id)
    tasks = select(Wait.task_id).where(*theirs, Wait.ended_at.is_(None))
    await session.execute(select(Task.id).where(Task.id.in_(tasks)).order_by(Task.id).with_for_update())
    await _end(session, WaitState.LEFT, now, *theirs)


async def leave_double_lines(session: AsyncSession, kept: int, gone: int, now: datetime) -> None:
    """One person stands in a line once, and in none for what they have: when two become one, places give way to a seat, and
    of two places the one stays where a seat is kept, or that is older. The caller has locked the tasks they work on."""
    both = (kept, gone)
    seated = select(Claim.task_id).where(Claim.person_id.in_(both), Claim.state.in_(SEATED))
    other = aliased(Wait)
    is_behind = or_(
        Wait.offer_until.is_(None) & other.offer_until.is_not(None),
        (Wait.offer_until.is_(None) == other.offer_until.is_(None)) & (Wait.id > other.id),
    )
    doubled = select(other.id).where(
        other.task_id == Wait.task_id, other.person_id.in_(both), other.id != Wait.id, other.ended_at.is_(None), is_behind
    )
    ids = (
        await session.scalars(
            select(Wait.id).where(
                Wait.person_id.in_(both), Wait.ended_at.is_(None), or_(Wait.task_id.in_(seated), doubled.exists())
            )
        )
    ).all()
    if ids:
        tasks = select(Wait.task_id).where(Wait.id.in_(ids))
        await session.execute(select(Task.id).where(Task.id.in_(tasks)).order_by(Task.id).with_for_update())
        await _end(session, WaitState.LEFT, now, Wait.id.in_(ids))


async def close_line(session: AsyncSession, task_id: int, now: datetime) -> list[int]:
    """Nobody waits for this task any more, and no seat of it is kept. Who was in line. The caller has locked the task."""
    return [row.person_id for row in await _end(session, WaitState.CLOSED, now, Wait.task_id == task_id)]


async def pass_seat(session: AsyncSession, person_id: int, task_id: int, now: datetime) -> bool:
    """Have a seat that is kept for somebody go on to the next; they stay in line, now at its end. Whether one was kept."""
    await get_task(session, task_id, lock=True)
    passed = await session.scalar(
        update(table(Wait))
        .where(Wait.task_id == task_id, Wait.person_id == person_id, Wait.ended_at.is_(None), Wait.offer_until.is_not(None))
        .values(state=WaitState.WAITING, offer_until=None, told_at=None, since=now)
        .returning(Wait.id)
    )
    if passed is None:
        return False
    await give_on(session, [task_id], now, but=[passed])
    return True


async def _end(
    session: AsyncSession, state: WaitState, now: datetime, *whose: ColumnElement[bool]
) -> Sequence[Row[int, int, int]]:
    """End places in line; seats that were kept go on to the next."""
    kept = (await session.scalars(select(Wait.id).where(*whose, Wait.ended_at.is_(None), Wait.offer_until.is_not(None)))).all()
    ended = (
        await session.execute(
            update(table(Wait))
            .where(*whose, Wait.ended_at.is_(None))
            .values(state=state, offer_until=None, ended_at=now)
            .returning(Wait.id, Wait.task_id, Wait.person_id)
        )
    ).all()
    await give_on(session, [row.task_id for row in ended if row.id in set(kept)], now)
    return ended
