"""`/claim` and `/release`: taking a seat and giving it back."""

from collections.abc import Sequence

from handlers.context import Context
from handlers.finding import check_membership, show_task
from handlers.flows import Ask, Data, Flow, Given, Step, check_length, declare, start
from handlers.refusals import put_into_words
from handlers.registry import HELD_TASK, TASK, Call, command, crowd_command
from handlers.types import Button, Reply, Tone
from handlers.words import N_, Said, clean, words_for
from models.record import was_late
from models.refusals import NoClaim, Refusal, RulesFirst, TermsChanged
from models.releasing import release, set_release_reason
from models.roles import Role
from models.seating import Held, Want, claim
from models.tasks import get_task

_REASON_LIMIT = 300


@crowd_command("claim", help=N_("Take a seat on a task"), args=(TASK,), role=Role.VOLUNTEER)
async def claim_seats(calls: Sequence[Call]) -> list[Reply]:
    """Decide for everybody who asked at the same moment; one set of statements for all."""
    wants = [
        Want(
            call.context.person.id,
            call.args["task"],
            version=call.context.event.version if call.context.is_press else None,
            chat_community_id=call.context.chat_community_id,
        )
        for call in calls
    ]
    first = calls[0].context
    outcomes = await claim(first.session, wants, first.now)
    return [
        held_reply(call.context, outcome) if isinstance(outcome, Held) else await refused_reply(call.context, outcome)
        for call, outcome in zip(calls, outcomes, strict=True)
    ]


def held_reply(context: Context, held: Held) -> Reply:
    """A seat is theirs: until when, and what can be done with it."""
    words = context.words
    if not context.person.timezone:
        words = words_for(words.language, words.arabic_digits, held.task.timezone)
    moment = words.moment(held.hold_until, context.now)
    starts_at = held.task.starts_at
    if starts_at is not None and starts_at > context.now:
        begins = words.moment(starts_at, context.now)
        sentence = N_("A seat on {title} is yours. It begins {moment}. Thank you!")
        known = N_("A seat on {title} is yours already. It begins {moment}.")
        text = words.say(sentence if held.is_new else known, title=held.task.title, moment=begins)
    elif held.is_new:
        text = words.say("{title} is yours until {moment}. Thank you!", title=held.task.title, moment=moment)
    else:
        text = words.say("{title} is yours already, until {moment}.", title=held.task.title, moment=moment)
    number = str(held.task.id)
    rows = (
        (
            Button(words.say("Done"), "done", number, held.task.version, Tone.PRIMARY),
            Button(words.say("Give back"), "release", number),
        ),
        (Button(words.say("Show the task"), "task", number),),
        *(((Button(words.say("And every time"), "every_time", number),),) if held.task.series_id else ()),
    )
    return Reply(text=text, toast=text, rows=rows, edit=context.is_press, opens=f"task_{number}")


async def refused_reply(context: Context, refusal: Refusal) -> Reply:
    """Why not. In private, a screen that time has passed by is drawn anew."""
    reply = put_into_words(refusal, context.words)
    if context.in_private and context.is_press and isinstance(refusal, TermsChanged):
        fresh = await show_task(context, refusal.task_id)
        return Reply(text=reply.text, toast=reply.toast, card=fresh.card, rows=fresh.rows, edit=True)
    if isinstance(refusal, RulesFirst):
        return Reply(text=reply.text, toast=reply.toast, rows=reply.rows, opens=f"task_{refusal.task_id}")
    return reply


@command("release", help=N_("Give a seat back"), args=(HELD_TASK,), role=Role.VOLUNTEER)
async def give_back(context: Context, task: int) -> Reply:
    """The seat is free at once; the reason is asked afterwards and may be left out."""
    try:
        released = await release(context.session, context.person.id, task, "", context.now)
    except NoClaim:
        await check_membership(context, await get_task(context.session, task))  # the title is not for everybody
        raise
    is_late = await was_late(context.session, context.person.id, task, context.now)
    return await start(context, RELEASE, {"task": released.id, "title": released.title, "is_late": is_late})


async def _ask_reason(context: Context, data: Data) -> Ask:
    say = context.words.say
    text = say(
        "The seat on {title} is free again, thank you for telling. What got in the way? A word helps the moderators.",
        title=data["title"],
    )
    if not data["is_late"]:
        return Ask(text)
    late = say("It begins in less than a day, so this stands on your record for 90 days. What it says is in /record.")
    return Ask(Said(f"{text}\n\n{late}"))


async def _parse_reason(context: Context, data: Data, given: Given) -> str:
    return check_length(context.words, clean(given.text), _REASON_LIMIT)


async def _thank_for_reason(context: Context, data: Data) -> Reply:
    if data.get("reason"):
        await set_release_reason(context.session, context.person.id, data["task"], data["reason"])
    say = context.words.say
    return Reply(
        text=say("Noted. There is always a next time."), rows=((Button(say("Other tasks"), "tasks"),),), edit=context.is_press
    )


async def _anybody(context: Context, data: Data) -> None:
    """What was given back needs no permission."""


RELEASE = declare(
    Flow(
        "release",
        N_("giving a seat back"),
        steps=(Step("reason", _ask_reason, _parse_reason, is_optional=True),),
        finish=_thank_for_reason,
        guard=_anybody,
        can_cancel=False,
    )
)
