"""Series: what comes again is made in time, shown to moderators, changed, paused and ended."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.context import Context
from handlers.editing import TOLD, tell_holders
from handlers.finding import moderated_task
from handlers.recurring import beginning, days_after, first_day, rhythm_text
from handlers.registry import TASK, Arg, ArgKind, command
from handlers.standing import seat_standing
from handlers.telling import tell
from handlers.timed import tick
from handlers.types import Button, Card, Reply, Row, Tone
from handlers.words import Said, Words, clean_line, words_for
from models.communities import Community
from models.making import Draft, change_task
from models.refusals import NotFound, Outdated
from models.roles import Role
from models.series import (
    Series,
    SeriesState,
    coming_occurrences,
    due_series,
    found_series,
    get_series,
    learn_from,
    make_occurrence,
    stop,
)
from models.standing import count_standing, everybody_standing
from models.tasks import Task, tags_of

_SERIES_AT_ONCE = 20
_LEAST_AHEAD, _MOST_AHEAD = timedelta(days=1), timedelta(days=13)
_TIME_TO_POST = timedelta(minutes=15)
"""So much time a moderator has to post the first task of a series before the second is made, whose cards follow the first."""
_SERIES = Arg("series", ArgKind.NUMBER, "")
_SHOWN = 3
_LIKE = ("title", "description", "language", "minutes", "place", "proof")
"""What the tasks of a series have in common, besides tags, seats and the hour."""
_COLUMNS = {"starts": "starts_at"}
"""The columns of fields that go by another name."""


@dataclass(frozen=True)
class Repeat:
    """How something comes again, by the wall clock of its community."""

    rule: str
    first_day: date
    minute: int
    starts_at: datetime
    """When it begins for the first time."""


def repeat(rule: str, starts_at: datetime, community: Community) -> Repeat | None:
    """How what was to begin at this moment comes again by a rule: for the first time on the first day of the rule from then
    on, at the same hour. None where it never comes."""
    zone = ZoneInfo(community.timezone)
    local = starts_at.astimezone(zone)
    first, minute = first_day(rule, local.date()), local.hour * 60 + local.minute
    return None if first is None else Repeat(rule, first, minute, beginning(first, minute, zone))


async def begin_series(
    session: AsyncSession, community: Community, author_id: int, draft: Draft, how: Repeat, now: datetime
) -> Task:
    """Begin a series; the first of its tasks."""
    series = await found_series(
        session, community.id, author_id, draft, rule=how.rule, first_day=how.first_day, minute=how.minute, now=now
    )
    task = await make_occurrence(session, series, how.first_day, how.starts_at, now)
    if task is None:
        raise AssertionError("a new series has no tasks yet")
    _plan_next(series, ZoneInfo(community.timezone), how.first_day, now)
    if series.next_at is not None:
        series.next_at = max(series.next_at, now + _TIME_TO_POST)
    await session.flush()
    return task


def _plan_next(series: Series, zone: ZoneInfo, after: date, now: datetime) -> None:
    """Find the next day of a series that is still to come; what should have been while we were away is left out.

    Its task is made a day before the one before it begins, and two weeks ahead at the most.
    """
    before = after
    for day in days_after(series.rule, series.first_day, after):
        starts_at = beginning(day, series.minute, zone)
        if starts_at > now:
            ahead = min(day - before, _MOST_AHEAD) + _LEAST_AHEAD
            series.next_day, series.next_at = day, starts_at - ahead
            return
        before = day
    series.state, series.next_day, series.next_at = SeriesState.ENDED, None, None


@tick("series", every=timedelta(minutes=1))
async def make_due(session: AsyncSession, now: datetime) -> bool:
    """Make the tasks that come next."""
    due = await due_series(session, now, _SERIES_AT_ONCE)
    for series in due:
        community = await session.get_one(Community, series.community_id)
        zone, day = ZoneInfo(community.timezone), series.next_day or series.first_day
        starts_at = beginning(day, series.minute, zone)
        task = await make_occurrence(session, series, day, starts_at, now) if starts_at > now else None
        if task is not None:
            await seat_standing(session, series, task, now)
        _plan_next(series, zone, day, now)
        await session.flush()
    return bool(due)  # one that was away for long may have more to come


# What moderators see and do


async def _moderated(context: Context, series_id: int) -> tuple[Series, Community]:
    """Raises NotFound where the series is none of the person's business, NotAllowed where they do not moderate it."""
    series = await get_series(context.session, series_id, lock=True)
    if await context.member_of(series.community_id) is None:
        raise NotFound("series", str(series_id))
    await context.require(Role.MODERATOR, series.community_id)
    return series, await context.session.get_one(Community, series.community_id)


@command("series", args=(_SERIES,))
async def show_series(context: Context, series: int) -> Reply:
    """How a series stands, and what can be done about it."""
    return await _screen(context, *await _moderated(context, series))


