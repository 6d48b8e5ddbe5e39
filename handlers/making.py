"""`/newtask`: making a task, step by step or in one line."""

from datetime import datetime
from typing import Any

from handlers.context import Context
from handlers.drafting import DEFAULT_DEADLINE, DEFAULTS, FIELDS, as_draft, preview, steps, words_of
from handlers.flows import Ask, Data, Flow, Given, Invalid, Option, Step, declare, start
from handlers.one_line import read_line
from handlers.posting import post_rows
from handlers.reading import DESCRIPTION_LIMIT, TITLE, read_description, read_title
from handlers.registry import Arg, ArgKind, command
from handlers.repeating import begin_series
from handlers.rhythm_steps import STEPS as RHYTHM
from handlers.rhythm_steps import read_said, repeat_of
from handlers.types import Button, Reply, Tone
from handlers.words import N_, Said
from models.audit import Action, note
from models.communities import Community
from models.making import create_task
from models.roles import Role
from models.tasks import Task

_LINE = Arg("line", ArgKind.TEXT, N_("the task in one line, its pieces between |"), required=False)


@command(
    "newtask",
    help=N_("Make a task"),
    args=(_LINE,),
    role=Role.MODERATOR,
    words=(r"مهم[ةه] جديد[ةه]", r"new task"),
)
async def new_task(context: Context, line: str) -> Reply:
    """The wizard; or, where the task was written in one line, its preview at once."""
    community = await context.community(Role.MODERATOR)
    data: dict[str, Any] = {"community": community.id, "is_whole": bool(line)}
    if line:
        words = await words_of(context, data)
        deadline = FIELDS["deadline"].read(DEFAULT_DEADLINE, words, context.now)
        data |= DEFAULTS | {"deadline": deadline} | read_line(line, words, context.now)
        if "rhythm" in data:
            data["rhythm"] = await read_said(context, data, data["rhythm"])
    return await start(context, NEW_TASK, data)


@command("draft", args=(Arg("words", ArgKind.TEXT, "", required=False),), role=Role.MODERATOR)
async def draft(context: Context, words: str) -> Reply:
    """A message that somebody wrote becomes the draft of a task: its first line the title, the rest what it is about."""
    community = await context.community(Role.MODERATOR)
    data: dict[str, Any] = {"community": community.id, "is_whole": True}
    deadline = FIELDS["deadline"].read(DEFAULT_DEADLINE, await words_of(context, data), context.now)
    title, _, description = words.strip().partition("\n")
    if len(title) > TITLE[1]:
        description = words
    data |= DEFAULTS | {"deadline": deadline, "title": read_title(_shortened(title, TITLE[1]))}
    data |= {"description": read_description(_shortened(description.strip(), DESCRIPTION_LIMIT))}
    return await start(context, NEW_TASK, data)


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


async def _guard(context: Context, data: Data) -> None:
    await context.require(Role.MODERATOR, data["community"])


def _is_asked(data: Data, name: str) -> bool:
    """What is done at a place may have a fixed time; what has one needs no deadline, and its seats are held all the while."""
    if name == "starts":
        return not data["is_whole"] and bool(data.get("place") or data.get("starts"))
    return not data["is_whole"] and not (name in {"deadline", "hold"} and data.get("starts"))


async def _ask_for_confirmation(context: Context, data: Data) -> Ask:
    say = context.words.say
    community = await context.session.get_one(Community, data["community"])
    again = await repeat_of(context, data)
    shown = data if again is None else {**data, "starts": again.starts_at.isoformat(), "rhythm": again.rule}
    card = preview(shown, community, await words_of(context, data), context.now)
    options = (
        (Option(say("Confirm"), "confirm", Tone.PRIMARY),),
        (Option(say("Change something"), "change"),),
    )
    return Ask(say("This is how it will look. It is not made yet."), options, card=card)


async def _parse_confirmation(context: Context, data: Data, given: Given) -> str:
    say = context.words.say
    if given.option not in {"confirm", "change"}:
        raise Invalid(say("Confirm makes the task, Change something goes through it once more."))
    if given.option == "confirm" and data.get("starts") and datetime.fromisoformat(data["starts"]) <= context.now:
        raise Invalid(say("The beginning has passed meanwhile. Change something sets a later one."))
    if given.option == "confirm" and not data.get("starts") and datetime.fromisoformat(data["deadline"]) <= context.now:
        raise Invalid(say("The deadline has passed meanwhile. Change something sets a later one."))
    return given.option


async def _finish(context: Context, data: Data) -> Reply:
    if data["decision"] == "change":
        kept = {name: value for name, value in data.items() if name != "decision"}
        return await start(context, NEW_TASK, {**kept, "is_whole": False})
    task = await _make(context, data)
    await note(context.session, task.community_id, context.person.id, Action.TASK_MADE, task.id, context.now, task.title)
    say = context.words.say
    text = say(
        "{title} is open: task {number}. In a chat of the team, people take a seat with one press.",
        title=task.title,
        number=task.id,
    )
    if task.series_id is not None:
        text = Said(f"{text}\n{say('It comes again by itself; later cards stand where this one is posted.')}")
    rows = (*await post_rows(context, task), (Button(say("Show the task"), "task", str(task.id)),))
    return Reply(text=text, rows=rows, edit=context.is_press)


async def _make(context: Context, data: Data) -> Task:
    """The task; or a series of them, and the first one."""
    again = await repeat_of(context, data)
    if again is None:
        return await create_task(context.session, data["community"], context.person.id, as_draft(data), context.now)
    community = await context.session.get_one(Community, data["community"])
    return await begin_series(context.session, community, context.person.id, as_draft(data), again, context.now)


NEW_TASK = declare(
    Flow(
        "new_task",
        N_("making a task"),
        steps=(
            *steps(_is_asked, can_skip=True),
            *RHYTHM,
            Step("decision", _ask_for_confirmation, _parse_confirmation, takes_text=False),
        ),
        finish=_finish,
        guard=_guard,
    )
)
