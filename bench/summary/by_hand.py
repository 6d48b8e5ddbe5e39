# ruff: noqa: S608  # the moments come from a calendar, not from anybody
"""The figures by SQL written for the purpose, sent by the driver itself: what there is to come near to."""

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from bench.summary.history import COMMUNITY
from models.figures import Figure
from models.weeks import Week

_MINUTES = {
    "sqlite": "CAST((julianday({until}) - julianday({since})) * 1440 + 0.000002 AS INTEGER)",
    "postgresql": "floor(extract(epoch from {until} - {since}) / 60)::bigint",
}
_OURS = f"community_id = {COMMUNITY}"
_ENDED = "claims WHERE {ours} AND state = '{state}' AND ended_at >= {since} AND ended_at < {until}"
_APPROVED = "reports WHERE {ours} AND state = 'approved' AND decided_at >= {since} AND decided_at < {until}"
_DUE = "tasks WHERE {ours} AND state IN ('open', 'paused', 'done') AND deadline_at >= {since} AND deadline_at < {until}"
_JOINED = "members WHERE {ours} AND joined_at >= {since} AND joined_at < {until}"
_QUICK = (
    " AND EXISTS (SELECT 1 FROM claims WHERE claims.person_id = members.person_id AND claims.{ours}"
    " AND claimed_at >= joined_at AND {quick})"
)
_FIRST = "tasks WHERE {ours} AND first_taken_at >= {since} AND first_taken_at < {until}"
_REVIEWED = (
    "reports WHERE {ours} AND state IN ('approved', 'sent_back', 'rejected') AND decided_at >= {since}"
    " AND decided_at < {until} AND submitted_at < decided_at"
)
NAMES = (
    Figure.TAKEN, Figure.COMPLETED, "minutes", Figure.RELEASED, Figure.EXPIRED, Figure.NO_SHOW, Figure.DUE, "seats taken",
    "seats", Figure.JOINED, Figure.QUICK, Figure.THANKS,
)  # fmt: skip


def counting(dialect: str, since: datetime, until: datetime) -> str:
    """One row, of `NAMES`, for the time from one moment to another."""
    quick = f"{_minutes(dialect, 'joined_at', 'claimed_at')} < 1440"
    parts = (
        "count(*) FROM claims WHERE {ours} AND claimed_at >= {since} AND claimed_at < {until}",
        f"count(*) FROM {_APPROVED}",
        f"coalesce(sum(minutes), 0) FROM {_APPROVED}",
        *(f"count(*) FROM {_ENDED.replace('{state}', state)}" for state in ("released", "expired", "no_show")),
        f"count(*) FROM {_DUE}",
        f"coalesce(sum(seats_taken), 0) FROM {_DUE}",
        f"coalesce(sum(seats), 0) FROM {_DUE}",
        f"count(*) FROM {_JOINED}",
        f"count(*) FROM {_JOINED}{_QUICK.replace('{quick}', quick)}",
        "count(*) FROM thanks WHERE {ours} AND given_at >= {since} AND given_at < {until} AND giver_id != receiver_id",
    )
    return _filled("SELECT " + ", ".join(f"(SELECT {part})" for part in parts), dialect, since, until)


def medians(dialect: str, since: datetime, until: datetime) -> list[str]:
    """One row each, how many there are and their median: of the time to claim, and of the time to review."""
    asked = (
        (_minutes(dialect, "created_at", "first_taken_at"), _FIRST),
        (_minutes(dialect, "submitted_at", "decided_at"), _REVIEWED),
    )
    if dialect == "postgresql":
        median = "floor(percentile_cont(0.5) WITHIN GROUP (ORDER BY {}) + 0.5)"
        return [
            _filled(f"SELECT count(*), {median.format(amount)} FROM {rows}", dialect, since, until) for amount, rows in asked
        ]
    return [
        _filled(
            f"WITH ranked AS (SELECT {amount} AS x, row_number() OVER (ORDER BY {amount}) AS rank, count(*) OVER () AS total"
            f" FROM {rows}) SELECT max(total), (min(x) + max(x) + 1) / 2 FROM ranked WHERE rank * 2 - total BETWEEN 0 AND 2",
            dialect,
            since,
            until,
        )
        for amount, rows in asked
    ]


def others(dialect: str, week: Week, now: datetime) -> list[str]:
    """Tags, givers, and how things stand: no rows to be compared, but no less to be done."""
    soon, late, old = (_moment(now + by, dialect) for by in (timedelta(hours=48), timedelta(hours=-24), timedelta(days=-14)))
    moment = _moment(now, dialect)
    is_open = (
        f"tasks WHERE {_OURS} AND state = 'open' AND deadline_at > {moment} AND coalesce(starts_at, deadline_at) > {moment}"
        " AND seats_taken < seats"
    )
    waiting = f"reports WHERE {_OURS} AND state = 'waiting'"
    forgotten = (
        f"members WHERE {_OURS} AND asked_at IS NULL AND left_at IS NULL AND blocked_at IS NULL AND joined_at <= {old}"
        " AND trusted_at IS NULL"
        f" AND NOT EXISTS (SELECT 1 FROM claims WHERE claims.person_id = members.person_id AND claims.{_OURS})"
    )
    counts = (is_open, f"{is_open} AND coalesce(starts_at, deadline_at) <= {soon}", waiting,
              f"{waiting} AND submitted_at <= {late}", forgotten)  # fmt: skip
    tags = (
        f"SELECT tag, sum(minutes) FROM task_tags JOIN {_APPROVED.replace('reports WHERE', 'reports USING (task_id) WHERE')}"
        " GROUP BY tag ORDER BY 2 DESC, tag LIMIT 5"
    )
    return [
        _filled(tags, dialect, week.begins_at, week.ends_at),
        _filled(f"SELECT count(DISTINCT person_id) FROM {_APPROVED}", dialect, week.begins_at, week.ends_at),
        "SELECT " + ", ".join(f"(SELECT count(*) FROM {rows})" for rows in counts),
    ]


def spans_of(weeks: Sequence[Week]) -> list[tuple[datetime, datetime]]:
    """The days of the first week, and the other weeks."""
    midnights = weeks[0].midnights
    return [*itertools.pairwise(midnights), *((one.begins_at, one.ends_at) for one in weeks[1:])]


def added_up(days: Sequence[Sequence[Any]]) -> dict[str, int | None]:
    return dict(zip(NAMES, (int(sum(column)) for column in zip(*days, strict=True)), strict=True))


def _minutes(dialect: str, since: str, until: str) -> str:
    return _MINUTES[dialect].format(since=since, until=until)


def _filled(sql: str, dialect: str, since: datetime, until: datetime) -> str:
    places = {"{ours}": _OURS, "{since}": _moment(since, dialect), "{until}": _moment(until, dialect)}
    for place, text in places.items():
        sql = sql.replace(place, text)
    return sql


def _moment(moment: datetime, dialect: str) -> str:
    text = f"'{moment:%Y-%m-%d %H:%M:%S.%f}'"
    return text if dialect == "sqlite" else f"timestamp {text}"
