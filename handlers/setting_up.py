"""`/setup`: a chat becomes a community, and its organizers can change what it is."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from babel.dates import get_day_names

from handlers.beginning import LANGUAGE_NAMES
from handlers.context import Context
from handlers.flows import Ask, Data, Flow, Given, Invalid, Option, Step, check_length, declare, start
from handlers.matching import fold, read_language
from handlers.refusals import put_into_words
from handlers.registry import Arg, ArgKind, Where, command
from handlers.stored import dump_place, dump_reply
from handlers.types import Button, Card, ChatKind, Link, Place, Reply, Scope, Tone
from handlers.words import LANGUAGES, N_, Said, Words, clean, clean_line, words_for
from handlers.zones import ask_zone, read_zone
from models.communities import Community
from models.delivery import enqueue
from models.refusals import ChatTaken
from models.roles import Role
from models.setting_up import Charter, Home, change, found

NAME_LIMIT = 80
RULES_LIMIT = 2000
_WEEKDAYS = (5, 6, 0)
"""Saturday, Sunday, Monday: on which weeks begin in the places we know of."""


@command("setup", help=N_("Make this chat a team's home"), where=Where.GROUP, asks_admin=True)
async def setup(context: Context) -> Reply:
    """For an admin of the group, or for its organizers once it is a community. What others hear stands in the group."""
    say = context.words.say
    if context.in_private:
        text = say(
            "A team is set up in its group: add this bot to the group, and have an admin say /setup there. "
            "What is set up already changes with /settings."
        )
        return Reply(text=text)
    if context.chat_community_id is not None:
        return await _reopen(context, context.chat_community_id)
    is_admin = context.event.sender.is_chat_admin
    if is_admin is None:
        return Reply(
            text=say("Who administers this chat could not be checked just now. Please try once more."), scope=Scope.HERE
        )
    if not is_admin:
        text = say("A team's first organizer is an admin of its chat: please ask one of them to say /setup here.")
        return Reply(text=text, scope=Scope.HERE)
    place = context.event.place
    home = {"platform": place.platform, "chat": place.chat, "kind": place.kind.value, "title": clean_line(place.title)}
    return await start(context, FOUND, home | {"was": _proposals(context)})


async def _reopen(context: Context, community_id: int) -> Reply:
    community = await context.session.get_one(Community, community_id)
    member = await context.member_of(community_id)
    if member is None or member.role < Role.ORGANIZER:
        refused = put_into_words(ChatTaken(community.name, community.code), context.words)
        return replace(refused, scope=Scope.HERE)
    return await change_community(context, community_id)


@command("setup_change", args=(Arg("community", ArgKind.NUMBER, ""),))
async def change_community(context: Context, community: int) -> Reply:
    """The wizard once more, with what is true offered first."""
    await context.require(Role.ORGANIZER, community)
    found = await context.session.get_one(Community, community)
    was = {name: getattr(found, name) for name in ("name", "language", "timezone", "first_weekday", "rules")}
    return await start(context, CHANGE, {"community": community, "was": was})


def _proposals(context: Context) -> dict[str, Any]:
    """What is likely before anybody has said anything."""
    return {
        "name": clean_line(context.event.place.title)[:NAME_LIMIT].strip(),
        "language": context.person.language,
        "timezone": context.person.timezone or "",
        "first_weekday": None,
        "rules": "",
    }


# The questions. `was` holds what was true before, or is likely: it is offered first.


async def _ask_name(context: Context, data: Data) -> Ask:
    was = data["was"]["name"]
    options = ((Option(Said(was), "same"),),) if was else ()
    return Ask(context.words.say("What is the team called?"), options, placeholder=context.words.say("The team's name"))


async def _parse_name(context: Context, data: Data, given: Given) -> str:
    name = clean_line(given.text) if given.option is None else str(data["was"]["name"])
    if not 1 <= len(name) <= NAME_LIMIT:
        raise Invalid(context.words.say("A name has between {least} and {most} characters.", least=1, most=NAME_LIMIT))
    return name


async def _ask_language(context: Context, data: Data) -> Ask:
    was = data["was"]["language"]
    options = [
        Option(Said(LANGUAGE_NAMES[one]), one, Tone.PRIMARY if one == was else Tone.PLAIN)
        for one in sorted(LANGUAGES, key=lambda one: one != was)
    ]
    return Ask(
        context.words.say("In which language is the whole group spoken to? In private, each person has their own."),
        (tuple(options),),
    )


async def _parse_language(context: Context, data: Data, given: Given) -> str:
    language = read_language(given.option or given.text)
    if language is None:
        raise Invalid(context.words.say("Arabic and English are spoken here so far. Please choose one of them."))
    return language


async def _ask_timezone(context: Context, data: Data) -> Ask:
    text = context.words.say("In which time zone does the team live? Its nearest large city can also be written.")
    return await ask_zone(context, text, data["was"]["timezone"])


async def _parse_timezone(context: Context, data: Data, given: Given) -> str:
    return read_zone(context.words, given)


async def _ask_first_weekday(context: Context, data: Data) -> Ask:
    was = data["was"]["first_weekday"]
    days = dict.fromkeys([*([] if was is None else [was]), *_WEEKDAYS])
    options = tuple(Option(weekday(day, context.words), str(day)) for day in days)
    return Ask(context.words.say("On which day does the team's week begin?"), (options,))


async def _parse_first_weekday(context: Context, data: Data, given: Given) -> int:
    names = {fold(weekday(day, words_for(one, False, "UTC"))): day for one in LANGUAGES for day in range(7)}
    names |= {str(day): day for day in range(7) if given.option is not None}
    day = names.get(fold(given.option if given.option is not None else given.text))
    if day is None:
        raise Invalid(context.words.say("Please choose a day of the week, or write its name."))
    return day


async def _ask_rules(context: Context, data: Data) -> Ask:
    say, was = context.words.say, data["was"]["rules"]
    if was:
        text = say("These are the team's rules. New ones can be written now; with Skip they stay as they are.")
        return Ask(text, ((Option(say("No rules any more"), "none"),),), Card(say("The rules of this team:"), (was,)))
    text = say("Are there rules that everybody accepts when they join? They can be written now, or left out with Skip.")
    return Ask(text, placeholder=say("The rules, a line for each"))


async def _parse_rules(context: Context, data: Data, given: Given) -> str:
    rules = "" if given.option is not None else clean(given.text)
    return check_length(context.words, rules, RULES_LIMIT)


def weekday(day: int, words: Words) -> Said:
    """A day's name; 0 is Monday."""
    return Said(get_day_names("wide", locale=words.language)[day])


