"""A chat goes on under another external id: a group became a supergroup."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.cards import LiveCard
from models.communities import chat_at
from models.tasks import Task, TaskState


async def move_chat(session: AsyncSession, platform: str, old: str, new: str, now: datetime) -> None:
    """What belongs to the chat stays with it. Its messages do not move along, so live cards are sent anew. Telling it twice
    changes nothing."""
    chat = await chat_at(session, platform, old)
    if chat is None:
        return
    if await chat_at(session, platform, new):
        chat.left_at = chat.left_at or now  # a community was set up there before we heard of the move: it has the chat
        await session.flush()
        return
    chat.external_id, chat.left_at = new, None
    await session.flush()
    under_way = select(Task.id).where(Task.state.in_((TaskState.OPEN, TaskState.PAUSED)), Task.deadline_at > now)
    stands_here = LiveCard.chat_id == chat.id
    await session.execute(delete(LiveCard).where(stands_here, LiveCard.task_id.not_in(under_way)))
    await session.execute(
        update(LiveCard)
        .where(stands_here, LiveCard.message.is_not(None))
        .values(message=None, shown="", due_at=None, stale_since=now, changes=LiveCard.changes + 1, thread="")
    )
