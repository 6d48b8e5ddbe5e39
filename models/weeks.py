"""The weeks of a community: seven days from its first weekday on, each from local midnight to local midnight.

A week bears the number that ISO 8601 gives the week of its Thursday, wherever it begins: 2026-W47 are the seven days round
Thursday the 19th of November, Monday 16 to Sunday 22 for those whose weeks begin on Mondays, Sunday 15 to Saturday 21 or
Saturday 14 to Friday 20 for others. So every day is in one week, and every week has one number, in years of 53 weeks too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = 7
_THURSDAY = 3


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days, in a time zone."""

    start: date
    zone: str

    @property
    def end(self) -> date:
        """The day after the last one."""
        return self.start + timedelta(days=DAYS)

    @property
    def begins_at(self) -> datetime:
        return _midnight(self.start, self.zone)

    @property
    def ends_at(self) -> datetime:
        """When it is over: the first moment of the next one."""
        return _midnight(self.end, self.zone)

    @property
    def number(self) -> tuple[int, int]:
        """Its year and its number within it."""
        year, number, _ = self._thursday.isocalendar()
        return year, number

    @property
    def name(self) -> str:
        """As in ISO 8601, 2026-W47."""
        year, number = self.number
        return f"{year:04}-W{number:02}"

    @property
    def _thursday(self) -> date:
        return next(day for day in self.days if day.weekday() == _THURSDAY)

    @property
    def days(self) -> Sequence[date]:
        return [self.start + timedelta(days=number) for number in range(DAYS)]

    @property
    def midnights(self) -> Sequence[datetime]:
        """When each of its days begins, and when it is over: eight moments."""
        return [_midnight(self.start + timedelta(days=number), self.zone) for number in range(DAYS + 1)]

    def earlier(self, weeks: int = 1) -> "Week":
        """The week so many weeks before."""
        return Week(self.start - timedelta(days=DAYS * weeks), self.zone)


def week_of_day(day: date, first_weekday: int, zone: str) -> Week:
    """The week that a day is in, where weeks begin on `first_weekday` (0 is Monday)."""
    return Week(day - timedelta(days=(day.weekday() - first_weekday) % DAYS), zone)


def week_at(moment: datetime, first_weekday: int, zone: str) -> Week:
    """The week that runs at a moment."""
    return week_of_day(moment.astimezone(ZoneInfo(zone)).date(), first_weekday, zone)


def last_week(moment: datetime, first_weekday: int, zone: str) -> Week:
    """The latest week that is over at a moment."""
    return week_at(moment, first_weekday, zone).earlier()


def week_numbered(year: int, number: int, first_weekday: int, zone: str) -> Week:
    """The week of a number. Raises ValueError where its year has no such week."""
    return week_of_day(date.fromisocalendar(year, number, _THURSDAY + 1), first_weekday, zone)


def _midnight(day: date, zone: str) -> datetime:
    """The first moment of a day where people are. Where the clocks skip midnight, that is the moment of their change; where
    they show it twice, the first time."""
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)
