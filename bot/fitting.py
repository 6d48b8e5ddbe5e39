"""Plain text in the room that a platform gives it, measured in UTF-16 units, which is never less than what platforms count."""

import re
import unicodedata

_SURROGATE = re.compile("[\ud800-\udfff]")
_OPENERS, _PDI = "\u2066\u2067\u2068", "\u2069"


def cut(words: str, limit: int) -> str:
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
    return len(words) if words.isascii() else len(words.encode("utf-16-le", "surrogatepass")) // 2


def is_visible(words: str) -> bool:
    """Whether there is anything to see in the words."""
    return any(unicodedata.category(c)[0] not in "CZM" and c not in "\u3164\u115f\u1160\u2800\uffa0\u034f" for c in words)


def whole(text: str) -> str:
    """Without halves of characters, which cannot be sent, and with one kind of line break."""
    if _SURROGATE.search(text):
        text = _SURROGATE.sub("\ufffd", text)
    return text.replace("\r\n", "\n").replace("\r", "\n")
