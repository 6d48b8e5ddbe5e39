"""Reports that wait too long: moderators are reminded, one after the other, and the volunteer hears of it."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.notices import Telling, notice
from handlers.timed import tick
from handlers.types import Button, Reply
from models.chasing import REVIEW_LATE, REVIEWS_LATE, REVIEWS_VERY_LATE, STEPS, chase, late_reports
from models.communities import Community
from models.reports import ReportState, get_report

_AT_ONCE = 100


@tick("reviews", every=timedelta(minutes=1))
async def remind(session: AsyncSession, now: datetime) -> bool:
    """Remind of reports that wait too long."""
    return await chase(session, now, _AT_ONCE)


@notice(REVIEWS_LATE)
async def remind_moderator(telling: Telling) -> Reply | None:
    """What waits longer than volunteers were told."""
    return await _say_late(telling, 1)


@notice(REVIEWS_VERY_LATE)
async def tell_organizer(telling: Telling) -> Reply | None:
    """What waits although moderators were reminded."""
    return await _say_late(telling, STEPS)


async def _say_late(telling: Telling, steps: int) -> Reply | None:
    session, words, now = telling.session, telling.words, telling.now
    n, oldest = await late_reports(session, telling.notice.about, now, steps=steps, but=telling.person.id)
    if not n or oldest is None:
        return None
    community, since = await session.get_one(Community, telling.notice.about), words.date_and_time(oldest)
    if steps == 1:
        text = words.count(
            "{n} report to {community} waits longer than its volunteer was told, since {moment}.",
            "{n} reports to {community} wait longer than their volunteers were told, the oldest since {moment}.",
            n,
            community=community.name,
            moment=since,
        )
    else:
        text = words.count(
            "{n} report to {community} still waits although moderators were reminded, since {moment}.",
            "{n} reports to {community} still wait although moderators were reminded, the oldest since {moment}.",
            n,
            community=community.name,
            moment=since,
        )
    return Reply(text=text, rows=((Button(words.say("Review"), "review"),),))


@notice(REVIEW_LATE)
async def tell_volunteer(telling: Telling) -> Reply | None:
    """It takes longer, and that is not their fault."""
    reviewed = await get_report(telling.session, telling.notice.about)
    if reviewed.report.state is not ReportState.WAITING:
        return None
    text = telling.words.say(
        "The review of your report on {title} takes longer than we said, sorry. The moderators were reminded; nothing is left "
        "for you to do.",
        title=reviewed.task.title,
    )
    return Reply(text=text, rows=((Button(telling.words.say("My tasks"), "mine"),),))
