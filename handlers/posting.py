"""`/post`: putting a task's live card in a chat of its community."""

from handlers.cards import is_open
from handlers.context import Context
from handlers.finding import moderated_task
from handlers.registry import TASK, Arg, ArgKind, command
from handlers.types import Button, Reply, Row
from handlers.words import N_
from models.cards import has_card, post_card
from models.communities import Chat, chat_at, chats_of
from models.refusals import Outdated, TaskClosed
from models.roles import Role
from models.tasks import Task, TaskState

_CHATS_OFFERED = 6
_TITLE_SHOWN = 40


@command("post", help=N_("Put a task's live card in this chat"), args=(TASK,), role=Role.MODERATOR)
async def post(context: Context, task: int) -> Reply:
    """In a chat of the task's community the card comes there; anywhere else the chats are offered."""
    found = await _postable(context, task)
    place = context.event.place
    here = None if context.in_private else await chat_at(context.session, place.platform, place.chat)
    if here is None or here.community_id != found.community_id:
        return await _choose(context, found)
    await post_card(context.session, found.id, here.id, place.thread, context.now)
    # In a group everybody sees the card come; only where an answer is expected for the asker alone is there one.
    return _posted(context, found, here) if place.whispers or context.is_press else Reply()


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
