"""Messages that follow an appeal (models/appeal_posts.py), drawn and delivered for one platform."""

import asyncio
import hashlib
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.edge import Edge
from bot.platform import Broadcasting, Deactivated, DeliveryError, Gone, Moved, Platform, TryLater, Unknown, Unreachable
from handlers.appeal_drawing import draw_post
from handlers.stored import dump_place, dump_reply, load_place
from handlers.types import CannotRender, Reply
from models import appeal_posts
from models.appeal_posts import PostFailure
from models.appeals import AppealPost, PostKind
from models.moving import move_chat

log = logging.getLogger(__name__)

LEASE: Final = timedelta(seconds=60)
_PAGE: Final = 20
_LONGEST_PAUSE: Final = timedelta(minutes=10)
_FAILURES: Final[dict[type[Exception], PostFailure]] = {
    Unreachable: PostFailure.CLOSED,
    Deactivated: PostFailure.CLOSED,
    Gone: PostFailure.GONE,
}


class Posts:
    """Keeps up to date what follows appeals."""

    def __init__(self, platform: Platform, edge: Edge, now: Callable[[], datetime]) -> None:
        self._platform = platform
        self._edge = edge
        self._now = now
        self._held: set[int] = set()
        self._held_until = datetime.min.replace(tzinfo=UTC)
        self._sends_once = isinstance(platform, Broadcasting) and platform.sends_once

    async def draw(self) -> int:
        """Draw one page of those that are due. How many."""
        name, now = self._platform.name, self._now()
        if not await self._edge.look(lambda session: appeal_posts.has_due_posts(session, name, now)):
            return 0
        leased = await self._edge.transact(lambda session: appeal_posts.lease_posts(session, name, now, LEASE, _PAGE))
        self._held, self._held_until = {post.id for post in leased}, now + LEASE
        try:
            await asyncio.gather(*(self._draw(post) for post in leased))
        finally:
            self._held.clear()
        return len(leased)

    async def hold(self) -> int:
        """What is being drawn stays ours, however long it waits for its turn: nobody else is to send it too."""
        now, was, held = self._now(), self._held_until, list(self._held)
        if held and was - now < LEASE / 2:
            await self._edge.transact(lambda session: appeal_posts.renew_posts(session, held, was, now + LEASE))
            self._held_until = now + LEASE
        return 0

    async def _draw(self, post: AppealPost) -> None:
        place = load_place(post.place)
        reply = await self._edge.look(lambda session: draw_post(session, post, self._now()))
        shown = hashlib.sha256(dump_reply(reply).encode()).hexdigest()
        try:
            message = await self._show(post, reply, shown)
        except (TryLater, Unknown) as error:
            await self._try_again(post, error)
        except Moved as moved:
            new, now = moved.chat, self._now()
            there = dump_place(replace(place, chat=new))
            await self._edge.transact(lambda session: move_chat(session, place.platform, place.chat, new, now))
            await self._edge.transact(lambda session: appeal_posts.move_post(session, post, there, now))
        except (DeliveryError, CannotRender) as error:
            if not isinstance(error, Gone):
                log.warning("%s does not take a message about appeal %s: %s", place.platform, post.appeal_id, error)
            await self._give_up(post, _FAILURES.get(type(error), PostFailure.REFUSED))
        else:
            now = self._now()
            await self._edge.transact(lambda session: appeal_posts.mark_posted(session, post, message, shown, now))

    async def _try_again(self, post: AppealPost, error: TryLater | Unknown) -> None:
        """Later; but a call that may stand in its chat already is not sent there twice."""
        if isinstance(error, Unknown) and post.message is None and post.kind is PostKind.CALL and not self._sends_once:
            await self._give_up(post, PostFailure.UNKNOWN)
            return
        growing = min(timedelta(seconds=2 ** min(post.attempts, 10)), _LONGEST_PAUSE)
        asked = timedelta(seconds=error.after_seconds if isinstance(error, TryLater) else 0)
        until = self._now() + max(growing, asked)
        await self._edge.transact(lambda session: appeal_posts.put_post_off(session, post, until))

    async def _give_up(self, post: AppealPost, failure: PostFailure) -> None:
        await self._edge.transact(lambda session: appeal_posts.give_post_up(session, post, failure))

    async def _show(self, post: AppealPost, reply: Reply, shown: str) -> str:
        place = load_place(post.place)
        if post.message is None:
            return await self._platform.send(place, reply, f"appeal post {post.id}")
        if shown != post.shown:
            await self._platform.edit(place, post.message, reply)
        return post.message
