"""`/summary`: a team's week in figures, in plain words first. Every figure can be pressed (handlers/figures.py)."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

from handlers.context import Context
from handlers.registry import Arg, ArgKind, command
from handlers.spans import span, time_given
from handlers.types import Bars, Button, Card, Chart, Reply, Row
from handlers.weeks import day_of, days_of, for_button, from_button, here, read_week
from handlers.words import N_, Said, Words, isolate
from models.communities import Community
from models.figures import Figure
from models.refusals import Outdated
from models.roles import Role
from models.summaries import Numbers, Summary, summarize
from models.weeks import Week

WEEK = Arg("week", ArgKind.TEXT, N_("which week: its number, a day in it, or “last week”"), required=False)
COMMUNITY = Arg("community", ArgKind.NUMBER, "")
DAY = Arg("day", ArgKind.NUMBER, "")

LABELS = {
    Figure.COMPLETED: N_("Completed"),
    Figure.TAKEN: N_("Seats taken"),
    Figure.DUE: N_("Seats filled"),
    Figure.FIRST_TAKEN: N_("Median time to claim"),
    Figure.REVIEWED: N_("Median time to review"),
    Figure.RELEASED: N_("Given back"),
    Figure.EXPIRED: N_("Ended by time"),
    Figure.NO_SHOW: N_("Did not come"),
    Figure.JOINED: N_("New members"),
    Figure.QUICK: N_("Took a seat within a day"),
    Figure.THANKS: N_("Thanks given"),
    Figure.OPEN: N_("Open tasks"),
    Figure.FAILING: N_("About to fail"),
    Figure.WAITING: N_("Reports waiting"),
    Figure.LATE: N_("Waiting too long"),
    Figure.NEVER_ASKED: N_("Never offered anything"),
}
"""What the figures are called, in the order in which they are told."""
TIME_GIVEN = N_("Time given")
ALL_TAGS = "all"
_BUTTONS_IN_A_ROW = 2


@command(
    "summary",
    help=N_("The week in figures"),
    args=(WEEK,),
    role=Role.ORGANIZER,
    words=(
        r"(?:weekly )?summary",
        r"(?P<args>(?:this|last) week)",
        r"(?:ال)?ملخ\u0651?ص(?: الأسبوعي)?",
        r"(?P<args>(?:هذا الأسبوع|الأسبوع الماضي))",
    ),
)
async def summary(context: Context, week: str) -> Reply:
    """The week that runs, or another one."""
    community = await context.community(Role.ORGANIZER)
    return await _answer(context, community, read_week(week, community, context.now))


@command("summary_week", args=(COMMUNITY, DAY))
async def summary_of_week(context: Context, community: int, day: int) -> Reply:
    """The week that a button names."""
    await context.require(Role.ORGANIZER, community)
    found = await context.session.get_one(Community, community)
    week = from_button(day, found)
    if week is None or week.begins_at > context.now:
        raise Outdated
    return await _answer(context, found, week)


async def _answer(context: Context, community: Community, week: Week) -> Reply:
    told = await summarize(context.session, community, week, context.now)
    return put_into_words(told, community, context.words)


def put_into_words(told: Summary, community: Community, words: Words) -> Reply:
    """A summary for its reader: what matters in sentences, then the figures, and the days as a chart."""
    words = here(words, community)
    return Reply(
        text="\n".join(_sentences(told, words)),
        card=Card(_title(told, community, words), tuple(_lines(told, words))),
        chart=_chart(told, words),
        rows=_rows(told, community, words),
    )


def _title(told: Summary, community: Community, words: Words) -> Said:
    days, name = days_of(words, told.week), Said(isolate(words.digits(told.week.name)))
    if told.is_running:
        return words.say("{community}, {days} ({week}), so far", community=community.name, days=days, week=name)
    return words.say("{community}, {days} ({week})", community=community.name, days=days, week=name)


def _sentences(told: Summary, words: Words) -> list[Said]:
    """What an organizer should know, whatever else they read."""
    numbers, standing = told.numbers, told.standing
    done = words.count("{n} piece of work was completed.", "{n} pieces of work were completed.", numbers[Figure.COMPLETED])
    said = [done]
    if told.givers:
        people = words.count("{n} person", "{n} people", told.givers)
        said.append(words.say("Given: {time}, by {people}.", time=time_given(words, numbers.minutes), people=people))
    if standing[Figure.FAILING]:
        said.append(
            words.count(
                "{n} task is about to fail: it has free seats and less than 48 hours.",
                "{n} tasks are about to fail: they have free seats and less than 48 hours.",
                standing[Figure.FAILING],
            )
        )
    if standing[Figure.LATE]:
        said.append(
            words.count(
                "{n} report has waited too long for its review.",
                "{n} reports have waited too long for their review.",
                standing[Figure.LATE],
            )
        )
    return said


def _lines(told: Summary, words: Words) -> list[Said]:
    """Each figure, beside the week before and the mean of the four weeks before."""
    lines = [_line(told, one, words) for one in OF_WEEK]
    if told.given:
        tags = [Said(words.say("{tag} {time}", tag=f"#{tag}", time=time_given(words, n))) for tag, n in told.given]
        lines.insert(2, words.say("Most of it: {tags}", tags=words.list_of(list(tags))))
    return [*lines, words.say("Now:"), *(_now(told, figure, words) for figure in told.standing)]


class Told(NamedTuple):
    """A figure of a week as it is told."""

    label: str
    value: Callable[[Numbers], int | None]
    show: Callable[[Words, int], Said] = Words.number
    unit: str = ""


def _count_of(figure: Figure) -> Told:
    return Told(LABELS[figure], lambda numbers: numbers[figure])


def _median_of(figure: Figure) -> Told:
    return Told(LABELS[figure], lambda numbers: numbers.medians[figure], span, N_("minutes"))


def _percent(words: Words, n: int) -> Said:
    return words.say("{n}%", n=n)


OF_WEEK = (
    _count_of(Figure.COMPLETED),
    Told(TIME_GIVEN, lambda numbers: numbers.minutes, time_given, N_("minutes")),
    _count_of(Figure.TAKEN),
    Told(LABELS[Figure.DUE], lambda numbers: numbers.percent_filled, _percent, N_("percent")),
    _median_of(Figure.FIRST_TAKEN),
    _median_of(Figure.REVIEWED),
    _count_of(Figure.RELEASED),
    _count_of(Figure.EXPIRED),
    _count_of(Figure.NO_SHOW),
    _count_of(Figure.JOINED),
    _count_of(Figure.QUICK),
    _count_of(Figure.THANKS),
)


def _line(told: Summary, one: Told, words: Words) -> Said:
    what, value = words.say(one.label), _shown(one.value(told.numbers), one, words)
    if told.last is None:
        return words.say("{what}: {value}", what=what, value=value)
    return words.say(
        "{what}: {value} (the week before {last}, usually {usual})",
        what=what,
        value=value,
        last=_shown(one.value(told.last), one, words),
        usual=_shown(usual([one.value(numbers) for numbers in told.before]), one, words),
    )


def _shown(value: int | None, one: Told, words: Words) -> Said:
    return Said("–") if value is None else one.show(words, value)


def usual(values: Sequence[int | None]) -> int | None:
    """The mean of those that there are, rounded."""
    known = [value for value in values if value is not None]
    return int(Fraction(sum(known), len(known)) + Fraction(1, 2)) if known else None


def _now(told: Summary, figure: Figure, words: Words) -> Said:
    return words.say("{what}: {value}", what=words.say(LABELS[figure]), value=words.number(told.standing[figure]))


def _rows(told: Summary, community: Community, words: Words) -> tuple[Row, ...]:
    """A button for each figure that has rows behind it, for the time that was given, and the ways to other weeks."""
    day, number = for_button(told.week), community.id
    counted = {figure: told.standing.get(figure, 0) or told.numbers.sums.get(figure, (0,))[0] for figure in LABELS}
    buttons = [
        Button(words.beside(words.say(label), words.number(counted[figure])), "figure", f"{number} {figure} {day} 0")
        for figure, label in LABELS.items()
        if counted[figure]
    ]
    if told.numbers.minutes:
        label = words.beside(words.say(TIME_GIVEN), time_given(words, told.numbers.minutes))
        buttons.insert(1, Button(label, "given", f"{number} {ALL_TAGS} {day} 0"))
    rows = [tuple(buttons[at : at + _BUTTONS_IN_A_ROW]) for at in range(0, len(buttons), _BUTTONS_IN_A_ROW)]
    before = Button(words.say("The week before"), "summary_week", f"{number} {for_button(told.week.earlier())}")
    table = Button(words.say("As a file"), "table_week", f"{number} {day} csv")
    return (*rows, (before, table))


def _chart(told: Summary, words: Words) -> Chart:
    """Seats taken and work completed, day by day."""
    taken, completed = told.by_day[Figure.TAKEN], told.by_day[Figure.COMPLETED]
    title = words.say("Seats taken and work completed, day by day")
    by_day = [
        words.say("{day}: {taken} taken, {completed} completed", day=day_of(words, day, "EEEE d"), taken=one, completed=other)
        for day, one, other in zip(told.week.days, taken, completed, strict=True)
    ]
    return Chart(
        title=title,
        alternative="\n".join((title, *by_day)),
        days=tuple(day_of(words, day) for day in told.week.days),
        bars=(Bars(words.say(LABELS[Figure.TAKEN]), taken), Bars(words.say(LABELS[Figure.COMPLETED]), completed)),
        right_to_left=words.right_to_left,
        digits="".join(words.digits(str(digit)) for digit in range(10)),
    )
