"""`/flag` and `/flags`: something is wrong with a task, and what moderators make of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from handlers import flows
from handlers.cards import task_card, zoned
from handlers.context import Context
from handlers.finding import moderated_task
from handlers.flows import Ask, Data, Flow, Given, Invalid, Option, Step, declare, start
from handlers.notices import Telling, notice
from handlers.registry import TASK, Arg, ArgKind, command
from handlers.telling import tell
from handlers.types import Button, Reply, Row, Tone
from handlers.words import N_, Said, Words, clean, isolate
from models.communities import Community, member, memberships, staff
from models.flags import Flag, FlagKind, close_flags, flagged_tasks, get_flag, open_flags, raise_flag
from models.notices import NoticeKind, plan_for
from models.people import Person
from models.refusals import MemberBlocked, NotAllowed, NotMember, TaskClosed
from models.roles import Role
from models.tasks import Task, TaskState, get_task

_NOTE_LIMIT = 500
_FLAGS_SHOWN = 10
_ALARM_HELPS = timedelta(days=7)
"""How long moderators are still told of a flag that nobody has looked at."""

KINDS = {
    FlagKind.UNSAFE: N_("It is not safe"),
    FlagKind.WRONG: N_("Something in it is not right"),
    FlagKind.ABUSIVE: N_("It hurts or abuses people"),
    FlagKind.STALE: N_("It is out of date"),
    FlagKind.OTHER: N_("Something else"),
}


@command("flag", help=N_("Say that something is wrong with a task"), args=(TASK,), role=Role.VOLUNTEER)
async def flag(context: Context, task: int) -> Reply:
    """Ask what is wrong. Whoever begins in the group goes on in private, member or not."""
    found = await get_task(context.session, task)
    begun = await flows.current(context)
    if begun is not None and begun.flow == FLAG.name and begun.data["task"] == found.id:
        data = begun.data
    else:
        data = {"task": found.id, "in_chat": context.chat_community_id == found.community_id}
    asked = await start(context, FLAG, data)
    return replace(asked, opens=f"flag_{found.id}") if not context.in_private else asked


async def _guard(context: Context, data: Data) -> None:
    task = await get_task(context.session, data["task"])
    if task.state in {TaskState.DONE, TaskState.CANCELLED}:
        raise TaskClosed(task.id, task.title, task.state)
    known = await member(context.session, task.community_id, context.person.id)
    if known is not None and known.is_active:
        return
    community = await context.session.get_one(Community, task.community_id)
    if known is not None and known.blocked_at is not None:
        raise MemberBlocked(community.name)
    if not data["in_chat"]:
        raise NotMember(community.name, community.code)


async def _ask_kind(context: Context, data: Data) -> Ask:
    task = await get_task(context.session, data["task"])
    say = context.words.say
    text = say("What is wrong with {title}? A button, or a few words. Only the team's moderators read it.", title=task.title)
    return Ask(text, tuple((Option(say(label), kind.value),) for kind, label in KINDS.items()))


async def _parse_kind(context: Context, data: Data, given: Given) -> dict[str, str]:
    """A kind; or words, which are a flag of the other kind with its note at once."""
    if given.option is None:
        return {"kind": FlagKind.OTHER.value, "note": await _parse_note(context, data, given)}
    if given.option not in set(FlagKind):
        raise Invalid(context.words.say("One of the buttons, or a few words, please."))
    return {"kind": given.option, "note": ""}


def _is_told(what: Mapping[str, str] | None) -> bool:
    """Whether the kind alone says enough, or words came with it."""
    return what is not None and (what["kind"] != FlagKind.OTHER or bool(what["note"]))


async def _ask_note(context: Context, data: Data) -> Ask:
    return Ask(context.words.say("What is it? A sentence helps the moderators."))


async def _parse_note(context: Context, data: Data, given: Given) -> str:
    note = clean(given.text)
    if not note:
        raise Invalid(context.words.say("A few words are needed here."))
    return note[:_NOTE_LIMIT]


async def _finish(context: Context, data: Data) -> Reply:
    task = await get_task(context.session, data["task"])
    kind, note = FlagKind(data["what"]["kind"]), data["what"]["note"] or data.get("note") or ""
    raised = await raise_flag(context.session, task, context.person.id, kind, note, context.now)
    if raised.is_new:
        people = [person.id for person in await staff(context.session, task.community_id)]
        await plan_for(
            context.session,
            [one for one in people if one != context.person.id],
            NoticeKind.TEAM,
            "flag",
            raised.flag_id,
            community_id=task.community_id,
            due_at=context.now,
            useless_at=context.now + _ALARM_HELPS,
        )
    say = context.words.say
    text = say("Thank you for telling. The team's moderators know, and look at it.")
    return Reply(text=text, toast=text, rows=((Button(say("Other tasks"), "tasks"),),), edit=context.is_press)


@notice("flag")
async def _alarm(telling: Telling) -> Reply | None:
    """What somebody says about a task, unless a moderator has looked meanwhile."""
    found = await get_flag(telling.session, telling.notice.about)
    if found is None:
        return None
    flag, task, person = found
    say = telling.words.say
    lines = [say("{name} says about {title}: {kind}.", name=person.name, title=task.title, kind=say(KINDS[flag.kind]))]
    if flag.note:
        lines.append(Said(isolate(flag.note)))
    if task.state is TaskState.PAUSED:
        lines.append(say("Several people have flagged it by now: nobody can take a seat until a moderator has looked."))
    return Reply(text="\n".join(lines), rows=((Button(say("Look at it"), "flags", str(task.id), tone=Tone.PRIMARY),),))


FLAG = declare(
    Flow(
        "flag",
        N_("telling what is wrong with a task"),
        steps=(
            Step("what", _ask_kind, _parse_kind),
            Step("note", _ask_note, _parse_note, is_needed=lambda data: not _is_told(data.get("what"))),
        ),
        finish=_finish,
        guard=_guard,
    )
)


@command(
    "flags",
    help=N_("Tasks that somebody flagged"),
    args=(Arg("task", ArgKind.TASK, N_("the task's number"), required=False),),
    role=Role.MODERATOR,
)
async def flags(context: Context, task: int | None) -> Reply:
    """The flagged task that waits longest, or the one asked for: who said what, its card, and what can be done."""
    return await _show(context, task)


async def _show(context: Context, wanted: int | None = None, said: str = "") -> Reply:
    stands_in = await context.stands_in()
    if stands_in is not None:
        await context.require(Role.MODERATOR, stands_in)
    elif not await memberships(context.session, context.person.id, Role.MODERATOR):
        raise NotAllowed(Role.MODERATOR)
    waiting = list(await flagged_tasks(context.session, context.person.id, stands_in))
    words = context.words
    if wanted is not None and wanted not in waiting:
        said = said or words.say("Somebody has looked at that task already.")
    if not waiting:
        nothing = words.say("No flag is waiting.")
        return Reply(text=f"{said}\n\n{nothing}" if said else nothing, edit=context.is_press)
    number = wanted if wanted in waiting else waiting[0]
    task = await get_task(context.session, number)
    community = await context.session.get_one(Community, task.community_id)
    zone = zoned(context, community)
    heading = words.count("{n} flagged task waits for a look.", "{n} flagged tasks wait for a look.", len(waiting))
    text = "\n".join([heading, *_what_people_say(await open_flags(context.session, number), zone, context.now)])
    following = waiting[(waiting.index(number) + 1) % len(waiting)]
    return Reply(
        text=f"{said}\n\n{text}" if said else text,
        card=await task_card(context.session, task, community, zone, context.now),
        rows=_choices(task, following, words),
        edit=context.is_press,
    )


def _what_people_say(raised: Sequence[tuple[Flag, Person]], words: Words, now: datetime) -> list[str]:
    lines: list[str] = []
    for flag, person in raised[:_FLAGS_SHOWN]:
        moment, kind = words.moment(flag.created_at, now), words.say(KINDS[flag.kind])
        lines.append(words.say("{name}, {moment}: {kind}", name=person.name, moment=moment, kind=kind))
        if flag.note:
            lines.append(Said(isolate(flag.note)))
    others = len(raised) - _FLAGS_SHOWN
    if others > 0:
        lines.append(words.count("And {n} more flag.", "And {n} more flags.", others))
    return lines


def _choices(task: Task, following: int, words: Words) -> tuple[Row, ...]:
    say, number = words.say, str(task.id)
    rows: list[Row] = [(Button(say("It is fine, go on"), "fine", number, tone=Tone.PRIMARY),)]
    if task.state in {TaskState.OPEN, TaskState.PAUSED}:
        rows.append((Button(say("Edit"), "edit", number), Button(say("Call off"), "cancel", number, tone=Tone.DANGER)))
    if following != task.id:
        rows.append((Button(say("Later, the next one"), "flags", str(following)),))
    return tuple(rows)


@command("fine", args=(TASK,))
async def fine(context: Context, task: int) -> Reply:
    """A moderator has looked: the task goes on, and those who flagged it hear so. On to the next one."""
    found = await moderated_task(context, task)
    closed = await close_flags(context.session, found.id, context.person.id, context.now)
    say = context.words.say
    if not closed:
        return await _show(context, said=say("Somebody has looked at that task already."))
    for flag in closed:
        await tell(context, [flag.person_id], f"flag_closed:{flag.id}", lambda words: _reassurance(words, found))
    return await _show(context, said=say("{title} goes on.", title=found.title))


def _reassurance(words: Words, task: Task) -> Reply:
    text = words.say("A moderator has looked at {title}, and it goes on. Thank you for telling.", title=task.title)
    return Reply(text=text, rows=((Button(words.say("Show the task"), "task", str(task.id)),),))
