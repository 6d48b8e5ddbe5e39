"""Wizards as data: what is asked step by step, and what comes of it.

A wizard's state is a row, so a restart is invisible. Back, Skip, Cancel, expiry, and what happens when two wizards are under
way live here; a flow only says what to ask, how to read the answer, and what to do at the end.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from handlers.context import Context
from handlers.reading import TOO_LONG
from handlers.refusals import put_into_words
from handlers.registry import Arg, ArgKind, command
from handlers.types import Button, Card, Media, MediaFault, Reply, Row, Tone
from handlers.words import N_, Said, Words
from models.dialogues import Dialogue, begin, open_dialogues
from models.refusals import Refusal

LIFETIME = timedelta(hours=24)

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


@dataclass(frozen=True)
class Given:
    """What the person answered."""

    text: str = ""
    option: str | None = None
    """The pressed option's value. Buttons can be forged: `parse` checks it like any other answer."""
    media: Media | None = None


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


FLOWS: dict[str, Flow] = {}


def declare(flow: Flow) -> Flow:
    """Make a flow known under its name."""
    FLOWS[flow.name] = flow
    return flow


async def start(context: Context, flow: Flow, data: Data) -> Reply:
    """Begin a wizard with what is known already. Raises a Refusal of the flow's guard."""
    await flow.guard(context, data)
    parked = await current(context)
    first = _next_step(flow, data, after=None)
    if first is None:
        return await flow.finish(context, data)
    dialogue = await begin(
        context.session,
        context.person.id,
        flow.name,
        first.name,
        data,
        now=context.now,
        expires_at=context.now + LIFETIME,
    )
    note = ""
    if parked is not None and parked.flow != flow.name:
        title = context.words.say(FLOWS[parked.flow].title)
        note = context.words.say("Set aside for now, with nothing lost: {what}.", what=title)
    return await _question(context, dialogue, note=note)


async def current(context: Context) -> Dialogue | None:
    """The wizard that is being asked, if there is one that has not expired."""
    for dialogue in await open_dialogues(context.session, context.person.id):
        if dialogue.expires_at > context.now and dialogue.flow in FLOWS:
            return dialogue
    return None


async def takes_photo(context: Context) -> bool:
    """Whether a picture is an answer to what is being asked."""
    dialogue = await current(context)
    return dialogue is not None and _step(dialogue).takes_photo


async def redraw(context: Context) -> Reply | None:
    """The question that is being asked, once more."""
    dialogue = await current(context)
    return await _question(context, dialogue) if dialogue else None


async def cancel(context: Context) -> Reply | None:
    """End the wizard that is being asked; None where there is none."""
    dialogue = await current(context)
    return await _drop(context, dialogue) if dialogue else None


async def answer_by_text(context: Context) -> Reply | None:
    """Take free text or a picture as an answer; None where nothing is being asked."""
    dialogues = await open_dialogues(context.session, context.person.id)
    if not dialogues:
        return None
    newest = dialogues[0]
    if newest.flow not in FLOWS or newest.expires_at <= context.now:
        return await _say_expired(context, newest)
    step = _step(newest)
    event = context.event
    if event.media_fault is not None and step.takes_photo:
        return await _question(context, newest, note=_fault(context, event.media_fault))
    if event.media is None and not (event.text and step.takes_text):
        return await _question(context, newest, note=context.words.say("This question needs another kind of answer."))
    return await _take(context, newest, Given(text=event.text, media=event.media))


@command("flow", args=(Arg("pressed", ArgKind.TEXT, ""),))
async def answer_by_press(context: Context, pressed: str) -> Reply:
    """A wizard's button: `<dialogue>.<option>`."""
    number, _, option = pressed.partition(".")
    dialogues = await open_dialogues(context.session, context.person.id)
    dialogue = next((d for d in dialogues if str(d.id) == number and d.flow in FLOWS), None)
    if dialogue is None:
        return await _say_finished(context)
    if dialogue.expires_at <= context.now:
        return await _say_expired(context, dialogue)
    dialogue.opened_at = context.now
    if option != "resume" and context.event.version != dialogue.version:
        answered = context.words.say("That question was answered before. This is the one that is open.")
        return replace(await _question(context, dialogue), toast=answered)
    return await _press(context, dialogue, option)


async def _press(context: Context, dialogue: Dialogue, option: str) -> Reply:
    flow, step = FLOWS[dialogue.flow], _step(dialogue)
    if option == "resume":
        return await _question(context, dialogue)
    if option == "cancel":
        return await _drop(context, dialogue)
    if option == "back":
        previous = _previous_step(flow, dialogue.data, step)
        return await _move(context, dialogue, previous or step)
    if option == "skip" and step.is_optional:
        return await _advance(context, dialogue, step, None)
    return await _take(context, dialogue, Given(option=option.removeprefix("=")))


async def _take(context: Context, dialogue: Dialogue, given: Given) -> Reply:
    step = _step(dialogue)
    try:
        await FLOWS[dialogue.flow].guard(context, dialogue.data)
        value = await step.parse(context, dialogue.data, given)
    except Invalid as invalid:
        return await _question(context, dialogue, note=invalid.sentence)
    except Refusal as refusal:
        return await _end(context, dialogue, refusal)
    return await _advance(context, dialogue, step, value)


