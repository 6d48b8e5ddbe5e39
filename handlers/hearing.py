"""What a person wants to be told without having asked: quiet hours, how often, which kinds, and stop. A page of `/me`."""

import re
from collections.abc import Sequence
from datetime import time

from handlers.context import Context
from handlers.flows import Ask, Data, Flow, Given, Invalid, Option, Step, declare, start
from handlers.moments import read_clock
from handlers.registry import Arg, ArgKind, command
from handlers.types import Button, Card, Reply, Row
from handlers.words import N_, Said, Words
from models.audience import asks_first
from models.communities import highest_role
from models.notices import MUTABLE, NoticeKind
from models.people import Person
from models.refusals import Outdated
from models.roles import Role

KINDS = {
    NoticeKind.OFFER: N_("Tasks that fit"),
    NoticeKind.DIGEST: N_("The week's tasks"),
    NoticeKind.APPEAL: N_("Appeals"),
    NoticeKind.THANKS: N_("Thanks and results"),
    NoticeKind.TEAM: N_("News for moderators"),
}
BUDGETS = {"rarely": (1, 3), "usual": (3, 10), "often": (8, 40)}
"""How many messages a day and a week."""
_CHOICE = Arg("choice", ArgKind.CODE, "")
_EXAMPLE = "21:00-09:00"


@command("me_messages")
async def messages(context: Context) -> Reply:
    """What is told without having been asked for, with a button for each thing that can be changed."""
    return await _screen(context)


async def _screen(context: Context, text: str = "") -> Reply:
    words, person = context.words, context.person
    say = words.say
    fewer = [f"#{tag}" for tag in person.fewer.split()]
    kinds = await _kinds(context)
    muted = [say(KINDS[kind]) for kind in kinds if kind in person.muted.split()]
    lines = [
        quiet_hours(person, words),
        say("At most {day} a day and {week} a week", day=person.daily_budget, week=person.weekly_budget),
        *([say("Not wanted: {kinds}", kinds=words.list_of(list(muted)))] if muted else []),
        *([say("No appeals about: {tags}", tags=words.list_of(fewer))] if fewer else []),
        *([say("Appeals here: only when you ask for them")] if _is_asked_first(context) else []),
        *([say("Where private messages fail: called in a chat of the team")] if _is_called(person) else []),
        *([say("Stopped: only what is about a seat of yours is said.")] if person.stopped_at else []),
    ]
    footer = say("What is about a seat of yours always comes, outside of quiet hours where it can wait.")
    card = Card(say("Messages you did not ask for"), tuple(lines), footer)
    return Reply(text=text, card=card, rows=(*_about_appeals(context), *_rows(person, kinds, words)), edit=context.is_press)


async def _kinds(context: Context) -> list[NoticeKind]:
    """What this person may be told of; news for moderators are only for those."""
    is_staff = await highest_role(context.session, context.person.id) >= Role.MODERATOR
    return [kind for kind in MUTABLE if is_staff or kind is not NoticeKind.TEAM]


def _is_asked_first(context: Context) -> bool:
    """This platform wants people to be written to among many only if they asked for it, and this person did not."""
    return asks_first(context.account.platform) and context.account.opted_in_at is None


def _about_appeals(context: Context) -> tuple[Row, ...]:
    say, account = context.words.say, context.account
    buttons = []
    if _is_asked_first(context):
        buttons.append(Button(say("Send me appeals here"), "me_appeals", "on"))
    elif asks_first(account.platform):
        buttons.append(Button(say("No appeals here"), "me_appeals", "off"))
    if context.person.fewer:
        buttons.append(Button(say("Appeals about everything"), "me_fewer"))
    return (tuple(buttons),) if buttons else ()


@command("me_appeals", args=(_CHOICE,))
async def choose_appeals(context: Context, choice: str) -> Reply:
    """Ask for appeals in this account, or not any more."""
    if choice not in {"on", "off"}:
        raise Outdated
    context.account.opted_in_at = context.now if choice == "on" else None
    await context.session.flush()
    return await _screen(context)


@command("me_fewer")
async def hear_of_everything(context: Context) -> Reply:
    """Hear again of what one wanted to hear less of."""
    context.person.fewer = ""
    await context.session.flush()
    return await _screen(context)


def quiet_hours(person: Person, words: Words) -> Said:
    """When a person is not written to."""
    if person.quiet_from == person.quiet_until:
        return words.say("No quiet hours")
    start, end = words.digits(_clock(person.quiet_from)), words.digits(_clock(person.quiet_until))
    return words.say("Quiet from {start} to {end}", start=start, end=end)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _rows(person: Person, offered: Sequence[NoticeKind], words: Words) -> tuple[Row, ...]:
    say = words.say
    budgets = {"rarely": N_("Rarely"), "usual": N_("As usual"), "often": N_("Often")}
    often = tuple(
        Button(_ticked(say(label), is_on=(person.daily_budget, person.weekly_budget) == BUDGETS[name]), "me_often", name)
        for name, label in budgets.items()
    )
    muted = person.muted.split()
    kinds = [Button(_ticked(say(KINDS[kind]), is_on=kind not in muted), "me_kind", kind) for kind in offered]
    stop = Button(say("Hear of things again"), "hear") if person.stopped_at else Button(say("Stop such messages"), "stop")
    pairs = [tuple(kinds[i : i + 2]) for i in range(0, len(kinds), 2)]
    is_called = _is_called(person)
    called = Button(_ticked(say("Call me in the chat"), is_on=is_called), "me_called", "off" if is_called else "on")
    first = (Button(say("Quiet hours"), "me_quiet"), *(() if person.is_private else (called,)))
    return (first, often, *pairs, (stop, Button(say("Back"), "me")))


