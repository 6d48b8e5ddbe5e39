"""When a private chat does not take what is said: whoever chose so is called by name in a chat of their team, and nobody reads
there what it is about."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.telling import message_to
from handlers.types import Button, ChatKind, Mention, Place, Reply, Scope
from handlers.words import words_for
from models.communities import Chat, Community
from models.delivery import enqueue
from models.missed import accounts_in, accounts_to_call, chat_to_call_in
from models.people import Account, Person, close_private_chats


async def note_closed(session: AsyncSession, place: Place, now: datetime) -> None:
    """A private chat takes nothing from us any more."""
    people = [person.id for _, person in await accounts_in(session, place.platform, place.chat)]
    await close_private_chats(session, place.platform, place.chat)
    await call(session, people, now)


async def call(session: AsyncSession, person_ids: Iterable[int], now: datetime) -> None:
    """Call those of these people who chose to be, once a day at most."""
    for account, person in await accounts_to_call(session, person_ids):
        chat = await chat_to_call_in(session, person, account.platform)
        if chat is not None:
            await enqueue(session, [await _call(session, account, person, chat, now)])


async def _call(session: AsyncSession, account: Account, person: Person, chat: Chat, now: datetime) -> dict[str, object]:
    community = await session.get_one(Community, chat.community_id)
    words = words_for(person.language, person.language == "ar", community.timezone)
    text = words.say("There is something for you that could not be said in private.")
    reply = Reply(
        text=text,
        rows=((Button(words.say("Show it to me"), "missed"),),),
        scope=Scope.HERE,
        mentions=(Mention(account.external_id, person.first_name),),
    )
    place = Place(chat.platform, chat.external_id, ChatKind(chat.kind), chat.title)
    return message_to(f"call:{account.id}:{now:%Y%m%d}", place, reply, now)
