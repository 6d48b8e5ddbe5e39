"""A whole task in one line: `Call three elders | 15m | 5 seats | #elderly`, its pieces in any order."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from handlers import reading
from handlers.moments import plain, read_beginning, read_moment, read_span
from handlers.rhythms import is_rhythm
from handlers.words import N_, Sample, Words, clean, parse_number
from models.refusals import Malformed

_SEPARATOR = re.compile(r"[|｜\n]+")
_TAGS_BEHIND = re.compile(r"(?:^|\s)(#\S+(?:\s+#\S+)*)$")


def _begins(*words: str) -> re.Pattern[str]:
    """Matches one of these words at the beginning of a piece, as it was written, with what stands between it and the rest."""
    return re.compile(rf"(?:{'|'.join(map(re.escape, words))})\s*[:：]?\s+", re.IGNORECASE)


_UNTIL = _begins("until", "till", "deadline", "due", "حتى", "حتّى", "الموعد")
_UNTIL_TOO = _begins("by", "before", "قبل")
_AT = re.compile(r"@\s*|" + _begins("place", "المكان", "مكان").pattern, re.IGNORECASE)
_AT_TOO = _begins("at", "in", "في")
_STARTS = _begins("begins", "begin", "starts", "start", "when", "تبدأ", "يبدأ", "البدء", "البداية", "متى")
_PROOF = _begins("proof", "hand in", "إثبات", "الإثبات", "للتسليم")
_HOLD = _begins("hold", "held for", "hold for", "حجز", "مدة الحجز", "الحجز")


def read_line(text: str, words: Words, now: datetime) -> dict[str, Any]:
    """What a line says, by the names of the fields; at least the title. Raises Malformed.

    The first piece that is nothing else is the title, what is left after it the description. Words that also begin a title
    ("at", "in", "by") mark a place or a deadline in later pieces only.
    """
    said: dict[str, Any] = {}
    free: list[str] = []
    for position, piece in enumerate(_pieces(text)):
        found = _known(piece, words, now, is_first=position == 0)
        if found is None:
            free.append(piece)
        else:
            said[found[0]] = said.get("tags", []) + found[1] if found[0] == "tags" else found[1]
    if not free:
        raise Malformed(N_("The title is missing. An example: {example}"), {"example": EXAMPLE})
    if "starts" in said and "deadline" in said:
        hint = N_("What begins at a fixed time needs no deadline, only how long it takes. An example: {example}")
        raise Malformed(hint, {"example": BEGINNING})
    if "rhythm" in said and "starts" not in said:
        hint = N_("What comes again needs a beginning. An example: {example}")
        raise Malformed(hint, {"example": COMING_AGAIN})
    title, tags = _without_tags(free[0])
    said["title"] = reading.read_title(title)
    if len(free) > 1:
        said["description"] = reading.read_description("\n".join(free[1:]))
    if tags or "tags" in said:
        said["tags"] = reading.read_tags(" ".join([*tags, *said.get("tags", [])]))
    return said


EXAMPLE = Sample(N_("/newtask Call three elders | 15m | 5 seats | #elderly"))
BEGINNING = Sample(N_("/newtask Clean the park | starts Saturday 10:00 | 2h"))
COMING_AGAIN = Sample(N_("/newtask Clean the park | starts Saturday 10:00 | every Saturday | 2h"))


def _pieces(text: str) -> Iterator[str]:
    return (piece.strip() for piece in _SEPARATOR.split(clean(text)) if piece.strip())


def _without_tags(piece: str) -> tuple[str, list[str]]:
    """A title, and the hashtags that stand behind it."""
    found = _TAGS_BEHIND.search(piece)
    return (piece[: found.start()].strip(), found[1].split()) if found else (piece, [])


def _known(piece: str, words: Words, now: datetime, *, is_first: bool) -> tuple[str, Any] | None:
    """The field that a piece fills, and its value; None for a piece of free words."""
    by_prefix: list[tuple[re.Pattern[str], str, Callable[[str], Any]]] = [
        (_UNTIL, "deadline", lambda rest: read_moment(rest, now, words.zone).isoformat()),
        (_AT, "place", reading.read_place),
        (_PROOF, "proof", lambda rest: reading.read_proof(rest).value),
        (_HOLD, "hold", reading.read_hold),
    ]
    if not is_first:
        by_prefix.insert(1, (_UNTIL_TOO, *by_prefix[0][1:]))
        by_prefix.append((_STARTS, "starts", lambda rest: read_beginning(rest, now, words.zone).isoformat()))
        by_prefix.append((_AT_TOO, "place", reading.read_place))
    for prefix, name, read in by_prefix:
        found = prefix.match(piece)
        if found:
            return name, read(piece[found.end() :])
    if not is_first and is_rhythm(piece):
        return "rhythm", piece  # it is read when its beginning is known
    return _by_itself(piece)


def _by_itself(piece: str) -> tuple[str, Any] | None:
    """What a piece says without a word in front of it."""
    if piece.startswith("#") and all(word.startswith("#") for word in piece.split()):
        return "tags", piece.split()
    if reading.seats_in(piece) is not None:
        return "seats", reading.read_seats(piece)
    if read_span(piece) is not None:
        return "minutes", reading.read_minutes(piece)
    if reading.is_remote(piece):
        return "place", ""
    proof = reading.PROOFS_BY_WORD.get(plain(piece))
    if proof is not None:
        return "proof", proof.value
    if parse_number(piece) is not None:
        hint = N_("“{given}” could be minutes or seats. Written like this it is clear: {minutes}, {seats}")
        raise Malformed(hint, {"given": piece, "minutes": "15m", "seats": "5 seats"})
    return None
