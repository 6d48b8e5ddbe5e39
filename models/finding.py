"""Finding the tasks that fit a person: their time, interests and language, and what is urgent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, case, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Id, Moment
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
) -> Sequence[Task]:
    """A page of the open tasks of the person's communities with a free seat, best fit first.

    Tasks they hold, handed in or finished are left out. Best fit: the language they read, then their interests, then what is
    urgent, then what fills the time they have best.
    """
    ranked = _ranked(by_interests=bool(person.interests), by_minutes=wish.minutes is not None)
    page = ranked.where(*_narrower(wish)).limit(limit).offset(offset)
    return (await session.scalars(page, _values(person, wish, now))).all()


async def count_fitting(session: AsyncSession, person: Person, wish: Wish, now: datetime) -> int:
    """How many `fitting_tasks` there are in all."""
    return await session.scalar(_count().where(*_narrower(wish)), _values(person, wish, now)) or 0


def _narrower(wish: Wish) -> list[ColumnElement[bool]]:
    conditions = [*map(_has_tag, wish.tags), *map(_mentions, wish.words)]
    return conditions if wish.minutes is None else [*conditions, Task.minutes <= bindparam("minutes")]


def _values(person: Person, wish: Wish, now: datetime) -> dict[str, Any]:
    return {
        "person": person.id, "language": person.language, "interests": person.interests.split(), "minutes": wish.minutes,
        "now": now, "soon": now + _SOON,
    }  # fmt: skip


# Built once: building these statements costs more than running them over the tasks of most communities.


def _open_to_person() -> tuple[ColumnElement[bool], ...]:
    person, now = bindparam("person", type_=Id), bindparam("now", type_=Moment())
    seated = select(Claim.task_id).where(Claim.person_id == person, Claim.task_id == Task.id, Claim.state.in_(SEATED))
    return (
        _is_mine(person),
        Task.state == TaskState.OPEN,
        Task.deadline_at > now,
        or_(Task.starts_at.is_(None), Task.starts_at > now),
        Task.seats_taken < Task.seats,
        ~seated.exists(),
    )


@cache
def _count() -> Select[int]:
    return select(func.count()).select_from(Task).where(*_open_to_person())


@cache
def _ranked(*, by_interests: bool, by_minutes: bool) -> Select[Task]:
    """Best fit first."""
    closes_at = func.coalesce(Task.starts_at, Task.deadline_at)
    order: list[ColumnElement[Any]] = [case((Task.language == bindparam("language"), 0), else_=1)]
    if by_interests:
        order.append(case((_has_tag(bindparam("interests", expanding=True)), 0), else_=1))
    order.append(case((closes_at <= bindparam("soon", type_=Moment()), 0), else_=1))
    if by_minutes:
        order.append(Task.minutes.desc())
    return select(Task).where(*_open_to_person()).order_by(*order, closes_at.asc(), Task.id.asc())


def _has_tag(tag: str | BindParameter[Any]) -> ColumnElement[bool]:
    """A tag, or any of those that a parameter brings."""
    is_it = TaskTag.tag == tag if isinstance(tag, str) else TaskTag.tag.in_(tag)
    return exists().where(TaskTag.task_id == Task.id, is_it)


def _mentions(word: str) -> ColumnElement[bool]:
    return or_(
        Task.title.icontains(word, autoescape=True),
        Task.description.icontains(word, autoescape=True),
        Task.place.icontains(word, autoescape=True),
        _has_tag(word.lower()),
    )


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


def _is_mine(person_id: int | BindParameter[int]) -> ColumnElement[bool]:
    mine = select(Member.community_id).where(
        Member.person_id == person_id, Member.left_at.is_(None), Member.blocked_at.is_(None)
    )
    return Task.community_id.in_(mine)
