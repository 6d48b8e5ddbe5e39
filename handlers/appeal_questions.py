"""What an appeal is made of, question by question: what it is for, what it says, who vouches, and when."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, Final

from handlers.audiences import ask_audience, parse_audience
from handlers.cards import zoned
from handlers.context import Context
from handlers.finding import label_of
from handlers.flows import Ask, Data, Given, Invalid, Option, Step, check_length
from handlers.moments import read_moment, read_span
from handlers.reading import as_tag, language_of_text
from handlers.types import Tone
from handlers.words import LANGUAGES, N_, Said, Words, clean, clean_line, parse_number
from models.calling import open_tasks_for, open_tasks_of
from models.communities import Community
from models.refusals import Malformed

TEXT_LIMIT: Final = 1500
VOUCHER_LIMIT: Final = 120
TRUE_FOR: Final = timedelta(hours=24)
"""What nobody has confirmed for so long is not sent."""
_TASKS_OFFERED: Final = 5
_CONFIRMED_AGO: Final = (0, 1, 6)
"""Hours."""


async def words_of(context: Context, data: Data) -> Words:
    """The reader's words, in the time zone of the community that `data` names."""
    return zoned(context, await context.session.get_one(Community, data["community"]))


# What it is for


async def _ask_aim(context: Context, data: Data) -> Ask:
    say = context.words.say
    tasks = await open_tasks_of(context.session, data["community"], context.now, limit=_TASKS_OFFERED)
    options = tuple((Option(Said(label_of(task, context.words)), str(task.id)),) for task in tasks)
    text = say("Which tasks is it for? Their numbers, such as #12 #15, or one tag, such as #winter, for all that have it.")
    return Ask(text, options, placeholder="#12")


async def _parse_aim(context: Context, data: Data, given: Given) -> dict[str, Any]:
    pieces = clean_line(given.option or given.text).replace(",", " ").replace("،", " ").split()
    numbers = [parse_number(piece.lstrip("#")) for piece in pieces]
    tags = [as_tag(piece) for piece, number in zip(pieces, numbers, strict=True) if number is None]
    try:
        return await find_aim(context, data["community"], [n for n in numbers if n is not None], tags[0] if tags else "")
    except Malformed as malformed:
        raise Invalid(context.words.say(malformed.hint, **malformed.values)) from None


async def find_aim(context: Context, community_id: int, numbers: Sequence[int], tag: str) -> dict[str, Any]:
    """The tasks and the tag, where something of them can be done now. Raises Malformed."""
    if not numbers and not tag:
        raise Malformed(N_("An appeal is for tasks: their numbers, such as #12, or their tag, such as #winter."))
    found = await open_tasks_for(context.session, community_id, numbers, tag, context.now)
    for number in numbers:
        if number not in {task.id for task in found}:
            raise Malformed(N_("Task {number} takes nobody at the moment, or is not one of this team."), {"number": number})
    if not found:
        raise Malformed(N_("No open task of this team has the tag {tag}."), {"tag": f"#{tag}"})
    return {"tasks": list(numbers), "tag": tag}


# What it says


async def _ask_text(context: Context, data: Data) -> Ask:
    return Ask(context.words.say("What should it say? A few sentences: what is needed, for whom, until when."))


async def _parse_text(context: Context, data: Data, given: Given) -> str:
    text = clean(given.text)
    if not text:
        raise Invalid(context.words.say("An appeal is written in words."))
    return check_length(context.words, text, TEXT_LIMIT)


async def _ask_second(context: Context, data: Data) -> Ask:
    say = context.words.say
    sentences = {
        "ar": N_("Is there an Arabic version too? Each reader gets theirs; without it all get this one."),
        "en": N_("Is there an English version too? Each reader gets theirs; without it all get this one."),
    }
    return Ask(say(sentences[_other_language(data["text"])]))


async def _parse_second(context: Context, data: Data, given: Given) -> str:
    text = await _parse_text(context, data, given)
    if language_of_text(text) == language_of_text(data["text"]):
        raise Invalid(context.words.say("This is in the language of the first version. The other one, or Skip."))
    return text


