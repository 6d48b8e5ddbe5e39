"""`/review`: moderators look at reports; the first decision wins."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.context import Context
from handlers.flows import Ask, Data, Flow, Step, declare, start, written
from handlers.registry import Arg, ArgKind, command
from handlers.telling import tell
from handlers.thanking import thank_button
from handlers.types import Button, Card, Media, Reply, Row, Tone
from handlers.words import N_, Said, Words, clean_line
from models.audit import Action, note
from models.communities import memberships
from models.finding import Wish, fitting_tasks
from models.pictures import get_picture
from models.refusals import NotAllowed
from models.reports import Report, ReportState, Reviewed, check_reviewer, credit, decide, get_report, waiting_reports
from models.roles import Role
from models.tasks import Task

_WORD_LIMIT = 500
_NOTED = {
    ReportState.APPROVED: Action.REPORT_APPROVED,
    ReportState.SENT_BACK: Action.REPORT_SENT_BACK,
    ReportState.REJECTED: Action.REPORT_REJECTED,
}
_REPORT = Arg("report", ArgKind.NUMBER, N_("the report's number"))
_SKIPPED = Arg("skipped", ArgKind.NUMBER, N_("how many to pass over"), required=False)


@command("review", help=N_("Reports that wait for a decision"), args=(_SKIPPED,), role=Role.MODERATOR)
async def review(context: Context, skipped: int | None) -> Reply:
    """The oldest report that waits, with what belongs to it."""
    return await _next_report(context, skipped or 0)


async def _next_report(context: Context, skipped: int = 0, said: str = "") -> Reply:
    stands_in = await _check_moderator(context)
    found, total = await waiting_reports(
        context.session, context.person.id, limit=1, after=min(skipped, 10_000), stands_in=stands_in
    )
    if not found and skipped:
        return await _next_report(context, 0, said)
    words = context.words
    if not found:
        text = words.say("No report is waiting. Thank you for looking after them.")
        return Reply(text=f"{said}\n\n{text}" if said else text, edit=context.is_press)
    shown = await _show(context.session, found[0], words, context.now)
    waiting = words.count("{n} report is waiting", "{n} reports are waiting", total)
    rows = _decisions(found[0].report, words)
    if total > 1:
        rows = (*rows, (Button(words.say("Later, the next one"), "review", str((skipped + 1) % total)),))
    return replace(shown, text=f"{said}\n\n{waiting}" if said else waiting, rows=rows, edit=context.is_press)


async def _check_moderator(context: Context) -> int | None:
    """The community of this chat, where the person stands in for its moderators. Raises NotAllowed for all others."""
    stands_in = await context.stands_in()
    if stands_in is not None:
        await context.require(Role.MODERATOR, stands_in)
    elif not await memberships(context.session, context.person.id, Role.MODERATOR):
        raise NotAllowed(Role.MODERATOR)
    return stands_in


def _decisions(report: Report, words: Words) -> tuple[Row, ...]:
    say, number = words.say, str(report.id)
    return (
        (Button(say("Approve"), "approve", number, tone=Tone.PRIMARY),),
        (Button(say("Send back"), "send_back", number), Button(say("Reject"), "reject", number, tone=Tone.DANGER)),
    )


async def _show(session: AsyncSession, reviewed: Reviewed, words: Words, now: datetime) -> Reply:
    report, task = reviewed.report, reviewed.task
    say = words.say
    lines: list[str] = [
        say("By {name}, {moment}", name=reviewed.volunteer.name, moment=words.moment(report.submitted_at, now)),
        say(
            "Took {minutes}; {estimate} were planned",
            minutes=words.minutes(report.minutes),
            estimate=words.minutes(task.minutes),
        ),
    ]
    lines += [piece for piece in (report.note, report.link) if piece]
    picture = await get_picture(session, report.picture) if report.picture else None
    media = Media(picture.id, picture.content_type, picture.size_bytes) if picture else None
    footer = say("{community} · task {number}", community=reviewed.community.name, number=task.id)
    return Reply(card=Card(clean_line(task.title), tuple(lines), footer), media=media)


@command("approve", args=(_REPORT,))
async def approve(context: Context, report: int) -> Reply:
    """Credit the minutes, thank the volunteer, and go on to the next report."""
    reviewed = await get_report(context.session, report)
    await _decide(context, reviewed, ReportState.APPROVED, "")
    total, count = await credit(context.session, reviewed.volunteer.id)
    next_tasks = await fitting_tasks(context.session, reviewed.volunteer, Wish(), context.now, limit=1)
    await tell(
        context,
        [reviewed.volunteer.id],
        f"approved:{reviewed.report.id}",
        lambda words: _thanks(words, reviewed, total, count, next_tasks[0] if next_tasks else None),
    )
    said = context.words.say(
        "Approved: {minutes} for {name}.", minutes=context.words.minutes(reviewed.report.minutes), name=reviewed.volunteer.name
    )
    following = await _next_report(context, said=said)
    thanks = (thank_button(reviewed.task, reviewed.volunteer, context.words),)
    return replace(following, toast=said, rows=(*following.rows, thanks))


def _thanks(words: Words, reviewed: Reviewed, total: int, count: int, following: Task | None) -> Reply:
    say = words.say
    text = say(
        "{title} is approved: {minutes} credited. Thank you from {community}!",
        title=reviewed.task.title,
        minutes=words.minutes(reviewed.report.minutes),
        community=reviewed.community.name,
    )
    sum_up = words.count(
        "Given so far: {minutes} in {n} task.", "Given so far: {minutes} in {n} tasks.", count, minutes=words.minutes(total)
    )
    rows: tuple[Row, ...] = ((Button(say("All tasks"), "tasks"),),)
    if following is not None:
        minutes = words.minutes(following.minutes)
        sum_up = Said(sum_up + "\n" + say("Next, perhaps: {title}, {minutes}.", title=following.title, minutes=minutes))
        rows = ((Button(say("Show the task"), "task", str(following.id), following.version), *rows[0]),)
    return Reply(text=f"{text}\n{sum_up}", rows=rows)


@command("send_back", args=(_REPORT,))
async def send_back(context: Context, report: int) -> Reply:
    """Ask for the word that goes with it."""
    return await start(context, DECISION, {"report": report, "decision": ReportState.SENT_BACK})


@command("reject", args=(_REPORT,))
async def reject(context: Context, report: int) -> Reply:
    """Ask for the reason."""
    return await start(context, DECISION, {"report": report, "decision": ReportState.REJECTED})


async def _decide(context: Context, reviewed: Reviewed, decision: ReportState, word: str) -> None:
    stands_in = await context.stands_in()
    await decide(context.session, reviewed, context.person, decision, word, now=context.now, stands_in=stands_in)
    await note(
        context.session,
        reviewed.task.community_id,
        context.person.id,
        _NOTED[decision],
        reviewed.report.id,
        context.now,
        reviewed.task.title,
    )


async def _guard(context: Context, data: Data) -> None:
    report = (await get_report(context.session, data["report"])).report
    await check_reviewer(context.session, report, context.person, stands_in=await context.stands_in())


async def _ask_word(context: Context, data: Data) -> Ask:
    reviewed = await get_report(context.session, data["report"])
    values = {"name": reviewed.volunteer.first_name, "title": reviewed.task.title}
    if data["decision"] == ReportState.SENT_BACK:
        return Ask(context.words.say("What should {name} change in the report on {title}?", **values))
    return Ask(context.words.say("Why is the report on {title} not accepted? {name} will read this.", **values))


async def _finish(context: Context, data: Data) -> Reply:
    reviewed = await get_report(context.session, data["report"])
    decision = ReportState(data["decision"])
    await _decide(context, reviewed, decision, data["word"])
    name, number = reviewed.volunteer.name, reviewed.report.id
    say = context.words.say
    if decision is ReportState.SENT_BACK:
        said = say("Sent back to {name}.", name=name)
        await tell(context, [reviewed.volunteer.id], f"sent_back:{number}", lambda w: _sent_back(w, reviewed, data["word"]))
    else:
        said = say("Rejected. {name} is told why.", name=name)
        await tell(context, [reviewed.volunteer.id], f"rejected:{number}", lambda w: _rejected(w, reviewed, data["word"]))
    return await _next_report(context, said=said)


def _sent_back(words: Words, reviewed: Reviewed, word: str) -> Reply:
    say, number = words.say, str(reviewed.task.id)
    text = say("The report on {title} needs one more thing: {word}", title=reviewed.task.title, word=word)
    rows = ((Button(say("Hand in again"), "done", number, tone=Tone.PRIMARY), Button(say("Give back"), "release", number)),)
    return Reply(text=text, rows=rows)


def _rejected(words: Words, reviewed: Reviewed, word: str) -> Reply:
    say = words.say
    text = say(
        "The report on {title} was not accepted: {word}\nThe seat is free again, and {community} answers questions.",
        title=reviewed.task.title,
        word=word,
        community=reviewed.community.name,
    )
    return Reply(text=text, rows=((Button(say("Other tasks"), "tasks"),),))


DECISION = declare(
    Flow(
        "decision",
        N_("a decision about a report"),
        steps=(Step("word", _ask_word, written(_WORD_LIMIT, N_("A word is needed here: it tells what to do better."))),),
        finish=_finish,
        guard=_guard,
    )
)
