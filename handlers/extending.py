"""`/extend`: more time for a seat one holds; a moderator decides where it is much."""

from datetime import timedelta

from handlers.context import Context
from handlers.finding import check_membership
from handlers.holding import yours_until
from handlers.notices import Telling, notice
from handlers.registry import HELD_TASK, Arg, ArgKind, command
from handlers.telling import stamp
from handlers.types import Button, Reply, Row, Tone
from handlers.words import N_, Said, Words
from models.claims import Claim, ClaimState
from models.communities import staff
from models.holding import TIME_TO_DECIDE
from models.notices import NoticeKind, plan
from models.people import Person
from models.prolonging import Room, Standing, decide_about_time, locked_claim, moderates, room, take_time
from models.refusals import NoClaim, Outdated
from models.roles import Role
from models.tasks import get_task

_STEPS = (30, 60, 3 * 60, 6 * 60, 12 * 60, 24 * 60, 2 * 24 * 60, 3 * 24 * 60, 7 * 24 * 60)
"""Minutes that are offered, where they fit before the deadline."""
_OFFERED, _OFFERED_BEYOND = 4, 2
"""How many choices are offered, and how many beyond those that need no moderator."""
_LONGEST = 366 * 24 * 60
_ASKED, _DECIDED = "time_asked", "time_decided"
_TASK = Arg("task", ArgKind.NUMBER, "")
_CLAIM = Arg("claim", ArgKind.NUMBER, "")
_MINUTES = Arg("minutes", ArgKind.NUMBER, "")


@command("extend", help=N_("More time for a seat you hold"), args=(HELD_TASK,), role=Role.VOLUNTEER)
async def extend(context: Context, task: int) -> Reply:
    """How much more? What a moderator decides says so."""
    try:
        standing = await locked_claim(context.session, context.person.id, task)
    except NoClaim:
        await check_membership(context, await get_task(context.session, task))  # the title is not for everybody
        raise
    is_moderator = await moderates(context.session, context.person.id, standing.community.id)
    return _choices(context, standing, room(standing, context.now, is_moderator=is_moderator))


def _choices(context: Context, standing: Standing, left: Room) -> Reply:
    words, claim, task = context.words, standing.claim, standing.task
    alone, asking = _fitting(left)
    buttons = [_choice(words, claim, minutes, length(words, minutes)) for minutes in alone]
    rows: list[Row] = [tuple(buttons[at : at + 2]) for at in range(0, len(buttons), 2)]
    for minutes in asking:
        label = words.say("{time}, if a moderator agrees", time=length(words, minutes))
        rows.append((_choice(words, claim, minutes, label),))
    text = words.say("How much more time does {title} need?", title=task.title)
    if task.deadline_at - claim.hold_until <= timedelta(days=14):
        until = words.say("It ends {moment} for everybody.", moment=words.moment(task.deadline_at, context.now))
        text = Said(f"{text}\n{until}")
    return Reply(text=text, rows=tuple(rows), edit=context.is_press)


def _fitting(left: Room) -> tuple[list[int], list[int]]:
    """The steps that fit before the deadline: those that the holder may take, and those that a moderator decides about.
    Where all are a moderator's to decide, a little and much is among them."""
    whole = max(1, int(left.until_deadline / timedelta(minutes=1)))
    fitting = [step for step in _STEPS if step <= whole] or [whole]
    alone = [step for step in fitting if timedelta(minutes=step) <= left.without_asking]
    asking = [step for step in fitting if step not in alone]
    return alone[-_OFFERED:], asking[:_OFFERED_BEYOND] if alone else asking[::2][:_OFFERED]


def _choice(words: Words, claim: Claim, minutes: int, label: Said) -> Button:
    return Button(label, "extend_by", f"{claim.task_id} {minutes}", claim.extra_minutes, Tone.PLAIN)


