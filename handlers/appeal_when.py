"""When an appeal was last confirmed, when it goes out, and until when it holds: three questions of its wizard."""

from datetime import datetime, timedelta, tzinfo
from typing import Final

from handlers.appeal_draft import tasks_of_draft, times_of_draft
from handlers.cards import zoned
from handlers.context import Context
from handlers.flows import Ask, Data, Given, Invalid, Option
from handlers.moments import read_moment, read_span
from handlers.types import Tone
from handlers.words import N_, Words
from models.communities import Community
from models.refusals import Malformed

TRUE_FOR: Final = timedelta(hours=24)
"""What nobody has confirmed for so long is not sent."""
_CONFIRMED_AGO: Final = (0, 1, 6)
"""Hours."""
_HOLDS: Final = (timedelta(hours=1), timedelta(days=30))
"""For how long at the least, and at the most."""
_HOURS_OFFERED: Final = (6, 12, 24)
_DAYS_OFFERED: Final = (3, 7, 14)


async def words_of(context: Context, data: Data) -> Words:
    """The reader's words, in the time zone of the community that `data` names."""
    return zoned(context, await context.session.get_one(Community, data["community"]))


async def ask_confirmed(context: Context, data: Data) -> Ask:
    """When was it last confirmed to be true?"""
    words = context.words
    now, *earlier = _CONFIRMED_AGO
    options = (
        Option(words.say("Just now"), str(now)),
        *(Option(words.count("{n} hour ago", "{n} hours ago", n), str(n)) for n in earlier),
    )
    text = words.say("When did somebody who knows last confirm that it is true? A time such as 3h means so long ago.")
    return Ask(text, (options,))


async def parse_confirmed(context: Context, data: Data, given: Given) -> str:
    """The moment, as ISO 8601."""
    minutes = read_span(given.text) if given.option is None else _minutes(given.option)
    if minutes is None or not 0 <= minutes <= TRUE_FOR / timedelta(minutes=1):
        say = context.words.say
        raise Invalid(
            say("How long ago was it confirmed, for example 3h? What is older than a day needs to be confirmed first.")
        )
    return (context.now - timedelta(minutes=minutes)).isoformat()


def _minutes(option: str) -> int | None:
    return int(option) * 60 if option in {str(n) for n in _CONFIRMED_AGO} else None


async def ask_start(context: Context, data: Data) -> Ask:
    """When should it go out?"""
    say = context.words.say
    return Ask(say("When should it go out? Now, or at a moment such as 18:00."), ((Option(say("Now"), "now", Tone.PRIMARY),),))


async def parse_start(context: Context, data: Data, given: Given) -> str:
    """The moment, as ISO 8601; empty: at once."""
    if given.option == "now":
        return ""
    words = await words_of(context, data)
    try:
        return read_moment(given.text, context.now, words.zone).isoformat()
    except Malformed as malformed:
        raise Invalid(words.say(malformed.hint, **malformed.values)) from None


async def ask_end(context: Context, data: Data) -> Ask:
    """Until when does it hold?"""
    words = await words_of(context, data)
    _, usual = times_of_draft({**data, "ends": ""}, await tasks_of_draft(context, data), context.now)
    hours = tuple(Option(words.count("{n} hour", "{n} hours", n), f"h{n}") for n in _HOURS_OFFERED)
    days = tuple(Option(words.count("{n} day", "{n} days", n), f"d{n}") for n in _DAYS_OFFERED)
    until = Option(words.say("Until {moment}", moment=words.date_and_time(usual)), "usual", Tone.PRIMARY)
    text = words.say(
        "Until when does it hold? It is over earlier when its tasks take nobody any more. A moment such as 20:00 can be "
        "written too, or 5d."
    )
    return Ask(text, ((until,), hours, days))


async def parse_end(context: Context, data: Data, given: Given) -> str:
    """The moment, as ISO 8601; empty: as usual."""
    if given.option == "usual":
        return ""
    words = await words_of(context, data)
    starts, _ = times_of_draft({**data, "ends": ""}, (), context.now)
    offered = {f"h{n}": timedelta(hours=n) for n in _HOURS_OFFERED} | {f"d{n}": timedelta(days=n) for n in _DAYS_OFFERED}
    if given.option in offered:
        return (starts + offered[given.option]).isoformat()
    try:
        return read_end(given.text, starts, words.zone).isoformat()
    except Malformed as malformed:
        raise Invalid(words.say(malformed.hint, **malformed.values)) from None


def read_end(text: str, starts: datetime, zone: tzinfo) -> datetime:
    """The moment until which an appeal holds that begins at another; a span is counted from then. Raises Malformed."""
    ends = read_moment(text, starts, zone)
    shortest, longest = _HOLDS
    if not starts + shortest <= ends <= starts + longest:
        raise Malformed(N_("An appeal holds for an hour at the least, and for 30 days at the most."))
    return ends
