"""When a digest is due: on the weekday and hour that was chosen, on the clocks where the person is, whatever these do."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.digests import latest_digest, next_digest
from models.people import Person

ZONES = ("Africa/Cairo", "Asia/Beirut", "Africa/Casablanca", "America/New_York", "Asia/Kathmandu", "UTC", None)


def person(zone: str | None, weekday: int = 0, hour: int = 9) -> Person:
    return Person(timezone=zone, digest_weekday=weekday, digest_hour=hour)


MOMENTS = st.integers(0, 9 * 365 * 24 * 60).map(lambda minutes: datetime(2024, 2, 1, tzinfo=UTC) + timedelta(minutes=minutes))
PEOPLE = st.builds(person, st.sampled_from(ZONES), st.integers(0, 6), st.integers(6, 20))


@given(PEOPLE, MOMENTS)
def test_it_is_the_first_such_hour_to_come(who: Person, now: datetime) -> None:
    following = next_digest(who, now)
    local = following.astimezone(ZoneInfo(who.timezone or "UTC"))
    assert (local.weekday(), local.hour, local.minute, local.second) == (who.digest_weekday, who.digest_hour, 0, 0)
    assert timedelta() < following - now <= timedelta(days=7, hours=1)
    assert next_digest(who, following - timedelta(seconds=1)) == following


@given(PEOPLE, MOMENTS)
def test_the_latest_is_the_one_before_the_next(who: Person, now: datetime) -> None:
    latest = latest_digest(who, now)
    assert latest <= now < next_digest(who, latest) == next_digest(who, now)


@pytest.mark.parametrize(
    ("zone", "now", "following"),
    [
        ("Africa/Cairo", "2026-04-20T10:00+00:00", "2026-04-27T06:00+00:00"),  # summer time began on the 24th
        ("Africa/Cairo", "2026-10-26T08:00+00:00", "2026-11-02T07:00+00:00"),  # and ended on the 29th
        ("America/New_York", "2026-10-26T14:00+00:00", "2026-11-02T14:00+00:00"),
        ("Africa/Casablanca", "2026-02-09T12:00+00:00", "2026-02-16T09:00+00:00"),  # in Ramadan an hour less
    ],
)
def test_clock_changes(zone: str, now: str, following: str) -> None:
    assert next_digest(person(zone), datetime.fromisoformat(now)) == datetime.fromisoformat(following)
