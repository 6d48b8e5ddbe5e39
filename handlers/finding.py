"""`/tasks` and `/task`: finding what there is to do."""

from collections.abc import Callable
from datetime import datetime

from handlers.cards import personal_card
from handlers.context import Context
from handlers.reading import as_tag
from handlers.registry import TASK, Arg, ArgKind, command
from handlers.types import Button, Card, Reply, Row
from handlers.words import N_, Said, Words, clean_line, parse_number
from models.communities import Community, memberships
from models.finding import Wish, count_fitting, fitting_tasks
from models.refusals import NotAllowed, NotFound, NotMember, RulesFirst
from models.roles import Role
from models.tasks import Task, get_task

PAGE = 5
_MANY_MINUTES = 24 * 60
_WISH = (
    Arg("minutes", ArgKind.MINUTES, N_("how many minutes there are"), required=False),
    Arg("tag", ArgKind.TAG, N_("a tag, such as #elderly"), required=False),
    Arg("words", ArgKind.TEXT, N_("words of the title"), required=False),
)


@command(
    "tasks",
    help=N_("Tasks that fit the time you have"),
    args=_WISH,
    role=Role.VOLUNTEER,
    words=(
        r"(?:ال)?مهام",
        r"(?:عندي|لدي|معي) (?P<args>\d+) ?(?:دقيقة|دقائق|دقيقه)",
        r"tasks",
        r"i have (?P<args>\d+) ?min(?:ute)?s?",
    ),
)
async def tasks(context: Context, minutes: str, tag: str, words: str) -> Reply:
    """Open tasks, best fit first; what is looked for may come in any order."""
    return await list_tasks(context, f"{minutes} {tag} {words}")


async def list_tasks(context: Context, wish: str) -> Reply:
    """A page of the tasks that somebody wishes for. Its number travels as `p2` in the buttons."""
    looked_for, page = parse_wish(wish)
    if looked_for.minutes is not None:
        context.person.free_at = context.now
    if not await memberships(context.session, context.person.id):
        raise NotAllowed(Role.VOLUNTEER)
    session, person, now = context.session, context.person, context.now
    found = await fitting_tasks(session, person, looked_for, now, limit=PAGE, offset=PAGE * page)
    if not found and page:  # there were more of them when the button was made
        return await list_tasks(context, _page_args(looked_for, 0))
    if not found:
        return _nothing(context, looked_for)
    words, total = context.words, await count_fitting(session, person, looked_for, now)
    rows: list[Row] = [(Button(label_of(task, words), "task", str(task.id), task.version),) for task in found]
    rows.append(_pages(looked_for, page, total, words))
    heading = words.count("{n} task is open for you", "{n} tasks are open for you", total)
    return Reply(
        card=Card(heading, tuple(line_of(task, words, lambda moment: words.moment(moment, now)) for task in found)),
        rows=tuple(row for row in rows if row),
        edit=context.is_press,
    )


def parse_wish(text: str) -> tuple[Wish, int]:
    """What `/tasks` was given: a number is minutes, #… a tag, `p2` the third page, all else words."""
    minutes, page = None, 0
    tags: list[str] = []
    words: list[str] = []
    for piece in text.split():
        number = parse_number(piece)
        if number is not None:
            minutes = min(number, _MANY_MINUTES)
        elif piece.startswith("#"):
            tags.append(as_tag(piece))
        elif piece.startswith("p") and (number := parse_number(piece[1:])) is not None:
            page = min(number, 10_000)
        else:
            words.append(piece)
    return Wish(minutes, tuple(tag for tag in tags if tag), tuple(words)), page


@command("task", help=N_("One task: what, where, how long, how many seats"), args=(TASK,), role=Role.VOLUNTEER)
async def task(context: Context, task: int) -> Reply:
    """A task's card, for members of its community."""
    return await show_task(context, task)


async def show_task(context: Context, task_id: int) -> Reply:
    """The card, or what comes first: joining, or accepting the rules. Raises a Refusal."""
    found = await get_task(context.session, task_id)
    await check_membership(context, found)
    return await personal_card(context, found)


async def check_membership(context: Context, found: Task) -> None:
    """Raises NotMember or RulesFirst where the person does not belong to the task's community (yet)."""
    community = await context.session.get_one(Community, found.community_id)
    member = await context.member_of(community.id)
    if member is None and context.chat_community_id != community.id:
        raise NotMember(community.name, community.code)
    if member and community.rules and member.accepted_rules_at is None and context.in_private:
        raise RulesFirst(community.name, community.code, found.id)


async def moderated_task(context: Context, task_id: int) -> Task:
    """A task that the person may decide about, as a moderator of its community.

    Raises NotAllowed for its other members; for everybody else there is no such task (NotFound).
    """
    found = await get_task(context.session, task_id)
    if await context.member_of(found.community_id) is None:
        raise NotFound("task", str(task_id))
    await context.require(Role.MODERATOR, found.community_id)
    return found


def label_of(found: Task, words: Words) -> str:
    """A task in the few words that a button has room for."""
    title = clean_line(found.title)
    return words.beside(f"{words.number(found.minutes)}′", title if len(title) <= 40 else title[:39] + "…")


def line_of(found: Task, words: Words, say_moment: Callable[[datetime], Said]) -> str:
    """A task in one line of a list; `say_moment` says when it begins or ends."""
    seats, minutes = words.seats(found.seats_left), words.minutes(found.minutes)
    if found.starts_at is not None:
        moment = say_moment(found.starts_at)
        return words.say(
            "{title}: {minutes}, {seats}, begins {moment}", title=found.title, minutes=minutes, seats=seats, moment=moment
        )
    return words.say(
        "{title}: {minutes}, {seats}, until {moment}",
        title=found.title,
        minutes=minutes,
        seats=seats,
        moment=say_moment(found.deadline_at),
    )


def _pages(wish: Wish, page: int, total: int, words: Words) -> Row:
    row = []
    if page:
        row.append(Button(words.say("Earlier"), "tasks", _page_args(wish, page - 1)))
    if total > PAGE * (page + 1):
        row.append(Button(words.say("More"), "tasks", _page_args(wish, page + 1)))
    return tuple(row)


def _page_args(wish: Wish, page: int) -> str:
    """The wish as a button can carry it: what is not ASCII or too long is left out."""
    pieces = [str(wish.minutes)] if wish.minutes is not None else []
    pieces += ["#" + tag for tag in wish.tags] + list(wish.words) + [f"p{page}"]
    args = " ".join(pieces)
    return args if args.isascii() and len(args) <= 50 and ":" not in args else f"p{page}"


def _nothing(context: Context, wish: Wish) -> Reply:
    """What to do instead."""
    say = context.words.say
    if wish != Wish():
        text = say("Nothing fits that right now. Everything that is open is one press away.")
        return Reply(
            text=text, rows=((Button(say("All tasks"), "tasks"), Button(say("My tasks"), "mine")),), edit=context.is_press
        )
    text = say("No task is open right now. New ones come with the team's needs; what is yours is under the button.")
    return Reply(text=text, rows=((Button(say("My tasks"), "mine"),),), edit=context.is_press)
