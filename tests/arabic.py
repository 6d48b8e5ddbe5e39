"""Whether what somebody reads in Arabic is Arabic throughout: no English left over, their digits, the right direction."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from tests.dialogue import Somebody, Talk

FSI, PDI = "\u2068", "\u2069"
_APART = re.compile(f"{FSI}[^{FSI}{PDI}]*{PDI}")
"""Names, titles, ids and commands: what has a direction of its own."""
_AS_THEY_ARE = re.compile(r"English|XLSX|CSV|الأرقام: 0123")
"""The other language's name, the forms of a file, and the button for the other digits."""


def check_arabic(*people: Somebody) -> None:
    """All that the bot said to these people in private, with its buttons."""
    for one in people:
        for message in one.app.answers():
            for text in (message.text, *(label for row in message.labels for label in row)):
                check_lines(text)


def check_lines(text: str) -> None:
    assert text.count(FSI) == text.count(PDI), text
    for line in text.split("\n"):
        rest = _AS_THEY_ARE.sub("", _APART.sub("\ufffc", line))
        assert not re.search(r"[A-Za-z]", rest), f"not Arabic: {line}"
        assert not re.search(r"[0-9]", rest), f"not their digits: {line}"
        assert not re.search(r"[{}]|\s[،.؟:]|،،|\(\)", rest), f"put together badly: {line}"
        assert next(_directions(rest), "AL") == "AL", f"from left to right: {line}"


def _directions(text: str) -> Iterator[str]:
    """Those of its strong characters (UAX #9, P2)."""
    return (kind for kind in map(unicodedata.bidirectional, text) if kind in {"L", "R", "AL"})


async def until(chat: Talk, wall: str, zone: str = "Africa/Cairo") -> None:
    """Let time pass until the clocks on the wall show this."""
    moment = datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone))
    await chat.later(seconds=(moment - chat.clock.now()).total_seconds())
