"""`/table`: a team's week as a file for spreadsheets, with the figures of its summary and the rows that they count."""

from datetime import datetime

from handlers.context import Context
from handlers.registry import Arg, ArgKind, command
from handlers.summarizing import COMMUNITY, DAY, LABELS, OF_WEEK, WEEK, usual
from handlers.types import Button, Cell, Reply, Sheet, SheetForm, Table
from handlers.weeks import days_of, for_button, from_button, here, read_week
from handlers.words import N_, Said, Words
from models.communities import Community
from models.refusals import Outdated
from models.roles import Role
from models.summaries import Summary, summarize
from models.tables import ROWS, ClaimRow, ReportRow, TaskRow, WeekTable, table_of_week
from models.weeks import Week

_STATES = {
    "open": N_("open"),
    "paused": N_("paused"),
    "done": N_("done"),
    "cancelled": N_("called off"),
    "held": N_("held"),
    "reported": N_("handed in"),
    "approved": N_("approved"),
    "released": N_("given back"),
    "expired": N_("ended by time"),
    "rejected": N_("not accepted"),
    "no_show": N_("did not come"),
    "waiting": N_("waiting"),
    "sent_back": N_("sent back"),
}
"""What the states of tasks, claims and reports are called."""


@command("table", help=N_("The week as a file for spreadsheets"), args=(WEEK,), role=Role.ORGANIZER)
async def table(context: Context, week: str) -> Reply:
    """The week that runs, or another one, as CSV; the other form is a button away."""
    community = await context.community(Role.ORGANIZER)
    return await _answer(context, community, read_week(week, community, context.now), SheetForm.CSV)


@command("table_week", args=(COMMUNITY, DAY, Arg("form", ArgKind.CODE, "")))
async def table_of(context: Context, community: int, day: int, form: str) -> Reply:
    """The week and the form that a button names."""
    await context.require(Role.ORGANIZER, community)
    found = await context.session.get_one(Community, community)
    week = from_button(day, found)
    if week is None or week.begins_at > context.now or form not in set(SheetForm):
        raise Outdated
    return await _answer(context, found, week, SheetForm(form))


async def _answer(context: Context, community: Community, week: Week, form: SheetForm) -> Reply:
    told = await summarize(context.session, community, week, context.now)
    rows = await table_of_week(context.session, community.id, week)
    words = here(context.words, community)
    say = words.say
    text = say(
        "{community}, {days}: the figures, and the rows behind them.", community=community.name, days=days_of(words, week)
    )
    if rows.is_cut:
        cut = words.count("Of each kind, the first {n} row.", "Of each kind, the first {n} rows.", ROWS)
        text = say("{text} {note}", text=text, note=cut)
    other = SheetForm.XLSX if form is SheetForm.CSV else SheetForm.CSV
    button = Button(say("As {form}", form=Said(other.upper())), "table_week", f"{community.id} {for_button(week)} {other}")
    return Reply(text=text, sheet=sheet_of(told, rows, words, form), rows=((button,),))


def sheet_of(told: Summary, rows: WeekTable, words: Words, form: SheetForm) -> Sheet:
    """The tables: figures, tasks, claims, reports."""
    tables = (_figures(told, words), _tasks(rows, words), _claims(rows, words), _reports(rows, words))
    return Sheet(f"himma-{told.week.name}", tables, form, words.right_to_left)


def _figures(told: Summary, words: Words) -> Table:
    say = words.say
    columns = (say("Figure"), say("Unit"), say("This week"), say("The week before"), say("Mean of the four weeks before"))
    rows: list[tuple[Cell, ...]] = [
        (
            say(one.label),
            say(one.unit),
            one.value(told.numbers),
            one.value(told.last) if told.last else None,
            usual([one.value(numbers) for numbers in told.before]),
        )
        for one in OF_WEEK
    ]
    rows += [(say("Given to {tag}", tag=Said(f"#{tag}")), say("minutes"), minutes, None, None) for tag, minutes in told.given]
    rows += [(say("Now: {what}", what=say(LABELS[figure])), "", n, None, None) for figure, n in told.standing.items()]
    return Table(say("Figures"), columns, tuple(rows))


def _tasks(rows: WeekTable, words: Words) -> Table:
    say = words.say
    columns = (
        say("Task"), say("Title"), say("Tags"), say("State"), say("Minutes planned"), say("Seats"), say("Seats taken"),
        say("Made"), say("Deadline"),
    )  # fmt: skip
    lines = tuple(
        (row.number, row.title, row.tags, _state(row, words), row.minutes, row.seats, row.taken,
         _moment(row.made_at, words), _moment(row.deadline_at, words))
        for row in rows.tasks
    )  # fmt: skip
    return Table(say("Tasks"), columns, lines)


def _claims(rows: WeekTable, words: Words) -> Table:
    say = words.say
    columns = (say("Task"), say("Title"), say("Person"), say("State"), say("Taken"), say("Ended"))
    lines = tuple(
        (row.task, row.title, row.person, _state(row, words), _moment(row.taken_at, words), _moment(row.ended_at, words))
        for row in rows.claims
    )
    return Table(say("Claims"), columns, lines)


def _reports(rows: WeekTable, words: Words) -> Table:
    say = words.say
    columns = (
        say("Report"), say("Task"), say("Title"), say("Person"), say("State"), say("Minutes"), say("Handed in"),
        say("Decided"),
    )  # fmt: skip
    lines = tuple(
        (row.number, row.task, row.title, row.person, _state(row, words), row.minutes,
         _moment(row.handed_in_at, words), _moment(row.decided_at, words))
        for row in rows.reports
    )  # fmt: skip
    return Table(say("Reports"), columns, lines)


def _state(row: TaskRow | ClaimRow | ReportRow, words: Words) -> Said:
    return words.say(_STATES[row.state])


def _moment(moment: datetime | None, words: Words) -> str:
    """As spreadsheets read it, on the team's clocks."""
    return "" if moment is None else f"{moment.astimezone(words.zone):%Y-%m-%d %H:%M}"
