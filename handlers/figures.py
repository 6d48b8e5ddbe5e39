"""The rows behind a summary's figures: for organizers, a page at a time."""

from collections.abc import Callable, Sequence
from datetime import datetime

from handlers.context import Context
from handlers.registry import Arg, ArgKind, command
from handlers.spans import span
from handlers.summarizing import COMMUNITY, DAY, LABELS
from handlers.types import Button, Card, Reply, Row
from handlers.weeks import days_of, for_button, from_button, here
from handlers.words import Said, Words, clean_line
from models.communities import Community
from models.figures import NOW, Figure, Line, lines
from models.refusals import Outdated
from models.roles import Role
from models.weeks import Week

PAGE = 6
FURTHEST_PAGE = 10_000
_LABEL_LENGTH = 40
_FIGURE = Arg("figure", ArgKind.CODE, "")
_PAGE = Arg("page", ArgKind.NUMBER, "")


@command("figure", args=(COMMUNITY, _FIGURE, DAY, _PAGE))
async def show_figure(context: Context, community: int, figure: str, day: int, page: int) -> Reply:
    """What a figure counts, below the summary, which stays."""
    return await _page(context, community, figure, day, page, is_turned=False)


@command("figure_page", args=(COMMUNITY, _FIGURE, DAY, _PAGE))
async def turn_page(context: Context, community: int, figure: str, day: int, page: int) -> Reply:
    """Another page in the place of the one before."""
    return await _page(context, community, figure, day, page, is_turned=True)


async def _page(context: Context, community_id: int, name: str, day: int, page: int, *, is_turned: bool) -> Reply:
    await context.require(Role.ORGANIZER, community_id)
    community = await context.session.get_one(Community, community_id)
    week = from_button(day, community)
    if name not in set(Figure) or week is None:
        raise Outdated
    figure, page = Figure(name), min(page, FURTHEST_PAGE)
    found, total = await lines(
        context.session, figure, community, week.begins_at, week.ends_at, context.now, limit=PAGE, offset=PAGE * page
    )
    if not found and page:  # there were more of them when the button was made
        return await _page(context, community_id, name, day, 0, is_turned=is_turned)
    words = here(context.words, community)
    card = Card(
        _title(figure, week, total, words),
        tuple(put(line, figure, words, context.now) for line in found),
        clean_line(community.name),
    )
    pages = turns("figure_page", lambda number: f"{community_id} {figure} {for_button(week)} {number}", page, total, words)
    rows = (*_ways_on(figure, found, words), pages)
    return Reply(card=card, rows=tuple(row for row in rows if row), edit=is_turned)


def _title(figure: Figure, week: Week, total: int, words: Words) -> Said:
    what, n = words.say(LABELS[figure]), words.number(total)
    if figure in NOW:
        return words.say("{what}: {value}", what=what, value=n)
    return words.say("{what}, {days}: {value}", what=what, days=days_of(words, week), value=n)


def put(line: Line, figure: Figure, words: Words, now: datetime) -> Said:
    """A row in one line."""
    title, name, moment = line.title, line.person, words.moment(line.at, now)
    if figure is Figure.THANKS and not title:
        return words.say("{name}, {moment}", name=name, moment=moment)
    if not title:
        return words.say("{name}, since {moment}", name=name, moment=moment)
    if figure is Figure.FIRST_TAKEN:
        return words.say("{title}: after {span}", title=title, span=span(words, line.amount or 0))
    if not name:
        seats = words.seats(line.of or 0)
        return words.say(
            "{title}: {taken} of {seats} taken, until {moment}", title=title, taken=line.amount, seats=seats, moment=moment
        )
    if figure is Figure.COMPLETED:
        given = words.minutes(line.amount or 0)
        return words.say("{title}: {minutes}, by {name}, {moment}", title=title, minutes=given, name=name, moment=moment)
    if figure is Figure.REVIEWED:
        after = span(words, line.amount or 0)
        return words.say("{title}: {name}, after {span}", title=title, name=name, span=after)
    return words.say("{title}: {name}, {moment}", title=title, name=name, moment=moment)


def _ways_on(figure: Figure, found: Sequence[Line], words: Words) -> list[Row]:
    """What can be done about it: open the tasks, or look at the reports."""
    if figure in {Figure.WAITING, Figure.LATE}:
        return [(Button(words.say("Look at the reports"), "review"),)]
    if figure in {Figure.OPEN, Figure.FAILING, Figure.DUE}:
        return [(Button(_short(line.title), "task", str(line.task_id)),) for line in found]
    return []


def _short(title: str) -> str:
    line = clean_line(title)
    return line if len(line) <= _LABEL_LENGTH else f"{line[: _LABEL_LENGTH - 1]}…"


def turns(command: str, to: Callable[[int], str], page: int, total: int, words: Words) -> Row:
    """The buttons to the pages before and behind this one; `to`: what a button carries that leads to a page."""
    earlier = (Button(words.say("Earlier"), command, to(page - 1)),) if page else ()
    more = (Button(words.say("More"), command, to(page + 1)),) if total > PAGE * (page + 1) else ()
    return (*earlier, *more)
