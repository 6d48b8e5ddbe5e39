"""Rhythms as people say them, in Arabic and English: `every second Saturday`, «أول اثنين من الشهر», `every day, 10 times`.

What was said is first put into a few tokens that both languages share (`every #2 SA`, `#1 MO month`), and those are read.
"""

import re
from datetime import date, datetime, tzinfo

from handlers.moments import WEEKDAYS, plain, read_day
from handlers.recurring import DAYS, MOST_TIMES, TIMES, as_rule, first_day, read_rule
from handlers.words import N_, Words
from models.refusals import Malformed

NEVER = N_("By this rhythm it would never come. Another one, please.")
EXAMPLES = (N_("every day"), N_("every second Saturday"), N_("the first Monday of the month"), N_("every Thursday, 10 times"))


def read_rhythm(text: str, first: date, now: datetime, words: Words, week_begins: int = 0) -> str:
    """The rule in what somebody said of what first comes on `first`: `every Thursday`, «كل خميس حتى ٣١/١٢», or a rule itself.

    Raises Malformed for what cannot be read, or never comes.
    """
    rule = read_rule(text, words.zone) if "freq" in text.casefold() else _read(text, first, now, words, week_begins)
    if first_day(rule, first) is None:
        raise Malformed(NEVER)
    return rule


def _read(text: str, first: date, now: datetime, words: Words, week_begins: int) -> str:
    said, end = _take_end(" ".join(re.sub("[,،]", " ", plain(text)).split()))
    parts = _parts(_tokens(said), first)
    if parts is None:
        hint = N_("“{given}” could not be read as a rhythm. These can: {examples}")
        raise Malformed(hint, {"given": text[:40], "examples": words.list_of([words.say(one) for one in EXAMPLES])})
    if parts["FREQ"] == "WEEKLY" and "INTERVAL" in parts:
        parts["WKST"] = DAYS[week_begins]
    return as_rule(parts | (read_end(end, first, now, words.zone) if end else {}))


# The end

_TWICE = {plain("مرتين"): 2, plain("مرتان"): 2, plain("مرة واحدة"): 1, "once": 1, "twice": 2}
_TIMES = re.compile(rf"(?:for )?(?:(?P<n>[0-9]{{1,4}})(?: ?(?:times?|مرات|مره))?|(?P<word>{'|'.join(_TWICE)}))")
_UNTIL = r"(?:until|till|حتي|الي)"
_ENDS = re.compile(
    rf"(?P<rest>.+?) (?:{_UNTIL} (?P<last>.+)"
    rf"|(?P<times>(?:for )?[0-9]{{1,4}} ?(?:times?|مرات|مره)|{'|'.join(_TWICE)}))"
)


def _take_end(said: str) -> tuple[str, str]:
    """What was said without its end, and the end."""
    found = _ENDS.fullmatch(said)
    return (found["rest"], found["last"] or found["times"]) if found else (said, "")


def read_end(said: str, first: date, now: datetime, zone: tzinfo) -> dict[str, str]:
    """The end that somebody said, as part of a rule: `10 times`, `10`, or a last day. Raises Malformed."""
    times = _TIMES.fullmatch(plain(said))
    if times:
        n = int(times["n"] or _TWICE[times["word"]])
        if not 1 <= n <= MOST_TIMES:
            raise Malformed(TIMES, {"least": 1, "most": MOST_TIMES})
        return {"COUNT": str(n)}
    last = read_day(re.sub(rf"^{_UNTIL} ", "", plain(said)), now, zone)
    if last < first:
        raise Malformed(N_("It would end before it begins. A later day, please."))
    return {"UNTIL": f"{last:%Y%m%d}"}


# The rhythm itself

