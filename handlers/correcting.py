"""Correcting an appeal: each version that it has is asked for, and each can stay as it is."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from handlers.appeal_drawing import TEXT_LIMIT, material, room_for_text
from handlers.appeal_sending import note_appeal
from handlers.context import Context
from handlers.flows import Ask, Data, Flow, Given, Invalid, Option, Step, check_length, declare, start, written
from handlers.overseeing import moderated_appeal
from handlers.reading import language_of_text
from handlers.registry import Arg, ArgKind, command
from handlers.types import Button, Card, Reply
from handlers.words import LANGUAGES, N_, Said
from models.appeals import OVER
from models.audit import Action
from models.calling import correct_appeal, get_appeal
from models.refusals import AppealMoved

_QUESTIONS = {
    "ar": N_("How should the Arabic version read? What was sent is edited, and what is to come says it."),
    "en": N_("How should the English version read? What was sent is edited, and what is to come says it."),
}
_LABELS = {"ar": N_("Arabic version"), "en": N_("English version")}
_OTHERS = {
    "ar": N_("The Arabic version is asked for here, and this is in another language."),
    "en": N_("The English version is asked for here, and this is in another language."),
}
_read_text = written(TEXT_LIMIT, N_("An appeal is written in words."))


@command("appeal_correct", args=(Arg("appeal", ArgKind.NUMBER, ""),))
async def correct(context: Context, appeal: int) -> Reply:
    """Ask for the words as they should be."""
    found = await moderated_appeal(context, appeal)
    return await start(context, CORRECT, {"appeal": found.id, "texts": found.texts, **found.texts})


async def _guard(context: Context, data: Data) -> None:
    found = await moderated_appeal(context, data["appeal"])
    if found.state in OVER:
        raise AppealMoved(found.id, found.state)


def _language_of(text: str, asked: str) -> str:
    """The language of a text that was asked for in one: another one only where it has no letter of that."""
    is_it = re.search("[A-Za-z]", text) if asked == "en" else language_of_text(text) == asked
    return asked if is_it else language_of_text(text)


def _ask(language: str) -> Callable[[Context, Data], Awaitable[Ask]]:
    async def ask(context: Context, data: Data) -> Ask:
        say, text = context.words.say, data["texts"][language]
        question = say(_QUESTIONS[language])
        if len(data["texts"]) == 1:
            question = Said(f"{question} {say('A text in the other language is added as its version.')}")
        keep = ((Option(say("As it is"), "keep"),),)
        return Ask(question, keep, card=Card(say("So far:"), (text,)), value=text)

    return ask


def _parse(language: str) -> Callable[[Context, Data, Given], Awaitable[Any]]:
    async def parse(context: Context, data: Data, given: Given) -> str:
        if given.option == "keep":
            return str(data["texts"][language])
        text = await _read_text(context, data, given)
        if len(data["texts"]) > 1 and _language_of(text, language) != language:
            raise Invalid(context.words.say(_OTHERS[language]))
        made = await material(context.session, await get_appeal(context.session, data["appeal"]))
        return check_length(context.words, text, room_for_text(made))

    return parse


def _step(language: str) -> Step:
    return Step(
        language, _ask(language), _parse(language), is_needed=lambda data: language in data["texts"], label=_LABELS[language]
    )


async def _finish(context: Context, data: Data) -> Reply:
    say, before = context.words.say, data["texts"]
    changed = {_language_of(data[one], one): data[one] for one in before if data[one] != before[one]}
    rows = ((Button(say("How it is doing"), "appeals", str(data["appeal"])),),)
    if not changed:
        return Reply(text=say("It stays as it is."), rows=rows, edit=context.is_press)
    found = await get_appeal(context.session, data["appeal"])
    corrected = await correct_appeal(context.session, found.id, {"texts": found.texts | changed}, context.now)
    await note_appeal(context, corrected, Action.APPEAL_CORRECTED)
    return Reply(text=say("Corrected. What was sent follows in a moment."), rows=rows, edit=context.is_press)


CORRECT = declare(
    Flow(
        "correct_appeal",
        N_("correcting an appeal"),
        steps=tuple(_step(language) for language in LANGUAGES),
        finish=_finish,
        guard=_guard,
    )
)
