"""Weeks: which days, which number, and how long they are when the clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.weeks import Week, last_week, week_at, week_numbered, week_of_day

MONDAY, FRIDAY, SATURDAY, SUNDAY = 0, 4, 5, 6
ZONES = ["UTC", "Africa/Cairo", "Asia/Beirut", "Africa/Casablanca", "America/New_York", "Asia/Gaza", "Atlantic/Azores",
         "Asia/Kathmandu", "Pacific/Chatham", "America/Havana"]  # fmt: skip


@pytest.mark.parametrize(
    ("first_weekday", "start", "end"),
    [(MONDAY, "2026-11-16", "2026-11-22"), (SUNDAY, "2026-11-15", "2026-11-21"), (SATURDAY, "2026-11-14", "2026-11-20")],
)
def test_a_number_is_that_of_the_weeks_thursday(first_weekday: int, start: str, end: str) -> None:
    week = week_numbered(2026, 47, first_weekday, "UTC")
    assert (week.days[0].isoformat(), week.days[-1].isoformat(), week.name) == (start, end, "2026-W47")
    assert date(2026, 11, 19) in week.days


def test_a_year_may_have_53_weeks_and_none_has_more() -> None:
    assert week_numbered(2026, 53, MONDAY, "UTC").days[0] == date(2026, 12, 28)
    assert week_numbered(2026, 53, SATURDAY, "UTC").days[0] == date(2026, 12, 26)
    assert week_at(datetime(2027, 1, 1, tzinfo=UTC), SUNDAY, "UTC").name == "2026-W53"
    for year, number in ((2027, 53), (2026, 54), (2026, 0)):
        with pytest.raises(ValueError, match="Invalid week"):
            week_numbered(year, number, SUNDAY, "UTC")


def test_the_29th_of_february_is_in_its_week() -> None:
    week = week_of_day(date(2028, 2, 29), SATURDAY, "UTC")
    assert (week.start, week.end, week.name) == (date(2028, 2, 26), date(2028, 3, 4), "2028-W09")


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Africa/Cairo", "2026-04-24", 167),  # at midnight on Friday the clocks go to one
        ("Africa/Cairo", "2026-10-29", 169),  # at midnight after Thursday they go back to eleven
        ("Asia/Beirut", "2026-03-29", 167),
        ("Asia/Beirut", "2026-10-24", 169),
        ("Africa/Casablanca", "2026-02-15", 169),  # Ramadan begins: an hour back
        ("Africa/Casablanca", "2026-03-22", 167),
        ("America/New_York", "2026-03-08", 167),
        ("America/New_York", "2026-11-01", 169),
        ("Asia/Kathmandu", "2026-11-01", 168),
    ],
)
def test_a_week_with_a_clock_change_is_an_hour_shorter_or_longer(zone: str, day: str, hours: int) -> None:
    week = week_of_day(date.fromisoformat(day), SATURDAY if zone == "Africa/Cairo" else MONDAY, zone)
    assert week.ends_at - week.begins_at == timedelta(hours=hours)


def test_where_midnight_is_skipped_the_day_begins_with_the_change() -> None:
    friday = week_of_day(date(2026, 4, 24), FRIDAY, "Africa/Cairo")
    assert friday.begins_at == datetime(2026, 4, 23, 22, tzinfo=UTC)
    assert friday.begins_at.astimezone(ZoneInfo("Africa/Cairo")).hour == 1


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC)),  # noqa: DTZ001
    st.integers(0, 6),
    st.sampled_from(ZONES),
)
def test_every_moment_is_in_one_week_and_one_day_of_it(moment: datetime, first_weekday: int, zone: str) -> None:
    week = week_at(moment, first_weekday, zone)
    assert week.start.weekday() == first_weekday
    assert week.begins_at <= moment < week.ends_at
    midnights = week.midnights
    assert list(midnights) == sorted(set(midnights))
    (day,) = [number for number in range(7) if midnights[number] <= moment < midnights[number + 1]]
    assert week.days[day] == moment.astimezone(ZoneInfo(zone)).date()
    assert week_numbered(*week.number, first_weekday, zone) == week
    assert week.earlier().ends_at == week.begins_at
    assert last_week(moment, first_weekday, zone) == week.earlier() == Week(week.start - timedelta(days=7), zone)