# What comes of it


async def _found(context: Context, data: Data) -> Reply:
    home = Home(data["platform"], data["chat"], data["kind"], data["title"])
    try:
        community = await found(context.session, home, _charter(data), context.person.id, context.now)
    except ChatTaken as taken:  # another admin was faster: this wizard has ended all the same
        return replace(put_into_words(taken, context.words), edit=context.is_press)
    context.person.focus_community_id = community.id
    context.person.timezone = context.person.timezone or community.timezone
    await context.session.flush()
    await _announce(context, community, home)
    return _ready(context, community, context.words.say("{community} is set up.", community=community.name))


async def _announce(context: Context, community: Community, home: Home) -> None:
    """Everybody in the chat hears of it, with the way in."""
    say = words_for(community.language, community.language == "ar", community.timezone).say
    text = say("This chat is now the home of the team {community}. Its small tasks appear here, and one press takes a seat.",
               community=community.name)  # fmt: skip
    joining = Link(say("Join {community}", community=community.name), f"join_{community.code}")
    place = Place(home.platform, home.external_id, ChatKind(home.kind), home.title)
    row = {
        "key": f"founded:{community.id}",
        "platform": home.platform,
        "place": dump_place(place),
        "reply": dump_reply(Reply(text=text, rows=((joining,),), scope=Scope.HERE)),
        "created_at": context.now,
        "due_at": context.now,
    }
    await enqueue(context.session, [row])


async def _change(context: Context, data: Data) -> Reply:
    community = await change(context.session, data["community"], _charter(data))
    context.person.focus_community_id = community.id
    await context.session.flush()
    return _ready(context, community, context.words.say("{community} is changed as you said.", community=community.name))


def _charter(data: Data) -> Charter:
    was: Mapping[str, Any] = data["was"]
    rules = was["rules"] if data.get("rules") is None else data["rules"]
    return Charter(data["name"], data["language"], data["timezone"], data["first_weekday"], rules)


def _ready(context: Context, community: Community, done: Said) -> Reply:
    """The way in for others, and what to do next."""
    say = context.words.say
    lines = (
        say("The way in for others: the link under the button “{label}”, or {join}.",
            label=say("Link to join"), join=f"/join {community.code}"),
        say("What comes next is the first task. Roles are given with /role, the rest is in /settings."),
    )  # fmt: skip
    rows = (
        (Button(say("New task"), "newtask", tone=Tone.PRIMARY),),
        (Link(say("Link to join"), f"join_{community.code}"), Button(say("Settings"), "settings_show", str(community.id))),
    )
    return Reply(text="\n".join((done, *lines)), rows=rows, edit=context.is_press, role=Role.ORGANIZER.name.lower())


async def _anybody(context: Context, data: Data) -> None:
    """That an admin asked was checked at the start; whether the chat is still free is known at the end."""


async def _organizers(context: Context, data: Data) -> None:
    await context.require(Role.ORGANIZER, data["community"])


_STEPS = (
    Step("name", _ask_name, _parse_name),
    Step("language", _ask_language, _parse_language),
    Step("timezone", _ask_timezone, _parse_timezone),
    Step("first_weekday", _ask_first_weekday, _parse_first_weekday),
    Step("rules", _ask_rules, _parse_rules, is_optional=True),
)
FOUND = declare(Flow("setup", N_("setting a team up"), _STEPS, finish=_found, guard=_anybody))
CHANGE = declare(Flow("setup_change", N_("changing a team"), _STEPS, finish=_change, guard=_organizers, leads_back="settings"))
