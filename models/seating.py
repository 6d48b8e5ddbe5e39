"""Seating: who gets the seats that are asked for.

`claim` decides for many at once, because claims arrive in crowds and a statement costs the same for one as for a hundred. It
locks the tasks and then the members it decides about, always in that order, so whatever runs beside it (another process,
a give-back, an edit) waits or comes first. Under the locks it may look before it writes. The database holds the line all
the same: a task's counter cannot pass its seats, and nobody can hold two seats of one task.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CompoundSelect, bindparam, func, insert, literal, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from models.base import Moment, table
from models.cards import mark_cards_stale
from models.claims import OPEN, Claim, ClaimState
from models.communities import Community, Member
from models.holding import held
from models.people import Person
from models.refusals import (
    CapReached,
    MemberBlocked,
    NotFound,
    NotMember,
    Refusal,
    RulesFirst,
    TaskClosed,
    TaskFull,
    TermsChanged,
)
from models.roles import Role
from models.tasks import Proof, Task, TaskState, closes_at, hold_end
from models.waitlist import Wait, WaitState


@dataclass(frozen=True, slots=True)
class Want:
    """Somebody asks for a seat."""

    person_id: int
    task_id: int
    version: int | None = None
    """The version of the terms that the person saw; None where they named the task themselves."""
    chat_community_id: int | None = None
    """The community in whose chat they asked: asking there makes a stranger its member."""
    is_standing: bool = False
    """They come every time, and were let in to that: how many seats one may hold at a time does not hold here."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a decision about a seat needs to know of a task and its community."""

    id: int
    community_id: int
    title: str
    minutes: int
    seats: int
    seats_taken: int
    place: str
    starts_at: datetime | None
    deadline_at: datetime
    proof: Proof
    hold_minutes: int
    state: TaskState
    version: int
    series_id: int | None
    community: str
    code: str
    rules: str
    newcomer_claims: int
    member_claims: int
    timezone: str


@dataclass(frozen=True, slots=True)
class Held:
    """The seat is theirs."""

    task: Terms
    hold_until: datetime
    is_new: bool
    """False where they held it already."""
    seats_left: int


Outcome = Held | Refusal

_UNDER_WAY, _FINISHED, _IN_LINE = range(3)

# What every claim costs is built once: building a statement costs more than running it.
_TERMS = (
    select(
        Task.id,
        Task.community_id,
        Task.title,
        Task.minutes,
        Task.seats,
        Task.seats_taken,
        Task.place,
        Task.starts_at,
        Task.deadline_at,
        Task.proof,
        Task.hold_minutes,
        Task.state,
        Task.version,
        Task.series_id,
        Community.name,
        Community.code,
        Community.rules,
        Community.newcomer_claims,
        Community.member_claims,
        Community.timezone,
    )
    .join(Community, Community.id == Task.community_id)
    .where(Task.id.in_(bindparam("tasks", expanding=True)))
    .order_by(Task.id)
    .with_for_update(of=Task)
)
_STANDINGS = (
    select(
        Member.community_id, Member.person_id, Member.accepted_rules_at, Member.trusted_at, Member.blocked_at, Member.left_at
    )
    .where(
        Member.person_id.in_(bindparam("people", expanding=True)),
        Member.community_id.in_(bindparam("communities", expanding=True)),
    )
    .order_by(Member.community_id, Member.person_id)
    .with_for_update()
)
_SEATS: CompoundSelect[Any] = union_all(
    select(Claim.person_id, Claim.task_id, Claim.community_id, Claim.hold_until, literal(_UNDER_WAY)).where(
        Claim.person_id.in_(bindparam("people", expanding=True)), Claim.state.in_(OPEN)
    ),
    select(Claim.person_id, Claim.task_id, Claim.community_id, Claim.hold_until, literal(_FINISHED)).where(
        Claim.task_id.in_(bindparam("tasks", expanding=True)),
        Claim.person_id.in_(bindparam("people", expanding=True)),
        Claim.state == ClaimState.APPROVED,
    ),
    select(Wait.person_id, Wait.task_id, Wait.community_id, Wait.offer_until, literal(_IN_LINE)).where(
        Wait.person_id.in_(bindparam("people", expanding=True)), Wait.ended_at.is_(None)
    ),
)
"""What these people hold, what they finished of these tasks, and what they wait for."""

