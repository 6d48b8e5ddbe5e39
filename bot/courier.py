"""The courier: takes what is to be delivered from the database, and delivers it outside of any transaction.

Messages of the outbox, live cards that the truth has moved on from, uploads to be copied to our store, answers that a crash
kept back. What it takes is leased, so that a second process takes something else; what a crash interrupts is taken again when
the lease is over.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from bot.answers import Answers
from bot.edge import Edge
from bot.intake import Intake
from bot.lanes import Lanes
from bot.pictures import NotTaken
from bot.platform import DeliveryError, Gone, Moved, Platform, Refused, TryLater, Unknown, Unreachable
from bot.posts import Posts
from handlers.cards import live_card
from handlers.chats import note_refused, note_unreachable
from handlers.closed_doors import note_closed
from handlers.stored import dump_place, dump_reply, load_event, load_place, load_reply
from handlers.types import CannotRender, ChatKind, Media, MediaFault, Place
from models import cards, delivery
from models.moving import move_chat

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
POLL_SECONDS = 0.25
_PAGE = 20
_SETTLE = timedelta(seconds=1)
"""How long changes to a card are collected before it is drawn."""
_CARD_DISTANCE = timedelta(seconds=2.5)
"""Between two edits of one card: with the courier's own pause, what changed right after one is shown within 3 s."""
_LONGEST_PAUSE = timedelta(hours=1)
_GROUP_PATIENCE = timedelta(days=1)
"""How long a message waits for a group to let us in again."""
_IN_FLIGHT = 8
"""Messages under way at once: what a crash can double. At 30 a second more would not be quicker."""
_FETCH_ATTEMPTS = 5


class PictureStore(Protocol):
    """Where our own copies of pictures are kept."""

    async def receive(self, data: bytes) -> Media:
        """Check, clean and keep a picture. Raises NotTaken, or OSError where it cannot be kept just now."""


