"""`/role`: who may do what in a community."""

import re
from functools import partial

from handlers.context import Context
from handlers.matching import fold
from handlers.naming import find_members, members_meant
from handlers.registry import Arg, ArgKind, command
from handlers.telling import tell
from handlers.types import Button, Card, Reply, Row
from handlers.words import N_, Said, Words, clean_line, isolate
from models.audit import Action, note
from models.communities import Community, Listed, chat_at, highest_role, roster, set_role
from models.people import Person
from models.refusals import NotFound, Outdated
from models.roles import Role

PAGE = 6

ROLES = {
    Role.VOLUNTEER: N_("volunteer"),
    Role.MODERATOR: N_("moderator"),
    Role.ORGANIZER: N_("organizer"),
}

_ROLE_WORDS = {
    fold(word): role
    for role, words in {
        Role.VOLUNTEER: ("volunteer", "تطوّع", "متطوّع", "متطوّعة"),
        Role.MODERATOR: ("moderator", "mod", "إشراف", "مشرف", "مشرفة"),
        Role.ORGANIZER: ("organizer", "organiser", "تنسيق", "منسّق", "منسّقة"),
    }.items()
    for word in words
}

_CHAT_ROLE = re.compile(r"(?:<@&|role:)(\w{1,64})>?")
"""A role of the platform's own, as a mention or by its id."""

_COMMUNITY = Arg("community", ArgKind.NUMBER, "")
_MEMBER = Arg("member", ArgKind.NUMBER, "")
_ROLE_CHOICES = tuple((role.name.lower(), sentence) for role, sentence in ROLES.items())
_WHO = Arg("member", ArgKind.WHO, N_("the member's number or name"), required=False)
_WHICH = Arg("role", ArgKind.TEXT, N_("the new role"), required=False, choices=_ROLE_CHOICES)


@command("role", help=N_("Give somebody a role"), args=(_WHO, _WHICH), role=Role.ORGANIZER)
async def give_role(context: Context, member: str, role: str) -> Reply:
    """The list of members; one of them, with the roles to choose from; or the role given at once."""
    community = await context.community(Role.ORGANIZER)
    who, wanted = parse_wish(f"{member} {role}")
    if not who:
        return await _list(context, community, 0)
    chat_role = _CHAT_ROLE.fullmatch(who)
    if chat_role is not None:
        return await _set_chat_role(context, community, chat_role[1], wanted)
    found = await members_meant(context, community.id, who)
    if not found:
        raise NotFound("member", who)
    if len(found) > 1:
        return _which(context, community, found, wanted)
    if wanted is None:
        return _one(context, community, found[0])
    return await _set(context, community, found[0].person_id, wanted)


async def _set_chat_role(context: Context, community: Community, chat_role: str, role: Role | None) -> Reply:
    """Have a role of the platform's own stand for moderators in this chat, or no more."""
    say, place = context.words.say, context.event.place
    chat = await chat_at(context.session, place.platform, place.chat)
    if chat is None or chat.community_id != community.id:
        return Reply(text=say("This is said in the chat of the team where that role is borne."))
    if role not in {Role.MODERATOR, Role.VOLUNTEER}:
        text = say("A role of this platform can stand for moderators: {example}", example=f"/role role:{chat_role} moderator")
        return Reply(text=text)
    if role is Role.MODERATOR:
        chat.moderator_role = chat_role
        text = say("Members of {community} who bear that role here can do in this chat what moderators do.",
                   community=community.name)  # fmt: skip
    else:
        chat.moderator_role = None
        text = say("In this chat, no role of this platform stands for moderators any more.")
    await context.session.flush()
    return Reply(text=text)


def parse_wish(text: str) -> tuple[str, Role | None]:
    """Who is meant, and the role where one stands at the end, in Arabic or English."""
    who, _, last = clean_line(text).rpartition(" ")
    role = _ROLE_WORDS.get(fold(last))
    return (who, role) if role else (clean_line(text), None)


def role_name(role: Role, words: Words) -> Said:
    return words.say(ROLES[role])


@command("role_page", args=(_COMMUNITY, Arg("page", ArgKind.NUMBER, "")))
async def show_page(context: Context, community: int, page: int) -> Reply:
    """Another page of the list."""
    await context.require(Role.ORGANIZER, community)
    return await _list(context, await context.session.get_one(Community, community), page)


@command("role_of", args=(_COMMUNITY, _MEMBER))
async def show_member(context: Context, community: int, member: int) -> Reply:
    """One member, with the roles to choose from."""
    await context.require(Role.ORGANIZER, community)
    found = find_members(await roster(context.session, community), str(member))
    if not found:
        raise NotFound("member", str(member))
    return _one(context, await context.session.get_one(Community, community), found[0])


