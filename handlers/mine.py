"""`/mine`: what a person holds and has handed in, and what they have given."""

from handlers.context import Context
from handlers.recurring import rhythm_text
from handlers.registry import command
from handlers.types import Button, Card, Reply, Row, Tone
from handlers.words import N_, Said, clean_line
from models.claims import Claim, ClaimState, open_claims
from models.reports import credit
from models.roles import Role
from models.standing import all_standing
from models.tasks import Task
from models.waitlist import Wait, lines_of

_SHOWN = 6
_WITHOUT_NUMBER = {"still": N_("Still on it"), "extend": N_("More time")}
"""What may be said of a held seat and has no button on this page, unless it was said without a task's number."""


@command(
    "mine",
    help=N_("What you hold, and what you gave"),
    role=Role.VOLUNTEER,
    words=(r"مهامي", r"my tasks"),
)
async def mine(context: Context) -> Reply:
    """Held seats with what can be done about each, reports that wait, and the sum of what was given."""
    claims = await open_claims(context.session, context.person.id)
    minutes, count = await credit(context.session, context.person.id)
    words = context.words
    lines = [_line(context, claim, task) for claim, task in claims]
    in_line = await lines_of(context.session, context.person.id, context.now)
    lines += [_waiting_line(context, place, task) for place, task in in_line]
    always = await all_standing(context.session, context.person.id)
    lines += [
        words.say("{title}: {rhythm}", title=series.title, rhythm=rhythm_text(series.rule, words)) for _, series in always
    ]
    if not lines:
        lines = [words.say("No seat is held right now.")]
    given = words.count(
        "Given so far: {minutes} in {n} task.", "Given so far: {minutes} in {n} tasks.", count, minutes=words.minutes(minutes)
    )
    rows: list[Row] = []
    for claim, task in claims[:_SHOWN]:
        if claim.state is ClaimState.HELD:
            rows += _meant(context, task)
            rows.append((_done(context, task), Button(words.say("Give back"), "release", str(task.id))))
    rows += [_line_buttons(context, place, task) for place, task in in_line[:_SHOWN]]
    for _, series in always[:_SHOWN]:
        rows.append((Button(words.say("Every time: {title}", title=series.title[:40]), "standing", str(series.id)),))
    rows.append((Button(words.say("All tasks"), "tasks"),))
    return Reply(card=Card(words.say("My tasks"), tuple(lines), given), rows=tuple(rows), edit=context.is_press)


def _meant(context: Context, task: Task) -> list[Row]:
    """What was said without telling which task is meant."""
    said = context.event.command
    if said not in _WITHOUT_NUMBER:
        return []
    return [(Button(f"{context.words.say(_WITHOUT_NUMBER[said])}: {_short(task)}", said, str(task.id)),)]


def _done(context: Context, task: Task) -> Button:
    return Button(f"{context.words.say('Done')}: {_short(task)}", "done", str(task.id), tone=Tone.PRIMARY)


def _line_buttons(context: Context, place: Wait, task: Task) -> Row:
    number, say = str(task.id), context.words.say
    leave = Button(f"{say('Leave the line')}: {_short(task)}", "wait_no", number)
    if place.offer_until is None:
        return (leave,)
    take = say("I'm in")
    return (Button(f"{take}: {_short(task)}", "claim", number, task.version, Tone.PRIMARY), leave)


def _short(task: Task) -> str:
    title = clean_line(task.title)
    return title if len(title) <= 30 else title[:29] + "…"


def _waiting_line(context: Context, place: Wait, task: Task) -> Said:
    words = context.words
    if place.offer_until is not None:
        moment = words.moment(place.offer_until, context.now)
        return words.say("{title}: a seat is kept for you until {moment}", title=task.title, moment=moment)
    return words.say("{title}: in line for a seat", title=task.title)


def _line(context: Context, claim: Claim, task: Task) -> Said:
    words = context.words
    if claim.state is ClaimState.HELD and task.starts_at is not None and task.starts_at > context.now:
        moment = words.moment(task.starts_at, context.now)
        return words.say("{title}: begins {moment}", title=task.title, moment=moment)
    if claim.state is ClaimState.HELD:
        moment = words.moment(claim.hold_until, context.now)
        return words.say("{title}: yours until {moment}", title=task.title, moment=moment)
    return words.say("{title}: handed in, waits for its review", title=task.title)