class Courier:
    """Delivers for one platform."""

    def __init__(
        self,
        platform: Platform,
        edge: Edge,
        intake: Intake,
        answers: Answers,
        store: PictureStore,
        now: Callable[[], datetime],
    ) -> None:
        self._platform = platform
        self._edge = edge
        self._intake = intake
        self._answers = answers
        self._store = store
        self._now = now
        self._in_flight = asyncio.Semaphore(_IN_FLIGHT)
        self._lanes = Lanes()
        self._posts = Posts(platform, edge, now)

    async def run(self) -> None:
        """Deliver what falls due until cancelled. Survives whatever the database or the platform does."""
        works = (self.deliver_messages, self.draw_cards, self.draw_posts, self._posts.hold)
        await asyncio.gather(*(self._repeat(work) for work in works))

    async def _repeat(self, work: Callable[[], Awaitable[int]]) -> None:
        pause = POLL_SECONDS
        while True:
            try:
                done = await work()
                pause = 0.0 if done else POLL_SECONDS
            except Exception:  # whatever it was, the next round must come
                log.exception("the courier for %s stumbled", self._platform.name)
                pause = min(max(pause, POLL_SECONDS) * 2, 30.0)
            await asyncio.sleep(pause)

    async def deliver_messages(self) -> int:
        """Deliver one page of all that is due but cards. How much it was."""
        now, name = self._now(), self._platform.name
        due = await self._edge.look(lambda session: delivery.what_is_due(session, name, now))
        swept = await self._answers.sweep(name) if due.answers else 0
        sent = await self._send_page(now) if due.messages else 0
        fetched = await self._fetch_page(now) if due.fetches else 0
        return swept + sent + fetched

    async def _send_page(self, now: datetime) -> int:
        name, sent = self._platform.name, self._edge.marks.sent
        page = await self._edge.transact(lambda session: delivery.lease_messages(session, name, now, LEASE, _PAGE))
        await asyncio.gather(*(self._send_in_turn(message) for message in page if message.id not in sent))
        return len(page)

    async def _fetch_page(self, now: datetime) -> int:
        name = self._platform.name
        page = await self._edge.transact(lambda session: delivery.lease_fetches(session, name, now, LEASE, _PAGE))
        await asyncio.gather(*(self._fetch(fetch) for fetch in page))
        return len(page)

    async def _send_in_turn(self, message: delivery.Outbox) -> None:
        async with self._lanes.turn(message.place), self._in_flight:
            await self._send(message)

    async def _send(self, message: delivery.Outbox) -> None:
        place = load_place(message.place)
        try:
            external_id = await self._platform.send(place, load_reply(message.reply), message.key)
        except (TryLater, Unknown) as error:
            until = self._now() + _pause(message.attempts, error)
            await self._edge.transact(lambda session: delivery.put_off(session, message.id, until))
        except Moved as moved:
            await self._follow(place, moved)
            there = dump_place(replace(place, chat=moved.chat))
            await self._edge.transact(lambda session: delivery.move_message(session, message.id, there))
        except (DeliveryError, CannotRender) as error:
            await self._give_up(message, place, error)
        else:
            self._edge.marks.sent[message.id] = external_id, self._now()

    async def _give_up(self, message: delivery.Outbox, place: Place, error: Exception) -> None:
        """What cannot be delivered has failed. A group has a day to let us in again, and a closed thread has its chat."""
        is_group = isinstance(error, Unreachable) and place.kind is not ChatKind.PRIVATE
        if is_group and place.thread:
            there = dump_place(replace(place, thread=""))
            await self._edge.transact(lambda session: delivery.move_message(session, message.id, there))
            return
        await self._note_unreachable(place, error)
        if is_group and self._now() - message.created_at < _GROUP_PATIENCE:
            until = self._now() + _LONGEST_PAUSE
            await self._edge.transact(lambda session: delivery.put_off(session, message.id, until))
            return
        failure = f"{type(error).__name__}: {error}"
        await self._edge.transact(lambda session: delivery.mark_failed(session, message.id, failure))

    async def _note_unreachable(self, place: Place, error: Exception) -> None:
        is_private, now = place.kind is ChatKind.PRIVATE, self._now()
        if isinstance(error, Gone):
            log.info("%s: a message is left out: %s", place.platform, error)
        elif not isinstance(error, Unreachable):
            log.error("%s does not take a message: %s", place.platform, error)
            if isinstance(error, Refused) and not is_private:
                await self._edge.transact(lambda session: note_refused(session, place, now))
        elif is_private:
            await self._edge.transact(lambda session: note_closed(session, place, now))
        else:
            await self._edge.transact(lambda session: note_unreachable(session, place, now))

    async def _follow(self, place: Place, moved: Moved) -> None:
        await self._edge.transact(lambda session: move_chat(session, place.platform, place.chat, moved.chat, self._now()))

    async def _fetch(self, fetch: delivery.Fetch) -> None:
        """Copy an upload to our store, and hand the event in again with what came of it."""
        event = load_event(fetch.event)
        if event.upload is None:
            return
        arrived = replace(event, key=f"{event.key}:fetched", upload=None)
        try:
            arrived = replace(arrived, media=await self._store.receive(await self._platform.fetch(event.upload)))
        except NotTaken as refused:
            arrived = replace(arrived, media_fault=refused.fault)
        except (DeliveryError, OSError) as error:
            is_lost = isinstance(error, Gone | Refused | Unreachable)
            if not is_lost and fetch.attempts < _FETCH_ATTEMPTS:
                until = self._now() + _pause(fetch.attempts, error)
                await self._edge.transact(lambda session: delivery.put_fetch_off(session, fetch.key, until))
                return
            arrived = replace(arrived, media_fault=MediaFault.LOST)
        await self._intake.take(arrived)
        await self._edge.transact(lambda session: delivery.forget_fetch(session, fetch.key))

    async def draw_posts(self) -> int:
        """Draw one page of the messages that follow appeals and are due. How many."""
        return await self._posts.draw()

    async def draw_cards(self) -> int:
        """Draw one page of the live cards that are due. How many."""
        now = self._now()
        due = await self._edge.look(lambda session: cards.has_stale(session, self._platform.name, now - _SETTLE, now))
        if not due:
            return 0
        leased = await self._edge.transact(
            lambda session: cards.lease_cards(
                session, self._platform.name, now, settled_before=now - _SETTLE, lease=LEASE, limit=_PAGE
            )
        )
        await asyncio.gather(*(self._draw_in_turn(card) for card in leased))
        return len(leased)

    async def _draw_in_turn(self, card: cards.DueCard) -> None:
        async with self._lanes.turn(f"cards of {card.chat.id}"):
            await self._draw(card)

    async def _draw(self, card: cards.DueCard) -> None:
        chat = card.chat
        place = Place(chat.platform, chat.external_id, ChatKind(chat.kind), chat.title, card.thread)
        reply = await self._edge.look(lambda session: live_card(session, card.task_id, self._now()))
        shown = hashlib.sha256(dump_reply(reply).encode()).hexdigest()
        message = card.message
        try:
            if message is None:
                message = await self._platform.send(place, reply, f"card:{card.id}:{card.changes}")
            elif shown != card.shown:
                await self._platform.edit(place, message, reply)
        except (TryLater, Unknown) as error:
            until = self._now() + _pause(1, error)
            await self._edge.transact(lambda session: cards.put_card_off(session, card, until))
        except Moved as moved:
            await self._follow(place, moved)
            await self._edge.transact(lambda session: cards.put_card_off(session, card, self._now()))
        except Unreachable as error:
            await self._keep_card(card, place, error)
        except (DeliveryError, CannotRender) as error:
            await self._note_unreachable(place, error)
            await self._edge.transact(lambda session: cards.forget_card(session, card))
        else:
            next_at = self._now() + _CARD_DISTANCE
            await self._edge.transact(lambda s: cards.mark_drawn(s, card, message, shown, next_at=next_at))

    async def _keep_card(self, card: cards.DueCard, place: Place, error: Unreachable) -> None:
        """The card is drawn when we are let in again; where only its thread is closed, in the chat itself."""
        if card.thread:
            await self._edge.transact(lambda session: cards.leave_thread(session, card))
            return
        await self._note_unreachable(place, error)
        await self._edge.transact(lambda session: cards.put_card_off(session, card, self._now()))


def _pause(attempts: int, error: Exception) -> timedelta:
    growing = timedelta(seconds=2 ** min(attempts, 12))
    asked = timedelta(seconds=error.after_seconds) if isinstance(error, TryLater) else timedelta()
    return max(asked, min(growing, _LONGEST_PAUSE))