def _other_language(text: str) -> str:
    return next(one for one in LANGUAGES if one != language_of_text(text))


async def _ask_picture(context: Context, data: Data) -> Ask:
    return Ask(context.words.say("A picture can go with it. Where it was taken is removed from it."))


async def _parse_picture(context: Context, data: Data, given: Given) -> dict[str, Any]:
    if given.media is None:
        raise Invalid(context.words.say("This can be a picture, or be skipped."))
    return {"id": given.media.id, "content_type": given.media.content_type, "size_bytes": given.media.size_bytes}


async def _ask_voucher(context: Context, data: Data) -> Ask:
    community = await context.session.get_one(Community, data["community"])
    text = context.words.say("Who vouches for it? The team, or an official body by its name.")
    return Ask(text, ((Option(Said(clean_line(community.name)), "team"),),))


async def _parse_voucher(context: Context, data: Data, given: Given) -> str:
    name = "" if given.option == "team" else clean_line(given.text)
    return check_length(context.words, name, VOUCHER_LIMIT)


async def _ask_confirmed(context: Context, data: Data) -> Ask:
    words = context.words
    now, *earlier = _CONFIRMED_AGO
    options = (
        Option(words.say("Just now"), str(now)),
        *(Option(words.count("{n} hour ago", "{n} hours ago", n), str(n)) for n in earlier),
    )
    text = words.say("When did somebody who knows last confirm that it is true? A time such as 3h means so long ago.")
    return Ask(text, (options,))


async def _parse_confirmed(context: Context, data: Data, given: Given) -> str:
    minutes = read_span(given.text) if given.option is None else _hours(given.option)
    if minutes is None or not 0 <= minutes <= TRUE_FOR / timedelta(minutes=1):
        say = context.words.say
        raise Invalid(
            say("How long ago was it confirmed, for example 3h? What is older than a day needs to be confirmed first.")
        )
    return (context.now - timedelta(minutes=minutes)).isoformat()


def _hours(option: str) -> int | None:
    return int(option) * 60 if option in {str(n) for n in _CONFIRMED_AGO} else None


async def _ask_start(context: Context, data: Data) -> Ask:
    say = context.words.say
    return Ask(say("When should it go out? Now, or at a moment such as 18:00."), ((Option(say("Now"), "now", Tone.PRIMARY),),))


async def _parse_start(context: Context, data: Data, given: Given) -> str:
    if given.option == "now":
        return ""
    words = await words_of(context, data)
    try:
        return read_moment(given.text, context.now, words.zone).isoformat()
    except Malformed as malformed:
        raise Invalid(words.say(malformed.hint, **malformed.values)) from None


# The steps: each offers what was answered before


def _step(
    name: str,
    ask: Callable[[Context, Data], Awaitable[Ask]],
    parse: Callable[[Context, Data, Given], Awaitable[Any]],
    *,
    is_optional: bool = False,
    takes_photo: bool = False,
) -> Step:
    async def ask_again(context: Context, data: Data) -> Ask:
        question = await ask(context, data)
        if data.get(name) is None:
            return question
        keep = (Option(context.words.say("Keep it"), "keep"),)
        return Ask(question.text, (*question.options, keep), placeholder=question.placeholder)

    async def parse_again(context: Context, data: Data, given: Given) -> Any:
        is_kept = given.option == "keep" and data.get(name) is not None
        return data[name] if is_kept else await parse(context, data, given)

    return Step(
        name,
        ask_again,
        parse_again,
        is_optional=is_optional,
        takes_text=not takes_photo,
        takes_photo=takes_photo,
        is_needed=lambda data: not data["is_whole"],
    )


QUESTIONS = (
    _step("aim", _ask_aim, _parse_aim),
    _step("text", _ask_text, _parse_text),
    _step("second", _ask_second, _parse_second, is_optional=True),
    _step("picture", _ask_picture, _parse_picture, is_optional=True, takes_photo=True),
    _step("vouched", _ask_voucher, _parse_voucher),
    _step("confirmed", _ask_confirmed, _parse_confirmed),
    Step("audience", ask_audience, parse_audience, is_needed=lambda data: not data["is_whole"]),
    _step("starts", _ask_start, _parse_start),
)
