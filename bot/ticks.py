"""What time causes: APScheduler beats, rows say what is due (handlers/timed.py)."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy.ext.asyncio import AsyncSession

from bot.edge import Edge
from handlers.timed import TICKS, Tick, tick
from models.addresses import old_addresses
from models.beats import PERIODS_OF_GRACE, Success, note_beats
from models.codes import old_codes
from models.delivery import old_delivery
from models.dialogues import old_dialogues
from models.mail_asks import KEEP_ASKS, old_asks
from models.notices import old_notices
from models.pruning import prune
from models.record import faded

log = logging.getLogger(__name__)

KEEP_DELIVERED = timedelta(days=7)
"""How long answered events and sent messages are kept; platforms give up on redelivery after a day."""
KEEP_DIALOGUES = timedelta(days=7)
"""How long an expired wizard is kept, so that a late answer can be told what happened."""
KEEP_CODES = timedelta(days=7)
"""How long a one-time code is kept after its end, so that whoever says it again can be told what came of it."""
KEEP_NOTICES = timedelta(days=30)
"""How long a notice is kept after it was told, so that the same is not told twice."""
RECORDED_EVERY = timedelta(minutes=1)
"""Successes are recorded this often, all in one transaction: writing costs more than looking."""
_ROWS_AT_ONCE = 500
_WATCH_SECONDS = 15.0
_PATIENCE_SECONDS = 3.0
"""How long transactions that are under way may take when we stop."""
_ROUNDS = 40
"""How often a tick that says that there is more is asked again before the others have their turn."""


class Ticks:
    """Beats. A tick holds no facts, changes nothing when repeated, and is bounded in its work."""

    def __init__(self, edge: Edge, now: Callable[[], datetime], ticks: Mapping[str, Tick] = TICKS) -> None:
        self._ticks = ticks
        self._edge = edge
        self._now = now
        self._scheduler: AsyncIOScheduler | None = None
        self._beating: set[asyncio.Task[None]] = set()
        self._is_stopping = False
        self._succeeded: dict[str, datetime] = {}
        self._recorded: set[str] = set()
        self._recorded_at = datetime.min.replace(tzinfo=UTC)
        self._late: set[str] = set()

    async def run(self) -> None:
        """Beat until cancelled, and watch that the beats come."""
        began = self._now()
        try:
            while True:
                if self._scheduler is None or not self._scheduler.running:
                    self._start()
                await asyncio.sleep(_WATCH_SECONDS)
                self.watch(began)
        finally:
            await self._stop()

    async def _stop(self) -> None:
        """No new transaction begins and those under way come to their end, for the database is closed next."""
        self._is_stopping = True
        if self._beating:
            await asyncio.wait(self._beating, timeout=_PATIENCE_SECONDS)
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)  # it cannot wait for coroutines: it would cut them off

    def _start(self) -> None:
        self._scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        at_once = datetime.now(UTC)
        for one in self._ticks.values():
            seconds = one.every.total_seconds()
            self._scheduler.add_job(self.beat, "interval", (one,), seconds=seconds, id=one.name, next_run_time=at_once)
        self._scheduler.start()

    def watch(self, began: datetime) -> list[str]:
        """Tell the deployer of each tick that is late by several of its periods, once, and when it is back. Which are late."""
        now = self._now()
        for one in self._ticks.values():
            since = now - max(self._succeeded.get(one.name, began), began)
            is_late = since > PERIODS_OF_GRACE * one.every + timedelta(seconds=_WATCH_SECONDS)
            if is_late and one.name not in self._late:
                log.error("%s has not been looked after for %s; it should be every %s", one.name, since, one.every)
                self._late.add(one.name)
            elif not is_late and one.name in self._late:
                log.warning("%s is looked after again", one.name)
                self._late.discard(one.name)
        return sorted(self._late)

    async def beat_all(self) -> None:
        """Do all that is due now; what the others plan is told last."""
        for one in sorted(self._ticks.values(), key=lambda one: one.name == "notices"):
            await self._do(one)

    async def beat(self, one: Tick) -> None:
        """Do what is due for one tick. What goes wrong is logged."""
        if self._is_stopping:
            return
        work = asyncio.ensure_future(self._do(one))
        self._beating.add(work)
        work.add_done_callback(self._beating.discard)
        try:
            await work
        except asyncio.CancelledError:  # we stop; APScheduler would take it for a fault of the job
            log.debug("the tick %s was cut off; what it had not committed is due again", one.name)
        except Exception:  # the next beat must come
            log.exception("the tick %s stumbled; it is tried again in %s", one.name, one.every)

    async def _do(self, one: Tick) -> None:
        began = self._now()
        for _ in range(_ROUNDS):
            has_more = await self._edge.transact(lambda session: self._work(session, one))
            if not has_more or self._is_stopping or self._now() - began > one.every:
                break
        self._succeeded[one.name] = self._now()

    async def _work(self, session: AsyncSession, one: Tick) -> bool:
        now = self._now()
        has_more = await one.work(session, now)
        if one.name not in self._recorded or now - self._recorded_at >= RECORDED_EVERY:
            successes = self._succeeded | {one.name: now}
            await note_beats(
                session, [Success(name, self._ticks[name].every.total_seconds(), at) for name, at in successes.items()]
            )
            self._recorded |= successes.keys()
            self._recorded_at = now
        return has_more


@tick("housekeeping", every=timedelta(minutes=1))
async def keep_house(session: AsyncSession, now: datetime) -> bool:
    """Delete what nobody needs any more, a bounded number of rows."""
    old = (
        *old_delivery(now - KEEP_DELIVERED),
        *old_dialogues(now - KEEP_DIALOGUES),
        *old_codes(now - KEEP_CODES),
        *old_addresses(now - KEEP_ASKS),
        *old_asks(now - KEEP_ASKS),
        *old_notices(now - KEEP_NOTICES, now),
        *faded(now),
    )
    return await prune(session, old, _ROWS_AT_ONCE)
