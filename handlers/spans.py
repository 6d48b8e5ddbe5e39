"""Lengths of time in words."""

from handlers.words import Said, Words

_DAY = 24 * 60
_IN_HOURS = 2 * _DAY
"""What is shorter reads well in hours."""


def hours_of(words: Words, n: int) -> Said:
    return words.count("{n} hour", "{n} hours", n)


def time_given(words: Words, minutes: int) -> Said:
    """Minutes as hours and minutes, however many: nothing is rounded away."""
    hours, rest = divmod(minutes, 60)
    return _both(words, hours_of(words, hours), hours, words.minutes(rest), rest)


def span(words: Words, minutes: int) -> Said:
    """A length of time in its two largest units: days and hours, or hours and minutes."""
    if not minutes:
        return words.say("less than a minute")
    if minutes < _IN_HOURS:
        return time_given(words, minutes)
    days, hours = divmod(round(minutes / 60), 24)
    return _both(words, words.count("{n} day", "{n} days", days), days, hours_of(words, hours), hours)


def _both(words: Words, large: Said, n: int, small: Said, rest: int) -> Said:
    if not n:
        return small
    return words.say("{large} and {small}", large=large, small=small) if rest else large
