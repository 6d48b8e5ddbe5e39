"""`/cancel`: calling a task off, with what its holders are owed; without a number, leaving what is being asked."""

from handlers import flows
from handlers.context import Context
from handlers.finding import moderated_task
from handlers.flows import Ask, Data, Flow, Given, Invalid, Option, Step, check_length, declare, start
from handlers.registry import Arg, ArgKind, command
from handlers.telling import tell
from handlers.types import Button, Reply, Tone
from handlers.words import N_, Said, Words, clean
from models.audit import Action, note
from models.claims import ClaimState, holders
from models.making import CalledOff, call_off
from models.refusals import TaskClosed
from models.roles import Role
from models.tasks import TaskState

_WORD_LIMIT = 300
_CREDITS = ("none", "half", "all")

_TASK = Arg("task", ArgKind.TASK, N_("the task's number"), required=False)


@command("cancel", help=N_("Call a task off; without a number, leave what is being asked"), args=(_TASK,), role=Role.MODERATOR)
async def cancel(context: Context, task: int | None) -> Reply:
    """Ask what is needed before a task is called off; or end the wizard that is under way, for anybody."""
    if task is None:
        return await flows.cancel(context) or _explain(context)
    found = await moderated_task(context, task)
    held = await holders(context.session, found.id, (ClaimState.HELD,))
    others = [person.id for person in held if person.id != context.person.id]
    return await start(
        context, CALL_OFF, {"task": found.id, "title": found.title, "minutes": found.minutes, "holders": len(others)}
    )


def _explain(context: Context) -> Reply:
    say = context.words.say
    text = say(
        "Nothing is being asked right now. With a task's number, moderators call that task off: {example}",
        example="/cancel 12",
    )
    return Reply(text=text, edit=context.is_press)


async def _guard(context: Context, data: Data) -> None:
    found = await moderated_task(context, data["task"])
    if found.state in {TaskState.DONE, TaskState.CANCELLED}:
        raise TaskClosed(found.id, found.title, found.state)


async def _ask_word(context: Context, data: Data) -> Ask:
    return Ask(
        context.words.count(
            "{n} person holds a seat on {title}. Why is it called off? They will read this; it can be skipped.",
            "{n} people hold a seat on {title}. Why is it called off? They will read this; it can be skipped.",
            data["holders"],
            title=data["title"],
        )
    )


async def _parse_word(context: Context, data: Data, given: Given) -> str:
    return check_length(context.words, clean(given.text), _WORD_LIMIT)


async def _ask_credit(context: Context, data: Data) -> Ask:
    words = context.words
    labels = {
        "none": words.say("No minutes"),
        "half": words.say("Half: {minutes}", minutes=words.minutes(_minutes("half", data))),
        "all": words.say("All: {minutes}", minutes=words.minutes(_minutes("all", data))),
    }
    return Ask(
        words.say("Work may be under way. What should each of them be credited for it?"),
        tuple((Option(label, value),) for value, label in labels.items()),
    )


async def _parse_credit(context: Context, data: Data, given: Given) -> str:
    if given.option not in _CREDITS:
        raise Invalid(context.words.say("One of the buttons says how much."))
    return given.option


def _minutes(credit: str | None, data: Data) -> int:
    """What a holder is credited, in minutes; half of an odd number is rounded up."""
    estimate = int(data["minutes"])
    return {"half": (estimate + 1) // 2, "all": estimate}.get(credit or "", 0)


async def _ask_certainty(context: Context, data: Data) -> Ask:
    words = context.words
    text = words.say(
        "{title} is called off with this press, for good. What was handed in is still reviewed.", title=data["title"]
    )
    minutes = _minutes(data.get("credit"), data)
    if minutes:
        credit = words.say("Credited to everybody who holds a seat: {minutes}.", minutes=words.minutes(minutes))
        text = Said(f"{text}\n{credit}")
    return Ask(text, ((Option(words.say("Call it off"), "yes", Tone.DANGER),),))


async def _parse_certainty(context: Context, data: Data, given: Given) -> str:
    if given.option != "yes":
        raise Invalid(context.words.say("The button calls it off; Cancel leaves everything as it is."))
    return given.option


async def _finish(context: Context, data: Data) -> Reply:
    minutes = _minutes(data.get("credit"), data)
    done = await call_off(context.session, data["task"], minutes, context.person.id, context.now)
    task, by = done.task, context.person.id
    await note(context.session, task.community_id, by, Action.TASK_CANCELLED, task.id, context.now, task.title)
    await _tell_everybody(context, done, minutes, data.get("word") or "")
    words = context.words
    told = len({*done.credited, *done.dropped, *done.waiting, *done.in_line} - {context.person.id})
    text = words.say("{title} is called off.", title=done.task.title)
    if told:
        text = Said(f"{text} {words.count('{n} person is told.', '{n} people are told.', told)}")
    return Reply(text=text, rows=((Button(words.say("All tasks"), "tasks"),),), edit=context.is_press)


async def _tell_everybody(context: Context, done: CalledOff, minutes: int, word: str) -> None:
    title = done.task.title

    def say_so(words: Words, rest: Said | None) -> Reply:
        lines = [words.say("{title} was called off by the team.", title=title)]
        if word:
            lines.append(words.say("The team says: {word}", word=word))
        if rest:
            lines.append(rest)
        return Reply(text="\n".join(lines), rows=((Button(words.say("Other tasks"), "tasks"),),))

    def say_credited(words: Words) -> Reply:
        thanks = words.say("Credited for what was done until now: {minutes}. Thank you!", minutes=words.minutes(minutes))
        return say_so(words, thanks)

    key = f"called_off:{done.task.id}"
    begins = done.task.starts_at
    await tell(context, done.credited, key, say_credited)
    await tell(context, [*done.dropped, *done.in_line], key, lambda words: say_so(words, None), before=begins)
    await tell(
        context,
        done.waiting,
        key,
        lambda words: say_so(words, words.say("The report that was handed in is reviewed all the same.")),
    )


CALL_OFF = declare(
    Flow(
        "call_off",
        N_("calling a task off"),
        steps=(
            Step("word", _ask_word, _parse_word, is_optional=True, is_needed=lambda data: data["holders"] > 0),
            Step("credit", _ask_credit, _parse_credit, takes_text=False, is_needed=lambda data: data["holders"] > 0),
            Step("sure", _ask_certainty, _parse_certainty, takes_text=False),
        ),
        finish=_finish,
        guard=_guard,
    )
)
