"""A year of one enormous community: a million claims, with the tasks, reports and people behind them."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Table
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from models.base import table
from models.claims import Claim, ClaimState
from models.communities import Community, Member
from models.people import Person
from models.reports import Report, ReportState
from models.roles import Role
from models.tasks import Proof, Task, TaskState, TaskTag
from models.thanks import Thanks

END = datetime(2026, 11, 28, 12, tzinfo=UTC)
YEAR = timedelta(days=364)
COMMUNITY = 1
_PER_TASK = 2.5
_TAGS = ("food", "letters", "city", "trees", "elders", "school")
_ENDINGS = (
    [ClaimState.APPROVED] * 75 + [ClaimState.RELEASED] * 8 + [ClaimState.EXPIRED] * 8 + [ClaimState.NO_SHOW] * 2
    + [ClaimState.REJECTED] * 4 + [ClaimState.REPORTED] * 3
)  # fmt: skip
_HOUR = timedelta(hours=1)

Rows = tuple[Table, list[dict[str, Any]]]


def history(claims: int) -> Iterator[Rows]:
    """The rows, a portion at a time, in an order in which they can be inserted."""
    chance = random.Random(7)
    people, tasks = max(20, claims // 20), int(claims / _PER_TASK)
    yield _filled(Community, [_community()])
    yield _filled(Person, [_person(number) for number in range(1, people + 1)])
    numbers = {"claim": 0, "report": 0}
    trusted: dict[int, datetime] = {}
    for start in range(1, tasks + 1, 20_000):
        batch = [_lived(number, tasks, people, chance, numbers) for number in range(start, min(start + 20_000, tasks + 1))]
        yield _filled(Task, [one["task"] for one in batch])
        yield _filled(TaskTag, [{"task_id": one["task"]["id"], "tag": chance.choice(_TAGS)} for one in batch])
        yield _filled(Claim, [claim for one in batch for claim in one["claims"]])
        yield _filled(Report, [report for one in batch for report in one["reports"]])
        for claim in (claim for one in batch for claim in one["claims"] if claim["state"] is ClaimState.APPROVED):
            trusted.setdefault(claim["person_id"], claim["ended_at"])
        yield _filled(Thanks, [_thanks(one["claims"]) for one in batch])
    yield _filled(Member, [_member(number, people, trusted.get(number)) for number in range(1, people + 1)])


def _filled(model: Any, rows: Sequence[dict[str, Any]]) -> Rows:
    """With the defaults of the columns that a row does not name."""
    columns = table(model)
    defaults = {
        column.name: column.default.arg
        for column in columns.columns
        if isinstance(column.default, ScalarElementColumnDefault) and column.name not in rows[0]
    }
    return columns, [defaults | row for row in rows]


def _community() -> dict[str, Any]:
    return {
        "id": COMMUNITY, "code": "enormous", "name": "Warmth", "language": "ar", "timezone": "Africa/Cairo",
        "first_weekday": 5, "created_at": END - YEAR,
    }  # fmt: skip


def _person(number: int) -> dict[str, Any]:
    return {"id": number, "name": f"Nour {number}", "language": "ar", "created_at": END - YEAR}


def _member(number: int, people: int, trusted_at: datetime | None) -> dict[str, Any]:
    """One after the other, all through the year; every second one is offered something two days later."""
    joined_at = END - YEAR * (1 - number / people)
    return {
        "community_id": COMMUNITY, "person_id": number, "role": Role.VOLUNTEER, "joined_at": joined_at,
        "asked_at": joined_at + 48 * _HOUR if number % 2 else None,
        "accepted_rules_at": None, "trusted_at": trusted_at, "blocked_at": None, "left_at": None,
    }  # fmt: skip


def _lived(number: int, tasks: int, people: int, chance: random.Random, numbers: dict[str, int]) -> dict[str, Any]:
    """A task with what became of it."""
    made_at = END - YEAR + YEAR * ((number - 1) / tasks)
    deadline_at = made_at + chance.uniform(12, 96) * _HOUR
    claims: list[dict[str, Any]] = []
    reports: list[dict[str, Any]] = []
    here = max(20, int(people * number / tasks))
    for person in chance.sample(range(1, here + 1), chance.choice((2, 3))):
        claim = _claim(number, person, made_at, deadline_at, chance, numbers)
        claims.append(claim)
        if claim["state"] in {ClaimState.APPROVED, ClaimState.REJECTED, ClaimState.REPORTED}:
            reports.append(_report(claim, chance, numbers))
    taken = sum(claim["state"] in {ClaimState.APPROVED, ClaimState.REPORTED, ClaimState.HELD} for claim in claims)
    is_over = deadline_at <= END
    task = {
        "id": number, "community_id": COMMUNITY, "title": f"Task {number}", "language": "ar", "minutes": 15, "seats": 3,
        "seats_taken": taken, "deadline_at": deadline_at, "proof": Proof.NONE, "hold_minutes": 600, "starts_at": None,
        "state": TaskState.DONE if is_over and taken == 3 else TaskState.OPEN, "author_id": 1, "created_at": made_at,
        "first_taken_at": claims[0]["claimed_at"],
    }  # fmt: skip
    return {"task": task, "claims": claims, "reports": reports}


def _claim(
    task: int, person: int, made_at: datetime, deadline_at: datetime, chance: random.Random, numbers: dict[str, int]
) -> dict[str, Any]:
    numbers["claim"] += 1
    claimed_at = made_at + (deadline_at - made_at) * chance.random() ** 2
    ended_at = claimed_at + chance.uniform(0.5, 60) * _HOUR
    state = chance.choice(_ENDINGS)
    claimed_at = min(claimed_at, END)
    if ended_at > END:
        state = ClaimState.HELD
    is_open = state in {ClaimState.HELD, ClaimState.REPORTED}
    return {
        "id": numbers["claim"], "task_id": task, "person_id": person, "community_id": COMMUNITY, "state": state,
        "claimed_at": claimed_at, "hold_until": deadline_at, "counted_from": claimed_at, "next_at": deadline_at,
        "ended_at": None if is_open else ended_at, "reason": "",
    }  # fmt: skip


def _thanks(claims: list[dict[str, Any]]) -> dict[str, Any]:
    """Of two who took seats of a task, one thanks the other."""
    first, second = claims[:2]
    return {
        "giver_id": second["person_id"], "receiver_id": first["person_id"], "community_id": COMMUNITY, "task_id": None,
        "given_at": second["claimed_at"],
    }  # fmt: skip


def _report(claim: dict[str, Any], chance: random.Random, numbers: dict[str, int]) -> dict[str, Any]:
    numbers["report"] += 1
    ended_at = claim["ended_at"]
    until = ended_at or END
    submitted_at = claim["claimed_at"] + (until - claim["claimed_at"]) * chance.uniform(0.2, 0.9)
    states = {ClaimState.APPROVED: ReportState.APPROVED, ClaimState.REJECTED: ReportState.REJECTED}
    return {
        "id": numbers["report"], "claim_id": claim["id"], "task_id": claim["task_id"], "person_id": claim["person_id"],
        "community_id": COMMUNITY, "minutes": chance.randrange(5, 90), "submitted_at": submitted_at,
        "state": states.get(claim["state"], ReportState.WAITING), "decided_at": ended_at,
        "decided_by": None if ended_at is None else 1, "picture": None,
    }  # fmt: skip
