"""The real process, ended as by a power cut at random moments while many people use it, and started again."""

import asyncio
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import make_url

from bot.database import Database
from tests.races.crowd import YOURS, Crowd, add_task, settle_in
from tests.races.truth import check_truth
from tests.wire.telegram import Chat, Person, Press, TelegramWire

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("HIMMA_TEST_KILLS", "2"))
"""How often the process is killed; a full proof takes 30."""
PEOPLE = 20
SEATS = (2, 5, 30)
MOST_DOUBLES = 40
"""After one kill, messages that were sent and not yet marked as sent: they are said again."""

CONFIG = """
[telegram]
token = "{token}"
api_url = "{url}"

[database]
url = "sqlite:///{folder}/himma.db"

[store]
folder = "{folder}/pictures"

[log]
level = "warning"
"""


class Process:
    """Himma, as anybody starts it."""

    def __init__(self, folder: Path, wire: TelegramWire) -> None:
        config = folder / "config.toml"
        config.write_text(CONFIG.format(token=wire.token, url=wire.url, folder=folder))
        command = [sys.executable, "-m", "bot", "run", "--config", str(config)]
        self.errors = (folder / "errors.txt").open("ab")
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=self.errors, stderr=self.errors)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self.errors.close()

    async def ends(self, number: signal.Signals, within_seconds: float) -> int:
        """Ask it to end; its exit code."""
        self._process.send_signal(number)
        try:
            return await asyncio.to_thread(self._process.wait, within_seconds)
        finally:
            self.kill()


@dataclass
class Town:
    """People who press and write without a pause, and note what they were told."""

    wire: TelegramWire
    group: Chat
    people: list[Person]
    crowd: Crowd
    tasks: list[int]
    folder: Path
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    presses: list[Press] = field(default_factory=list)
    claims: list[tuple[str, int, Press]] = field(default_factory=list)
    """Who asked for a seat of which task, by which press."""

    async def hurry(self, seconds: float) -> None:
        """Everybody does one thing after the other, each waiting a moment for an answer before the next."""
        async with asyncio.timeout(seconds + 30):
            await asyncio.gather(*(self._use(person, time.monotonic() + seconds) for person in self.people))

    async def _use(self, person: Person, until: float) -> None:
        while time.monotonic() < until:
            known = len(person.answers())
            press = self._act(person)
            await asyncio.sleep(self.chance.uniform(0.0, 0.6))
            with suppress(AssertionError):  # who is not answered goes on all the same
                await self.wire.until(partial(self._is_answered, person, press, known), min(0.6, until - time.monotonic()))

    @staticmethod
    def _is_answered(person: Person, press: Press | None, known: int) -> bool:
        return press.is_answered if press else len(person.answers()) > known

    def _act(self, person: Person) -> Press | None:
        task = self.chance.choice(self.tasks)
        if self.chance.random() < 0.5:
            press = person.presses(next(iter(self.group.messages.values())), data=f"claim:{task}:1")
            self.claims.append((str(person.id), task, press))
        elif person is self.people[0] and any("Approve" in str(message.labels) for message in person.answers()[-1:]):
            press = person.presses(person.answers()[-1], "Approve")
        else:
            said = [f"/done {task}", f"/done {task}", "7", "7", "It went well.", f"/release {task}", "/mine", "/tasks"]
            person.says("/review" if person is self.people[0] else self.chance.choice(said))
            return None
        self.presses.append(press)
        return press

    def execute(self, sql: str) -> None:
        with closing(sqlite3.connect(self.folder / "himma.db")) as connection, connection:
            connection.execute(sql)

    def count(self, of: str) -> int:
        ((n,),) = self.ask(f"SELECT count(*) FROM {of}")  # noqa: S608  the tests' own words
        return int(str(n))

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.folder / "himma.db", timeout=10)) as connection:
            return connection.execute(sql).fetchall()


@asynccontextmanager
async def town(folder: Path) -> AsyncIterator[Town]:
    async with TelegramWire() as wire:
        wire.methods.query_lifetime_seconds = 600.0
        people = [wire.person(f"Nour {i}", started=True) for i in range(PEOPLE)]
        group = wire.group("Warmth", *people, kind="supergroup")
        people[0].says("hello, everybody", group)
        database, now = Database(make_url(f"sqlite+aiosqlite:///{folder}/himma.db")), datetime.now(UTC)
        await database.migrate()
        async with database.write() as session:
            crowd = await settle_in(session, [str(one.id) for one in people], str(group.id), now, newcomer_claims=2)
            tasks = [await add_task(session, crowd, seats, now) for seats in SEATS]
            await session.commit()
        await database.close()
        yield Town(wire, group, people, crowd, tasks, folder)


