"""Coming every time: seats on a series that are held standing, a week that is skipped, and time away."""

from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.context import Context
from handlers.finding import check_membership
from handlers.flows import Ask, Data, Flow, Given, Invalid, Option, Step, declare, start
from handlers.moments import read_day
from handlers.notices import Telling, notice
from handlers.recurring import rhythm_text
from handlers.registry import HELD_TASK, Arg, ArgKind, command
from handlers.types import Button, Card, Reply, Row
from handlers.words import N_, Said, Words, clean_line, words_for
from models.claims import Claim, ClaimState, seated_claim
from models.communities import Community
from models.notices import NoticeKind, plan
from models.record import was_late
from models.refusals import Malformed, MemberBlocked, NotFound, NotMember, Outdated
from models.releasing import release
from models.seating import Held, Want, claim
from models.series import Series, coming_occurrences, get_series
from models.standing import Standing, end_standing, held_between, standing_of, take_standing, who_stands
from models.tasks import Task, get_task

_STANDING = "standing"
_SERIES = Arg("series", ArgKind.NUMBER, "")


async def seat_standing(session: AsyncSession, series: Series, task: Task, now: datetime) -> None:
    """Take the seats of a new task for those who come every time, and have them told. Who left the community, or was blocked,
    comes no more."""
    people = await who_stands(session, series.id, task.occurs_on or series.first_day)
    await _seat(session, series, task, people, now)


async def _seat(session: AsyncSession, series: Series, task: Task, people: list[int], now: datetime) -> int:
    if not people:
        return 0
    outcomes = await claim(session, [Want(person, task.id, is_standing=True) for person in people], now)
    seated = [person for person, outcome in zip(people, outcomes, strict=True) if isinstance(outcome, Held) and outcome.is_new]
    gone = [person for person, outcome in zip(people, outcomes, strict=True) if isinstance(outcome, NotMember | MemberBlocked)]
    await end_standing(session, series.id, gone, now)
    await plan(session, [_news(task, person, now) for person in seated])
    return len(seated)


def _news(task: Task, person_id: int, now: datetime) -> dict[str, object]:
    return {
        "key": f"{_STANDING}:{task.id}:{person_id}",
        "person_id": person_id,
        "community_id": task.community_id,
        "kind": NoticeKind.CLAIM,
        "topic": _STANDING,
        "about": task.id,
        "due_at": now,
        "useless_at": task.starts_at,
    }


@notice(_STANDING)
async def draw_seat(telling: Telling) -> Reply | None:
    """A seat was taken, as every time; this one can be skipped."""
    task = await get_task(telling.session, telling.notice.about)
    held = await _held(telling.session, telling.person.id, task.id)
    if held is None or task.starts_at is None or task.series_id is None:
        return None
    say, moment = telling.words.say, telling.words.moment(task.starts_at, telling.now)
    text = say("{title} comes again: {moment}. A seat is yours, as every time.", title=task.title, moment=moment)
    rows = (
        (Button(say("Skip this one"), "release", str(task.id)),),
        (Button(say("Away, or no more"), "standing", str(task.series_id)),),
    )
    return Reply(text=text, rows=rows)


async def _held(session: AsyncSession, person_id: int, task_id: int) -> Claim | None:
    found = await seated_claim(session, person_id, task_id)
    return found if found is not None and found.state is ClaimState.HELD else None


@command("every_time", args=(HELD_TASK,))
async def come_every_time(context: Context, task: int) -> Reply:
    """Hold a seat on each task of the series, those that are there already included."""
    found = await get_task(context.session, task)
    await check_membership(context, found)
    series = await take_standing(context.session, context.person.id, found, context.now)
    for later in await coming_occurrences(context.session, series.id, context.now):
        if later.id != found.id:
            await claim(context.session, [Want(context.person.id, later.id, is_standing=True)], context.now)
    return await _screen(context, series, context.words.say("A seat is yours every time from now on. Thank you!"))


@command("standing", args=(_SERIES,))
async def show_standing(context: Context, series: int) -> Reply:
    """What somebody comes to every time, with the ways to skip it."""
    return await _screen(context, await get_series(context.session, series))


async def _mine(context: Context, series_id: int) -> Standing:
    found = await standing_of(context.session, context.person.id, series_id)
    if found is None:
        raise NotFound("series", str(series_id))
    return found


async def _screen(context: Context, series: Series, text: str = "") -> Reply:
    standing, words = await _mine(context, series.id), await _words(context, series)
    say, number = words.say, str(series.id)
    rows: list[Row] = [
        (Button(say("Away for a while"), "away", number),),
        (Button(say("Not every time any more"), "standing_end", number),),
    ]
    lines = [rhythm_text(series.rule, words), *([away_text(standing, words)] if standing.away_until else [])]
    if standing.away_until:
        rows.insert(0, (Button(say("Back already"), "back_again", number),))
    return Reply(text=text, card=Card(clean_line(series.title), tuple(lines)), rows=tuple(rows), edit=context.is_press)


