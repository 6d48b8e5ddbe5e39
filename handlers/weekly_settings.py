"""When and where the weekly summary is sent: a page of `/settings`."""

from datetime import time

from handlers.context import Context
from handlers.mailbox import mailbox_button
from handlers.registry import Arg, ArgKind, command
from handlers.setting_up import weekday
from handlers.types import Button, Card, Reply, Row, Tone
from handlers.words import Said, Words, clean_line
from models.communities import Chat, Community, all_chats
from models.refusals import Outdated
from models.roles import Role
from models.weekly import set_chat, set_private, set_time, weekday_of
from models.weeks import DAYS

_COMMUNITY = Arg("community", ArgKind.NUMBER, "")
_CHAT = Arg("chat", ArgKind.NUMBER, "")
_WANTED = Arg("wanted", ArgKind.NUMBER, "")
_HOURS_OFFERED = range(6, 23)
_DAYS_IN_A_ROW, _HOURS_IN_A_ROW = 3, 4
_CHATS_SHOWN = 8
_TITLE_LENGTH = 30


@command("weekly", args=(_COMMUNITY,))
async def show(context: Context, community: int) -> Reply:
    """How it is now, with a button for each thing that can be changed."""
    return await _screen(context, community)


async def _screen(context: Context, community_id: int, toast: str = "") -> Reply:
    await context.require(Role.ORGANIZER, community_id)
    community = await context.session.get_one(Community, community_id, populate_existing=True)
    chats = (await all_chats(context.session, community_id))[:_CHATS_SHOWN]
    say, number, words = context.words.say, str(community_id), context.words
    lines = (
        say("Sent: {when}", when=_day_and_hour(community, words)),
        say("To organizers, privately: yes") if community.summary_is_private else say("To organizers, privately: no"),
        *((say("By e-mail: to each organizer who wants it"),) if context.has_mail else ()),
        *(_of_chat(chat, words) for chat in chats),
    )
    private = int(not community.summary_is_private)
    private_label = say("Not to organizers") if community.summary_is_private else say("To organizers too")
    rows = (
        (Button(say("Another day"), "weekly_day", number), Button(say("Another hour"), "weekly_hour", number)),
        (
            Button(private_label, "weekly_private", f"{number} {private}"),
            *((mailbox_button(words),) if context.has_mail else ()),
        ),
        *((_chat_button(community_id, chat, words),) for chat in chats),
        (Button(say("Back"), "settings_show", number),),
    )
    card = Card(say("Weekly summary"), lines, clean_line(community.name))
    return Reply(card=card, rows=rows, toast=toast, edit=context.is_press)


def when_sent(community: Community, words: Words) -> Said:
    """For the settings as a whole."""
    if community.summary_is_private:
        return words.say("{when}, to organizers", when=_day_and_hour(community, words))
    return _day_and_hour(community, words)


def _day_and_hour(community: Community, words: Words) -> Said:
    return words.say("{day} at {time}", day=weekday(weekday_of(community), words), time=_clock(community.summary_hour, words))


def _clock(hour: int, words: Words) -> Said:
    return words.digits(f"{time(hour):%H:%M}")


def _of_chat(chat: Chat, words: Words) -> Said:
    title = _title(chat)
    return words.say("In {chat}: yes", chat=title) if chat.gets_summary else words.say("In {chat}: no", chat=title)


def _chat_button(community_id: int, chat: Chat, words: Words) -> Button:
    title = _title(chat)
    label = words.say("Not in {chat}", chat=title) if chat.gets_summary else words.say("In {chat} too", chat=title)
    return Button(label, "weekly_chat", f"{community_id} {chat.id} {int(not chat.gets_summary)}")


def _title(chat: Chat) -> str:
    title = clean_line(chat.title) or chat.external_id
    return title if len(title) <= _TITLE_LENGTH else f"{title[: _TITLE_LENGTH - 1]}…"


@command("weekly_day", args=(_COMMUNITY,))
async def ask_day(context: Context, community: int) -> Reply:
    """Which day; the first of the week stands first."""
    await context.require(Role.ORGANIZER, community)
    found, words = await context.session.get_one(Community, community), context.words
    days = [(found.first_weekday + ahead) % DAYS for ahead in range(DAYS)]
    buttons = [
        _choice(weekday(day, words), "weekly_set_day", f"{community} {day}", is_chosen=day == weekday_of(found))
        for day in days
    ]
    return _ask(context, words.say("On which day is the weekly summary sent?"), buttons, _DAYS_IN_A_ROW, community)


@command("weekly_hour", args=(_COMMUNITY,))
async def ask_hour(context: Context, community: int) -> Reply:
    """Which hour, on the team's clocks."""
    await context.require(Role.ORGANIZER, community)
    found, words = await context.session.get_one(Community, community), context.words
    buttons = [
        _choice(_clock(hour, words), "weekly_set_hour", f"{community} {hour}", is_chosen=hour == found.summary_hour)
        for hour in _HOURS_OFFERED
    ]
    return _ask(context, words.say("At which hour is the weekly summary sent?"), buttons, _HOURS_IN_A_ROW, community)


def _choice(label: Said, command_name: str, args: str, *, is_chosen: bool) -> Button:
    return Button(
        Said(f"{label} ✓") if is_chosen else label, command_name, args, tone=Tone.PRIMARY if is_chosen else Tone.PLAIN
    )


def _ask(context: Context, text: Said, buttons: list[Button], in_a_row: int, community_id: int) -> Reply:
    rows: list[Row] = [tuple(buttons[at : at + in_a_row]) for at in range(0, len(buttons), in_a_row)]
    back = (Button(context.words.say("Back"), "weekly", str(community_id)),)
    return Reply(text=text, rows=(*rows, back), edit=context.is_press)


@command("weekly_set_day", args=(_COMMUNITY, Arg("day", ArgKind.NUMBER, "")))
async def set_day(context: Context, community: int, day: int) -> Reply:
    """Sent on another day from now on."""
    await context.require(Role.ORGANIZER, community)
    if not await set_time(context.session, community, weekday=day):
        raise Outdated
    return await _screen(context, community, context.words.say("Changed."))


@command("weekly_set_hour", args=(_COMMUNITY, Arg("hour", ArgKind.NUMBER, "")))
async def set_hour(context: Context, community: int, hour: int) -> Reply:
    """Sent at another hour from now on."""
    await context.require(Role.ORGANIZER, community)
    if not await set_time(context.session, community, hour=hour):
        raise Outdated
    return await _screen(context, community, context.words.say("Changed."))


@command("weekly_private", args=(_COMMUNITY, _WANTED))
async def switch_private(context: Context, community: int, wanted: int) -> Reply:
    """Organizers get it privately, or not."""
    await context.require(Role.ORGANIZER, community)
    await set_private(context.session, community, bool(wanted))
    return await _screen(context, community, context.words.say("Changed."))


@command("weekly_chat", args=(_COMMUNITY, _CHAT, _WANTED))
async def switch_chat(context: Context, community: int, chat: int, wanted: int) -> Reply:
    """One of the team's chats gets it, or not."""
    await context.require(Role.ORGANIZER, community)
    if not await set_chat(context.session, community, chat, bool(wanted)):
        raise Outdated
    return await _screen(context, community, context.words.say("Changed."))
