"""Notices put into words and released: what time wants told to one person becomes one message, when they may be written to.

A topic is declared with how it is drawn; the drawing runs when the notice is released, so that it says what is true then, and
may write: that the holder of a seat was warned, for example. What one person is told at the same time is one message.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.closed_doors import call
from handlers.context import speak_to
from handlers.telling import private_message
from handlers.timed import tick
from handlers.types import Button, Link, Reply
from handlers.words import Said, Words
from models.communities import zones_of
from models.delivery import enqueue
from models.notices import (
    Notice,
    NoticeKind,
    NoticeState,
    due_notices,
    due_people,
    hears,
    note_contacts,
    postpone,
    room_from,
    settle,
    waking,
)
from models.people import Person, Reachable, reachable

log = logging.getLogger(__name__)

LATE = timedelta(hours=1)
"""What comes so much later than it was due says so: we were away in between."""
_TRY_AGAIN = timedelta(hours=1)
_PEOPLE_AT_ONCE = 50
_TOGETHER = 4
"""Notices in one message: more would be read by nobody, and their buttons would not fit."""


@dataclass(frozen=True)
class Telling:
    """What a drawing is given."""

    session: AsyncSession
    notice: Notice
    person: Person
    words: Words
    now: datetime


Drawing = Callable[[Telling], Awaitable[Reply | None]]


class Topic(NamedTuple):
    """How notices about something are told."""

    draw: Drawing
    """Puts one into words; None where it would not help any more."""
    is_alone: bool = False
    """It has a picture or a file, for which a message with other things has no room."""


TOPICS: dict[str, Topic] = {}


def notice(topic: str, *, alone: bool = False) -> Callable[[Drawing], Drawing]:
    """Declare how notices of a topic are told."""

    def declare(drawing: Drawing) -> Drawing:
        if topic in TOPICS:
            raise TypeError(f"the topic {topic} is declared twice")
        TOPICS[topic] = Topic(drawing, alone)
        return drawing

    return declare


@tick("notices", every=timedelta(seconds=5))
async def release(session: AsyncSession, now: datetime) -> bool:
    """Tell some of those who are due to be told something."""
    people = await due_people(session, now, _PEOPLE_AT_ONCE)
    if not people:
        return False
    waiting: dict[int, list[Notice]] = {}
    for one in await due_notices(session, people, now):
        waiting.setdefault(one.person_id, []).append(one)
    zones = await zones_of(session, {one.community_id for ones in waiting.values() for one in ones if one.community_id})
    desk = _Desk(
        session,
        {to.person.id: to for to in await reachable(session, people)},
        await room_from(session, people.values(), now),
        zones,
        now,
    )
    for person_id, notices in waiting.items():
        await desk.tell(people[person_id], notices)
    await desk.write()
    return True


class _Desk:
    """Where it is decided what some people are told now."""

    def __init__(
        self,
        session: AsyncSession,
        reachable_by_id: dict[int, Reachable],
        room: dict[int, datetime],
        zones: dict[int, str],
        now: datetime,
    ) -> None:
        self.session = session
        self.reachable = reachable_by_id
        self.room = room
        self.zones = zones
        self.now = now
        self.messages: list[dict[str, object]] = []
        self.counted: list[int] = []
        self.settled: dict[NoticeState, list[int]] = {}
        self.postponed: dict[int, datetime] = {}

    async def tell(self, person: Person, notices: Sequence[Notice]) -> None:
        """Decide about what is due for a person, and put what may be said into one message."""
        sayable = [notice for notice in notices if await self._may_be_said(person, notice)]
        drawn: list[tuple[Notice, Reply]] = []
        for one in _one_message(sayable):
            reply = await self._draw(person, one)
            if reply is not None:
                drawn.append((one, reply))
        if drawn:
            self._say(person, drawn)

    async def _draw(self, person: Person, notice: Notice) -> Reply | None:
        """Put it into words; where that fails, the others are told all the same, and this one is tried again later."""
        try:
            async with self.session.begin_nested():
                reply = await TOPICS[notice.topic].draw(
                    Telling(self.session, notice, person, self._words(person, notice), self.now)
                )
        except Exception:
            log.exception("the notice %s could not be put into words", notice.key)
            self.postponed[notice.id] = self.now + _TRY_AGAIN
            return None
        if reply is None:
            self._settle(notice, NoticeState.DROPPED)
        return reply

    async def _may_be_said(self, person: Person, notice: Notice) -> bool:
        """Whether it may be said now; where not, it is settled or put off."""
        until = self._earliest(person, notice)
        if notice.useless_at <= self.now or not hears(person, notice.kind) or notice.topic not in TOPICS:
            self._settle(notice, NoticeState.DROPPED)
        elif person.id not in self.reachable:
            self._settle(notice, NoticeState.UNREACHABLE)
            if notice.kind is NoticeKind.CLAIM:
                await call(self.session, [person.id], self.now)
        elif until <= self.now:
            return True
        elif until < notice.useless_at:
            self.postponed[notice.id] = until
        elif notice.kind is NoticeKind.CLAIM:
            return True  # waiting for the morning would be too late
        else:
            self._settle(notice, NoticeState.DROPPED)
        return False

    def _settle(self, notice: Notice, state: NoticeState) -> None:
        self.settled.setdefault(state, []).append(notice.id)

    def _earliest(self, person: Person, notice: Notice) -> datetime:
        """When it may be said: in waking hours, and unless it is about a seat of theirs, when the budget has room."""
        zone = self._zone(notice)
        if notice.kind is NoticeKind.CLAIM:
            return waking(person, zone, self.now)
        return waking(person, zone, max(self.now, self.room[person.id]))

    def _zone(self, notice: Notice) -> str:
        return self.zones.get(notice.community_id or 0, "UTC")

    def _words(self, person: Person, notice: Notice) -> Words:
        return speak_to(person, self._zone(notice))

    def _say(self, person: Person, drawn: Sequence[tuple[Notice, Reply]]) -> None:
        to, first = self.reachable[person.id], drawn[0][0]
        words = self._words(person, first)
        reply = together([reply for _, reply in drawn], words)
        if self.now - first.due_at > LATE:
            reply = say_late(reply, first.due_at, words, self.now)
        if any(one.kind is not NoticeKind.CLAIM for one, _ in drawn):
            self.counted.append(person.id)
            reply = replace(reply, rows=(*reply.rows, (Button(words.say("Stop such messages"), "stop"),)))
        self.messages.append(private_message(f"notice:{first.id}", to.platform, to.private_chat, reply, self.now))
        for one, _ in drawn:
            self._settle(one, NoticeState.SENT)

    async def write(self) -> None:
        for state, notice_ids in self.settled.items():
            await settle(self.session, notice_ids, state, self.now)
        await postpone(self.session, self.postponed)
        await enqueue(self.session, self.messages)
        await note_contacts(self.session, self.counted, self.now)


def _one_message(notices: Sequence[Notice]) -> Sequence[Notice]:
    """What of this is said now; the rest is due still, and has its own turn, within what the budget then lets pass."""
    if notices and TOPICS[notices[0].topic].is_alone:
        return notices[:1]
    return [one for one in notices if not TOPICS[one.topic].is_alone][:_TOGETHER]


def say_late(reply: Reply, due_at: datetime, words: Words, now: datetime) -> Reply:
    """The reply with a word on why it comes so late."""
    said = words.say(
        "This comes late: it was meant for {moment}, and Himma was not running.", moment=words.moment(due_at, now)
    )
    return replace(reply, text=f"{said}\n\n{reply.text}" if reply.text else said)


def together(replies: Sequence[Reply], words: Words) -> Reply:
    """Several things to be told as one message: numbered, and so are their buttons."""
    if len(replies) == 1:
        return replies[0]
    texts, rows = [], []
    media = next((reply.media for reply in replies if reply.media), None)
    for number, reply in enumerate(replies, 1):
        mark = words.number(number)
        texts.append(f"{mark}. {_in_lines(reply)}")
        rows += [tuple(_marked(part, mark, words) for part in row) for row in reply.rows]
    return Reply(text="\n\n".join(texts), rows=tuple(rows), media=media)


def _in_lines(reply: Reply) -> str:
    card = [reply.card.title, *reply.card.lines, reply.card.footer] if reply.card else []
    return "\n".join(piece for piece in (reply.text, *card) if piece)


def _marked(part: Button | Link, mark: Said, words: Words) -> Button | Link:
    return replace(part, label=words.beside(part.label, mark))
