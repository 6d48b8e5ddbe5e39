"""From events to answers: who it was, which handler it is for, and where the reply goes.

Called by the transaction edge inside one transaction. Several events come together only where they all are for the same crowd
command; people, chats and inbox keys are then read for all of them at once.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import cast

from sqlalchemy.ext.asyncio import AsyncSession

from handlers import flows
from handlers.context import Context, Outlet, speak_to
from handlers.missing import offer_missed
from handlers.refusals import put_into_words
from handlers.registry import COMMANDS, FREE_WORDS, SERVICES, Call, Command, CrowdHandler, Handler, MissingArgument
from handlers.stored import dump_answer, dump_event, load_answer
from handlers.telling import private_message
from handlers.types import Address, Answer, ChatKind, Event, EventKind, Link, MediaFault, Place, Reply, Scope, Service
from handlers.words import clean, clean_line, language_of, to_latin_digits
from models.communities import communities_of_chats
from models.delivery import Fetch, enqueue, known_answers
from models.people import Identity, Newcomer, check_owners, meet, open_private_chat
from models.refusals import Refusal

MAX_UPLOAD_BYTES = 10 * 1024 * 1024
"""Larger files are not even fetched."""


def crowd_key(event: Event) -> str:
    """The crowd command that an event is for, or empty: events with the same key may be handled together."""
    if event.kind not in {EventKind.COMMAND, EventKind.PRESS} or event.sender.is_hidden:
        return ""
    found = COMMANDS.get(event.command)
    return found.name if found and found.is_crowd else ""


async def handle(
    session: AsyncSession,
    events: Sequence[Event],
    *,
    has_mail: bool = False,
    outlets: Mapping[str, Outlet] = MappingProxyType({}),
) -> list[Answer]:
    """Answer events: one, or several that have the same crowd key. Raises Refusal where one alone is refused; what it
    wrote by then must be rolled back, and `refuse` tells the person. `has_mail`: mail may be offered. `outlets`: where many
    can be told the same, by platform."""
    known = await known_answers(session, [event.key for event in events])
    fresh = [event for event in events if event.key not in known]
    answers = {key: replace(load_answer(text), is_known=True, delivered=delivered) for key, (text, delivered) in known.items()}
    if fresh:
        contexts = await _contexts(session, fresh)
        contexts = [replace(context, has_mail=has_mail, outlets=outlets) for context in contexts]
        accounts = [context.account for context in contexts]
        try:
            replies = await _reply_all(contexts)
        except Refusal:
            await check_owners(session, accounts)
            raise
        await check_owners(session, accounts)
        pairs = [(c, await offer_missed(c, reply) if c.is_back else reply) for c, reply in zip(contexts, replies, strict=True)]
        answers |= {context.event.key: _address(context, reply) for context, reply in pairs}
        await enqueue(session, [row for context, reply in pairs for row in _follow_ups(context, reply)])
    return [answers[event.key] for event in events]


async def refuse(session: AsyncSession, event: Event, refusal: Refusal) -> Answer:
    """The answer to an event that was refused; changes nothing but who is known."""
    (context,) = await _contexts(session, [event])
    reply = put_into_words(refusal, context.words)
    return _address(context, replace(reply, edit=False))


async def apologize(session: AsyncSession, event: Event) -> Answer:
    """The answer to an event that we failed to handle."""
    (context,) = await _contexts(session, [event])
    sorry = context.words.say(
        "Something went wrong on our side, and nothing was changed. The people who run this were told. Please try once more."
    )
    return _address(context, Reply(text=sorry, toast=sorry))


def inbox_row(event: Event, answer: Answer) -> dict[str, object]:
    """The row that keeps an event's answer."""
    is_done = answer.reply.is_silent and not answer.address.token
    return {
        "key": event.key,
        "platform": event.sender.platform,
        "received_at": event.at,
        "answer": dump_answer(answer),
        "answered_at": event.at if is_done else None,
    }


async def _contexts(session: AsyncSession, events: Sequence[Event]) -> list[Context]:
    newcomers = [
        Newcomer(
            Identity(e.sender.platform, e.sender.external_id),
            clean_line(e.sender.name)[:100] or "—",
            language_of(e.sender.locale),
            e.sender.private_chat or None,
        )
        for e in events
    ]
    accounts = await meet(session, newcomers, events[0].at)
    groups = {e.place.chat for e in events if e.place.kind is not ChatKind.PRIVATE}
    chats = await communities_of_chats(session, events[0].place.platform, groups) if groups else {}
    contexts = []
    for event, newcomer in zip(events, newcomers, strict=True):
        account = accounts[newcomer.identity]
        if account.person.name != newcomer.name:
            account.person.name = newcomer.name
        contexts.append(Context(session, event, account, speak_to(account.person), chats.get(event.place.chat)))
    return contexts


async def _reply_all(contexts: Sequence[Context]) -> list[Reply]:
    if not crowd_key(contexts[0].event):
        return [await _reply(contexts[0])]
    command = COMMANDS[contexts[0].event.command]
    replies: dict[str, Reply] = {}
    calls = []
    for context in contexts:
        await _notice_private_chat(context)
        try:
            calls.append(Call(context, command.parse(context.event.args)))
        except Refusal as refusal:
            replies[context.event.key] = put_into_words(refusal, context.words)
    if calls:
        said = await cast("CrowdHandler", command.handler)(calls)
        replies |= {call.context.event.key: reply for call, reply in zip(calls, said, strict=True)}
    return [replies[context.event.key] for context in contexts]


