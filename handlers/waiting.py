"""In line for a seat of a full task, the seat that is offered, and passing it on. The rule is in models/passing_on.py."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.cards import claim_button, personal_card
from handlers.context import Context
from handlers.finding import check_membership
from handlers.notices import Telling, notice
from handlers.registry import Arg, ArgKind, command
from handlers.timed import tick
from handlers.types import Button, Reply
from models.communities import Community, member
from models.passing_on import OFFER, leave_line, pass_seat, pass_unanswered, told_of_offer
from models.refusals import MemberBlocked, NotMember
from models.tasks import get_task
from models.waitlist import join_line, people_before

_AT_ONCE = 100
_TASK = Arg("task", ArgKind.NUMBER, "")


@command("wait", args=(_TASK,))
async def wait(context: Context, task: int) -> Reply:
    """A place in line; where a seat is free by now, the task itself."""
    found = await get_task(context.session, task)
    await _check_member(context, found.community_id)
    await check_membership(context, found)
    place = await join_line(context.session, context.person.id, found, context.now)
    if place is None or place.offer_until is not None:
        return await personal_card(context, found)
    words = context.words
    before = await people_before(context.session, place)
    text = words.say("In line for {title}: the next free seat is offered to you, here.", title=found.title)
    if before:
        text = words.count(
            "In line for {title}, behind {n} person. When it is your turn, the seat is offered to you here.",
            "In line for {title}, behind {n} people. When it is your turn, the seat is offered to you here.",
            before,
            title=found.title,
        )
    rows = ((Button(words.say("Leave the line"), "wait_no", str(task)), Button(words.say("Other tasks"), "tasks")),)
    return Reply(text=text, rows=rows, edit=context.is_press)


async def _check_member(context: Context, community_id: int) -> None:
    """Only members wait. Raises NotMember, or MemberBlocked."""
    known = await member(context.session, community_id, context.person.id)
    if known is not None and known.is_active:
        return
    community = await context.session.get_one(Community, community_id)
    if known is not None and known.blocked_at is not None:
        raise MemberBlocked(community.name)
    raise NotMember(community.name, community.code)


@command("wait_no", args=(_TASK,))
async def leave(context: Context, task: int) -> Reply:
    """Wait no more. Pressing twice changes nothing."""
    say, found = context.words.say, await get_task(context.session, task)
    await check_membership(context, found)
    await leave_line(context.session, context.person.id, task, context.now)
    text = say("{title} is not waited for any more.", title=found.title)
    return Reply(text=text, rows=((Button(say("Other tasks"), "tasks"),),), edit=context.is_press)


@command("wait_pass", args=(_TASK,))
async def pass_on(context: Context, task: int) -> Reply:
    """Not this time: the seat goes on to the next, the place in line stays."""
    say, found = context.words.say, await get_task(context.session, task)
    await check_membership(context, found)
    if await pass_seat(context.session, context.person.id, task, context.now):
        text = say("The seat goes on to the next. You are still in line for {title}, now at its end.", title=found.title)
    else:
        text = say("The seat on {title} has gone on to the next in line.", title=found.title)
    rows = ((Button(say("Leave the line"), "wait_no", str(task)), Button(say("Other tasks"), "tasks")),)
    return Reply(text=text, rows=rows, edit=context.is_press)


@notice(OFFER)
async def offer(telling: Telling) -> Reply | None:
    """A seat is free, and kept for this person; from now on its time runs."""
    told = await told_of_offer(telling.session, telling.notice.about, telling.now)
    if told is None:
        return None
    place, task = told
    words, number = telling.words, str(task.id)
    text = words.say(
        "A seat on {title} has come free, and it is your turn: it is kept for you until {moment}.",
        title=task.title,
        moment=words.moment(place.offer_until or telling.now, telling.now),
    )
    rows = (
        (claim_button(task, words), Button(words.say("Not this time"), "wait_pass", number)),
        (Button(words.say("Show the task"), "task", number), Button(words.say("Leave the line"), "wait_no", number)),
    )
    return Reply(text=text, rows=rows)


@tick("seats_offered", every=timedelta(seconds=20))
async def pass_offers_on(session: AsyncSession, now: datetime) -> bool:
    """Seats that nobody took in time go on to the next in line."""
    return await pass_unanswered(session, now, _AT_ONCE)
