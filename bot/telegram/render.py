"""A `Reply` as Telegram shows it: pure functions.

Everything is escaped for HTML here and only here. Limits (https://core.telegram.org/bots/api#sendmessage, #sendphoto) are
counted after entities, in UTF-16 units, which is never less than what Telegram counts.
"""

import re
from collections.abc import Iterable
from html import escape
from typing import Final
from urllib.parse import urlencode

from telegram import ForceReply, InlineKeyboardButton, InlineKeyboardMarkup

from bot.fitting import cut, is_visible, units, whole
from bot.sketching import PICTURE, sketch
from handlers.types import Button, CannotRender, Link, Reply, Row, Tone

TEXT_LIMIT: Final = 4096
CAPTION_LIMIT: Final = 1024
TOAST_LIMIT: Final = 200
_PLACEHOLDER_LIMIT: Final = 64
_SHARED_LIMIT: Final = 200
"""Of the words in an address, which grow in it."""

_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")
_STYLES: Final = {Tone.PRIMARY: "primary", Tone.DANGER: "danger"}

Line = tuple[str, str]
"""A tag (`b`, `i` or none) and the plain words that stand in it."""


def render_text(reply: Reply, limit: int = TEXT_LIMIT) -> str:
    """The text and card of a reply as HTML of at most `limit` characters; empty where it has none. Raises CannotRender."""
    if reply.pings or reply.role_picker:
        raise CannotRender("Telegram has no roles that could be called, or chosen")
    lines = list(_lines(reply))
    if not lines:
        return ""
    fitted = _fit(lines, limit)
    if not any(is_visible(words) for _, words in fitted):
        return "…"  # Telegram refuses a text in which there is nothing to see
    called = "".join(f'<a href="tg://user?id={int(one.account)}">{escape(one.name)}</a> ' for one in reply.mentions)
    return called + "\n".join(f"<{tag}>{escape(words, quote=False)}</{tag}>" if tag and words else escape(words, quote=False)
                     for tag, words in fitted)  # fmt: skip


def in_words(reply: Reply) -> str:
    """What a message shows, in plain words. Raises CannotRender."""
    lines = _fit(list(_lines(reply)), CAPTION_LIMIT if reply.media else TEXT_LIMIT)
    keyboard = render_keyboard(reply.rows, "")
    rows = keyboard.inline_keyboard if keyboard else ()
    labels = [[f"{button.text} ↗" if button.url else button.text for button in row] for row in rows]
    return sketch([PICTURE if reply.media else "", "\n".join(words for _, words in lines)], labels)


def length(reply: Reply) -> int:
    """How long the whole text and card of a reply are."""
    return sum(units(words) + 1 for _, words in _lines(reply)) - 1


def render_toast(toast: str) -> str:
    """The notice on a press, plain."""
    return cut(whole(toast), TOAST_LIMIT)


def render_keyboard(rows: tuple[Row, ...], username: str) -> InlineKeyboardMarkup | None:
    """The buttons; None where there are none. Raises CannotRender for a button that Telegram would refuse."""
    if not rows:
        return None
    return InlineKeyboardMarkup([[_button(part, username) for part in row] for row in rows])


def render_question(reply: Reply) -> ForceReply:
    """An input field for a question that has no buttons (Telegram shows either the one or the other)."""
    placeholder = cut(whole(reply.placeholder).replace("\n", " ").strip(), _PLACEHOLDER_LIMIT)
    return ForceReply(input_field_placeholder=placeholder or None)


def private_link(username: str, payload: str) -> str:
    """The address that opens the private chat. Raises CannotRender for a payload that Telegram would not carry."""
    if not _PAYLOAD.fullmatch(payload):
        raise CannotRender(f"start payload {payload!r} is not 1 to 64 of A-Z, a-z, 0-9, _ and -")
    return f"https://t.me/{username}?start={payload}"


def share_link(link: str, words: str) -> str:
    """The address at which people choose whom they pass a link on to (https://core.telegram.org/widgets/share)."""
    return f"https://t.me/share/url?{urlencode({'url': link, 'text': cut(whole(words), _SHARED_LIMIT)})}"


def _button(part: Button | Link, username: str) -> InlineKeyboardButton:
    label = whole(part.label)
    if not is_visible(label):
        raise CannotRender("a button without a label")
    if isinstance(part, Link):
        link = private_link(username, part.payload)
        return InlineKeyboardButton(label, url=share_link(link, part.to_share) if part.to_share else link)
    return InlineKeyboardButton(label, callback_data=part.data(), style=_STYLES.get(part.tone))


def _lines(reply: Reply) -> Iterable[Line]:
    if reply.text:
        yield from (("", line) for line in whole(reply.text).split("\n"))
    card = reply.card
    if card is None:
        return
    if reply.text:
        yield "", ""
    yield from (("b", line) for line in whole(card.title).split("\n"))
    for line in card.lines:
        yield from (("", part) for part in whole(line).split("\n"))
    if card.footer:
        yield "", ""
        yield from (("i", line) for line in whole(card.footer).split("\n"))


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
                return [*fitted, (tag, cut(words, room + last_line))]
            break
        fitted.append((tag, words))
        room -= units(words) + 1
    return [*fitted, ("", "…")]
