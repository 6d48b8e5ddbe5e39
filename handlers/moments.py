"""Spans and points in time as people write them, in Arabic and English: «٣ ساعات», `45m`, «غدًا ١٨:٠٠», `25/12`."""

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from babel.dates import get_day_names, get_month_names

from handlers.words import N_, Sample, to_latin_digits
from models.refusals import Malformed

END_OF_DAY = time(23, 59)
"""What a day without an hour means: the whole of it."""
FURTHEST = timedelta(days=366)

_NAMED_IN = ("en", "ar", "ar_SY", "ar_MA", "ar_DZ")
"""Arabic has several sets of month names; CLDR keeps them under these locales."""


def plain(text: str) -> str:
    """What somebody wrote, as it can be compared: one case, Latin digits, no vowel marks, one form of alef, ة and ى."""
    letters = unicodedata.normalize("NFKD", text)
    kept = "".join(c for c in letters if c != "ـ" and unicodedata.category(c) not in {"Mn", "Cf"})
    folded = to_latin_digits(kept).casefold().replace("ة", "ه").replace("ى", "ي")
    return " ".join(folded.split())


def _any_of(words: str) -> str:
    """A pattern for any of these words, the longest first."""
    return "|".join(sorted(map(re.escape, plain(words).split()), key=len, reverse=True))


_UNITS = {
    1: _any_of("m min mins minute minutes ' د دقيقة دقائق"),
    60: _any_of("h hr hrs hour hours س ساعة ساعات"),
    60 * 24: _any_of("d day days يوم يوما أيام"),
    60 * 24 * 7: _any_of("w week weeks أسبوع أسبوعا أسابيع"),
}
_IN_ONE_WORD = {
    plain(words): minutes
    for minutes, said in {
        1: ("دقيقة",),
        2: ("دقيقتان", "دقيقتين"),
        15: ("ربع ساعة", "quarter of an hour", "a quarter of an hour"),
        30: ("نصف ساعة", "half an hour"),
        60: ("ساعة", "an hour", "one hour"),
        90: ("ساعة ونصف",),
        120: ("ساعتان", "ساعتين"),
        60 * 24: ("يوم", "a day", "one day"),
        60 * 24 * 2: ("يومان", "يومين"),
        60 * 24 * 7: ("أسبوع", "a week", "one week"),
        60 * 24 * 14: ("أسبوعان", "أسبوعين"),
    }.items()
    for words in said
}
_PIECE = r"([0-9]{1,4}) ?(" + "|".join(_UNITS.values()) + r")"
_SPAN = re.compile(rf"{_PIECE}(?: ?(?:and |و ?)?([0-9]{{1,2}}) ?(?:{_UNITS[1]})?)?")


def read_span(text: str) -> int | None:
    """The minutes in `1h`, `1h30`, «٣ ساعات», «نصف ساعة»; None where there is no unit or it is something else."""
    said = plain(text)
    if said in _IN_ONE_WORD:
        return _IN_ONE_WORD[said]
    found = _SPAN.fullmatch(said)
    if not found:
        return None
    unit = next(minutes for minutes, words in _UNITS.items() if re.fullmatch(words, found[2]))
    if found[3] and unit != 60:
        return None
    return int(found[1]) * unit + int(found[3] or 0)


def read_moment(text: str, now: datetime, zone: tzinfo) -> datetime:
    """A point in time to come, in UTC. A day alone means its end, an hour alone the next time the clock shows it.

    Raises Malformed for what cannot be read, has passed, or is more than a year away.
    """
    local = now.astimezone(zone)
    try:
        moment = _read(_said(text), local).astimezone(UTC)
    except (ValueError, OverflowError):
        hint = N_("“{given}” could not be read as a day and time. These can: {examples}")
        raise Malformed(hint, {"given": text[:40], "examples": Sample(N_("2026-12-01 18:00, 25/12, 3d, 18:00"))}) from None
    if moment <= now:
        raise Malformed(N_("That moment has passed. A later one, please."))
    if moment - now > FURTHEST:
        raise Malformed(N_("That is more than a year away. A nearer day, please."))
    return moment


def read_beginning(text: str, now: datetime, zone: tzinfo) -> datetime:
    """The point in time at which something begins, as `read_moment` reads it; a day alone does not tell it.

    Where the clocks change, an hour that is left out is the one after it, and one that comes twice is the first.
    """
    moment = read_moment(text, now, zone)
    clock, rest = _take_clock(_said(text))
    span = read_span(rest.removeprefix("بعد ").removeprefix("after "))
    if clock is None and (span is None or span % (24 * 60) == 0):
        raise Malformed(N_("The day is clear; the hour is missing. For example: {example}"), {"example": f"{text[:30]} 17:00"})
    return moment


def read_day(text: str, now: datetime, zone: tzinfo) -> date:
    """A day that has not passed where the clock shows this zone's time, however far away. Raises Malformed."""
    today = now.astimezone(zone).date()
    try:
        day = _read_day(_said(text), today)
    except (ValueError, OverflowError):
        raise Malformed(_NO_DAY, {"given": text[:40], "examples": "2026-12-31, 31/12"}) from None
    if day < today:
        raise Malformed(N_("That day has passed. A later one, please."))
    return day


_NO_DAY = N_("“{given}” could not be read as a day. These can: {examples}")


def _said(text: str) -> str:
    """What somebody wrote without the words that only lead up to it."""
    return _LEADING.sub("", re.sub(r"(?<=[0-9])t(?=[0-9])", " ", plain(text)))


