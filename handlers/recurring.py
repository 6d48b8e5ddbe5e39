"""What comes again: the days on which a rule falls, and the rule in plain words.

A rule is one of RFC 5545 (https://www.rfc-editor.org/rfc/rfc5545#section-3.3.10); how people say it is in handlers/rhythms.py.
A rhythm has days and no hours. The hour is one of the wall clock where the community lives, and stays there when the clocks
change: what begins at five begins at five, in summer and in winter. An hour that a change of the clocks leaves out is the one
after it, and one that comes twice is the first.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import islice, takewhile

from babel.dates import get_day_names
from dateutil.rrule import rrulestr

from handlers.words import N_, Said, Words, isolate
from models.refusals import Malformed

MOST_TIMES = 500
TIMES = N_("It can come from {least} to {most} times.")
LIMIT = 200
"""Characters of a rule."""
_ENDLESS = 100_000
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_PARTS = {
    "FREQ": r"DAILY|WEEKLY|MONTHLY|YEARLY",
    "INTERVAL": r"[1-9][0-9]?",
    "COUNT": r"[1-9][0-9]{0,2}",
    "UNTIL": r"[0-9]{8}(?:T[0-9]{6}Z?)?",
    "WKST": "|".join(DAYS),
    "BYDAY": rf"(?:[+-]?[0-9]{{1,2}})?(?:{'|'.join(DAYS)})(?:,(?:[+-]?[0-9]{{1,2}})?(?:{'|'.join(DAYS)}))*",
    "BYMONTHDAY": r"[+-]?[0-9]{1,2}(?:,[+-]?[0-9]{1,2})*",
    "BYMONTH": r"[0-9]{1,2}(?:,[0-9]{1,2})*",
    "BYYEARDAY": r"[+-]?[0-9]{1,3}(?:,[+-]?[0-9]{1,3})*",
    "BYWEEKNO": r"[+-]?[0-9]{1,2}(?:,[+-]?[0-9]{1,2})*",
    "BYSETPOS": r"[+-]?[0-9]{1,3}(?:,[+-]?[0-9]{1,3})*",
}
"""What a rule may say; hours, minutes and seconds are none of its business."""


# The days


def days(rule: str, first: date) -> Iterator[date]:
    """The days of a rhythm, in order, from its first day on; for about 40 years."""
    parts = parts_of(rule)
    count = int(parts.pop("COUNT", _ENDLESS))
    until = parts.pop("UNTIL", None)
    last = _as_date(until) if until else date.max
    ahead = _ahead(first.year)
    moments = rrulestr(as_rule(parts), dtstart=datetime.combine(first + ahead, time()))
    return takewhile(lambda day: day <= last, (moment.date() - ahead for moment in islice(moments, count)))


def _ahead(year: int) -> timedelta:
    """How far the days are looked for ahead of when they are.

    A rule that never comes true is followed to the end of all years, which takes seconds from now and a moment from a
    little before: so days are looked for in a year with the same calendar as this one, of which there is one in any 28 (as
    long as no leap day is left out: the next one that is, is in 2100).
    """
    begin = date(year, 1, 1)
    twins = (date(twin, 1, 1) for twin in range(9933, 9961) if twin % 4 == year % 4)
    return next(twin - begin for twin in twins if twin.weekday() == begin.weekday())


def days_after(rule: str, first: date, after: date) -> Iterator[date]:
    """The days of a rhythm that come after this one."""
    return (day for day in days(rule, first) if day > after)


def first_day(rule: str, wanted: date) -> date | None:
    """The first day of a rhythm that is meant to begin on this day; None where it never comes."""
    every_time = {name: value for name, value in parts_of(rule).items() if name != "INTERVAL"}
    return next(days(as_rule(every_time), wanted), None)


def beginning(day: date, minute: int, zone: tzinfo) -> datetime:
    """When something begins that begins on this day so many minutes after midnight by the wall clock, in UTC."""
    return datetime.combine(day, time(minute // 60, minute % 60), zone).astimezone(UTC)


# How a rule is read


def has_end(rule: str) -> bool:
    return bool(parts_of(rule).keys() & {"COUNT", "UNTIL"})


def with_end(rule: str, end: dict[str, str]) -> str:
    """A rule that ends so, whatever its end was."""
    return as_rule({name: value for name, value in parts_of(rule).items() if name not in {"COUNT", "UNTIL"}} | end)


def read_rule(text: str, zone: tzinfo) -> str:
    """A rule as somebody wrote it, checked. Raises Malformed."""
    written = re.sub(r"^RRULE:", "", "".join(text.split()).upper()).strip(";")
    pieces = [piece.partition("=") for piece in written.split(";")]
    parts = {name: value for name, _, value in pieces}
    is_known = all(name in _PARTS and re.fullmatch(_PARTS[name], value) for name, value in parts.items())
    if (
        not is_known
        or len(parts) < len(pieces)
        or "FREQ" not in parts
        or {"COUNT", "UNTIL"} <= parts.keys()
        or len(written) > LIMIT
    ):
        raise Malformed(_BAD_RULE, {"example": "FREQ=WEEKLY;BYDAY=TH;COUNT=10"})
    if int(parts.get("COUNT", 1)) > MOST_TIMES:
        raise Malformed(TIMES, {"least": 1, "most": MOST_TIMES})
    try:
        if "UNTIL" in parts:
            parts["UNTIL"] = f"{_until(parts['UNTIL'], zone):%Y%m%d}"
        rrulestr(as_rule(parts), dtstart=datetime(2024, 1, 1))  # noqa: DTZ001  # a rule has no zone
    except (ValueError, TypeError, IndexError):
        raise Malformed(_BAD_RULE, {"example": "FREQ=WEEKLY;BYDAY=TH;COUNT=10"}) from None
    return as_rule(parts)


_BAD_RULE = N_("This rule cannot be followed. Rules with days are understood, for example {example}; hours are said apart.")


def _until(text: str, zone: tzinfo) -> date:
    """The last day, where the clock that people see says so."""
    if text.endswith("Z"):
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).astimezone(zone).date()
    return _as_date(text)


def _as_date(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def parts_of(rule: str) -> dict[str, str]:
    return dict(piece.split("=", 1) for piece in rule.split(";"))


def as_rule(parts: dict[str, str]) -> str:
    return ";".join(f"{name}={value}" for name, value in parts.items())


# How it is said


_NTH = {
    1: N_("on the first {day} of the month"),
    2: N_("on the second {day} of the month"),
    3: N_("on the third {day} of the month"),
    4: N_("on the fourth {day} of the month"),
    -1: N_("on the last {day} of the month"),
}


def rhythm_text(rule: str, words: Words) -> Said:
    """A rhythm in plain words, with its end."""
    parts = parts_of(rule)
    rhythm = _rhythm(parts, words)
    if "COUNT" in parts:
        return words.beside(rhythm, words.count("{n} time", "{n} times", int(parts["COUNT"])))
    if "UNTIL" in parts:
        last = datetime.combine(_as_date(parts["UNTIL"]), time(12), words.zone)
        return words.beside(rhythm, words.say("until {day}", day=words.date(last)))
    return rhythm


def _rhythm(parts: dict[str, str], words: Words) -> Said:
    n, named = int(parts.get("INTERVAL", 1)), parts.get("BYDAY", "")
    rest = parts.keys() - {"FREQ", "INTERVAL", "BYDAY", "COUNT", "UNTIL", "WKST"}
    is_plain = not rest and re.fullmatch(r"[A-Z,]+", named) is not None
    if parts["FREQ"] == "DAILY" and not rest and not named:
        return words.count("every day", "every {n} days", n)
    if parts["FREQ"] == "WEEKLY" and is_plain:
        names = words.list_of([_weekday(day, words) for day in named.split(",")])
        return words.count("every {days}", "every {n} weeks: {days}", n, days=names)
    if parts["FREQ"] == "YEARLY" and rest == {"BYMONTH", "BYMONTHDAY"} and n == 1:
        return words.say("every year")
    found = re.fullmatch(r"\+?(-1|[1-4])([A-Z]{2})", named)
    if parts["FREQ"] == "MONTHLY" and not rest and n == 1 and found:
        return words.say(_NTH[int(found[1])], day=_weekday(found[2], words))
    if parts["FREQ"] == "MONTHLY" and not named and n == 1 and (said := _monthly(parts, words)):
        return said
    return words.say("by the rule {rule}", rule=Said(isolate(as_rule(parts))))


def _monthly(parts: dict[str, str], words: Words) -> Said | None:
    """A day of the month, as handlers/rhythms.py writes it; None where the rule says something else."""
    listed = parts.get("BYMONTHDAY", "")
    if listed == "-1" and "BYSETPOS" not in parts:
        return words.say("on the last day of every month")
    day = listed.rpartition(",")[2]
    as_written = {"BYMONTHDAY": day} if "BYSETPOS" not in parts else {"BYMONTHDAY": listed, "BYSETPOS": "-1"}
    is_said = as_written.items() <= parts.items() and day.isdigit() and not parts.keys() & {"BYMONTH", "BYYEARDAY", "BYWEEKNO"}
    return words.say("every month on day {n}", n=int(day)) if is_said else None


def _weekday(day: str, words: Words) -> Said:
    return Said(get_day_names("wide", locale=words.language)[DAYS.index(day)])
