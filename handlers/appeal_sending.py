"""Letting an appeal go: to those who fit, into the chats of its team, and to the moderators who look after it."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.appeal_drawing import places_of_call
from handlers.appeal_progress import draw_progress, shortened
from handlers.context import Context
from handlers.notices import Telling, notice
from handlers.stored import dump_place
from handlers.types import Button, ChatKind, Place, Reply
from handlers.words import Said
from models.appeals import Appeal, AppealState, PostKind
from models.audit import Action, note
from models.calling import get_appeal, post_appeal, send_appeal, take_to_announce
from models.communities import Community, staff
from models.notices import NoticeKind, plan_for

_SECOND_HELPS = timedelta(days=1)
"""How long it helps to be asked for a second opinion."""


async def let_go(context: Context, draft: Appeal, audience_size: int) -> Said:
    """Send a draft, or have a second moderator asked; what the author hears of it."""
    session, now, say = context.session, context.now, context.words.say
    community = await session.get_one(Community, draft.community_id)
    appeal = await send_appeal(
        session, draft.id, now, audience_size=audience_size, needs_second=community.appeal_moderators > 1
    )
    is_waiting = appeal.state is AppealState.WAITING
    await note_appeal(context, appeal, Action.APPEAL_ASKED if is_waiting else Action.APPEAL_SENT)
    await follow_progress(context, appeal)
    if is_waiting:
        await _ask_second(session, appeal, now)
        return say("Appeal {number} waits for a second moderator, who is asked now.", number=appeal.id)
    await announce_begun(session, now)
    if appeal.starts_at > now:
        moment = context.words.date_and_time(appeal.starts_at)
        return say("Appeal {number} goes out {moment}.", number=appeal.id, moment=moment)
    return say("Appeal {number} is on its way. A card shows how it is doing.", number=appeal.id)


async def note_appeal(context: Context, appeal: Appeal, action: Action) -> None:
    """Write down what was decided about an appeal."""
    words = shortened(appeal.text_for(context.words.language))
    await note(context.session, appeal.community_id, context.person.id, action, appeal.id, context.now, words)


async def follow_progress(context: Context, appeal: Appeal) -> None:
    """Have a card in the private chat of whoever acts here that shows how the appeal is doing, and is kept up to date."""
    account = context.account
    if account.private_chat is None:
        return
    place = Place(account.platform, account.private_chat, ChatKind.PRIVATE)
    post = {
        "appeal_id": appeal.id,
        "kind": PostKind.PROGRESS,
        "platform": place.platform,
        "place": dump_place(place),
        "language": context.words.language,
        "person_id": context.person.id,
    }
    await post_appeal(context.session, [post], context.now)


async def announce_begun(session: AsyncSession, now: datetime) -> None:
    """Have the appeals that have begun stand in all chats of their teams."""
    for appeal in await take_to_announce(session, now):
        community = await session.get_one(Community, appeal.community_id)
        posts = [
            {
                "appeal_id": appeal.id,
                "kind": PostKind.CALL,
                "platform": place.platform,
                "place": dump_place(place),
                "language": community.language,
                "person_id": None,
            }
            for place in await places_of_call(session, appeal)
        ]
        await post_appeal(session, posts, now)


# The second moderator


async def _ask_second(session: AsyncSession, appeal: Appeal, now: datetime) -> None:
    others = [person.id for person in await staff(session, appeal.community_id) if person.id != appeal.author_id]
    await plan_for(
        session,
        others,
        NoticeKind.TEAM,
        "appeal_second",
        appeal.id,
        community_id=appeal.community_id,
        due_at=now,
        useless_at=min(appeal.stale_at, now + _SECOND_HELPS),
    )


@notice("appeal_second")
async def draw_second(telling: Telling) -> Reply | None:
    """An appeal waits for a second moderator: what it says, and the button."""
    appeal = await get_appeal(telling.session, telling.notice.about)
    if appeal.state is not AppealState.WAITING:
        return None
    shown = await draw_progress(telling.session, appeal, telling.words, telling.now)
    text = "\n\n".join(appeal.texts.values())
    asked = telling.words.say("An appeal waits for a second moderator. This is what it says:")
    see = (Button(telling.words.say("Show the appeal"), "appeal_see", str(appeal.id)),)
    return Reply(text=f"{asked}\n\n{text}", card=shown.card, rows=(*shown.rows, see))
