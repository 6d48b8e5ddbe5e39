"""A week of a community in figures, beside the four weeks before it. What each figure counts is in models/figures.py.

All weeks and days are counted by one statement, which reads index ranges: what it costs grows with what happened in these
weeks, not with all that ever did.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    cast,
    column,
    distinct,
    func,
    literal,
    select,
    union_all,
    values,
)
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Moment
from models.claims import Claim
from models.communities import Community
from models.figures import WEEKLY, Counted, Figure, standing
from models.reports import Report, ReportState
from models.tasks import Task, TaskTag
from models.weeks import DAYS, Week

WEEKS_BEFORE = 4
TAGS_SHOWN = 5
_MEDIANS = (Figure.FIRST_TAKEN, Figure.REVIEWED)


class Sum(NamedTuple):
    """A figure of some days."""

    n: int = 0
    amount: int = 0
    """The sum of what is summed up: minutes given, seats taken."""
    of: int = 0
    """What that is a part of: seats."""


@dataclass(frozen=True)
class Numbers:
    """A week's figures."""

    sums: dict[Figure, Sum]
    medians: dict[Figure, int | None]
    """Whole minutes, for the times to claim and to review; None where nothing was claimed or reviewed."""

    def __getitem__(self, figure: Figure) -> int:
        return self.sums[figure].n

    @property
    def minutes(self) -> int:
        """Given, by the reports that were approved: each piece of work counts once, whenever it was done."""
        return self.sums[Figure.COMPLETED].amount

    @property
    def percent_filled(self) -> int | None:
        """Of the seats of tasks that reached their deadline, how many are taken; None where there were none."""
        due = self.sums[Figure.DUE]
        return round(100 * Fraction(due.amount, due.of)) if due.of else None


class Given(NamedTuple):
    """Minutes given to tasks with a tag; one with two tags counts under both."""

    tag: str
    minutes: int


@dataclass(frozen=True)
class Summary:
    """A week, what it is compared with, and how things stand."""

    week: Week
    is_running: bool
    numbers: Numbers
    before: tuple[Numbers, ...]
    """The weeks before it, latest first, as far as the community existed."""
    by_day: dict[Figure, tuple[int, ...]]
    """Of each figure, what is counted on each of the week's days."""
    given: tuple[Given, ...]
    """The tags to which most was given."""
    givers: int
    """How many people gave."""
    standing: dict[Figure, int]

    @property
    def last(self) -> Numbers | None:
        return self.before[0] if self.before else None


async def summarize(session: AsyncSession, community: Community, week: Week, now: datetime) -> Summary:
    """A community's week in figures. `now` says what has happened by then, and for which moment the others are."""
    weeks = [week, *(week.earlier(back) for back in range(1, WEEKS_BEFORE + 1))]
    spans = _spans(weeks)
    sums = await _count(session, community.id, spans, now)
    medians = await _medians(session, community.id, weeks, now)
    numbers = [
        Numbers(
            {
                figure: _total(sums.get((figure, span.number), Sum()) for span in spans if span.back == back)
                for figure in WEEKLY
            },
            {figure: medians.get((figure, back)) for figure in _MEDIANS},
        )
        for back in range(len(weeks))
    ]
    given, givers = await _given(session, community.id, week, now)
    return Summary(
        week,
        week.ends_at > now,
        numbers[0],
        tuple(numbers[back] for back in range(1, len(weeks)) if weeks[back].ends_at > community.created_at),
        {figure: tuple(sums.get((figure, day), Sum()).n for day in range(DAYS)) for figure in WEEKLY},
        given,
        givers,
        await _stand(session, community, now),
    )


def _total(sums: Iterable[Sum]) -> Sum:
    return Sum(*map(sum, zip(*sums, strict=True)))


class _Span(NamedTuple):
    """A number for what is counted from one moment to another."""

    number: int
    since: datetime
    until: datetime
    back: int = 0
    """How many weeks before the one that is asked for."""


def _spans(weeks: Sequence[Week]) -> list[_Span]:
    """The days of the first week, numbered from 0, then each of the others as a whole."""
    midnights = weeks[0].midnights
    days = [_Span(day, midnights[day], midnights[day + 1]) for day in range(DAYS)]
    return [*days, *(_Span(DAYS + back, one.begins_at, one.ends_at, back) for back, one in enumerate(weeks[1:], 1))]


