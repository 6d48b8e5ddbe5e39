"""Who is asked: people to whom a task is offered without their having looked for one.

Two occasions. A seat of something that is done at a place comes free less than a day before, and nobody is in line: some of
those whom it fits are asked at once, each of them once about that task. And whoever was offered nothing for two weeks, and
took nothing on their own, is found by time and offered what fits.

Fit: an active member with whom nothing stands in the way of the seat (language, the community's cap, a seat they have or gave
back), who wants to hear of tasks, can be written to, and whose budget has room. Among them those with the task's tags among
their interests come first, then whoever was asked least recently.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, String, and_, bindparam, case, cast, exists, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Moment, table
from models.claims import SEATED, Claim, under_way
from models.communities import OFFERED_WITHIN, Community, Member
from models.notices import Notice, NoticeKind, has_room, plan
from models.people import Account, Person
from models.tasks import Task, TaskState, tags_of
from models.waitlist import Wait

SEAT_FREE, SOMETHING_FITS = "seat_free", "something_fits"
"""The topics: about a task, and about a community."""
LATE = timedelta(hours=24)
"""A seat that comes free so shortly before is not found by itself."""
_TOO_LATE = timedelta(minutes=30)
_ASKED_PER_SEAT = 5
_OFFER_HELPS = timedelta(days=3)
_LOOK_AGAIN = timedelta(days=1)
"""Where nothing fits, or they want to hear nothing now."""
_LONGEST_PEACE = timedelta(weeks=16)
"""For whoever lets offers pass again and again."""


# A seat that has come free late


async def ask_for_late_seats(session: AsyncSession, task_ids: Iterable[int], now: datetime) -> None:
    """Ask some of those who fit, where seats of these tasks have come free shortly before they begin or end."""
    begins = func.coalesce(Task.starts_at, Task.deadline_at)
    tasks = await session.scalars(
        select(Task)
        .where(
            Task.id.in_(list(task_ids)),
            or_(Task.starts_at.is_not(None), Task.place != ""),
            Task.state == TaskState.OPEN,
            Task.seats_taken < Task.seats,
            begins > now + _TOO_LATE,
            begins < now + LATE,
        )
        .order_by(Task.id)
        .execution_options(populate_existing=True)
    )
    for task in tasks.all():
        await _ask(session, task, now)


async def _ask(session: AsyncSession, task: Task, now: datetime) -> None:
    people = list(await session.scalars(_who_fits(task, await tags_of(session, task.id), now)))
    if not people:
        return
    members = table(Member)
    await session.execute(
        update(members)
        .where(members.c.community_id == task.community_id, members.c.person_id.in_(people))
        .values(asked_at=now, look_at=now + OFFERED_WITHIN)
    )
    same = {
        "community_id": task.community_id,
        "kind": NoticeKind.OFFER,
        "topic": SEAT_FREE,
        "about": task.id,
        "due_at": now,
        "useless_at": (task.starts_at or task.deadline_at) - _TOO_LATE,
    }
    await plan(session, [same | {"person_id": one, "key": f"{SEAT_FREE}:{task.id}:{one}"} for one in people])


def _who_fits(task: Task, tags: Sequence[str], now: datetime) -> Any:
    was_asked = exists().where(Notice.key == literal(f"{SEAT_FREE}:{task.id}:") + cast(Person.id, String))
    waits = exists().where(Wait.person_id == Person.id, Wait.task_id == task.id, Wait.ended_at.is_(None))
    shares = or_(*(_interests().contains(f" {tag} ", autoescape=True) for tag in tags)) if tags else literal(False)
    return (
        select(Member.person_id)
        .join(Person, Person.id == Member.person_id)
        .join(Community, Community.id == Member.community_id)
        .where(
            Member.community_id == task.community_id,
            Person.language == task.language,
            _could_be_asked(now),
            ~exists().where(Claim.person_id == Member.person_id, Claim.task_id == task.id),
            ~was_asked,
            ~waits,
        )
        .order_by(case((shares, 0), else_=1), func.coalesce(Member.asked_at, Member.joined_at), Member.person_id)
        .limit(_ASKED_PER_SEAT * task.seats_left)
    )


def _could_be_asked(now: datetime) -> ColumnElement[bool]:
    """Over `Member`, `Person` and `Community`: whether somebody may be offered a task, and could take it."""
    limit = case((Member.trusted_at.is_(None), Community.newcomer_claims), else_=Community.member_claims)
    return and_(
        Member.left_at.is_(None),
        Member.blocked_at.is_(None),
        or_(Community.rules == "", Member.accepted_rules_at.is_not(None)),
        under_way(Member.person_id.expression, Member.community_id.expression) < limit,
        Person.stopped_at.is_(None),
        ~(literal(" ") + Person.muted + " ").contains(f" {NoticeKind.OFFER.value} "),
        exists().where(Account.person_id == Member.person_id, Account.private_chat.is_not(None)),
        has_room(now),
    )


def _interests() -> ColumnElement[str]:
    return literal(" ") + Person.interests + " "


# Whoever was never offered anything


class Unasked(NamedTuple):
    """A member at whom it is time to look."""

    community_id: int
    person_id: int
    asked_at: datetime
    """When they were last offered something, or joined."""
    claimed_at: datetime | None
    """When they last took a seat, anywhere."""
    fits: bool
    """There is something for them, and they may be told."""


async def find_unasked(session: AsyncSession, now: datetime, limit: int) -> bool:
    """Offer something to members who were offered nothing for long, the longest first; whether there are more to look at."""
    if await session.scalar(_ANYBODY, {"now": now}) is None:
        return False
    rows = await session.execute(_to_look_at(now, limit), {"now": now})
    found = [Unasked._make(row) for row in rows]
    offered = [one for one in found if _look_at(one, now) is None and one.fits]
    await plan(session, [_offer(one, now) for one in offered])
    moved = [
        {"community": one.community_id, "person": one.person_id, "at": _look_at(one, now) or now + _pause(one)}
        for one in found
    ]
    if moved:
        await (await session.connection()).execute(_LOOK_AT, moved)
    return len(found) == limit


def _look_at(one: Unasked, now: datetime) -> datetime | None:
    """When to look at them next, where they need nothing now: they were offered something, or found something themselves."""
    latest = max(one.asked_at, one.claimed_at or one.asked_at) + OFFERED_WITHIN
    return latest if latest > now else None


def _pause(one: Unasked) -> timedelta:
    return _OFFER_HELPS if one.fits else _LOOK_AGAIN


_MEMBERS = table(Member)
_IS_TIME = (Member.left_at.is_(None), Member.blocked_at.is_(None), Member.look_at <= bindparam("now", type_=Moment()))
_ANYBODY = select(Member.person_id).where(*_IS_TIME).limit(1)
"""Built once: mostly there is nobody, and building the whole question costs more than asking this one."""
_LOOK_AT = (
    update(_MEMBERS)
    .where(_MEMBERS.c.community_id == bindparam("community"), _MEMBERS.c.person_id == bindparam("person"))
    .values(look_at=bindparam("at", type_=Moment()))
)


def _to_look_at(now: datetime, limit: int) -> Any:
    claimed_at = (
        select(func.max(Claim.claimed_at)).where(Claim.person_id == Member.person_id).correlate(Member).scalar_subquery()
    )
    closes_at = func.coalesce(Task.starts_at, Task.deadline_at)
    something = exists().where(
        Task.community_id == Member.community_id,
        Task.state == TaskState.OPEN,
        Task.deadline_at > now,
        closes_at > now + _TOO_LATE,
        Task.seats_taken < Task.seats,
        Task.language == Person.language,
        ~exists().where(Claim.person_id == Member.person_id, Claim.task_id == Task.id, Claim.state.in_(SEATED)),
    )
    return (
        select(
            Member.community_id,
            Member.person_id,
            func.coalesce(Member.asked_at, Member.joined_at, type_=Moment()),
            claimed_at,
            and_(_could_be_asked(now), something),
        )
        .join(Person, Person.id == Member.person_id)
        .join(Community, Community.id == Member.community_id)
        .where(*_IS_TIME)
        .order_by(Member.look_at)
        .limit(limit)
        .with_for_update(of=Member, skip_locked=True, key_share=True)
    )


def _offer(one: Unasked, now: datetime) -> dict[str, object]:
    return {
        "key": f"{SOMETHING_FITS}:{one.community_id}:{one.person_id}:{now:%Y%m%d}",
        "person_id": one.person_id,
        "community_id": one.community_id,
        "kind": NoticeKind.OFFER,
        "topic": SOMETHING_FITS,
        "about": one.community_id,
        "due_at": now,
        "useless_at": now + _OFFER_HELPS,
    }


_ASKED_BEFORE = select(
    Member.community_id,
    Member.asked_at,
    select(func.max(Claim.claimed_at)).where(Claim.person_id == bindparam("person")).scalar_subquery(),
).where(Member.person_id == bindparam("person"))
_NOTE_OFFERED = (
    update(_MEMBERS)
    .where(_MEMBERS.c.community_id == bindparam("community"), _MEMBERS.c.person_id == bindparam("person"))
    .values(asked_at=bindparam("now", type_=Moment()), look_at=bindparam("at", type_=Moment()))
)


async def note_offered(session: AsyncSession, person_id: int, now: datetime) -> None:
    """Somebody is being offered what fits best in all of their communities. Whoever lets offers pass is left in peace twice as
    long each time."""
    rows = await session.execute(_ASKED_BEFORE, {"person": person_id})
    same = {"person": person_id, "now": now}
    offered = [
        same | {"community": community_id, "at": now + _peace(asked_at, claimed_at, now)}
        for community_id, asked_at, claimed_at in rows
    ]
    await (await session.connection()).execute(_NOTE_OFFERED, offered)


def _peace(asked_at: datetime | None, claimed_at: datetime | None, now: datetime) -> timedelta:
    """For how long somebody is offered nothing more, who was offered something before, and took a seat then or not."""
    if asked_at is None or (claimed_at is not None and claimed_at > asked_at):
        return OFFERED_WITHIN
    return min(max(2 * (now - asked_at), OFFERED_WITHIN), _LONGEST_PEACE)
