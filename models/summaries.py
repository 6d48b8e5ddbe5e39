"""A week of a community in figures, beside the four weeks before it. What each figure counts is in models/figures.py.

All weeks and days are counted by one statement, which reads index ranges: what it costs grows with what happened in these
weeks, not with all that ever did.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Select,
    String,
    bindparam,
    cast,
    distinct,
    func,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Moment
from models.communities import Community
from models.figures import MEDIANS, WEEKLY, Counted, Figure, standing
from models.reports import Report, ReportState
from models.tasks import TaskTag
from models.weeks import DAYS, Week

WEEKS_BEFORE = 4
TAGS_SHOWN = 5
_SUMMED = tuple(figure for figure in WEEKLY if figure not in MEDIANS)


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
    """What is counted on each of the week's days, but for what has a median."""
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
    amounts = await _amounts(session, community.id, weeks, now)
    numbers = [
        _numbers([each for each, span in zip(sums, spans, strict=True) if span.back == back], amounts[back])
        for back in range(len(weeks))
    ]
    given = await given_in(session, community.id, week, now)
    return Summary(
        week,
        week.ends_at > now,
        numbers[0],
        tuple(numbers[back] for back in range(1, len(weeks)) if weeks[back].ends_at > community.created_at),
        {figure: tuple(sums[day][figure].n for day in range(DAYS)) for figure in _SUMMED},
        given.tags,
        given.people,
        await _stand(session, community, now),
    )


def _numbers(spans: Sequence[dict[Figure, Sum]], amounts: dict[Figure, list[int]]) -> Numbers:
    sums = {figure: _total(span[figure] for span in spans) for figure in _SUMMED}
    counts = {figure: Sum(len(each)) for figure, each in amounts.items()}
    return Numbers(sums | counts, {figure: _median(each) for figure, each in amounts.items()})


def _median(amounts: list[int]) -> int | None:
    return int(median(amounts) + 0.5) if amounts else None


def _total(sums: Iterable[Sum]) -> Sum:
    return Sum(*map(sum, zip(*sums, strict=True)))


class _Span(NamedTuple):
    """From one moment to another."""

    since: datetime
    until: datetime
    back: int = 0
    """How many weeks before the one that is asked for."""


def _spans(weeks: Sequence[Week]) -> list[_Span]:
    """The days of the first week, then each of the others as a whole."""
    days = [_Span(since, until) for since, until in pairwise(weeks[0].midnights)]
    return [*days, *(_Span(one.begins_at, one.ends_at, back) for back, one in enumerate(weeks[1:], 1))]


# Built once: building these statements costs more than running them over a small community.


def _table_of(size: int) -> CTE:
    """So many spans as a table, of which `_values` are the moments."""
    rows = [
        select(
            literal_column(str(number), Integer).label("number"),
            bindparam(f"since{number}", type_=Moment()).label("since"),
            bindparam(f"until{number}", type_=Moment()).label("until"),
        )
        for number in range(size)
    ]
    return union_all(*rows).cte("span")


def _values(community_id: int, spans: Sequence[_Span], now: datetime) -> dict[str, object]:
    """Nothing counts that is still to come."""
    values: dict[str, object] = {"community": community_id}
    for number, span in enumerate(spans):
        values |= {f"since{number}": span.since, f"until{number}": min(span.until, now + _INSTANT)}
    return values


_INSTANT = timedelta(microseconds=1)


def _over_spans(size: int, queries: "dict[Figure, Select[Any]]") -> "Select[Any]":
    """The value of each query over those of its figure's rows that are in a span, for each of so many spans: read from an
    index, span by span, without anything to be sorted."""
    span = _table_of(size)
    values = [_within(WEEKLY[figure], span, query) for figure, query in queries.items()]
    return select(*values).select_from(span).order_by(span.c.number)


def _within(what: Counted, span: CTE, query: "Select[Any]") -> ColumnElement[Any]:
    ours = what.community == bindparam("community")
    found = query.select_from(what.table).where(ours, what.at >= span.c.since, what.at < span.c.until, *what.where)
    return found.correlate(span).scalar_subquery()


def _sums_of(what: Counted) -> "Select[Any]":
    """What a `Sum` has of it, in one text: so the rows are read once."""
    text: ColumnElement[str] = cast(func.count(), String)
    for summed in (what.amount, what.of):
        if summed is not None:
            text = text + "," + cast(func.coalesce(func.sum(summed), 0), String)
    return select(text)


def _all_of(what: Counted) -> "Select[Any]":
    """The amounts of which there is a median, in one text: a database sorts slower, and hands over a row slower, than Python
    splits a text."""
    return select(func.aggregate_strings(cast(what.amount, String), ","))


_COUNT = _over_spans(DAYS + WEEKS_BEFORE, {figure: _sums_of(WEEKLY[figure]) for figure in _SUMMED})
_AMOUNTS = _over_spans(1 + WEEKS_BEFORE, {figure: _all_of(WEEKLY[figure]) for figure in MEDIANS})


async def _count(session: AsyncSession, community_id: int, spans: Sequence[_Span], now: datetime) -> list[dict[Figure, Sum]]:
    """What there is in each span."""
    rows = await session.execute(_COUNT, _values(community_id, spans, now))
    return [{figure: Sum(*_split(text)) for figure, text in zip(_SUMMED, texts, strict=True)} for texts in rows]


async def _amounts(
    session: AsyncSession, community_id: int, weeks: Sequence[Week], now: datetime
) -> list[dict[Figure, list[int]]]:
    """How long it took each time, in each week."""
    spans = [_Span(one.begins_at, one.ends_at) for one in weeks]
    rows = await session.execute(_AMOUNTS, _values(community_id, spans, now))
    return [dict(zip(MEDIANS, map(_split, texts), strict=True)) for texts in rows]


def _split(text: str | None) -> list[int]:
    """Whole numbers with commas between them; nothing where there is nothing."""
    return list(map(int, text.split(","))) if text else []


class GivenIn(NamedTuple):
    """What was given in a week."""

    tags: tuple[Given, ...]
    """To which most was given."""
    people: int
    minutes: int


async def given_in(session: AsyncSession, community_id: int, week: Week, now: datetime) -> GivenIn:
    """By the reports that were approved in it."""
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
    in_all = select(func.count(distinct(Report.person_id)), func.coalesce(minutes, 0)).where(*approved)
    people, total = (await session.execute(in_all)).one()
    return GivenIn(tuple(Given(tag, int(given)) for tag, given in tags), people, int(total))


async def _stand(session: AsyncSession, community: Community, now: datetime) -> dict[Figure, int]:
    counted = standing(community, now)
    counts = [
        select(func.count()).select_from(what.table).where(what.community == community.id, *what.where).scalar_subquery()
        for what in counted.values()
    ]
    return dict(zip(counted, (await session.execute(select(*counts))).one(), strict=True))
