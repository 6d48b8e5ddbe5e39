"""Making tasks, changing them, and calling them off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.cards import mark_cards_stale
from models.claims import Claim, ClaimState, free_seats
from models.flags import close_flags
from models.refusals import SeatsTaken, TaskClosed
from models.reports import credit_work_under_way, finish_if_complete
from models.tasks import Proof, Task, TaskState, get_task, set_state, set_tags, tags_of

_TERMS = frozenset({"title", "description", "minutes", "place", "deadline_at", "proof", "hold_minutes"})
"""What a volunteer agrees to with a claim. Seats and tags are none of it."""
_CHANGEABLE = (TaskState.OPEN, TaskState.PAUSED)


@dataclass(frozen=True)
class Draft:
    """A task that is not made yet."""

    title: str
    language: str
    minutes: int
    seats: int
    deadline_at: datetime
    proof: Proof
    hold_minutes: int
    description: str = ""
    place: str = ""
    tags: tuple[str, ...] = ()


async def create_task(session: AsyncSession, community_id: int, author_id: int, draft: Draft, now: datetime) -> Task:
    """Make an open task."""
    columns = {name: value for name, value in vars(draft).items() if name != "tags"}
    task = Task(community_id=community_id, author_id=author_id, created_at=now, **columns)
    session.add(task)
    await session.flush()
    await set_tags(session, task.id, list(draft.tags))
    return task


async def change_task(session: AsyncSession, task_id: int, changes: Mapping[str, Any], now: datetime) -> tuple[Task, bool]:
    """Give a task new values, by the names of its columns or `tags`. The task, and whether anything is different now.

    New terms have a new version, so that nobody claims what they did not see. Raises TaskClosed for a task that is done or
    called off, SeatsTaken where there would be fewer seats than people on them.
    """
    task = await _lock_open(session, task_id)
    if changes.get("seats", task.seats) < task.seats_taken:
        raise SeatsTaken(task.title, task.seats_taken)
    old: dict[str, Any] = {
        name: await tags_of(session, task.id) if name == "tags" else getattr(task, name) for name in changes
    }
    different = {name for name in changes if not _is_same(old[name], changes[name])}
    if not different:
        return task, False
    if "tags" in different:
        await set_tags(session, task.id, changes["tags"])
    for name in different - {"tags"}:
        setattr(task, name, changes[name])
    task.version += bool(different & _TERMS)
    await session.flush()
    if "deadline_at" in different:
        await _move_holds(session, task, old["deadline_at"])
    if "seats" in different:
        await finish_if_complete(session, task.id, now)
        await session.refresh(task)
    await mark_cards_stale(session, [task.id], now)
    return task, True


def _is_same(old: Any, new: Any) -> bool:
    """Tags have no order."""
    return sorted(old) == sorted(new) if isinstance(new, list) else bool(old == new)


async def _lock_open(session: AsyncSession, task_id: int) -> Task:
    task = await get_task(session, task_id, lock=True)
    if task.state not in _CHANGEABLE:
        raise TaskClosed(task.id, task.title, task.state)
    return task


async def _move_holds(session: AsyncSession, task: Task, was: datetime) -> None:
    """No seat is held beyond the deadline; where the old deadline had cut a hold short, it follows the new one."""
    for claim in await _held(session, task.id):
        in_full = claim.claimed_at + timedelta(minutes=task.hold_minutes)
        wanted = in_full if claim.hold_until >= was else claim.hold_until
        claim.hold_until = min(wanted, task.deadline_at)
    await session.flush()


async def _held(session: AsyncSession, task_id: int) -> Sequence[Claim]:
    return (
        await session.scalars(select(Claim).where(Claim.task_id == task_id, Claim.state == ClaimState.HELD).order_by(Claim.id))
    ).all()


class CalledOff(NamedTuple):
    """A task that was called off, and whom that concerns, by their numbers among people."""

    task: Task
    credited: list[int]
    """Their work under way was credited."""
    dropped: list[int]
    """They held a seat, and nothing was credited."""
    waiting: list[int]
    """Their reports are handed in, and are reviewed all the same."""


async def call_off(session: AsyncSession, task_id: int, credit_minutes: int, by: int, now: datetime) -> CalledOff:
    """Call a task off. Whoever holds a seat is credited `credit_minutes` each, 0 for none; nobody credits themselves.

    What was handed in stays with the reviewers. Open flags are closed with it. Raises TaskClosed.
    """
    task = await _lock_open(session, task_id)
    credited = [
        claim.person_id
        for claim in (await _held(session, task.id) if credit_minutes else ())
        if claim.person_id != by and await credit_work_under_way(session, task, claim, credit_minutes, by, now)
    ]
    dropped = await session.scalars(
        update(Claim)
        .where(Claim.task_id == task.id, Claim.state == ClaimState.HELD)
        .values(state=ClaimState.CANCELLED, ended_at=now)
        .returning(Claim.person_id)
        .execution_options(synchronize_session=False)
    )
    called_off = CalledOff(task, credited, list(dropped), await _handed_in(session, task.id))
    await free_seats(session, [task.id] * len(called_off.dropped), now)
    await set_state(session, task.id, TaskState.CANCELLED, was=_CHANGEABLE)
    await close_flags(session, task.id, by, now)
    await mark_cards_stale(session, [task.id], now)
    await session.refresh(task)
    return called_off


async def _handed_in(session: AsyncSession, task_id: int) -> list[int]:
    return list(
        await session.scalars(
            select(Claim.person_id).where(Claim.task_id == task_id, Claim.state == ClaimState.REPORTED).order_by(Claim.id)
        )
    )
