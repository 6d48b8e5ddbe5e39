"""Telegram's HTML as Telegram reads it: a strict parser to text and entities, and the checks of text and keyboards.

https://core.telegram.org/bots/api#html-style
"""

import re
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from tests.wire.telegram.refusal import Refusal, bad_request

TEXT_LIMIT: Final = 4096
CAPTION_LIMIT: Final = 1024
BUTTON_LIMIT: Final = 100

_TAG_KINDS: Final = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline", "s": "strikethrough",
    "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler", "a": "text_link", "code": "code", "pre": "pre",
    "blockquote": "blockquote",
}  # fmt: skip
_TOKEN = re.compile(r"<(/?)([a-zA-Z0-9-]*)((?:\s+[^<>]*)?)>|&(#x[0-9a-fA-F]+|#[0-9]+|lt|gt|amp|quot);")
_NAMED: Final = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_ATTRIBUTE = re.compile(r"([a-z-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_INVISIBLE = re.compile(
    "[\\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0]+"
)
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")


def units(text: str) -> int:
    """Telegram's measure: UTF-16 code units."""
    return len(text) + sum(character > "\uffff" for character in text)


def read_text(raw: str, parse_mode: str | None, *, limit: int) -> tuple[str, list[dict[str, Any]]]:
    """The text a person sees, and its entities; refuses bad HTML and too much of it. May come out empty."""
    _refuse_halves(raw)
    if parse_mode in {None, ""}:
        text, entities = raw, list[dict[str, Any]]()
    elif str(parse_mode).lower() == "html":
        text, entities = _parse(raw)
    else:
        raise bad_request(f"unsupported parse_mode {parse_mode!r} (this fake knows HTML alone)")
    text, entities = _trim(_clean(text), entities)
    if units(text) > limit:
        raise bad_request("message is too long" if limit == TEXT_LIMIT else "message caption is too long")
    return ("", []) if _INVISIBLE.fullmatch(text) else (text, entities)


def _refuse_halves(raw: str) -> None:
    try:
        raw.encode()
    except UnicodeEncodeError:
        raise bad_request("strings must be encoded in UTF-8") from None


def _clean(text: str) -> str:
    return "".join(" " if c < " " and c != "\n" else c for c in text)


def _parse(raw: str) -> tuple[str, list[dict[str, Any]]]:
    parts: list[str] = []
    entities: list[dict[str, Any]] = []
    open_tags: list[tuple[str, int, str]] = []
    at, length = 0, 0
    for token in _TOKEN.finditer(raw):
        plain = raw[at : token.start()]
        _refuse_stray(plain, at)
        parts.append(plain)
        length += units(plain)
        at = token.end()
        closing, name, attributes, entity = token.groups()
        if entity:
            character = _NAMED.get(entity) or chr(int(entity[1:].replace("x", "0x"), 0))
            parts.append(character)
            length += units(character)
        elif closing:
            entities += _close(open_tags, name.lower(), length, token.start())
        else:
            open_tags.append((_known(name, attributes, token.start()), length, attributes))
    _refuse_stray(raw[at:], at)
    parts.append(raw[at:])
    if open_tags:
        raise bad_request(f"can't parse entities: Can't find end tag corresponding to start tag \"{open_tags[-1][0]}\"")
    return "".join(parts), entities


def _refuse_stray(plain: str, at: int) -> None:
    if "<" in plain:
        raise bad_request(f'can\'t parse entities: Unsupported start tag "" at byte offset {at + plain.index("<")}')


def _known(name: str, attributes: str, at: int) -> str:
    name = name.lower()
    if name == "span" and 'class="tg-spoiler"' in attributes:
        return name
    if name not in _TAG_KINDS:
        raise bad_request(f'can\'t parse entities: Unsupported start tag "{name}" at byte offset {at}')
    return name


def _close(open_tags: list[tuple[str, int, str]], name: str, length: int, at: int) -> list[dict[str, Any]]:
    if not open_tags or (name and open_tags[-1][0] != name):
        raise bad_request(f"can't parse entities: Unmatched end tag at byte offset {at}")
    opened, start, attributes = open_tags.pop()
    if length == start:
        return []
    entity: dict[str, Any] = {"type": _TAG_KINDS.get(opened, "spoiler"), "offset": start, "length": length - start}
    if opened == "a":
        href = {key: double or single for key, double, single in _ATTRIBUTE.findall(attributes)}.get("href")
        if not href:
            return []
        entity["url"] = href
    return [entity]


def _trim(text: str, entities: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """Telegram drops white space at both ends, and entities that lose all their text."""
    shift = units(text) - units(text.lstrip())
    text = text.strip()
    end = units(text)
    kept = []
    for entity in entities:
        start = max(0, entity["offset"] - shift)
        stop = min(end, entity["offset"] + entity["length"] - shift)
        if stop > start:
            kept.append({**entity, "offset": start, "length": stop - start})
    return text, sorted(kept, key=lambda entity: (entity["offset"], -entity["length"]))


def check_keyboard(markup: dict[str, Any], username: str) -> None:
    """Refuses an inline keyboard that Telegram would refuse."""
    rows = markup["inline_keyboard"]
    if sum(map(len, rows)) > BUTTON_LIMIT:
        raise bad_request("REPLY_MARKUP_TOO_LONG")
    for row in rows:
        for button in row:
            _check_button(button, username)


def _check_button(button: dict[str, Any], username: str) -> None:
    _refuse_halves(button.get("text", ""))
    if not button.get("text") or _INVISIBLE.fullmatch(button["text"]):
        raise bad_request('can\'t parse inline keyboard button: Field "text" must be non-empty')
    actions = button.keys() - {"text", "style", "icon_custom_emoji_id"}
    if len(actions) != 1:
        raise bad_request("Text buttons are unallowed in the inline keyboard" if not actions else "BUTTON_TYPE_INVALID")
    if button.get("style") not in {None, "danger", "success", "primary"}:
        raise bad_request("button style is invalid")
    if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= 64:
        raise bad_request("BUTTON_DATA_INVALID")
    if "url" in button:
        check_url(button["url"], username)


def check_url(url: str, username: str) -> None:
    """Refuses an address that is none, and a start payload that Telegram would not carry."""
    address = urlsplit(url)
    if address.scheme not in {"http", "https", "tg"} or not address.netloc:
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
    if address.netloc == "t.me" and "start" in (query := parse_qs(address.query, keep_blank_values=True)):
        if not _PAYLOAD.fullmatch(query["start"][0]):
            raise bad_request(f"BUTTON_URL_INVALID ({url!r}: a start payload is 1 to 64 of A-Za-z0-9_-)")
        if address.path.strip("/").casefold() != username.casefold():
            raise Refusal(400, f"Bad Request: {url!r} opens another bot than @{username}")
