"""A task as people see it: its card, in a chat for everybody and in private for one."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.context import Context
from handlers.types import Button, Card, Link, Reply, Row, Scope, Tone
from handlers.words import N_, Said, Words, clean_line, words_for
from models.claims import Claim, ClaimState, holders, seated_claim
from models.communities import Community
from models.people import Person
from models.roles import Role
from models.tasks import Proof, Task, TaskState, closes_at, get_task, tags_of
from models.waitlist import Wait, place_in_line

_NAMES_SHOWN = 5

PROOFS = {
    Proof.NONE: N_("nothing but the minutes"),
    Proof.NOTE: N_("a short note"),
    Proof.PHOTO: N_("a photo"),
    Proof.LINK: N_("a link"),
}

STATES = {
    TaskState.PAUSED: N_("Paused: a moderator is looking at it."),
    TaskState.DONE: N_("Done. Thank you to everybody who took part."),
    TaskState.CANCELLED: N_("Called off."),
}


async def live_card(session: AsyncSession, task_id: int, now: datetime) -> Reply:
    """The card that stands in a community's chat and follows the truth; in the community's language."""
    task = await get_task(session, task_id)
    community = await session.get_one(Community, task.community_id)
    words = words_for(community.language, community.language == "ar", community.timezone)
    rows: list[Row] = []
    if is_open(task, now):
        rows.append((claim_button(task, words),))
    rows.append(
        (
            Link(words.say("Details in private"), f"task_{task.id}"),
            wrong_button(task, words),
        )
    )
    return Reply(card=await task_card(session, task, community, words, now), rows=tuple(rows), scope=Scope.HERE)


async def personal_card(context: Context, task: Task, text: str = "") -> Reply:
    """The task for the person who asks, with what they can do about it."""
    session, now = context.session, context.now
    community = await session.get_one(Community, task.community_id)
    words = zoned(context, community)
    claim = await seated_claim(session, context.person.id, task.id)
    card = await task_card(session, task, community, words, now)
    if claim is not None:
        card = Card(card.title, (*card.lines, _standing(claim, task, words, now)), card.footer)
    member = await context.member_of(community.id)
    place = await place_in_line(session, context.person.id, task.id) if claim is None and is_open(task, now) else None
    rows = (
        *(_actions(task, claim, words, now) if place is None else _line_actions(task, place, words)),
        *(_moderation(task, words, now) if member and member.role >= Role.MODERATOR else ()),
        *(
            ((Button(words.say("Say thanks"), "thank_those", str(task.id)),),)
            if member and task.state is TaskState.DONE
            else ()
        ),
        (
            *_elsewhere(task, claim, place, words, now),
            Button(words.say("Something is wrong"), "flag", str(task.id), task.version),
        ),
    )
    return Reply(text=text, card=card, rows=rows, edit=context.is_press)


def zoned(context: Context, community: Community) -> Words:
    """The reader's words, with the community's time zone where they have not set their own."""
    if context.person.timezone:
        return context.words
    return words_for(context.words.language, context.words.arabic_digits, community.timezone)


async def task_card(session: AsyncSession, task: Task, community: Community, words: Words, now: datetime) -> Card:
    """What a task is about: terms, seats, who vouches and who is in."""
    say = words.say
    lines = [
        *([task.description] if task.description else []),
        words.beside(words.minutes(task.minutes), place_text(task.place, words)),
        _seats(task, words, now),
        _when(task, words, now),
        say("To hand in: {proof}", proof=say(PROOFS[task.proof])),
    ]
    tags = await tags_of(session, task.id)
    if tags:
        lines.append(words.list_of(["#" + tag for tag in tags]))
    people = await holders(session, task.id)
    if people:
        lines.append(_who(list(people), words))
    footer = say("{community} vouches for this · task {number}", community=community.name, number=task.id)
    return Card(clean_line(task.title), tuple(lines), footer)


def is_open(task: Task, now: datetime) -> bool:
    """Whether somebody could ask for a seat (there may be none left)."""
    return task.state is TaskState.OPEN and closes_at(task) > now


def claim_button(task: Task, words: Words) -> Button:
    """«أنا لها», with the seats that are left behind the words."""
    label = words.say("I'm in")
    if task.seats > 1 and task.seats_left:
        label = words.beside(label, words.number(task.seats_left))
    return Button(label, "claim", str(task.id), task.version, Tone.PRIMARY)


def _actions(task: Task, claim: Claim | None, words: Words, now: datetime) -> tuple[Row, ...]:
    if claim is not None and claim.state is ClaimState.HELD:
        own: Row = (done_button(task, words), release_button(task, words))
        if task.series_id:
            return own, (Button(words.say("And every time"), "every_time", str(task.id)),)
        return (own,) if task.has_fixed_time else (own, (Button(words.say("More time"), "extend", str(task.id)),))
    if claim is None and is_open(task, now) and task.seats_left:
        return ((claim_button(task, words),),)
    if claim is None and is_open(task, now):
        return ((Button(words.say("Wait for a seat"), "wait", str(task.id)), Button(words.say("Other tasks"), "tasks")),)
    return ((Button(words.say("Other tasks"), "tasks"),),)


def _elsewhere(task: Task, claim: Claim | None, place: Wait | None, words: Words, now: datetime) -> tuple[Button, ...]:
    """The way on for whom this task is not, where nothing else leads there."""
    is_free = claim is None and place is None and is_open(task, now) and task.seats_left
    return (Button(words.say("Other tasks"), "tasks"),) if is_free else ()


def _line_actions(task: Task, place: Wait, words: Words) -> tuple[Row, ...]:
    """What somebody can do who is in line: take the seat that is kept for them, pass it on, or wait no more."""
    number, say = str(task.id), words.say
    leave = Button(say("Leave the line"), "wait_no", number)
    if place.offer_until is not None:
        return ((claim_button(task, words), Button(say("Not this time"), "wait_pass", number)), (leave,))
    return ((claim_button(task, words), leave),) if task.seats_left else ((leave,),)


def _moderation(task: Task, words: Words, now: datetime) -> tuple[Row, ...]:
    """What a moderator can do about a task that is under way."""
    if task.state in {TaskState.DONE, TaskState.CANCELLED}:
        return ()
    number = str(task.id)
    edit, call_off = Button(words.say("Edit"), "edit", number), Button(words.say("Call off"), "cancel", number)
    under_way = (edit, Button(words.say("Post"), "post", number), call_off) if is_open(task, now) else (edit, call_off)
    if task.starts_at is None:
        return (under_way,)
    who = words.say("Who comes") if task.starts_at > now else words.say("Who came")
    series = (Button(words.say("The series"), "series", str(task.series_id)),) if task.series_id else ()
    return (under_way, (Button(who, "attend", number), *series))


def done_button(task: Task, words: Words) -> Button:
    return Button(words.say("Done"), "done", str(task.id), task.version, Tone.PRIMARY)


def release_button(task: Task, words: Words) -> Button:
    return Button(words.say("Give back"), "release", str(task.id), task.version)


def wrong_button(task: Task, words: Words) -> Button:
    return Button(words.say("Something is wrong"), "flag", str(task.id), task.version)


def place_text(place: str, words: Words) -> Said:
    """Where a task is done; the empty place is anywhere."""
    if not place:
        return words.say("remote, from anywhere")
    return words.say("at this place: {place}", place=place)


def _when(task: Task, words: Words, now: datetime) -> Said:
    if task.starts_at is not None:
        return words.say("Begins {moment}", moment=words.moment(task.starts_at, now))
    return words.say("Until {moment}", moment=words.moment(task.deadline_at, now))


def _seats(task: Task, words: Words, now: datetime) -> Said:
    if task.state in STATES:
        return words.say(STATES[task.state])
    if closes_at(task) <= now:
        return words.say("It is over.") if task.has_fixed_time else words.say("The deadline has passed.")
    return words.count("{n} seat left of {seats}", "{n} seats left of {seats}", task.seats_left, seats=task.seats)


def _who(people: list[Person], words: Words) -> Said:
    """First names of those who are in; those who want privacy are counted only."""
    names = [person.first_name for person in people if not person.is_private][:_NAMES_SHOWN]
    others = len(people) - len(names)
    if not names:
        return words.count("{n} person is in", "{n} people are in", others)
    if not others:
        return words.say("In: {names}", names=words.list_of(names))
    return words.count("In: {names} and {n} more", "In: {names} and {n} more", others, names=words.list_of(names))


def _standing(claim: Claim, task: Task, words: Words, now: datetime) -> Said:
    if claim.state is ClaimState.HELD and task.starts_at is not None and task.starts_at > now:
        return words.say("A seat is yours: see you then!")
    if claim.state is ClaimState.HELD:
        return words.say("Yours until {moment}.", moment=words.moment(claim.hold_until, now))
    if claim.state is ClaimState.REPORTED:
        return words.say("Your report is handed in and waits for its review.")
    return words.say("Your report is approved.")
