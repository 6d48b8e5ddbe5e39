"""What a message shows: a `Reply` in the form in which the playground remembers it, and the decoration of plain text."""

import re
import unicodedata
from typing import Any

from markupsafe import Markup, escape
from pydantic import TypeAdapter

from bot.sketching import PICTURE, sketch
from handlers.types import Button, CannotRender, Card, Chart, Link, Media, Reply, Row, Sheet

Screen = dict[str, Any]
"""JSON: text, card, media, chart, sheet, file, rows, asks_photo, placeholder; absent where empty."""

_CHART = TypeAdapter(Chart)
_SHEET = TypeAdapter(Sheet)

_LIVELY = re.compile(
    r"(?P<url>https?://[^\s<>\"'\u2066-\u2069]*[^\s<>\"'\u2066-\u2069.,;:!?)\]}،؛؟])"
    r"|(?<![\w/])(?P<command>/[a-z_]{1,32}(?:[ \u00a0][0-9٠-٩]{1,18})?)(?![\w/])"
)


def screen_of(reply: Reply) -> Screen:
    """The parts of a reply that stand in a message; the toast and `opens` belong to the press and are not kept."""
    if reply.pings or reply.mentions or reply.role_picker:
        raise CannotRender("the playground has nobody who could be called")
    screen: Screen = {
        "text": reply.text,
        "card": reply.card and {"title": reply.card.title, "lines": reply.card.lines, "footer": reply.card.footer},
        "media": reply.media and [reply.media.id, reply.media.content_type, reply.media.size_bytes],
        "chart": reply.chart and _CHART.dump_python(reply.chart, mode="json"),
        "sheet": reply.sheet and _SHEET.dump_python(reply.sheet, mode="json"),
        "rows": [_row(row) for row in reply.rows],
        "asks_photo": reply.asks_photo,
        "placeholder": reply.placeholder,
    }
    return {name: part for name, part in screen.items() if part}


def in_words(reply: Reply) -> str:
    """What a message shows, in plain words."""
    card = reply.card or Card("")
    said = [reply.text, "\n".join((card.title, *card.lines)), card.footer, PICTURE if reply.media else ""]
    return sketch([part.strip() for part in said], [[part.label for part in row] for row in reply.rows])


def redrawn(shown: Screen, reply: Reply) -> Screen:
    """What a message shows after a reply redrew it. A reply of nothing but buttons changes only those."""
    says_something = reply.text or reply.card or reply.media or reply.has_files
    kept = () if says_something else ("text", "card", "media", "chart", "sheet")
    return {name: shown[name] for name in kept if name in shown} | screen_of(reply)


def _row(row: Row) -> list[dict[str, str]]:
    return [_button(part) for part in row]


def _button(part: Button | Link) -> dict[str, str]:
    if isinstance(part, Link):
        return {"label": part.label, "payload": part.payload}
    return {"label": part.label, "data": part.data(), "tone": part.tone}


def media_of(screen: Screen) -> Media | None:
    """The picture from our store that the message shows."""
    return Media(*screen["media"]) if "media" in screen else None


def chart_of(screen: Screen) -> Chart | None:
    return _CHART.validate_python(screen["chart"]) if "chart" in screen else None


def sheet_of(screen: Screen) -> Sheet | None:
    return _SHEET.validate_python(screen["sheet"]) if "sheet" in screen else None


def direction(line: str, otherwise: str) -> str:
    """Which way a line runs, "ltr" or "rtl": as its first strong character outside of isolates does, else as the first one at
    all. A line of nothing but isolated names or tags would run from left to right by UAX #9 (rules P2 and P3)."""
    depth, inside = 0, ""
    for character in line:
        kind = unicodedata.bidirectional(character)
        depth = max(0, depth + {"LRI": 1, "RLI": 1, "FSI": 1, "PDI": -1}.get(kind, 0))
        runs = {"L": "ltr", "R": "rtl", "AL": "rtl"}.get(kind, "")
        if runs and not depth:
            return runs
        inside = inside or runs
    return inside or otherwise


def lively(text: str) -> Markup:
    """Plain text as HTML, in which web addresses can be followed and commands pressed, as messengers do by themselves."""
    parts: list[Markup] = []
    end = 0
    for found in _LIVELY.finditer(text):
        parts.append(escape(text[end : found.start()]))
        parts.append(_live(found))
        end = found.end()
    parts.append(escape(text[end:]))
    return Markup("").join(parts)


def _live(found: re.Match[str]) -> Markup:
    if url := found["url"]:
        return Markup('<a href="{0}" target="_blank" rel="noopener noreferrer nofollow" dir="ltr">{0}</a>').format(url)
    return Markup('<button type="button" class="said-command" data-say="{0}" dir="ltr">{0}</button>').format(found["command"])


_PICTURES = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"GIF8", "image/gif"))


def picture_type(content: bytes) -> str:
    """The content type of a picture that browsers can show, told by its first bytes; empty for anything else."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _PICTURES if content.startswith(start)), "")
