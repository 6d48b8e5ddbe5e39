"""`/settings`: what organizers can change about their community with a press."""

from handlers.context import Context
from handlers.registry import Arg, ArgKind, command
from handlers.setting_up import weekday
from handlers.types import Button, Card, Link, Reply, Tone
from handlers.weekly_settings import when_sent
from handlers.words import N_, Said, Words, clean_line
from handlers.zones import city
from models.audit import Action, note
from models.communities import Community
from models.refusals import Outdated
from models.roles import Role
from models.setting_up import LIMITS, set_limit

_COMMUNITY = Arg("community", ArgKind.NUMBER, "")
_LIMIT = Arg("limit", ArgKind.CODE, "")

_QUESTIONS = {
    "newcomer_claims": N_("How many tasks can somebody hold at a time before their first report is approved?"),
    "member_claims": N_("How many tasks can somebody hold at a time after their first approved report?"),
    "still_times": N_("How often does “Still on it” start the clock of a held seat anew?"),
    "extra_hours": N_("How much more time can somebody take in all for a seat they hold, before a moderator is asked?"),
    "review_hours": N_("Within how many hours is a report looked at? Volunteers are told so."),
    "moderator_appeals": N_("How many appeals can one moderator send in 24 hours?"),
    "organizer_appeals": N_("How many appeals can one organizer send in 24 hours?"),
    "daily_appeals": N_("How many appeals can all of them together send in 24 hours?"),
    "appeal_moderators": N_("How many moderators does it take to send an appeal? An urgent one always takes two."),
}
LABELS = {
    "newcomer_claims": N_("Newcomers"),
    "member_claims": N_("Members"),
    "still_times": N_("Still on it"),
    "extra_hours": N_("More time"),
    "review_hours": N_("Reviews"),
    "moderator_appeals": N_("Appeals of a moderator"),
    "organizer_appeals": N_("Appeals of an organizer"),
    "daily_appeals": N_("Appeals of the team"),
    "appeal_moderators": N_("Who confirms appeals"),
}

_APPEALS = ("moderator_appeals", "organizer_appeals", "daily_appeals", "appeal_moderators")


@command("settings", help=N_("Change the team"), role=Role.ORGANIZER)
async def settings(context: Context) -> Reply:
    """What the community is, with a button for each thing that can be changed."""
    return _screen(context, await context.community(Role.ORGANIZER))


def _screen(context: Context, community: Community, toast: str = "") -> Reply:
    words, say, number = context.words, context.words.say, str(community.id)
    lines = (
        *(_line(name, getattr(community, name), words) for name in LIMITS),
        say("Time zone: {city}", city=city(community.timezone, words.language)),
        say("The week begins on: {day}", day=weekday(community.first_weekday, words)),
        say("Weekly summary: {when}", when=when_sent(community, words)),
        say("Rules: none") if not community.rules else say("Rules are accepted on joining."),
    )
    footer = say("The way in: {join}", join=f"/join {community.code}")
    limits = tuple(Button(say(label), "settings_ask", f"{number} {name}") for name, label in LABELS.items())
    rows = (
        limits[:2],
        limits[2:5],
        limits[5:7],
        limits[7:],
        (Button(say("Name, language, time zone, rules"), "setup_change", number),),
        (Button(say("Weekly summary"), "weekly", number),),
        (
            Button(say("Roles"), "role_page", f"{number} 0"),
            Button(say("Chats"), "chats_show", number),
            Link(say("Link to join"), f"join_{community.code}"),
        ),
    )
    card = Card(clean_line(community.name), lines, footer)
    return Reply(card=card, rows=rows, toast=toast, edit=context.is_press)


@command("settings_ask", args=(_COMMUNITY, _LIMIT))
async def ask_limit(context: Context, community: int, limit: str) -> Reply:
    """One number, and what it can be."""
    await context.require(Role.ORGANIZER, community)
    if limit not in LIMITS:
        raise Outdated
    found, words = await context.session.get_one(Community, community), context.words
    now = getattr(found, limit)
    choices = [
        Button(
            _choice(limit, value, words, is_chosen=value == now),
            "settings_set",
            f"{community} {limit} {value}",
            tone=Tone.PRIMARY if value == now else Tone.PLAIN,
        )
        for value in LIMITS[limit]
    ]
    rows = (tuple(choices[:3]), tuple(choices[3:]), (Button(words.say("Back"), "settings_show", str(community)),))
    return Reply(text=words.say(_QUESTIONS[limit]), rows=tuple(row for row in rows if row), edit=context.is_press)


@command("settings_show", args=(_COMMUNITY,))
async def show(context: Context, community: int) -> Reply:
    """Back to the whole of this community's settings."""
    await context.require(Role.ORGANIZER, community)
    return _screen(context, await context.session.get_one(Community, community))


@command("settings_set", args=(_COMMUNITY, _LIMIT, Arg("value", ArgKind.NUMBER, "")))
async def set_number(context: Context, community: int, limit: str, value: int) -> Reply:
    """Change one number."""
    await context.require(Role.ORGANIZER, community)
    if not await set_limit(context.session, community, limit, value):
        raise Outdated
    await note(context.session, community, context.person.id, Action.LIMIT_CHANGED, value, context.now, limit)
    found = await context.session.get_one(Community, community, populate_existing=True)
    return _screen(context, found, toast=context.words.say("Changed."))


def _line(limit: str, n: int, words: Words) -> Said:
    if limit == "newcomer_claims":
        return words.count("Newcomers: {n} task at a time", "Newcomers: {n} tasks at a time", n)
    if limit == "member_claims":
        return words.count("Members: {n} task at a time", "Members: {n} tasks at a time", n)
    if limit == "still_times":
        return words.count("“Still on it” counts {n} time", "“Still on it” counts {n} times", n)
    if limit == "extra_hours":
        return words.count("More time without a moderator: {n} hour", "More time without a moderator: {n} hours", n)
    if limit in _APPEALS:
        return words.say("{label}: {value}", label=words.say(LABELS[limit]), value=_choice(limit, n, words, is_chosen=False))
    return words.count("Reports: looked at within {n} hour", "Reports: looked at within {n} hours", n)


def _choice(limit: str, n: int, words: Words, *, is_chosen: bool) -> Said:
    if limit == "still_times":
        label = words.count("{n} time", "{n} times", n)
    elif limit in {"extra_hours", "review_hours"}:
        label = words.count("{n} hour", "{n} hours", n)
    elif limit == "appeal_moderators":
        label = words.count("{n} moderator", "{n} moderators", n)
    elif limit in _APPEALS:
        label = words.count("{n} in 24 hours", "{n} in 24 hours", n)
    else:
        label = words.count("{n} task", "{n} tasks", n)
    return Said(f"{label} ✓") if is_chosen else label
