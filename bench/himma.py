"""Himma itself: `python -m bot run` as anybody starts it, on a SQLite file, with a busy community."""

import os
import socket
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench import discord
from bench.api import GROUP, TOKEN, Press
from bench.contestant import ROOT
from bench.seed import FIRST_PERSON, Shape

CONFIG = """
[telegram]
token = "{token}"
api_url = "{api_url}"

[database]
url = "sqlite:///himma.db"

[playground]
enabled = true
port = {port}

[log]
level = "warning"
"""

DISCORD_CONFIG = """
[discord]
token = "{token}"
api_url = "{api_url}"
gateway_url = "{gateway_url}"
"""

# One community in one group, whose people all met the bot. Everybody but the idle ones is a newcomer without a claim; the idle
# ones hold or have finished one claim for each task that exists, and each of those claims came as an event once.
ROWS = """
INSERT INTO communities
    (id, code, name, language, timezone, first_weekday, rules, newcomer_claims, member_claims, review_hours, created_at)
VALUES (1, 'bench234', 'Salma''s team', 'ar', 'Asia/Riyadh', 6, '', 1, 3, 24, :past_at);
INSERT INTO chats (id, community_id, platform, external_id, kind, title)
VALUES (1, 1, :platform, :group, 'group', 'Salma''s team');
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :people)
INSERT INTO people (id, name, language, is_private, interests, focus_community_id, created_at)
SELECT i + 1, 'Nour', 'en', 0, '', 1, :past_at FROM n;
INSERT INTO accounts (id, person_id, platform, external_id, private_chat, created_at)
SELECT id, id, :platform, :first + id - 1, :first + id - 1, :past_at FROM people;
INSERT INTO members (community_id, person_id, role, joined_at, trusted_at)
SELECT 1, id, 0, :past_at, iif(id > :pressing, :past_at, NULL) FROM people;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :tasks)
INSERT INTO tasks
    (id, community_id, title, description, language, minutes, seats, seats_taken, place,
     deadline_at, proof, hold_minutes, state, version, author_id, created_at)
SELECT i + 1, 1, 'Call elder ' || i, 'Ask how they are.', 'en', 15, iif(i < :past, 1, :seats + 1), 1, '',
       iif(i < :past, :past_at, :deadline), 'note', 240, iif(i < :past, 'done', 'open'), 1, 1, :past_at FROM n;
INSERT INTO task_tags (task_id, tag) SELECT id, 'elderly' FROM tasks;
INSERT INTO claims (id, task_id, person_id, community_id, state, claimed_at, hold_until, ended_at, reason)
SELECT id, id, :pressing + 1 + id % :idle, 1, iif(state = 'done', 'approved', 'held'), :past_at, :deadline,
       iif(state = 'done', :past_at, NULL), '' FROM tasks;
INSERT INTO live_cards (id, task_id, chat_id, thread, message, shown, changes) SELECT id, id, 1, '', id, '', 0 FROM tasks;
INSERT INTO inbox (key, platform, received_at, answer, answered_at, retry_at, attempts)
SELECT :platform || ':past:' || id, :platform, :recent_at, '{}', :recent_at, :recent_at, 0 FROM claims;
"""


@dataclass(frozen=True, slots=True)
class Himma:
    name: str = "himma"
    keeps_claims: bool = True
    telegram: str = ""
    """Where the Bot API is, for a Himma whose people press on Discord."""

    @property
    def platform(self) -> str:
        """Where people press."""
        return "discord" if self.telegram else "telegram"

    def seed(self, folder: Path, shape: Shape) -> int:
        self.command(folder, "http://127.0.0.1:1")
        subprocess.run(
            [sys.executable, "-m", "bot", "migrate"], cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True
        )
        fill(folder / "himma.db", shape, datetime.now(UTC), self.platform)
        return shape.past_tasks + 1

    def command(self, folder: Path, api_url: str) -> list[str]:
        config = CONFIG.format(token=TOKEN, api_url=self.telegram or api_url, port=_free_port())
        if self.telegram:
            gateway = api_url.replace("http", "ws")
            config += DISCORD_CONFIG.format(token=discord.TOKEN, api_url=api_url, gateway_url=gateway)
        (folder / "config.toml").write_text(config)
        return ["-OO", "-m", "bot", "run"]

    def claims(self, folder: Path, shape: Shape) -> set[tuple[int, int]]:
        connection = sqlite3.connect(folder / "himma.db")
        rows = connection.execute(
            """SELECT CAST(accounts.external_id AS INTEGER), claims.task_id FROM claims
               JOIN accounts ON accounts.person_id = claims.person_id WHERE claims.person_id <= ? AND claims.state = 'held'""",
            (shape.pressing,),
        )
        claims = set(rows)
        connection.close()
        return claims

    def is_won(self, press: Press) -> bool:
        return " is yours until " in press.answer


HIMMA = Himma()


def fill(path: Path, shape: Shape, now: datetime, platform: str = "telegram") -> None:
    """Write the rows. The database has its schema already."""
    values = {
        "platform": platform,
        "group": str(GROUP if platform == "telegram" else discord.CHANNEL),
        "people": shape.people,
        "first": FIRST_PERSON,
        "tasks": shape.tasks,
        "past": shape.past_tasks,
        "seats": shape.seats,
        "pressing": shape.pressing,
        "idle": shape.idle,
        "past_at": _moment(now - timedelta(days=30)),
        "recent_at": _moment(now - timedelta(hours=1)),
        "deadline": _moment(now + timedelta(days=7)),
    }
    connection = sqlite3.connect(path)
    for statement in ROWS.strip().split(";\n"):
        connection.execute(statement, values)
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _moment(at: datetime) -> str:
    """As SQLAlchemy writes a time to SQLite: in UTC, with microseconds."""
    return at.replace(tzinfo=None).isoformat(" ", "microseconds")
