"""Wizards as data: what is asked step by step, and what comes of it.

A wizard's state is a row, so a restart is invisible. Back, Skip, Cancel, expiry, and what happens when two wizards are under
way live here; a flow only says what to ask, how to read the answer, and what to do at the end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from handlers.context import Context
from handlers.refusals import put_into_words
from handlers.registry import Arg, ArgKind, command
from handlers.steps import (
    AHEAD,
    WROTE,
    Again,
    Ask,
    Data,
    Flow,
    Given,
    Invalid,
    Option,
    Step,
    check_length,
    make_form,
    next_step,
    on_one_form,
    previous_step,
    read_form,
    written,
)
from handlers.types import Button, MediaFault, Reply, RolePicker, Row, Tone
from handlers.words import N_, Said, Words
from models.dialogues import Dialogue, begin, open_dialogues
from models.refusals import Refusal

__all__ = ["Again", "Ask", "Data", "Flow", "Given", "Invalid", "Option", "Step", "check_length", "declare", "start", "written"]

LIFETIME = timedelta(hours=24)
_ANSWERED_BEFORE = N_("That question was answered before. This is the one that is open.")

FLOWS: dict[str, Flow] = {}


def declare(flow: Flow) -> Flow:
    """Make a flow known under its name."""
    FLOWS[flow.name] = flow
    return flow


async def start(context: Context, flow: Flow, data: Data) -> Reply:
    """Begin a wizard with what is known already. Raises a Refusal of the flow's guard."""
    await flow.guard(context, data)
    first = next_step(flow, data, after=None)
    if first is None:
        return await flow.finish(context, data)
    before = await open_dialogues(context.session, context.person.id)
    parked = _newest(context, before)
    for dialogue in before:
        if dialogue.flow == flow.name:  # it gives way to the new one
            await context.session.delete(dialogue)
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
    return _newest(context, await open_dialogues(context.session, context.person.id))


def _newest(context: Context, dialogues: Sequence[Dialogue]) -> Dialogue | None:
    return next((one for one in dialogues if one.expires_at > context.now and one.flow in FLOWS), None)


async def takes_photo(context: Context) -> bool:
    """Whether a picture is an answer to what is being asked."""
    dialogue = await current(context)
    if dialogue is None:
        return False
    step = _step(dialogue)
    asked = on_one_form(FLOWS[dialogue.flow], dialogue.data, step) if context.event.form else [step]
    return any(step.takes_photo for step in asked)


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
        return await _say_finished(context) if context.event.form else None
    if context.event.form:
        return await _take_form(context, dialogues)
    newest = dialogues[0]
    if newest.flow not in FLOWS or newest.expires_at <= context.now:
        return await _say_expired(context, newest)
    step = _step(newest)
    event = context.event
    if event.media_fault is not None and step.takes_photo:
        return await _question(context, newest, note=_fault(context, event.media_fault))
    if event.media is None and not (event.text and step.takes_text):
        return await _question(context, newest, note=_other_kind(context.words, step))
    return await _take(context, newest, Given(text=event.text, media=event.media))


def _other_kind(words: Words, step: Step) -> Said:
    """Which kind of answer is waited for."""
    if step.takes_photo:
        return words.say("A picture is the answer here.")
    if step.takes_text:
        return words.say("A picture does not answer this; words or a button do.")
    return words.say("One of the buttons answers this.")


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
        answered = context.words.say(_ANSWERED_BEFORE)
        return replace(await _question(context, dialogue), toast=answered)
    return await _press(context, dialogue, option)


async def _press(context: Context, dialogue: Dialogue, option: str) -> Reply:
    flow, step = FLOWS[dialogue.flow], _step(dialogue)
    if option == "resume":
        return await _question(context, dialogue)
    if option == "form":
        return await _open_form(context, dialogue)
    if option == "cancel":
        return await _drop(context, dialogue)
    if option == "back":
        previous = previous_step(flow, dialogue.data, step)
        return await _move(context, dialogue, previous or step)
    if option == "skip" and step.is_optional:
        return await _advance(context, dialogue, step, None)
    return await _take(context, dialogue, Given(option=option.removeprefix("=")))


async def _open_form(context: Context, dialogue: Dialogue) -> Reply:
    """This question and those after it on one form; where none can be opened, this one as it stands."""
    flow = FLOWS[dialogue.flow]
    steps = on_one_form(flow, dialogue.data, _step(dialogue))
    title = context.words.say(flow.title)
    form = await make_form(context, title, f"{dialogue.id}.{dialogue.version}", dialogue.data, steps)
    return replace(await _question(context, dialogue), form=form)


