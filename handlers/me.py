"""`/me` and `/language`: how a person is spoken to, and what is known of them."""

import re
from dataclasses import replace

from handlers.appeal_progress import spread_line
from handlers.beginning import LANGUAGE_NAMES
from handlers.context import Context, speak_to
from handlers.flows import Ask, Data, Flow, Given, Invalid, Option, Step, declare, start
from handlers.hearing import quiet_hours
from handlers.mailbox import mailbox_button
from handlers.matching import read_language
from handlers.reading import TAG_LIMIT, as_tag, short_tag
from handlers.registry import Arg, ArgKind, command
from handlers.roles import role_name
from handlers.types import Button, Card, Reply, Row
from handlers.whereabouts import place_line
from handlers.words import LANGUAGES, N_, Said, clean_line
from handlers.zones import ask_zone, city, read_zone
from models.communities import memberships
from models.digests import replan_digest
from models.interests import popular_tags
from models.privacy import set_privacy
from models.refusals import Outdated
from models.shares import spread_of

_MOST_INTERESTS = 12
_INTERESTS_LIMIT = 400
_OFFERED_TAGS = 8
_DIGITS = {"arabic": "٠١٢٣", "latin": "0123"}
_CHOICE = Arg("choice", ArgKind.CODE, "")


@command("me", help=N_("Your language, time zone, interests"), words=(r"(?:إعداداتي|اعداداتي|حسابي)", r"(?:me|my settings)"))
async def me(context: Context) -> Reply:
    """What is known of the person who asks, with a button for each thing that can be changed."""
    return await _screen(context)


async def _screen(context: Context, text: str = "") -> Reply:
    """The page as it stands now, in the words of now."""
    context = replace(context, words=speak_to(context.person))
    person, words, say = context.person, context.words, context.words.say
    belongs = await memberships(context.session, person.id)
    spread = await spread_of(context.session, person_id=person.id)
    lines = (
        say("Language: {language}", language=LANGUAGE_NAMES[words.language]),
        say("Time zone: {city}", city=city(person.timezone, words.language))
        if person.timezone
        else say("Time zone: that of the team"),
        say("Digits: {digits}", digits=Said(_DIGITS["arabic" if words.arabic_digits else "latin"])),
        say("Interests: {tags}", tags=words.list_of(["#" + tag for tag in person.interests.split()]))
        if person.interests
        else say("Interests: none chosen yet"),
        say("On cards: counted, without a name") if person.is_private else say("On cards: with the first name"),
        place_line(person, words),
        quiet_hours(person, words),
        *([spread_line(spread, words)] if spread.sharers else []),
        *(say("{community}: {role}", community=c.name, role=role_name(member.role, words)) for c, member in belongs),
    )
    footer = say("Number {number}: a role can be given by it.", number=person.id)
    card = Card(clean_line(person.name), lines, footer)
    return Reply(text=text, card=card, rows=_rows(context, is_member=bool(belongs)), edit=context.is_press)


def _rows(context: Context, *, is_member: bool) -> tuple[Row, ...]:
    words, say, person = context.words, context.words.say, context.person
    other_digits = "latin" if words.arabic_digits else "arabic"
    languages = tuple(Button(LANGUAGE_NAMES[one], "speak", f"{one} me") for one in LANGUAGES if one != words.language)
    digits = Button(say("Digits: {digits}", digits=Said(_DIGITS[other_digits])), "me_digits", other_digits)
    privacy = (
        Button(say("Show my name on cards"), "me_privacy", "off")
        if person.is_private
        else Button(say("Hide my name on cards"), "me_privacy", "on")
    )
    rows: tuple[Row, ...] = (
        (*languages, digits),
        (Button(say("Time zone"), "me_zone"), Button(say("Interests"), "me_interests")),
        (Button(say("Messages"), "me_messages"), Button(say("Place"), "me_place"), privacy),
        (Button(say("The week's tasks"), "me_digest"), *((mailbox_button(words),) if context.has_mail else ())),
        (Button(say("Link another account"), "link"),),
    )
    return (*rows, (Button(say("Leave a team"), "leave"),)) if is_member else rows


_LANGUAGE = Arg("language", ArgKind.CODE, N_("ar or en"), required=False, choices=tuple(LANGUAGE_NAMES.items()))


@command("language", help=N_("Arabic or English"), args=(_LANGUAGE,))
async def language(context: Context, language: str) -> Reply:
    """Speak this language from now on; without one, both are offered."""
    chosen = read_language(language)
    if chosen is None:
        rows = (tuple(Button(LANGUAGE_NAMES[one], "language", one) for one in LANGUAGES),)
        return Reply(text=context.words.say("Which language shall it be?"), rows=rows, edit=context.is_press)
    context.person.language = chosen
    await context.session.flush()
    return await _screen(context, text=speak_to(context.person).say("From now on it goes on in English."))


@command("me_digits", args=(_CHOICE,))
async def choose_digits(context: Context, choice: str) -> Reply:
    """Numbers as ٠١٢ or as 012."""
    if choice not in _DIGITS:
        raise Outdated
    context.person.arabic_digits = choice == "arabic"
    await context.session.flush()
    return await _screen(context)


@command("me_privacy", args=(_CHOICE,))
async def choose_privacy(context: Context, choice: str) -> Reply:
    """Be counted on cards instead of named, or be named again."""
    if choice not in {"on", "off"}:
        raise Outdated
    await set_privacy(context.session, context.person.id, choice == "on", context.now)
    await context.session.refresh(context.person)
    return await _screen(context)


