"""What the links in mails lead to: a page that asks, and what a press on its button does.

Looking at a page changes nothing, for programs that check mail follow links; a press does, and so does the one click that mail
programs offer by themselves (RFC 8058). Whoever has the link is whom it was sent to.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.context import speak_to
from handlers.mailbox import end_question, mailbox_button
from handlers.telling import tell_people
from handlers.types import Reply
from handlers.words import N_, Said, Words
from models.addresses import MailAddress, MailList, by_code, by_key, confirm, leave_list, say_no, was_asked
from models.people import Person

_ENDS = {
    MailList.DIGEST: N_("After this, the week's tasks do not come by e-mail any more. Nothing else changes."),
    MailList.SUMMARY: N_("After this, the weekly summary does not come by e-mail any more. Nothing else changes."),
}
_ENDED = {
    MailList.DIGEST: N_("The week's tasks do not come by e-mail any more."),
    MailList.SUMMARY: N_("The weekly summary does not come by e-mail any more."),
}
_ENDED_THERE = {
    MailList.DIGEST: N_("As was asked for in the mail, the week's tasks do not come by e-mail any more."),
    MailList.SUMMARY: N_("As was asked for in the mail, the weekly summary does not come by e-mail any more."),
}


@dataclass(frozen=True, slots=True)
class Page:
    """What a browser shows."""

    words: Words
    title: Said
    text: Said
    button: Said | None = None
    """What a press does; None where there is nothing to press."""


async def ask_confirm(session: AsyncSession, code: str, now: datetime) -> Page | None:
    """Whether the address is theirs; None for a code that works no more."""
    found = await by_code(session, code)
    if found is None or found.off_at is not None:
        return None
    words = await _words(session, found)
    if found.confirmed_at is not None:
        return _confirmed(found, words)
    if found.code_until <= now:
        return None
    text = words.say(
        "Mail that was asked for in the chat will come to {address}. It can be ended at any time.", address=found.address
    )
    return Page(words, words.say("Is this address yours?"), text, words.say("Confirm the address"))


async def press_confirm(session: AsyncSession, code: str, now: datetime) -> Page | None:
    """Confirm the address; done twice, it is confirmed. They are told where they asked."""
    found = await confirm(session, code, now)
    if found is None:
        known = await by_code(session, code)
        return _confirmed(known, await _words(session, known)) if known is not None and known.is_usable else None
    await end_question(session, found)

    def news(words: Words) -> Reply:
        text = words.say("{address} is confirmed. What comes by mail is chosen here.", address=found.address)
        return Reply(text=text, rows=((mailbox_button(words),),))

    await tell_people(session, [found.person_id], f"mail_on:{found.id}", news, now)
    return _confirmed(found, await _words(session, found))


def _confirmed(found: MailAddress, words: Words) -> Page:
    text = words.say(
        "{address} is confirmed. What comes by mail is chosen in the chat: {command}", address=found.address, command="/me"
    )
    return Page(words, words.say("Thank you"), text)


async def ask_leave(session: AsyncSession, key: str, on: MailList, words: Words) -> Page | None:
    """Whether it is to end, in `words` where nobody knows the reader's; None for a link that leads nowhere any more."""
    found = await by_key(session, key)
    words = await _words(session, found) if found is not None else words
    if on is MailList.CONFIRM and await was_asked(session, key):
        text = words.say("After this, nothing is sent to this address, whoever names it.")
        return Page(words, words.say("No mail from Himma?"), text, words.say("Never write to this address"))
    if found is None or on is MailList.CONFIRM:
        return None
    return Page(words, words.say("Unsubscribe?"), words.say(_ENDS[on]), words.say("Unsubscribe"))


async def press_leave(session: AsyncSession, key: str, on: MailList, words: Words, now: datetime) -> Page | None:
    """End it at once; done twice, it is ended. Of a list that they left they hear in the chat as well."""
    found = await by_key(session, key)
    words = await _words(session, found) if found is not None else words
    if on is MailList.CONFIRM:
        text = words.say("Nothing is sent to this address any more, whoever names it.")
        return Page(words, words.say("Noted"), text) if await say_no(session, key, now) else None
    if found is None:
        return None
    if await leave_list(session, found, on):
        await _tell_left(session, found, on, now)
    return Page(words, words.say("Unsubscribed"), words.say(_ENDED[on]))


async def _tell_left(session: AsyncSession, address: MailAddress, on: MailList, now: datetime) -> None:
    def news(words: Words) -> Reply:
        return Reply(text=words.say(_ENDED_THERE[on]), rows=((mailbox_button(words),),))

    await tell_people(session, [address.person_id], f"mail_left:{address.id}:{on}:{now.isoformat()}", news, now)


def nowhere(words: Words) -> Page:
    """For links that lead nowhere, or not any more."""
    text = words.say(
        "This link does not work, or not any more. In the chat, {command} shows what comes by mail.", command="/me"
    )
    return Page(words, words.say("Nothing here"), text)


async def _words(session: AsyncSession, address: MailAddress) -> Words:
    return speak_to(await session.get_one(Person, address.person_id))
