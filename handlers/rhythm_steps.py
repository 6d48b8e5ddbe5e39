"""Whether a task comes again: the questions about it in the wizard that makes tasks."""

from datetime import datetime
from zoneinfo import ZoneInfo

from handlers.context import Context
from handlers.flows import Ask, Data, Given, Invalid, Option, Step
from handlers.recurring import DAYS, has_end, rhythm_text, with_end
from handlers.repeating import Repeat, repeat
from handlers.rhythms import NEVER, read_end, read_rhythm
from handlers.words import Said, Words, words_for
from models.communities import Community
from models.refusals import Malformed

_ONCE = "once"
_ENDLESS = "endless"
_KEEP = "keep"


async def repeat_of(context: Context, data: Data) -> Repeat | None:
    """How the task that `data` describes comes again; None where it comes once. Raises Malformed where it never would."""
    if not (data.get("starts") and data.get("rhythm")):
        return None
    community = await context.session.get_one(Community, data["community"])
    rule = with_end(data["rhythm"], data["end"]) if data.get("end") else data["rhythm"]
    found = repeat(rule, datetime.fromisoformat(data["starts"]), community)
    if found is None:
        raise Malformed(NEVER)
    return found


async def read_said(context: Context, data: Data, said: str) -> str:
    """The rule in what somebody said of a task that begins when `data` says. Raises Malformed."""
    community = await context.session.get_one(Community, data["community"])
    words, first = _where(context, community), datetime.fromisoformat(data["starts"])
    return read_rhythm(said, first.astimezone(words.zone).date(), context.now, words, community.first_weekday)


def _where(context: Context, community: Community) -> Words:
    """The reader's words, by the clock of the community: a rhythm goes by that."""
    return words_for(context.words.language, context.words.arabic_digits, community.timezone)


async def _ask_rhythm(context: Context, data: Data) -> Ask:
    community = await context.session.get_one(Community, data["community"])
    words, say = _where(context, community), context.words.say
    first = datetime.fromisoformat(data["starts"]).astimezone(ZoneInfo(community.timezone))
    day, nth = DAYS[first.weekday()], (first.day + 6) // 7
    rules = ["FREQ=DAILY", f"FREQ=WEEKLY;BYDAY={day}", f"FREQ=WEEKLY;INTERVAL=2;BYDAY={day}"]
    rules.append(f"FREQ=MONTHLY;BYDAY={nth if nth <= 4 else -1}{day}")
    rows = [tuple(Option(rhythm_text(rule, words), rule) for rule in rules[at : at + 2]) for at in (0, 2)]
    kept = (Option(say("Keep it"), _KEEP),) if data.get("rhythm") else ()
    text = say("Does it come again? A button, or in words, for example: every Sunday and Thursday.")
    if data.get("rhythm"):
        text = Said(f"{text}\n\n{say('So far: {value}', value=rhythm_text(data['rhythm'], words))}")
    return Ask(text, (*rows, (Option(say("Just once"), _ONCE), *kept)))


async def _parse_rhythm(context: Context, data: Data, given: Given) -> str:
    said = given.text if given.option is None else given.option
    if given.option == _ONCE:
        return ""
    return await _checked(context, data, data.get("rhythm") or "" if given.option == _KEEP else said)


async def _checked(context: Context, data: Data, said: str) -> str:
    try:
        return await read_said(context, data, said)
    except Malformed as malformed:
        raise Invalid(context.words.say(malformed.hint, **malformed.values)) from None


async def _ask_end(context: Context, data: Data) -> Ask:
    words = context.words
    times = tuple(Option(words.count("{n} time", "{n} times", n), str(n)) for n in (4, 8, 12))
    text = words.say("Until when does it come again? A number of times, or a last day such as 31/12.")
    return Ask(text, (times, (Option(words.say("Without an end"), _ENDLESS),)))


async def _parse_end(context: Context, data: Data, given: Given) -> dict[str, str] | None:
    if given.option == _ENDLESS:
        return None
    community = await context.session.get_one(Community, data["community"])
    zone = ZoneInfo(community.timezone)
    first = datetime.fromisoformat(data["starts"]).astimezone(zone).date()
    try:
        end = read_end(given.text if given.option is None else given.option, first, context.now, zone)
        await repeat_of(context, {**data, "end": end})
    except Malformed as malformed:
        raise Invalid(context.words.say(malformed.hint, **malformed.values)) from None
    return end


def _is_asked(data: Data) -> bool:
    return not data["is_whole"] and bool(data.get("starts"))


STEPS = (
    Step("rhythm", _ask_rhythm, _parse_rhythm, is_optional=True, is_needed=_is_asked),
    Step(
        "end",
        _ask_end,
        _parse_end,
        is_optional=True,
        is_needed=lambda data: _is_asked(data) and bool(data.get("rhythm")) and not has_end(data["rhythm"]),
    ),
)
