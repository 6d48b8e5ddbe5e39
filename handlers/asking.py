"""Tasks that are offered to people who did not look for one: a seat that came free late, and what fits who was long offered
nothing. Whom: models/asking.py."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.cards import claim_button, is_open, place_text
from handlers.finding import label_of, line_of
from handlers.notices import Telling, notice
from handlers.timed import tick
from handlers.types import Button, Card, Reply, Row
from models.asking import SEAT_FREE, SOMETHING_FITS, find_unasked, note_offered
from models.claims import seated_claim
from models.communities import Community, member
from models.finding import Wish, fitting_tasks
from models.tasks import get_task

_AT_ONCE = 50
_SHOWN = 3
_ENOUGH = timedelta(days=1)


@notice(SEAT_FREE)
async def offer_seat(telling: Telling) -> Reply | None:
    """Somebody had to give a seat back; nothing is said where it is taken by now."""
    task = await get_task(telling.session, telling.notice.about)
    has_seat = await seated_claim(telling.session, telling.person.id, task.id)
    if has_seat is not None or not task.seats_left or not is_open(task, telling.now):
        return None
    words, community = telling.words, await telling.session.get_one(Community, task.community_id)
    begins = task.starts_at or task.deadline_at
    values = {"community": community.name, "title": task.title, "moment": words.moment(begins, telling.now)}
    text = (
        words.say("{community} has a free seat at short notice: {title}, begins {moment}.", **values)
        if task.starts_at is not None
        else words.say("{community} has a free seat at short notice: {title}, until {moment}.", **values)
    )
    facts = words.beside(words.minutes(task.minutes), place_text(task.place, words))
    rows = ((claim_button(task, words), Button(words.say("Show the task"), "task", str(task.id), task.version)),)
    return Reply(text=f"{text}\n{facts}", rows=rows)


@tick("offers", every=timedelta(minutes=1))
async def find(session: AsyncSession, now: datetime) -> bool:
    """Find members who were long offered nothing."""
    return await find_unasked(session, now, _AT_ONCE)


@notice(SOMETHING_FITS)
async def offer_tasks(telling: Telling) -> Reply | None:
    """A few tasks that fit best now; nothing to whom something was offered meanwhile, for another of their teams perhaps."""
    here = await member(telling.session, telling.notice.about, telling.person.id)
    if here is None or not here.is_active or (here.asked_at is not None and here.asked_at > telling.now - _ENOUGH):
        return None
    tasks = await fitting_tasks(telling.session, telling.person, Wish(), telling.now, limit=_SHOWN)
    if not tasks:
        return None
    await note_offered(telling.session, telling.person.id, telling.now)
    words = telling.words
    heading = words.count("{n} task could be something for you", "{n} tasks could be something for you", len(tasks))
    rows: list[Row] = [(Button(label_of(task, words), "task", str(task.id), task.version),) for task in tasks]
    rows.append((Button(words.say("All tasks"), "tasks"),))
    return Reply(
        card=Card(heading, tuple(line_of(task, words, lambda moment: words.moment(moment, telling.now)) for task in tasks)),
        rows=tuple(rows),
    )
