"""What people read: plurals, digits, dates, direction, and what is left of what somebody wrote."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from babel.messages import Message
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

import handlers  # noqa: F401  # registers every command
from handlers.registry import COMMANDS
from handlers.words import LOCALE_FOLDER, Said, Words, clean, clean_line, language_of, parse_number, words_for

FSI, PDI = "\u2068", "\u2069"
ARABIC = words_for("ar", True, "Africa/Cairo")
ARABIC_WITH_LATIN_DIGITS = words_for("ar", False, "Africa/Cairo")
ENGLISH = words_for("en", False, "Africa/Cairo")
with (LOCALE_FOLDER / "ar.po").open("rb") as _file:
    MESSAGES = [message for message in read_po(_file, locale="ar") if message.id]


@pytest.mark.parametrize(
    ("n", "minutes", "seats", "label"),
    [
        (0, "لا دقائق", "لا مقاعد", "لا تقارير في الانتظار"),
        (1, "دقيقة واحدة", "مقعد واحد", "تقرير واحد في الانتظار"),
        (2, "دقيقتان", "مقعدان", "تقريران في الانتظار"),
        (3, "٣ دقائق", "٣ مقاعد", "٣ تقارير في الانتظار"),
        (10, "١٠ دقائق", "١٠ مقاعد", "١٠ تقارير في الانتظار"),
        (11, "١١ دقيقة", "١١ مقعدًا", "١١ تقريرًا في الانتظار"),
        (99, "٩٩ دقيقة", "٩٩ مقعدًا", "٩٩ تقريرًا في الانتظار"),
        (100, "١٠٠ دقيقة", "١٠٠ مقعد", "١٠٠ تقرير في الانتظار"),
        (102, "١٠٢ دقيقة", "١٠٢ مقعد", "١٠٢ تقرير في الانتظار"),
        (103, "١٠٣ دقائق", "١٠٣ مقاعد", "١٠٣ تقارير في الانتظار"),
        (111, "١١١ دقيقة", "١١١ مقعدًا", "١١١ تقريرًا في الانتظار"),
    ],
)
def test_arabic_counts_in_six_forms(n: int, minutes: str, seats: str, label: str) -> None:
    assert ARABIC.minutes(n) == minutes
    assert ARABIC.seats(n) == seats
    assert ARABIC.count("{n} report is waiting", "{n} reports are waiting", n) == label


def test_no_dot_stands_beside_digits_of_which_one_is_a_dot() -> None:
    assert [words.beside(words.say("I'm in"), words.number(2)) for words in (ENGLISH, ARABIC, ARABIC_WITH_LATIN_DIGITS)] == [
        "I'm in · 2",
        "أنا لها – ٢",
        "أنا لها · 2",
    ]
    noughts = [m.id for m in MESSAGES if re.search(r"[}0-9] ·|· [{0-9]", str(m.string)) and "moment" not in str(m.id)]
    assert noughts == [], "in a sentence too"


def test_a_plural_carries_what_else_the_sentence_says() -> None:
    assert [
        ARABIC.count("{n} seat left of {seats}", "{n} seats left of {seats}", left, seats=12) for left in (0, 1, 2, 3, 11)
    ] == [
        "لا مقاعد شاغرة من أصل ١٢",
        "مقعد واحد شاغر من أصل ١٢",
        "مقعدان شاغران من أصل ١٢",
        "٣ مقاعد شاغرة من أصل ١٢",
        "١١ مقعدًا شاغرًا من أصل ١٢",
    ]


def test_english_counts_in_two() -> None:
    assert [ENGLISH.seats(n) for n in (0, 1, 2, 11)] == ["0 seats", "1 seat", "2 seats", "11 seats"]


LABELS = {
    "I'm in": "أنا لها",
    "Done": "تمّت",
    "Give back": "اعتذار",
    "Approve": "اعتماد",
    "Send back": "إعادة",
    "Reject": "رفض",
    "Skip": "تخطٍّ",
    "Back": "رجوع",
    "Cancel": "إلغاء",
    "Confirm": "تأكيد",
    "Send": "إرسال",
}


@pytest.mark.parametrize(("label", "arabic"), LABELS.items())
def test_the_main_buttons_have_fixed_labels(label: str, arabic: str) -> None:
    assert ARABIC.say(label) == arabic


# Direction


def test_what_people_wrote_keeps_its_direction_to_itself() -> None:
    said = ENGLISH.say("{title} is yours until {moment}. Thank you!", title="زيارة (مستشفى)", moment=Said("today at 17:00"))
    assert said == f"{FSI}زيارة (مستشفى){PDI} is yours until today at 17:00. Thank you!"


def test_a_name_cannot_break_out_of_its_isolate() -> None:
    said = ENGLISH.say("Sent back to {name}.", name=f"Omar{PDI}\u202e\nrotaredom")
    assert said == f"Sent back to {FSI}Omar rotaredom{PDI}."


def test_a_sentence_within_a_sentence_is_isolated_once() -> None:
    names = ENGLISH.list_of(["عمر", "Maya"])
    assert ENGLISH.say("In: {names}", names=names) == f"In: {FSI}عمر{PDI}, {FSI}Maya{PDI}"
    assert ARABIC.list_of(["عمر", "Maya"]) == f"{FSI}عمر{PDI}، {FSI}Maya{PDI}"


def test_commands_in_an_arabic_sentence_read_from_left_to_right() -> None:
    said = ARABIC.say("This button is from an earlier time. What is open now is in /help.")
    assert said.endswith(f"{FSI}/help{PDI}.")
    assert FSI not in ENGLISH.say("This button is from an earlier time. What is open now is in /help.")


# Digits and dates

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_numbers_have_the_readers_digits() -> None:
    sentence = "Minutes are a number from {least} to {most}."
    assert ARABIC.say(sentence, least=1, most=1440) == "الدقائق عدد من ١ إلى ١٤٤٠."
    assert ARABIC_WITH_LATIN_DIGITS.say(sentence, least=1, most=1440) == "الدقائق عدد من 1 إلى 1440."
    assert ENGLISH.say(sentence, least=1, most=1440) == "Minutes are a number from 1 to 1440."


def test_so_have_the_numbers_that_a_sentence_brings_along() -> None:
    sentence = "This file is larger than 20 MB."
    assert "٢٠" in ARABIC.say(sentence)
    assert "20" in ARABIC_WITH_LATIN_DIGITS.say(sentence)


def test_digits_in_what_people_wrote_stay_as_they_are() -> None:
    assert "Room 12" in ARABIC.say("Until {moment}", moment="Room 12")


def test_dates_are_those_of_the_reader() -> None:
    assert ARABIC.day(NOON) == "الاثنين ٢٣ نوفمبر"
    assert ENGLISH.day(NOON) == "Monday 23 November"
    assert (ARABIC.time(NOON), ENGLISH.time(NOON)) == ("١٤:٠٠", "14:00")


@pytest.mark.parametrize(
    ("hours", "arabic", "english"),
    [
        (0, "الساعة ١٤:٠٠ اليوم", "today at 14:00"),
        (9, "الساعة ٢٣:٠٠ اليوم", "today at 23:00"),
        (10, "الساعة ٠٠:٠٠ غدًا", "tomorrow at 00:00"),
        (48, "الساعة ١٤:٠٠، الأربعاء ٢٥ نوفمبر", "Wednesday 25 November at 14:00"),
    ],
)
def test_today_and_tomorrow_are_those_where_the_reader_lives(hours: int, arabic: str, english: str) -> None:
    moment = NOON + timedelta(hours=hours)
    assert ARABIC.moment(moment, NOON) == arabic
    assert ENGLISH.moment(moment, NOON) == english


def test_an_unknown_time_zone_reads_as_utc() -> None:
    assert words_for("en", False, "Nowhere/At_All").time(NOON) == "12:00"
    assert words_for("tlh", False, "UTC").language == "en"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        ("١٢", 12),
        ("۱۲", 12),
        ("١2", 12),
        (" ٠٠٧ ", 7),
        ("0", 0),
        ("-1", None),
        ("١٢x", None),
        ("1.5", None),
        ("١٫٥", None),
        ("²", None),
        ("①", None),
        ("", None),
        ("9" * 18, 10**18 - 1),
        ("9" * 19, None),
    ],
)
def test_a_number_is_read_whatever_its_digits(text: str, number: int | None) -> None:
    assert parse_number(text) == number


@given(st.integers(0, 10**18 - 1))
def test_what_is_said_as_a_number_is_read_as_it(n: int) -> None:
    assert parse_number(ARABIC.number(n)) == parse_number(ENGLISH.number(n)) == n


@pytest.mark.parametrize(
    ("locale", "language"), [("ar", "ar"), ("ar-EG", "ar"), ("AR_sa", "ar"), ("en-GB", "en"), ("fr", "en"), ("", "en")]
)
def test_a_platforms_hint_becomes_a_language_of_ours(locale: str, language: str) -> None:
    assert language_of(locale) == language


# What is left of what somebody wrote

INVISIBLE = "\u200b\u2060\ufeff\u00ad\u180e\u3164\u115f\u1160\uffa0\u2800"
CONTROLS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\x00\x07\x1b\x7f\u009f"
TRICKY = st.sampled_from(INVISIBLE + CONTROLS + "\u200c\u200d\u200e\u200f\u0301\u064e\u20dd \n\t\r\U000e0041")
TEXTS = st.text(st.one_of(st.characters(), TRICKY, st.sampled_from("abcابت١٢")), max_size=60)


@given(TEXTS)
def test_nothing_that_controls_or_hides_is_left(text: str) -> None:
    cleaned = clean(text)
    kinds = {unicodedata.category(c) for c in cleaned if c not in "\n\u200c\u200d\u200e\u200f"}
    assert not kinds & {"Cc", "Cf", "Cs", "Co", "Cn"}
    assert not set(CONTROLS) & set(cleaned)
    assert "\n" not in clean_line(text)
    cleaned.encode()


@given(TEXTS)
def test_cleaning_what_is_clean_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert clean_line(clean_line(text)) == clean_line(text)


@given(st.text(st.sampled_from(INVISIBLE + CONTROLS + "\u200c\u200d\u200e\u200f\u0301\u064e \n\t\u00a0\u2003"), max_size=40))
def test_a_name_that_nobody_sees_is_empty(text: str) -> None:
    assert clean(text) == ""


@given(st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=40))
def test_letters_numbers_and_signs_stay(text: str) -> None:
    hidden = set("\u3164\u115f\u1160\u2800\uffa0")
    assert clean(text) == (text if set(text) - hidden else "")


def test_a_text_keeps_its_lines_its_marks_and_its_emoji() -> None:
    assert clean("  one \r\n  two\t2 ") == "one\ntwo 2"
    assert clean("مَرحَبًا") == "مَرحَبًا"
    assert clean("می\u200cخواهم 👩\u200d👧") == "می\u200cخواهم 👩\u200d👧"


# Every sentence of the catalogue


def forms_of(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def sample(gap: str) -> object:
    numbers = {"least", "most", "length", "limit", "number", "seats", "n"}
    return 12 if gap in numbers else "Maya"


def say_it(message: Message, words: Words, n: int) -> str:
    ids = (message.id,) if isinstance(message.id, str) else message.id
    values = {gap: sample(gap) for id_ in ids for gap in re.findall(r"\{(\w+)\}", id_)}
    if isinstance(message.id, str):
        return words.say(message.id, **values)
    values.pop("n", None)
    return words.count(message.id[0], message.id[1], n, **values)


def test_every_sentence_can_be_said() -> None:
    for message, words, n in product(MESSAGES, (ARABIC, ARABIC_WITH_LATIN_DIGITS, ENGLISH), (0, 1, 2, 3, 11, 100)):
        said = say_it(message, words, n)
        assert said
        assert not re.search(r"[{}]", said), said
        assert said.count(FSI) == said.count(PDI), said


def test_every_command_that_is_named_exists() -> None:
    for message in MESSAGES:
        for sentence in (message.id if isinstance(message.id, str) else message.id[1], *forms_of(message)):
            named = set(re.findall(r"(?<![\w/])/([a-z]+)", sentence))
            assert named <= COMMANDS.keys() | {"newbot"}, sentence


# Readers are women and men: a sentence names the deed (المصدر), and orders nobody about in a form that assumes which.
IMPERATIVES = re.compile(
    r"\b(اضغط|انقر|اختر|أرسل|ارسل|اكتب|احجز|انضم|جرب|تأكد|راجع|أدخل|ادخل|أضف|افتح|اقرأ|تفضل|ابدأ|أعد|اقبل|وافق|سلم)\b"
)
VOWELLED = re.compile("[تك][\u064e\u0650](?!\\w)")
"""The second person's last vowel (قمتَ, قمتِ, لكِ) tells a woman from a man."""


def test_no_sentence_assumes_who_reads_it() -> None:
    for message in MESSAGES:
        for form in forms_of(message):
            assert not IMPERATIVES.search(form), form
            assert not VOWELLED.search(form), form


def test_nothing_is_said_of_nothing() -> None:
    assert ARABIC.say("") == ""
