"""The weekly summary, sent by time: to the team's organizers privately, and to those of its chats that want it."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.context import speak_to
from handlers.mailing import mail_to
from handlers.notices import LATE, Telling, notice, say_late
from handlers.summarizing import put_into_words
from handlers.telling import message_to
from handlers.timed import tick
from handlers.types import ChatKind, Place, Reply, Scope
from handlers.words import Words, words_for
from models.addresses import MailList, addresses_for_summary
from models.communities import Chat, Community, member, staff
from models.delivery import enqueue
from models.notices import NoticeKind, hears, plan
from models.roles import Role
from models.summaries import summarize
from models.weekly import Sending, WeeklySummary, chats_that_get_it, take_due
from models.weeks import Week

TOPIC = "weekly_summary"
_AT_ONCE = 20


@tick("weekly summaries", every=timedelta(minutes=1))
async def send_due(session: AsyncSession, now: datetime) -> bool:
    """Send the summaries that are due, some at a time."""
    sendings, has_more = await take_due(session, now, _AT_ONCE)
    for sending in sendings:
        if sending.community.summary_is_private:
            await _tell_organizers(session, sending)
        await _mail_organizers(session, sending, now)
        await _post(session, sending, now)
    return has_more


async def _tell_organizers(session: AsyncSession, sending: Sending) -> None:
    """Each hears of it at a waking hour, within what they want to be told."""
    organizers = await staff(session, sending.community.id, Role.ORGANIZER)
    notices = [
        {
            "key": f"{TOPIC}:{sending.id}:{person.id}",
            "person_id": person.id,
            "community_id": sending.community.id,
            "kind": NoticeKind.TEAM,
            "topic": TOPIC,
            "about": sending.id,
            "due_at": sending.due_at,
            "useless_at": sending.useless_at,
        }
        for person in organizers
    ]
    await plan(session, notices)


async def _mail_organizers(session: AsyncSession, sending: Sending, now: datetime) -> None:
    """To those of them who chose to get it by mail."""
    community = sending.community
    organizers = [person.id for person in await staff(session, community.id, Role.ORGANIZER)]
    wanted = await addresses_for_summary(session, organizers)
    told = await summarize(session, community, sending.week, now) if wanted else None
    if told is None:
        return
    mails = []
    for address, person in wanted:
        if hears(person, NoticeKind.TEAM):
            reply = put_into_words(told, community, speak_to(person, community.timezone))
            mails.append(mail_to(address, MailList.SUMMARY, str(sending.id), reply, now))
    await enqueue(session, mails)


@notice(TOPIC, alone=True)
async def draw(telling: Telling) -> Reply | None:
    """The summary as its reader reads it; nothing for somebody who organizes the team no more."""
    sent = await telling.session.get_one(WeeklySummary, telling.notice.about)
    reader = await member(telling.session, sent.community_id, telling.person.id)
    if reader is None or not reader.is_active or reader.role < Role.ORGANIZER:
        return None
    community = await telling.session.get_one(Community, sent.community_id)
    week = Week(sent.week_start, community.timezone)
    return await summary_of(telling.session, community, week, telling.words, telling.now)


async def summary_of(session: AsyncSession, community: Community, week: Week, words: Words, now: datetime) -> Reply:
    """A community's week in a reader's words."""
    return put_into_words(await summarize(session, community, week, now), community, words)


async def _post(session: AsyncSession, sending: Sending, now: datetime) -> None:
    """Into the chats that get it, in the community's language."""
    chats = await chats_that_get_it(session, sending.community.id)
    if not chats:
        return
    community = sending.community
    words = words_for(community.language, community.language == "ar", community.timezone)
    reply = await summary_of(session, community, sending.week, words, now)
    if now - sending.due_at > LATE:
        reply = say_late(reply, sending.due_at, words, now)
    await enqueue(session, [_message(sending, chat, reply, now) for chat in chats])


def _message(sending: Sending, chat: Chat, reply: Reply, now: datetime) -> dict[str, object]:
    place = Place(chat.platform, chat.external_id, ChatKind(chat.kind), chat.title)
    return message_to(f"{TOPIC}:{sending.id}:chat:{chat.id}", place, replace(reply, scope=Scope.HERE), now)
