"""`/connect`: one more chat for a team, on whatever platform; and letting go of one.

An organizer gets a one-time code, and an admin of the other chat says it there: so both sides want it, whether or not they
are known to be the same person.
"""

from dataclasses import replace

from handlers.context import Context, speak_to
from handlers.refusals import put_into_words
from handlers.registry import Arg, ArgKind, command
from handlers.telling import message_to, tell
from handlers.types import Button, Card, ChatKind, Link, Place, Reply, Row, Scope, Tone
from handlers.words import N_, Said, Words, clean_line, to_latin_digits, words_for
from models.codes import LIFETIMES, CodeKind, issue, void
from models.communities import Chat, Community, all_chats, staff
from models.connecting import connect, disconnect
from models.delivery import enqueue
from models.notices import NoticeKind
from models.people import Person
from models.refusals import ChatTaken, Outdated, Refusal
from models.roles import Role
from models.setting_up import Home

_CHATS_SHOWN = 6
_TITLE_SHOWN = 40
_COMMUNITY = Arg("community", ArgKind.NUMBER, "")
_CHAT = Arg("chat", ArgKind.NUMBER, "")
_CODE = Arg("code", ArgKind.CODE, N_("the code that an organizer was given"), required=False)


@command("connect", help=N_("Join this chat to a team"), args=(_CODE,), asks_admin=True)
async def connect_here(context: Context, code: str) -> Reply:
    """Without a code an organizer is given one; with it an admin joins the chat where it is said."""
    say = context.words.say
    if context.in_private and code:
        return Reply(text=say("This code is said in the chat that is to be joined, by one of its admins."))
    if context.chat_community_id is not None and code:
        return await _refuse_taken(context, context.chat_community_id, code)
    if context.in_private or context.chat_community_id is not None:
        return await _give_code(context, await context.community(Role.ORGANIZER))
    if not code:
        text = say(
            "To join this chat to a team, an organizer of the team says {command} in the private chat and gets a code; an "
            "admin of this chat says it here, after {command}. A new team begins with {setup}.",
            command="/connect",
            setup="/setup",
        )
        return Reply(text=text, scope=Scope.HERE)
    is_admin = context.event.sender.is_chat_admin
    if is_admin is None:
        text = say("Who administers this chat could not be checked just now. Please try once more.")
        return Reply(text=text, scope=Scope.HERE)
    return await (_connect(context, code) if is_admin else _refuse_stranger(context, code))


async def _refuse_taken(context: Context, community_id: int, code: str) -> Reply:
    await _void(context, code)
    community = await context.session.get_one(Community, community_id)
    return replace(put_into_words(ChatTaken(community.name, community.code), context.words), scope=Scope.HERE)


async def _refuse_stranger(context: Context, code: str) -> Reply:
    await _void(context, code)
    text = context.words.say(
        "A chat is joined to a team by one of its admins. The code that was said here does not work any more."
    )
    return Reply(text=text, scope=Scope.HERE)


async def _void(context: Context, code: str) -> None:
    """Others may have read it, and one of them may administer a chat of their own."""
    await void(context.session, CodeKind.CONNECT, to_latin_digits(code))


@command("connect_code", args=(_COMMUNITY,))
async def give_code(context: Context, community: int) -> Reply:
    """A new code for this team."""
    await context.require(Role.ORGANIZER, community)
    return await _give_code(context, await context.session.get_one(Community, community))


async def _give_code(context: Context, community: Community) -> Reply:
    await context.require(Role.ORGANIZER, community.id)
    code = await issue(context.session, CodeKind.CONNECT, context.person.id, context.now, community_id=community.id)
    words = speak_to(context.person, community.timezone)
    text = words.say(
        "With this an admin of another group or channel, on any platform, joins it to {community}: {command}\n"
        "It works once, until {moment}, and is for that admin alone. This bot has to be in that chat.",
        community=community.name,
        command=f"/connect {code}",
        moment=words.moment(context.now + LIFETIMES[CodeKind.CONNECT], context.now),
    )
    return Reply(text=text, rows=((_to_chats(community.id, words),),), edit=context.is_press)


def _to_chats(community_id: int, words: Words) -> Button:
    return Button(words.say("The team's chats"), "chats_show", str(community_id))


async def _connect(context: Context, code: str) -> Reply:
    place = context.event.place
    home = Home(place.platform, place.chat, place.kind.value, clean_line(place.title))
    done = await connect(context.session, home, to_latin_digits(code), context.person.id, context.now)
    if isinstance(done, Refusal):
        return replace(put_into_words(done, context.words), scope=Scope.HERE)
    chat, used = done
    community = await context.session.get_one(Community, chat.community_id)
    organizers = {one.id for one in await staff(context.session, community.id, Role.ORGANIZER)}
    giver = await context.session.get_one(Person, used.person_id)
    names = {"name": context.person.name, "organizer": giver.name}

    def news(words: Words) -> Reply:
        text = words.say(
            "{chat} on {platform} belongs to {community} now. {name} joined it, with the code of {organizer}.",
            chat=_title(chat), platform=platform_name(chat.platform), community=community.name, **names,
        )  # fmt: skip
        return Reply(text=text, rows=((_to_chats(community.id, words), _part_button(chat, words)),))

    await tell(
        context,
        organizers,
        f"connected:{place.platform}:{place.chat}:{used.id}",
        news,
        zone=community.timezone,
        kind=NoticeKind.TEAM,
    )
    say = words_for(community.language, community.language == "ar", community.timezone).say
    text = say(
        "This chat belongs to the team {community} now. Its tasks can be put here with {post}; a task's seats are the same "
        "seats wherever its card stands.",
        community=community.name,
        post="/post",
    )
    joining = Link(say("Join {community}", community=community.name), f"join_{community.code}")
    return Reply(text=text, rows=((joining,),), scope=Scope.HERE)


