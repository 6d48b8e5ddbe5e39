"""Words for a reader: catalogues, plurals, digits, dates, and the safety of what people wrote.

The English sentence in the code is the key; `locale/<language>.po` holds the others. A sentence is always whole; what is put
into it has a name (`{title}`). Text that people wrote is cleaned and isolated on its way in, so that a name written in one
direction cannot turn the sentence round it.
"""

import gettext
import io
import re
import string
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE_FOLDER = Path(__file__).parent / "locale"
LANGUAGES = ("ar", "en")
RIGHT_TO_LEFT = frozenset({"ar"})

_ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_LATIN_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "0123456789" * 2)
_KEPT_FORMAT_CHARACTERS = frozenset("\u200c\u200d\u200e\u200f")
_FSI, _PDI = "\u2068", "\u2069"
_MARKED = re.compile(r"(?<![\w/])[/@#][A-Za-z]\w*")
"""Commands, accounts and tags: their first character has no direction of its own, and would end up behind them."""


class Said(str):
    """Text that came out of a catalogue: it is not isolated again when it stands inside another sentence."""

    __slots__ = ()


class Sample(str):
    """What somebody could write, a sentence of the catalogue: said in the reader's language, and kept apart from what is round
    it."""

    __slots__ = ()


def N_(message: str) -> str:  # noqa: N802  # the name that gettext's tools know
    """Mark a sentence for the catalogues where it cannot be said yet because the reader is not known."""
    return message


def clean(text: str) -> str:
    """What a person wrote, without control, direction-changing, surrogate and invisible characters.

    ZWNJ and ZWJ (needed by scripts and emoji) and the LRM and RLM marks stay, and so do line breaks; a text of nothing but
    invisible characters becomes empty. Unicode categories: UAX #44; isolates and overrides: UAX #9.
    """
    kept = "".join(
        c
        for c in text.replace("\r\n", "\n").replace("\t", " ")
        if c == "\n" or c in _KEPT_FORMAT_CHARACTERS or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
    )
    lines = [" ".join(line.split()) for line in kept.strip().split("\n")]
    cleaned = "\n".join(lines).strip()
    return cleaned if any(_is_visible(c) for c in cleaned) else ""


def _is_visible(character: str) -> bool:
    return unicodedata.category(character) not in {"Cf", "Zs", "Mn"} and character not in "\n\u3164\u115f\u1160\u2800\uffa0"


def clean_line(text: str) -> str:
    """`clean`, on one line."""
    return " ".join(clean(text).split())


def isolate(text: str) -> str:
    """Keep the direction of `text` to itself (UAX #9: first strong isolate)."""
    return f"{_FSI}{text}{_PDI}"


def to_latin_digits(text: str) -> str:
    """Arabic-Indic and Persian digits as 0 to 9."""
    return text.translate(_LATIN_DIGITS)


def parse_number(text: str) -> int | None:
    """A whole number that somebody wrote with Latin, Arabic-Indic or Persian digits; None for anything else."""
    digits = to_latin_digits(text.strip())
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else None


def language_of(locale: str) -> str:
    """The language of ours that fits a platform's hint, English where none does."""
    primary = locale.replace("_", "-").partition("-")[0].lower()
    return primary if primary in LANGUAGES else "en"


@lru_cache
def _catalogue(language: str, arabic_digits: bool) -> gettext.NullTranslations:
    """The sentences of a language, with what is the same for all of its readers done beforehand."""
    source = LOCALE_FOLDER / f"{language}.po"
    if not source.exists():
        return gettext.NullTranslations()
    with source.open("rb") as file:
        catalogue = read_po(file, locale=language)
    for message in catalogue:
        if message.id and isinstance(message.string, str):
            message.string = _prepare(message.string, language, arabic_digits)
        elif message.id:
            message.string = tuple(_prepare(form, language, arabic_digits) for form in message.string or ())
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def _prepare(sentence: str, language: str, arabic_digits: bool) -> str:
    """Digits as the reader writes them, and commands that keep their direction to themselves."""
    sentence = sentence.translate(_ARABIC_DIGITS if arabic_digits else _LATIN_DIGITS)
    return _MARKED.sub(lambda found: isolate(found[0]), sentence) if language in RIGHT_TO_LEFT else sentence