async def _reply(context: Context) -> Reply:
    event = context.event
    if event.kind is EventKind.SERVICE:
        handler = SERVICES.get(Service(event.command))
        return await handler(context) if handler else Reply()
    if event.sender.is_hidden:
        return _ask_to_show(context)
    await _notice_private_chat(context)
    if event.kind is EventKind.TEXT:
        return await _reply_to_text(context)
    command = COMMANDS.get(event.command)
    if command is None or (event.kind is EventKind.COMMAND and not command.is_public):
        return _not_understood(context)
    return await run(context, command, event.args)


async def run(context: Context, command: Command, args: str) -> Reply:
    """Run a command with arguments as they were typed. Raises Refusal."""
    if command.is_crowd:
        call = Call(context, command.parse(args))
        return (await cast("CrowdHandler", command.handler)([call]))[0]
    try:
        arguments = command.parse(args)
    except MissingArgument as missing:
        if not missing.arg.when_missing:
            raise
        return await run(context, COMMANDS[missing.arg.when_missing], "")
    return await cast("Handler", command.handler)(context, **arguments)


async def _reply_to_text(context: Context) -> Reply:
    event = context.event
    if event.upload is not None and event.media is None and event.media_fault is None:
        return await _reply_to_upload(context)
    answered = await flows.answer_by_text(context)
    if answered is not None:
        return answered
    if not context.in_private:
        return Reply()
    words = to_latin_digits(clean(event.text)).lower().strip(" ?!.،؟")
    for pattern, name in FREE_WORDS:
        match = re.fullmatch(pattern, words)
        if match:
            return await run(context, COMMANDS[name], match.groupdict().get("args") or "")
    return _not_understood(context)


async def _reply_to_upload(context: Context) -> Reply:
    """Have an awaited picture fetched: no network is waited for here. What it answers is said when it has arrived."""
    event = context.event
    if not await flows.takes_photo(context):
        return await _reply_to_text(_with(context, replace(event, upload=None)))
    if event.upload and (event.upload.size_bytes or 0) > MAX_UPLOAD_BYTES:
        return await _reply_to_text(_with(context, replace(event, media_fault=MediaFault.TOO_BIG)))
    context.session.add(Fetch(key=event.key, platform=event.sender.platform, event=dump_event(event), due_at=event.at))
    return Reply()


def _with(context: Context, event: Event) -> Context:
    return replace(context, event=event)


async def _notice_private_chat(context: Context) -> None:
    event = context.event
    chat = event.place.chat if context.in_private else event.sender.private_chat
    if chat:
        context.is_back = context.account.private_chat is None
        await open_private_chat(context.session, context.account, chat)


def _ask_to_show(context: Context) -> Reply:
    say = context.words.say
    text = say(
        "This was sent in the name of the group, so nobody can tell whose wish it is. Please send it under your own name."
    )
    return Reply(text=text, scope=Scope.HERE)


def _not_understood(context: Context) -> Reply:
    if not context.in_private and not context.is_press:
        return Reply()
    say = context.words.say
    text = say("This was not understood. /tasks shows what there is to do, /help shows all there is.")
    return Reply(text=text, toast=say("This button is from an earlier time. What is open now is in /help."))


def _address(context: Context, reply: Reply) -> Answer:
    """Where a reply goes: what is for the asker alone leaves the group for their private chat, where we may write to it."""
    event, account = context.event, context.account
    place = event.place
    if place.kind is ChatKind.PRIVATE or place.whispers or reply.scope is Scope.HERE or reply.is_silent:
        return Answer(event.key, event.address, replace(reply, opens=""))
    if _is_said_by_toast(context, reply):
        return Answer(event.key, event.address, Reply(toast=reply.toast))
    if account.private_chat is not None:
        private = Place(place.platform, account.private_chat, ChatKind.PRIVATE)
        address = Address(private, event.sender.external_id, token=event.address.token)
        return Answer(event.key, address, replace(reply, edit=False, opens=""))
    return Answer(event.key, event.address, _invitation(context, reply))


def _is_said_by_toast(context: Context, reply: Reply) -> bool:
    """A press in a group whose answer its toast gives: what there is to keep follows in private, by way of the outbox.

    A thousand people who press at once are all answered at once; a thousand messages take the platform half a minute.
    """
    place = context.event.place
    in_group = place.kind is not ChatKind.PRIVATE and not place.whispers and reply.scope is Scope.PRIVATE
    return in_group and context.is_press and bool(reply.toast) and context.account.private_chat is not None


def _follow_ups(context: Context, reply: Reply) -> list[dict[str, object]]:
    chat, event = context.account.private_chat, context.event
    if chat is None or not _is_said_by_toast(context, reply) or not (reply.text or reply.card):
        return []
    kept = replace(reply, toast="", opens="", edit=False)
    return [private_message(f"answer:{event.key}", event.sender.platform, chat, kept, event.at)]


def _invitation(context: Context, reply: Reply) -> Reply:
    """What a group sees of a private reply to somebody to whom we may not write yet: a way into the private chat."""
    if context.is_press:
        if reply.toast:  # it says all there is to say; the private chat is opened only where something waits there
            return Reply(toast=reply.toast, opens=reply.opens)
        return Reply(toast=context.words.say("This goes on in the private chat."), opens=reply.opens or "continue")
    if not reply.text and not reply.card:
        return Reply(toast=reply.toast)
    say = context.words.say
    text = reply.toast or say("{name}, this goes on in the private chat.", name=context.person.first_name)
    return Reply(text=text, rows=((Link(say("Open the private chat"), reply.opens or "continue"),),), scope=Scope.HERE)