@command("chats_show", args=(_COMMUNITY,))
async def show_chats(context: Context, community: int) -> Reply:
    """Where a team lives, with a way to let go of each chat, and to join another."""
    await context.require(Role.ORGANIZER, community)
    return await _chats(context, await context.session.get_one(Community, community))


async def _chats(context: Context, community: Community, said: str = "") -> Reply:
    words, say = context.words, context.words.say
    chats = await all_chats(context.session, community.id)
    rows: list[Row] = []
    for chat in chats[:_CHATS_SHOWN]:
        again = () if chat.left_at is None else (Button(say("Try again"), "chat_try", str(chat.id)),)
        rows.append((_part_button(chat, words), *again))
    rows.append((Button(say("Join another chat"), "connect_code", str(community.id)),))
    rows.append((Button(say("Back"), "settings_show", str(community.id)),))
    lines = tuple(_line(chat, words) for chat in chats) or (say("The team lives in no chat at the moment."),)
    card = Card(say("The chats of {community}", community=community.name), lines)
    return Reply(text=said, card=card, rows=tuple(rows), edit=context.is_press)


def _line(chat: Chat, words: Words) -> Said:
    values = {"chat": _title(chat), "platform": platform_name(chat.platform)}
    if chat.left_at is not None:
        return words.say("{chat} on {platform}: nothing can be said there at the moment", **values)
    if chat.moderator_role:
        return words.say("{chat} on {platform}, where one of its own roles moderates", **values)
    return words.say("{chat} on {platform}", **values)


def _title(chat: Chat) -> str:
    return clean_line(chat.title) or chat.external_id


def platform_name(platform: str) -> str:
    """A platform's name as people write it."""
    return platform.capitalize()


def _part_button(chat: Chat, words: Words) -> Button:
    return Button(words.say("Let go of {chat}", chat=_title(chat)[:_TITLE_SHOWN]), "chat_part", str(chat.id))


@command("chat_part", args=(_CHAT,))
async def ask_to_part(context: Context, chat: int) -> Reply:
    """Say what letting go of a chat means."""
    found, community = await _organized(context, chat)
    say = context.words.say
    text = say(
        "Let go of {chat}? Tasks, hours and members stay with {community}; cards in that chat do not follow what happens any "
        "more. It can be joined again with a new code.",
        chat=_title(found),
        community=community.name,
    )
    go = Button(say("Let go"), "chat_parted", str(found.id), tone=Tone.DANGER)
    return Reply(text=text, rows=((go, _to_chats(community.id, context.words)),), edit=context.is_press)


@command("chat_parted", args=(_CHAT,))
async def part(context: Context, chat: int) -> Reply:
    """The chat is the team's no more, and hears so. Pressing twice changes nothing."""
    found, community = await _organized(context, chat)
    if not await disconnect(context.session, found.id):
        raise Outdated
    if found.left_at is None:
        words = words_for(community.language, community.language == "ar", community.timezone)
        text = words.say("This chat does not belong to the team {community} any more.", community=community.name)
        place = Place(found.platform, found.external_id, ChatKind(found.kind), found.title)
        key = f"parted:{found.platform}:{found.external_id}:{int(context.now.timestamp())}"
        await enqueue(context.session, [message_to(key, place, Reply(text=text, scope=Scope.HERE), context.now)])
    said = context.words.say("{chat} is let go of.", chat=_title(found))
    return replace(await _chats(context, community, said), toast=said)


@command("chat_try", args=(_CHAT,))
async def try_again(context: Context, chat: int) -> Reply:
    """What kept us out of a chat is mended: cards are drawn there again."""
    found, community = await _organized(context, chat)
    found.left_at = None
    await context.session.flush()
    said = context.words.say(
        "{chat} is written to again. Cards come within a minute, if the bot is let in.", chat=_title(found)
    )
    return replace(await _chats(context, community, said), toast=said)


async def _organized(context: Context, chat_id: int) -> tuple[Chat, Community]:
    """A chat of a team that the person organizes. Raises Outdated where there is none, NotAllowed."""
    found = await context.session.get(Chat, chat_id)
    if found is None:
        raise Outdated
    await context.require(Role.ORGANIZER, found.community_id)
    return found, await context.session.get_one(Community, found.community_id)