def length(words: Words, minutes: int) -> Said:
    """A stretch of time, in the largest unit that is whole."""
    if minutes % (24 * 60) == 0:
        return words.count("{n} day", "{n} days", minutes // (24 * 60))
    if minutes % 60 == 0:
        return words.count("{n} hour", "{n} hours", minutes // 60)
    return words.minutes(minutes)


@command("extend_by", args=(_TASK, _MINUTES))
async def extend_by(context: Context, task: int, minutes: int) -> Reply:
    """So much more; beyond what the team leaves to holders the moderators are asked."""
    if not 1 <= minutes <= _LONGEST:
        raise Outdated
    seen = context.event.version if context.is_press else None
    standing, is_asked = await take_time(context.session, context.person.id, task, minutes, context.now, seen=seen)
    if not is_asked:
        return await yours_until(context, standing.claim, standing.task)
    await _ask_moderators(context, standing.claim)
    words = context.words
    text = words.say(
        "The moderators are asked. Until they have decided the seat stays yours, up to this: {moment}.",
        moment=words.moment(standing.claim.hold_until, context.now),
    )
    return Reply(text=text, edit=context.is_press)


async def _ask_moderators(context: Context, claim: Claim) -> None:
    now, asked = context.now, f"{claim.id}:{stamp(claim.counted_from)}"
    people = [person.id for person in await staff(context.session, claim.community_id) if person.id != claim.person_id]
    notices = [
        {
            "key": f"{_ASKED}:{asked}:{person_id}",
            "person_id": person_id,
            "community_id": claim.community_id,
            "kind": NoticeKind.TEAM,
            "topic": _ASKED,
            "about": claim.id,
            "due_at": now,
            "useless_at": now + TIME_TO_DECIDE,
        }
        for person_id in people
    ]
    await plan(context.session, notices)


@notice(_ASKED)
async def ask_moderator(telling: Telling) -> Reply | None:
    """The first moderator who presses decides."""
    session, words = telling.session, telling.words
    claim = await session.get_one(Claim, telling.notice.about, populate_existing=True)
    if claim.state is not ClaimState.HELD or claim.wanted_minutes is None:
        return None
    task, holder = await get_task(session, claim.task_id), await session.get_one(Person, claim.person_id)
    text = words.say(
        "{name} asks for more time on {title}: {time}. It ends {moment}.",
        name=holder.name,
        title=task.title,
        time=length(words, claim.wanted_minutes),
        moment=words.moment(task.deadline_at, telling.now),
    )
    args = f"{claim.id} {claim.wanted_minutes}"
    rows = ((Button(words.say("Grant"), "grant_time", args, tone=Tone.PRIMARY),
             Button(words.say("Decline"), "decline_time", args)),)  # fmt: skip
    return Reply(text=text, rows=rows)


@command("grant_time", args=(_CLAIM, _MINUTES))
async def grant(context: Context, claim: int, minutes: int) -> Reply:
    """A moderator agrees."""
    return await _decide(context, claim, minutes, is_granted=True)


@command("decline_time", args=(_CLAIM, _MINUTES))
async def decline(context: Context, claim: int, minutes: int) -> Reply:
    """A moderator does not; the seat is kept as long as it was."""
    return await _decide(context, claim, minutes, is_granted=False)


async def _decide(context: Context, claim_id: int, minutes: int, *, is_granted: bool) -> Reply:
    asked = await context.session.get(Claim, claim_id)
    if asked is None:
        raise Outdated
    await context.require(Role.MODERATOR, asked.community_id)
    claim = await decide_about_time(context.session, claim_id, minutes, context.now, is_granted=is_granted)
    answer = {
        "key": f"{_DECIDED}:{claim.id}:{stamp(context.now)}",
        "person_id": claim.person_id,
        "community_id": claim.community_id,
        "kind": NoticeKind.CLAIM,
        "topic": _DECIDED if is_granted else f"{_DECIDED}_no",
        "about": claim.id,
        "due_at": context.now,
        "useless_at": max(claim.hold_until, context.now + timedelta(hours=1)),
    }
    await plan(context.session, [answer])
    holder = await context.session.get_one(Person, claim.person_id)
    sentence = N_("Granted. {name} hears of it.") if is_granted else N_("Declined. {name} hears of it.")
    return Reply(text=context.words.say(sentence, name=holder.name), edit=context.is_press)


@notice(_DECIDED)
async def say_granted(telling: Telling) -> Reply | None:
    """The holder hears until when the seat is theirs now."""
    return await _say_decided(telling, N_("More time for {title} was granted: the seat is yours until {moment}."))


@notice(f"{_DECIDED}_no")
async def say_declined(telling: Telling) -> Reply | None:
    """The holder hears that it stays as it was."""
    return await _say_decided(telling, N_("{title} cannot wait longer: the seat is yours until {moment}, as before."))


async def _say_decided(telling: Telling, sentence: str) -> Reply | None:
    session, words = telling.session, telling.words
    claim = await session.get_one(Claim, telling.notice.about, populate_existing=True)
    if claim.state is not ClaimState.HELD:
        return None
    task = await get_task(session, claim.task_id)
    number, moment = str(task.id), words.moment(claim.hold_until, telling.now)
    rows = ((Button(words.say("Done"), "done", number), Button(words.say("Give back"), "release", number)),)
    return Reply(text=words.say(sentence, title=task.title, moment=moment), rows=rows)
