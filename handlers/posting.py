"""`/post`: putting a task's live card in a chat of its community."""

import re

from handlers.cards import claim_button, is_open
from handlers.context import Context
from handlers.finding import moderated_task
from handlers.registry import TASK, Arg, ArgKind, command
from handlers.telling import message_to
from handlers.types import Button, Reply, Row, Scope
from handlers.words import N_, words_for
from models.cards import has_card, post_card
from models.communities import Chat, Community, chat_at, chats_of
from models.delivery import enqueue
from models.refusals import Malformed, Outdated, TaskClosed
from models.roles import Role
from models.tasks import Task, TaskState

_CHATS_OFFERED = 6
_TITLE_SHOWN = 40


_CALLED = re.compile(r"role:(\d{1,32})")
_ROLE = Arg("role", ArgKind.ROLE, N_("a role of this server to call, on platforms that have roles"), required=False)


@command("post", help=N_("Put a task's live card in this chat"), args=(TASK, _ROLE), role=Role.MODERATOR)
async def post(context: Context, task: int, role: str) -> Reply:
    """In a chat of the task's community the card comes there, and calls a role where a moderator asks for it; anywhere else
    the chats are offered."""
    found = await _postable(context, task)
    place = context.event.place
    here = None if context.in_private else await chat_at(context.session, place.platform, place.chat)
    if here is None or here.community_id != found.community_id:
        return await _choose(context, found)
    called = _read_role(context, role) if role else None
    await post_card(context.session, found.id, here.id, place.thread, context.now)
    if called is not None:
        await _call(context, found, called)
    # In a group everybody sees the card come; only where an answer is expected for the asker alone is there one.
    return _posted(context, found, here) if place.whispers or context.is_press else Reply()


def _read_role(context: Context, role: str) -> str:
    """The role that is to be called. Raises Malformed; everybody is nobody's role."""
    pointed = _CALLED.fullmatch(role)
    if pointed is None or not context.event.place.has_roles:
        raise Malformed(N_("A role that some people here bear can be called, chosen from the platform's own list."))
    return pointed[1]


async def _call(context: Context, task: Task, role: str) -> None:
    """Have those who bear a role notified, once for each time that a moderator asks."""
    community = await context.session.get_one(Community, task.community_id)
    words = words_for(community.language, community.language == "ar", community.timezone)
    text = words.say(
        "{title} needs people: {minutes}, {seats}.",
        title=task.title,
        minutes=words.minutes(task.minutes),
        seats=words.seats(task.seats_left),
    )
    reply = Reply(text=text, rows=((claim_button(task, words),),), scope=Scope.HERE, pings=(role,))
    await enqueue(context.session, [message_to(f"call:{context.event.key}", context.event.place, reply, context.now)])


@command("post_in", args=(TASK, Arg("chat", ArgKind.NUMBER, "")))
async def post_in(context: Context, task: int, chat: int) -> Reply:
    """The button for one chat. A second press finds the card there, and sends no other."""
    found = await _postable(context, task)
    there = await context.session.get(Chat, chat)
    if there is None or there.community_id != found.community_id or there.left_at is not None:
        raise Outdated
    if not await has_card(context.session, found.id, there.id):
        await post_card(context.session, found.id, there.id, "", context.now)
    return _posted(context, found, there)


async def _postable(context: Context, task_id: int) -> Task:
    found = await moderated_task(context, task_id)
    if not is_open(found, context.now):
        raise TaskClosed(found.id, found.title, "over" if found.state is TaskState.OPEN else found.state)
    return found


def _posted(context: Context, task: Task, chat: Chat) -> Reply:
    say = context.words.say
    text = say("The card of {title} stands in {chat}, and follows what happens.", title=task.title, chat=chat.title)
    return Reply(text=text, toast=text, rows=((Button(say("Show the task"), "task", str(task.id)),),), edit=context.is_press)


async def post_rows(context: Context, task: Task) -> tuple[Row, ...]:
    """A button for each chat into which a task can be put."""
    chats = (await chats_of(context.session, task.community_id))[:_CHATS_OFFERED]
    say = context.words.say
    return tuple(
        (Button(say("Post it in {chat}", chat=chat.title[:_TITLE_SHOWN]), "post_in", f"{task.id} {chat.id}"),)
        for chat in chats
    )


async def _choose(context: Context, task: Task) -> Reply:
    rows = await post_rows(context, task)
    if not rows:
        text = context.words.say("The bot is in none of the team's chats any more. Adding it there again brings them back.")
        return Reply(text=text, edit=context.is_press)
    text = context.words.say("Into which chat should the card of {title} go?", title=task.title)
    return Reply(text=text, rows=rows, edit=context.is_press)
