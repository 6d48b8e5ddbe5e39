"""The figures by loading the rows of five weeks into objects, and counting those."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.claims import Claim, ClaimState
from models.communities import Community, Member
from models.figures import Figure
from models.reports import Report, ReportState
from models.tasks import Task, TaskState, TaskTag
from models.thanks import Thanks
from models.weeks import Week


async def figures_by_orm(
    session: AsyncSession, community: Community, week: Week, now: datetime
) -> list[dict[str, int | None]]:
    """Of the week, and of the four weeks before it."""
    weeks = [week, *(week.earlier(back) for back in range(1, 5))]
    since, until = weeks[-1].begins_at, max(week.ends_at, now)
    claims = list(
        await session.scalars(
            select(Claim).where(
                Claim.community_id == community.id,
                or_(Claim.claimed_at.between(since, until), Claim.ended_at.between(since, until)),
            )
        )
    )
    reports = list(
        await session.scalars(
            select(Report).where(Report.community_id == community.id, Report.decided_at.between(since, until))
        )
    )
    thanks = list(
        await session.scalars(select(Thanks).where(Thanks.community_id == community.id, Thanks.given_at.between(since, until)))
    )
    members = list(await session.scalars(select(Member).where(Member.community_id == community.id)))
    tasks = await _tasks(session, community.id, since, until)
    by_person: dict[int, list[datetime]] = {}
    for claim in claims:
        by_person.setdefault(claim.person_id, []).append(claim.claimed_at)
    await _stand(session, community, now, members)
    await _tags(session, [report for report in reports if report.decided_at and report.decided_at >= week.begins_at])
    return [_count(one, now, claims, reports, members, tasks, by_person, thanks) for one in weeks]


async def _stand(session: AsyncSession, community: Community, now: datetime, members: list[Member]) -> list[int]:
    """How things stand."""
    tasks = await session.scalars(
        select(Task).where(Task.community_id == community.id, Task.state == TaskState.OPEN, Task.deadline_at > now)
    )
    free = [task for task in tasks if task.seats_left and (task.starts_at or task.deadline_at) > now]
    waiting = list(
        await session.scalars(select(Report).where(Report.community_id == community.id, Report.state == ReportState.WAITING))
    )
    wanted = [one.person_id for one in members if one.asked_at is None and one.is_active and one.trusted_at is None]
    unasked, seated = set(wanted), set[int]()
    for start in range(0, len(wanted), 10_000):
        found = select(Claim).where(Claim.community_id == community.id, Claim.person_id.in_(wanted[start : start + 10_000]))
        seated |= {claim.person_id for claim in await session.scalars(found)}
    old, late = now - timedelta(days=14), now - timedelta(hours=24)
    return [
        len(free),
        sum((task.starts_at or task.deadline_at) <= now + timedelta(hours=48) for task in free),
        len(waiting),
        sum(report.submitted_at <= late for report in waiting),
        sum(one.person_id in unasked and one.person_id not in seated and one.joined_at <= old for one in members),
    ]


async def _tags(session: AsyncSession, reports: list[Report]) -> tuple[dict[str, int], int]:
    """Minutes by tag, and how many people gave."""
    minutes: dict[str, int] = {}
    approved = [report for report in reports if report.state is ReportState.APPROVED]
    by_task: dict[int, int] = {}
    for report in approved:
        by_task[report.task_id] = by_task.get(report.task_id, 0) + report.minutes
    numbers = sorted(by_task)
    for start in range(0, len(numbers), 10_000):
        for one in await session.scalars(select(TaskTag).where(TaskTag.task_id.in_(numbers[start : start + 10_000]))):
            minutes[one.tag] = minutes.get(one.tag, 0) + by_task[one.task_id]
    return minutes, len({report.person_id for report in approved})


def _is_quick(member: Member, claimed: Iterable[datetime]) -> bool:
    return any(moment >= member.joined_at and _minutes(member.joined_at, moment) < 24 * 60 for moment in claimed)


async def _tasks(session: AsyncSession, community_id: int, since: datetime, until: datetime) -> list[Task]:
    """Those that reached their deadline, and those of which a seat was taken for the first time."""
    is_of_these_weeks = or_(Task.deadline_at.between(since, until), Task.first_taken_at.between(since, until))
    return list(await session.scalars(select(Task).where(Task.community_id == community_id, is_of_these_weeks)))


def _count(
    week: Week,
    now: datetime,
    claims: list[Claim],
    reports: list[Report],
    members: list[Member],
    tasks: list[Task],
    by_person: dict[int, list[datetime]],
    thanks: list[Thanks],
) -> dict[str, int | None]:
    begins_at, ends_at = week.begins_at, week.ends_at

    def within(moment: datetime | None) -> bool:
        return moment is not None and begins_at <= moment < ends_at and moment <= now

    ended = [claim.state for claim in claims if within(claim.ended_at)]
    taken = [claim for claim in claims if within(claim.claimed_at)]
    decided = [report for report in reports if within(report.decided_at)]
    approved = [report for report in decided if report.state is ReportState.APPROVED]
    due = [task for task in tasks if within(task.deadline_at) and task.state is not TaskState.CANCELLED]
    first = [task for task in tasks if within(task.first_taken_at)]
    joined = [member for member in members if within(member.joined_at)]
    return {
        Figure.TAKEN: len(taken),
        Figure.COMPLETED: len(approved),
        "minutes": sum(report.minutes for report in approved),
        Figure.RELEASED: ended.count(ClaimState.RELEASED),
        Figure.EXPIRED: ended.count(ClaimState.EXPIRED),
        Figure.NO_SHOW: ended.count(ClaimState.NO_SHOW),
        Figure.DUE: len(due),
        "seats taken": sum(task.seats_taken for task in due),
        "seats": sum(task.seats for task in due),
        Figure.JOINED: len(joined),
        Figure.THANKS: sum(within(one.given_at) and one.giver_id != one.receiver_id for one in thanks),
        Figure.QUICK: sum(_is_quick(member, by_person.get(member.person_id, ())) for member in joined),
        Figure.FIRST_TAKEN: len(first),
        "to claim": _middle(_minutes(task.created_at, task.first_taken_at) for task in first),
        Figure.REVIEWED: len(decided),
        "to review": _middle(_minutes(report.submitted_at, report.decided_at) for report in decided),
    }


def _minutes(since: datetime, until: Any) -> int:
    return int((until - since) // timedelta(minutes=1))


def _middle(numbers: Iterable[int]) -> int | None:
    known = list(numbers)
    return int(median(known) + 0.5) if known else None
