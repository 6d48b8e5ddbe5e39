"""The transaction edge: the only place that commits.

An event's effects, its key and its answer are one transaction. Events for the same crowd command that wait at the same time
are decided in one transaction together: statements and commits cost the same for a hundred as for one.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as SQLAlchemyTimeout
from sqlalchemy.ext.asyncio import AsyncSession

from bot.database import Database
from handlers import dispatch
from handlers.types import Answer, Event
from models.delivery import record_answers
from models.refusals import Refusal

log = logging.getLogger(__name__)

T = TypeVar("T")

ANSWER_PATIENCE = timedelta(seconds=15)
"""An answer that is not marked as delivered by then is delivered anew (by whoever sweeps)."""
_CROWD = 128
_ATTEMPTS = 4
_SERIALIZATION_FAILURES = frozenset({"40001", "40P01"})
"""https://www.postgresql.org/docs/current/errcodes-appendix.html: serialization_failure, deadlock_detected"""


class Unavailable(Exception):
    """The database does not take anything at the moment: nothing was changed, the event is to be handed in again."""


class Edge:
    """Hands events to the handlers inside transactions."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._crowds: dict[str, deque[tuple[Event, asyncio.Future[Answer]]]] = {}
        self._draining: set[asyncio.Task[None]] = set()

    async def handle(self, event: Event) -> Answer:
        """The answer to an event, when its effects are on disk. Raises Unavailable."""
        key = dispatch.crowd_key(event)
        return await (self._join_crowd(key, event) if key else self._handle_alone(event))

    async def transact(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Do work in one transaction and commit it. Raises what the work raises, with nothing changed."""
        async with self._database.write() as session:
            result = await work(session)
            await session.commit()
            return result

    async def look(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Do work that writes nothing."""
        async with self._database.read() as session:
            return await work(session)

    async def _handle_alone(self, event: Event) -> Answer:
        for attempt in range(_ATTEMPTS):
            try:
                return await self._answer_one(event)
            except Refusal as refusal:
                return await self._close(event, partial(dispatch.refuse, event=event, refusal=refusal))
            except Exception as error:  # noqa: BLE001  # a fault of ours must not take the next person's answer along
                if _is_passing(error):
                    await asyncio.sleep(0.01 * attempt)
                    continue
                _raise_if_unavailable(error)
                return await self._apologize(event, error)
        raise Unavailable

    async def _answer_one(self, event: Event) -> Answer:
        return (await self.transact(lambda session: _answer(session, [event])))[0]

    async def _apologize(self, event: Event, error: Exception) -> Answer:
        log.error("event %s was not handled", event.key, exc_info=error)
        return await self._close(event, partial(dispatch.apologize, event=event))

    async def _close(self, event: Event, say: Callable[[AsyncSession], Awaitable[Answer]]) -> Answer:
        """Record an answer that changes nothing. Raises Unavailable."""

        async def work(session: AsyncSession) -> Answer:
            answer = await say(session)
            await _record(session, [event], [answer])
            return answer

        try:
            return await self.transact(work)
        except DBAPIError as error:
            raise Unavailable from error

    def _join_crowd(self, key: str, event: Event) -> asyncio.Future[Answer]:
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        crowd = self._crowds.setdefault(key, deque())
        crowd.append((event, future))
        if len(crowd) == 1:
            task = asyncio.create_task(self._drain(crowd))
            self._draining.add(task)
            task.add_done_callback(self._draining.discard)
        return future

    async def _drain(self, crowd: deque[tuple[Event, asyncio.Future[Answer]]]) -> None:
        """Decide for those who wait, until nobody does. Whoever comes while the writer is busy joins the next round."""
        while crowd:
            together: list[tuple[Event, asyncio.Future[Answer]]] = []

            async def work(session: AsyncSession) -> list[Answer]:
                while crowd and len(together) < _CROWD:  # noqa: B023  # awaited before the next round begins
                    together.append(crowd.popleft())  # noqa: B023
                return await _answer(session, [event for event, _ in together])  # noqa: B023

            try:
                answers = await self.transact(work)
            except Exception as error:  # noqa: BLE001  # whatever it was, each is asked alone, where one fault is one person's
                log.debug("a crowd of %s is asked one by one: %s", len(together), type(error).__name__)
                await asyncio.gather(*(self._settle(event, future) for event, future in together))
                continue
            for (_, future), answer in zip(together, answers, strict=True):
                if not future.done():
                    future.set_result(answer)

    async def _settle(self, event: Event, future: "asyncio.Future[Answer]") -> None:
        try:
            answer = await self._handle_alone(event)
        except Unavailable as error:
            if not future.done():
                future.set_exception(error)
        else:
            if not future.done():
                future.set_result(answer)


async def _answer(session: AsyncSession, events: Sequence[Event]) -> list[Answer]:
    answers = await dispatch.handle(session, events)
    await _record(session, events, answers)
    return answers


async def _record(session: AsyncSession, events: Sequence[Event], answers: Sequence[Answer]) -> None:
    rows = [
        dispatch.inbox_row(event, answer) | {"retry_at": event.at + ANSWER_PATIENCE}
        for event, answer in zip(events, answers, strict=True)
        if not answer.is_known
    ]
    if rows:
        await record_answers(session, rows)


def _is_passing(error: Exception) -> bool:
    """Another process was at the same rows at the same moment: trying again settles it."""
    if isinstance(error, IntegrityError):
        return True
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _SERIALIZATION_FAILURES


def _raise_if_unavailable(error: Exception) -> None:
    if isinstance(error, OperationalError | InterfaceError | SQLAlchemyTimeout | OSError):
        raise Unavailable from error