async def _take_form(context: Context, dialogues: Sequence[Dialogue]) -> Reply:
    """Take what was filled in. What could be read is kept; what could not is asked for once more, and nothing else."""
    event = context.event
    number, _, version = event.form.partition(".")
    dialogue = next((d for d in dialogues if str(d.id) == number and d.flow in FLOWS), None)
    if dialogue is None:
        return await _say_finished(context)
    if dialogue.expires_at <= context.now:
        return await _say_expired(context, dialogue)
    dialogue.opened_at = context.now
    if version != str(dialogue.version):
        return await _question(context, dialogue, note=context.words.say(_ANSWERED_BEFORE))
    flow, first, answers = FLOWS[dialogue.flow], _step(dialogue), dict(event.answers)
    try:
        await flow.guard(context, dialogue.data)
    except Refusal as refusal:
        return await _end(context, dialogue, refusal)
    asked = on_one_form(flow, dialogue.data, first)
    taken, wrong = await read_form(context, dialogue.data, asked, answers)
    photo = next((step.name for step in asked if step.takes_photo), None)
    if photo is not None and event.media_fault is not None:
        wrong[photo] = _fault(context, event.media_fault)
        taken.pop(photo, None)
    return await _go_on_after_form(context, dialogue, taken, wrong)


async def _go_on_after_form(
    context: Context, dialogue: Dialogue, taken: Mapping[str, Any], wrong: Mapping[str, Said]
) -> Reply:
    flow, first, answers = FLOWS[dialogue.flow], _step(dialogue), dict(context.event.answers)
    ahead = [*dialogue.data.get(AHEAD, ()), *taken]
    wrote = {name: answers[name] for name in wrong if name in answers}
    data = {**dialogue.data, **taken, AHEAD: ahead, WROTE: wrote}
    following = first if first.name not in ahead else next_step(flow, data, after=first)
    if following is None:
        return await _come_to_the_end(context, dialogue, data)
    dialogue.data = data
    labels = {step.name: context.words.say(step.label) for step in flow.steps if step.name in wrong}
    note = "\n".join(f"{labels[name]}: {sentence}" for name, sentence in wrong.items())
    return await _move(context, dialogue, following, note)


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
    if isinstance(value, Again):
        dialogue.data = {**dialogue.data, step.name: value.value}
        return await _move(context, dialogue, step)
    data = {**dialogue.data, step.name: value}
    following = next_step(flow, data, after=step)
    if following is None:
        return await _come_to_the_end(context, dialogue, data)
    dialogue.data = data
    return await _move(context, dialogue, following)


async def _come_to_the_end(context: Context, dialogue: Dialogue, data: Data) -> Reply:
    try:
        await FLOWS[dialogue.flow].guard(context, data)
    except Refusal as refusal:
        return await _end(context, dialogue, refusal)
    return await _finish(context, dialogue, data)


async def _end(context: Context, dialogue: Dialogue, refusal: Refusal) -> Reply:
    """What the wizard is for cannot be done any more: say why, and do not ask on."""
    await context.session.delete(dialogue)
    await context.session.flush()
    return await _with_parked(context, put_into_words(refusal, context.words))


async def _finish(context: Context, dialogue: Dialogue, data: Data) -> Reply:
    """Come to the end. Where that begins another wizard, its question says by itself what it sets aside."""
    await context.session.delete(dialogue)
    await context.session.flush()
    before = await current(context)
    answers = {name: value for name, value in data.items() if name not in {AHEAD, WROTE}}
    reply = await FLOWS[dialogue.flow].finish(context, answers)
    parked = await current(context)
    return _beside_parked(context, reply, parked) if parked is before else reply


async def _move(context: Context, dialogue: Dialogue, step: Step, note: str = "") -> Reply:
    dialogue.step = step.name
    dialogue.version += 1
    dialogue.expires_at = context.now + LIFETIME
    return await _question(context, dialogue, note)


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
        form_button=_form_button(context, dialogue, step),
        role_picker=_role_picker(dialogue, ask),
        input_label=context.words.say("Write the answer") if step.takes_text else context.words.say("Send a picture"),
    )


def _role_picker(dialogue: Dialogue, ask: Ask) -> RolePicker | None:
    return RolePicker(ask.role_label, "flow", f"{dialogue.id}.=", dialogue.version) if ask.role_label else None


def _form_button(context: Context, dialogue: Dialogue, step: Step) -> Button | None:
    """Where several questions fit on one form, what opens it."""
    together = on_one_form(FLOWS[dialogue.flow], dialogue.data, step)
    return _button(dialogue, context.words.say("Fill in a form"), "form") if len(together) > 1 else None


def _navigation(context: Context, dialogue: Dialogue, step: Step) -> Row:
    say = context.words.say
    row = []
    if previous_step(FLOWS[dialogue.flow], dialogue.data, step):
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


async def _drop(context: Context, dialogue: Dialogue) -> Reply:
    flow = FLOWS[dialogue.flow]
    if not flow.can_cancel:
        return await _finish(context, dialogue, dialogue.data)
    await context.session.delete(dialogue)
    await context.session.flush()
    title = context.words.say(flow.title)
    said = context.words.say("Cancelled: {what}. Nothing was changed.", what=title)
    rows = ((Button(context.words.say("Back"), flow.leads_back),),) if flow.leads_back else ()
    return await _with_parked(context, Reply(text=said, rows=rows, edit=context.is_press))


async def _with_parked(context: Context, reply: Reply) -> Reply:
    """Offer to go on with what was set aside."""
    return _beside_parked(context, reply, await current(context))


def _beside_parked(context: Context, reply: Reply, parked: Dialogue | None) -> Reply:
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
