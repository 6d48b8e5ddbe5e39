"""Sharing an appeal: a link of one's own, by which others come, join and take a seat. Nobody's contacts are read."""

from dataclasses import replace

from handlers.answering import called, message_to_reader, take_part
from handlers.appeal_drawing import draw_message, material, words_of_reader
from handlers.appeal_progress import shortened, spread_line
from handlers.beginning import other_languages
from handlers.context import Context
from handlers.registry import Arg, ArgKind, Call, command
from handlers.types import Button, Card, Link, Reply, Row, Tone
from handlers.words import clean_line
from models.appeals import Appeal
from models.calling import get_appeal
from models.communities import Community, join
from models.refusals import NotFound
from models.shares import Share, credit_joining, note_arrival, share_by_code, share_of, spread_of

_CODE = Arg("code", ArgKind.CODE, "")


@command("appeal_share", args=(Arg("appeal", ArgKind.NUMBER, ""),))
async def share(context: Context, appeal: int) -> Reply:
    """The person's own link, and what it has brought so far."""
    found = await called(context, appeal)
    mine = await share_of(context.session, found.id, context.person.id, context.now)
    say, words = context.words.say, context.words
    text = [
        say("This link is yours: who comes by it joins and takes a seat with one press. Who they are stays theirs; only how "
            "many came is counted."),
        say("Where links do not work, these words do: {words}", words=f"/start share_{mine.code}"),
    ]  # fmt: skip
    brought = await spread_of(context.session, person_id=context.person.id)
    if brought.came:
        text.append(spread_line(brought, words))
    link = Link(say("Pass it on"), f"share_{mine.code}", to_share=shortened(found.text_for(words.language)))
    rows = ((link,), (Button(say("Show the appeal"), "appeal_see", str(found.id)),))
    return Reply(text="\n\n".join(text), rows=rows, edit=context.is_press)


async def arrive(context: Context, code: str) -> Reply:
    """Somebody follows a link that was shared: the appeal, and one press that joins and takes a seat. Raises NotFound."""
    shared, appeal = await _shared(context, code)
    await note_arrival(context.session, shared, context.person.id, context.now)
    community = await context.session.get_one(Community, appeal.community_id)
    member = await context.member_of(community.id)
    if member and (member.accepted_rules_at or not community.rules):
        return await message_to_reader(context, appeal)
    made = await material(context.session, appeal)
    shown = draw_message(made, words_of_reader(made, context.person))
    say = context.words.say
    rules = (say("The rules of this team:"), community.rules) if community.rules else ()
    label = say("I accept the rules, and I'm in") if community.rules else say("Join, and I'm in")
    card = shown.card or Card(clean_line(community.name))
    rows: tuple[Row, ...] = (
        (Button(label, "share_in", code, tone=Tone.PRIMARY),),
        other_languages(context.words, f"share_open {code}"),
    )
    lines = (*card.lines, *(("", *rules) if rules else ()))
    return Reply(card=replace(card, lines=lines), media=shown.media, rows=rows, edit=context.is_press)


async def _shared(context: Context, code: str) -> tuple[Share, Appeal]:
    found = await share_by_code(context.session, code)
    if found is None:
        raise NotFound("appeal", "")
    return found, await get_appeal(context.session, found.appeal_id)


@command("share_open", args=(_CODE,))
async def open_shared(context: Context, code: str) -> Reply:
    """The screen behind a shared link once more, in another language for example."""
    return await arrive(context, code)


@command("share_in", args=(_CODE,))
async def join_and_take_part(context: Context, code: str) -> Reply:
    """Join the team, rules accepted, and take a seat: one press."""
    _, appeal = await _shared(context, code)
    was_member = await context.member_of(appeal.community_id) is not None
    await join(context.session, appeal.community_id, context.person.id, context.now, accepts_rules=True)
    if not was_member:
        await credit_joining(context.session, appeal.id, context.person.id, context.now)
    context.person.focus_community_id = appeal.community_id
    await context.session.flush()
    (reply,) = await take_part([Call(context, {"appeal": appeal.id})])
    return reply
