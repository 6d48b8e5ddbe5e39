"""What people write about a task, in Arabic and English, is understood; what is not is refused kindly and never crashes."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers import reading
from handlers.moments import FURTHEST, read_beginning, read_moment, read_span
from handlers.one_line import BEGINNING, COMING_AGAIN, EXAMPLE, read_line
from handlers.words import Words
from models.refusals import Malformed
from models.tasks import UNTIL_DEADLINE

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
"""A Monday."""
CAIRO = ZoneInfo("Africa/Cairo")
WORDS = Words("en", zone=CAIRO)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("tonight", "2026-11-23 23:59"),
        ("الليلة", "2026-11-23 23:59"),
        ("tomorrow", "2026-11-24 23:59"),
        ("غدًا ١٨:٠٠", "2026-11-24 18:00"),
        ("غدا الساعة ٦ مساءً", "2026-11-24 18:00"),
        ("tomorrow at 9:30", "2026-11-24 09:30"),
        ("بعد غد", "2026-11-25 23:59"),
        ("3d", "2026-11-26 23:59"),
        ("بعد ٣ أيام", "2026-11-26 23:59"),
        ("in a week", "2026-11-30 23:59"),
        ("خلال ساعتين", "2026-11-23 16:00"),
        ("in 45 minutes", "2026-11-23 14:45"),
        ("18:00", "2026-11-23 18:00"),
        ("at 9", "2026-11-24 09:00"),
        ("6 pm", "2026-11-23 18:00"),
        ("12 am", "2026-11-24 00:00"),
        ("friday", "2026-11-27 23:59"),
        ("يوم الجمعة ٥ م", "2026-11-27 17:00"),
        ("monday 10:00", "2026-11-30 10:00"),
        ("25/12", "2026-12-25 23:59"),
        ("٢٥/١٢", "2026-12-25 23:59"),
        ("22/11", "2027-11-22 23:59"),
        ("2026-12-01 18:00", "2026-12-01 18:00"),
        ("2026-12-01T18:00", "2026-12-01 18:00"),
        ("1.12.26", "2026-12-01 23:59"),
        ("Dec 25, 2026 at 18:00", "2026-12-25 18:00"),
        ("٢٥ كانون الأول", "2026-12-25 23:59"),
        ("٢٥ ديسمبر ١٠:٣٠", "2026-12-25 10:30"),
        ("حتى ٣٠/١١", "2026-11-30 23:59"),
    ],
)
def test_days_and_times(said: str, meant: str) -> None:
    assert f"{read_moment(said, NOW, CAIRO).astimezone(CAIRO):%Y-%m-%d %H:%M}" == meant


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("yesterday", "could not be read"),
        ("", "could not be read"),
        ("31/11", "could not be read"),
        ("25:00", "could not be read"),
        ("13 pm", "could not be read"),
        ("2026-11-23 10:00", "has passed"),
        ("1/1/2020", "has passed"),
        ("2029-01-01", "more than a year"),
        ("29/2", "more than a year"),
        ("9999d", "more than a year"),
    ],
)
def test_days_that_are_none(said: str, why: str) -> None:
    with pytest.raises(Malformed) as refused:
        read_moment(said, NOW, CAIRO)
    assert why in refused.value.hint


@given(st.text(max_size=40), st.sampled_from(["UTC", "Africa/Cairo", "Pacific/Kiritimati", "America/St_Johns"]))
def test_a_deadline_is_in_the_coming_year_or_refused(said: str, zone: str) -> None:
    try:
        moment = read_moment(said, NOW, ZoneInfo(zone))
    except Malformed:
        return
    assert NOW < moment <= NOW + FURTHEST


@given(st.text(alphabet="0123456789٠١٢٣ /:-.dhmw pتغداalsيومبTt", max_size=16))
def test_what_looks_like_a_date_never_crashes(said: str) -> None:
    with suppress(Malformed):
        assert NOW < read_moment(said, NOW, CAIRO) <= NOW + FURTHEST


@pytest.mark.parametrize(
    ("said", "zone", "meant"),
    [
        ("tomorrow 10:00", "Africa/Cairo", "2026-11-24 08:00"),
        ("السبت ١٠:٠٠", "Africa/Cairo", "2026-11-28 08:00"),
        ("3d at 5 pm", "Africa/Cairo", "2026-11-26 15:00"),
        ("in 3 hours", "Africa/Cairo", "2026-11-23 15:00"),
        ("2027-03-14 02:30", "America/New_York", "2027-03-14 07:30"),  # left out: half past three
        ("2027-11-07 01:30", "America/New_York", "2027-11-07 05:30"),  # comes twice: the first
    ],
)
def test_beginnings(said: str, zone: str, meant: str) -> None:
    assert f"{read_beginning(said, NOW, ZoneInfo(zone)):%Y-%m-%d %H:%M}" == meant


@pytest.mark.parametrize("said", ["tomorrow", "السبت", "3d", "بعد أسبوع", "28/11"])
def test_a_day_alone_begins_at_no_hour(said: str) -> None:
    with pytest.raises(Malformed) as refused:
        read_beginning(said, NOW, CAIRO)
    assert "the hour is missing" in refused.value.hint


@pytest.mark.parametrize(
    ("said", "minutes"),
    [
        ("15m", 15),
        ("١٥ د", 15),
        ("١٥ دقيقة", 15),
        ("1h", 60),
        ("1h30", 90),
        ("ساعة ونصف", 90),
        ("نصف ساعة", 30),
        ("ساعتين", 120),
        ("٣ أيّام", 3 * 24 * 60),
        ("15", None),
        ("three", None),
        ("3d 5", None),
    ],
)
def test_spans(said: str, minutes: int | None) -> None:
    assert read_span(said) == minutes


@pytest.mark.parametrize(
    ("read", "said", "value"),
    [
        (reading.read_minutes, "٤٨٠", 480),
        (reading.read_minutes, "8h", 480),
        (reading.read_seats, "٥ مقاعد", 5),
        (reading.read_seats, "مقعدان", 2),
        (reading.read_seats, "1000", 1000),
        (reading.read_title, "  Call \u202ethree\u202c  elders ", "Call three elders"),
        (reading.read_place, "عن بُعد", ""),
        (reading.read_place, "Garden City", "Garden City"),
        (reading.read_tags, "#Elderly, food  food", ["elderly", "food"]),
        (reading.read_tags, "#مُسنّين #مسنين", ["مسنين"]),
        (reading.read_proof, "صورة", "photo"),
        (reading.read_hold, "3", 180),
        (reading.read_hold, "يوم", 24 * 60),
        (reading.read_hold, "حتّى الموعد", UNTIL_DEADLINE),
    ],
)
def test_answers(read: Callable[[str], Any], said: str, value: Any) -> None:
    assert read(said) == value


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (reading.read_minutes, "0"),
        (reading.read_minutes, "481"),
        (reading.read_minutes, "-5"),
        (reading.read_minutes, "9" * 30),
        (reading.read_seats, "1001"),
        (reading.read_seats, "٠"),
        (reading.read_title, "ab"),
        (reading.read_title, "x" * 121),
        (reading.read_title, "\u200b\u202e"),
        (reading.read_description, "x" * 1501),
        (reading.read_place, "\n"),
        (reading.read_place, "x" * 201),
        (reading.read_tags, "a-b"),
        (reading.read_tags, "___"),
        (reading.read_tags, "x" * 41),
        (reading.read_tags, "1 2 3 4 5 6"),
        (reading.read_proof, "maybe"),
        (reading.read_hold, "5m"),
        (reading.read_hold, "15d"),
    ],
)
def test_answers_out_of_bounds(read: Callable[[str], Any], said: str) -> None:
    with pytest.raises(Malformed) as refused:
        read(said)
    assert WORDS.say(refused.value.hint, **refused.value.values)


def or_refusal(read: Callable[[], Any]) -> Any:
    """What was read, or why it cannot be, in words. Anything else that is raised is a fault."""
    try:
        return read()
    except Malformed as refused:
        return WORDS.say(refused.hint, **refused.values)


_READERS = [
    reading.read_title,
    reading.read_description,
    reading.read_place,
    reading.read_minutes,
    reading.read_seats,
    reading.read_tags,
    reading.read_proof,
    reading.read_hold,
]


@given(st.text(max_size=60), st.sampled_from(_READERS))
def test_whatever_is_written_is_read_or_refused(said: str, read: Callable[[str], Any]) -> None:
    value = or_refusal(lambda: read(said))
    assert not isinstance(value, str) or len(value) <= 1500


def test_a_line_in_english() -> None:
    said = read_line(
        "Call three elders | 15m | 5 seats | #elderly #phone | until 25/12 18:00 | @ Garden City | photo", WORDS, NOW
    )
    assert said == {
        "title": "Call three elders",
        "minutes": 15,
        "seats": 5,
        "tags": ["elderly", "phone"],
        "deadline": "2026-12-25T16:00:00+00:00",
        "place": "Garden City",
        "proof": "photo",
    }


def test_a_line_in_arabic_in_any_order() -> None:
    line = "٥ مقاعد | #مسنين | الاتصال بثلاثة مسنّين | ١٥ د | حتى غدًا ١٨:٠٠ | في حي السلام | حجز ٣ ساعات | ملاحظة | بلطف"
    assert read_line(line, WORDS, NOW) == {
        "title": "الاتصال بثلاثة مسنّين",
        "description": "بلطف",
        "minutes": 15,
        "seats": 5,
        "tags": ["مسنين"],
        "deadline": "2026-11-24T16:00:00+00:00",
        "place": "حي السلام",
        "hold": 180,
        "proof": "note",
    }


def shown(sample: object, words: Words) -> str:
    """An example as its reader sees it."""
    return words.say("{sample}", sample=sample).replace("\u2068", "").replace("\u2069", "")


@pytest.mark.parametrize("words", [WORDS, Words("ar", arabic_digits=True, zone=CAIRO)], ids=["en", "ar"])
def test_what_is_given_as_an_example_is_understood(words: Words) -> None:
    for sample, names in (
        (EXAMPLE, {"title", "minutes", "seats", "tags"}),
        (BEGINNING, {"title", "starts", "minutes"}),
        (COMING_AGAIN, {"title", "starts", "rhythm", "minutes"}),
    ):
        command, _, line = shown(sample, words).partition(" ")
        assert command == "/newtask"
        assert read_line(line, words, NOW).keys() == names, line
    with pytest.raises(Malformed) as refused:
        read_moment("whenever", NOW, CAIRO)
    moments = re.split("[,،] ", shown(refused.value.values["examples"], words))
    assert [f"{read_moment(one, NOW, CAIRO):%d %H:%M}" for one in moments] == ["01 16:00", "25 21:59", "26 21:59", "23 16:00"]
    with pytest.raises(Malformed) as refused:
        reading.read_hold("for ever")
    assert reading.read_hold(shown(refused.value.values["example"], words)) == 180
    with pytest.raises(Malformed) as refused:
        reading.read_tags(" ")
    assert len(reading.read_tags(shown(refused.value.values["example"], words))) == 1


def test_a_title_may_begin_like_a_place_and_end_in_tags() -> None:
    assert read_line("In search of a lost cat #animals", WORDS, NOW) == {
        "title": "In search of a lost cat",
        "tags": ["animals"],
    }


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("15m | 5 seats", "The title is missing"),
        ("Call | 15 | 5", "could be minutes or seats"),
        ("Call elders | 9h", "Minutes are"),
        ("Call elders | until yesterday", "could not be read"),
        ("|||", "The title is missing"),
        ("Call elders | @", "A place is written in words"),
    ],
)
def test_a_line_that_is_not_clear(line: str, why: str) -> None:
    with pytest.raises(Malformed) as refused:
        read_line(line, WORDS, NOW)
    assert why in refused.value.hint


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("|#@ 5m")), max_size=80))
def test_any_line_is_read_or_refused(line: str) -> None:
    assert or_refusal(lambda: read_line(line, WORDS, NOW)["title"])