def _is_called(person: Person) -> bool:
    """Whether somebody is called in a chat where a private message fails: nobody is who wants privacy."""
    return person.called_in_chat and not person.is_private


@command("me_called", args=(_CHOICE,))
async def choose_called(context: Context, choice: str) -> Reply:
    """Where a private message cannot be delivered, be called by name in a chat of the team, or not any more."""
    if choice not in {"on", "off"}:
        raise Outdated
    context.person.called_in_chat = choice == "on"
    await context.session.flush()
    text = context.words.say(
        "Where a private message cannot be delivered, it waits, and is shown to you at your next step here."
    )
    return await _screen(context, "" if choice == "on" else text)


def _ticked(label: Said, *, is_on: bool) -> Said:
    return Said(f"{label} ✓") if is_on else label


@command("stop", words=(r"stop", r"(?:توقف|إيقاف|ايقاف|قف)"))
async def stop(context: Context) -> Reply:
    """From now on nothing that was not asked for, but what is about a seat they hold."""
    context.person.stopped_at = context.person.stopped_at or context.now
    await context.session.flush()
    say = context.words.say
    text = say("Stopped. From now on only what is about a seat of yours is said here; everything else when you ask for it.")
    rows = ((Button(say("Hear of things again"), "hear"), Button(say("Choose what is said"), "me_messages")),)
    return Reply(text=text, toast=say("Stopped."), rows=rows)


@command("hear")
async def hear(context: Context) -> Reply:
    """Be told things again."""
    context.person.stopped_at = None
    await context.session.flush()
    return await _screen(
        context, context.words.say("Good to have you back: this is what may be said without having been asked for.")
    )


@command("me_often", args=(_CHOICE,))
async def choose_often(context: Context, choice: str) -> Reply:
    """How many messages a day and a week."""
    if choice not in BUDGETS:
        raise Outdated
    context.person.daily_budget, context.person.weekly_budget = BUDGETS[choice]
    await context.session.flush()
    return await _screen(context)


@command("me_kind", args=(_CHOICE,))
async def choose_kind(context: Context, choice: str) -> Reply:
    """Hear of a kind of things no more, or again."""
    if choice not in MUTABLE:
        raise Outdated
    muted = context.person.muted.split()
    muted = [kind for kind in muted if kind != choice] if choice in muted else [*muted, choice]
    context.person.muted = " ".join(muted)
    await context.session.flush()
    return await _screen(context)


@command("me_quiet")
async def choose_quiet(context: Context) -> Reply:
    """Ask for quiet hours."""
    return await start(context, QUIET, {})


async def _ask_quiet(context: Context, data: Data) -> Ask:
    words = context.words
    text = words.say("From when until when should it be quiet? For example {example}.", example=words.digits(_EXAMPLE))
    spans = (_EXAMPLE, "22:00-07:00", "23:00-08:00")
    rows = (tuple(Option(words.digits(span), span.replace(":", "")) for span in spans), (Option(words.say("Never"), "never"),))
    return Ask(text, rows)


async def _parse_quiet(context: Context, data: Data, given: Given) -> list[int]:
    words = context.words
    if given.option == "never":
        return [0, 0]
    span = read_span(given.option or given.text)
    if span is None:
        raise Invalid(words.say("Two times of the day are needed, for example {example}.", example=words.digits(_EXAMPLE)))
    return list(span)


def read_span(text: str) -> tuple[int, int] | None:
    """Two times of the day, as minutes after midnight: `21:00-09:00`, `2100-0900`, «٩ مساءً إلى ٧»."""
    pieces = [piece for piece in re.split(r"\s*(?:-|–|—|\bto\b|\buntil\b|إلى|الى|حتى)\s*", text.strip()) if piece]
    if len(pieces) != 2:
        return None
    times = [read_clock(re.sub(r"^(\d\d)(\d\d)$", r"\1:\2", piece)) for piece in pieces]
    start, end = times
    return None if start is None or end is None else (_minutes(start), _minutes(end))


def _minutes(moment: time) -> int:
    return moment.hour * 60 + moment.minute


async def _keep_quiet(context: Context, data: Data) -> Reply:
    context.person.quiet_from, context.person.quiet_until = data["span"]
    await context.session.flush()
    return await _screen(context)


async def _anybody(context: Context, data: Data) -> None:
    """Everybody may say this of themselves."""


QUIET = declare(
    Flow(
        "quiet",
        N_("quiet hours"),
        (Step("span", _ask_quiet, _parse_quiet),),
        finish=_keep_quiet,
        guard=_anybody,
        leads_back="me_messages",
    )
)
