"""Weeks as people name them: this one, the last one, `2026-W47`, a day in it."""

import re
from datetime import date, datetime

from babel.dates import format_date

from handlers.moments import plain
from handlers.words import N_, Said, Words, words_for
from models.communities import Community
from models.refusals import Malformed
from models.weeks import Week, last_week, week_at, week_numbered, week_of_day

_THIS = frozenset(map(plain, ("", "this week", "this", "now", "هذا الأسبوع", "الأسبوع الحالي", "الآن")))
_LAST = frozenset(map(plain, ("last week", "last", "الأسبوع الماضي", "الأسبوع السابق", "الماضي", "السابق")))
_NUMBERED = re.compile(r"(?:(\d{4})(?:[- ]w?|w)|w)?(\d{1,2})")
_DAY = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
_FIRST_YEAR = 2000


def read_week(text: str, community: Community, now: datetime) -> Week:
    """The week that somebody names; a number without a year is the latest such week. Raises Malformed."""
    first, zone, said = community.first_weekday, community.timezone, plain(text)
    if said in _THIS:
        return week_at(now, first, zone)
    if said in _LAST:
        return last_week(now, first, zone)
    found = _named(said, first, zone, week_at(now, first, zone))
    if found is None or found.start.year < _FIRST_YEAR:
        example = last_week(now, first, zone).name
        raise Malformed(N_("“{given}” is not a week. Write it like this: {example}"), {"given": text[:30], "example": example})
    if found.begins_at > now:
        raise Malformed(N_("The week {week} has not begun yet."), {"week": found.name})
    return found


def _named(said: str, first_weekday: int, zone: str, running: Week) -> Week | None:
    numbered, day = _NUMBERED.fullmatch(said), _DAY.fullmatch(said)
    try:
        if day:
            return week_of_day(date(*map(int, said.split("-"))), first_weekday, zone)
        if numbered and numbered[1]:
            return week_numbered(int(numbered[1]), int(numbered[2]), first_weekday, zone)
        if numbered:
            return _latest(int(numbered[2]), first_weekday, zone, running)
    except (ValueError, OverflowError):
        return None
    return None


def _latest(number: int, first_weekday: int, zone: str, running: Week) -> Week | None:
    """The latest week of this number that has begun; only some years have a 53rd."""
    weeks = (running.earlier(back) for back in range(53 * 8))
    return next((week for week in weeks if week.number[1] == number), None)


def from_button(number: int, community: Community) -> Week | None:
    """The week that a button names by its first day, 20261121; None where no week of this community begins so."""
    try:
        week = week_of_day(date.fromisoformat(str(number)), community.first_weekday, community.timezone)
    except (ValueError, OverflowError):
        return None
    return week if number == for_button(week) and week.start.year >= _FIRST_YEAR else None


def for_button(week: Week) -> int:
    return int(week.start.strftime("%Y%m%d"))


def days_of(words: Words, week: Week) -> Said:
    """From its first to its last day: 21–27 November."""
    first, last = week.days[0], week.days[-1]
    form = "d" if first.month == last.month else "d MMMM"
    return words.say("{first}–{last}", first=day_of(words, first, form), last=day_of(words, last, "d MMMM"))


def day_of(words: Words, day: date, form: str = "EEE d") -> Said:
    return words.digits(format_date(day, form, locale=words.language))


def here(words: Words, community: Community) -> Words:
    """The reader's words, with moments as the community's clocks show them."""
    return words_for(words.language, words.arabic_digits, community.timezone)
