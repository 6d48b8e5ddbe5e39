"""Reports: what volunteers hand in, and what moderators decide about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple, NoReturn

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, partial_index
from models.cards import mark_cards_stale
from models.claims import Claim, ClaimState
from models.communities import Community, Member
from models.holding import held
from models.people import Person
from models.refusals import AlreadyDecided, AlreadyHandedIn, NoClaim, NotAllowed, NotFound, OwnReport
from models.releasing import free_seats
from models.roles import Role
from models.tasks import Task, TaskState, hold_end, set_state

TIME_TO_MEND = timedelta(hours=24)
"""How long a seat is held at least, when its report was sent back: the deadline may have passed by then."""


class ReportState(StrEnum):
    WAITING = "waiting"
    APPROVED = "approved"
    SENT_BACK = "sent_back"
    REJECTED = "rejected"


class Report(Base):
    """What a volunteer handed in for a claim; sent back and handed in again, a claim has several."""

    __tablename__ = "reports"
    __table_args__ = (
        CheckConstraint("minutes >= 0", name="minutes"),
        partial_index("uq_reports_waiting", "claim_id", where="state = 'waiting'", unique=True),
        Index(None, "community_id", "state", "submitted_at"),
        partial_index(
            "ix_reports_decided",
            "community_id",
            "state",
            "decided_at",
            "submitted_at",
            "minutes",
            where="decided_at IS NOT NULL",
        ),
        Index(None, "person_id", "state"),
        Index(None, "picture"),
        partial_index("ix_reports_late", "remind_at", where="remind_at IS NOT NULL"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    claim_id: Mapped[int] = mapped_column(Id, ForeignKey("claims.id"))
    task_id: Mapped[int] = mapped_column(Id, ForeignKey("tasks.id"))
    person_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"))
    community_id: Mapped[int] = mapped_column(Id, ForeignKey("communities.id"))
    minutes: Mapped[int]
    """What the volunteer says the work took; credited when approved."""
    note: Mapped[str] = mapped_column(String(1500), default="")
    link: Mapped[str] = mapped_column(String(500), default="")
    picture: Mapped[str | None] = mapped_column(ForeignKey("pictures.id"))
    state: Mapped[ReportState] = mapped_column(default=ReportState.WAITING)
    submitted_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(Id, ForeignKey("people.id"))
    word: Mapped[str] = mapped_column(String(500), default="")
    """What the reviewer said with the decision."""
    remind_at: Mapped[datetime | None]
    """When the team is reminded of it next; None: it was decided, or everybody has been (models/chasing.py)."""
    reminders: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often the team was reminded of it."""


@dataclass(frozen=True)
class Work:
    """What a volunteer hands in."""

    minutes: int
    note: str = ""
    link: str = ""
    picture: str | None = None


class Reviewed(NamedTuple):
    """A report with what belongs to it."""

    report: Report
    task: Task
    volunteer: Person
    community: Community


async def hand_in(session: AsyncSession, person_id: int, task_id: int, work: Work, now: datetime) -> Report:
    """Turn a held claim into a report that waits for its review. Raises NoClaim or AlreadyHandedIn."""
    task = await session.get(Task, task_id)
    if task is None:
        raise NotFound("task", str(task_id))
    moved = await session.scalar(
        update(Claim)
        .where(Claim.task_id == task_id, Claim.person_id == person_id, Claim.state == ClaimState.HELD)
        .values(state=ClaimState.REPORTED)
        .returning(Claim.id)
    )
    if moved is None:
        await _explain_missing_claim(session, person_id, task)
    community = await session.get_one(Community, task.community_id)
    report = Report(
        claim_id=moved,
        task_id=task_id,
        person_id=person_id,
        community_id=task.community_id,
        minutes=work.minutes,
        note=work.note,
        link=work.link,
        picture=work.picture,
        submitted_at=now,
        remind_at=now + timedelta(hours=community.review_hours),
    )
    session.add(report)
    await session.flush()
    return report


