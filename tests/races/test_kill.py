"""The real process, ended as by a power cut at random moments while many people use it on both platforms, and started again.

Telegram hands out again what was not acknowledged. Discord does not: what a killed process had not kept is said to have failed
by the person's own app. What it had kept is answered after the restart on either.
"""

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
from typing import Any

from sqlalchemy import make_url

from bot.database import Database
from tests.races.crowd import YOURS, Crowd, add_task, join_discord, settle_in
from tests.races.truth import check_truth
from tests.wire.discord import Act, Channel, DiscordWire
from tests.wire.discord import Person as Guest
from tests.wire.telegram import Chat, Person, Press, TelegramWire

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("HIMMA_TEST_KILLS", "2"))
"""How often the process is killed; a full proof takes 30."""
PEOPLE = 20
GUESTS = 10
"""People on Discord."""
SEATS = (2, 5, 30)
MOST_DOUBLES = 40
"""After one kill, messages that were sent and not yet marked as sent: they are said again."""

CONFIG = """
[telegram]
token = "{token}"
api_url = "{url}"

[discord]
token = "{discord_token}"
api_url = "{discord_url}"
gateway_url = "{gateway_url}"

[database]
url = "sqlite:///{folder}/himma.db"

[store]
folder = "{folder}/pictures"

[log]
level = "warning"
"""


class Process:
    """Himma, as anybody starts it."""

    def __init__(self, folder: Path, wire: TelegramWire, other: DiscordWire) -> None:
        config = folder / "config.toml"
        config.write_text(
            CONFIG.format(
                token=wire.token,
                url=wire.url,
                discord_token=other.token,
                discord_url=other.api_url,
                gateway_url=other.gateway_url,
                folder=folder,
            )
        )
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
    discord: DiscordWire
    channel: Channel
    guests: list[Guest]
    crowd: Crowd
    tasks: list[int]
    folder: Path
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    presses: list[Press] = field(default_factory=list)
    claims: list[tuple[str, int, Press]] = field(default_factory=list)
    """Who asked for a seat of which task, by which press."""
    acts: list[tuple[Guest, Act]] = field(default_factory=list)

    def process(self) -> Process:
        return Process(self.folder, self.wire, self.discord)

    async def hurry(self, seconds: float) -> None:
        """Everybody does one thing after the other, each waiting a moment for an answer before the next."""
        async with asyncio.timeout(seconds + 30):
            until = time.monotonic() + seconds
            await asyncio.gather(
                *(self._use(person, until) for person in self.people), *(self._use_there(one, until) for one in self.guests)
            )

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

    async def _use_there(self, guest: Guest, until: float) -> None:
        while time.monotonic() < until:
            act = self._act_there(guest)
            await asyncio.sleep(self.chance.uniform(0.0, 0.6))
            if act is not None:
                self.acts.append((guest, act))
                with suppress(AssertionError):
                    await act.completed(min(0.6, until - time.monotonic()))

    def _act_there(self, guest: Guest) -> Act | None:
        task, chance = self.chance.choice(self.tasks), self.chance.random()
        cards = [message for message in self.channel.messages.values() if "Details in private" in str(message.labels)]
        if chance < 0.5 and cards:
            return guest.presses(cards[0], forged=f"claim:{task}:1")
        if chance < 0.7:
            guest.says(self.chance.choice(["7", "It went well.", f"/release {task}"]))
            return None
        where = self.channel if chance < 0.9 else None
        command = self.chance.choice(["done", "release", "mine"])
        return guest.runs(command, where, **({} if command == "mine" else {"task": task}))

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
    async with TelegramWire() as wire, DiscordWire() as other:
        wire.methods.query_lifetime_seconds = 600.0
        people = [wire.person(f"Nour {i}", started=True) for i in range(PEOPLE)]
        group = wire.group("Warmth", *people, kind="supergroup")
        people[0].says("hello, everybody", group)
        guests = [other.person(f"Sara {i}") for i in range(GUESTS)]
        channel = other.guild("Helpers", *guests).general
        database, now = Database(make_url(f"sqlite+aiosqlite:///{folder}/himma.db")), datetime.now(UTC)
        await database.migrate()
        async with database.write() as session:
            crowd = await settle_in(session, [str(one.id) for one in people], str(group.id), now, newcomer_claims=2)
            await join_discord(session, crowd, [str(one.id) for one in guests], str(channel.id), now)
            tasks = [await add_task(session, crowd, seats, now) for seats in SEATS]
            await session.commit()
        await database.close()
        yield Town(wire, group, people, other, channel, guests, crowd, tasks, folder)