async def _screen(context: Context, series: Series, community: Community, text: str = "") -> Reply:
    words = words_for(context.words.language, context.words.arabic_digits, community.timezone)
    say, number = words.say, str(series.id)
    coming = await coming_occurrences(context.session, series.id, context.now)
    standing = await count_standing(context.session, series.id)
    lines = [
        rhythm_text(series.rule, words),
        _state(series, words),
        *(say("{moment}: task {number}", moment=_moment(task, words), number=task.id) for task in coming[:_SHOWN]),
        words.count("{n} person comes every time", "{n} people come every time", standing),
    ]
    rows: list[Row] = [(Button(_moment(task, words), "task", str(task.id)),) for task in coming[:_SHOWN]]
    if series.state is SeriesState.ACTIVE:
        rows.append((Button(say("Pause the series"), "series_pause", number), _end(number, words)))
    elif series.state is SeriesState.PAUSED:
        rows.append((Button(say("Go on with it"), "series_go_on", number, tone=Tone.PRIMARY), _end(number, words)))
    card = Card(clean_line(series.title), tuple(lines))
    return Reply(text=text, card=card, rows=tuple(rows), edit=context.is_press)


def _end(number: str, words: Words) -> Button:
    return Button(words.say("End the series"), "series_end", number, tone=Tone.DANGER)


def _moment(task: Task, words: Words) -> Said:
    return words.date_and_time(task.starts_at or task.deadline_at)


def _state(series: Series, words: Words) -> Said:
    if series.state is SeriesState.PAUSED:
        return words.say("Paused: no new tasks are made.")
    if series.state is SeriesState.ENDED:
        return words.say("Ended: no new tasks are made. Those that are there stay, and can be called off one by one.")
    return words.say("Its next task is made by itself, in time.")


@command("series_pause", args=(_SERIES,))
async def pause(context: Context, series: int) -> Reply:
    """Make no tasks for now."""
    return await _stop(context, series, SeriesState.PAUSED, SeriesState.ACTIVE)


@command("series_end", args=(_SERIES,))
async def end(context: Context, series: int) -> Reply:
    """Make no tasks any more."""
    found, community = await _moderated(context, series)
    reply = await _stop(context, series, SeriesState.ENDED, SeriesState.ACTIVE, SeriesState.PAUSED)

    def news(words: Words) -> Reply:
        text = words.say("{title} does not come again after what is in /mine. Thank you for every time!", title=found.title)
        return Reply(text=text, rows=((Button(words.say("My tasks"), "mine"),),))

    people = await everybody_standing(context.session, found.id)
    await tell(context, people, f"series_end:{found.id}", news, zone=community.timezone)
    return reply


async def _stop(context: Context, series_id: int, state: SeriesState, *was: SeriesState) -> Reply:
    series, community = await _moderated(context, series_id)
    if not await stop(context.session, series.id, state, was=was):
        raise Outdated
    await context.session.refresh(series)
    return await _screen(context, series, community)


@command("series_go_on", args=(_SERIES,))
async def go_on(context: Context, series: int) -> Reply:
    """Make tasks again, from now on."""
    found, community = await _moderated(context, series)
    if found.state is not SeriesState.PAUSED:
        raise Outdated
    zone = ZoneInfo(community.timezone)
    found.state = SeriesState.ACTIVE
    yesterday = context.now.astimezone(zone).date() - timedelta(days=1)
    made = [task.occurs_on for task in await coming_occurrences(context.session, found.id, context.now) if task.occurs_on]
    _plan_next(found, zone, max([yesterday, *made]), context.now)
    await context.session.flush()
    return await _screen(context, found, community)


@command("series_like", args=(TASK,))
async def follow(context: Context, task: int) -> Reply:
    """Have the tasks of the series that come after this one be like it: its words, place, seats and hour."""
    found = await moderated_task(context, task)
    if found.series_id is None or found.starts_at is None:
        raise Outdated
    series, community = await _moderated(context, found.series_id)
    zone = ZoneInfo(community.timezone)
    local = found.starts_at.astimezone(zone)
    await learn_from(context.session, series, found, local.hour * 60 + local.minute)
    like: dict[str, Any] = {name: getattr(found, name) for name in _LIKE}
    like["tags"] = await tags_of(context.session, found.id)
    for later in await coming_occurrences(context.session, series.id, context.now):
        if later.occurs_on is not None and found.occurs_on is not None and later.occurs_on > found.occurs_on:
            starts_at = beginning(later.occurs_on, series.minute, zone)
            seats = max(found.seats, later.seats_taken)  # nobody loses theirs
            await _change(context, later, like | {"starts_at": starts_at, "seats": seats})
    said = context.words.say("Those that come later are like this one now.")
    return await _screen(context, series, community, text=said)


async def _change(context: Context, task: Task, changes: dict[str, Any]) -> None:
    """Give a task new values, and tell those who hold a seat of it."""
    columns = {name: _COLUMNS.get(name, name) for name in sorted(TOLD)}
    told = [name for name, column in columns.items() if column in changes and changes[column] != getattr(task, column)]
    await change_task(context.session, task.id, changes, context.now)
    for name in told:
        await tell_holders(context, task, name)
