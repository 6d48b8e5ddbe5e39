"""What could not be said to somebody in private: it is in the outbox still, and is shown when they are here again."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.communities import Chat, Member
from models.delivery import Outbox
from models.people import Account, Person

UNREACHABLE = "Unreachable"
"""How the failure of a message begins that the reader's platform did not let through."""
_SHOWN = "shown later"


async def missed(session: AsyncSession, place: str, limit: int) -> Sequence[Outbox]:
    """The latest messages that did not get through to a place, the oldest of them first."""
    wanted = (
        select(Outbox)
        .where(Outbox.place == place, Outbox.failure.is_not(None), Outbox.failure.startswith(UNREACHABLE))
        .order_by(Outbox.id.desc())
        .limit(limit)
    )
    return list(reversed((await session.scalars(wanted)).all()))


async def mark_shown(session: AsyncSession, messages: Iterable[Outbox]) -> None:
    """They have seen these now."""
    ids = [message.id for message in messages]
    await session.execute(update(Outbox).where(Outbox.id.in_(ids)).values(failure=_SHOWN))


async def accounts_in(session: AsyncSession, platform: str, chat: str) -> list[tuple[Account, Person]]:
    """Whose private chat this is."""
    rows = await session.execute(
        select(Account, Person)
        .join(Person, Person.id == Account.person_id)
        .where(Account.platform == platform, Account.private_chat == chat)
    )
    return [(account, person) for account, person in rows]


async def accounts_to_call(session: AsyncSession, person_ids: Iterable[int]) -> list[tuple[Account, Person]]:
    """The accounts of those of these people who want to be called in a chat, and want no privacy."""
    rows = await session.execute(
        select(Account, Person)
        .join(Person, Person.id == Account.person_id)
        .where(Person.id.in_(list(person_ids)), Person.called_in_chat, Person.is_private.is_(False))
        .order_by(Account.id)
    )
    return [(account, person) for account, person in rows]


async def chat_to_call_in(session: AsyncSession, person: Person, platform: str) -> Chat | None:
    """A chat of a team of theirs on a platform, of the one they last dealt with where it has one."""
    chats = await session.scalars(
        select(Chat)
        .join(Member, Member.community_id == Chat.community_id)
        .where(
            Member.person_id == person.id,
            Member.left_at.is_(None),
            Member.blocked_at.is_(None),
            Chat.platform == platform,
            Chat.left_at.is_(None),
        )
        .order_by(Chat.id)
    )
    found = chats.all()
    return next((chat for chat in found if chat.community_id == person.focus_community_id), found[0] if found else None)
