"""`/appeal`: a moderator calls, and the right people hear it. Nothing is sent before its preview was seen."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from handlers.appeal_drawing import Material, draw_message
from handlers.appeal_line import read_appeal
from handlers.appeal_questions import QUESTIONS, TRUE_FOR, find_aim, words_of
from handlers.appeal_sending import let_go
from handlers.audiences import describe, sizes_text
from handlers.cards import zoned
from handlers.context import Context
from handlers.flows import Again, Ask, Data, Flow, Given, Invalid, Option, Step, declare, start
from handlers.reading import language_of_text
from handlers.refusals import put_into_words
from handlers.registry import Arg, ArgKind, command
from handlers.types import Button, Card, Media, Reply, Tone
from handlers.words import LANGUAGES, N_, Said, Words
from models.appeals import Appeal, AppealState
from models.audience import Audience, count_audience
from models.calling import Call, check_limits, draft_appeal, open_tasks_for
from models.communities import Community, chats_of
from models.pictures import keep_picture
from models.refusals import AppealsSpent, Malformed
from models.roles import Role
from models.tasks import Task, tags_of

MANY = 1000
"""More people than this are not written to by one press."""
HOLDS_FOR = timedelta(hours=48)
"""After this an appeal is stale, where its tasks do not close before."""
_CAPTION_LIMIT = 1000
"""Characters that fit under a picture on every platform."""

DEFAULTS: dict[str, Any] = {"second": None, "picture": None, "vouched": "", "audience": {}, "starts": ""}
_LINE = Arg("line", ArgKind.TEXT, N_("the appeal in one line: #12 and the text, other pieces behind |"), required=False)


@command("appeal", help=N_("Call people: who fits hears it once"), args=(_LINE,), role=Role.MODERATOR)
async def appeal(context: Context, line: str) -> Reply:
    """The wizard; or, where it was written in one line, its preview at once."""
    community = await context.community(Role.MODERATOR)
    data: dict[str, Any] = {"community": community.id, "is_whole": bool(line), "audience": {}}
    if line:
        said = read_appeal(line, zoned(context, community), context.now)
        said["aim"] = await find_aim(context, community.id, said["aim"]["tasks"], said["aim"]["tag"])
        said["called"] = _called_role(context, community, said["called"]) if "called" in said else ""
        data |= DEFAULTS | {"confirmed": context.now.isoformat()} | said
    return await start(context, APPEAL, data)


def _called_role(context: Context, community: Community, role: str) -> str:
    """The role that is to be notified, in the chat of the team where this is said. Raises Malformed."""
    place = context.event.place
    if not place.has_roles or context.chat_community_id != community.id:
        raise Malformed(N_("A role can be called in a chat of the team where some people bear it."))
    return f"{place.platform} {place.chat} {role}"


async def _guard(context: Context, data: Data) -> None:
    await context.require(Role.MODERATOR, data["community"])


# The preview


async def _tasks(context: Context, data: Data) -> Sequence[Task]:
    aim = data["aim"]
    return await open_tasks_for(context.session, data["community"], aim["tasks"], aim["tag"], context.now)


async def _audience(context: Context, data: Data) -> Audience:
    """The audience, without those who want to hear less of what it is about."""
    tag = data["aim"]["tag"]
    tags = [tag] if tag else [one for task in data["aim"]["tasks"] for one in await tags_of(context.session, task)]
    return Audience.load(data["audience"] | {"about": list(dict.fromkeys(tags))})


async def _reach(context: Context, data: Data) -> dict[str, int]:
    return await count_audience(context.session, data["community"], await _audience(context, data), context.now)


def _texts(data: Data) -> dict[str, str]:
    both = [data["text"], *([data["second"]] if data.get("second") else [])]
    return {language_of_text(text): text for text in both}


def _times(data: Data, tasks: Sequence[Task], now: datetime) -> tuple[datetime, datetime]:
    """When it begins, and when it is stale: two days later, or when the last of its tasks closes."""
    starts = max(now, datetime.fromisoformat(data["starts"])) if data["starts"] else now
    closes = max((task.deadline_at for task in tasks), default=starts + HOLDS_FOR)
    return starts, min(starts + HOLDS_FOR, max(closes, starts + timedelta(hours=1)))


async def _drafted(context: Context, data: Data) -> Material:
    """What would be sent, drawn from what was answered."""
    community, tasks = await context.session.get_one(Community, data["community"]), await _tasks(context, data)
    is_urgent = _decision(data)["is_urgent"]
    draft = Appeal(
        id=0,
        community_id=community.id,
        texts=_texts(data),
        vouched_by=data["vouched"],
        last_confirmed_at=datetime.fromisoformat(data["confirmed"]),
        state=AppealState.DRAFT,
        wants_urgent=is_urgent,
        confirmed_by=context.person.id if is_urgent else None,
    )
    return Material(draft, community, Media(**data["picture"]) if data.get("picture") else None, tuple(tasks))


def _decision(data: Data) -> dict[str, Any]:
    return data.get("decision") or {"is_urgent": False, "asked": None, "does": ""}


async def _ask_decision(context: Context, data: Data) -> Ask:
    words, made = await words_of(context, data), await _drafted(context, data)
    reply, sizes, decision = draw_message(made, words), await _reach(context, data), _decision(data)
    lines = await _about_sending(context, data, made, sizes)
    if decision["asked"] is not None:
        total = sum(sizes.values())
        sure = words.count("This writes to {n} person. Really send it?", "This writes to {n} people. Really send it?", total)
        options: tuple[tuple[Option, ...], ...] = ((Option(words.say("Yes, send it"), "send", Tone.PRIMARY),),)
        return Ask(sure, options, card=reply.card, media=reply.media)
    urgent = words.say("Not urgent after all") if decision["is_urgent"] else words.say("Urgent: two moderators")
    options = (
        (Option(words.say("Send"), "send", Tone.PRIMARY),),
        (Option(words.say("Change something"), "change"), Option(urgent, "urgent")),
    )
    return Ask(Said("\n".join(lines)), options, card=_with_other_version(made, reply.card, words), media=reply.media)


def _with_other_version(made: Material, card: Card | None, words: Words) -> Card | None:
    """The message as this reader's kind sees it, with what readers of the other language get behind it."""
    other = next((text for language, text in made.appeal.texts.items() if language != words.language), "")
    if card is None or len(made.appeal.texts) < 2:
        return card
    return Card(card.title, (*card.lines, "", words.say("In the other language:"), other), card.footer)


