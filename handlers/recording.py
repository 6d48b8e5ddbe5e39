"""`/record`: what a person has given, and what stands on their record, for nobody but them."""

from handlers.contesting import entry_lines, own_rows
from handlers.context import Context
from handlers.registry import command
from handlers.types import Button, Card, Reply
from handlers.words import N_, Said
from models.record import record_of
from models.reports import credit
from models.roles import Role
from models.thanks import thanks_received


@command("record", help=N_("Your hours, and your record"), role=Role.VOLUNTEER, words=(r"سجلي", r"my record"))
async def record(context: Context) -> Reply:
    """The sum of what was given, and what went wrong with seats that others counted on."""
    words, say = context.words, context.words.say
    minutes, count = await credit(context.session, context.person.id)
    entries = await record_of(context.session, context.person.id, context.now)
    given = words.count(
        "Given so far: {minutes} in {n} task.", "Given so far: {minutes} in {n} tasks.", count, minutes=words.minutes(minutes)
    )
    thanked = await thanks_received(context.session, context.person.id)
    lines: list[Said] = [
        given,
        *([words.count("Thanked {n} time.", "Thanked {n} times.", thanked)] if thanked else []),
        *entry_lines(entries, words),
    ]
    footer = say("Only you and the moderators see what is noted here; it fades after 90 days.") if entries else Said("")
    rows = (*own_rows(entries, words), (Button(say("My tasks"), "mine"),))
    return Reply(card=Card(say("My record"), tuple(lines), footer), rows=rows, edit=context.is_press)
