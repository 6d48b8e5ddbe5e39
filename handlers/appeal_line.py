"""A whole appeal in one line: `#12 Blankets are needed | the other version | to: #winter | at 18:00 | until 3d | urgent`."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from handlers.appeal_draft import decision_of
from handlers.appeal_drawing import TEXT_LIMIT
from handlers.appeal_when import read_end
from handlers.audiences import read_piece
from handlers.moments import plain, read_moment
from handlers.reading import TOO_LONG, as_tag, language_of_text
from handlers.words import N_, Sample, Words, clean, clean_line, parse_number
from models.audience import Audience
from models.refusals import Malformed

EXAMPLE = Sample(N_("/appeal #12 Blankets are needed tonight | to: #winter | at 18:00 | until 3d"))
_LONGEST_NAME = 120
_SEPARATOR = re.compile(r"\s*[|｜]\s*")
_URGENT = {plain(word) for word in ("urgent", "عاجل")}


def _begins(*words: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{'|'.join(map(re.escape, words))})\s*[:：]?\s+", re.IGNORECASE)


_TO = _begins("to", "for", "إلى", "الى")
_UNTIL = _begins("until", "till", "ends", "حتى", "ينتهي", "لغاية")
_AT = _begins("at", "when", "متى", "في", "الساعة")
_ROLE = re.compile(r"<@&([0-9]{1,32})>")
_BY = _begins("vouched by", "by", "بضمان")


def read_appeal(line: str, words: Words, now: datetime) -> dict[str, Any]:
    """What a line says, by the names of the wizard's steps; at least what it is for and the text. Raises Malformed."""
    first, *pieces = [piece for piece in _SEPARATOR.split(clean(line)) if piece] or [""]
    aim, text = _aim_of(first)
    said: dict[str, Any] = {"aim": aim, "text": _checked(text, TEXT_LIMIT)}
    for piece in pieces:
        name, value = _piece(piece, words, now)
        said[name] = value
    if "ends" in said:
        starts = datetime.fromisoformat(said["starts"]) if "starts" in said else now
        said["ends"] = read_end(said["ends"], starts, words.zone).isoformat()
    if not text:
        raise Malformed(N_("The text is missing. An example: {example}"), {"example": EXAMPLE})
    if "second" in said and language_of_text(said["second"]) == language_of_text(text):
        hint = N_("“{given}” could not be placed: a second version is in the other language. An example: {example}")
        raise Malformed(hint, {"given": said["second"][:40], "example": EXAMPLE})
    return said


def _aim_of(piece: str) -> tuple[dict[str, Any], str]:
    """The numbers and the tag that stand in front, and the rest."""
    tasks: list[int] = []
    tag, rest = "", piece
    while found := re.match(r"#(\S+)\s*", rest):
        number = parse_number(found[1])
        if number is not None:
            tasks.append(number)
        else:
            tag = as_tag(found[1])
        rest = rest[found.end() :]
    return {"tasks": tasks, "tag": tag}, rest


def _piece(piece: str, words: Words, now: datetime) -> tuple[str, Any]:
    by_prefix: list[tuple[re.Pattern[str], str, Callable[[str], Any]]] = [
        (_TO, "audience", _audience),
        (_AT, "starts", lambda rest: read_moment(rest, now, words.zone).isoformat()),
        (_UNTIL, "ends", str),
        (_BY, "vouched", lambda rest: _checked(clean_line(rest), _LONGEST_NAME)),
    ]
    if plain(piece) in _URGENT:
        return "decision", decision_of({}) | {"is_urgent": True}
    if role := _ROLE.fullmatch(piece):
        return "called", role[1]
    for prefix, name, read in by_prefix:
        found = prefix.match(piece)
        if found:
            return name, read(piece[found.end() :])
    return "second", _checked(piece, TEXT_LIMIT)


def _audience(text: str) -> dict[str, Any]:
    audience = Audience()
    for piece in re.split(r"\s*[,،;؛](?!\s*-?[0-9])\s*", text):
        narrowed = read_piece(piece, audience)
        if narrowed is None:
            hint = N_("“{given}” is no audience. These are: {examples}")
            raise Malformed(
                hint, {"given": piece[:40], "examples": Sample(N_("#winter, Arabic, helped, free, 30.04 31.24 5km"))}
            )
        audience = narrowed
    return audience.dump()


def _checked(text: str, limit: int) -> str:
    if len(text) > limit:
        raise Malformed(TOO_LONG, {"length": len(text), "limit": limit})
    return text