_LEADING = re.compile(r"^(?:(?:until|till|by|before|deadline|due|on|in|within|حتي|قبل|الي|خلال|في|يوم)[ :]+)+")
_HALVES = {
    half: plain(words).split()
    for half, words in {"am": "am a.m. ص صباحا فجرا", "pm": "pm p.m. م مساء عصرا ظهرا", "night": "ليلا"}.items()
}
_HALF = "|".join(re.escape(word) for words in _HALVES.values() for word in words)
_AT = r"(?:\b(?:at|الساعه) )?"
_CLOCKS = (
    re.compile(rf"{_AT}(?<![0-9])([0-9]{{1,2}}):([0-9]{{2}})(?![0-9:]) ?({_HALF})?(?!\w)"),
    re.compile(rf"{_AT}(?<![0-9/.:-])([0-9]{{1,2}})() ?({_HALF})(?!\w)"),
    re.compile(r"\b(?:at|الساعه) ([0-9]{1,2})()()(?![\w:])"),
)


def _read(said: str, local: datetime) -> datetime:
    """Raises ValueError for what cannot be read."""
    clock, rest = _take_clock(said)
    today = local.date()
    if clock and not rest:
        moment = datetime.combine(today, clock, local.tzinfo)
        return moment if moment > local else datetime.combine(today + timedelta(days=1), clock, local.tzinfo)
    span = read_span(rest.removeprefix("بعد ").removeprefix("after "))
    if span is not None and (clock is None and span % (24 * 60)):
        return (local + timedelta(minutes=span)).replace(second=0, microsecond=0)
    day = today + timedelta(minutes=span) if span is not None else _read_day(rest, today)
    moment = datetime.combine(day, clock or END_OF_DAY, local.tzinfo)
    return moment + timedelta(days=7) if rest in WEEKDAYS and moment <= local else moment


def _take_clock(said: str) -> tuple[time | None, str]:
    """The time of day in what was said, and the rest of it."""
    for pattern in _CLOCKS:
        found = pattern.search(said)
        if found:
            rest = f"{said[: found.start()]} {said[found.end() :]}"
            return _clock(int(found[1]), int(found[2] or 0), found[3] or ""), " ".join(rest.replace(",", " ").split())
    return None, said


def read_clock(text: str) -> time | None:
    """A time of day: `21:00`, `9 pm`, «٩ مساءً», `21`; None for anything else."""
    said = plain(text)
    if said.isdigit() and len(said) <= 2:
        said = f"{said}:00"
    try:
        clock, rest = _take_clock(said)
    except ValueError:
        return None
    return None if rest else clock


def _clock(hour: int, minute: int, half: str) -> time:
    if half:
        if not 1 <= hour <= 12:
            raise ValueError
        is_late = half in _HALVES["pm"] or (half in _HALVES["night"] and 6 <= hour < 12)
        hour = hour % 12 + (12 if is_late else 0)
    return time(hour, minute)


_DAYS = {
    plain(word): days
    for days, words in enumerate(
        (
            ("today", "tonight", "اليوم", "الليلة"),
            ("tomorrow", "غدا", "غد", "بكرة", "بكرا"),
            ("after tomorrow", "day after tomorrow", "the day after tomorrow", "بعد غد", "بعد غدا"),
        )
    )
    for word in words
}
WEEKDAYS = {
    plain(name): weekday
    for locale in ("en", "ar")
    for width in ("wide", "abbreviated")
    for weekday, name in get_day_names(width, locale=locale).items()
}
_MONTHS = {
    plain(name): month
    for locale in _NAMED_IN
    for width in ("wide", "abbreviated")
    for month, name in get_month_names(width, locale=locale).items()
}
_MONTH = "|".join(sorted(map(re.escape, _MONTHS), key=len, reverse=True))
_YEAR_FIRST = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})")
_DAY_FIRST = re.compile(r"([0-9]{1,2})[-/.]([0-9]{1,2})(?:[-/.]([0-9]{4}|[0-9]{2}))?\.?")
_NAMED = re.compile(rf"([0-9]{{1,2}})\.? ?({_MONTH})(?: ([0-9]{{4}}))?")
_NAME_FIRST = re.compile(rf"({_MONTH}) ([0-9]{{1,2}})(?:,? ([0-9]{{4}}))?")


def _read_day(said: str, today: date) -> date:
    """Raises ValueError for what is no day."""
    if said in _DAYS:
        return today + timedelta(days=_DAYS[said])
    if said in WEEKDAYS:
        return today + timedelta(days=(WEEKDAYS[said] - today.weekday()) % 7)
    if found := _YEAR_FIRST.fullmatch(said):
        return date(int(found[1]), int(found[2]), int(found[3]))
    if found := _DAY_FIRST.fullmatch(said):
        return _in_year(int(found[1]), int(found[2]), found[3], today)
    if found := _NAMED.fullmatch(said):
        return _in_year(int(found[1]), _MONTHS[found[2]], found[3], today)
    if found := _NAME_FIRST.fullmatch(said):
        return _in_year(int(found[2]), _MONTHS[found[1]], found[3], today)
    raise ValueError


def _in_year(day: int, month: int, year: str | None, today: date) -> date:
    """The day in the year that was named, or the next time that it comes."""
    if year:
        return date(int(year) + (2000 if len(year) == 2 else 0), month, day)
    for candidate in range(today.year, today.year + 9):
        try:
            found = date(candidate, month, day)
        except ValueError:  # the 29th of February comes in some years only
            continue
        if found >= today:
            return found
    raise ValueError
