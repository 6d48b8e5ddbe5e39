"""What comes again: said in words, written as a rule, and on the right day at the right hour whatever the clocks do."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handlers.recurring import (
    DAYS,
    LIMIT,
    as_rule,
    beginning,
    days,
    days_after,
    first_day,
    has_end,
    parts_of,
    read_rule,
    rhythm_text,
    with_end,
)
from handlers.rhythms import is_rhythm, read_end, read_rhythm
from handlers.words import Words
from models.refusals import Malformed

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
"""A Monday."""
CAIRO = ZoneInfo("Africa/Cairo")
WORDS = Words("en", zone=CAIRO)
ARABIC = Words("ar", arabic_digits=True, zone=CAIRO)
THURSDAY = date(2026, 11, 26)
ZONES = ["Africa/Cairo", "Asia/Beirut", "Africa/Casablanca", "America/New_York", "Asia/Riyadh", "Pacific/Apia", "UTC"]


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ("every day", "FREQ=DAILY"),
        ("Daily", "FREQ=DAILY"),
        ("كل يوم", "FREQ=DAILY"),
        ("يوميًّا", "FREQ=DAILY"),
        ("every 3 days", "FREQ=DAILY;INTERVAL=3"),
        ("every other day", "FREQ=DAILY;INTERVAL=2"),
        ("كل يومين", "FREQ=DAILY;INTERVAL=2"),
        ("كل ٣ أيام", "FREQ=DAILY;INTERVAL=3"),
        ("every Thursday", "FREQ=WEEKLY;BYDAY=TH"),
        ("Thursdays", "FREQ=WEEKLY;BYDAY=TH"),
        ("on Thu", "FREQ=WEEKLY;BYDAY=TH"),
        ("كل خميس", "FREQ=WEEKLY;BYDAY=TH"),
        ("كلّ يوم خميس", "FREQ=WEEKLY;BYDAY=TH"),
        ("كل يوم الخميس", "FREQ=WEEKLY;BYDAY=TH"),
        ("every Sunday and Thursday", "FREQ=WEEKLY;BYDAY=TH,SU"),
        ("كل أحد وخميس", "FREQ=WEEKLY;BYDAY=TH,SU"),
        ("كل سبت، ثلاثاء", "FREQ=WEEKLY;BYDAY=TU,SA"),
        ("weekly", "FREQ=WEEKLY;BYDAY=TH"),
        ("كل أسبوع", "FREQ=WEEKLY;BYDAY=TH"),
        ("weekly on Monday", "FREQ=WEEKLY;BYDAY=MO"),
        ("every second Saturday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SA;WKST=SU"),
        ("every other Saturday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SA;WKST=SU"),
        ("every two weeks on Saturday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SA;WKST=SU"),
        ("كل أسبوعين يوم السبت", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SA;WKST=SU"),
        ("كل ثاني سبت", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SA;WKST=SU"),
        ("every 3 weeks", "FREQ=WEEKLY;INTERVAL=3;BYDAY=TH;WKST=SU"),
        ("first Monday of the month", "FREQ=MONTHLY;BYDAY=1MO"),
        ("every first Monday", "FREQ=MONTHLY;BYDAY=1MO"),
        ("the second Saturday of every month", "FREQ=MONTHLY;BYDAY=2SA"),
        ("أول اثنين من الشهر", "FREQ=MONTHLY;BYDAY=1MO"),
        ("ثاني سبت من كل شهر", "FREQ=MONTHLY;BYDAY=2SA"),
        ("آخر جمعة من الشهر", "FREQ=MONTHLY;BYDAY=-1FR"),
        ("every month", "FREQ=MONTHLY;BYMONTHDAY=26"),
        ("شهريًّا", "FREQ=MONTHLY;BYMONTHDAY=26"),
        ("every 15th of the month", "FREQ=MONTHLY;BYMONTHDAY=15"),
        ("يوم ١٥ من كل شهر", "FREQ=MONTHLY;BYMONTHDAY=15"),
        ("the 30th of every month", "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1"),
        ("the last day of the month", "FREQ=MONTHLY;BYMONTHDAY=-1"),
        ("every year", "FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=26"),
        ("every Thursday until 31/12", "FREQ=WEEKLY;BYDAY=TH;UNTIL=20261231"),
        ("كل خميس حتّى ٣١/١٢", "FREQ=WEEKLY;BYDAY=TH;UNTIL=20261231"),
        ("every Thursday, 10 times", "FREQ=WEEKLY;BYDAY=TH;COUNT=10"),
        ("كل خميس ١٠ مرّات", "FREQ=WEEKLY;BYDAY=TH;COUNT=10"),
        ("كل خميس مرتين", "FREQ=WEEKLY;BYDAY=TH;COUNT=2"),
        ("FREQ=WEEKLY;BYDAY=TH", "FREQ=WEEKLY;BYDAY=TH"),
        ("RRULE:FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1;COUNT=3", "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1;COUNT=3"),
        ("freq=weekly; byday=th; until=20261231T220000Z", "FREQ=WEEKLY;BYDAY=TH;UNTIL=20270101"),
    ],
)
def test_rhythms(said: str, rule: str) -> None:
    assert read_rhythm(said, THURSDAY, NOW, WORDS, week_begins=6) == rule


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("sometimes", "could not be read as a rhythm"),
        ("every", "could not be read as a rhythm"),
        ("every 0 days", "could not be read as a rhythm"),
        ("every month on Thursday", "could not be read as a rhythm"),
        ("the 32nd of the month", "could not be read as a rhythm"),
        ("every Thursday until yesterday's end", "could not be read as a day"),
        ("every Thursday until 1/1/2020", "has passed"),
        ("every Thursday until 24/11", "would end before it begins"),
        ("every Thursday 501 times", "from {least} to {most} times"),
        ("every Thursday 0 times", "from {least} to {most} times"),
        ("FREQ=HOURLY", "cannot be followed"),
        ("FREQ=DAILY;BYHOUR=5", "cannot be followed"),
        ("FREQ=DAILY;FREQ=WEEKLY", "cannot be followed"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20261231", "cannot be followed"),
        ("FREQ=DAILY;BYEASTER=1", "cannot be followed"),
        ("FREQ=MONTHLY;BYMONTHDAY=99", "never come"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "never come"),
        ("FREQ=DAILY;UNTIL=20269999", "cannot be followed"),
        ("FREQ=DAILY;COUNT=999", "from {least} to {most} times"),
        ("FREQ", "cannot be followed"),
    ],
)
def test_rhythms_that_are_none(said: str, why: str) -> None:
    with pytest.raises(Malformed) as refused:
        read_rhythm(said, THURSDAY, NOW, WORDS)
    assert why in refused.value.hint


_PIECES = ["every", "كل", "first", "Thursday", "خميس", "2", "3rd", "of", "month", "شهر", "day", "until", "FREQ=", ";"]


@given(st.text(max_size=40) | st.lists(st.sampled_from(_PIECES)).map(" ".join))
def test_whatever_is_said_is_a_rhythm_or_refused(said: str) -> None:
    is_rhythm(said)
    with suppress(Malformed):
        rule = read_rhythm(said, THURSDAY, NOW, WORDS)
        assert len(rule) <= LIMIT
        assert read_rule(rule, CAIRO) == rule
        assert rhythm_text(rule, WORDS)
        assert next(days(rule, first_day(rule, THURSDAY) or THURSDAY)) >= THURSDAY


@given(st.text(alphabet="FREQ=DAILYWKMONTHBYSP;,0123456789-+MOTUWEC", max_size=60).map("FREQ=WEEKLY;{}".format))
def test_whatever_is_written_is_a_rule_or_refused(written: str) -> None:
    with suppress(Malformed):
        rule = read_rhythm(written, THURSDAY, NOW, WORDS)
        assert list(islice(days(rule, THURSDAY), 3)) == sorted(set(islice(days(rule, THURSDAY), 3)))


@st.composite
def rules(draw: st.DrawFn) -> str:
    interval = draw(st.integers(1, 5))
    parts = {"FREQ": draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"]))} | (
        {"INTERVAL": str(interval)} if interval > 1 else {}
    )
    if parts["FREQ"] == "WEEKLY":
        parts["BYDAY"] = ",".join(draw(st.lists(st.sampled_from(DAYS), min_size=1, unique=True)))
        parts["WKST"] = draw(st.sampled_from(["MO", "SA", "SU"]))
    elif parts["FREQ"] == "MONTHLY":
        parts["BYDAY"] = f"{draw(st.sampled_from([1, 2, 3, 4, -1]))}{draw(st.sampled_from(DAYS))}"
    return as_rule(parts | draw(st.sampled_from([{}, {"COUNT": "7"}, {"UNTIL": "20280229"}])))


_wanted = st.dates(date(2026, 1, 1), date(2028, 3, 1))


@given(rules(), _wanted, st.sampled_from(ZONES), st.integers(0, 24 * 60 - 1))
@example("FREQ=WEEKLY;BYDAY=TH", date(2026, 4, 2), "Africa/Cairo", 17 * 60)
@example("FREQ=DAILY", date(2026, 3, 27), "Asia/Beirut", 30)
@example("FREQ=DAILY", date(2027, 2, 1), "Africa/Casablanca", 2 * 60 + 30)
@example("FREQ=DAILY", date(2026, 3, 7), "America/New_York", 2 * 60 + 30)
def test_the_hour_stays_on_the_wall_clock(rule: str, wanted: date, name: str, minute: int) -> None:
    zone = ZoneInfo(name)
    first = first_day(rule, wanted)
    if first is None:
        return
    shown = list(islice(days(rule, first), 30))
    assert shown[0] == first, "a rhythm begins with its first day"
    moments = [beginning(day, minute, zone) for day in shown]
    assert all(a < b for a, b in pairwise(moments))
    for day, moment in zip(shown, moments, strict=True):
        local = moment.astimezone(zone)
        wall = datetime(day.year, day.month, day.day, minute // 60, minute % 60)  # noqa: DTZ001  # a wall has no zone
        exists = wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall
        if exists:
            assert (local.date(), local.hour * 60 + local.minute, local.fold) == (day, minute, 0), (
                "the first where it comes twice"
            )
        else:
            assert timedelta() < local.replace(tzinfo=None) - wall <= timedelta(hours=24), "the hour after the gap"


@given(rules(), _wanted, st.integers(0, 12))
def test_what_comes_after_a_day_is_what_comes(rule: str, wanted: date, skipped: int) -> None:
    first = first_day(rule, wanted)
    if first is None:
        return
    shown = list(islice(days(rule, first), 14))
    after = shown[min(skipped, len(shown) - 1)]
    assert list(islice(days_after(rule, first, after), 14 - 1 - shown.index(after))) == shown[shown.index(after) + 1 :]
    if "COUNT" in parts_of(rule):
        assert len(list(days(rule, first))) == 7


@pytest.mark.parametrize(
    ("zone", "day", "minute", "moment"),
    [
        ("Africa/Cairo", date(2026, 4, 23), 17 * 60, "2026-04-23 15:00"),
        ("Africa/Cairo", date(2026, 4, 24), 30, "2026-04-23 22:30"),  # 0:30 is left out: the clocks go from 0:00 to 1:00
        ("Africa/Cairo", date(2026, 4, 30), 17 * 60, "2026-04-30 14:00"),
        ("Africa/Cairo", date(2026, 10, 29), 23 * 60 + 30, "2026-10-29 20:30"),  # comes twice
        ("Asia/Beirut", date(2026, 3, 29), 30, "2026-03-28 22:30"),
        ("Asia/Beirut", date(2026, 10, 29), 17 * 60, "2026-10-29 15:00"),
        ("Africa/Casablanca", date(2026, 2, 10), 17 * 60, "2026-02-10 16:00"),
        ("Africa/Casablanca", date(2026, 2, 24), 17 * 60, "2026-02-24 17:00"),  # Ramadan
        ("Africa/Casablanca", date(2026, 3, 24), 17 * 60, "2026-03-24 16:00"),
        ("America/New_York", date(2026, 3, 8), 2 * 60 + 30, "2026-03-08 07:30"),  # left out
        ("America/New_York", date(2026, 11, 1), 60 + 30, "2026-11-01 05:30"),  # comes twice
    ],
)
def test_clock_changes(zone: str, day: date, minute: int, moment: str) -> None:
    assert f"{beginning(day, minute, ZoneInfo(zone)):%Y-%m-%d %H:%M}" == moment


@pytest.mark.parametrize(
    ("rule", "first", "shown"),
    [
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", date(2028, 2, 29), ["2028-02-29", "2032-02-29", "2036-02-29"]),
        ("FREQ=WEEKLY;BYDAY=TH", date(2026, 12, 31), ["2026-12-31", "2027-01-07", "2027-01-14"]),  # weeks 53, 1, 2
        ("FREQ=YEARLY;BYWEEKNO=53;BYDAY=TH", date(2026, 12, 31), ["2026-12-31", "2032-12-30", "2037-12-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", date(2027, 1, 31), ["2027-01-31", "2027-02-28", "2027-03-31"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SA,SU;WKST=MO", date(2026, 11, 28), ["2026-11-28", "2026-11-29", "2026-12-12"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SA,SU;WKST=SU", date(2026, 11, 28), ["2026-11-28", "2026-12-06", "2026-12-12"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR,SA;WKST=SA", date(2026, 11, 28), ["2026-11-28", "2026-12-04", "2026-12-12"]),
    ],
)
def test_leap_days_long_years_and_weeks(rule: str, first: date, shown: list[str]) -> None:
    assert [str(day) for day in islice(days(rule, first), 3)] == shown


@pytest.mark.parametrize(
    ("rule", "english", "arabic"),
    [
        ("FREQ=DAILY", "every day", "كل يوم"),
        ("FREQ=DAILY;INTERVAL=3", "every 3 days", "كل ٣ أيام"),
        ("FREQ=WEEKLY;BYDAY=TH", "every Thursday", "أسبوعيًّا: الخميس"),
        ("FREQ=WEEKLY;BYDAY=TH,SU;COUNT=10", "every Thursday, Sunday · 10 times", "أسبوعيًّا: الخميس، الأحد – ١٠ مرّات"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SA;WKST=SU", "every 2 weeks: Saturday", "كل أسبوعين: السبت"),
        ("FREQ=MONTHLY;BYDAY=1MO", "on the first Monday of the month", "الاثنين الأول من كل شهر"),
        ("FREQ=MONTHLY;BYDAY=-1FR", "on the last Friday of the month", "الجمعة الأخير من كل شهر"),
        ("FREQ=MONTHLY;BYMONTHDAY=15", "every month on day 15", "يوم ١٥ من كل شهر"),
        ("FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1", "every month on day 30", "يوم ٣٠ من كل شهر"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "on the last day of every month", "آخر يوم من كل شهر"),
        (
            "FREQ=WEEKLY;BYDAY=TH;UNTIL=20261231",
            "every Thursday · until 31 December 2026",
            "أسبوعيًّا: الخميس – حتى ٣١ ديسمبر ٢٠٢٦",
        ),
        (
            "FREQ=YEARLY;BYWEEKNO=53",
            "by the rule \u2068FREQ=YEARLY;BYWEEKNO=53\u2069",
            "حسب القاعدة \u2068FREQ=YEARLY;BYWEEKNO=53\u2069",
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=1,15", "by the rule \u2068FREQ=MONTHLY;BYMONTHDAY=1,15\u2069", ""),
        ("FREQ=MONTHLY;BYDAY=1MO,3MO", "by the rule \u2068FREQ=MONTHLY;BYDAY=1MO,3MO\u2069", ""),
    ],
)  # fmt: skip
def test_rhythms_in_words(rule: str, english: str, arabic: str) -> None:
    assert rhythm_text(rule, WORDS) == english
    if arabic:
        assert rhythm_text(rule, ARABIC) == arabic


@pytest.mark.parametrize(
    ("said", "end"),
    [
        ("10", {"COUNT": "10"}),
        ("١٠ مرات", {"COUNT": "10"}),
        ("twice", {"COUNT": "2"}),
        ("until 31/12", {"UNTIL": "20261231"}),
        ("حتى ٣١/١٢/٢٠٢٨", {"UNTIL": "20281231"}),
    ],
)
def test_ends(said: str, end: dict[str, str]) -> None:
    assert read_end(said, THURSDAY, NOW, CAIRO) == end
    rule = with_end("FREQ=DAILY;COUNT=3", end)
    assert has_end(rule)
    assert rule.count("COUNT") + rule.count("UNTIL") == 1


@pytest.mark.parametrize("piece", ["every Thursday", "كل خميس", "RRULE:FREQ=DAILY", "daily"])
def test_what_begins_like_a_rhythm(piece: str) -> None:
    assert is_rhythm(piece)


@pytest.mark.parametrize("piece", ["Everyone sings", "كلمة", "15m", ""])
def test_what_does_not_begin_like_a_rhythm(piece: str) -> None:
    assert not is_rhythm(piece)
