"""Telling people what they did not ask for: messages by way of the outbox, each in its reader's words."""

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.context import Context, speak_to
from handlers.stored import dump_place, dump_reply
from handlers.types import ChatKind, Place, Reply
from handlers.words import Words
from models.delivery import enqueue
from models.notices import NoticeKind, hears, waking
from models.people import reachable


async def tell(
    context: Context,
    people_ids: Iterable[int],
    key: str,
    say: Callable[[Words], Reply],
    *,
    zone: str = "UTC",
    kind: NoticeKind = NoticeKind.CLAIM,
    before: datetime | None = None,
) -> None:
    """Have `say` told privately to each of these people who can be reached; never to whoever acts here.

    `key` says what it is about: nobody is told the same thing twice. It goes out when the transaction is committed, or when
    the reader's quiet hours are over, so it must not say “today”; those who do not want to hear of its `kind` are left out.
    `zone` is the community's time zone, for readers who have not set their own. Where waiting would be too late, because it is
    about what begins at `before`, it goes out at night.
    """
    others = set(people_ids) - {context.person.id}
    await tell_people(context.session, others, key, say, context.now, zone=zone, kind=kind, before=before)


async def tell_people(
    session: AsyncSession,
    people_ids: Iterable[int],
    key: str,
    say: Callable[[Words], Reply],
    now: datetime,
    *,
    zone: str = "UTC",
    kind: NoticeKind = NoticeKind.CLAIM,
    before: datetime | None = None,
) -> None:
    """`tell`, where nobody acts."""
    readers = [to for to in await reachable(session, people_ids) if hears(to.person, kind)]
    rows = []
    for to in readers:
        row = private_message(f"{key}:{to.person.id}", to.platform, to.private_chat, say(speak_to(to.person, zone)), now)
        due_at = waking(to.person, zone, now)
        rows.append(row | {"due_at": now if before is not None and due_at >= before else due_at})
    await enqueue(session, rows)


def stamp(moment: datetime) -> int:
    """A moment as part of a key, for what may be told of the same thing more than once."""
    return int(moment.timestamp() * 1000)


def message_to(key: str, place: Place, reply: Reply, now: datetime) -> dict[str, object]:
    """The outbox's row for a message into a chat."""
    return {
        "key": key,
        "platform": place.platform,
        "place": dump_place(place),
        "reply": dump_reply(reply),
        "created_at": now,
        "due_at": now,
    }


def private_message(key: str, platform: str, chat: str, reply: Reply, now: datetime) -> dict[str, object]:
    """The outbox's row for a message into somebody's private chat."""
    return message_to(key, Place(platform, chat, ChatKind.PRIVATE), reply, now)
