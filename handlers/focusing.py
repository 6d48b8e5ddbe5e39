"""Choosing which community is meant, where a command could mean several."""

from dataclasses import replace

from handlers.context import Context
from handlers.dispatch import run
from handlers.registry import COMMANDS, Arg, ArgKind, command
from handlers.types import Reply
from models.communities import Community
from models.roles import Role


@command("focus", args=(Arg("community", ArgKind.NUMBER, ""), Arg("then", ArgKind.TEXT, "", required=False)))
async def focus(context: Context, community: int, then: str) -> Reply:
    """Remember the choice, and go on with what was asked: `then` is a command with its arguments, where the button could
    carry it. It can be forged like any press, and is answered like any press."""
    await context.require(Role.VOLUNTEER, community)
    context.person.focus_community_id = community
    await context.session.flush()
    name, _, args = then.partition(" ")
    target = COMMANDS.get(name)
    if target is not None and target.name != "focus":
        event = replace(context.event, command=name, args=args, version=0)
        return await run(replace(context, event=event), target, args)
    found = await context.session.get_one(Community, community)
    text = context.words.say("{community} it is, from now on. Please say once more what it is about.", community=found.name)
    return Reply(text=text, edit=context.is_press)
