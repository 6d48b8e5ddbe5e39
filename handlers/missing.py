"""What could not be said in private, shown when its reader is here again: as an answer that they alone see."""

from dataclasses import replace

from handlers.context import Context
from handlers.mine import mine
from handlers.notices import together
from handlers.registry import command
from handlers.stored import dump_place, load_reply
from handlers.types import Button, ChatKind, Place, Reply
from models.missed import mark_shown, missed

_MOST = 4
"""In one answer: the latest."""


@command("missed")
async def show_missed(context: Context) -> Reply:
    """What did not reach the person who asks; where there is nothing, what they hold."""
    messages = await missed(context.session, _place(context), _MOST)
    if not messages:
        return await mine(context)
    await mark_shown(context.session, messages)
    return together([load_reply(message.reply) for message in messages], context.words)


async def offer_missed(context: Context, reply: Reply) -> Reply:
    """The reply; with a way to what did not reach them, where there is something."""
    if not (reply.text or reply.card) or not await missed(context.session, _place(context), 1):
        return reply
    return replace(reply, rows=(*reply.rows, (Button(context.words.say("What did not reach you"), "missed"),)))


def _place(context: Context) -> str:
    """The private chat of whoever asks, as the outbox names it."""
    account = context.account
    return dump_place(Place(account.platform, account.private_chat or account.external_id, ChatKind.PRIVATE))
