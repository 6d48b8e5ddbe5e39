"""The transaction edge: the only place that commits.

An event's effects, its key and its answer are one transaction. Events for the same crowd command that wait at the same time
are decided in one transaction together: statements and commits cost the same for a hundred as for one.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as SQLAlchemyTimeout
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from bot.database import Database
from bot.marks import Marks
from handlers import dispatch
from handlers.context import Outlet
from handlers.types import Answer, Event, Reply
from models.base import Overtaken
from models.delivery import record_answers
from models.refusals import Refusal

log = logging.getLogger(__name__)

T = TypeVar("T")
Crowd = deque[tuple[Event, "asyncio.Future[Answer]"]]

ANSWER_PATIENCE = timedelta(seconds=15)
"""An answer that is not marked as delivered by then is delivered anew (by whoever sweeps)."""
_CROWD = 128
_ATTEMPTS = 4
_SERIALIZATION_FAILURES = frozenset({"40001", "40P01"})
"""https://www.postgresql.org/docs/current/errcodes-appendix.html: serialization_failure, deadlock_detected"""


_OUT_OF_SERVICE = frozenset({"08", "53", "57", "58"})
"""Classes of the same: connection exception, insufficient resources, operator intervention, system error"""


class Unavailable(Exception):
    """The database does not take anything at the moment: nothing was changed, the event is to be handed in again."""


