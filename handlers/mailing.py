"""Mail as a way to somebody: whom an address belongs to when something goes out, and what comes of it.

What goes by mail is a row of the outbox like everything else. Its place names an address by its number, not by its letters,
and the list that it goes out on: whoever forgets an address has forgotten it everywhere, and who has left a list gets nothing
that was on its way.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.context import speak_to
from handlers.telling import message_to, tell_people
from handlers.timed import tick
from handlers.types import Button, ChatKind, Place, Reply
from handlers.words import Words
from models.addresses import Asked, MailAddress, MailList, switch_off
from models.delivery import give_up_old
from models.people import DigestWay, Person, reachable

PLATFORM = "mail"
_PATIENCE = timedelta(days=3)
"""How long a mail waits for a server that takes none: after that it is old news."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a mail goes to."""

    address: str
    key: str
    """What the mail's links name the address by."""
    words: Words
    platform: str = ""
    """Where they are written to in chat; empty where they are not."""
    chat: str = ""


def mail_to(address: MailAddress, on: MailList, key: str, reply: Reply, now: datetime) -> dict[str, object]:
    """The outbox's row for a mail."""
    place = Place(PLATFORM, str(address.id), ChatKind.PRIVATE, thread=on.value)
    return message_to(f"mail:{on}:{address.id}:{key}", place, reply, now)


async def recipient(session: AsyncSession, place: Place) -> Recipient | None:
    """Whom a mail to this place goes to; None where they do not want it any more."""
    address = await session.get(MailAddress, int(place.chat))
    if address is None or address.off_at is not None:
        return None
    person = await session.get_one(Person, address.person_id)
    if not _is_wanted(address, person, MailList(place.thread)):
        return None
    home = next(iter(await reachable(session, [person.id])), None)
    words = speak_to(person)
    if home is None:
        return Recipient(address.address, address.key, words)
    return Recipient(address.address, address.key, words, home.platform, home.private_chat)


def _is_wanted(address: MailAddress, person: Person, on: MailList) -> bool:
    wanted = {
        MailList.CONFIRM: address.confirmed_at is None,
        MailList.DIGEST: address.is_usable and person.digest is DigestWay.MAIL,
        MailList.SUMMARY: address.is_usable and address.wants_summary,
    }
    return wanted[on]


def question(asked: Asked, words: Words, now: datetime) -> dict[str, object]:
    """The one mail that asks whether more may come. It holds nothing that somebody wrote: it may go to a stranger."""
    say = words.say
    text = say(
        "Himma: is this address yours?\n"
        "Somebody gave this address to Himma, a chatbot that shares small tasks among volunteers, to get mail from it. If "
        "that was you, this code completes it in the chat, or the link does: {code}\n"
        "Both work for 48 hours. If it was not you, nothing needs to be done: nothing else is sent here.",
        code=asked.code,
    )
    rows = (
        (Button(say("Confirm the address"), "mail_confirm", asked.code),),
        (Button(say("Never write to this address"), "mail_leave", f"{asked.address.key} {MailList.CONFIRM}"),),
    )
    return mail_to(asked.address, MailList.CONFIRM, "", Reply(text=text, rows=rows), now)


async def note_bounce(session: AsyncSession, place: Place, now: datetime) -> None:
    """A mailbox does not take mail: nothing is sent to it any more, and who named it hears so once."""
    for address in await switch_off(session, int(place.chat), now):

        def news(words: Words, address: str = address.address) -> Reply:
            text = words.say(
                "Mail to {address} came back, so nothing more is sent there. The address can be corrected, or another one "
                "given.",
                address=address,
            )
            return Reply(text=text, rows=((Button(words.say("E-mail"), "me_mail"),),))

        await tell_people(session, [address.person_id], f"mail_off:{address.id}", news, now)


@tick("mail", every=timedelta(minutes=10))
async def keep_mail(session: AsyncSession, now: datetime) -> bool:
    """Give up mail that is too old to be of use."""
    await give_up_old(session, PLATFORM, now - _PATIENCE)
    return False
