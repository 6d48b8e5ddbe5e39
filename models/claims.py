"""Claims: a person holds a seat on a task.

`claim` decides for many at once, because claims arrive in crowds and a statement costs the same for one as for a hundred. It
locks the tasks and then the members it decides about, always in that order, so whatever runs beside it (another process,
a give-back, an edit) waits or comes first. Under the locks it may look before it writes. The database holds the line all
the same: a task's counter cannot pass its seats, and nobody can hold two seats of one task.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, bindparam, insert, literal, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, partial_index, table
from models.cards import mark_cards_stale
from models.communities import Community, Member
from models.people import Person
from models.refusals import (
    AlreadyHandedIn,
    CapReached,
    MemberBlocked,
    NoClaim,
    NotFound,
    NotMember,
    Refusal,
    RulesFirst,
    TaskClosed,
    TaskFull,
    TermsChanged,
)
from models.roles import Role
from models.tasks import Proof, Task, TaskState


class ClaimState(StrEnum):
    HELD = "held"
    REPORTED = "reported"
    APPROVED = "approved"
    RELEASED = "released"
    """Given back by its holder."""
    EXPIRED = "expired"
    """Ended by time."""
    REJECTED = "rejected"
    """The report was not accepted; the seat is free again."""
    CANCELLED = "cancelled"
    """The task was called off, or its holder left."""


OPEN = (ClaimState.HELD, ClaimState.REPORTED)
"""Work that is under way or waits for its review: what a community's caps count."""
SEATED = (*OPEN, ClaimState.APPROVED)
"""The states in which a claim takes up a seat."""


_SEATED_SQL = "state IN ('held', 'reported', 'approved')"


