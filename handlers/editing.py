"""`/edit`: changing a task that is under way."""

from dataclasses import replace

from handlers.cards import PROOFS, personal_card, place_text
from handlers.context import Context
from handlers.drafting import FIELDS, as_changes, as_data, steps
from handlers.finding import moderated_task
from handlers.flows import Ask, Data, Flow, Given, Invalid, Option, Step, declare, start
from handlers.registry import TASK, command
from handlers.telling import tell
from handlers.types import Button, Reply, Row
from handlers.words import N_, Said, Words
from models.audit import Action, note
from models.claims import ClaimState, holders
from models.communities import Community
from models.flags import open_flags
from models.making import change_task
from models.refusals import TaskClosed
from models.roles import Role
from models.tasks import Task, TaskState, tags_of

TOLD = frozenset({"minutes", "place", "starts", "deadline", "proof"})
"""The fields whose change concerns those who hold a seat."""
_CLOSED = frozenset({TaskState.DONE, TaskState.CANCELLED})


@command("edit", help=N_("Change a task"), args=(TASK,), role=Role.MODERATOR)
async def edit(context: Context, task: int) -> Reply:
    """Ask what is to be changed, and then for its new value."""
    found = await moderated_task(context, task)
    values = as_data(found, await tags_of(context.session, found.id))
    return await start(context, EDIT, {"task": found.id, "community": found.community_id, **values})


async def _guard(context: Context, data: Data) -> None:
    found = await moderated_task(context, data["task"])
    if found.state in _CLOSED:
        raise TaskClosed(found.id, found.title, found.state)


async def _ask_field(context: Context, data: Data) -> Ask:
    say = context.words.say
    options = [Option(say(field.label), name) for name, field in FIELDS.items()]
    rows = tuple(tuple(options[at : at + 3]) for at in range(0, len(options), 3))
    return Ask(say("What should change about {title}?", title=data["title"]), rows)


async def _parse_field(context: Context, data: Data, given: Given) -> str:
    if given.option not in FIELDS:
        raise Invalid(context.words.say("One of the buttons says what to change."))
    return given.option


async def _finish(context: Context, data: Data) -> Reply:
    name = data["field"]
    task, is_changed = await change_task(context.session, data["task"], as_changes(name, data[name]), context.now)
    say = context.words.say
    if not is_changed:
        return await _show(context, task, say("Nothing changed."))
    await note(context.session, task.community_id, context.person.id, Action.TASK_CHANGED, task.id, context.now, task.title)
    if name in TOLD:
        await tell_holders(context, task, name)
    return await _show(context, task, say("Changed. The task's cards show it in a moment."))


async def _show(context: Context, task: Task, said: Said) -> Reply:
    say, number = context.words.say, str(task.id)
    rows: list[Row] = [(Button(say("Change something else"), "edit", number), Button(say("Show the task"), "task", number))]
    if task.series_id is not None:
        rows.append((Button(say("The later ones, too"), "series_like", number),))
    if await open_flags(context.session, task.id):
        rows.insert(0, (Button(say("It is fine now, go on"), "fine", number),))
    shown = await personal_card(context, task)
    return Reply(text=said, card=shown.card, rows=tuple(rows), edit=context.is_press)


async def tell_holders(context: Context, task: Task, name: str) -> None:
    """Have those who hold a seat told that a field of `TOLD` has another value now."""
    people = [person.id for person in await holders(context.session, task.id, (ClaimState.HELD,))]
    community = await context.session.get_one(Community, task.community_id)

    def say_change(words: Words) -> Reply:
        number = str(task.id)
        rows = ((Button(words.say("Show the task"), "task", number), Button(words.say("Give back"), "release", number)),)
        return Reply(text=_news(task, name, words), rows=rows)

    key = f"edit:{task.id}:{task.version}:{name}"
    await tell(context, people, key, say_change, zone=community.timezone, before=task.starts_at)


def _news(task: Task, name: str, words: Words) -> Said:
    """What is different, for somebody who holds a seat."""
    say, title = words.say, task.title
    if name == "minutes":
        return say("{title}, which you hold a seat on, now takes {minutes}.", title=title, minutes=words.minutes(task.minutes))
    if name == "starts" and task.starts_at is None:
        moment = words.date_and_time(task.deadline_at)
        return say(
            "{title}, which you hold a seat on, has no fixed hour now: any time until {moment}.", title=title, moment=moment
        )
    if name == "starts" and task.starts_at is not None:
        moment = words.date_and_time(task.starts_at)
        return say("{title}, which you hold a seat on, now begins {moment}.", title=title, moment=moment)
    if name == "deadline":
        return say(
            "{title}, which you hold a seat on, now ends {moment}.", title=title, moment=words.date_and_time(task.deadline_at)
        )
    if name == "proof":
        proof = say(PROOFS[task.proof])
        return say("{title}, which you hold a seat on, now asks for something else: {proof}.", title=title, proof=proof)
    where = place_text(task.place, words)
    return say("{title}, which you hold a seat on, is now done somewhere else: {place}.", title=title, place=where)


def _steps() -> tuple[Step, ...]:
    """The question which field, and that field's own."""
    fields = steps(lambda data, name: data.get("field") == name, can_skip=False)
    seats = next(step for step in fields if step.name == "seats")

    async def parse_seats(context: Context, data: Data, given: Given) -> int:
        """Say at the question already that taken seats stay. `change_task` sees to it, whatever happens meanwhile."""
        value: int = await seats.parse(context, data, given)
        task = await moderated_task(context, data["task"])
        if value >= task.seats_taken:
            return value
        raise Invalid(
            context.words.count(
                "{n} seat of {title} is taken, and there cannot be fewer.",
                "{n} seats of {title} are taken, and there cannot be fewer.",
                task.seats_taken,
                title=task.title,
            )
        )

    return (
        Step("field", _ask_field, _parse_field, takes_text=False),
        *(replace(step, parse=parse_seats) if step is seats else step for step in fields),
    )


EDIT = declare(Flow("edit", N_("changing a task"), steps=_steps(), finish=_finish, guard=_guard))
