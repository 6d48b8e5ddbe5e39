"""A week of a community in figures, beside the four weeks before it. What each figure counts is in models/figures.py.

All weeks and days are counted by one statement, which reads index ranges: what it costs grows with what happened in these
weeks, not with all that ever did.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from statistics import median
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Select,
    String,
    cast,
    column,
    distinct,
    func,
    select,
    values,
)
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Moment
from models.claims import Claim
from models.communities import Community
from models.figures import MEDIANS, WEEKLY, Counted, Figure, standing
from models.reports import Report, ReportState
from models.tasks import Task, TaskTag
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
        _numbers([sums[span.number] for span in spans if span.back == back], amounts[back]) for back in range(len(weeks))
    ]
    given, givers = await _given(session, community.id, week, now)
    return Summary(
        week,
        week.ends_at > now,
        numbers[0],
        tuple(numbers[back] for back in range(1, len(weeks)) if weeks[back].ends_at > community.created_at),
        {figure: tuple(sums[day][figure].n for day in range(DAYS)) for figure in _SUMMED},
        given,
        givers,
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


def _table_of(spans: Sequence[_Span], now: datetime) -> CTE:
    """The spans as a table. Nothing counts that is still to come."""
    columns = column("number", Integer), column("since", Moment()), column("until", Moment())
    rows = [(span.number, span.since, min(span.until, now + _INSTANT)) for span in spans]
    return values(*columns, name="span").data(rows).cte("span")


_INSTANT = timedelta(microseconds=1)


async def _count(
    session: AsyncSession, community_id: int, spans: Sequence[_Span], now: datetime
) -> dict[int, dict[Figure, Sum]]:
    """What there is in each span, by its number."""
    span = _table_of(spans, now)
    columns = [_within(WEEKLY[figure], span, community_id, _sums_of(WEEKLY[figure])) for figure in _SUMMED]
    rows = await session.execute(select(span.c.number, *columns))
    return {
        number: {figure: Sum(*_split(text)) for figure, text in zip(_SUMMED, texts, strict=True)} for number, *texts in rows
    }


def _sums_of(what: Counted) -> "Select[Any]":
    """What a `Sum` has of it, in one text: so the rows are read once."""
    text: ColumnElement[str] = cast(func.count(), String)
    for summed in (what.amount, what.of):
        if summed is not None:
            text = text + "," + cast(func.coalesce(func.sum(summed), 0), String)
    return select(text)


def _within(what: Counted, span: CTE, community_id: int, query: "Select[Any]") -> ColumnElement[Any]:
    """A value over those rows that are in a span: read from an index, span by span, without anything to be sorted."""
    within = (what.at >= span.c.since, what.at < span.c.until)
    found = query.select_from(what.table).where(what.community == community_id, *within, *what.where)
    return found.correlate(span).scalar_subquery()


async def _amounts(
    session: AsyncSession, community_id: int, weeks: Sequence[Week], now: datetime
) -> list[dict[Figure, list[int]]]:
    """Of each week, the amounts of which there are medians. They come as one text each: a database sorts slower, and hands
    over a row slower, than Python splits a text."""
    span = _table_of([_Span(back, one.begins_at, one.ends_at) for back, one in enumerate(weeks)], now)
    columns = [_within(WEEKLY[figure], span, community_id, _all_of(WEEKLY[figure])) for figure in MEDIANS]
    rows = await session.execute(select(span.c.number, *columns).order_by(span.c.number))
    return [dict(zip(MEDIANS, map(_split, texts), strict=True)) for _, *texts in rows]


def _split(text: str | None) -> list[int]:
    """Whole numbers with commas between them; nothing where there is nothing."""
    return list(map(int, text.split(","))) if text else []


def _all_of(what: Counted) -> "Select[Any]":
    """The amounts, one behind the other."""
    amounts = select(func.aggregate_strings(cast(what.amount, String), ","))
    return amounts.join_from(Claim, Task, Task.id == Claim.task_id) if what.table is Claim else amounts


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
