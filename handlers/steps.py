"""What a wizard is made of: its questions, how they are asked and read, and which of them fit on one form."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from handlers.context import Context
from handlers.reading import TOO_LONG
from handlers.types import Card, Form, Media, Question, Reply, Tone
from handlers.words import Said, Words, clean

AHEAD = "_ahead"
"""Under this name a wizard's data keeps which of its coming questions are answered already."""
WROTE = "_wrote"
"""And under this one, by question, what was written and could not be taken, so that it need not be written anew."""

Data = Mapping[str, Any]


@dataclass(frozen=True)
class Option:
    """An answer that a button gives."""

    label: Said
    value: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True)
class Ask:
    """A question."""

    text: Said
    options: tuple[tuple[Option, ...], ...] = ()
    """Rows of answers to press; the values are short ASCII."""
    card: Card | None = None
    media: Media | None = None
    placeholder: str = ""
    value: str = ""
    """What stands in its field already, where it has one."""
    role_label: str = ""
    """It is answered by one of the platform's own roles, which is chosen from a list that is called so."""


@dataclass(frozen=True)
class Given:
    """What the person answered."""

    text: str = ""
    option: str | None = None
    """The pressed option's value. Buttons can be forged: `parse` checks it like any other answer."""
    media: Media | None = None


@dataclass(frozen=True)
class Again:
    """What `parse` returns where an answer changes the question instead of ending it: the value so far."""

    value: Any


class Invalid(Exception):
    """The answer cannot be taken; the sentence says what would be."""

    def __init__(self, sentence: Said) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def check_length(words: Words, text: str, limit: int) -> str:
    """A text that is short enough to be kept as it is. Raises Invalid: nothing that people write is cut."""
    if len(text) > limit:
        raise Invalid(words.say(TOO_LONG, length=len(text), limit=limit))
    return text


def written(limit: int, missing: str) -> Callable[[Context, Data, Given], Awaitable[str]]:
    """How an answer in words is read; `missing` is the catalogue sentence that asks for them where there are none."""

    async def parse(context: Context, _: Data, given: Given) -> str:
        text = clean(given.text)
        if not text:
            raise Invalid(context.words.say(missing))
        return check_length(context.words, text, limit)

    return parse


@dataclass(frozen=True)
class Step:
    """One question of a wizard. Its answer, as JSON, is kept under its name."""

    name: str
    ask: Callable[[Context, Data], Awaitable[Ask]]
    parse: Callable[[Context, Data, Given], Awaitable[Any]]
    """Raises Invalid."""
    is_optional: bool = False
    takes_text: bool = True
    takes_photo: bool = False
    is_needed: Callable[[Data], bool] = lambda _: True
    label: str = ""
    """A short name, as a catalogue sentence; steps that have one and follow each other can be asked on one form."""
    is_choice: bool = False
    """The options are all the answers there are."""


@dataclass(frozen=True)
class Flow:
    """A wizard."""

    name: str
    title: str
    """What the person is busy with, as a catalogue sentence."""
    steps: tuple[Step, ...]
    finish: Callable[[Context, Data], Awaitable[Reply]]
    guard: Callable[[Context, Data], Awaitable[None]]
    """Whether the person may (still) do this: asked at the start, at every answer and at the end. Raises a Refusal."""
    can_cancel: bool = True
    """False where the thing is done already and only details are asked: what ends it early finishes it."""
    leads_back: str = ""
    """The command of the page on which it is begun, for those who leave it."""


def next_step(flow: Flow, data: Data, after: Step | None) -> Step | None:
    """The next question that is to be asked."""
    rest = flow.steps if after is None else flow.steps[flow.steps.index(after) + 1 :]
    ahead = data.get(AHEAD, ())
    return next((step for step in rest if step.is_needed(data) and step.name not in ahead), None)


def previous_step(flow: Flow, data: Data, before: Step) -> Step | None:
    """The question that was asked before this one."""
    earlier = flow.steps[: flow.steps.index(before)]
    return next((step for step in reversed(earlier) if step.is_needed(data)), None)


def on_one_form(flow: Flow, data: Data, first: Step) -> list[Step]:
    """This question and those after it that can be asked together with it."""
    together: list[Step] = []
    step: Step | None = first
    while step is not None and step.label:
        together.append(step)
        step = next_step(flow, data, after=step)
    return together


async def make_form(context: Context, title: Said, key: str, data: Data, steps: list[Step]) -> Form:
    """These questions on one form."""
    return Form(title, key, tuple([await _ask_on_form(context, data, step) for step in steps]))


async def _ask_on_form(context: Context, data: Data, step: Step) -> Question:
    ask = await step.ask(context, data)
    options = [(option.value, str(option.label)) for row in ask.options for option in row]
    return Question(
        step.name,
        context.words.say(step.label),
        hint=ask.text,
        placeholder=ask.placeholder,
        value=data.get(WROTE, {}).get(step.name, ask.value),
        options=tuple(options) if step.is_choice else (),
        takes_photo=step.takes_photo,
        is_needed=not step.is_optional and data.get(step.name) is None,
    )


async def read_form(
    context: Context, data: Data, steps: list[Step], answers: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, Said]]:
    """What was answered, by question; and what is wrong with the answers that cannot be taken. What was left empty and may be
    is as it was."""
    taken: dict[str, Any] = {}
    wrong: dict[str, Said] = {}
    for step in steps:
        media = context.event.media if step.takes_photo else None
        if step.name not in answers:
            continue  # there was no room for it
        text = answers[step.name]
        if media is None and not text:
            if step.is_optional or data.get(step.name) is not None:
                taken[step.name] = data.get(step.name)
            else:
                wrong[step.name] = context.words.say("An answer is needed here.")
            continue
        given = Given(option=text) if step.is_choice else Given(text=text, media=media)
        try:
            taken[step.name] = await step.parse(context, {**data, **taken}, given)
        except Invalid as invalid:
            wrong[step.name] = invalid.sentence
    return taken, wrong
