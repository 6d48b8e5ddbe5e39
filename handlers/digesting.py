"""The week's tasks that fit: who wants them, how, and on which morning. A page of `/me`, and the tick that sends them."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.context import Context, speak_to
from handlers.finding import label_of, line_of
from handlers.mailbox import mailbox
from handlers.mailing import mail_to
from handlers.notices import Telling, notice
from handlers.registry import Arg, ArgKind, command
from handlers.setting_up import weekday
from handlers.timed import tick
from handlers.types import Button, Card, Reply, Row
from handlers.words import N_, Said, Words, parse_number
from models.addresses import MailList, usable_address
from models.delivery import enqueue
from models.digests import choose_digest, due_for_digest, take_digest
from models.finding import Wish, count_fitting, fitting_tasks
from models.notices import NoticeKind, hears, plan
from models.people import DigestWay, Person
from models.refusals import Outdated

TASKS = 5
"""How many of them one digest shows."""
WEEKDAYS = (5, 6, 0, 1, 2, 3, 4)
"""From Saturday on; 0 is Monday."""
HOURS = (7, 8, 9, 10, 12, 18)
_FRESH = timedelta(days=3)
"""How much later than its hour a digest is still worth reading."""
_PEOPLE_AT_ONCE = 50
_CHOICE = Arg("choice", ArgKind.CODE, "")


@command("me_digest")
async def digest(context: Context) -> Reply:
    """How the week's tasks come, with a button for each thing that can be changed."""
    return _screen(context)


def _screen(context: Context, text: str = "") -> Reply:
    words, person = context.words, context.person
    question = words.say("Once a week, the tasks that fit best: where shall they come? A week in which none fits is left out.")
    rows: list[Row] = [_ways(context)]
    if person.digest is not None:
        lines = {
            DigestWay.CHAT: N_("They come in this chat, on {day} at {hour}."),
            DigestWay.MAIL: N_("They come by e-mail, on {day} at {hour}."),
        }
        hour = words.digits(f"{person.digest_hour:02}:00")
        question = Said(f"{question}\n{words.say(lines[person.digest], day=weekday(person.digest_weekday, words), hour=hour)}")
        rows += _moments(person, words)
    return Reply(
        text=f"{text}\n\n{question}" if text else question,
        rows=(*rows, (Button(words.say("Back"), "me"),)),
        edit=context.is_press,
    )


def _ways(context: Context) -> Row:
    say, way = context.words.say, context.person.digest
    ways = [(DigestWay.CHAT, say("In this chat")), (None, say("Not at all"))]
    if context.has_mail:
        ways.insert(1, (DigestWay.MAIL, say("By e-mail")))
    return tuple(Button(_ticked(label, is_on=one is way), "me_digest_way", one or "none") for one, label in ways)


def _moments(person: Person, words: Words) -> list[Row]:
    days = [
        Button(_ticked(weekday(day, words), is_on=day == person.digest_weekday), "me_digest_day", str(day)) for day in WEEKDAYS
    ]
    hours = [
        Button(_ticked(words.digits(f"{hour:02}:00"), is_on=hour == person.digest_hour), "me_digest_hour", str(hour))
        for hour in HOURS
    ]
    return [tuple(days[:4]), tuple(days[4:]), tuple(hours[:3]), tuple(hours[3:])]


def _ticked(label: Said, *, is_on: bool) -> Said:
    return Said(f"{label} ✓") if is_on else label


@command("me_digest_way", args=(_CHOICE,))
async def choose_way(context: Context, choice: str) -> Reply:
    """In this chat, by mail where an address is confirmed, or not at all."""
    if choice not in {*DigestWay, "none"} or (choice == DigestWay.MAIL and not context.has_mail):
        raise Outdated
    if choice == DigestWay.MAIL and await usable_address(context.session, context.person.id) is None:
        return await mailbox(context)
    return await _choose(context, way=None if choice == "none" else DigestWay(choice))


@command("me_digest_day", args=(_CHOICE,))
async def choose_day(context: Context, choice: str) -> Reply:
    """On which day of the week."""
    day = parse_number(choice)
    if day not in WEEKDAYS or context.person.digest is None:
        raise Outdated
    return await _choose(context, way=context.person.digest, day=day)


@command("me_digest_hour", args=(_CHOICE,))
async def choose_hour(context: Context, choice: str) -> Reply:
    """At which hour of the day."""
    hour = parse_number(choice)
    if hour not in HOURS or context.person.digest is None:
        raise Outdated
    return await _choose(context, way=context.person.digest, hour=hour)


async def _choose(context: Context, way: DigestWay | None, day: int | None = None, hour: int | None = None) -> Reply:
    person = context.person
    await choose_digest(
        context.session,
        person,
        way,
        context.now,
        weekday=person.digest_weekday if day is None else day,
        hour=person.digest_hour if hour is None else hour,
    )
    if way is None:
        return _screen(context, context.words.say("Done: no weekly list comes."))
    return _screen(context)


# What time causes


@tick("digests", every=timedelta(minutes=1))
async def send_digests(session: AsyncSession, now: datetime) -> bool:
    """Have some of those whose digest is due get it; one that was missed by days is left out."""
    people = await due_for_digest(session, now, _PEOPLE_AT_ONCE)
    for person in people:
        due = await take_digest(session, person, now)
        if due is not None and now - due < _FRESH:
            await _send(session, person, due, now)
    return len(people) == _PEOPLE_AT_ONCE


async def _send(session: AsyncSession, person: Person, due: datetime, now: datetime) -> None:
    if person.digest is DigestWay.MAIL:
        await _mail(session, person, due, now)
        return
    await plan(
        session,
        [
            {
                "key": f"digest:{person.id}:{due:%Y-%m-%d}",
                "person_id": person.id,
                "community_id": person.focus_community_id,
                "kind": NoticeKind.DIGEST,
                "topic": "digest",
                "about": person.id,
                "due_at": due,
                "useless_at": due + _FRESH,
            }
        ],
    )


async def _mail(session: AsyncSession, person: Person, due: datetime, now: datetime) -> None:
    address = await usable_address(session, person.id) if hears(person, NoticeKind.DIGEST) else None
    reply = await _draw(session, person, speak_to(person), now) if address is not None else None
    if address is not None and reply is not None:
        await enqueue(session, [mail_to(address, MailList.DIGEST, f"{due:%Y-%m-%d}", reply, now)])


@notice("digest")
async def draw_digest(telling: Telling) -> Reply | None:
    """The tasks that fit now; None where none does."""
    reply = await _draw(telling.session, telling.person, telling.words, telling.now)
    if reply is None:
        return None
    stop = (Button(telling.words.say("No weekly list any more"), "me_digest_way", "none"),)
    return Reply(card=reply.card, rows=(*reply.rows, stop))


async def _draw(session: AsyncSession, person: Person, words: Words, now: datetime) -> Reply | None:
    found = await fitting_tasks(session, person, Wish(), now, limit=TASKS)
    if not found:
        return None
    total = await count_fitting(session, person, Wish(), now)
    heading = words.count("{n} task that fits this week", "{n} tasks that fit this week", total)
    rows: list[Row] = [(Button(label_of(task, words), "task", str(task.id), task.version),) for task in found]
    if total > len(found):
        rows.append((Button(words.say("All tasks"), "tasks"),))
    return Reply(card=Card(heading, tuple(line_of(task, words, words.date_and_time) for task in found)), rows=tuple(rows))
