"""What people write about a task, read: each function takes the words as they were written and raises Malformed, kindly."""

import hashlib
import re
import unicodedata

from handlers.moments import plain, read_span
from handlers.words import N_, Sample, clean, clean_line, parse_number
from models.refusals import Malformed
from models.tasks import UNTIL_DEADLINE, Proof

TOO_LONG = N_("That is {length} characters long, and {limit} fit here. Nothing was lost: a shorter version can be sent now.")
"""What is said of any text that is longer than what is kept."""

TITLE = (3, 120)
"""Fewest and most characters."""
DESCRIPTION_LIMIT = 1500
PLACE_LIMIT = 200
MINUTES = (1, 480)
SEATS = (1, 1000)
MOST_TAGS = 5
TAG_LIMIT = 40
HOLD = (10, 14 * 24 * 60)
"""Shortest and longest time that a seat is held, in minutes, where it is not held until the deadline."""

_REMOTE = {plain(words) for words in ("remote", "online", "from anywhere", "anywhere", "عن بعد", "من بعد", "عبر الإنترنت")}
_UNTIL_DEADLINE = {plain(words) for words in ("deadline", "until the deadline", "حتى الموعد", "حتى الموعد النهائي")}
_PROOF_WORDS = {
    Proof.NONE: ("none", "nothing", "no proof", "minutes", "بلا إثبات", "دون إثبات", "بدون إثبات", "لا شيء", "بلا"),
    Proof.NOTE: ("note", "a note", "a short note", "ملاحظة", "ملاحظة قصيرة"),
    Proof.PHOTO: ("photo", "a photo", "picture", "a picture", "صورة"),
    Proof.LINK: ("link", "a link", "url", "رابط"),
}
PROOFS_BY_WORD = {plain(word): proof for proof, words in _PROOF_WORDS.items() for word in words}
_VOWEL_MARKS = dict.fromkeys((0x640, *range(0x64B, 0x653), 0x670))
"""Arabic's optional marks and its lengthening stroke: the same word is written with and without them."""


def read_title(text: str) -> str:
    title = clean_line(text)
    least, most = TITLE
    if not least <= len(title) <= most:
        hint = N_("A title has from {least} to {most} characters; this one has {length}.")
        raise Malformed(hint, {"least": least, "most": most, "length": len(title)})
    return title


def language_of_text(text: str) -> str:
    """The language that a text seems to be written in: Arabic where it has an Arabic letter, else English."""
    return "ar" if re.search("[\u0620-\u064a\u066e-\u06d3\ufb50-\ufdfb\ufe70-\ufefc]", text) else "en"


def read_description(text: str) -> str:
    return _at_most(DESCRIPTION_LIMIT, clean(text))


def read_place(text: str) -> str:
    """A place, or the empty text for a task that is done from anywhere."""
    place = clean_line(text)
    if not place:
        raise Malformed(N_("A place is written in words; a task without one is remote."))
    return "" if plain(place) in _REMOTE else _at_most(PLACE_LIMIT, place)


def is_remote(text: str) -> bool:
    return plain(text) in _REMOTE


def _at_most(limit: int, text: str) -> str:
    if len(text) > limit:
        raise Malformed(TOO_LONG, {"length": len(text), "limit": limit})
    return text


def read_minutes(text: str) -> int:
    """How long a task takes, in minutes; a number without a unit is minutes."""
    minutes = _first_known(parse_number(plain(text)), read_span(text))
    least, most = MINUTES
    if minutes is None or not least <= minutes <= most:
        raise Malformed(N_("Minutes are a number from {least} to {most}."), {"least": least, "most": most})
    return minutes


_SEATS = {
    plain(words): n for n, said in {1: ("مقعد", "شخص"), 2: ("مقعدان", "مقعدين", "شخصان", "شخصين")}.items() for words in said
}
_SEAT_WORDS = (
    "seat seats person people persons volunteer volunteers مقعد مقعدا مقاعد شخص شخصا أشخاص متطوع متطوعا متطوعين متطوعون"
)
_NUMBER_OF_SEATS = re.compile(r"([0-9]{1,9}) ?(?:" + "|".join(sorted(plain(_SEAT_WORDS).split(), key=len, reverse=True)) + ")")


def seats_in(text: str) -> int | None:
    """The number in `5 seats`, «٥ مقاعد», «مقعدان»; None where it is something else."""
    said = plain(text)
    found = _NUMBER_OF_SEATS.fullmatch(said)
    return int(found[1]) if found else _SEATS.get(said)


def read_seats(text: str) -> int:
    seats = _first_known(parse_number(plain(text)), seats_in(text))
    least, most = SEATS
    if seats is None or not least <= seats <= most:
        raise Malformed(N_("Seats are a number from {least} to {most}."), {"least": least, "most": most})
    return seats


def read_tags(text: str) -> list[str]:
    """Tags without '#', each once, in the order given; between them blanks, commas or '#'."""
    tags = [as_tag(tag) for tag in re.split(r"[\s,،;؛#]+", clean(text)) if tag]
    for tag in tags:
        if len(tag) > TAG_LIMIT or not _is_tag(tag):
            hint = N_("“{given}” cannot be a tag: a tag is letters, digits and _, {limit} characters at the most.")
            raise Malformed(hint, {"given": tag[:TAG_LIMIT], "limit": TAG_LIMIT})
    tags = list(dict.fromkeys(tags))
    if not tags:
        raise Malformed(N_("A tag is a word, for example {example}."), {"example": Sample(N_("#elderly"))})
    if len(tags) > MOST_TAGS:
        raise Malformed(N_("A task has {limit} tags at the most."), {"limit": MOST_TAGS})
    return tags


def as_tag(text: str) -> str:
    """A tag as it is kept: without '#', in lower case, without Arabic vowel marks and invisible characters."""
    kept = "".join(c for c in text.translate(_VOWEL_MARKS) if unicodedata.category(c) != "Cf")
    return kept.lstrip("#").lower()


def short_tag(tag: str) -> str:
    """A tag as a button can carry it, whatever its letters."""
    return hashlib.sha256(tag.encode()).hexdigest()[:10]


def _is_tag(tag: str) -> bool:
    """Letters, digits and marks of any script, and _; not of marks and _ alone."""
    kinds = {"_" if c == "_" else unicodedata.category(c)[0] for c in tag}
    return kinds <= {"L", "N", "M", "_"} and bool(kinds & {"L", "N"})


def read_proof(text: str) -> Proof:
    proof = PROOFS_BY_WORD.get(plain(text))
    if proof is None:
        raise Malformed(N_("What is handed in is one of these: nothing but the minutes, a note, a photo, a link."))
    return proof


def read_hold(text: str) -> int:
    """For how many minutes a seat is held; a number without a unit is hours."""
    if plain(text) in _UNTIL_DEADLINE:
        return UNTIL_DEADLINE
    hours = parse_number(plain(text))
    minutes = read_span(text) if hours is None else hours * 60
    least, most = HOLD
    if minutes is None or not least <= minutes <= most:
        hint = N_("A seat is held from {least} minutes to {most} days, for example {example}, or until the deadline.")
        raise Malformed(hint, {"least": least, "most": most // (24 * 60), "example": Sample(N_("3h"))})
    return minutes


def _first_known(*numbers: int | None) -> int | None:
    return next((number for number in numbers if number is not None), None)
