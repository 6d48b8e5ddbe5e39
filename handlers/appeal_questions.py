"""What an appeal is made of, question by question: what it is for, what it says, who vouches, and when."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from handlers.appeal_drawing import TEXT_LIMIT
from handlers.appeal_when import ask_confirmed, ask_end, ask_start, parse_confirmed, parse_end, parse_start
from handlers.audiences import ask_audience, parse_audience
from handlers.context import Context
from handlers.finding import label_of
from handlers.flows import Ask, Data, Given, Invalid, Option, Step, check_length, written
from handlers.reading import as_tag, language_of_text
from handlers.words import LANGUAGES, N_, Said, clean_line, parse_number
from models.calling import open_tasks_for, open_tasks_of
from models.communities import Community
from models.refusals import Malformed

VOUCHER_LIMIT: Final = 120
_TASKS_OFFERED: Final = 5


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


_parse_text = written(TEXT_LIMIT, N_("An appeal is written in words."))


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


# Whom it notifies


async def _ask_role(context: Context, data: Data) -> Ask:
    say = context.words.say
    text = say("Should one of this server's roles be notified in this chat? Whoever bears it is, and nobody else.")
    return Ask(text, role_label=say("A role of this server"))


async def _parse_role(context: Context, data: Data, given: Given) -> str:
    if not re.fullmatch("[0-9]{1,32}", given.option or ""):
        raise Invalid(
            context.words.say("A role that some people here bear can be called, chosen from the platform's own list.")
        )
    return f"{data['roles_in']} {given.option}"


# The steps: each offers what was answered before


def _step(
    name: str,
    ask: Callable[[Context, Data], Awaitable[Ask]],
    parse: Callable[[Context, Data, Given], Awaitable[Any]],
    *,
    is_optional: bool = False,
    takes_text: bool = True,
    takes_photo: bool = False,
    is_asked: Callable[[Data], bool] = lambda _: True,
) -> Step:
    async def ask_again(context: Context, data: Data) -> Ask:
        question = await ask(context, data)
        if data.get(name) is None:
            return question
        keep = (Option(context.words.say("As it is"), "keep"),)
        return replace(question, options=(*question.options, keep))

    async def parse_again(context: Context, data: Data, given: Given) -> Any:
        is_kept = given.option == "keep" and data.get(name) is not None
        return data[name] if is_kept else await parse(context, data, given)

    return Step(
        name,
        ask_again,
        parse_again,
        is_optional=is_optional,
        takes_text=takes_text and not takes_photo,
        takes_photo=takes_photo,
        is_needed=lambda data: not data["is_whole"] and is_asked(data),
    )


QUESTIONS = (
    _step("aim", _ask_aim, _parse_aim),
    _step("text", _ask_text, _parse_text),
    _step("second", _ask_second, _parse_second, is_optional=True),
    _step("picture", _ask_picture, _parse_picture, is_optional=True, takes_photo=True),
    _step("vouched", _ask_voucher, _parse_voucher),
    _step("confirmed", ask_confirmed, parse_confirmed),
    Step("audience", ask_audience, parse_audience, is_needed=lambda data: not data["is_whole"]),
    _step(
        "called",
        _ask_role,
        _parse_role,
        is_optional=True,
        takes_text=False,
        is_asked=lambda data: bool(data["roles_in"]),
    ),
    _step("starts", ask_start, parse_start),
    _step("ends", ask_end, parse_end),
)
