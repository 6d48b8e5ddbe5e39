"""What people answer to an appeal: I'm in, not now, not for me."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.appeal_drawing import ENDINGS, draw_message, material, words_of_reader
from handlers.cards import is_open, personal_card
from handlers.claiming import held_reply, refused_reply
from handlers.context import Context
from handlers.reading import short_tag
from handlers.refusals import put_into_words
from handlers.registry import Arg, ArgKind, Call, command, crowd_command
from handlers.types import Button, Reply, Row
from handlers.words import N_, Said, Words
from models.appeals import NOT_YET, OVER, Appeal
from models.calling import appeals_by_number, get_appeal, tasks_of_appeal
from models.claims import seats_held
from models.communities import Community
from models.finding import Wish, fitting_tasks
from models.refusals import NotFound, Outdated, TaskClosed, TaskFull
from models.roles import Role
from models.seating import Held, Outcome, Want, claim
from models.shares import credit_seats
from models.tasks import Task
from models.turnout import Answer, note_answers

_APPEAL = Arg("appeal", ArgKind.NUMBER, "")
_FEWER_LIMIT = 400
_TAGS_IN_ROW = 2
_TRIED = 5
"""Tasks of an appeal in which a seat is looked for by one press: others may be taking the same ones."""


# I'm in


@crowd_command("appeal_in", args=(_APPEAL,))
async def take_part(calls: Sequence[Call]) -> list[Reply]:
    """A seat in one press, on the first task of the appeal that has one; for everybody who asked at the same moment. Where
    all are taken, the next best task."""
    session, now = calls[0].context.session, calls[0].context.now
    appeals = await appeals_by_number(session, {call.args["appeal"] for call in calls})
    meant = {number: await tasks_of_appeal(session, one) for number, one in appeals.items()}
    known = await seats_held(
        session, {task.id for some in meant.values() for task in some}, {call.context.person.id for call in calls}
    )
    ways = [_way(call, appeals.get(call.args["appeal"]), meant.get(call.args["appeal"], ()), known) for call in calls]
    outcomes = await _seat(session, calls, ways)
    seated = [
        (call, outcome) for call, outcome in zip(calls, outcomes, strict=True) if isinstance(outcome, Held) and outcome.is_new
    ]
    await note_answers(
        session,
        [
            {
                "appeal_id": call.args["appeal"],
                "person_id": call.context.person.id,
                "answer": Answer.IN,
                "task_id": held.task.id,
                "at": now,
            }
            for call, held in seated
        ],
    )
    await credit_seats(session, [(call.args["appeal"], call.context.person.id) for call, _ in seated], now)
    return [
        await _reply(call.context, appeals.get(call.args["appeal"]), outcome)
        for call, outcome in zip(calls, outcomes, strict=True)
    ]


def _way(call: Call, appeal: Appeal | None, tasks: Sequence[Task], known: Mapping[int, set[int]]) -> list[int]:
    """The numbers of the tasks that are tried, one after the other: the one of which they have a seat, else those with seats
    left; where none has any, the first, of which one may come free. None where the appeal does not call any more."""
    if appeal is None or appeal.state in NOT_YET:
        return []
    theirs = [task.id for task in tasks if task.id in known.get(call.context.person.id, set())]
    if theirs or appeal.state in OVER:
        return theirs[:1]
    takes = [task for task in tasks if is_open(task, call.context.now)]
    return [task.id for task in takes if task.seats_left][:_TRIED] or [task.id for task in takes[:1]]


async def _seat(session: AsyncSession, calls: Sequence[Call], ways: Sequence[Sequence[int]]) -> list[Outcome | None]:
    """A seat for each, on the first task of their way that has one left."""
    outcomes: list[Outcome | None] = [None] * len(calls)
    for turn in range(max(map(len, ways), default=0)):
        asking = [n for n, way in enumerate(ways) if len(way) > turn and _goes_on(outcomes[n])]
        wants = [
            Want(calls[n].context.person.id, ways[n][turn], chat_community_id=calls[n].context.chat_community_id)
            for n in asking
        ]
        if wants:
            for n, outcome in zip(asking, await claim(session, wants, calls[0].context.now), strict=True):
                outcomes[n] = outcome
    return outcomes


def _goes_on(outcome: Outcome | None) -> bool:
    return outcome is None or isinstance(outcome, TaskFull | TaskClosed)


async def _reply(context: Context, appeal: Appeal | None, outcome: Outcome | None) -> Reply:
    if appeal is None or appeal.state in NOT_YET:
        return put_into_words(NotFound("appeal", ""), context.words)
    if isinstance(outcome, Held):
        return _with_share(held_reply(context, outcome), appeal, context.words)
    if outcome is not None and not _goes_on(outcome):
        return await refused_reply(context, outcome)
    return await _next_best(context, appeal, outcome if isinstance(outcome, TaskFull) else None)


def _with_share(reply: Reply, appeal: Appeal, words: Words) -> Reply:
    return replace(reply, rows=(*reply.rows, (Button(words.say("Share"), "appeal_share", str(appeal.id)),)))


async def _next_best(context: Context, appeal: Appeal, full: TaskFull | None) -> Reply:
    """There is no seat left: thanks, and what else would help; a place in line where there is one."""
    say = context.words.say
    thanks = say("Others were there already: this appeal is covered. Thank you!")
    if appeal.state in OVER:
        community = await context.session.get_one(Community, appeal.community_id)
        thanks = say(ENDINGS[appeal.state], community=community.name)
    line: Row = (Button(say("Wait for a seat"), "wait", str(full.task_id)),) if full else ()
    found = await fitting_tasks(context.session, context.person, Wish(), context.now, limit=1)
    if not found:
        rows = tuple(row for row in (line, (Button(say("All tasks"), "tasks"),)) if row)
        return Reply(text=thanks, toast=thanks, rows=rows, edit=context.is_press)
    card = await personal_card(context, found[0], Said(f"{thanks} {say('This would help as well:')}"))
    rows = (*card.rows, (*line, Button(say("Other tasks"), "tasks")))
    return replace(card, rows=rows, toast=thanks, opens=f"task_{found[0].id}")


# Not now


async def called(context: Context, number: int) -> Appeal:
    """An appeal that goes out, or went out, to the person's team. Raises NotFound."""
    found = await get_appeal(context.session, number)
    if found.state in NOT_YET or await context.member_of(found.community_id) is None:
        raise NotFound("appeal", str(number))
    return found


