"""Coming to a task with a fixed time: holders are asked if they still can; moderators see who comes, and say who did not."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.cards import place_text
from handlers.context import Context
from handlers.finding import check_membership, moderated_task
from handlers.notices import Telling, notice
from handlers.registry import HELD_TASK, TASK, Arg, ArgKind, command
from handlers.telling import stamp
from handlers.timed import tick
from handlers.types import Button, Card, Reply, Row, Tone
from handlers.words import N_, Said, Words, clean_line
from models.attendance import Attendant, attendants, mark_absent, unmark_absent
from models.claims import Claim, ClaimState
from models.coming import ASKING, plan_questions, say_yes
from models.communities import Community
from models.notices import NoticeKind, plan
from models.record import EntryKind, count_entries, get_entry, record_of
from models.refusals import NoClaim, NotFound
from models.tasks import Task, get_task

PAGE = 6
_TASKS_AT_ONCE = 50
_ABSENT = "absent"
_TIME_TO_UNDO = timedelta(minutes=10)
"""What a moderator says of somebody reaches them after this: a slip can be undone before."""
_CLAIM = Arg("claim", ArgKind.NUMBER, "")


@tick("coming", every=timedelta(minutes=1))
async def ask(session: AsyncSession, now: datetime) -> bool:
    """Have holders asked whether they can still come."""
    return await plan_questions(session, now, _TASKS_AT_ONCE)


@notice(ASKING)
async def draw_question(telling: Telling) -> Reply | None:
    """Can you still come? Nothing where the seat is not held any more, or where that was said already."""
    claim = await telling.session.get(Claim, telling.notice.about)
    if claim is None or claim.state is not ClaimState.HELD:
        return None
    task = await get_task(telling.session, claim.task_id)
    has_said = claim.coming_at is not None and claim.coming_at >= telling.notice.due_at
    if task.starts_at is None or task.starts_at <= telling.now or has_said:
        return None
    say, number = telling.words.say, str(task.id)
    text = say(
        "{title} begins {moment}, {place}. Can you still come?",
        title=task.title,
        moment=telling.words.moment(task.starts_at, telling.now),
        place=place_text(task.place, telling.words),
    )
    yes = Button(say("Yes, I will come"), "come", number, tone=Tone.PRIMARY)
    return Reply(text=text, rows=((yes, Button(say("No, give it back"), "release", number)),))


@command("come", args=(HELD_TASK,))
async def come(context: Context, task: int) -> Reply:
    """Yes. (No is `/release`.)"""
    try:
        found = await say_yes(context.session, context.person.id, task, context.now)
    except NoClaim:
        await check_membership(context, await get_task(context.session, task))  # the title is not for everybody
        raise
    say = context.words.say
    text = say("Noted, thank you! If something gets in the way of {title}, a press here lets others know.", title=found.title)
    rows = ((Button(say("Show the task"), "task", str(task)), Button(say("Give back"), "release", str(task))),)
    return Reply(text=text, toast=text, rows=rows, edit=context.is_press)


# What moderators see


@command("attend", args=(TASK, Arg("page", ArgKind.NUMBER, "", required=False)))
async def show_attendants(context: Context, task: int, page: int | None) -> Reply:
    """Who comes to a task, who said so, and, when it has begun, a press for each who did not come."""
    return await _screen(context, await moderated_task(context, task), page or 0)


async def _screen(context: Context, task: Task, page: int, toast: str = "") -> Reply:
    words, say = context.words, context.words.say
    people = await attendants(context.session, task.id)
    shown = people[PAGE * page : PAGE * (page + 1)]
    counts = await count_entries(context.session, task.community_id, {one.person.id for one in shown}, context.now)
    lines = [_line(one, counts.get(one.person.id, 0), words, context.now) for one in shown]
    has_begun = task.starts_at is not None and task.starts_at <= context.now
    rows: list[Row] = [row for one in shown if has_begun for row in _presses(task, one, page, words)]
    turns = []
    if page:
        turns.append(Button(say("Earlier"), "attend", f"{task.id} {page - 1}"))
    if len(people) > PAGE * (page + 1):
        turns.append(Button(say("More"), "attend", f"{task.id} {page + 1}"))
    rows += [tuple(turns)] if turns else []
    rows.append((Button(say("Show the task"), "task", str(task.id)),))
    footer = "" if has_begun else say("Once it has begun, a press here says who did not come.")
    card = Card(clean_line(task.title), tuple(lines) or (say("Nobody has taken a seat yet."),), footer)
    return Reply(card=card, rows=tuple(rows), toast=toast, edit=context.is_press)


def _line(one: Attendant, entries: int, words: Words, now: datetime) -> Said:
    line = words.say("{name}: {state}", name=one.person.name, state=_state(one, words, now))
    if not entries:
        return line
    return words.beside(line, words.count("{n} entry on the record", "{n} entries on the record", entries))


def _state(one: Attendant, words: Words, now: datetime) -> Said:
    claim = one.claim
    if claim.state is ClaimState.HELD and claim.coming and claim.coming_at is not None:
        return words.say("will come (said {moment})", moment=words.moment(claim.coming_at, now))
    if claim.state is ClaimState.RELEASED and claim.ended_at is not None:
        return words.say("gave the seat back {moment}", moment=words.moment(claim.ended_at, now))
    sentences = {
        ClaimState.HELD: N_("has a seat"),
        ClaimState.REPORTED: N_("has handed in"),
        ClaimState.APPROVED: N_("was there, approved"),
        ClaimState.EXPIRED: N_("handed nothing in"),
        ClaimState.NO_SHOW: N_("did not come"),
    }
    return words.say(sentences.get(claim.state, N_("has no seat any more")))


def _presses(task: Task, one: Attendant, page: int, words: Words) -> list[Row]:
    name, args = clean_line(one.person.name)[:40], f"{task.id} {one.claim.id} {page}"
    if one.claim.state is ClaimState.NO_SHOW:
        return [(Button(words.say("Did come: {name}", name=name), "did_come", args),)]
    if one.claim.state in {ClaimState.HELD, ClaimState.EXPIRED}:
        return [(Button(words.say("Did not come: {name}", name=name), "no_show", args, tone=Tone.DANGER),)]
    return []


_PRESSED = (TASK, _CLAIM, Arg("page", ArgKind.NUMBER, ""))


@command("no_show", args=_PRESSED)
async def say_absent(context: Context, task: int, claim: int, page: int) -> Reply:
    """Somebody did not come. They hear of it a little later, with a way to contest it."""
    found = await moderated_task(context, task)
    absent = await mark_absent(context.session, task, claim, context.person.id, context.now)
    entries = await record_of(context.session, absent.person_id, context.now, found.community_id)
    (entry,) = [one.entry for one in entries if one.entry.claim_id == absent.id]
    due_at = context.now + _TIME_TO_UNDO
    news = {
        "key": f"{_ABSENT}:{absent.id}:{stamp(context.now)}",
        "person_id": entry.person_id,
        "community_id": entry.community_id,
        "kind": NoticeKind.CLAIM,
        "topic": _ABSENT,
        "about": entry.id,
        "due_at": due_at,
        "useless_at": due_at + timedelta(days=14),
    }
    await plan(context.session, [news])
    return await _screen(context, found, page, toast=context.words.say("Noted. One press undoes it."))


@command("did_come", args=_PRESSED)
async def say_present(context: Context, task: int, claim: int, page: int) -> Reply:
    """They came after all: the seat is theirs again, and nothing stays on the record."""
    found = await moderated_task(context, task)
    await unmark_absent(context.session, task, claim, context.now)
    return await _screen(context, found, page, toast=context.words.say("Undone."))


@notice(_ABSENT)
async def draw_absence(telling: Telling) -> Reply | None:
    """What stands on the record now, and that it can be contested."""
    try:
        entry, task, community = await get_entry(telling.session, telling.notice.about, telling.now)
    except NotFound:
        return None
    if entry.kind is not EntryKind.NO_SHOW or entry.person_id != telling.person.id:
        return None
    return absence(telling.words, task, community, entry.id)


def absence(words: Words, task: Task, community: Community, entry_id: int) -> Reply:
    text = words.say(
        "A moderator of {community} noted that you were missed at {title}. Only you and the moderators see this, and it fades "
        "after 90 days. Is it not so? A word is enough, and somebody looks at it again.",
        community=community.name,
        title=task.title,
    )
    rows = ((Button(words.say("It is not so"), "contest", str(entry_id)), Button(words.say("My record"), "record")),)
    return Reply(text=text, rows=rows)