async def _advance(context: Context, dialogue: Dialogue, step: Step, value: object) -> Reply:
    flow = FLOWS[dialogue.flow]
    dialogue.data = {**dialogue.data, step.name: value}
    following = _next_step(flow, dialogue.data, after=step)
    if following is not None:
        return await _move(context, dialogue, following)
    try:
        await flow.guard(context, dialogue.data)
    except Refusal as refusal:
        return await _end(context, dialogue, refusal)
    return await _finish(context, dialogue)


async def _end(context: Context, dialogue: Dialogue, refusal: Refusal) -> Reply:
    """What the wizard is for cannot be done any more: say why, and do not ask on."""
    await context.session.delete(dialogue)
    await context.session.flush()
    return await _with_parked(context, put_into_words(refusal, context.words))


async def _finish(context: Context, dialogue: Dialogue) -> Reply:
    """Come to the end. Where that begins another wizard, its question says by itself what it sets aside."""
    await context.session.delete(dialogue)
    await context.session.flush()
    parked = await current(context)
    reply = await FLOWS[dialogue.flow].finish(context, dialogue.data)
    return await _with_parked(context, reply) if await current(context) is parked else reply


async def _move(context: Context, dialogue: Dialogue, step: Step) -> Reply:
    dialogue.step = step.name
    dialogue.version += 1
    dialogue.expires_at = context.now + LIFETIME
    return await _question(context, dialogue)


async def _question(context: Context, dialogue: Dialogue, note: str = "") -> Reply:
    step = _step(dialogue)
    ask = await step.ask(context, dialogue.data)
    rows: list[Row] = [tuple(_button(dialogue, o.label, "=" + o.value, o.tone) for o in row) for row in ask.options]
    navigation = _navigation(context, dialogue, step)
    return Reply(
        text=f"{note}\n\n{ask.text}" if note else ask.text,
        card=ask.card,
        media=ask.media,
        rows=(*rows, navigation) if navigation else tuple(rows),
        edit=context.is_press,
        asks_text=step.takes_text,
        asks_photo=step.takes_photo,
        placeholder=ask.placeholder,
        input_label=context.words.say("Write the answer") if step.takes_text else context.words.say("Send a picture"),
    )


def _navigation(context: Context, dialogue: Dialogue, step: Step) -> Row:
    say = context.words.say
    row = []
    if _previous_step(FLOWS[dialogue.flow], dialogue.data, step):
        row.append(_button(dialogue, say("Back"), "back"))
    if step.is_optional:
        row.append(_button(dialogue, say("Skip"), "skip"))
    if FLOWS[dialogue.flow].can_cancel:
        row.append(_button(dialogue, say("Cancel"), "cancel"))
    return tuple(row)


def _button(dialogue: Dialogue, label: str, option: str, tone: Tone = Tone.PLAIN) -> Button:
    return Button(label, "flow", f"{dialogue.id}.{option}", dialogue.version, tone)


def _step(dialogue: Dialogue) -> Step:
    steps = FLOWS[dialogue.flow].steps
    return next((step for step in steps if step.name == dialogue.step), steps[0])


def _next_step(flow: Flow, data: Data, after: Step | None) -> Step | None:
    rest = flow.steps if after is None else flow.steps[flow.steps.index(after) + 1 :]
    return next((step for step in rest if step.is_needed(data)), None)


def _previous_step(flow: Flow, data: Data, before: Step) -> Step | None:
    earlier = flow.steps[: flow.steps.index(before)]
    return next((step for step in reversed(earlier) if step.is_needed(data)), None)


async def _drop(context: Context, dialogue: Dialogue) -> Reply:
    flow = FLOWS[dialogue.flow]
    if not flow.can_cancel:
        return await _finish(context, dialogue)
    await context.session.delete(dialogue)
    await context.session.flush()
    title = context.words.say(flow.title)
    said = context.words.say("Cancelled: {what}. Nothing was changed.", what=title)
    return await _with_parked(context, Reply(text=said, edit=context.is_press))


async def _with_parked(context: Context, reply: Reply) -> Reply:
    """Offer to go on with what was set aside."""
    parked = await current(context)
    if parked is None:
        return reply
    label = context.words.say("Continue: {what}", what=context.words.say(FLOWS[parked.flow].title))
    return replace(reply, rows=(*reply.rows, (_button(parked, label, "resume"),)))


async def _say_expired(context: Context, dialogue: Dialogue) -> Reply:
    flow = FLOWS.get(dialogue.flow)
    await context.session.delete(dialogue)
    await context.session.flush()
    say = context.words.say
    title = say(flow.title) if flow else say("this")
    sentence = say(
        "A day has passed, so this was put away: {what}. Nothing was sent; it can begin anew at any time.", what=title
    )
    return await _with_parked(context, Reply(text=sentence, edit=context.is_press))


async def _say_finished(context: Context) -> Reply:
    finished = context.words.say("This is finished already. What comes next is in /help.")
    open_question = await redraw(context)
    return replace(open_question, toast=finished) if open_question else Reply(text=finished, toast=finished)


def _fault(context: Context, fault: MediaFault) -> Said:
    sentences = {
        MediaFault.TOO_BIG: N_("The picture is larger than 10 MB. A smaller one will do, a screenshot of it for example."),
        MediaFault.NOT_A_PICTURE: N_("This file is not a picture that can be shown. JPEG, PNG and WebP work."),
        MediaFault.LOST: N_("The picture did not arrive. Please send it once more."),
    }
    return context.words.say(sentences[fault])
