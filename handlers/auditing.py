"""`/audit`: who decided what in a team, the latest first, for its organizers."""

from handlers.changing import LABELS
from handlers.context import Context
from handlers.registry import Arg, ArgKind, command
from handlers.roles import ROLES
from handlers.types import Button, Card, Reply, Row
from handlers.words import N_, Said, Words
from models.audit import Action, Entry, entries_of
from models.communities import Community
from models.roles import Role

PAGE = 10

_SENTENCES = {
    Action.TASK_MADE: N_("{moment}: {name} made task {about}, {words}"),
    Action.TASK_CHANGED: N_("{moment}: {name} changed task {about}, {words}"),
    Action.TASK_CANCELLED: N_("{moment}: {name} called off task {about}, {words}"),
    Action.ROLE_GIVEN: N_("{moment}: {name} gave number {about} a role: {words}"),
    Action.REPORT_APPROVED: N_("{moment}: {name} approved report {about} on {words}"),
    Action.REPORT_SENT_BACK: N_("{moment}: {name} sent report {about} back, on {words}"),
    Action.REPORT_REJECTED: N_("{moment}: {name} rejected report {about} on {words}"),
    Action.LIMIT_CHANGED: N_("{moment}: {name} changed a setting to {about}: {words}"),
    Action.APPEAL_SENT: N_("{moment}: {name} sent appeal {about}: {words}"),
    Action.APPEAL_ASKED: N_("{moment}: {name} asked for a second moderator for appeal {about}: {words}"),
    Action.APPEAL_CONFIRMED: N_("{moment}: {name} confirmed and sent appeal {about}: {words}"),
    Action.APPEAL_PAUSED: N_("{moment}: {name} paused appeal {about}: {words}"),
    Action.APPEAL_RESUMED: N_("{moment}: {name} resumed appeal {about}: {words}"),
    Action.APPEAL_STOPPED: N_("{moment}: {name} stopped appeal {about}: {words}"),
    Action.APPEAL_CORRECTED: N_("{moment}: {name} corrected appeal {about}: {words}"),
    Action.APPEAL_STILL_TRUE: N_("{moment}: {name} said that appeal {about} is still true: {words}"),
}


@command("audit", help=N_("Who decided what"), role=Role.ORGANIZER)
async def audit(context: Context) -> Reply:
    """The latest page."""
    return await _page(context, await context.community(Role.ORGANIZER), 0)


@command("audit_page", args=(Arg("community", ArgKind.NUMBER, ""), Arg("page", ArgKind.NUMBER, "")))
async def show_page(context: Context, community: int, page: int) -> Reply:
    """Another page."""
    await context.require(Role.ORGANIZER, community)
    return await _page(context, await context.session.get_one(Community, community), min(page, 1_000_000))


async def _page(context: Context, community: Community, page: int) -> Reply:
    entries, total = await entries_of(context.session, community.id, limit=PAGE, offset=PAGE * page)
    words = context.words
    title = words.say("What was decided in {community}", community=community.name)
    lines = tuple(_line(entry, words) for entry in entries) or (words.say("There is nothing here yet."),)
    turns = []
    if page:
        turns.append(Button(words.say("Later"), "audit_page", f"{community.id} {page - 1}"))
    if total > PAGE * (page + 1):
        turns.append(Button(words.say("Earlier"), "audit_page", f"{community.id} {page + 1}"))
    rows: tuple[Row, ...] = (tuple(turns),) if turns else ()
    return Reply(card=Card(title, lines), rows=rows, edit=context.is_press)


def _line(entry: Entry, words: Words) -> Said:
    moment = words.date_and_time(entry.at)
    sentence = _SENTENCES[entry.action]
    return words.say(sentence, moment=moment, name=entry.name, about=entry.about, words=_words(entry, words))


def _words(entry: Entry, words: Words) -> str:
    """What people wrote as they wrote it; roles and settings by what the reader calls them."""
    if entry.action is Action.ROLE_GIVEN:
        return words.say(ROLES[Role[entry.words]])
    if entry.action is Action.LIMIT_CHANGED:
        return words.say(LABELS[entry.words])
    return entry.words or "—"
