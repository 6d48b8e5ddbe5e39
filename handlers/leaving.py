"""`/leave`: ending a membership."""

from handlers.context import Context
from handlers.registry import Arg, ArgKind, command
from handlers.types import Button, Reply, Row, Tone
from handlers.words import N_, Said, clean_line
from models.claims import ClaimState, open_claims
from models.communities import Community, keep_an_organizer, memberships
from models.communities import leave as end_membership
from models.refusals import NotAllowed
from models.releasing import end_open_claims
from models.roles import Role

_COMMUNITY = Arg("community", ArgKind.NUMBER, "")


@command("leave", help=N_("Leave a team"), role=Role.VOLUNTEER)
async def leave(context: Context) -> Reply:
    """Ask which team, where there are several, and whether it is meant."""
    if context.chat_community_id is not None:
        return await ask_to_confirm(context, context.chat_community_id)
    communities = [community for community, _ in await memberships(context.session, context.person.id)]
    if not communities:
        raise NotAllowed(Role.VOLUNTEER)
    if len(communities) == 1:
        return await ask_to_confirm(context, communities[0].id)
    rows: list[Row] = [(Button(clean_line(one.name), "leave_ask", str(one.id)),) for one in communities]
    rows.append((Button(context.words.say("Stay"), "me"),))
    return Reply(text=context.words.say("Which team is to be left?"), rows=tuple(rows), edit=context.is_press)


@command("leave_ask", args=(_COMMUNITY,))
async def ask_to_confirm(context: Context, community: int) -> Reply:
    """Say what leaving means. Raises NotAllowed, or LastOrganizer before anybody has decided anything."""
    await context.require(Role.VOLUNTEER, community)
    await keep_an_organizer(context.session, community, context.person.id, Role.VOLUNTEER)
    found = await context.session.get_one(Community, community)
    words, say = context.words, context.words.say
    claims = await open_claims(context.session, context.person.id)
    held = sum(claim.state is ClaimState.HELD for claim, _ in claims if claim.community_id == community)
    text = say("Leave {community}? What was credited stays, and the way back is always open.", community=found.name)
    if held:
        freed = words.count(
            "{n} seat that is held now goes to somebody else.", "{n} seats that are held now go to others.", held
        )
        text = Said(f"{text}\n{freed}")
    rows = ((Button(say("Leave"), "leave_do", str(community), tone=Tone.DANGER), Button(say("Stay"), "me")),)
    return Reply(text=text, rows=rows, edit=context.is_press)


@command("leave_do", args=(_COMMUNITY,))
async def end(context: Context, community: int) -> Reply:
    """The membership ends, and held seats are free. What was handed in is still reviewed. Pressing twice changes nothing."""
    found = await context.session.get(Community, community)
    if found is None or await context.member_of(community) is None:
        raise NotAllowed(Role.VOLUNTEER)
    await end_membership(context.session, community, context.person.id, context.now)
    await end_open_claims(context.session, context.person.id, community, context.now)
    if context.person.focus_community_id == community:
        context.person.focus_community_id = None
    await context.session.flush()
    text = context.words.say(
        "This was the last day with {community}. Thank you! The way back is {join}.",
        community=found.name,
        join=f"/join {found.code}",
    )
    return Reply(text=text, edit=context.is_press)