def _minutes_for(sizes: Mapping[str, int], a_minute: Mapping[str, float]) -> int:
    """How many minutes it takes to write to so many people on each platform; they go on side by side."""
    return max((ceil(n / a_minute[name]) for name, n in sizes.items() if name in a_minute), default=0) or 1


async def _about_sending(context: Context, data: Data, made: Material, sizes: dict[str, int]) -> list[Said]:
    words, community = await words_of(context, data), made.community
    say, labels = words.say, (N_("I'm in"), N_("Share"), N_("Not now"), N_("Not for me"))
    starts, stale = _times(data, made.tasks, context.now)
    chats = [chat.title for chat in await chats_of(context.session, community.id)]
    decision = _decision(data)
    second = decision["is_urgent"] or community.appeal_moderators > 1
    return [
        say("This is how people will see it. Nothing is sent yet."),
        say("Privately for: {audience}", audience=describe(Audience.load(data["audience"]), words)),
        sizes_text(sizes, Audience.load(data["audience"]), words),
        say("At the pace that platforms allow: {minutes}", minutes=words.minutes(_minutes_for(sizes, context.many_a_minute))),
        *([say("In the team's chats: {chats}", chats=words.list_of(chats))] if chats else []),
        *([say("It goes out {moment}.", moment=words.date_and_time(starts))] if data["starts"] else []),
        say("It holds until {moment}.", moment=words.date_and_time(stale)),
        say("Under it: {labels}", labels=words.list_of([say(label) for label in labels])),
        *([say("A second moderator confirms it before it goes out.")] if second else []),
    ]


async def _parse_decision(context: Context, data: Data, given: Given) -> Any:
    decision, say = _decision(data), context.words.say
    if given.option == "change":
        return decision | {"does": "change"}
    if given.option == "urgent":
        return Again(decision | {"is_urgent": not decision["is_urgent"], "asked": None})
    if given.option != "send":
        raise Invalid(say("Send lets it go, Change something goes through it once more."))
    await _check_sendable(context, data)
    total = sum((await _reach(context, data)).values())
    if total > MANY and decision["asked"] != total:
        return Again(decision | {"asked": total})
    return decision | {"does": "send"}


async def _check_sendable(context: Context, data: Data) -> None:
    """Raises Invalid where time has passed it by, it is too long for a picture, or it is enough for today."""
    say, made = context.words.say, await _drafted(context, data)
    if not made.tasks:
        raise Invalid(say("Its tasks take nobody any more. Change something names others."))
    if context.now - made.appeal.last_confirmed_at > TRUE_FOR:
        raise Invalid(say("It was confirmed more than a day ago. Change something says that it is still true."))
    if made.media and any(_length(made, language) > _CAPTION_LIMIT for language in LANGUAGES):
        raise Invalid(say("Under a picture there is no room for so much. Change something shortens the text."))
    member = await context.require(Role.MODERATOR, data["community"])
    try:
        await check_limits(context.session, made.community, context.person.id, member.role, context.now)
    except AppealsSpent as spent:
        raise Invalid(Said(put_into_words(spent, context.words).text)) from None


def _length(made: Material, language: str) -> int:
    card = draw_message(made, Words(language)).card
    return 0 if card is None else sum(len(line) + 1 for line in (card.title, *card.lines, card.footer))


async def _finish(context: Context, data: Data) -> Reply:
    if data["decision"]["does"] == "change":
        kept = {name: value for name, value in data.items() if name != "decision"}
        return await start(context, APPEAL, {**kept, "is_whole": False})
    tasks, picture = await _tasks(context, data), data.get("picture")
    if picture:
        await keep_picture(context.session, **picture, now=context.now)
    starts, stale = _times(data, tasks, context.now)
    call = Call(
        texts=_texts(data),
        stale_at=stale,
        last_confirmed_at=datetime.fromisoformat(data["confirmed"]),
        audience=await _audience(context, data),
        task_ids=tuple(data["aim"]["tasks"]),
        tag=data["aim"]["tag"],
        picture=picture and picture["id"],
        vouched_by=data["vouched"],
        wants_urgent=data["decision"]["is_urgent"],
        called_role=data.get("called", ""),
        starts_at=starts,
    )
    draft = await draft_appeal(context.session, data["community"], context.person.id, call, context.now)
    text = await let_go(context, draft, sum((await _reach(context, data)).values()))
    rows = ((Button(context.words.say("How it is doing"), "appeals", str(draft.id)),),)
    return Reply(text=text, rows=rows, edit=context.is_press)


APPEAL = declare(
    Flow(
        "appeal",
        N_("an appeal"),
        steps=(*QUESTIONS, Step("decision", _ask_decision, _parse_decision, takes_text=False)),
        finish=_finish,
        guard=_guard,
    )
)
