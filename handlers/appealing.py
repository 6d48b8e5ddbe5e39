"""`/appeal`: a moderator calls, and the right people hear it. Nothing is sent before its preview was seen."""

from typing import Any

from handlers.appeal_draft import call_of_draft
from handlers.appeal_line import read_appeal
from handlers.appeal_preview import ask_decision, parse_decision
from handlers.appeal_questions import QUESTIONS, find_aim
from handlers.appeal_sending import let_go
from handlers.cards import zoned
from handlers.context import Context
from handlers.flows import Data, Flow, Step, declare, start
from handlers.registry import Arg, ArgKind, command
from handlers.types import Button, Reply
from handlers.words import N_
from models.calling import draft_appeal
from models.communities import Community
from models.pictures import keep_picture
from models.refusals import Malformed
from models.roles import Role

DEFAULTS: dict[str, Any] = {
    "second": None,
    "picture": None,
    "vouched": "",
    "audience": {},
    "called": None,
    "starts": "",
    "ends": "",
}
_LINE = Arg("line", ArgKind.TEXT, N_("the appeal in one line: #12 and the text, other pieces behind |"), required=False)


@command("appeal", help=N_("Call people: who fits hears it once"), args=(_LINE,), role=Role.MODERATOR)
async def appeal(context: Context, line: str) -> Reply:
    """The wizard; or, where it was written in one line, its preview at once."""
    community = await context.community(Role.MODERATOR)
    here = _where_this_is(context, community)
    place = context.event.place
    roles_in = here if place.has_roles else ""
    data: dict[str, Any] = {
        "community": community.id,
        "is_whole": bool(line),
        "audience": {},
        "roles_in": roles_in,
        "thread": f"{here} {place.thread}" if here and place.thread else "",
    }
    if line:
        said = read_appeal(line, zoned(context, community), context.now)
        said["aim"] = await find_aim(context, community.id, said["aim"]["tasks"], said["aim"]["tag"])
        if "called" in said and not roles_in:
            raise Malformed(N_("A role can be called in a chat of the team where some people bear it."))
        said["called"] = f"{roles_in} {said['called']}" if "called" in said else None
        data |= DEFAULTS | {"confirmed": context.now.isoformat()} | said
    return await start(context, APPEAL, data)


def _where_this_is(context: Context, community: Community) -> str:
    """The platform and the chat of the team where this is said; elsewhere nothing."""
    place = context.event.place
    return f"{place.platform} {place.chat}" if context.chat_community_id == community.id else ""


async def _guard(context: Context, data: Data) -> None:
    await context.require(Role.MODERATOR, data["community"])


async def _finish(context: Context, data: Data) -> Reply:
    if data["decision"]["does"] == "change":
        kept = {name: value for name, value in data.items() if name != "decision"}
        return await start(context, APPEAL, {**kept, "is_whole": False})
    picture = data.get("picture")
    if picture:
        await keep_picture(context.session, **picture, now=context.now)
    call = await call_of_draft(context, data)
    draft = await draft_appeal(context.session, data["community"], context.person.id, call, context.now)
    text = await let_go(context, draft, data["decision"]["reaches"])
    rows = ((Button(context.words.say("How it is doing"), "appeals", str(draft.id)),),)
    return Reply(text=text, rows=rows, edit=context.is_press)


APPEAL = declare(
    Flow(
        "appeal",
        N_("an appeal"),
        steps=(*QUESTIONS, Step("decision", ask_decision, parse_decision, takes_text=False)),
        finish=_finish,
        guard=_guard,
    )
)