async def test_killed_at_random_moments_it_keeps_what_it_said_and_catches_up(tmp_path: Path) -> None:
    async with town(tmp_path) as its:
        for _ in range(KILLS):
            process = its.process()
            try:
                await answers_somebody(its)
                lasts = its.chance.uniform(0.1, 1.2)
                hurrying = asyncio.create_task(its.hurry(lasts + 0.3))
                await asyncio.sleep(lasts)
            finally:
                process.kill()
            await hurrying
        process = its.process()
        try:
            await catch_up(its)
        finally:
            assert await process.ends(signal.SIGINT, 5.0) == 0

        every_press_was_answered_with_the_truth(its)
        kept = what_was_kept_of_discord_was_answered(its)
        doubled = nothing_was_done_twice(its)
        cards_agree(its)
        database = Database(make_url(f"sqlite+aiosqlite:///{tmp_path}/himma.db"))
        async with database.read() as session:
            await check_truth(session)
        await database.close()
        handed_out = its.wire.updates.delivered
        print(  # noqa: T201
            f"{KILLS} kills; Telegram: {handed_out} updates handed out, {doubled} messages said twice;"
            f" Discord: {kept} of {len(its.acts)} interactions kept, each of them answered"
        )
        assert "Traceback" not in (tmp_path / "errors.txt").read_text()


async def answers_somebody(its: Town) -> None:
    answered = its.wire.counts["answerCallbackQuery"] + its.wire.counts["sendMessage"]
    its.people[-1].says("/mine")
    calls = its.wire.counts
    await its.wire.until(lambda: calls["answerCallbackQuery"] + calls["sendMessage"] > answered, 20)
    await its.discord.connected(within_seconds=20)


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
    mine = "person_id IN (SELECT person_id FROM accounts WHERE platform = 'telegram')"
    assert told == Counter(its.ask(f"SELECT person_id, task_id FROM claims WHERE {mine}"))  # noqa: S608
    assert len(its.presses) == its.count("inbox WHERE key LIKE '%:press:%'")


def what_was_kept_of_discord_was_answered(its: Town) -> int:
    """Who was told of a seat holds it; what was kept is answered, there or in private; how much that is."""
    answers = {str(key): str(answer) for key, answer in its.ask("SELECT key, answer FROM inbox WHERE platform = 'discord'")}
    claims = its.ask(
        "SELECT external_id, count(*) FROM claims JOIN accounts USING (person_id) WHERE platform = 'discord' GROUP BY 1"
    )
    told: Counter[str] = Counter()
    for guest, act in its.acts:
        answer = answers.get(f"discord:{act.id}", "")
        seen = "".join(message.text for message in [*act.messages, *guest.answers()])
        assert YOURS in answer or not any(YOURS in message.text for message in act.messages)
        assert YOURS not in answer or YOURS in seen
        assert act.is_complete or not answer or guest.answers(), "kept and not answered"
        told[str(guest.id)] += YOURS in answer
    assert +told == Counter({str(guest): int(str(n)) for guest, n in claims})
    return sum(f"discord:{act.id}" in answers for _, act in its.acts)


def nothing_was_done_twice(its: Town) -> int:
    """No event has two effects; how many messages were said twice."""
    assert its.count("reports") == its.count("inbox WHERE answer LIKE '%Handed in, thank you%'")
    said = its.count(
        """inbox WHERE platform = 'telegram' AND (answer LIKE '%"text":%' OR answer LIKE '%"card":%')
           AND answer NOT LIKE '%"edit":true%'"""
    )
    doubled = (
        sum(len(one.answers()) for one in its.people)
        - said
        - its.count("outbox WHERE platform = 'telegram' AND sent_at IS NOT NULL")
    )
    assert 0 <= doubled <= KILLS * MOST_DOUBLES
    return doubled


def cards_agree(its: Town) -> None:
    cards = (
        "SELECT platform, message, seats - seats_taken, seats FROM live_cards"
        " JOIN tasks ON tasks.id = task_id JOIN chats ON chats.id = chat_id"
    )
    for platform, number, left, seats in its.ask(cards):
        messages: dict[int, Any] = its.group.messages if platform == "telegram" else its.channel.messages
        text = messages[int(str(number))].text
        assert re.search(rf"{left} seats? left of {seats}|Done\.", text), (platform, text, left, seats)


async def test_it_answers_soon_after_the_start_and_ends_soon_after_ctrl_c(tmp_path: Path) -> None:
    async with town(tmp_path) as its:
        started = time.monotonic()
        process = its.process()
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