_SET_ZONE = (
    update(table(Person)).where(Person.id == bindparam("person"), Person.timezone.is_(None)).values(timezone=bindparam("zone"))
)
_ADD_CLAIMS = insert(table(Claim))
_LEAVE_LINES = (
    update(table(Wait))
    .where(Wait.person_id == bindparam("person"), Wait.task_id == bindparam("task"), Wait.ended_at.is_(None))
    .values(state=WaitState.SEATED, offer_until=None, ended_at=bindparam("now", type_=Moment()))
)
_TAKE_SEATS = (
    update(table(Task))
    .where(Task.id == bindparam("task"))
    .values(
        seats_taken=Task.seats_taken + bindparam("n"),
        first_taken_at=func.coalesce(Task.first_taken_at, bindparam("now", type_=Moment())),
    )
)


async def claim(session: AsyncSession, wants: Sequence[Want], now: datetime) -> list[Outcome]:
    """Decide each request for a seat, in the order given, and write what was decided.

    Asking again for a seat one holds changes nothing. The outcomes stand in the order of the requests.
    """
    connection = await session.connection()
    rows = await connection.execute(_TERMS, {"tasks": list({want.task_id for want in wants})})
    tasks = {row[0]: Terms(*tuple(row)) for row in rows}
    desk = await _open_desk(session, wants, tasks, now)
    outcomes = [desk.decide(want) for want in wants]
    await desk.write(session)
    return outcomes


async def _open_desk(session: AsyncSession, wants: Sequence[Want], tasks: dict[int, Terms], now: datetime) -> "_Desk":
    connection = await session.connection()
    asked = {
        "people": list({want.person_id for want in wants}),
        "tasks": list(tasks),
        "communities": list({task.community_id for task in tasks.values()}),
    }
    members = await connection.execute(_STANDINGS, asked)
    desk = _Desk(tasks, {(row[0], row[1]): _Standing(row[2], row[3], row[4], row[5]) for row in members}, now)
    for person_id, task_id, community_id, until, kind in await connection.execute(_SEATS, asked):
        if kind == _IN_LINE:
            desk.in_line[person_id, task_id] = until is not None
            continue
        desk.seats[person_id, task_id] = until
        desk.open_claims[person_id, community_id] += kind == _UNDER_WAY
    return desk


@dataclass(slots=True)
class _Standing:
    """How a person stands in a community."""

    accepted_rules_at: datetime | None
    trusted_at: datetime | None
    blocked_at: datetime | None
    left_at: datetime | None


