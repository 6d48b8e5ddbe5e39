"""How the process ends: the first Ctrl-C or SIGTERM lets the work finish what it has in hand, the second does not wait."""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Coroutine

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 10.0
"""How long a clean stop may take. What is cut off then is as safe as in a power cut: everything answered is on disk."""


def run_until_stopped(work: Coroutine[None, None, None]) -> None:
    """Run `work` until it returns, or until somebody stops the process: then it is cancelled and awaited.

    What `work` raises by itself is raised here. Meant for a process that ends afterwards.
    """
    with contextlib.suppress(asyncio.CancelledError), asyncio.Runner() as runner:
        runner.run(_stoppable(work))


async def _stoppable(work: Coroutine[None, None, None]) -> None:
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)

    def stop() -> None:
        log.info("stopping; Ctrl-C again quits at once")
        task.cancel()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
            loop.remove_signal_handler(number)
            signal.signal(number, lambda *_: os._exit(130))
        signal.setitimer(signal.ITIMER_REAL, PATIENCE_SECONDS)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    await task
