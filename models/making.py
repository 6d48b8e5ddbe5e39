"""Making tasks, changing them, and calling them off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.cards import mark_cards_stale
from models.claims import Claim, ClaimState
from models.coming import follow_beginning, next_ask
from models.flags import close_flags
from models.holding import held
from models.passing_on import close_line, offer_seats
from models.refusals import OverBefore, SeatsTaken, TaskClosed
from models.releasing import free_seats
from models.reports import credit_work_under_way, finish_if_complete
from models.tasks import TIME_TO_REPORT, Proof, Task, TaskState, add_tags, get_task, hold_end, set_state, set_tags, tags_of

_TERMS = frozenset({"title", "description", "minutes", "place", "starts_at", "deadline_at", "proof", "hold_minutes"})
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
    starts_at: datetime | None = None


async def create_task(session: AsyncSession, community_id: int, author_id: int, draft: Draft, now: datetime) -> Task:
    """Make an open task."""
    columns = {name: value for name, value in vars(draft).items() if name != "tags"}
    ask_at = next_ask(draft.starts_at, now)
    task = Task(community_id=community_id, author_id=author_id, created_at=now, ask_at=ask_at, **columns)
    session.add(task)
    await session.flush()
    await add_tags(session, task.id, draft.tags)
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
    was = _Times.of(task)
    for name in different - {"tags"}:
        setattr(task, name, changes[name])
    if different & {"starts_at", "minutes", "deadline_at"}:
        _keep_deadline_behind(task, was, is_named="deadline_at" in changes)
    task.version += bool(different & _TERMS)
    if "starts_at" in different:
        await follow_beginning(session, task, now)
    await session.flush()
    await _move_holds(session, task, was, now)
    if "seats" in different:
        await finish_if_complete(session, task.id, now)
        await offer_seats(session, [task.id], now)
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


class _Times(NamedTuple):
    """When a task takes place, as it was before a change."""

    starts_at: datetime | None
    minutes: int
    deadline_at: datetime

    @classmethod
    def of(cls, task: Task) -> "_Times":
        return cls(task.starts_at, task.minutes, task.deadline_at)


def _keep_deadline_behind(task: Task, was: _Times, *, is_named: bool) -> None:
    """The deadline of what has a fixed time keeps its distance from the beginning. Raises OverBefore where one was named
    that comes before the end."""
    if task.starts_at is None:
        return
    end = task.starts_at + timedelta(minutes=task.minutes)
    if is_named and task.deadline_at < end:
        raise OverBefore(task.title, end)
    if not is_named and was.starts_at is None:
        task.deadline_at = end + TIME_TO_REPORT
    elif not is_named and was.starts_at is not None:
        task.deadline_at = max(was.deadline_at + (task.starts_at - was.starts_at), end)


async def _move_holds(session: AsyncSession, task: Task, was: _Times, now: datetime) -> None:
    """Have held seats follow new times: no seat is held beyond the deadline; where the old deadline had cut a hold short, it
    follows the new one; and what has a fixed time (or no longer has) is held as if it were taken now."""
    is_timed = task.starts_at is not None or was.starts_at is not None
    if was == _Times.of(task) or (not is_timed and was.deadline_at == task.deadline_at):
        return
    for claim in await _held(session, task.id):
        if is_timed:
            until = hold_end(task, now)
        else:
            in_full = max(claim.counted_from + timedelta(minutes=task.hold_minutes), claim.hold_until)
            until = min(in_full if claim.hold_until >= was.deadline_at else claim.hold_until, task.deadline_at)
        if until != claim.hold_until:
            for name, value in held(task, claim.counted_from, until).items():
                setattr(claim, name, value)
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
    in_line: list[int]
    """They waited for a seat."""


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
    await set_state(session, task.id, TaskState.CANCELLED, was=_CHANGEABLE)
    in_line = await close_line(session, task.id, now)
    called_off = CalledOff(task, credited, list(dropped), await _handed_in(session, task.id), in_line)
    await free_seats(session, [task.id] * len(called_off.dropped), now)
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