class _Desk:
    """Where a crowd's requests are decided one after the other, on what is known under the locks."""

    def __init__(self, tasks: dict[int, Terms], standings: dict[tuple[int, int], _Standing], now: datetime) -> None:
        self.tasks = tasks
        self.standings = standings
        self.now = now
        self.seats: dict[tuple[int, int], datetime] = {}
        self.in_line: dict[tuple[int, int], bool] = {}
        """Who waits for which task; whether a seat is kept for them, which is counted as taken already."""
        self.open_claims: Counter[tuple[int, int]] = Counter()
        self.taken: Counter[int] = Counter()
        self.joined: dict[tuple[int, int], bool] = {}
        self.new_claims: list[dict[str, object]] = []

    def decide(self, want: Want) -> Outcome:
        task = self.tasks.get(want.task_id)
        if task is None:
            return NotFound("task", str(want.task_id))
        held_until = self.seats.get((want.person_id, task.id))
        if held_until is not None:
            return Held(task, held_until, False, self._seats_left(task))
        return self._refusal(want, task) or self._seat(want, task)

    def _seats_left(self, task: Terms) -> int:
        return task.seats - task.seats_taken - self.taken[task.id]

    def _refusal(self, want: Want, task: Terms) -> Refusal | None:
        standing = self.standings.get((task.community_id, want.person_id))
        if standing and standing.blocked_at:
            return MemberBlocked(task.community)
        is_member = standing is not None and standing.left_at is None
        at_home = want.chat_community_id == task.community_id
        if not (is_member or at_home):
            return NotMember(task.community, task.code)
        if task.state is not TaskState.OPEN:
            return TaskClosed(task.id, task.title, task.state)
        if closes_at(task) <= self.now:
            return TaskClosed(task.id, task.title, "over")
        if want.version is not None and want.version != task.version:
            return TermsChanged(task.id, task.title)
        if self._seats_left(task) <= 0 and not self.in_line.get((want.person_id, task.id)):
            return TaskFull(task.id, task.title)
        if task.rules and not at_home and not (standing and standing.accepted_rules_at):
            return RulesFirst(task.community, task.code, task.id)
        is_newcomer = standing is None or standing.trusted_at is None
        limit = task.newcomer_claims if is_newcomer else task.member_claims
        if not want.is_standing and self.open_claims[want.person_id, task.community_id] >= limit:
            return CapReached(limit, is_newcomer)
        return None

    def _seat(self, want: Want, task: Terms) -> Held:
        hold_until = hold_end(task, self.now)
        key = (task.community_id, want.person_id)
        standing = self.standings.get(key)
        if standing is None or standing.left_at is not None:
            self.joined[key] = standing is not None
            self.standings[key] = _Standing(None, standing.trusted_at if standing else None, None, None)
        self.seats[want.person_id, task.id] = hold_until
        self.open_claims[want.person_id, task.community_id] += 1
        self.taken[task.id] += not self.in_line.get((want.person_id, task.id))
        self.new_claims.append(
            {
                "task_id": task.id,
                "person_id": want.person_id,
                "community_id": task.community_id,
                "state": ClaimState.HELD,
                "claimed_at": self.now,
                **held(task, self.now, hold_until),
                "reason": "",
            }
        )
        return Held(task, hold_until, True, self._seats_left(task))

    async def write(self, session: AsyncSession) -> None:
        if not self.new_claims:
            return
        await self._write_memberships(session)
        connection = await session.connection()
        await connection.execute(_ADD_CLAIMS, self.new_claims)
        taken = [{"task": id_, "n": n, "now": self.now} for id_, n in sorted(self.taken.items())]
        await connection.execute(_TAKE_SEATS, taken)
        await self._write_lines(connection)
        await mark_cards_stale(session, self.taken, self.now)

    async def _write_lines(self, connection: AsyncConnection) -> None:
        """Who has a seat waits for it no more."""
        seated = [(claim["person_id"], claim["task_id"]) for claim in self.new_claims]
        rows = [{"person": p, "task": t, "now": self.now} for p, t in seated if (p, t) in self.in_line]
        if rows:
            await connection.execute(_LEAVE_LINES, rows)

    async def _write_memberships(self, session: AsyncSession) -> None:
        fresh = [key for key, was_member in self.joined.items() if not was_member]
        if fresh:
            rows = [{"community_id": c, "person_id": p, "role": Role.VOLUNTEER, "joined_at": self.now} for c, p in fresh]
            await session.execute(insert(Member), rows)
            zones = {task.community_id: task.timezone for task in self.tasks.values()}
            connection = await session.connection()
            await connection.execute(_SET_ZONE, [{"person": p, "zone": zones[c]} for c, p in fresh])
        for community_id, person_id in (key for key, was_member in self.joined.items() if was_member):
            await session.execute(
                update(Member)
                .where(Member.community_id == community_id, Member.person_id == person_id)
                .values(left_at=None, role=Role.VOLUNTEER)
            )