async def _note(context: Context, appeal: Appeal, answer: Answer) -> None:
    row = {"appeal_id": appeal.id, "person_id": context.person.id, "answer": answer, "at": context.now}
    await note_answers(context.session, [row])


@command("appeal_later", args=(_APPEAL,))
async def not_now(context: Context, appeal: int) -> Reply:
    """Another time: the appeal stays where it is, with the way back in."""
    found = await called(context, appeal)
    await _note(context, found, Answer.NOT_NOW)
    say = context.words.say
    text = say("That is fine. Should there be time after all, it stays here.")
    number = str(found.id)
    rows: tuple[Row, ...] = (
        (Button(say("I'm in"), "appeal_in", number), Button(say("Show the appeal"), "appeal_see", number)),
    )
    return Reply(text=text, toast=text, rows=rows, edit=context.is_press)


@command("appeal_see", args=(_APPEAL,))
async def see(context: Context, appeal: int) -> Reply:
    """The appeal, as it was sent and as it stands; for moderators also one that is to be sent."""
    found = await get_appeal(context.session, appeal)
    member = await context.member_of(found.community_id)
    if found.state in NOT_YET and member is not None and member.role >= Role.MODERATOR:
        return replace(await message_to_reader(context, found), edit=False)
    return await message_to_reader(context, await called(context, appeal))


async def message_to_reader(context: Context, appeal: Appeal) -> Reply:
    """An appeal as the person would have got it."""
    made = await material(context.session, appeal)
    return replace(draw_message(made, words_of_reader(made, context.person)), edit=context.is_press)


# Not for me


@command("appeal_fewer", args=(_APPEAL,))
async def not_for_me(context: Context, appeal: int) -> Reply:
    """Less of this: of its tag at once, or of one of its tags, or of appeals at all."""
    found = await called(context, appeal)
    await _note(context, found, Answer.NOT_FOR_ME)
    tags = found.whom.about
    if len(tags) == 1:
        await _keep(context, [*context.person.fewer.split(), tags[0]])
    return _fewer(context, found)


@command("appeal_tag", args=(_APPEAL, Arg("choice", ArgKind.CODE, "")))
async def choose_tag(context: Context, appeal: int, choice: str) -> Reply:
    """Hear less of a tag (`-`), or as before (`+`)."""
    found = await called(context, appeal)
    tag = next((one for one in found.whom.about if short_tag(one) == choice[1:]), None)
    if tag is None:
        raise Outdated
    kept = [one for one in context.person.fewer.split() if one != tag]
    await _keep(context, [*kept, tag] if choice.startswith("-") else kept)
    return _fewer(context, found)


async def _keep(context: Context, tags: Sequence[str]) -> None:
    """Keep the latest, as many as there is room for."""
    kept = list(dict.fromkeys(tags))
    while len(" ".join(kept)) > _FEWER_LIMIT:
        kept = kept[1:]
    context.person.fewer = " ".join(kept)
    await context.session.flush()


def _fewer(context: Context, appeal: Appeal) -> Reply:
    say, fewer = context.words.say, context.person.fewer.split()
    tags = appeal.whom.about
    chosen = [f"#{tag}" for tag in tags if tag in fewer]
    if chosen:
        text = say("Noted: no more appeals about {tags}. This can be changed here at any time.",
                   tags=context.words.list_of(list(chosen)))  # fmt: skip
    else:
        text = say("Thank you for telling. Of what should there be less?")
    buttons = [_tag_button(appeal, tag, context.words, is_fewer=tag in fewer) for tag in tags]
    rows: list[Row] = [tuple(buttons[i : i + _TAGS_IN_ROW]) for i in range(0, len(buttons), _TAGS_IN_ROW)]
    rows.append((Button(say("No appeals at all"), "me_messages"), Button(say("Other tasks"), "tasks")))
    return Reply(text=text, toast=text, rows=tuple(rows), edit=context.is_press)


def _tag_button(appeal: Appeal, tag: str, words: Words, *, is_fewer: bool) -> Button:
    sign = "+" if is_fewer else "-"
    label = N_("As before: {tag}") if is_fewer else N_("Less of {tag}")
    return Button(words.say(label, tag=f"#{tag}"), "appeal_tag", f"{appeal.id} {sign}{short_tag(tag)}")
