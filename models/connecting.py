"""A community's other chats: joined to it by an organizer's one-time code, and let go of again."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from models.cards import LiveCard
from models.codes import Code, CodeKind, look_up, note_wrong, use
from models.communities import Chat, Community, chat_at, member
from models.refusals import ChatTaken, CodeWrong, TriesSpent
from models.roles import Role
from models.setting_up import Home


async def connect(
    session: AsyncSession, home: Home, text: str, by: int, now: datetime
) -> tuple[Chat, Code] | CodeWrong | TriesSpent:
    """Have the community of this code live in one chat more; the chat, and the code that was used up by it.

    A code proves that an organizer wants it so, for as long as they are one. Raises ChatTaken; and IntegrityError where the
    chat is taken by another transaction at this moment: repeated, it finds that out.
    """
    taken = await chat_at(session, home.platform, home.external_id)
    if taken is not None:
        community = await session.get_one(Community, taken.community_id)
        raise ChatTaken(community.name, community.code)
    code = await look_up(session, CodeKind.CONNECT, by, text, now)
    if not isinstance(code, Code):
        return code
    if code.community_id is None or not await _organizes(session, code.community_id, code.person_id):
        return await note_wrong(session, by, now)
    if not await use(session, code, now):
        return await note_wrong(session, by, now)
    chat = Chat(
        community_id=code.community_id,
        platform=home.platform,
        external_id=home.external_id,
        kind=home.kind,
        title=home.title[:200],
    )
    session.add(chat)
    await session.flush()
    return chat, code


async def _organizes(session: AsyncSession, community_id: int, person_id: int) -> bool:
    found = await member(session, community_id, person_id)
    return found is not None and found.is_active and found.role >= Role.ORGANIZER


async def disconnect(session: AsyncSession, chat_id: int) -> bool:
    """Let go of a chat: its community lives there no more, and cards there are not kept up to date. Whether it was one."""
    await session.execute(delete(LiveCard).where(LiveCard.chat_id == chat_id))
    return await session.scalar(delete(Chat).where(Chat.id == chat_id).returning(Chat.id)) is not None
