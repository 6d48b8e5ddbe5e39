"""The time that was given in a summary's week: the work behind it, in all and for each tag."""

from collections.abc import Callable

from handlers.context import Context
from handlers.figures import FURTHEST_PAGE, PAGE, put, turns
from handlers.reading import short_tag
from handlers.registry import Arg, ArgKind, command
from handlers.spans import time_given
from handlers.summarizing import ALL_TAGS, COMMUNITY, DAY, TIME_GIVEN
from handlers.types import Button, Card, Reply, Row
from handlers.weeks import days_of, for_button, from_button, here
from handlers.words import Said, Words, clean_line
from models.communities import Community
from models.figures import Figure, lines
from models.refusals import Outdated
from models.roles import Role
from models.summaries import Given, GivenIn, given_in
from models.weeks import Week

Way = Callable[[str, int], str]
"""What a button carries that leads to a page of a tag's."""
_IN_A_ROW = 2
_TAG = Arg("tag", ArgKind.CODE, "")
_PAGE = Arg("page", ArgKind.NUMBER, "")


@command("given", args=(COMMUNITY, _TAG, DAY, _PAGE))
async def show_given(context: Context, community: int, tag: str, day: int, page: int) -> Reply:
    """Who gave how much by what, below the summary, which stays."""
    return await _page(context, community, tag, day, page, is_turned=False)


@command("given_page", args=(COMMUNITY, _TAG, DAY, _PAGE))
async def turn_page(context: Context, community: int, tag: str, day: int, page: int) -> Reply:
    """Another page in the place of the one before."""
    return await _page(context, community, tag, day, page, is_turned=True)


async def _page(context: Context, community_id: int, key: str, day: int, page: int, *, is_turned: bool) -> Reply:
    await context.require(Role.ORGANIZER, community_id)
    community = await context.session.get_one(Community, community_id)
    week = from_button(day, community)
    if week is None:
        raise Outdated
    given = await given_in(context.session, community.id, week, context.now)
    to = next((one for one in given.tags if short_tag(one.tag) == key), None)
    if to is None and key != ALL_TAGS:
        raise Outdated
    page = min(page, FURTHEST_PAGE)
    found, total = await lines(
        context.session, Figure.COMPLETED, community, week.begins_at, week.ends_at, context.now,
        limit=PAGE, offset=PAGE * page, tag=to.tag if to else "",
    )  # fmt: skip
    if not found and page:  # there were more of them when the button was made
        return await _page(context, community_id, key, day, 0, is_turned=is_turned)
    words, to_page = here(context.words, community), _way(community_id, week)
    pages = turns("given_page", lambda number: to_page(key, number), page, total, words)
    card = Card(
        _title(to, given, week, words),
        tuple(put(line, Figure.COMPLETED, words, context.now) for line in found),
        clean_line(community.name),
    )
    rows = (*(_tags(given, to_page, words) if to is None else ()), pages)
    return Reply(card=card, rows=tuple(row for row in rows if row), edit=is_turned)


def _title(to: Given | None, given: GivenIn, week: Week, words: Words) -> Said:
    what = words.say(TIME_GIVEN) if to is None else f"#{to.tag}"
    value = time_given(words, given.minutes if to is None else to.minutes)
    return words.say("{what}, {days}: {value}", what=what, days=days_of(words, week), value=value)


def _way(community_id: int, week: Week) -> Way:
    return lambda key, page: f"{community_id} {key} {for_button(week)} {page}"


def _tags(given: GivenIn, to_page: Way, words: Words) -> tuple[Row, ...]:
    """A button for each tag, with what was given to it."""
    buttons = [
        Button(
            words.beside(words.list_of([f"#{one.tag}"]), time_given(words, one.minutes)),
            "given",
            to_page(short_tag(one.tag), 0),
        )
        for one in given.tags
    ]
    return tuple(tuple(buttons[at : at + _IN_A_ROW]) for at in range(0, len(buttons), _IN_A_ROW))
