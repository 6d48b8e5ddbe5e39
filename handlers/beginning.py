"""`/start` and `/join`: from a link to the first task, without reading a manual."""

from dataclasses import replace

from handlers import finding, flows
from handlers.context import Context, speak_to
from handlers.dispatch import run
from handlers.registry import COMMANDS, Arg, ArgKind, Where, command
from handlers.types import Button, Card, Reply, Row, Tone
from handlers.words import LANGUAGES, N_, Words, clean_line, parse_number
from models.calling import get_appeal, tasks_of_appeal
from models.communities import Community, community_by_code, join, memberships
from models.refusals import Malformed, NotFound
from models.tasks import get_task

FIRST_MINUTES = 5
"""What a newcomer is offered: tasks for which nobody needs to find time."""

LANGUAGE_NAMES = {"ar": "العربية", "en": "English"}
"""Each language by its own name; not for translation."""

_PAYLOAD = Arg("payload", ArgKind.TEXT, N_("what a link carries"), required=False)
_CODE = Arg("code", ArgKind.CODE, N_("the team's code"))
_TASK_NUMBER = Arg("task", ArgKind.NUMBER, N_("the task's number"), required=False)


@command("start", help=N_("Begin"), args=(_PAYLOAD,), where=Where.PRIVATE)
async def start(context: Context, payload: str) -> Reply:
    """First contact, or a link: to a team, a task, an appeal, a flag, a code; or on with what was begun."""
    kind, _, rest = payload.partition("_")
    number = parse_number(rest)
    if kind == "join" and rest:
        return await welcome(context, rest)
    if kind == "link" and rest:
        return await run(context, COMMANDS["link"], rest)
    if kind == "share" and rest:
        return await run(context, COMMANDS["share_open"], rest)
    if kind == "appeal" and number is not None:
        return await open_appeal(context, number)
    if kind == "task" and number is not None:
        return await open_task(context, number)
    if kind == "flag" and number is not None:
        return await flag(context, number)
    return await flows.redraw(context) or await home(context)


async def flag(context: Context, number: int) -> Reply:
    """Say that something is wrong with a task, begun in a group."""
    return await run(context, COMMANDS["flag"], str(number))


async def home(context: Context) -> Reply:
    """Where somebody stands who asks for nothing in particular."""
    say = context.words.say
    if await memberships(context.session, context.person.id):
        text = say("Good to see you, {name}. What fits right now?", name=context.person.first_name)
        return Reply(text=text, rows=_home_rows(context.words), edit=context.is_press)
    text = say(
        "Himma is where a team shares small tasks: each says how many minutes it takes, and one press takes a seat. "
        "The way in is a team's link, or /join with the team's code."
    )
    return Reply(text=text, rows=(other_languages(context.words, "start"),), edit=context.is_press)


def _home_rows(words: Words) -> tuple[Row, ...]:
    say = words.say
    return (
        (
            Button(
                words.count("I have {n} minute", "I have {n} minutes", FIRST_MINUTES),
                "tasks",
                str(FIRST_MINUTES),
                tone=Tone.PRIMARY,
            ),
        ),
        (Button(say("All tasks"), "tasks"), Button(say("My tasks"), "mine")),
    )


def other_languages(words: Words, then: str) -> Row:
    """Buttons that go on with `then` in another language."""
    return tuple(Button(LANGUAGE_NAMES[one], "speak", f"{one} {then}") for one in LANGUAGES if one != words.language)


@command("join", help=N_("Join a team by its code"), args=(_CODE, _TASK_NUMBER), where=Where.PRIVATE)
async def join_community(context: Context, code: str, task: int | None) -> Reply:
    """The team's one screen: what it is, its rules, one button."""
    return await welcome(context, code, task)


async def welcome(context: Context, code: str, task: int | None = None) -> Reply:
    """One screen in the reader's language, the rules if there are any, one button. Raises NotFound."""
    community = await _by_code(context, code)
    member = await context.member_of(community.id)
    if member and (member.accepted_rules_at or not community.rules):
        return await _arrive(context, community, task)
    words, say = context.words, context.words.say
    lines: list[str] = [say("Small tasks that help, each with its minutes. One press takes a seat, and it can be given back.")]
    if community.rules:
        lines += [say("The rules of this team:"), community.rules]
        label = say("I accept the rules")
    else:
        label = say("Join")
    args = f"{community.code} {task}" if task else community.code
    rows: tuple[Row, ...] = (
        (Button(label, "accept", args, tone=Tone.PRIMARY),),
        other_languages(words, f"join {args}"),
    )
    return Reply(card=Card(clean_line(community.name), tuple(lines)), rows=rows, edit=context.is_press)


@command("accept", args=(_CODE, _TASK_NUMBER))
async def accept(context: Context, code: str, task: int | None) -> Reply:
    """The rules are accepted: from here on the person is a member."""
    community = await _by_code(context, code)
    await join(context.session, community.id, context.person.id, context.now, accepts_rules=True)
    return await _arrive(context, community, task)


async def _arrive(context: Context, community: Community, task: int | None) -> Reply:
    """On to what the person came for: the task of the link, or tasks that fit five minutes."""
    context.person.focus_community_id = community.id
    if context.person.timezone is None:
        context.person.timezone = community.timezone
    await context.session.flush()
    context = replace(context, words=speak_to(context.person))
    if task is not None:
        return await finding.show_task(context, task)
    return await finding.list_tasks(context, str(FIRST_MINUTES))


async def open_task(context: Context, number: int) -> Reply:
    """A task's link: its card, or first the screen of its team. A seat taken in the group waits behind it."""
    task = await get_task(context.session, number)
    community = await context.session.get_one(Community, task.community_id)
    member = await context.member_of(community.id)
    if member is None or (community.rules and member.accepted_rules_at is None):
        return await welcome(context, community.code, number)
    return await _arrive(context, community, number)


async def open_appeal(context: Context, number: int) -> Reply:
    """An appeal's link in a chat of its team: the appeal for members, and for others the screen of its team, with the task
    that it is for waiting behind it."""
    appeal = await get_appeal(context.session, number)
    if await context.member_of(appeal.community_id) is not None:
        return await run(context, COMMANDS["appeal_see"], str(number))
    community = await context.session.get_one(Community, appeal.community_id)
    tasks = await tasks_of_appeal(context.session, appeal)
    return await welcome(context, community.code, tasks[0].id if tasks else None)


@command("speak", args=(Arg("language", ArgKind.CODE, ""), Arg("then", ArgKind.TEXT, "", required=False)))
async def speak(context: Context, language: str, then: str) -> Reply:
    """Go on in another language with what was on the screen."""
    if language not in LANGUAGES:
        raise Malformed(N_("This language is not spoken here yet."))
    context.person.language = language
    await context.session.flush()
    name, _, args = then.partition(" ")
    target = COMMANDS.get(name) or COMMANDS["start"]
    return await run(replace(context, words=speak_to(context.person)), target, args)


async def _by_code(context: Context, code: str) -> Community:
    found = await community_by_code(context.session, code)
    if found is None:
        raise NotFound("community", code)
    return found
