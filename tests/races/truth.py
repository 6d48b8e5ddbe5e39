"""What must hold of a database at every moment, whatever happened before."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.claims import OPEN, SEATED, Claim, ClaimState
from models.communities import Community, Member
from models.reports import Report, ReportState, credit
from models.tasks import Task, TaskState
from models.waitlist import Wait, WaitState


async def check_truth(session: AsyncSession) -> None:
    """Raises AssertionError where the database contradicts itself."""
    claims = (await session.scalars(select(Claim))).all()
    await _check_seats(session, [claim for claim in claims if claim.state in SEATED])
    await _check_lines(session, [claim for claim in claims if claim.state in SEATED])
    await _check_caps(session, [claim for claim in claims if claim.state in OPEN])
    await _check_reports(session, claims)
    for claim in claims:
        assert (claim.ended_at is None) == (claim.state in OPEN), (claim.id, claim.state)


async def _check_seats(session: AsyncSession, seated: list[Claim]) -> None:
    kept = await session.scalars(select(Wait.task_id).where(Wait.offer_until.is_not(None)))
    taken = Counter([*(claim.task_id for claim in seated), *kept])
    for task in await session.scalars(select(Task)):
        assert task.seats_taken == taken[task.id] <= task.seats, (task.id, task.seats_taken, taken[task.id], task.seats)
        if task.state is TaskState.DONE:
            approved = sum(claim.state is ClaimState.APPROVED for claim in seated if claim.task_id == task.id)
            assert approved == task.seats
    pairs = Counter((claim.person_id, claim.task_id) for claim in seated)
    assert set(pairs.values()) <= {1}, [pair for pair, n in pairs.items() if n > 1]


async def _check_lines(session: AsyncSession, seated: list[Claim]) -> None:
    """Who waits has no seat, and stands in a line once; a place that has ended keeps no seat."""
    holders = {(claim.task_id, claim.person_id) for claim in seated}
    waits = (await session.scalars(select(Wait))).all()
    for wait in waits:
        assert (wait.offer_until is not None) == (wait.state is WaitState.OFFERED), (wait.id, wait.state)
        assert (wait.ended_at is None) == (wait.state in {WaitState.WAITING, WaitState.OFFERED}), (wait.id, wait.state)
    in_line = Counter((wait.task_id, wait.person_id) for wait in waits if wait.ended_at is None)
    assert not holders & set(in_line)
    assert set(in_line.values()) <= {1}


async def _check_caps(session: AsyncSession, still_open: list[Claim]) -> None:
    held = Counter((claim.community_id, claim.person_id) for claim in still_open)
    for (community_id, person_id), n in held.items():
        community = await session.get_one(Community, community_id)
        member = await session.get_one(Member, (community_id, person_id))
        assert n <= (community.member_claims if member.trusted_at else community.newcomer_claims), (person_id, n)


async def _check_reports(session: AsyncSession, claims: Sequence[Claim]) -> None:
    reports = (await session.scalars(select(Report).order_by(Report.id))).all()
    of_claim: dict[int, list[ReportState]] = {}
    for report in reports:
        of_claim.setdefault(report.claim_id, []).append(report.state)
    fitting = {
        ClaimState.REPORTED: ReportState.WAITING,
        ClaimState.APPROVED: ReportState.APPROVED,
        ClaimState.REJECTED: ReportState.REJECTED,
    }
    for claim in claims:
        *earlier, latest = of_claim.get(claim.id, [None])
        assert set(earlier) <= {ReportState.SENT_BACK}, (claim.id, earlier)
        if claim.state in fitting:
            assert latest is fitting[claim.state], (claim.id, claim.state, latest)
        else:
            assert latest in {None, ReportState.SENT_BACK}, (claim.id, claim.state, latest)
    minutes: Counter[int] = Counter()
    for report in reports:
        minutes[report.person_id] += report.minutes if report.state is ReportState.APPROVED else 0
    for person_id, credited in minutes.items():
        assert (await credit(session, person_id))[0] == credited