async def _explain_missing_claim(session: AsyncSession, person_id: int, task: Task) -> NoReturn:
    handed_in = await session.scalar(
        select(Claim.id).where(
            Claim.task_id == task.id,
            Claim.person_id == person_id,
            Claim.state.in_((ClaimState.REPORTED, ClaimState.APPROVED)),
        )
    )
    raise AlreadyHandedIn(task.id, task.title) if handed_in else NoClaim(task.id, task.title)


_REVIEWED = (  # built once: building a statement costs more than running it
    select(Report, Task, Person, Community)
    .join(Task, Task.id == Report.task_id)
    .join(Person, Person.id == Report.person_id)
    .join(Community, Community.id == Report.community_id)
)
_REPORT = _REVIEWED.where(Report.id == bindparam("report"))


async def get_report(session: AsyncSession, report_id: int) -> Reviewed:
    """A report with its task, volunteer and community. Raises NotFound."""
    row = (await session.execute(_REPORT, {"report": report_id})).first()
    if row is None:
        raise NotFound("report", str(report_id))
    return Reviewed._make(row)


_MINE = select(Member.community_id).where(
    Member.person_id == bindparam("reviewer"),
    Member.role >= Role.MODERATOR,
    Member.left_at.is_(None),
    Member.blocked_at.is_(None),
)
_WAITING = (
    or_(Report.community_id.in_(_MINE.scalar_subquery()), Report.community_id == bindparam("stands_in", type_=Id)),
    Report.state == ReportState.WAITING,
    Report.person_id != bindparam("reviewer"),
)
_COUNT_WAITING = select(func.count()).select_from(Report).where(*_WAITING)
_OLDEST_WAITING = _REVIEWED.where(*_WAITING).order_by(Report.submitted_at, Report.id)


async def waiting_reports(
    session: AsyncSession, reviewer_id: int, limit: int, after: int = 0, *, stands_in: int | None = None
) -> tuple[Sequence[Reviewed], int]:
    """The oldest reports that this person may decide about, and how many there are in all. `stands_in` is a community where
    they may besides those that they moderate."""
    values = {"reviewer": reviewer_id, "stands_in": stands_in}
    total = await session.scalar(_COUNT_WAITING, values) or 0
    rows = (await session.execute(_OLDEST_WAITING.offset(after).limit(limit), values)).all() if total else []
    return [Reviewed._make(row) for row in rows], total


async def decide(
    session: AsyncSession,
    reviewed: Reviewed,
    reviewer: Person,
    decision: ReportState,
    word: str,
    *,
    now: datetime,
    stands_in: int | None = None,
) -> None:
    """Approve, send back or reject a report; the first decision wins. `stands_in` as for `waiting_reports`.

    Raises NotAllowed, OwnReport, or AlreadyDecided with whose decision it was.
    """
    report = reviewed.report
    await check_reviewer(session, report, reviewer, stands_in=stands_in)
    # The task first, then the rest: the same order of locks as everywhere.
    await session.execute(select(Task.id).where(Task.id == report.task_id).with_for_update())
    decided = await session.scalar(
        update(Report)
        .where(Report.id == report.id, Report.state == ReportState.WAITING)
        .values(state=decision, decided_at=now, decided_by=reviewer.id, word=word, remind_at=None)
        .returning(Report.person_id)
    )
    if decided is None:
        await _explain_decided(session, report.id)
    if decision is ReportState.APPROVED:
        await _approve(session, report, decided, now)
    elif decision is ReportState.REJECTED:
        await _set_claim(session, report.claim_id, ClaimState.REJECTED, ended_at=now)
        await free_seats(session, [report.task_id], now)
    else:
        hold_until = max(hold_end(reviewed.task, now), now + TIME_TO_MEND)
        await _set_claim(session, report.claim_id, ClaimState.HELD, **held(reviewed.task, now, hold_until))


