"""An appeal as people see it: the message that each gets, the one in a team's chats, and how it is doing.

What a message says is the same for all readers of a language and a time zone, so whoever sends it to many looks up what it
takes once (`material`) and draws it for each kind of reader (`draw_message`).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.appeal_progress import draw_progress
from handlers.cards import place_text
from handlers.context import speak_to
from handlers.stored import load_place
from handlers.types import Button, Card, ChatKind, Link, Media, Place, Reply, Row, Scope, Tone
from handlers.words import LANGUAGES, N_, Said, Words, words_for
from models.appeals import NOT_YET, OVER, Appeal, AppealPost, AppealState, PostKind
from models.calling import tasks_of_appeal
from models.communities import Chat, Community, chats_of
from models.people import Person
from models.pictures import get_picture
from models.tasks import Task, TaskState

TEXT_LIMIT: Final = 1500
_CAPTION_LIMIT: Final = 920
"""Characters that fit under a picture on every platform, with a line of ours before them."""
_TASKS_SHOWN = 3

ENDINGS = {
    AppealState.ENDED: N_("Covered, thank you! This appeal from {community} is over."),
    AppealState.STALE: N_("This appeal from {community} is over: its time has passed. Thank you for reading it."),
    AppealState.STOPPED: N_("This appeal from {community} does not hold any more. Nothing needs to be done about it."),
}


@dataclass(frozen=True)
class Material:
    """All that drawing an appeal's message takes."""

    appeal: Appeal
    community: Community
    media: Media | None
    tasks: tuple[Task, ...]
    """Those that can be taken now."""


async def material(session: AsyncSession, appeal: Appeal) -> Material:
    """What an appeal's message is made of, as it stands."""
    community = await session.get_one(Community, appeal.community_id)
    picture = await get_picture(session, appeal.picture) if appeal.picture else None
    media = Media(picture.id, picture.content_type, picture.size_bytes) if picture else None
    tasks = await tasks_of_appeal(session, appeal)
    return Material(appeal, community, media, tuple(task for task in tasks if task.state is TaskState.OPEN))


def words_of_reader(made: Material, person: Person) -> Words:
    """How to speak to somebody of an appeal."""
    return speak_to(person, made.community.timezone)


def room_for_text(made: Material) -> int:
    """How many characters its text may have, in any language."""
    if made.media is None:
        return TEXT_LIMIT
    around = [_length(_card(made, Words(language))) - len(made.appeal.text_for(language)) for language in LANGUAGES]
    return max(0, _CAPTION_LIMIT - max(around))


def fits_under_picture(card: Card | None, text: str) -> bool:
    """Whether so many words have room under a picture."""
    return len(text) + (_length(card) if card else 0) <= _CAPTION_LIMIT


def _length(card: Card) -> int:
    return sum(len(line) + 1 for line in (card.title, *card.lines, card.footer))


def draw_message(made: Material, words: Words) -> Reply:
    """What somebody gets privately: the appeal, and its four answers; once it is over, that."""
    if made.appeal.state in OVER:
        return Reply(card=_card(made, words), media=made.media, rows=((Button(words.say("Other tasks"), "tasks"),),))
    say, number = words.say, str(made.appeal.id)
    rows: tuple[Row, ...] = (
        (Button(say("I'm in"), "appeal_in", number, tone=Tone.PRIMARY), Button(say("Share"), "appeal_share", number)),
        (Button(say("Not now"), "appeal_later", number), Button(say("Not for me"), "appeal_fewer", number)),
        (Button(say("Stop such messages"), "stop"),),
    )
    return Reply(card=_card(made, words), media=made.media, rows=rows)


def draw_call(made: Material, place: Place) -> Reply:
    """The appeal in a chat of its team, in the team's language; it calls a role where a moderator asked for that."""
    community = made.community
    words = words_for(community.language, community.language == "ar", community.timezone)
    say, number = words.say, str(made.appeal.id)
    rows: tuple[Row, ...] = (
        (Button(say("I'm in"), "appeal_in", number, tone=Tone.PRIMARY),),
        (Link(say("More in private"), f"appeal_{number}"),),
    )
    shown = () if made.appeal.state in OVER else rows
    platform, chat, role = (*made.appeal.called_role.split(), "", "", "")[:3]
    pings = (role,) if (platform, chat) == (place.platform, place.chat) and shown else ()
    return Reply(card=_card(made, words), media=made.media, rows=shown, scope=Scope.HERE, pings=pings)


async def places_of_call(session: AsyncSession, appeal: Appeal) -> list[Place]:
    """Where an appeal stands for all to see: the chats of its team, in one of them perhaps in a thread."""
    platform, external_id, thread = (*appeal.thread.split(), "", "", "")[:3]

    def place_in(chat: Chat) -> Place:
        is_there = (chat.platform, chat.external_id) == (platform, external_id)
        return Place(chat.platform, chat.external_id, ChatKind(chat.kind), chat.title, thread if is_there else "")

    return [place_in(chat) for chat in await chats_of(session, appeal.community_id)]


async def draw_post(session: AsyncSession, post: AppealPost, now: datetime) -> Reply:
    """What a post that follows an appeal shows now."""
    appeal = await session.get_one(Appeal, post.appeal_id)
    if post.kind is PostKind.CALL:
        return draw_call(await material(session, appeal), load_place(post.place))
    community = await session.get_one(Community, appeal.community_id)
    reader = await session.get(Person, post.person_id) if post.person_id is not None else None
    words = speak_to(reader, community.timezone) if reader else words_for(post.language, post.language == "ar", "UTC")
    return await draw_progress(session, appeal, words, now)


def _card(made: Material, words: Words) -> Card:
    say, appeal, community = words.say, made.appeal, made.community
    text = appeal.text_for(words.language)
    confirmed = words.date_and_time(appeal.last_confirmed_at)
    who = appeal.vouched_by or community.name
    footer = say("{who} vouches for this. Last confirmed: {moment}", who=who, moment=confirmed)
    if appeal.state in OVER:
        return Card(say(ENDINGS[appeal.state], community=community.name), (text,), footer)
    is_urgent = appeal.is_urgent or (appeal.wants_urgent and appeal.state in NOT_YET)  # as it will be
    title = N_("Urgent appeal from {community}") if is_urgent else N_("Appeal from {community}")
    return Card(say(title, community=community.name), (text, *_tasks(made, words)), footer)


def _tasks(made: Material, words: Words) -> list[Said]:
    """What there is to do, with its minutes; what has no room is counted."""
    lines = [
        words.say(
            "{title}: {minutes}, {place}",
            title=task.title,
            minutes=words.minutes(task.minutes),
            place=place_text(task.place, words),
        )
        for task in made.tasks[:_TASKS_SHOWN]
    ]
    others = len(made.tasks) - len(lines)
    if others:
        lines.append(words.count("and {n} more task", "and {n} more tasks", others))
    return [Said(""), *lines] if lines else []