class Claim(Base):
    """A person holding a seat."""

    __tablename__ = "claims"
    __table_args__ = (
        partial_index("uq_claims_one_seat", "task_id", "person_id", where=_SEATED_SQL, unique=True),
        partial_index("ix_claims_open", "person_id", where="state IN ('held', 'reported')"),
        Index("ix_claims_person_id_ended_at", "person_id", "ended_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    task_id: Mapped[int] = mapped_column(Id, ForeignKey("tasks.id"))
    person_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"))
    community_id: Mapped[int] = mapped_column(Id, ForeignKey("communities.id"))
    state: Mapped[ClaimState] = mapped_column(default=ClaimState.HELD)
    claimed_at: Mapped[datetime]
    hold_until: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    """When it stopped taking up a seat, or was approved."""
    reason: Mapped[str] = mapped_column(String(300), default="")


@dataclass(frozen=True, slots=True)
class Want:
    """Somebody asks for a seat."""

    person_id: int
    task_id: int
    version: int | None = None
    """The version of the terms that the person saw; None where they named the task themselves."""
    chat_community_id: int | None = None
    """The community in whose chat they asked: asking there makes a stranger its member."""


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
    deadline_at: datetime
    proof: Proof
    hold_minutes: int
    state: TaskState
    version: int
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
        Task.deadline_at,
        Task.proof,
        Task.hold_minutes,
        Task.state,
        Task.version,
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
_SEATS = union_all(
    select(Claim.person_id, Claim.task_id, Claim.community_id, Claim.hold_until, literal(True)).where(
        Claim.person_id.in_(bindparam("people", expanding=True)), Claim.state.in_(OPEN)
    ),
    select(Claim.person_id, Claim.task_id, Claim.community_id, Claim.hold_until, literal(False)).where(
        Claim.task_id.in_(bindparam("tasks", expanding=True)),
        Claim.person_id.in_(bindparam("people", expanding=True)),
        Claim.state == ClaimState.APPROVED,
    ),
)
"""What these people hold, and what they finished of these tasks."""

_SET_ZONE = (
    update(table(Person)).where(Person.id == bindparam("person"), Person.timezone.is_(None)).values(timezone=bindparam("zone"))
)
_ADD_CLAIMS = insert(table(Claim))
_TAKE_SEATS = update(table(Task)).where(Task.id == bindparam("task")).values(seats_taken=Task.seats_taken + bindparam("n"))


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
    for person_id, task_id, community_id, hold_until, is_open in await connection.execute(_SEATS, asked):
        desk.seats[person_id, task_id] = hold_until
        desk.open_claims[person_id, community_id] += bool(is_open)
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
        if task.deadline_at <= self.now:
            return TaskClosed(task.id, task.title, "over")
        if want.version is not None and want.version != task.version:
            return TermsChanged(task.id, task.title)
        if self._seats_left(task) <= 0:
            return TaskFull(task.id, task.title)
        if task.rules and not at_home and not (standing and standing.accepted_rules_at):
            return RulesFirst(task.community, task.code, task.id)
        is_newcomer = standing is None or standing.trusted_at is None
        limit = task.newcomer_claims if is_newcomer else task.member_claims
        if self.open_claims[want.person_id, task.community_id] >= limit:
            return CapReached(limit, is_newcomer)
        return None

    def _seat(self, want: Want, task: Terms) -> Held:
        hold_until = min(self.now + timedelta(minutes=task.hold_minutes), task.deadline_at)
        key = (task.community_id, want.person_id)
        standing = self.standings.get(key)
        if standing is None or standing.left_at is not None:
            self.joined[key] = standing is not None
            self.standings[key] = _Standing(None, standing.trusted_at if standing else None, None, None)
        self.seats[want.person_id, task.id] = hold_until
        self.open_claims[want.person_id, task.community_id] += 1
        self.taken[task.id] += 1
        self.new_claims.append(
            {
                "task_id": task.id,
                "person_id": want.person_id,
                "community_id": task.community_id,
                "state": ClaimState.HELD,
                "claimed_at": self.now,
                "hold_until": hold_until,
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
        await connection.execute(_TAKE_SEATS, [{"task": id_, "n": n} for id_, n in sorted(self.taken.items())])
        await mark_cards_stale(session, self.taken, self.now)

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


async def free_seats(session: AsyncSession, task_ids: Iterable[int], now: datetime) -> None:
    """Count freed seats back to their tasks, one for each mention, and have the live cards show it."""
    freed = Counter(task_ids)
    for task_id in sorted(freed):
        await session.execute(update(Task).where(Task.id == task_id).values(seats_taken=Task.seats_taken - freed[task_id]))
    await mark_cards_stale(session, freed, now)


async def release(session: AsyncSession, person_id: int, task_id: int, reason: str, now: datetime) -> Task:
    """Give a seat back. Raises NoClaim, or AlreadyHandedIn where the work is with the reviewers."""
    task = await session.get(Task, task_id, with_for_update=True)
    if task is None:
        raise NotFound("task", str(task_id))
    ended = await session.execute(
        update(Claim)
        .where(Claim.task_id == task_id, Claim.person_id == person_id, Claim.state == ClaimState.HELD)
        .values(state=ClaimState.RELEASED, ended_at=now, reason=reason)
        .returning(Claim.id)
    )
    if ended.first() is None:
        seated = await seated_claim(session, person_id, task_id)
        raise AlreadyHandedIn(task.id, task.title) if seated else NoClaim(task.id, task.title)
    await free_seats(session, [task_id], now)
    return task


async def set_release_reason(session: AsyncSession, person_id: int, task_id: int, reason: str) -> None:
    """Add why the person's latest give-back of this task happened."""
    latest = (
        select(Claim.id)
        .where(Claim.task_id == task_id, Claim.person_id == person_id, Claim.state == ClaimState.RELEASED)
        .order_by(Claim.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    await session.execute(update(Claim).where(Claim.id == latest).values(reason=reason))


async def seated_claim(session: AsyncSession, person_id: int, task_id: int) -> Claim | None:
    """The person's claim that takes up a seat of this task."""
    found: Claim | None = await session.scalar(
        select(Claim).where(Claim.task_id == task_id, Claim.person_id == person_id, Claim.state.in_(SEATED))
    )
    return found


async def open_claims(session: AsyncSession, person_id: int) -> Sequence[tuple[Claim, Task]]:
    """What a person holds or has handed in, the soonest due first."""
    rows = await session.execute(
        select(Claim, Task)
        .join(Task, Task.id == Claim.task_id)
        .where(Claim.person_id == person_id, Claim.state.in_(OPEN))
        .order_by(Claim.hold_until, Claim.id)
    )
    return [(claim, task) for claim, task in rows]


async def holders(session: AsyncSession, task_id: int, states: tuple[ClaimState, ...] = SEATED) -> Sequence[Person]:
    """The people who take up a seat of a task, in the order they came."""
    return (
        await session.scalars(
            select(Person)
            .join(Claim, Claim.person_id == Person.id)
            .where(Claim.task_id == task_id, Claim.state.in_(states))
            .order_by(Claim.id)
        )
    ).all()


async def end_open_claims(session: AsyncSession, person_id: int, community_id: int, now: datetime) -> None:
    """Free every seat on which somebody who leaves the community has not handed anything in yet."""
    tasks = await session.scalars(
        update(Claim)
        .where(Claim.person_id == person_id, Claim.community_id == community_id, Claim.state == ClaimState.HELD)
        .values(state=ClaimState.CANCELLED, ended_at=now)
        .returning(Claim.task_id)
    )
    await free_seats(session, tasks.all(), now)
