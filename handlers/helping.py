"""`/help`: what this person can do here, and nothing else."""

from handlers.context import Context
from handlers.registry import COMMANDS, Command, Where, command, public_commands
from handlers.types import Button, Card, Reply, Row
from handlers.words import N_, Said, Words
from models.communities import memberships
from models.roles import Role

_HEADINGS = {
    Role.VOLUNTEER: N_("For volunteers"),
    Role.MODERATOR: N_("For moderators"),
    Role.ORGANIZER: N_("For organizers"),
    None: N_("For everybody"),
}
_LIKELY = {
    None: ("language",),
    Role.VOLUNTEER: ("tasks", "mine"),
    Role.MODERATOR: ("review", "newtask", "tasks"),
    Role.ORGANIZER: ("review", "newtask", "settings"),
}
_LABELS = {
    "language": N_("Language"),
    "tasks": N_("All tasks"),
    "mine": N_("My tasks"),
    "review": N_("Review"),
    "newtask": N_("New task"),
    "settings": N_("Settings"),
}


@command("help", help=N_("What can be done here"), words=(r"(?:مساعدة|مساعده|المساعدة)", r"help"))
async def help_here(context: Context) -> Reply:
    """Grouped by role: that of the chat's community, or in private the greatest one anywhere."""
    words = context.words
    role = await _role_here(context)
    lines: list[Said] = []
    for heading, title in _HEADINGS.items():
        found = [one for one in public_commands() if one.role == heading and _is_of_use(one, role, context)]
        if found:
            lines += [*([Said("")] if lines else []), words.say(title), *(_line(one, words) for one in found)]
    buttons = tuple(Button(words.say(_LABELS[name]), name) for name in _LIKELY[role] if name in COMMANDS)
    rows: tuple[Row, ...] = (buttons,) if buttons else ()
    card = Card(words.say("What can be done here"), tuple(lines), _footer(context, role))
    return Reply(card=card, rows=rows, edit=context.is_press)


async def _role_here(context: Context) -> Role | None:
    if context.chat_community_id is not None:
        member = await context.member_of(context.chat_community_id)
        stands_in = member is not None and await context.stands_in() is not None
        return max(member.role, Role.MODERATOR if stands_in else member.role) if member else None
    if not context.in_private:
        return None
    return max((member.role for _, member in await memberships(context.session, context.person.id)), default=None)


def _is_of_use(one: Command, role: Role | None, context: Context) -> bool:
    """Whether this person could have something from the command here. What asks for a chat's admin is for those who may
    still make it a team, and for organizers."""
    if one.role is not None and (role is None or one.role > role):
        return False
    if one.where is (Where.GROUP if context.in_private else Where.PRIVATE):
        return False
    is_free = not context.in_private and context.chat_community_id is None
    return not one.asks_admin or is_free or role is Role.ORGANIZER


def _line(one: Command, words: Words) -> Said:
    return words.say("{command}: {purpose}", command=f"/{one.name}", purpose=words.say(one.help))


def _footer(context: Context, role: Role | None) -> str:
    say = context.words.say
    if not context.in_private:
        return say("More of it works in the private chat.")
    if role is None:
        return say("A team is joined by its link, or by /join and its code. A new one begins with /setup in its group.")
    return say("Words do as well: “tasks”, “I have 5 minutes”, “my tasks”.")