# The time zone


@command("me_zone")
async def choose_zone(context: Context) -> Reply:
    """Ask for the person's own time zone."""
    return await start(context, ZONE, {})


async def _ask_zone(context: Context, data: Data) -> Ask:
    say = context.words.say
    text = say("In which time zone are you? The nearest large city can also be written.")
    return await ask_zone(context, text, context.person.timezone or "", (Option(say("As in the team"), "team"),))


async def _parse_zone(context: Context, data: Data, given: Given) -> str | None:
    return None if given.option == "team" else read_zone(context.words, given)


async def _keep_zone(context: Context, data: Data) -> Reply:
    context.person.timezone = data["zone"] or await _zone_of_team(context)
    await replan_digest(context.session, context.person, context.now)
    await context.session.flush()
    return await _screen(context)


async def _zone_of_team(context: Context) -> str | None:
    """The time zone of the community the person last dealt with, or of any of theirs."""
    theirs = [community for community, _ in await memberships(context.session, context.person.id)]
    theirs.sort(key=lambda community: community.id != context.person.focus_community_id)
    return theirs[0].timezone if theirs else None


# Interests: tags that bring the tasks one likes to the front


@command("me_interests")
async def interests(context: Context) -> Reply:
    """The tags that are used most where the person is a member, and their own; a press takes or drops one."""
    words, say = context.words, context.words.say
    chosen, offered = context.person.interests.split(), await _offered_tags(context)
    buttons = [
        Button(f"#{tag} ✓", "me_tag", f"-{short_tag(tag)}")
        if tag in chosen
        else Button(f"#{tag}", "me_tag", f"+{short_tag(tag)}")
        for tag in offered
    ]
    rows: list[Row] = [tuple(buttons[i : i + 2]) for i in range(0, len(buttons), 2)]
    rows.append((Button(say("Write others"), "me_write"), Button(say("Back"), "me")))
    text = say("Tasks with these tags come first. A press chooses one or drops it.")
    if chosen:
        tags = words.list_of(["#" + tag for tag in chosen])
        text = Said(f"{text}\n{say('Chosen: {tags}', tags=tags)}")
    return Reply(text=text, rows=tuple(rows), edit=context.is_press)


async def _offered_tags(context: Context) -> list[str]:
    """What one has chosen, then what is used most."""
    communities = [community.id for community, _ in await memberships(context.session, context.person.id)]
    popular = await popular_tags(context.session, communities, _OFFERED_TAGS)
    return list(dict.fromkeys([*context.person.interests.split(), *popular]))


@command("me_tag", args=(_CHOICE,))
async def press_tag(context: Context, choice: str) -> Reply:
    """Take (`+`) or drop (`-`) a tag that was offered; pressing twice changes nothing."""
    tag = next((tag for tag in await _offered_tags(context) if short_tag(tag) == choice[1:]), None)
    if tag is None:
        return await interests(context)
    chosen = [one for one in context.person.interests.split() if one != tag]
    return await _keep_interests(context, [*chosen, tag] if choice.startswith("+") else chosen)


@command("me_write")
async def write_interests(context: Context) -> Reply:
    """Ask for interests in the person's own words."""
    return await start(context, INTERESTS, {})


async def _ask_interests(context: Context, data: Data) -> Ask:
    say = context.words.say
    return Ask(say("What would you like to help with? A few words, with commas between them."), placeholder="#…")


async def _parse_interests(context: Context, data: Data, given: Given) -> list[str]:
    tags = parse_tags(given.text)
    if not tags:
        raise Invalid(context.words.say("Interests are words, for example {example}.", example="#animals #elderly"))
    return tags


def parse_tags(text: str) -> list[str]:
    """The tags in what somebody wrote: with '#', with blanks or with commas between them. Where commas alone part them, words
    between two of them are one tag."""
    line = clean_line(text)
    are_parted = bool(re.search(r"[,،;؛]", line)) and "#" not in line
    pieces = re.split(r"\s*[,،;؛]\s*" if are_parted else r"[\s,،;؛#]+", line)
    tags = (as_tag(piece.replace(" ", "_"))[:TAG_LIMIT] for piece in pieces)
    return [tag for tag in dict.fromkeys(tags) if tag]


async def _add_interests(context: Context, data: Data) -> Reply:
    return await _keep_interests(context, [*context.person.interests.split(), *data["tags"]])


async def _keep_interests(context: Context, tags: list[str]) -> Reply:
    """Keep the latest ones, as many as there is room for."""
    kept = list(dict.fromkeys(tags))[-_MOST_INTERESTS:]
    while len(" ".join(kept)) > _INTERESTS_LIMIT:
        kept = kept[1:]
    context.person.interests = " ".join(kept)
    await context.session.flush()
    return await interests(context)


async def _anybody(context: Context, data: Data) -> None:
    """Everybody may say this of themselves."""


_ZONE = Step("zone", _ask_zone, _parse_zone)
ZONE = declare(Flow("zone", N_("the time zone"), (_ZONE,), finish=_keep_zone, guard=_anybody, leads_back="me"))
_TAGS = Step("tags", _ask_interests, _parse_interests)
INTERESTS = declare(
    Flow("interests", N_("interests"), (_TAGS,), finish=_add_interests, guard=_anybody, leads_back="me_interests")
)
