"""`/done`: completing a task, and the report about it."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from handlers.context import Context
from handlers.finding import check_membership
from handlers.flows import Ask, Data, Flow, Given, Invalid, Option, Step, check_length, declare, start, written
from handlers.notices import Telling, notice
from handlers.registry import HELD_TASK, command
from handlers.types import Button, Reply
from handlers.words import N_, clean, parse_number
from models.claims import ClaimState, seated_claim
from models.communities import Community, staff
from models.notices import NoticeKind, plan_for
from models.pictures import keep_picture
from models.refusals import AlreadyHandedIn, NoClaim
from models.reports import ReportState, Work, count_waiting, get_report, hand_in
from models.roles import Role
from models.tasks import Proof, get_task

MOST_MINUTES = 24 * 60
"""What one report can claim; longer work is several tasks."""
_NOTE_LIMIT = 1500
_LINK_LIMIT = 500
_REVIEWERS_NAMED = 3
_NEWS_HELPS = timedelta(days=3)
"""How long it is news that a report waits."""


@command("done", help=N_("Hand in what was done"), args=(HELD_TASK,), role=Role.VOLUNTEER)
async def done(context: Context, task: int) -> Reply:
    """Open the report wizard for a seat one holds."""
    found = await get_task(context.session, task)
    return await start(context, REPORT, {"task": found.id, "estimate": found.minutes, "proof": found.proof})


async def _guard(context: Context, data: Data) -> None:
    """The seat must (still) be held."""
    task = await get_task(context.session, data["task"])
    claim = await seated_claim(context.session, context.person.id, task.id)
    if claim is None:
        await check_membership(context, task)
        raise NoClaim(task.id, task.title)
    if claim.state is not ClaimState.HELD:
        raise AlreadyHandedIn(task.id, task.title)


async def _ask_minutes(context: Context, data: Data) -> Ask:
    words, estimate = context.words, int(data["estimate"])
    task = await get_task(context.session, data["task"])
    offered = dict.fromkeys((estimate, max(1, estimate // 2), min(estimate * 2, MOST_MINUTES)))
    return Ask(
        words.say("Well done! How many minutes did {title} take?", title=task.title),
        options=(tuple(Option(words.minutes(n), str(n)) for n in offered),),
        placeholder=words.say("Minutes, for example {n}", n=estimate),
    )


async def _parse_minutes(context: Context, data: Data, given: Given) -> int:
    number = parse_number(given.option or given.text)
    if number is None or not 1 <= number <= MOST_MINUTES:
        raise Invalid(context.words.say("Minutes are a number from {least} to {most}.", least=1, most=MOST_MINUTES))
    return number


async def _ask_note(context: Context, data: Data) -> Ask:
    say = context.words.say
    if data["proof"] == Proof.NOTE:
        return Ask(say("A short note is part of this task: how did it go?"), placeholder=say("A sentence or two"))
    return Ask(
        say("Is there something the team should know? A note helps, and can be skipped."), placeholder=say("A sentence or two")
    )


_parse_note = written(_NOTE_LIMIT, N_("A note is written in words. One sentence is enough."))


async def _ask_photo(context: Context, data: Data) -> Ask:
    return Ask(
        context.words.say(
            "Please send a photo that shows the result. Where it was taken is removed, and only the team's moderators see it."
        )
    )


async def _parse_photo(context: Context, data: Data, given: Given) -> dict[str, Any]:
    if given.media is None:
        raise Invalid(context.words.say("This task asks for a photo."))
    picture = {"id": given.media.id, "content_type": given.media.content_type, "size_bytes": given.media.size_bytes}
    return {"picture": picture, "caption": check_length(context.words, clean(given.text), _NOTE_LIMIT)}


def _caption(data: Data) -> str:
    """What stood under the photo: a note, so it is not asked for once more."""
    photo = data.get("photo")
    return str(photo["caption"]) if photo else ""


async def _ask_link(context: Context, data: Data) -> Ask:
    return Ask(context.words.say("Please send the link to the result."), placeholder="https://…")


async def _parse_link(context: Context, data: Data, given: Given) -> str:
    link = clean(given.text)
    try:
        parts = urlsplit(link if "://" in link else f"https://{link}")
        is_link = parts.scheme in {"http", "https"} and "." in (parts.hostname or "") and not any(c.isspace() for c in link)
    except ValueError:
        is_link = False
    if not is_link:
        raise Invalid(
            context.words.say(
                "This does not read like a link. It looks like this: {example}", example="https://example.org/page"
            )
        )
    return check_length(context.words, link, _LINK_LIMIT)


async def _finish(context: Context, data: Data) -> Reply:
    photo = data.get("photo")
    if photo is not None:
        await keep_picture(context.session, **photo["picture"], now=context.now)
    note = data.get("note") or data.get("more") or _caption(data)
    work = Work(data["minutes"], note, data.get("link") or "", photo["picture"]["id"] if photo else None)
    report = await hand_in(context.session, context.person.id, data["task"], work, context.now)
    community = await context.session.get_one(Community, report.community_id)
    reviewers = [person for person in await staff(context.session, community.id) if person.id != context.person.id]
    if await count_waiting(context.session, community.id) == 1:
        await plan_for(
            context.session,
            [person.id for person in reviewers],
            NoticeKind.TEAM,
            "report_waits",
            report.id,
            community_id=community.id,
            due_at=context.now,
            useless_at=context.now + _NEWS_HELPS,
        )
    say = context.words.say
    names = context.words.list_of([person.first_name for person in reviewers[:_REVIEWERS_NAMED]])
    by = context.words.moment(context.now + timedelta(hours=community.review_hours), context.now)
    if reviewers:
        text = say("Handed in, thank you! {names} will look at it, {moment} at the latest.", names=names, moment=by)
    else:
        text = say("Handed in, thank you! It is looked at as soon as the team has another moderator.")
    rows = ((Button(say("Other tasks"), "tasks"), Button(say("My tasks"), "mine")),)
    return Reply(text=text, rows=rows, edit=context.is_press)


@notice("report_waits")
async def _waiting(telling: Telling) -> Reply | None:
    """That there is something to review, unless somebody has done it meanwhile."""
    reviewed = await get_report(telling.session, telling.notice.about)
    if reviewed.report.state is not ReportState.WAITING:
        return None
    say = telling.words.say
    text = say("A report on {title} waits for its review.", title=reviewed.task.title)
    return Reply(text=text, rows=((Button(say("Review"), "review"),),))


REPORT = declare(
    Flow(
        "report",
        N_("a report"),
        steps=(
            Step("minutes", _ask_minutes, _parse_minutes, label=N_("Minutes")),
            Step(
                "photo",
                _ask_photo,
                _parse_photo,
                takes_text=False,
                takes_photo=True,
                is_needed=lambda d: d["proof"] == Proof.PHOTO,
                label=N_("Photo"),
            ),
            Step("link", _ask_link, _parse_link, is_needed=lambda d: d["proof"] == Proof.LINK, label=N_("Link")),
            Step("note", _ask_note, _parse_note, is_needed=lambda d: d["proof"] == Proof.NOTE, label=N_("Note")),
            Step(
                "more",
                _ask_note,
                _parse_note,
                is_optional=True,
                is_needed=lambda d: d["proof"] != Proof.NOTE and not _caption(d),
                label=N_("Note"),
            ),
        ),
        finish=_finish,
        guard=_guard,
    )
)
