"""What the holder of a seat answers: still on it, or more time, which a moderator decides about where it is much.

An answer starts the clock of the hold anew (models/holding.py). It is decided under the task's lock, by an update that says
how it found the claim: a press that meets the end of the hold, or the same press once more, changes nothing.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import table
from models.claims import Claim, ClaimState, seated_claim
from models.communities import Community, Member
from models.holding import QUESTION, TIME_TO_DECIDE, held
from models.notices import withdraw
from models.refusals import AlreadyHandedIn, NoClaim, NoRoom, Outdated, StillSpent
from models.roles import Role
from models.tasks import Task, get_task, hold_end


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
