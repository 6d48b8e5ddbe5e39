"""A `Reply` as Telegram shows it: pure functions.

Everything is escaped for HTML here and only here. Limits (https://core.telegram.org/bots/api#sendmessage, #sendphoto) are
counted after entities, in UTF-16 units, which is never less than what Telegram counts.
"""

import re
import unicodedata
from collections.abc import Iterable
from html import escape
from typing import Final

from telegram import ForceReply, InlineKeyboardButton, InlineKeyboardMarkup

from handlers.types import Button, CannotRender, Link, Reply, Row, Tone

TEXT_LIMIT: Final = 4096
CAPTION_LIMIT: Final = 1024
TOAST_LIMIT: Final = 200
_PLACEHOLDER_LIMIT: Final = 64

_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_OPENERS, _PDI = "\u2066\u2067\u2068", "\u2069"
_STYLES: Final = {Tone.PRIMARY: "primary", Tone.DANGER: "danger"}

Line = tuple[str, str]
"""A tag (`b`, `i` or none) and the plain words that stand in it."""


def render_text(reply: Reply, limit: int = TEXT_LIMIT) -> str:
    """The text and card of a reply as HTML of at most `limit` characters; empty where it has none."""
    lines = list(_lines(reply))
    if not lines:
        return ""
    fitted = _fit(lines, limit)
    if not any(is_visible(words) for _, words in fitted):
        return "…"  # Telegram refuses a text in which there is nothing to see
    return "\n".join(f"<{tag}>{escape(words, quote=False)}</{tag}>" if tag and words else escape(words, quote=False)
                     for tag, words in fitted)  # fmt: skip


def length(reply: Reply) -> int:
    """How long the whole text and card of a reply are."""
    return sum(units(words) + 1 for _, words in _lines(reply)) - 1


def render_toast(toast: str) -> str:
    """The notice on a press, plain."""
    return _cut(_whole(toast), TOAST_LIMIT)


def render_keyboard(rows: tuple[Row, ...], username: str) -> InlineKeyboardMarkup | None:
    """The buttons; None where there are none. Raises CannotRender for a button that Telegram would refuse."""
    if not rows:
        return None
    return InlineKeyboardMarkup([[_button(part, username) for part in row] for row in rows])


def render_question(reply: Reply) -> ForceReply:
    """An input field for a question that has no buttons (Telegram shows either the one or the other)."""
    placeholder = _cut(_whole(reply.placeholder).replace("\n", " ").strip(), _PLACEHOLDER_LIMIT)
    return ForceReply(input_field_placeholder=placeholder or None)


def private_link(username: str, payload: str) -> str:
    """The address that opens the private chat. Raises CannotRender for a payload that Telegram would not carry."""
    if not _PAYLOAD.fullmatch(payload):
        raise CannotRender(f"start payload {payload!r} is not 1 to 64 of A-Z, a-z, 0-9, _ and -")
    return f"https://t.me/{username}?start={payload}"


def _button(part: Button | Link, username: str) -> InlineKeyboardButton:
    label = _whole(part.label)
    if not is_visible(label):
        raise CannotRender("a button without a label")
    if isinstance(part, Link):
        return InlineKeyboardButton(label, url=private_link(username, part.payload))
    return InlineKeyboardButton(label, callback_data=part.data(), style=_STYLES.get(part.tone))


def _lines(reply: Reply) -> Iterable[Line]:
    if reply.text:
        yield from (("", line) for line in _whole(reply.text).split("\n"))
    card = reply.card
    if card is None:
        return
    if reply.text:
        yield "", ""
    yield from (("b", line) for line in _whole(card.title).split("\n"))
    for line in card.lines:
        yield from (("", part) for part in _whole(line).split("\n"))
    if card.footer:
        yield "", ""
        yield from (("i", line) for line in _whole(card.footer).split("\n"))


def _fit(lines: list[Line], limit: int) -> list[Line]:
    """As many whole lines as fit, then an ellipsis; a line is cut inside only where it alone is too long for what is left
    and next to nothing would remain without it."""
    if sum(units(words) + 1 for _, words in lines) - 1 <= limit:
        return lines
    fitted: list[Line] = []
    last_line = 2  # a line break and the ellipsis
    room = limit - last_line
    for tag, words in lines:
        if units(words) + 1 > room:
            if room > limit // 2:
                return [*fitted, (tag, _cut(words, room + last_line))]
            break
        fitted.append((tag, words))
        room -= units(words) + 1
    return [*fitted, ("", "…")]


def _cut(words: str, limit: int) -> str:
    """The words in at most `limit` units: cut between words where one ends near, never inside a character that is made of
    several, and with every isolate closed that the cut left open."""
    if units(words) <= limit:
        return words
    room = limit - 1
    end = 0
    for character in words:
        room -= 2 if character > "\uffff" else 1
        room -= character in _OPENERS  # for the PDI that closes it
        if room < 0:
            break
        end += 1
    while end > 0 and _continues(words, end):
        end -= 1
    space = words.rfind(" ", end - 40 if end > 80 else end, end)
    kept = words[: space if space > 0 else end].rstrip()
    return kept + _PDI * _open_isolates(kept) + "…"


def _continues(words: str, position: int) -> bool:
    """Whether the character there belongs to the one before it (an accent, a joined emoji, a variation, a skin tone)."""
    here, before = words[position], words[position - 1]
    joined = here in "\u200d\ufe0f" or before == "\u200d"
    return joined or unicodedata.combining(here) > 0 or "\U0001f3fb" <= here <= "\U0001f3ff"


def _open_isolates(words: str) -> int:
    depth = 0
    for character in words:
        if character in _OPENERS:
            depth += 1
        elif character == _PDI:
            depth = max(0, depth - 1)
    return depth


def units(words: str) -> int:
    """The length in UTF-16 units."""
    return len(words) + sum(character > "\uffff" for character in words)


def is_visible(words: str) -> bool:
    """Whether there is anything to see in the words."""
    return any(unicodedata.category(c)[0] not in "CZM" and c not in "\u3164\u115f\u1160\u2800\uffa0\u034f" for c in words)


def _whole(text: str) -> str:
    """Without halves of characters, which cannot be sent, and with one kind of line break."""
    if _SURROGATE.search(text):
        text = _SURROGATE.sub("\ufffd", text)
    return text.replace("\r\n", "\n").replace("\r", "\n")