async def check_reviewer(session: AsyncSession, report: Report, reviewer: Person, *, stands_in: int | None = None) -> None:
    """Raises NotAllowed or OwnReport where this person may not decide about the report."""
    standing = await session.get(Member, (report.community_id, reviewer.id))
    is_moderator = standing is not None and (standing.role >= Role.MODERATOR or report.community_id == stands_in)
    if standing is None or not standing.is_active or not is_moderator:
        raise NotAllowed(Role.MODERATOR)
    if report.person_id == reviewer.id:
        raise OwnReport


async def _explain_decided(session: AsyncSession, report_id: int) -> NoReturn:
    by, state = (
        await session.execute(
            select(Person.name, Report.state).join(Person, Person.id == Report.decided_by).where(Report.id == report_id)
        )
    ).one()
    raise AlreadyDecided(by, state)


async def _set_claim(session: AsyncSession, claim_id: int, state: ClaimState, **values: Any) -> None:
    await session.execute(update(Claim).where(Claim.id == claim_id).values(state=state, **values))


async def _trust(session: AsyncSession, community_id: int, person_id: int, now: datetime) -> None:
    """With the first approved report a member is no newcomer any more."""
    await session.execute(
        update(Member)
        .where(Member.community_id == community_id, Member.person_id == person_id, Member.trusted_at.is_(None))
        .values(trusted_at=now)
    )


async def _approve(session: AsyncSession, report: Report, person_id: int, now: datetime) -> None:
    """`person_id` is whose report it is by now: accounts may have been linked since it was read."""
    await _set_claim(session, report.claim_id, ClaimState.APPROVED, ended_at=now)
    await _trust(session, report.community_id, person_id, now)
    await finish_if_complete(session, report.task_id, now)


async def finish_if_complete(session: AsyncSession, task_id: int, now: datetime) -> None:
    """A task whose seats all ended in approved reports is done. The caller has locked it."""
    approved = select(func.count()).select_from(Claim).where(Claim.task_id == task_id, Claim.state == ClaimState.APPROVED)
    has_open_seats = select(Task.id).where(Task.id == task_id, Task.seats > approved.scalar_subquery())
    if await session.scalar(has_open_seats) is not None:
        return
    if await set_state(session, task_id, TaskState.DONE, was=(TaskState.OPEN, TaskState.PAUSED)):
        await mark_cards_stale(session, [task_id], now)


async def count_waiting(session: AsyncSession, community_id: int) -> int:
    """How many reports of a community wait for their review."""
    waiting = select(func.count()).select_from(Report)
    return (await session.scalar(waiting.where(Report.community_id == community_id, Report.state == ReportState.WAITING))) or 0


async def credit(session: AsyncSession, person_id: int, community_id: int | None = None) -> tuple[int, int]:
    """How many minutes a person has given, to one community or to all, and in how many approved reports."""
    given = select(func.coalesce(func.sum(Report.minutes), 0), func.count()).where(
        Report.person_id == person_id, Report.state == ReportState.APPROVED
    )
    if community_id is not None:
        given = given.where(Report.community_id == community_id)
    row = (await session.execute(given)).one()
    return int(row[0]), int(row[1])


async def credit_work_under_way(session: AsyncSession, task: Task, claim: Claim, minutes: int, by: int, now: datetime) -> bool:
    """Credit a held seat when its task is called off: an approved report without a review. Whether it was still held."""
    moved = await session.scalar(
        update(Claim)
        .where(Claim.id == claim.id, Claim.state == ClaimState.HELD)
        .values(state=ClaimState.APPROVED, ended_at=now)
        .returning(Claim.id)
    )
    if moved is None:
        return False
    session.add(
        Report(
            claim_id=claim.id,
            task_id=task.id,
            person_id=claim.person_id,
            community_id=task.community_id,
            minutes=minutes,
            state=ReportState.APPROVED,
            submitted_at=now,
            decided_at=now,
            decided_by=by,
        )
    )
    await session.flush()
    await _trust(session, task.community_id, claim.person_id, now)
    return True
