"""The preview of an appeal: what goes out, to how many, how long that takes; and the press that lets it go."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import ceil
from typing import Any, Final

from handlers.appeal_draft import decision_of, made_of_draft, reach_of_draft, times_of_draft
from handlers.appeal_drawing import Material, draw_message, fits_under_picture, room_for_text
from handlers.appeal_versions import LOOK, Version, ask_version, versions_of
from handlers.appeal_when import TRUE_FOR, words_of
from handlers.audiences import describe, sizes_text
from handlers.context import Context, Outlet
from handlers.flows import Again, Ask, Data, Given, Invalid, Option
from handlers.refusals import put_into_words
from handlers.types import Card, Tone
from handlers.words import Said, Words
from models.audience import Audience
from models.calling import check_limits
from models.communities import chats_of
from models.refusals import AppealsSpent
from models.roles import Role

MANY: Final = 1000
"""More people than this are not written to by one press."""


async def ask_decision(context: Context, data: Data) -> Ask:
    """What would be sent, and what to do about it; or one of its versions, as it will be seen."""
    made, decision, sizes = await made_of_draft(context, data), decision_of(data), await reach_of_draft(context, data)
    if decision["asked"] is not None:
        return await _ask_twice(context, data, made, sum(sizes.values()))
    versions = await versions_of(context, data, made, sizes)
    if decision["seen"] is not None:
        return ask_version(context, made, versions, decision["seen"])
    return await _ask_overview(context, data, made, sizes, versions)


async def _ask_twice(context: Context, data: Data, made: Material, total: int) -> Ask:
    words = await words_of(context, data)
    reply = draw_message(made, words)
    sure = words.count("This writes to {n} person. Really send it?", "This writes to {n} people. Really send it?", total)
    return Ask(sure, ((Option(words.say("Yes, send it"), "send", Tone.PRIMARY),),), card=reply.card, media=reply.media)


async def _ask_overview(
    context: Context, data: Data, made: Material, sizes: Mapping[str, int], versions: Sequence[Version]
) -> Ask:
    words, decision = await words_of(context, data), decision_of(data)
    say, n = words.say, len(versions)
    urgent = say("Not urgent after all") if decision["is_urgent"] else say("Urgent: two moderators")
    see = words.count("See it as people will: {n} version", "See it as people will: {n} versions", n)
    options = (
        (Option(say("Send"), "send", Tone.PRIMARY),),
        (Option(see, "see 0"),),
        (Option(say("Change something"), "change"), Option(urgent, "urgent")),
    )
    text = Said("\n".join(await _about_sending(context, data, made, sizes)))
    card = _with_other_version(made, draw_message(made, words).card, words)
    if made.media and not fits_under_picture(card, text):
        return Ask(Said(f"{text}\n{say('It goes with a picture, which its versions show.')}"), options, card=card)
    return Ask(text, options, card=card, media=made.media)


def _with_other_version(made: Material, card: Card | None, words: Words) -> Card | None:
    """The message as this reader's kind sees it, with what readers of the other language get behind it."""
    other = next((text for language, text in made.appeal.texts.items() if language != words.language), "")
    if card is None or len(made.appeal.texts) < 2:
        return card
    return replace(card, lines=(*card.lines, "", words.say("In the other language:"), other))


def _minutes_for(sizes: Mapping[str, int], outlets: Mapping[str, Outlet]) -> int:
    """How many minutes it takes to write to so many people on each platform; they go on side by side."""
    return max((ceil(n / outlets[name].a_minute) for name, n in sizes.items() if name in outlets), default=0) or 1


async def _about_sending(context: Context, data: Data, made: Material, sizes: Mapping[str, int]) -> list[Said]:
    words, community = await words_of(context, data), made.community
    say, audience, decision = words.say, Audience.load(data["audience"]), decision_of(data)
    starts, stale = times_of_draft(data, made.tasks, context.now)
    chats = [chat.title for chat in await chats_of(context.session, community.id)]
    second = decision["is_urgent"] or community.appeal_moderators > 1
    return [
        say("This is how people will see it. Nothing is sent yet."),
        say("Privately for: {audience}", audience=describe(audience, words)),
        sizes_text(dict(sizes), audience, words),
        say("At the pace that platforms allow: {minutes}", minutes=words.minutes(_minutes_for(sizes, context.outlets))),
        *([say("In the team's chats: {chats}", chats=words.list_of(chats))] if chats else []),
        *([say("In this chat it stands in this thread.")] if made.appeal.thread else []),
        *([say("In this chat a role is notified with it.")] if made.appeal.called_role else []),
        *([say("It goes out {moment}.", moment=words.date_and_time(starts))] if data["starts"] else []),
        say("It holds until {moment}.", moment=words.date_and_time(stale)),
        *([say("A second moderator confirms it before it goes out.")] if second else []),
    ]


async def parse_decision(context: Context, data: Data, given: Given) -> Any:
    """What a press on the preview decides."""
    decision, option, say = decision_of(data), given.option or "", context.words.say
    if option == "change":
        return decision | {"does": "change"}
    if option == "urgent":
        return Again(decision | {"is_urgent": not decision["is_urgent"], "asked": None})
    if option == "overview":
        return Again(decision | {"seen": None})
    if option.startswith("see ") and option[4:].isdecimal():
        return Again(decision | {"seen": int(option[4:])})
    if option == LOOK:
        raise Invalid(say("A preview: this does nothing yet."))
    if option != "send":
        raise Invalid(say("Send lets it go, Change something goes through it once more."))
    await _check_sendable(context, data)
    total = sum((await reach_of_draft(context, data)).values())
    if total > MANY and decision["asked"] != total:
        return Again(decision | {"asked": total})
    return decision | {"does": "send", "reaches": total}


async def _check_sendable(context: Context, data: Data) -> None:
    """Raises Invalid where time has passed it by, it is too long for a picture, or it is enough for today."""
    say, made = context.words.say, await made_of_draft(context, data)
    starts, stale = times_of_draft(data, made.tasks, context.now)
    if not made.tasks:
        raise Invalid(say("Its tasks take nobody any more. Change something names others."))
    if stale <= starts:
        raise Invalid(say("It would be over before it begins. Change something says until when it holds."))
    if context.now - made.appeal.last_confirmed_at > TRUE_FOR:
        raise Invalid(say("It was confirmed more than a day ago. Change something says that it is still true."))
    if max(map(len, made.appeal.texts.values())) > room_for_text(made):
        raise Invalid(say("Under a picture there is no room for so much. Change something shortens the text."))
    member = await context.require(Role.MODERATOR, data["community"])
    try:
        await check_limits(context.session, made.community, context.person.id, member.role, context.now)
    except AppealsSpent as spent:
        raise Invalid(Said(put_into_words(spent, context.words).text)) from None
