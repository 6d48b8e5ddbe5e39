"""What time does to appeals: they begin, grow old and are over, and those who took part hear what came of it."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.appeal_progress import shortened
from handlers.appeal_sending import announce_begun
from handlers.notices import Telling, notice
from handlers.timed import tick
from handlers.types import Button, Reply, Tone
from models.appeals import UNDER_WAY, Appeal
from models.calling import appeals_to_thank_for, appeals_under_way, get_appeal, last_closing
from models.communities import Community, staff
from models.notices import NoticeKind, plan, plan_for
from models.shares import spread_of
from models.turnout import result_of, who_took_part

CONFIRMED_FOR = timedelta(hours=24)
"""After this moderators are asked whether it is still true."""
_AT_MOST_LATER = timedelta(days=3)
"""How long the result waits for the tasks of an appeal to close."""
_NEWS_FOR = timedelta(days=7)
"""How long it is news what came of it."""
_AT_ONCE = 20


@tick("appeals_begin", every=timedelta(seconds=10))
async def begin(session: AsyncSession, now: datetime) -> bool:
    """What was to go out at a moment stands in the team's chats from then on."""
    await announce_begun(session, now)
    return False


@tick("appeals_age", every=timedelta(minutes=5))
async def look_after(session: AsyncSession, now: datetime) -> bool:
    """Ask about what nobody has confirmed for a day, and have the results of what is over told."""
    for appeal in await appeals_under_way(session, now):
        if appeal.last_confirmed_at <= now - CONFIRMED_FOR:
            await _ask_whether_true(session, appeal, now)
    over = await appeals_to_thank_for(session, _AT_ONCE)
    for appeal in over:
        await _plan_result(session, appeal, now)
    return len(over) == _AT_ONCE


async def _ask_whether_true(session: AsyncSession, appeal: Appeal, now: datetime) -> None:
    since = int(appeal.last_confirmed_at.timestamp())
    same = {
        "community_id": appeal.community_id,
        "kind": NoticeKind.TEAM,
        "topic": "appeal_true",
        "about": appeal.id,
        "due_at": now,
        "useless_at": appeal.stale_at,
    }
    people = await staff(session, appeal.community_id)
    await plan(
        session,
        [same | {"person_id": one.id, "key": f"appeal_true:{appeal.id}:{since}:{one.id}"} for one in people],
    )


@notice("appeal_true")
async def draw_whether_true(telling: Telling) -> Reply | None:
    """Is it still true? Nobody is asked after somebody has said so."""
    appeal, words = await get_appeal(telling.session, telling.notice.about), telling.words
    if appeal.state not in UNDER_WAY or appeal.last_confirmed_at > telling.now - CONFIRMED_FOR:
        return None
    text = words.say(
        "Appeal {number} was last confirmed {moment}: “{text}” Is it still true?",
        number=appeal.id,
        moment=words.date_and_time(appeal.last_confirmed_at),
        text=shortened(appeal.text_for(words.language)),
    )
    number = str(appeal.id)
    rows = (
        (
            Button(words.say("Still true"), "appeal_do", f"{number} true", tone=Tone.PRIMARY),
            Button(words.say("Stop it"), "appeal_do", f"{number} stop", tone=Tone.DANGER),
        ),
        (Button(words.say("Show the appeal"), "appeals", number),),
    )
    return Reply(text=text, rows=rows)


# The result


async def _plan_result(session: AsyncSession, appeal: Appeal, now: datetime) -> None:
    """Have those who took part told what came of it, when its tasks have closed and there is something to tell."""
    appeal.thanked_at = now
    closes = await last_closing(session, appeal)
    over = appeal.over_at or now
    due = max(over, min(closes or over, over + _AT_MOST_LATER))
    await plan_for(
        session,
        await who_took_part(session, appeal.id),
        NoticeKind.THANKS,
        "appeal_result",
        appeal.id,
        community_id=appeal.community_id,
        due_at=due,
        useless_at=due + _NEWS_FOR,
    )
    await session.flush()


@notice("appeal_result")
async def draw_result(telling: Telling) -> Reply | None:
    """What came of an appeal, for somebody who took part."""
    session, words = telling.session, telling.words
    appeal = await get_appeal(session, telling.notice.about)
    community = await session.get_one(Community, appeal.community_id)
    result, spread = await result_of(session, appeal.id), await spread_of(session, appeal_id=appeal.id)
    lines = [
        words.say("An appeal of {community} is over. Thank you for taking part!", community=community.name),
        words.say("It said: “{text}”", text=shortened(appeal.text_for(words.language))),
        words.count("{n} person took part.", "{n} people took part.", result.people),
    ]
    if result.done:
        minutes = words.minutes(result.minutes)
        lines.append(words.count("Done: {n} task, {minutes}.", "Done: {n} tasks, {minutes}.", result.done, minutes=minutes))
    if spread.seated:
        lines.append(
            words.count(
                "{n} of them came because somebody shared it.", "{n} of them came because somebody shared it.", spread.seated
            )
        )
    return Reply(text="\n".join(lines), rows=((Button(words.say("All tasks"), "tasks"),),))