_MEANINGS = {
    plain(word): token
    for token, said in {
        "every": "every each كل",
        "every day": "daily يوميا",
        "every week": "weekly أسبوعيا",
        "every month": "monthly شهريا",
        "every year": "yearly annually سنويا",
        "day": "day days يوم يوما أيام",
        "week": "week weeks أسبوع أسبوعا أسابيع",
        "month": "month months شهر شهرا أشهر الشهر",
        "year": "year years سنة عام",
        "2 day": "يومين",
        "2 week": "أسبوعين",
        "2 month": "شهرين",
        "#1": "first أول الأول",
        "#2": "second other ثاني الثاني",
        "#3": "third ثالث الثالث",
        "#4": "fourth رابع الرابع",
        "#-1": "last آخر",
        "2": "two",
        "3": "three ثلاثة",
        "4": "four أربعة",
        "": "on the of in a and & و من في",
    }.items()
    for word in said.split()
}
_NAMES = {form: DAYS[day] for name, day in WEEKDAYS.items() for form in (name, f"{name}s", name.removeprefix("ال"))}


def _tokens(said: str) -> str:
    """What was said in words that both languages share; what is not known stands as `?`."""
    tokens = " ".join(_token(word) for word in said.split())
    return re.sub(r"\bday (?=[A-Z])", "", " ".join(tokens.split()))


def _token(word: str) -> str:
    if word in _MEANINGS:
        return _MEANINGS[word]
    if found := re.fullmatch(r"([0-9]{1,2})(st|nd|rd|th)?", word):
        return f"#{found[1]}" if found[2] else found[1]
    return _NAMES.get(word) or _NAMES.get(word.removeprefix("و")) or "?"


def is_rhythm(text: str) -> bool:
    """Whether a piece of a line begins like a rhythm."""
    first, _, _ = plain(text).partition(" ")
    return _MEANINGS.get(first, "").startswith("every") or first.startswith(("freq=", "rrule:"))


_DAY_LIST = "[A-Z]{2}(?: [A-Z]{2})*"
_NTH_OF_MONTH = re.compile(r"(?:every )?#(-?[1-4]) ([A-Z]{2}) (?:every )?month|every #(1|3|4|-1) ([A-Z]{2})")
_DAY_OF_MONTH = re.compile(r"(?:(?:every )?#|day )([0-9]{1,2}) (?:every )?month|#(-1) day (?:every )?month")
_EVERY = re.compile(rf"every (?:#?([0-9]{{1,2}}) )?(day|week|month|year)(?: ({_DAY_LIST}))?")
_ON_DAYS = re.compile(rf"(?:every (#2 )?)?({_DAY_LIST})")
_UNITS = {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY"}


def _parts(tokens: str, first: date) -> dict[str, str] | None:
    """The parts of a rule; None where the tokens make no rhythm."""
    if found := _NTH_OF_MONTH.fullmatch(tokens):
        return {"FREQ": "MONTHLY", "BYDAY": f"{found[1] or found[3]}{found[2] or found[4]}"}
    if found := _DAY_OF_MONTH.fullmatch(tokens):
        return _monthly(int(found[1] or found[2]))
    if found := _ON_DAYS.fullmatch(tokens):
        return {"FREQ": "WEEKLY"} | ({"INTERVAL": "2"} if found[1] else {}) | {"BYDAY": _in_order(found[2])}
    if found := _EVERY.fullmatch(tokens):
        return _every(int(found[1] or 1), found[2], found[3], first)
    return None


def _every(n: int, unit: str, days: str | None, first: date) -> dict[str, str] | None:
    if n < 1 or (days and unit != "week"):
        return None
    parts = {"FREQ": _UNITS[unit]} | ({"INTERVAL": str(n)} if n > 1 else {})
    if unit == "week":
        return parts | {"BYDAY": _in_order(days) if days else DAYS[first.weekday()]}
    if unit == "month":
        return (_monthly(first.day) or {}) | parts
    return parts | ({"BYMONTH": str(first.month), "BYMONTHDAY": str(first.day)} if unit == "year" else {})


def _monthly(day: int) -> dict[str, str] | None:
    """A day of every month; where a month is too short for it, its last one."""
    if day == -1 or 1 <= day <= 28:
        return {"FREQ": "MONTHLY", "BYMONTHDAY": str(day)}
    if not 29 <= day <= 31:
        return None
    return {"FREQ": "MONTHLY", "BYMONTHDAY": ",".join(str(n) for n in range(28, day + 1)), "BYSETPOS": "-1"}


def _in_order(days: str) -> str:
    return ",".join(sorted(set(days.split()), key=DAYS.index))
