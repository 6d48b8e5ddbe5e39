"""A held seat in time: its holder is asked before it ends, and answers; `/still`. The rule is in models/holding.py."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.cards import claim_button, is_open
from handlers.context import Context
from handlers.finding import check_membership
from handlers.notices import Telling, notice
from handlers.registry import HELD_TASK, Arg, ArgKind, command
from handlers.telling import stamp
from handlers.timed import tick
from handlers.types import Button, Reply, Row, Tone
from handlers.words import N_, Words, words_for
from models.claims import Claim, ClaimState
from models.communities import Community, staff
from models.holding import (
    QUESTION,
    TIME_TO_DECIDE,
    Asked,
    Due,
    Ended,
    due_to_be_asked,
    end_unanswered,
    free_unreachable,
    look_again,
    warn,
)
from models.notices import NoticeKind, plan, withdraw
from models.people import Person, reachable
from models.prolonging import stay_on
from models.refusals import NoClaim, Outdated
from models.roles import Role
from models.tasks import Task, get_task
from models.waitlist import place_in_line

_AT_ONCE = 100
_ENDED, _UNREACHABLE = "claim_ended", "holder_unreachable"
_CLAIM = Arg("claim", ArgKind.NUMBER, "")


# Asking


@tick("claims_asked", every=timedelta(seconds=20))
async def ask_holders(session: AsyncSession, now: datetime) -> bool:
    """Have holders asked whose holds end soon. Who cannot be written to keeps the seat, for nobody loses one unasked: when the
    hold is over the moderators hear of it, in private, and may free it; and every day there is another try."""
    due = await due_to_be_asked(session, now, _AT_ONCE)
    if not due:
        return False
    can_be_asked = {to.person.id for to in await reachable(session, [one.person_id for one in due])}
    asked = [one for one in due if one.person_id in can_be_asked]
    out_of_reach = [one for one in due if one.person_id not in can_be_asked]
    await withdraw(session, QUESTION, [one.id for one in asked], now)
    await plan(session, [_question(one, now) for one in asked])
    for one in out_of_reach:
        if one.hold_until <= now:
            await _tell_moderators(session, one, now)
    later = {one.id: one.hold_until if one.hold_until > now else now + TIME_TO_DECIDE for one in out_of_reach}
    await look_again(session, later | {one.id: one.useless_at for one in asked})
    return len(due) == _AT_ONCE


def _question(one: Due, now: datetime) -> dict[str, object]:
    return {
        "key": f"{QUESTION}:{one.id}:{stamp(one.next_at)}",
        "person_id": one.person_id,
        "community_id": one.community_id,
        "kind": NoticeKind.CLAIM,
        "topic": QUESTION,
        "about": one.id,
        "due_at": one.next_at,
        "useless_at": one.useless_at,
    }


@notice(QUESTION)
async def ask(telling: Telling) -> Reply | None:
    """The question, with what can be answered; from now on the hold can end."""
    asked = await warn(telling.session, telling.notice.about, telling.now)
    if asked is None:
        return None
    task, until = asked.task, asked.until
    words, now = telling.words, telling.now
    moment = words.moment(until, now)
    if task.starts_at is not None:
        text = words.say("{title} is over. What was it like? The report can be handed in until {moment}; after that the seat "
                         "counts as given up.", title=task.title, moment=moment)  # fmt: skip
    elif task.deadline_at <= now:
        text = words.say("The deadline of {title} has passed. Is it done? The seat is kept until {moment} for an answer.",
                         title=task.title, moment=moment)  # fmt: skip
    else:
        text = words.say("{title} is yours until {moment}. How is it going? Without an answer the seat is free then.",
                         title=task.title, moment=moment)  # fmt: skip
    return Reply(text=text, rows=await _answers(telling.session, asked, words, now))


async def _answers(session: AsyncSession, asked: Asked, words: Words, now: datetime) -> tuple[Row, ...]:
    claim, task, until = asked
    community, number, say = await session.get_one(Community, task.community_id), str(task.id), words.say
    first: list[Button] = []
    if task.starts_at is None and task.deadline_at > now:
        if claim.renewals < community.still_times:
            first.append(Button(say("Still on it"), "still", number, claim.renewals, Tone.PRIMARY))
        if until < task.deadline_at:
            first.append(Button(say("More time"), "extend", number))
    last = (Button(say("Done"), "done", number, task.version), Button(say("Give back"), "release", number))
    return (tuple(first), last) if first else (last,)


@command("still", help=N_("Still on it: the seat is kept on"), args=(HELD_TASK,), role=Role.VOLUNTEER)
async def still(context: Context, task: int) -> Reply:
    """The clock starts anew. Pressing the same button twice counts once."""
    seen = context.event.version if context.is_press else None
    try:
        claim, found = await stay_on(context.session, context.person.id, task, context.now, seen=seen)
    except NoClaim:
        await check_membership(context, await get_task(context.session, task))  # the title is not for everybody
        raise
    return await yours_until(context, claim, found)


async def yours_until(context: Context, claim: Claim, task: Task) -> Reply:
    """What a holder hears whose seat is kept on."""
    community = await context.session.get_one(Community, task.community_id)
    words = context.words
    if not context.person.timezone:
        words = words_for(words.language, words.arabic_digits, community.timezone)
    moment = words.moment(claim.hold_until, context.now)
    text = words.say("{title} stays yours until {moment}. Thank you for telling!", title=task.title, moment=moment)
    number = str(task.id)
    rows = ((Button(words.say("Done"), "done", number), Button(words.say("Give back"), "release", number)),)
    return Reply(text=text, rows=rows, edit=context.is_press)


# The end


@tick("claims_ended", every=timedelta(seconds=20))
async def end_holds(session: AsyncSession, now: datetime) -> bool:
    """End holds whose holders were asked and did not answer."""
    ended, has_more = await end_unanswered(session, now, _AT_ONCE)
    await plan(session, [_farewell(one, now) for one in ended])
    return has_more


def _farewell(one: Ended, now: datetime) -> dict[str, object]:
    return {
        "key": f"{_ENDED}:{one.id}",
        "person_id": one.person_id,
        "community_id": one.community_id,
        "kind": NoticeKind.CLAIM,
        "topic": _ENDED,
        "about": one.id,
        "due_at": now,
        "useless_at": now + timedelta(days=3),
    }


@notice(_ENDED)
async def say_ended(telling: Telling) -> Reply | None:
    """The seat is free, nobody is cross, and one press takes it again while it is free."""
    session, words, now = telling.session, telling.words, telling.now
    claim = await session.get_one(Claim, telling.notice.about)
    task = await get_task(session, claim.task_id)
    say, others = words.say, Button(words.say("Other tasks"), "tasks")
    if task.starts_at is not None and not is_open(task, now):
        text = say("Nothing was handed in for {title}, and the time for it is over. That stands on your record for 90 days, "
                   "and can be contested.", title=task.title)  # fmt: skip
        return Reply(text=text, rows=((Button(say("My record"), "record"), others),))
    if not is_open(task, now):
        text = say("The time for {title} is over, and the seat was given up. Such things happen; there is always a next time.",
                   title=task.title)  # fmt: skip
        return Reply(text=text, rows=((others,),))
    if task.seats_left:
        text = say("The seat on {title} is free again, for no answer came. Such things happen: one press takes it again.",
                   title=task.title)  # fmt: skip
        return Reply(text=text, rows=((claim_button(task, words), others),))
    text = say("The seat on {title} went on to somebody else, for no answer came. Such things happen.", title=task.title)
    rows: tuple[Row, ...] = ((others,),)
    if await place_in_line(session, telling.person.id, task.id) is None:
        rows = ((Button(say("Wait for a seat"), "wait", str(task.id)), others),)
    return Reply(text=text, rows=rows)


# Holders who cannot be written to


async def _tell_moderators(session: AsyncSession, one: Due, now: datetime) -> None:
    people = [person.id for person in await staff(session, one.community_id) if person.id != one.person_id]
    notices = [
        {
            "key": f"{_UNREACHABLE}:{one.id}:{person_id}",
            "person_id": person_id,
            "community_id": one.community_id,
            "kind": NoticeKind.TEAM,
            "topic": _UNREACHABLE,
            "about": one.id,
            "due_at": now,
            "useless_at": now + timedelta(days=7),
        }
        for person_id in people
    ]
    await plan(session, notices)


@notice(_UNREACHABLE)
async def say_unreachable(telling: Telling) -> Reply | None:
    """Somebody has to decide who knows them: a card in the chat would tell everybody who did not answer."""
    session, say = telling.session, telling.words.say
    claim = await session.get_one(Claim, telling.notice.about, populate_existing=True)
    if claim.state is not ClaimState.HELD or claim.warned_at is not None:
        return None
    task, holder = await get_task(session, claim.task_id), await session.get_one(Person, claim.person_id)
    text = say("{name} has held a seat on {title} longer than planned, and cannot be asked: there is no private chat. "
               "The seat stays theirs until a moderator frees it.", name=holder.name, title=task.title)  # fmt: skip
    rows = ((Button(say("Free the seat"), "free_seat", str(claim.id)), Button(say("Show the task"), "task", str(task.id))),)
    return Reply(text=text, rows=rows)


@command("free_seat", args=(_CLAIM,))
async def free_seat(context: Context, claim: int) -> Reply:
    """A moderator frees the seat of somebody who cannot be asked."""
    found = await context.session.get(Claim, claim)
    if found is None:
        raise Outdated
    await context.require(Role.MODERATOR, found.community_id)
    if await reachable(context.session, [found.person_id]):
        raise Outdated  # they can be asked now, and are
    await free_unreachable(context.session, claim, context.now)
    await plan(context.session, [_farewell(_ended(found), context.now)])
    task = await get_task(context.session, found.task_id)
    text = context.words.say("The seat on {title} is free again.", title=task.title)
    return Reply(text=text, edit=context.is_press)


def _ended(claim: Claim) -> Ended:
    return Ended(claim.id, claim.task_id, claim.person_id, claim.community_id)