class _Sentence(string.Formatter):
    """`str.format` for catalogue sentences: names only, numbers in the reader's digits, people's text isolated."""

    def __init__(self, words: "Words") -> None:
        self._words = words

    def format_field(self, value: object, format_spec: str) -> str:
        if isinstance(value, Said):
            return value
        if isinstance(value, Sample):
            return isolate(self._words.say(value))
        if isinstance(value, int):
            return self._words.number(value)
        return isolate(clean_line(str(value)))


@dataclass(frozen=True)
class Words:
    """How to speak to one reader."""

    language: str
    arabic_digits: bool = False
    zone: tzinfo = UTC

    @property
    def right_to_left(self) -> bool:
        return self.language in RIGHT_TO_LEFT

    def say(self, message: str, /, **values: object) -> Said:
        """The sentence in the reader's language. `values` fill its named gaps: numbers get the reader's digits, text is
        cleaned and isolated, other sentences (`Said`) stand as they are."""
        translated = _catalogue(self.language, self.arabic_digits).gettext(message) if message else ""
        return Said(_Sentence(self).vformat(translated, (), values) if values else translated)

    def count(self, one: str, many: str, n: int, /, **values: object) -> Said:
        """The sentence in the plural form that `n` asks for; `n` fills its gap `{n}`."""
        translated = _catalogue(self.language, self.arabic_digits).ngettext(one, many, n)
        return Said(_Sentence(self).vformat(translated, (), {"n": n, **values}))

    def number(self, value: int) -> Said:
        return self.digits(str(value))

    def digits(self, text: str) -> Said:
        """`text` with its digits as the reader writes them."""
        return Said(text.translate(_ARABIC_DIGITS) if self.arabic_digits else text)

    def minutes(self, n: int) -> Said:
        return self.count("{n} minute", "{n} minutes", n)

    def seats(self, n: int) -> Said:
        return self.count("{n} seat", "{n} seats", n)

    def list_of(self, parts: list[str]) -> Said:
        """Names or tags in a row, each isolated."""
        separator = "، " if self.language == "ar" else ", "
        return Said(separator.join(part if isinstance(part, Said) else isolate(clean_line(part)) for part in parts))

    def beside(self, *parts: str) -> Said:
        """What stands side by side on one line. Beside ٠١٢ a middle dot would be read as one nought more."""
        return Said((" – " if self.arabic_digits else " · ").join(parts))

    def day(self, moment: datetime) -> Said:
        return self.digits(format_datetime(moment, "EEEE d MMMM", tzinfo=self.zone, locale=self.language))

    def date(self, moment: datetime) -> Said:
        """A day of any year."""
        return self.digits(format_datetime(moment, "d MMMM y", tzinfo=self.zone, locale=self.language))

    def time(self, moment: datetime) -> Said:
        return self.digits(format_datetime(moment, "HH:mm", tzinfo=self.zone, locale=self.language))

    def moment(self, moment: datetime, now: datetime) -> Said:
        """A point in time as people say it, in the reader's zone: today, tomorrow, or the day's name and date."""
        day, today = moment.astimezone(self.zone).date(), now.astimezone(self.zone).date()
        clock = self.time(moment)
        if day == today:
            return self.say("today at {time}", time=clock)
        if day == today + timedelta(days=1):
            return self.say("tomorrow at {time}", time=clock)
        return self.date_and_time(moment)

    def date_and_time(self, moment: datetime) -> Said:
        """A point in time as it reads on any day."""
        return self.say("{day} at {time}", day=self.day(moment), time=self.time(moment))


@lru_cache(maxsize=4096)
def words_for(language: str, arabic_digits: bool, zone: str) -> Words:
    """The `Words` of a reader; an unknown time zone reads as UTC."""
    try:
        known: tzinfo = ZoneInfo(zone)
    except (OSError, ValueError, KeyError):
        known = UTC
    return Words(language if language in LANGUAGES else "en", arabic_digits, known)
