"""A claim in time: when its holder is asked, what an answer changes, and how a hold ends.

The rule, all of it. A seat is held for the task's holding time, and never beyond its deadline. A `lead` before the end the
holder is asked whether they are still on it; a task with a fixed time is over first. The hold ends where nobody answers, and
never before half of the lead has passed since the question really went out: asked late (we were away, or the holder slept),
it is lengthened, up to the deadline, and beyond it only where nothing decent is left before it. What ended while we were away
is spared for an hour, for nobody could answer. While a task is paused nobody is asked, and nothing ends.

An answer starts the clock anew. Whatever is decided at the same moment (an answer, a report, a give-back, the end) is decided
under the task's lock, by an update that says how it found the claim.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import table
from models.claims import IS_HELD, Claim, ClaimState, seated_claim
from models.communities import Community, Member
from models.notices import withdraw
from models.record import EntryKind, note
from models.refusals import AlreadyHandedIn, NoClaim, NoRoom, Outdated, StillSpent
from models.releasing import free_seats
from models.roles import Role
from models.tasks import Task, TaskState, Timed, closes_at, get_task, hold_end

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
    for claim_id, at in sorted(moments.items()):
        await session.execute(update(table(Claim)).where(Claim.id == claim_id).values(next_at=at))


async def warn(session: AsyncSession, claim_id: int, now: datetime) -> tuple[Claim, Task] | None:
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
    if asked is None:
        return None
    await session.refresh(claim)
    return claim, task


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
    unanswered = (
        Claim.id.in_([id_ for id_, _ in due]),
        Claim.task_id.in_(open_tasks.all()),
        Claim.state == ClaimState.HELD,
        Claim.warned_at.is_not(None),
        Claim.hold_until <= now,
    )
    claims = table(Claim)
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
    rows = [Ended(*row) for row in ended]
    await free_seats(session, [row.task_id for row in rows], now)
    await _note_nothing(session, rows, now)
    return rows, len(due) == limit


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
        .where(Claim.task_id == task_id, Claim.state == ClaimState.HELD, Claim.next_at < now)
        .values(next_at=now)
    )


# What holders answer


class Standing(NamedTuple):
    """A held claim, locked with what decides about it."""

    claim: Claim
    task: Task
    community: Community


async def locked_claim(session: AsyncSession, person_id: int, task_id: int) -> Standing:
    """The claim that a person holds on a task. Raises NoClaim, or AlreadyHandedIn."""
    task = await get_task(session, task_id, lock=True)
    claim = await seated_claim(session, person_id, task_id)
    if claim is None:
        raise NoClaim(task.id, task.title)
    if claim.state is not ClaimState.HELD:
        raise AlreadyHandedIn(task.id, task.title)
    return Standing(claim, task, await session.get_one(Community, task.community_id))


async def stay_on(
    session: AsyncSession, person_id: int, task_id: int, now: datetime, *, seen: int | None = None
) -> tuple[Claim, Task]:
    """The holder is still on it: the clock starts anew. `seen` is how often they had said so on the screen that they pressed:
    pressing it twice counts once. Where the deadline leaves no more room, they are asked once more when the hold ends.

    Raises NoClaim, AlreadyHandedIn, or StillSpent.
    """
    claim, task, community = await locked_claim(session, person_id, task_id)
    if seen is not None and seen != claim.renewals:
        return claim, task
    if claim.renewals >= community.still_times:
        raise StillSpent(task.id, task.title, community.still_times)
    until = max(hold_end(task, now), claim.hold_until)
    values = held(task, now, until)
    if until == claim.hold_until:
        values["next_at"] = until
    await _answer(session, claim, now, **values, renewals=claim.renewals + 1)
    return claim, task


async def _answer(session: AsyncSession, claim: Claim, now: datetime, **values: Any) -> None:
    """Write what the holder answered. Raises NoClaim where the claim has moved on."""
    written = await session.scalar(
        update(table(Claim)).where(Claim.id == claim.id, Claim.state == ClaimState.HELD).values(values).returning(Claim.id)
    )
    if written is None:
        raise Outdated
    await withdraw(session, QUESTION, [claim.id], now)
    await session.refresh(claim)


# More time


class Room(NamedTuple):
    """How much more time a claim can get."""

    until_deadline: timedelta
    without_asking: timedelta
    """What the holder may take without a moderator."""


def room(standing: Standing, now: datetime, *, is_moderator: bool) -> Room:
    """Raises NoRoom where the hold goes up to the deadline already."""
    claim, task, community = standing
    left = task.deadline_at - max(claim.hold_until, now)
    if left <= timedelta():
        raise NoRoom(task.id, task.title, task.deadline_at)
    own = left if is_moderator else timedelta(hours=community.extra_hours, minutes=-claim.extra_minutes)
    return Room(left, max(own, timedelta()))


async def moderates(session: AsyncSession, person_id: int, community_id: int) -> bool:
    """Whether somebody is a moderator of the community: they need not ask anybody."""
    member = await session.get(Member, (community_id, person_id))
    return member is not None and member.is_active and member.role >= Role.MODERATOR


async def take_time(
    session: AsyncSession, person_id: int, task_id: int, minutes: int, now: datetime, *, seen: int | None = None
) -> tuple[Standing, bool]:
    """Give a claim more time, cut at the deadline; what is more than the community leaves to holders is asked of a moderator,
    while the seat stays theirs. The claim, and whether a moderator is asked. `seen`: the minutes that had been taken.

    Raises NoClaim, AlreadyHandedIn, or NoRoom.
    """
    standing = await locked_claim(session, person_id, task_id)
    claim, task, community = standing
    if seen is not None and seen != claim.extra_minutes:
        return standing, False
    if claim.wanted_minutes == minutes:
        return standing, True
    allowed = room(standing, now, is_moderator=await moderates(session, person_id, community.id))
    more = min(timedelta(minutes=minutes), allowed.until_deadline)
    if more > allowed.without_asking:
        until = max(claim.hold_until, min(now + TIME_TO_DECIDE, task.deadline_at))
        await _answer(session, claim, now, **held(task, now, until), wanted_minutes=minutes)
        return standing, True
    until = max(claim.hold_until, now) + more
    taken = claim.extra_minutes + int(more / timedelta(minutes=1))
    await _answer(session, claim, now, **held(task, now, until), extra_minutes=taken, wanted_minutes=None)
    return standing, False


async def decide_about_time(session: AsyncSession, claim_id: int, minutes: int, now: datetime, *, is_granted: bool) -> Claim:
    """Have a moderator grant or decline what a holder asked for; the first word counts. Raises Outdated."""
    found = await session.get(Claim, claim_id)
    if found is None:
        raise Outdated
    task = await get_task(session, found.task_id, lock=True)
    await session.refresh(found)
    values: dict[str, Any] = {"wanted_minutes": None}
    if is_granted:
        until = max(found.hold_until, min(now + timedelta(minutes=minutes), task.deadline_at))
        values |= held(task, now, until)
    written = await session.scalar(
        update(table(Claim))
        .where(Claim.id == claim_id, Claim.state == ClaimState.HELD, Claim.wanted_minutes == minutes)
        .values(values)
        .returning(Claim.id)
    )
    if written is None:
        raise Outdated
    if is_granted:
        await withdraw(session, QUESTION, [claim_id], now)
    await session.refresh(found)
    return found
