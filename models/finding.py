"""Finding the tasks that fit a person: their time, interests and language, and what is urgent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.claims import SEATED, Claim
from models.communities import Member
from models.people import Person
from models.tasks import Task, TaskState, TaskTag

_SOON = timedelta(hours=24)


@dataclass(frozen=True)
class Wish:
    """What somebody looks for; everything empty means anything."""

    minutes: int | None = None
    tags: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


async def fitting_tasks(
    session: AsyncSession, person: Person, wish: Wish, now: datetime, *, limit: int, offset: int = 0
) -> tuple[Sequence[Task], int]:
    """A page of the open tasks of the person's communities with a free seat, best fit first, and how many there are in all.

    Tasks they hold, handed in or finished are left out. Best fit: the language they read, then their interests, then what is
    urgent, then what fills the time they have best.
    """
    wanted = _wanted(person, wish, now)
    total = await session.scalar(select(func.count()).select_from(Task).where(*wanted))
    tasks = await session.scalars(
        select(Task).where(*wanted).order_by(*_best_first(person, wish, now)).limit(limit).offset(offset)
    )
    return tasks.all(), total or 0


def _wanted(person: Person, wish: Wish, now: datetime) -> list[ColumnElement[bool]]:
    seated = select(Claim.task_id).where(Claim.person_id == person.id, Claim.task_id == Task.id, Claim.state.in_(SEATED))
    conditions = [
        _is_mine(person.id),
        Task.state == TaskState.OPEN,
        Task.deadline_at > now,
        or_(Task.starts_at.is_(None), Task.starts_at > now),
        Task.seats_taken < Task.seats,
        ~seated.exists(),
    ]
    if wish.minutes is not None:
        conditions.append(Task.minutes <= wish.minutes)
    conditions += [_has_tag(tag) for tag in wish.tags]
    conditions += [_mentions(word) for word in wish.words]
    return conditions


def _has_tag(*tags: str) -> ColumnElement[bool]:
    return exists().where(TaskTag.task_id == Task.id, TaskTag.tag.in_(tags))


def _mentions(word: str) -> ColumnElement[bool]:
    return or_(
        Task.title.icontains(word, autoescape=True),
        Task.description.icontains(word, autoescape=True),
        Task.place.icontains(word, autoescape=True),
        _has_tag(word.lower()),
    )


def _best_first(person: Person, wish: Wish, now: datetime) -> list[ColumnElement[int] | ColumnElement[datetime]]:
    interests = person.interests.split()
    order: list[ColumnElement[int] | ColumnElement[datetime]] = [case((Task.language == person.language, 0), else_=1)]
    if interests:
        order.append(case((_has_tag(*interests), 0), else_=1))
    closes_at = func.coalesce(Task.starts_at, Task.deadline_at)
    order.append(case((closes_at <= now + _SOON, 0), else_=1))
    if wish.minutes is not None:
        order.append(Task.minutes.desc())
    return [*order, closes_at.asc(), Task.id.asc()]


async def tasks_called(
    session: AsyncSession, person_id: int, words: str, number: int | None, now: datetime, *, limit: int
) -> Sequence[Task]:
    """Open tasks of the person's communities with these words in their title, the most urgent first; first of all the one
    with this number. Reads the index of open tasks, and stops as soon as there are enough."""
    conditions = [_is_mine(person_id), Task.state == TaskState.OPEN]
    named = [] if number is None else (await session.scalars(select(Task).where(Task.id == number, *conditions))).all()
    query = select(Task).where(*conditions, Task.deadline_at > now).order_by(Task.deadline_at).limit(limit)
    if words:
        query = query.where(Task.title.icontains(words, autoescape=True))
    found = (await session.scalars(query)).all()
    return [*named, *(task for task in found if task.id != number)][:limit]


def _is_mine(person_id: int) -> ColumnElement[bool]:
    mine = select(Member.community_id).where(
        Member.person_id == person_id, Member.left_at.is_(None), Member.blocked_at.is_(None)
    )
    return Task.community_id.in_(mine)
