"""Appeals on their way to many people, on one platform.

Pages of work are taken from the database (models/appeal_pages.py) a little ahead of the pace, sent by a handful of workers
outside of any transaction, and what came of them is written a few times a second, all at once. What is held in memory is a
page or two, however many people there are. Whoever pauses, stops or corrects an appeal is heard within a second: no message
goes out for an appeal that is not known to be running with these very words.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from bot.edge import Edge
from bot.many import Messages
from bot.outcomes import Job, Key, Outcomes
from bot.pace import Slot
from bot.platform import Broadcasting, Bulk, DeliveryError, OutOfReach, TryLater, Unknown, Unreachable
from handlers.types import CannotRender, ChatKind, Place
from models.appeal_leases import renew_leases
from models.appeal_legs import Watched, watch_appeals
from models.appeal_pages import Page, lease_page
from models.appeals import AppealState, Work

log = logging.getLogger(__name__)

LEASE: Final = timedelta(seconds=60)
_LOOK_SECONDS: Final = 0.5
"""Between two looks at what there is to do, and whether it is still to be done."""
_WRITE_SECONDS: Final = 0.25
"""Between two writings of what came of it: a crash can double what went out since."""
_RENEW_SECONDS: Final = 20.0
_EMPTY_PAGE_SECONDS: Final = 0.05
_LAST_WORDS_SECONDS: Final = 1.0
"""How long what is under way has to come to its end when we stop."""
_LONGEST_PAUSE_SECONDS: Final = 30.0
_TROUBLES: Final = 5
"""Messages in a row that the platform could not take: then it is the platform, and we wait."""
_SMALLEST_PAGE: Final = 4
_LARGEST_PAGE: Final = 300
_MOST_WORKERS: Final = 64
_READ_AHEAD_SECONDS: Final = 2.0


class Broadcaster:
    """Tells many people, for one platform."""

    def __init__(self, platform: Broadcasting, edge: Edge, now: Callable[[], datetime]) -> None:
        limits = platform.pace.limits
        allowed = limits.bulk or limits.overall
        a_second = allowed.messages / allowed.seconds
        self._workers = min(max(2, ceil(a_second)), _MOST_WORKERS)
        self._page_size = min(max(_SMALLEST_PAGE, ceil(a_second * _READ_AHEAD_SECONDS)), _LARGEST_PAGE)
        self._platform = platform
        self._edge = edge
        self._now = now
        self._messages = Messages(platform, edge, now)
        self._outcomes = Outcomes(platform.name, now)
        self._watched: dict[int, Watched] = {}
        self._jobs: deque[Job] = deque()
        self._held: set[Key] = set()
        """What is leased to us: in `_jobs`, on its way, or not written yet."""
        self._is_due = asyncio.Event()
        self._has_jobs = asyncio.Event()
        self._has_few_jobs = asyncio.Event()
        self._troubles = 0

    async def run(self) -> None:
        """Tell whoever is to be told until cancelled. Survives whatever the database or the platform does."""
        self._has_few_jobs.set()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._repeat(self._look, _LOOK_SECONDS))
                group.create_task(self._repeat(self._write, _WRITE_SECONDS))
                group.create_task(self._repeat(self._renew, _RENEW_SECONDS))
                group.create_task(self._repeat(self._read_ahead, 0.0))
                for _ in range(self._workers):
                    group.create_task(self._repeat(self._work, 0.0))
        finally:
            for job in self._jobs:
                self._outcomes.give_back(job)
            with suppress(Exception):  # the leases end by themselves
                await self._write()

    async def _repeat(self, work: Callable[[], Awaitable[None]], seconds: float) -> None:
        pause = seconds
        while True:
            try:
                await work()
                pause = seconds
            except Exception:  # whatever it was, the next round must come
                log.exception("telling many people on %s stumbled", self._platform.name)
                pause = min(max(pause, _LOOK_SECONDS) * 2, _LONGEST_PAUSE_SECONDS)
            await asyncio.sleep(pause)

    async def deliver(self) -> int:
        """Do one page of what is due now, to its end. How much it was; an empty page counts, for there may be more."""
        await self._look()
        page = await self._take_page() if self._is_due.is_set() else None
        jobs, self._jobs = list(self._jobs), deque()
        await asyncio.gather(*(self._do(job) for job in jobs))
        await self._write()
        return max(1, len(jobs)) if page else 0

    # Knowing what there is to do

    async def _look(self) -> None:
        name, now = self._platform.name, self._now()
        self._watched = await self._edge.look(lambda session: watch_appeals(session, name, now))
        if any(one.is_due for one in self._watched.values()):
            self._is_due.set()
        else:
            self._is_due.clear()

    async def _read_ahead(self) -> None:
        await self._has_few_jobs.wait()
        await self._is_due.wait()
        page = await self._take_page()
        if page is None:
            self._is_due.clear()
        elif not page.recipients:
            await asyncio.sleep(_EMPTY_PAGE_SECONDS)

    async def _take_page(self) -> Page | None:
        """Lease a page, and write what came of earlier ones along with it."""
        name, now = self._platform.name, self._now()

        async def work(session: AsyncSession) -> tuple[Outcomes, Page | None]:
            written = await self._outcomes.write(session)
            return written, await lease_page(session, name, now, LEASE, self._page_size)

        written, page = await self._edge.transact(work)
        self._forget(written)
        if page is not None:
            self._queue(page)
        return page

    def _queue(self, page: Page) -> None:
        appeal = page.appeal
        self._watched[appeal.id] = Watched(appeal.state, appeal.version, is_due=True)
        for recipient in page.recipients:
            job = Job(page, appeal.version, recipient)
            if job.key not in self._held:
                self._held.add(job.key)
                self._jobs.append(job)
        self._note_stock()

    def _note_stock(self) -> None:
        if self._jobs:
            self._has_jobs.set()
        else:
            self._has_jobs.clear()
        if len(self._jobs) < self._page_size:
            self._has_few_jobs.set()
        else:
            self._has_few_jobs.clear()

    async def _write(self) -> None:
        if self._outcomes:
            self._forget(await self._edge.transact(self._outcomes.write))

    def _forget(self, written: Outcomes) -> None:
        self._outcomes.forget(written)
        self._held.difference_update(written.told, written.edited)

    async def _renew(self) -> None:
        if self._held:
            held, until = list(self._held), self._now() + LEASE
            await self._edge.transact(lambda session: renew_leases(session, held, until))

    # Telling

    async def _work(self) -> None:
        await self._has_jobs.wait()
        if not self._jobs:
            return
        job = self._jobs.popleft()
        self._note_stock()
        try:
            await self._do(job)
        except BaseException:
            self._held.discard(job.key)  # whoever's turn it is when the lease is over
            raise

    async def _do(self, job: Job) -> None:
        place = Place(self._platform.name, job.to.chat, ChatKind.PRIVATE)
        try:
            bulk = await self._messages.for_reader(job)
        except CannotRender as error:
            self._note_trouble(job, error)
            return
        while True:
            await self._breathe()
            slot = await bulk.turn(place, is_edit=job.page.work is Work.EDIT)
            if not self._still_holds(job):
                self._give_back(job)
                return
            if await _to_its_end(self._tell(bulk, place, job, slot)):
                return

    def _still_holds(self, job: Job) -> bool:
        """Whether the appeal is as it was when the job was taken."""
        known = self._watched.get(job.page.appeal.id)
        if job.page.work is Work.EDIT:
            return known is None or known.version == job.version
        return known is not None and known.state is AppealState.RUNNING and known.version == job.version

    def _give_back(self, job: Job) -> None:
        if job.page.work is Work.EDIT:
            self._held.discard(job.key)  # edits are looked for anew
        else:
            self._outcomes.give_back(job)

    async def _tell(self, bulk: Bulk, place: Place, job: Job, slot: Slot) -> bool:
        """Send or edit. False where the platform was out of reach, and the same is to be tried again."""
        try:
            if job.page.work is Work.EDIT:
                await bulk.edit(place, job.to.message)
                self._outcomes.note_edited(job)
            else:
                self._outcomes.note_sent(job, await bulk.send(place, f"appeal:{job.page.appeal.id}:{job.to.person.id}"))
        except OutOfReach:
            self._troubles += 1
            return False
        except (DeliveryError, CannotRender) as error:
            is_lost = isinstance(error, TryLater | Unknown)
            self._troubles = self._troubles + 1 if is_lost else 0
            if not is_lost:
                slot.over()
            self._note_trouble(job, error)
        else:
            self._troubles = 0
            slot.over()
        return True

    def _note_trouble(self, job: Job, error: Exception) -> None:
        if not isinstance(error, TryLater | Unknown | Unreachable):
            log.warning("%s does not take appeal %s: %s", self._platform.name, job.page.appeal.id, error)
        if job.page.work is Work.SEND:
            self._outcomes.note_trouble(job, error, is_safe_twice=self._platform.sends_once)
        elif isinstance(error, TryLater | Unknown):
            self._held.discard(job.key)  # the next pass finds that it shows what it showed
        else:
            self._outcomes.note_edited(job)  # there is nothing that could be edited

    async def _breathe(self) -> None:
        """Where one message after the other finds the platform in trouble, all wait, longer and longer."""
        beyond = self._troubles - _TROUBLES
        if beyond >= 0:
            await asyncio.sleep(min(0.5 * 2.0 ** min(beyond / self._workers, 10.0), _LONGEST_PAUSE_SECONDS))


async def _to_its_end(work: Awaitable[bool]) -> bool:
    """What has begun may come to its end when we stop: cut off, nobody would know whether it had arrived."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=_LAST_WORDS_SECONDS)
        raise
