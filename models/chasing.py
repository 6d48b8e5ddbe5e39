"""Reports that wait too long for their review.

A community says within how many hours its moderators mean to look at a report (24 where it said nothing). When these have
passed, one moderator is reminded and the volunteer hears that it takes longer; after as much again the next moderator is;
after as much again the organizers are, and the weekly summary says so. Whose turn it is goes round with the reports' numbers,
in the order in which moderators joined, so that nobody is reminded of everything; nobody is reminded of their own report, and
one moderator of one community once a day at the most.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Moment, table
from models.communities import Community, staff
from models.notices import NoticeKind, plan
from models.people import Person, reachable
from models.reports import Report, ReportState
from models.roles import Role

REVIEWS_LATE, REVIEWS_VERY_LATE, REVIEW_LATE = "reviews_late", "reviews_very_late", "review_late"
"""The topics: about a community for its moderators and its organizers, about a report for the volunteer."""
STEPS = 3
_HELPS = timedelta(days=2)


class Waiting(NamedTuple):
    """A report whose next reminder is due."""

    id: int
    community_id: int
    person_id: int
    submitted_at: datetime
    state: ReportState
    reminders: int
    review_hours: int


async def chase(session: AsyncSession, now: datetime, limit: int) -> bool:
    """Remind of reports that have waited too long; whether there are more."""
    rows = await session.execute(
        select(
            Report.id,
            Report.community_id,
            Report.person_id,
            Report.submitted_at,
            Report.state,
            Report.reminders,
            Community.review_hours,
        )
        .join(Community, Community.id == Report.community_id)
        .where(Report.remind_at <= now)
        .order_by(Report.remind_at, Report.id)
        .limit(limit)
        .with_for_update(of=Report, skip_locked=True)
    )
    found = [Waiting._make(row) for row in rows]
    teams = {one: await _reviewers(session, one) for one in sorted({report.community_id for report in found})}
    waiting = [report for report in found if report.state is ReportState.WAITING]
    moved = [{"report": report.id, "at": _next(report, now) if report in waiting else None} for report in found]
    if moved:
        await (await session.connection()).execute(_MOVE_ON, moved)
    await plan(session, [notice for report in waiting for notice in _notices(report, teams[report.community_id], now)])
    return len(found) == limit


_MOVE_ON = (
    update(table(Report))
    .where(Report.id == bindparam("report"))
    .values(remind_at=bindparam("at", type_=Moment()), reminders=Report.reminders + 1)
)


class _Team(NamedTuple):
    """Those who can be reminded, in the order in which they joined."""

    moderators: list[int]
    organizers: list[int]


async def _reviewers(session: AsyncSession, community_id: int) -> _Team:
    moderators = [person.id for person in await staff(session, community_id)]
    organizers = [person.id for person in await staff(session, community_id, Role.ORGANIZER)]
    can_be_told = {to.person.id for to in await reachable(session, moderators)}
    return _Team([one for one in moderators if one in can_be_told], [one for one in organizers if one in can_be_told])


def _next(report: Waiting, now: datetime) -> datetime | None:
    """After each step as much time again; where we were away, at least half of it."""
    step = report.reminders + 1
    hours = timedelta(hours=report.review_hours)
    return max(report.submitted_at + hours * (step + 1), now + hours / 2) if step < STEPS else None


def _notices(report: Waiting, team: _Team, now: datetime) -> list[dict[str, Any]]:
    step = report.reminders + 1
    others = [one for one in team.moderators if one != report.person_id]
    if step == STEPS:
        people, topic = [one for one in team.organizers if one != report.person_id], REVIEWS_VERY_LATE
    else:
        people, topic = ([others[(report.id + step) % len(others)]] if others else []), REVIEWS_LATE
    same = {"community_id": report.community_id, "due_at": now, "useless_at": now + _HELPS}
    to_team = {"kind": NoticeKind.TEAM, "topic": topic, "about": report.community_id}
    notices = [
        same | to_team | {"person_id": one, "key": f"{topic}:{report.community_id}:{one}:{now:%Y%m%d}"} for one in people
    ]
    if step == 1:
        to_volunteer = {"kind": NoticeKind.CLAIM, "topic": REVIEW_LATE, "about": report.id}
        notices.append(same | to_volunteer | {"person_id": report.person_id, "key": f"{REVIEW_LATE}:{report.id}"})
    return notices


async def late_reports(
    session: AsyncSession, community_id: int, now: datetime, *, steps: int = 1, but: int | None = None
) -> tuple[int, datetime | None]:
    """How many reports of a community have waited for so many times its review time (3 times 24 hours for the summary), and
    since when the oldest has; `but` is one person whose reports are not counted."""
    community = await session.get_one(Community, community_id)
    before = now - steps * timedelta(hours=community.review_hours)
    late = (
        Report.community_id == community_id,
        Report.state == ReportState.WAITING,
        Report.submitted_at <= before,
        Report.person_id.is_distinct_from(but),
    )
    n, oldest = (await session.execute(select(func.count(), func.min(Report.submitted_at)).where(*late))).one()
    return int(n), oldest


async def very_late(session: AsyncSession, community_id: int, now: datetime) -> Sequence[tuple[Report, Person]]:
    """The reports behind that figure of the summary, with whose they are, the oldest first."""
    community = await session.get_one(Community, community_id)
    before = now - STEPS * timedelta(hours=community.review_hours)
    rows = await session.execute(
        select(Report, Person)
        .join(Person, Person.id == Report.person_id)
        .where(Report.community_id == community_id, Report.state == ReportState.WAITING, Report.submitted_at <= before)
        .order_by(Report.submitted_at, Report.id)
    )
    return [(report, person) for report, person in rows]
