"""What time causes: APScheduler beats, rows say what is due."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.edge import Edge
from models.codes import prune_codes
from models.delivery import prune_delivery
from models.dialogues import prune_dialogues

log = logging.getLogger(__name__)

HOUSEKEEPING = timedelta(minutes=1)
KEEP_DELIVERED = timedelta(days=7)
"""How long answered events and sent messages are kept; platforms give up on redelivery after a day."""
KEEP_DIALOGUES = timedelta(days=7)
"""How long an expired wizard is kept, so that a late answer can be told what happened."""
KEEP_CODES = timedelta(days=7)
"""How long a one-time code is kept after its end, so that whoever says it again can be told what came of it."""
_ROWS_AT_ONCE = 500


class Ticks:
    """Beats. A tick holds no facts, changes nothing when repeated, and is bounded in its work."""

    def __init__(self, edge: Edge, now: Callable[[], datetime]) -> None:
        self._edge = edge
        self._now = now
        self._scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    def start(self) -> None:
        """Begin to beat; needs a running event loop."""
        self._scheduler.add_job(self._beat, "interval", seconds=HOUSEKEEPING.total_seconds())
        self._scheduler.start()

    def stop(self) -> None:
        """Beat no more."""
        self._scheduler.shutdown(wait=False)

    async def _beat(self) -> None:
        try:
            await tick(self._edge, self._now())
        except Exception:  # the next beat must come
            log.exception("housekeeping stumbled; it is tried again in %s", HOUSEKEEPING)


async def tick(edge: Edge, now: datetime) -> int:
    """Delete what nobody needs any more, a bounded number of rows. How many went."""
    delivered = await edge.transact(lambda session: prune_delivery(session, now - KEEP_DELIVERED, _ROWS_AT_ONCE))
    dialogues = await edge.transact(lambda session: prune_dialogues(session, now - KEEP_DIALOGUES, _ROWS_AT_ONCE))
    codes = await edge.transact(lambda session: prune_codes(session, now - KEEP_CODES, _ROWS_AT_ONCE))
    return delivered + dialogues + codes