class Edge:
    """Hands events to the handlers inside transactions."""

    def __init__(self, database: Database, *, has_mail: bool = False, outlets: Mapping[str, Outlet] | None = None) -> None:
        """`has_mail`: mail goes out, so it may be offered. `outlets`: where many can be told the same, by platform."""
        self._outlets = outlets or {}
        self._database = database
        self._has_mail = has_mail
        self._crowds: dict[str, Crowd] = {}
        self._draining: set[asyncio.Task[None]] = set()
        self.marks = Marks()

    async def handle(self, event: Event) -> Answer:
        """The answer to an event, when its effects are on disk. Raises Unavailable."""
        key = dispatch.crowd_key(event)
        return await (self._join_crowd(key, event) if key else self._handle_alone(event))

    async def transact(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Do work in one transaction and commit it. Raises what the work raises, with nothing changed.

        Whoever is cancelled while waiting for their turn does nothing; what has begun comes to its end first.
        """
        async with self._database.turn:
            return await _to_its_end(self._commit(work))

    async def _commit(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        async with self._database.writer() as session:
            # First, so that the work sees what was delivered: an event that comes again would else be answered again.
            written = await self.marks.write(session)
            result = await work(session)
            await session.commit()
            self.marks.forget(written)
            return result

    async def mark(self) -> None:
        """Write the marks, where no other transaction came along to do it."""
        if self.marks:
            await self.transact(_nothing)

    async def look(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Do work that writes nothing."""
        return await _to_its_end(self._look(work))

    async def _look(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        async with self._database.read() as session:
            return await work(session)

    async def settle(self) -> None:
        """Wait until those who are being decided for have been decided for."""
        while self._draining:
            await asyncio.gather(*self._draining, return_exceptions=True)

    async def _handle_alone(self, event: Event) -> Answer:
        for attempt in range(_ATTEMPTS):
            try:
                return await self._answer_or_refuse(event)
            except Exception as error:  # noqa: BLE001  # a fault of ours must not take the next person's answer along
                if _is_passing(error):
                    await asyncio.sleep(0.01 * attempt)
                    continue
                _raise_if_unavailable(error)
                return await self._apologize(event, error)
        raise Unavailable

    async def _answer(self, session: AsyncSession, events: Sequence[Event]) -> list[Answer]:
        answers = await dispatch.handle(session, events, has_mail=self._has_mail, outlets=self._outlets)
        await _record(session, events, answers)
        return answers

    async def _answer_or_refuse(self, event: Event) -> Answer:
        try:
            return (await self.transact(lambda session: self._answer(session, [event])))[0]
        except Refusal as refusal:
            return await self._close(event, partial(dispatch.refuse, event=event, refusal=refusal))

    async def _apologize(self, event: Event, error: Exception) -> Answer:
        log.error("event %s was not handled", event.key, exc_info=error)
        try:
            return await self._close(event, partial(dispatch.apologize, event=event))
        except Exception as again:
            if _is_passing(again):
                raise Unavailable from again
            _raise_if_unavailable(again)
            # Handed in again it would fail again, for ever, and hold up everybody behind it.
            log.critical("event %s is left out: not even an apology could be kept", event.key, exc_info=again)
            return Answer(event.key, event.address, Reply())

    async def _close(self, event: Event, say: Callable[[AsyncSession], Awaitable[Answer]]) -> Answer:
        """Record an answer that changes nothing."""

        async def work(session: AsyncSession) -> Answer:
            answer = await say(session)
            await _record(session, [event], [answer])
            return answer

        return await self.transact(work)

    def _join_crowd(self, key: str, event: Event) -> asyncio.Future[Answer]:
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        crowd = self._crowds.setdefault(key, deque())
        crowd.append((event, future))
        if len(crowd) == 1:
            task = asyncio.create_task(self._drain(crowd))
            self._draining.add(task)
            task.add_done_callback(self._draining.discard)
        return future

    async def _drain(self, crowd: Crowd) -> None:
        """Decide for those who wait, until nobody does."""
        while crowd:
            together: list[tuple[Event, asyncio.Future[Answer]]] = []
            try:
                answers = await self._decide(crowd, together)
            except Exception as error:  # noqa: BLE001  # whatever it was, each is asked alone, where one fault is one person's
                log.debug("a crowd of %s is asked one by one: %s", len(together), type(error).__name__)
                if not together:  # the writer could not be had: nobody had been let in yet
                    together.extend(crowd)
                    crowd.clear()
                await asyncio.gather(*(self._settle(event, future) for event, future in together))
                continue
            for (_, future), answer in zip(together, answers, strict=True):
                if not future.done():
                    future.set_result(answer)

    async def _decide(self, crowd: Crowd, together: list[tuple[Event, asyncio.Future[Answer]]]) -> list[Answer]:
        """Answer the first of those who wait, in one transaction. Whoever comes while the writer is busy is among them."""

        async def work(session: AsyncSession) -> list[Answer]:
            while crowd and len(together) < _CROWD:
                together.append(crowd.popleft())
            return await self._answer(session, [event for event, _ in together])

        for attempt in range(1, _ATTEMPTS):
            try:
                return await self.transact(work)
            except DBAPIError as error:
                if not _is_passing(error):
                    raise
                await asyncio.sleep(0.01 * attempt)
        return await self.transact(work)

    async def _settle(self, event: Event, future: "asyncio.Future[Answer]") -> None:
        try:
            answer = await self._handle_alone(event)
        except Exception as error:  # noqa: BLE001  # it belongs to whoever waits for the answer, and to nobody else
            if not future.done():
                future.set_exception(error)
        else:
            if not future.done():
                future.set_result(answer)


async def _nothing(_: AsyncSession) -> None:
    """The work of a transaction that only writes marks."""


async def _record(session: AsyncSession, events: Sequence[Event], answers: Sequence[Answer]) -> None:
    rows = [
        dispatch.inbox_row(event, answer) | {"retry_at": event.at + ANSWER_PATIENCE}
        for event, answer in zip(events, answers, strict=True)
        if not answer.is_known
    ]
    if rows:
        await record_answers(session, rows)


async def _to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Await work that is not cut off: a connection is in doubt when it is left in the middle of a statement."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # whoever it would have been told to is gone
        raise


def _is_passing(error: Exception) -> bool:
    """Another process was at the same rows at the same moment: trying again settles it."""
    return isinstance(error, IntegrityError | StaleDataError | Overtaken) or _sqlstate(error) in _SERIALIZATION_FAILURES


def _raise_if_unavailable(error: Exception) -> None:
    if isinstance(error, OSError | SQLAlchemyTimeout) or _sqlstate(error)[:2] in _OUT_OF_SERVICE:
        raise Unavailable from error
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        raise Unavailable from error
    # asyncpg also calls it an interface error when a value does not fit its column: that is a fault of ours.
    is_unfit = isinstance(error, DBAPIError) and isinstance(getattr(error.orig, "__cause__", None), ValueError)
    if isinstance(error, OperationalError | InterfaceError) and not is_unfit:
        raise Unavailable from error


def _sqlstate(error: Exception) -> str:
    """PostgreSQL's code for an error; empty where it has none."""
    return getattr(getattr(error, "orig", error), "sqlstate", None) or ""
