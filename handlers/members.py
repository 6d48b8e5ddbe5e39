"""`/members`: who is here, for moderators; with each one's hours and record."""

from handlers.contesting import entry_lines, judging_rows
from handlers.context import Context
from handlers.naming import find_members, members_meant
from handlers.registry import Arg, ArgKind, command
from handlers.roles import PAGE, role_name
from handlers.types import Button, Card, Reply, Row
from handlers.words import N_, Said, Words, clean_line
from models.communities import Community, Listed, roster
from models.record import count_entries, record_of, who_contests
from models.refusals import NotFound
from models.reports import credit
from models.roles import Role

_WHO = Arg("member", ArgKind.MEMBER, N_("the member's number or name"), required=False)
_COMMUNITY = Arg("community", ArgKind.NUMBER, "")


@command("members", help=N_("Who is here"), args=(_WHO,), role=Role.MODERATOR)
async def members(context: Context, member: str) -> Reply:
    """The list; or, where somebody was named, their page."""
    community = await context.community(Role.MODERATOR)
    if not member:
        return await _list(context, community, 0)
    found = await members_meant(context, community.id, member)
    if not found:
        raise NotFound("member", clean_line(member))
    if len(found) == 1:
        return await _page(context, community, found[0])
    rows = tuple((_button(community, one),) for one in found[: PAGE + 2])
    return Reply(text=context.words.say("Several members go by that name. Who is meant?"), rows=rows, edit=context.is_press)


@command("members_page", args=(_COMMUNITY, Arg("page", ArgKind.NUMBER, "")))
async def show_page(context: Context, community: int, page: int) -> Reply:
    """Another page of the list."""
    await context.require(Role.MODERATOR, community)
    return await _list(context, await context.session.get_one(Community, community), page)


@command("member", args=(_COMMUNITY, Arg("member", ArgKind.NUMBER, "")))
async def show_member(context: Context, community: int, member: int) -> Reply:
    """One member's page."""
    await context.require(Role.MODERATOR, community)
    found = find_members(await roster(context.session, community), str(member))
    if not found:
        raise NotFound("member", str(member))
    return await _page(context, await context.session.get_one(Community, community), found[0])


async def _list(context: Context, community: Community, page: int) -> Reply:
    everybody = await roster(context.session, community.id)
    shown = everybody[PAGE * page : PAGE * (page + 1)]
    words = context.words
    counts = await count_entries(context.session, community.id, {one.person_id for one in shown}, context.now)
    contesting = await who_contests(context.session, community.id, context.now)
    lines = tuple(_line(one, counts.get(one.person_id, 0), words, contests=one.person_id in contesting) for one in shown)
    rows: list[Row] = [(_button(community, one),) for one in shown]
    turns = []
    if page and everybody:
        turns.append(Button(words.say("Earlier"), "members_page", f"{community.id} {page - 1}"))
    if len(everybody) > PAGE * (page + 1):
        turns.append(Button(words.say("More"), "members_page", f"{community.id} {page + 1}"))
    if turns:
        rows.append(tuple(turns))
    heading = words.count(
        "{community} has {n} member", "{community} has {n} members", len(everybody), community=community.name
    )
    return Reply(card=Card(heading, lines), rows=tuple(rows), edit=context.is_press)


def _line(one: Listed, entries: int, words: Words, *, contests: bool) -> Said:
    line = words.say("{number} · {name}: {role}", number=one.person_id, name=one.name, role=role_name(one.role, words))
    on_record = words.count("{n} entry on the record", "{n} entries on the record", entries)
    notes = [*([on_record] if entries else []), *([words.say("waits for a decision")] if contests else [])]
    return words.beside(line, *notes)


def _button(community: Community, one: Listed) -> Button:
    return Button(clean_line(one.name)[:40], "member", f"{community.id} {one.person_id}")


async def _page(context: Context, community: Community, one: Listed) -> Reply:
    """What somebody is here, what they gave to this team, and what stands on their record here."""
    words, say = context.words, context.words.say
    minutes, count = await credit(context.session, one.person_id, community.id)
    entries = await record_of(context.session, one.person_id, context.now, community.id)
    given = words.count(
        "Given here: {minutes} in {n} task.", "Given here: {minutes} in {n} tasks.", count, minutes=words.minutes(minutes)
    )
    lines = [
        say("{community}: {role}", community=community.name, role=role_name(one.role, words)),
        given,
        *(entry_lines(entries, words) or [say("Nothing stands on the record.")]),
    ]
    rows = (*judging_rows(entries, words), (Button(say("All members"), "members_page", f"{community.id} 0"),))
    return Reply(card=Card(clean_line(one.name), tuple(lines)), rows=rows, edit=context.is_press)