async def test_killed_at_random_moments_it_keeps_what_it_said_and_catches_up(tmp_path: Path) -> None:
    async with town(tmp_path) as its:
        for _ in range(KILLS):
            process = Process(tmp_path, its.wire)
            try:
                await answers_somebody(its)
                await its.hurry(its.chance.uniform(0.1, 1.2))
            finally:
                process.kill()
        process = Process(tmp_path, its.wire)
        try:
            await catch_up(its)
        finally:
            assert await process.ends(signal.SIGINT, 5.0) == 0

        every_press_was_answered_with_the_truth(its)
        doubled = nothing_was_done_twice(its)
        cards_agree(its)
        database = Database(make_url(f"sqlite+aiosqlite:///{tmp_path}/himma.db"))
        async with database.read() as session:
            await check_truth(session)
        await database.close()
        print(f"{KILLS} kills, {its.wire.updates.delivered} updates handed out, {doubled} messages said twice")  # noqa: T201
        assert "Traceback" not in (tmp_path / "errors.txt").read_text()


async def answers_somebody(its: Town) -> None:
    answered = its.wire.counts["answerCallbackQuery"] + its.wire.counts["sendMessage"]
    its.people[-1].says("/mine")
    calls = its.wire.counts
    await its.wire.until(lambda: calls["answerCallbackQuery"] + calls["sendMessage"] > answered, 20)


async def catch_up(its: Town) -> None:
    """Wait until nothing is left to be done; what a killed process had leased is due at once instead of in a minute."""
    await its.wire.until(lambda: not its.wire.updates.pending, 30, "not every update is acknowledged")
    due = (
        "SELECT (SELECT count(*) FROM inbox WHERE answered_at IS NULL)"
        " + (SELECT count(*) FROM outbox WHERE sent_at IS NULL AND failure IS NULL) + (SELECT count(*) FROM fetches)"
        " + (SELECT count(*) FROM live_cards WHERE stale_since IS NOT NULL)"
    )
    its.execute("UPDATE inbox SET retry_at = '2000-01-01 00:00:00.000000' WHERE answered_at IS NULL")
    its.execute("UPDATE outbox SET due_at = '2000-01-01 00:00:00.000000' WHERE sent_at IS NULL")
    its.execute("UPDATE live_cards SET due_at = '2000-01-01 00:00:00.000000' WHERE stale_since IS NOT NULL")
    left, deadline = its.ask(due), time.monotonic() + 20
    while left != [(0,)]:
        left, before = its.ask(due), left
        deadline = deadline if left == before else time.monotonic() + 20
        assert time.monotonic() < deadline, f"stuck: {left}"
        await asyncio.sleep(0.1)


def every_press_was_answered_with_the_truth(its: Town) -> None:
    """As many seats were taken as people were told so, each by whom it was told."""
    assert all(press.is_answered for press in its.presses)
    told = Counter((its.crowd.people[one], task) for one, task, press in its.claims if YOURS in press.toast)
    assert told == Counter(its.ask("SELECT person_id, task_id FROM claims"))
    assert len(its.presses) == its.count("inbox WHERE key LIKE '%:press:%'")


def nothing_was_done_twice(its: Town) -> int:
    """No event has two effects; how many messages were said twice."""
    assert its.count("reports") == its.count("inbox WHERE answer LIKE '%Handed in, thank you%'")
    said = its.count(
        """inbox WHERE (answer LIKE '%"text":%' OR answer LIKE '%"card":%') AND answer NOT LIKE '%"edit":true%'"""
    )
    doubled = sum(len(one.answers()) for one in its.people) - said - its.count("outbox WHERE sent_at IS NOT NULL")
    assert 0 <= doubled <= KILLS * MOST_DOUBLES
    return doubled


def cards_agree(its: Town) -> None:
    cards = "SELECT message, seats - seats_taken, seats FROM live_cards JOIN tasks ON tasks.id = task_id"
    for number, left, seats in its.ask(cards):
        card = its.group.messages[int(str(number))]
        assert re.search(rf"{left} seats? left of {seats}|Done\.", card.text), (card.text, left, seats)


async def test_it_answers_soon_after_the_start_and_ends_soon_after_ctrl_c(tmp_path: Path) -> None:
    async with town(tmp_path) as its:
        started = time.monotonic()
        process = Process(tmp_path, its.wire)
        await answers_somebody(its)
        until_answer = time.monotonic() - started
        ending = asyncio.create_task(its.hurry(0.5))
        await asyncio.sleep(0.3)
        began = time.monotonic()
        assert await process.ends(signal.SIGINT, 5.0) == 0
        until_end = time.monotonic() - began
        await ending
        print(f"first answer after {until_answer:.2f} s, ended after {until_end:.2f} s")  # noqa: T201
        assert until_end < 2.0
        assert not re.search("Traceback|ERROR", (tmp_path / "errors.txt").read_text())
