"""Plain text as Discord's markdown, which shows it as it was written: pure functions.

https://discord.com/developers/docs/reference#message-formatting. A backslash takes the meaning of any sign that has one.
Whoever is named with an @ is not notified anyway (`allowed_mentions`); a zero-width space keeps it from even looking so.
"""

import re

from bot.fitting import cut, is_visible, units, whole

_ADDRESS = re.compile(r"""(https?://[^\s<]+[^\s<.,:;"'\]])""")
"""What Discord makes a link of; a backslash in it would lead elsewhere."""
_SIGN = re.compile(r"[\\*_~`|\[<]")
_LINE_START = re.compile(r"^(\s*)(#{1,3}(?=\s)|-#|>|[-+](?=\s))")
_NUMBERED = re.compile(r"^(\s*\d{1,9})(?=\.\s)")
_MENTION = re.compile(r"@(?=everyone|here|[!&]?\d)")


def escape(text: str) -> str:
    """The text with nothing in it that Discord would read as anything but words and web addresses."""
    return "\n".join(_escape_line(line) for line in whole(text).split("\n"))


def defuse(text: str) -> str:
    """Plain words for where Discord shows no markdown: labels, footers."""
    return _MENTION.sub("@\u200b", whole(text))


def fit(text: str, limit: int) -> str:
    """The text, escaped, in at most `limit` units: as many whole lines as fit, then an ellipsis; a line is cut inside only
    where next to nothing would remain without it. What has nothing in it to see becomes an ellipsis, for it is refused."""
    if not is_visible(text):
        return "…" if text else ""
    lines = [_escape_line(line) for line in whole(text).split("\n")]
    if sum(units(line) + 1 for line in lines) - 1 <= limit:
        return "\n".join(lines)
    return _shorten(whole(text).split("\n"), lines, limit)


def _shorten(plain: list[str], escaped: list[str], limit: int) -> str:
    kept: list[str] = []
    room = limit - 2  # a line break and the ellipsis
    for words, line in zip(plain, escaped, strict=True):
        if units(line) + 1 > room:
            if room > limit // 2:
                return "\n".join([*kept, _cut_line(words, room + 1)])
            break
        kept.append(line)
        room -= units(line) + 1
    return "\n".join([*kept, "…"])


def _cut_line(words: str, limit: int) -> str:
    """As much of a line as fits when it is escaped."""
    room = limit
    while units(line := _escape_line(cut(words, room))) > limit:
        room -= max(1, (units(line) - limit) // 2)
    return line


def _escape_line(line: str) -> str:
    pieces = _ADDRESS.split(line)  # every second one is an address
    pieces[::2] = [_SIGN.sub(r"\\\g<0>", piece) for piece in pieces[::2]]
    pieces[2::2] = [f"\u00a0{piece}" if piece.startswith("\\") else piece for piece in pieces[2::2]]
    pieces[0] = _NUMBERED.sub(r"\1\\", _LINE_START.sub(r"\1\\\2", pieces[0]))
    return _MENTION.sub("@\u200b", "".join(pieces))


def unescape(text: str) -> str:
    """The words that somebody reads."""
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", text)