def _table_of(spans: Iterable[_Span]) -> CTE:
    columns = column("number", Integer), column("since", Moment()), column("until", Moment())
    return values(*columns, name="span").data([span[:3] for span in spans]).cte("span")


_COMMUNITY: BindParameter[int] = bindparam("community")
_NOW = bindparam("now", type_=Moment())


async def _count(
    session: AsyncSession, community_id: int, spans: Sequence[_Span], now: datetime
) -> dict[tuple[Figure, int], Sum]:
    span = _table_of(spans)
    counted = union_all(*(_counted(figure, what, span) for figure, what in WEEKLY.items()))
    rows = await session.execute(counted, {"community": community_id, "now": now})
    return {(Figure(figure), number): Sum(n, int(amount or 0), int(of or 0)) for figure, number, n, amount, of in rows}


def _counted(figure: Figure, what: Counted, span: CTE) -> "Select[*tuple[Any, ...]]":
    """How many rows there are in each span, and their sums."""
    amount = literal(0) if figure in _MEDIANS else func.sum(what.amount)
    return (
        select(literal(figure.value), span.c.number, func.count(), cast(amount, Integer), cast(func.sum(what.of), Integer))
        .select_from(span)
        .join(what.table, _is_within(what, span))
        .group_by(span.c.number)
    )


def _is_within(what: Counted, span: CTE) -> ColumnElement[bool]:
    within = (what.at >= span.c.since, what.at < span.c.until, what.at <= _NOW)
    return and_(what.community == _COMMUNITY, *within, *what.where)


async def _medians(
    session: AsyncSession, community_id: int, weeks: Sequence[Week], now: datetime
) -> dict[tuple[Figure, int], int]:
    """Of each week, by how many weeks it is back."""
    span = _table_of(_Span(back, one.begins_at, one.ends_at) for back, one in enumerate(weeks))
    medians = union_all(*(_median(figure, WEEKLY[figure], span) for figure in _MEDIANS))
    rows = await session.execute(medians, {"community": community_id, "now": now})
    return {(Figure(figure), back): median for figure, back, median in rows}


def _median(figure: Figure, what: Counted, span: CTE) -> "Select[*tuple[Any, ...]]":
    """The middle one of the amounts in each span, or what lies between the two in the middle, rounded."""
    ranked = (
        select(
            span.c.number,
            what.amount.label("amount"),
            func.row_number().over(partition_by=span.c.number, order_by=what.amount).label("rank"),
            func.count().over(partition_by=span.c.number).label("total"),
        )
        .select_from(span)
        .join(what.table, _is_within(what, span))
    )
    if what.table is Claim:
        ranked = ranked.join(Task, Task.id == Claim.task_id)
    row = ranked.subquery()
    middle = row.c.rank * 2 - row.c.total
    return (
        select(literal(figure.value), row.c.number, (func.min(row.c.amount) + func.max(row.c.amount) + 1) // 2)
        .where(middle.between(0, 2))
        .group_by(row.c.number)
    )


async def _given(session: AsyncSession, community_id: int, week: Week, now: datetime) -> tuple[tuple[Given, ...], int]:
    """To which tags most was given, and how many people gave."""
    approved = (
        Report.community_id == community_id,
        Report.state == ReportState.APPROVED,
        Report.decided_at >= week.begins_at,
        Report.decided_at < week.ends_at,
        Report.decided_at <= now,
    )
    minutes = func.sum(Report.minutes)
    tags = await session.execute(
        select(TaskTag.tag, minutes)
        .join(Report, Report.task_id == TaskTag.task_id)
        .where(*approved)
        .group_by(TaskTag.tag)
        .order_by(minutes.desc(), TaskTag.tag)
        .limit(TAGS_SHOWN)
    )
    givers = await session.scalar(select(func.count(distinct(Report.person_id))).where(*approved))
    return tuple(Given(tag, int(given)) for tag, given in tags), givers or 0


async def _stand(session: AsyncSession, community: Community, now: datetime) -> dict[Figure, int]:
    counted = standing(community, now)
    counts = [
        select(func.count()).select_from(what.table).where(what.community == community.id, *what.where).scalar_subquery()
        for what in counted.values()
    ]
    return dict(zip(counted, (await session.execute(select(*counts))).one(), strict=True))
