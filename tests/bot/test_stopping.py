"""A signal ends the process: cleanly at the first, at once at the second."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

WORK = """
import asyncio, sys
from bot.stopping import run_until_stopped

async def work(cleaning):
    print("working", flush=True)
    try:
        await asyncio.sleep(60)
    finally:
        print("cleaning", flush=True)
        {cleaning}
        print("clean", flush=True)

run_until_stopped(work(None))
print("after", flush=True)
"""


@contextmanager
def working(cleaning: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", WORK.format(cleaning=cleaning)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "working\n"
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_lets_the_work_clean_up(number: signal.Signals) -> None:
    with working("await asyncio.sleep(0.1)") as process:
        process.send_signal(number)
        told, _ = process.communicate(timeout=10)
        assert told == "cleaning\nclean\nafter\n"
        assert process.returncode == 0


@pytest.mark.parametrize("stuck", ["await asyncio.sleep(60)", "import time; time.sleep(60)"], ids=["waiting", "blocking"])
def test_the_second_signal_does_not_wait(stuck: str) -> None:
    with working(stuck) as process:
        process.send_signal(signal.SIGINT)
        assert process.stdout
        assert process.stdout.readline() == "cleaning\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 130


def test_a_stop_that_hangs_is_cut_off() -> None:
    with working("import bot.stopping, signal; signal.setitimer(signal.ITIMER_REAL, 0.1); await asyncio.sleep(60)") as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 130