@command("role_set", args=(_COMMUNITY, _MEMBER, Arg("role", ArgKind.NUMBER, "")))
async def choose_role(context: Context, community: int, member: int, role: int) -> Reply:
    """Give a member the role that was pressed."""
    await context.require(Role.ORGANIZER, community)
    if role not in ROLES:
        raise Outdated
    return await _set(context, await context.session.get_one(Community, community), member, Role(role))


async def _list(context: Context, community: Community, page: int) -> Reply:
    members = await roster(context.session, community.id)
    shown = members[PAGE * page : PAGE * (page + 1)]
    words = context.words
    lines = tuple(
        words.say("{number} · {name}: {role}", number=one.person_id, name=one.name, role=role_name(one.role, words))
        for one in shown
    )
    rows: list[Row] = [(_member_button(community, one, words),) for one in shown]
    turns = []
    if page and members:
        turns.append(Button(words.say("Earlier"), "role_page", f"{community.id} {page - 1}"))
    if len(members) > PAGE * (page + 1):
        turns.append(Button(words.say("More"), "role_page", f"{community.id} {page + 1}"))
    heading = words.count("{community} has {n} member", "{community} has {n} members", len(members), community=community.name)
    if turns:
        rows.append(tuple(turns))
    footer = words.say("In words it is like this: {example}", example="/role 12 moderator")
    return Reply(card=Card(heading, lines, footer), rows=tuple(rows), edit=context.is_press)


def _member_button(community: Community, member: Listed, words: Words) -> Button:
    label = words.beside(isolate(clean_line(member.name)[:40]), role_name(member.role, words))
    return Button(label, "role_of", f"{community.id} {member.person_id}")


def _one(context: Context, community: Community, member: Listed) -> Reply:
    words = context.words
    text = words.say(
        "{name} (number {number}) in {community}: {role}.",
        name=member.name,
        number=member.person_id,
        community=community.name,
        role=role_name(member.role, words),
    )
    choices = tuple(
        Button(words.say("Role: {role}", role=role_name(role, words)), "role_set", f"{community.id} {member.person_id} {role}")
        for role in ROLES
        if role != member.role
    )
    rows = (*((choice,) for choice in choices), (Button(words.say("All members"), "role_page", f"{community.id} 0"),))
    return Reply(text=text, rows=rows, edit=context.is_press)


def _which(context: Context, community: Community, found: list[Listed], role: Role | None) -> Reply:
    """Several go by that name; a press says who is meant, and gives the role that was named."""
    words = context.words
    rows = []
    for member in found[: PAGE + 2]:
        label = words.beside(isolate(clean_line(member.name)[:40]), words.number(member.person_id))
        args = f"{community.id} {member.person_id}"
        rows.append((Button(label, "role_set", f"{args} {role}") if role else Button(label, "role_of", args),))
    return Reply(text=words.say("Several members go by that name. Who is meant?"), rows=tuple(rows), edit=context.is_press)


async def _set(context: Context, community: Community, person_id: int, role: Role) -> Reply:
    """Give the role, and tell both. Raises a Refusal."""
    words, say = context.words, context.words.say
    was = await set_role(context.session, community.id, person_id, role, by=context.person.id)
    member = await context.session.get_one(Person, person_id)
    named = {"name": member.name, "community": community.name, "role": role_name(role, words)}
    is_own = person_id == context.person.id
    rows = () if is_own else ((Button(say("All members"), "role_page", f"{community.id} 0"),),)
    if was == role:
        text = say("{name} has this role in {community} already: {role}.", **named)
        return Reply(text=text, rows=rows, edit=context.is_press)
    await note(context.session, community.id, context.person.id, Action.ROLE_GIVEN, person_id, context.now, role.name)
    key = f"role:{community.id}:{int(context.now.timestamp() * 1000)}"
    highest = await highest_role(context.session, person_id)
    news = partial(_news, community=community, role=role, menu=highest.name.lower())
    await tell(context, [person_id], key, news, zone=community.timezone)
    text = say("{name} has a new role in {community}: {role}.", **named)
    return Reply(text=text, toast=text, rows=rows, edit=context.is_press)


def _news(words: Words, *, community: Community, role: Role, menu: str) -> Reply:
    text = words.say(
        "There is a new role for you in {community}: {role}. What can be done with it is in /help.",
        community=community.name,
        role=role_name(role, words),
    )
    return Reply(text=text, rows=((Button(words.say("What can be done"), "help"),),), role=menu)