async def _words(context: Context, series: Series) -> Words:
    """The reader's words in the zone by whose clock the series goes."""
    community = await context.session.get_one(Community, series.community_id)
    return words_for(context.words.language, context.words.arabic_digits, community.timezone)


def away_text(standing: Standing, words: Words) -> Said:
    start, end = standing.away_from or date.min, standing.away_until or date.min
    return words.say("Away from {start} to {end}", start=_day(start, words), end=_day(end, words))


def _day(day: date, words: Words) -> Said:
    return words.day(datetime(day.year, day.month, day.day, 12, tzinfo=words.zone))


@command("standing_end", args=(_SERIES,))
async def stop_coming(context: Context, series: int) -> Reply:
    """No seats are taken any more; those that are held stay, and can be given back."""
    found = await get_series(context.session, series)
    if not await end_standing(context.session, series, [context.person.id], context.now):
        raise Outdated
    say = context.words.say
    text = say("{title} is not held every time any more. What is held already is in /mine. Thank you!", title=found.title)
    return Reply(text=text, rows=((Button(say("My tasks"), "mine"),),), edit=context.is_press)


@command("back_again", args=(_SERIES,))
async def be_back(context: Context, series: int) -> Reply:
    """Not away any more."""
    standing = await _mine(context, series)
    standing.away_from = standing.away_until = None
    await context.session.flush()
    return await _screen(context, await get_series(context.session, series), context.words.say("Welcome back!"))


# Time away


@command("away", args=(_SERIES,))
async def go_away(context: Context, series: int) -> Reply:
    """Ask from when and until when."""
    await _mine(context, series)
    return await start(context, AWAY, {"series": series})


async def _guard(context: Context, data: Data) -> None:
    await _mine(context, data["series"])


async def _ask_start(context: Context, data: Data) -> Ask:
    say = context.words.say
    options = ((Option(say("Today"), "today"), Option(say("Tomorrow"), "tomorrow")),)
    return Ask(say("From which day on? A button, or a day such as 25/12."), options)


async def _ask_end(context: Context, data: Data) -> Ask:
    words = context.words
    weeks = tuple(Option(words.count("{n} week", "{n} weeks", n), f"+{n}") for n in (1, 2, 4))
    return Ask(words.say("Until which day, that one included? A button, or a day such as 25/12."), (weeks,))


async def _parse_start(context: Context, data: Data, given: Given) -> str:
    return (await _read(context, data, given)).isoformat()


async def _parse_end(context: Context, data: Data, given: Given) -> str:
    first = date.fromisoformat(data["start"])
    if given.option in {"+1", "+2", "+4"}:
        return (first + timedelta(days=7 * int(given.option) - 1)).isoformat()
    last = await _read(context, data, given)
    if last < first:
        raise Invalid(context.words.say("That is before it begins. A later day, please."))
    return last.isoformat()


async def _read(context: Context, data: Data, given: Given) -> date:
    series = await get_series(context.session, data["series"])
    words = await _words(context, series)
    try:
        return read_day(given.option or given.text, context.now, words.zone)
    except Malformed as malformed:
        raise Invalid(words.say(malformed.hint, **malformed.values)) from None


async def _be_away(context: Context, data: Data) -> Reply:
    """Remember it, and give back what is held on those days."""
    series = await get_series(context.session, data["series"])
    standing = await _mine(context, series.id)
    standing.away_from, standing.away_until = date.fromisoformat(data["start"]), date.fromisoformat(data["end"])
    await context.session.flush()
    person, days = context.person.id, (standing.away_from, standing.away_until)
    held = await held_between(context.session, person, series.id, days, context.now)
    for task in held:
        await release(context.session, person, task, "", context.now)
    is_late = any([await was_late(context.session, person, task, context.now) for task in held])
    words = await _words(context, series)
    freed = words.count("{n} seat held for then is free again.", "{n} seats held for then are free again.", len(held))
    text = away_text(standing, words)
    late = words.say("It begins in less than a day, so this stands on your record for 90 days. What it says is in /record.")
    said = f"{text}. {freed}" if held else text
    return await _screen(context, series, Said(f"{said}\n\n{late}" if is_late else said))


AWAY = declare(
    Flow(
        "away",
        N_("time away"),
        (Step("start", _ask_start, _parse_start), Step("end", _ask_end, _parse_end)),
        finish=_be_away,
        guard=_guard,
    )
)
