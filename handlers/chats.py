"""What platforms tell by themselves: chats we were added to, removed from or that moved, private chats opened and closed.

Every one of these may be told twice, or in another order than it happened.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from handlers.closed_doors import note_closed
from handlers.context import Context
from handlers.registry import service
from handlers.setting_up import FOUND
from handlers.stored import dump_place, load_place
from handlers.telling import tell, tell_people
from handlers.types import Button, ChatKind, Place, Reply, Scope, Service
from handlers.words import Words, words_for
from models.communities import Chat, Community, chat_at, set_chat_presence, staff
from models.delivery import unsent_mentioning
from models.dialogues import Dialogue
from models.moving import move_chat
from models.notices import NoticeKind
from models.people import open_private_chat
from models.roles import Role


@service(Service.CHAT_ADDED)
async def added(context: Context) -> Reply:
    """Say in one sentence what this is and how it begins; where a community lives, only that it goes on."""
    place = context.event.place
    chat = await chat_at(context.session, place.platform, place.chat)
    if chat is not None:
        return await _welcome_back(context, chat)
    if place.kind is not ChatKind.GROUP:
        return Reply()
    text = context.words.say(
        "Hello! Himma shares small tasks among volunteers, a few minutes each. It begins when an admin of this group "
        "says /setup."
    )
    return Reply(text=text, scope=Scope.HERE)


async def _welcome_back(context: Context, chat: Chat) -> Reply:
    if chat.left_at is None:
        return Reply()
    await set_chat_presence(context.session, chat.platform, chat.external_id, None)
    community = await context.session.get_one(Community, chat.community_id)
    words = words_for(community.language, community.language == "ar", community.timezone)
    text = words.say("{community} goes on in this chat, with nothing lost.", community=community.name)
    return Reply(text=text, scope=Scope.HERE)


@service(Service.CHAT_REMOVED)
async def removed(context: Context) -> Reply:
    """Nothing can be said there any more: the organizers are told in private."""
    place = context.event.place
    chat = await chat_at(context.session, place.platform, place.chat)
    if chat is None or chat.left_at is not None:
        return Reply()
    await set_chat_presence(context.session, place.platform, place.chat, context.now)
    community = await context.session.get_one(Community, chat.community_id)
    organizers = await staff(context.session, community.id, Role.ORGANIZER)
    key = f"removed:{chat.id}:{int(context.now.timestamp())}"
    news = partial(_loss, community=community, chat=chat)
    await tell(context, [one.id for one in organizers], key, news, zone=community.timezone, kind=NoticeKind.TEAM)
    return Reply()


def _loss(words: Words, community: Community, chat: Chat) -> Reply:
    text = words.say(
        "This bot was removed from the chat {chat} of {community}: tasks do not appear there any more. "
        "Adding it again brings everything back. If the chat is gone, {command} joins another one.",
        chat=chat.title or chat.external_id,
        community=community.name,
        command="/connect",
    )
    return Reply(text=text)


async def note_unreachable(session: AsyncSession, place: Place, now: datetime) -> None:
    """The platform does not let us speak in a group any more: its organizers are told, once a day. Its live cards wait."""
    chat = await chat_at(session, place.platform, place.chat)
    if chat is None or chat.left_at is not None:
        return
    await set_chat_presence(session, place.platform, place.chat, now)
    await _tell_organizers(session, chat, f"unreachable:{chat.id}:{now:%Y%m%d}", _silence, now)


async def note_refused(session: AsyncSession, place: Place, now: datetime) -> None:
    """The platform took one message into a group as wrong: its organizers are told, once a day."""
    chat = await chat_at(session, place.platform, place.chat)
    if chat is not None and chat.left_at is None:
        await _tell_organizers(session, chat, f"refused:{chat.id}:{now:%Y%m%d}", _refusal, now)


async def _tell_organizers(session: AsyncSession, chat: Chat, key: str, say: Callable[..., Reply], now: datetime) -> None:
    community = await session.get_one(Community, chat.community_id)
    organizers = [one.id for one in await staff(session, community.id, Role.ORGANIZER)]
    news = partial(say, community=community, chat=chat)
    await tell_people(session, organizers, key, news, now, zone=community.timezone, kind=NoticeKind.TEAM)


def _silence(words: Words, community: Community, chat: Chat) -> Reply:
    text = words.say(
        "In the chat {chat} of {community} this bot is not let speak any more: it was removed, or a permission was taken "
        "away. Nothing is lost. When it may write there again, the button brings its cards up to date; if the chat is gone, "
        "{command} joins another one.",
        chat=chat.title or chat.external_id,
        community=community.name,
        command="/connect",
    )
    again = Button(words.say("Try again"), "chat_try", str(chat.id))
    return Reply(text=text, rows=((again, Button(words.say("The team's chats"), "chats_show", str(community.id))),))


def _refusal(words: Words, community: Community, chat: Chat) -> Reply:
    text = words.say(
        "A message into the chat {chat} of {community} was not taken. Often a permission is missing there: to write, to show "
        "links, or to attach files. The task itself is as it was, and {command} puts its card there again.",
        chat=chat.title or chat.external_id,
        community=community.name,
        command="/post",
    )
    return Reply(text=text)


@service(Service.CHAT_MOVED)
async def moved(context: Context) -> Reply:
    """The chat has another id from now on, and everything goes along: the community, its live cards, what is still to be
    sent there, and a wizard that is about to set it up."""
    place, new = context.event.place, context.event.args
    if not new or new == place.chat:
        return Reply()
    await move_chat(context.session, place.platform, place.chat, new, context.now)
    for message in await unsent_mentioning(context.session, place.platform, place.chat):
        there = load_place(message.place)
        if there.chat == place.chat:
            message.place = dump_place(replace(there, chat=new))
    dialogues = await context.session.scalars(select(Dialogue).where(Dialogue.flow == FOUND.name))
    for dialogue in dialogues:
        if (dialogue.data["platform"], dialogue.data["chat"]) == (place.platform, place.chat):
            dialogue.data = {**dialogue.data, "chat": new}
    await context.session.flush()
    return Reply()


@service(Service.PRIVATE_OPENED)
async def private_opened(context: Context) -> Reply:
    """We may write to the sender (again)."""
    await open_private_chat(context.session, context.account, context.event.place.chat)
    return Reply()


@service(Service.PRIVATE_CLOSED)
async def private_closed(context: Context) -> Reply:
    """The sender has blocked us."""
    await note_closed(context.session, context.event.place, context.now)
    return Reply()
