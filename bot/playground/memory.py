"""What the messenger remembers: messages as people saw them, phones, uploads, and events that were not taken yet.

This is the playground's "server side", as Telegram's servers are Telegram's: the core knows nothing of it, and it has its own
small SQLite file beside the main database. The statements are tiny, local and few (one page, four people), so they run in
the event loop.
"""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.playground.cast import BOT
from bot.playground.screens import Screen

TEXT_LIMIT = 4096
"""Characters in one message, as in Telegram."""
KEPT_UPLOADS = 100
"""Older files are forgotten, and can then no longer be fetched."""
SHOWN_MESSAGES = 150
"""How much of a chat the page shows."""

_TABLES = """
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY AUTOINCREMENT, chat TEXT NOT NULL, author TEXT NOT NULL, screen TEXT NOT NULL, at TEXT NOT NULL,
    edited_at TEXT, event INTEGER, asks TEXT NOT NULL DEFAULT '', key TEXT UNIQUE, born INTEGER NOT NULL,
    revision INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS message_chat ON message (chat, id);
CREATE INDEX IF NOT EXISTS message_revision ON message (revision);
CREATE TABLE IF NOT EXISTS event (id INTEGER PRIMARY KEY AUTOINCREMENT, person TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS upload (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, content BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS phone (person TEXT PRIMARY KEY, opened INTEGER NOT NULL DEFAULT 0, chat TEXT NOT NULL DEFAULT '',
    role TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS clock (id INTEGER PRIMARY KEY CHECK (id = 1), ahead_seconds REAL NOT NULL);
CREATE TABLE IF NOT EXISTS seen (person TEXT, chat TEXT, message INTEGER NOT NULL, PRIMARY KEY (person, chat));
"""
_COLUMNS = "id, chat, author, screen, at, edited_at, born, revision, event IS NOT NULL, event IN (SELECT id FROM event)"


@dataclass(frozen=True, slots=True)
class File:
    """A file that a person sends."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it stands in a chat."""

    id: int
    chat: str
    author: str
    screen: Screen
    at: datetime
    edited_at: datetime | None
    born: int
    """The revision with which it came."""
    revision: int
    """The revision with which it last changed."""
    is_event: bool
    """It was for the core."""
    is_waiting: bool
    """The core has not taken it yet."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that the core has not taken yet."""

    id: int
    body: dict[str, Any]


class Memory:
    """The messenger's store.

    Revisions count every change of a message, so that a page that knows everything up to one can be told what came after.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_TABLES)
        self._begin_counting()

    def _begin_counting(self) -> None:
        """Event numbers begin at the time of day in milliseconds: they stay unique for ever, even when this file is deleted
        and the core's database is not."""
        if not self._one("SELECT 1 FROM sqlite_sequence WHERE name = 'event'"):
            first = time.time_ns() // 1_000_000
            self._db.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('event', ?)", (first,))

    def close(self) -> None:
        self._db.close()

    def _one(self, statement: str, *values: object) -> Any:
        row = self._db.execute(statement, values).fetchone()
        return row[0] if row else None

    @contextmanager
    def together(self) -> Iterator[None]:
        """What happens inside is remembered as a whole or not at all."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # Messages

    @property
    def revision(self) -> int:
        return int(self._one("SELECT max(revision) FROM message") or 0)

    def add_message(
        self,
        chat: str,
        author: str,
        screen: Screen,
        at: datetime,
        *,
        event: int | None = None,
        asks: str = "",
        key: str = "",
    ) -> int:
        """Put a message into a chat. `event` is what it became for the core, `asks` the person whose words it waits for,
        `key` says which message it is: one that is there already is not put there again."""
        revision = self.revision + 1
        added = self._one(
            "INSERT INTO message (chat, author, screen, at, event, asks, key, born, revision)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING RETURNING id",
            *(chat, author, json.dumps(screen), at.isoformat(), event, asks, key or None, revision, revision),
        )
        return int(added or self._one("SELECT id FROM message WHERE key = ?", key))

    def redraw(self, message: int, screen: Screen, at: datetime, asks: str = "") -> bool:
        """Let a message of ours show something else; whether it is (still) there."""
        changed = self._db.execute(
            "UPDATE message SET screen = ?, edited_at = ?, asks = ?, revision = ? WHERE id = ? AND author = ?",
            (json.dumps(screen), at.isoformat(), asks, self.revision + 1, message, BOT),
        )
        return changed.rowcount == 1

    def message(self, message: int) -> Message | None:
        return next(self._messages("WHERE id = ?", message), None)

    def messages(self, chat: str) -> list[Message]:
        """The newest messages of a chat, in order."""
        return list(self._messages("WHERE chat = ? ORDER BY id DESC LIMIT ?", chat, SHOWN_MESSAGES))[::-1]

    def changed_since(self, revision: int) -> list[Message]:
        """The messages that came or changed after `revision`, in the order in which they came."""
        return list(self._messages("WHERE revision > ? ORDER BY id", revision))

    def before(self, message: Message) -> Message | None:
        """The message above this one."""
        return next(self._messages("WHERE chat = ? AND id < ? ORDER BY id DESC LIMIT 1", message.chat, message.id), None)

    def _messages(self, where: str, *values: object) -> Iterator[Message]:
        for id_, chat, author, screen, at, edited_at, born, revision, is_event, is_waiting in self._db.execute(
            f"SELECT {_COLUMNS} FROM message {where}",  # noqa: S608  the conditions above, nothing from outside
            values,
        ).fetchall():
            edited = datetime.fromisoformat(edited_at) if edited_at else None
            moment = datetime.fromisoformat(at)
            flags = bool(is_event), bool(is_waiting)
            yield Message(id_, chat, author, json.loads(screen), moment, edited, born, revision, *flags)

    def waits_for_words(self, chat: str, person: str) -> bool:
        """Whether our last question to this person in this chat has not been answered by them yet."""
        asked = self._one("SELECT max(id) FROM message WHERE chat = ? AND asks = ?", chat, person) or 0
        said = self._one("SELECT max(id) FROM message WHERE chat = ? AND author = ?", chat, person) or 0
        return bool(asked > said)

    # Events

    def add_event(self, person: str, body: dict[str, Any]) -> int:
        added = self._db.execute("INSERT INTO event (person, body) VALUES (?, ?)", (person, json.dumps(body)))
        return int(added.lastrowid or 0)

    def next_event(self, person: str) -> Waiting | None:
        """The oldest event of this person that the core has not taken."""
        row = self._db.execute("SELECT id, body FROM event WHERE person = ? ORDER BY id LIMIT 1", (person,)).fetchone()
        return Waiting(row[0], json.loads(row[1])) if row else None

    def acknowledge(self, event: int) -> None:
        """The core has taken the event."""
        with self.together():
            self._db.execute("DELETE FROM event WHERE id = ?", (event,))
            self._db.execute("UPDATE message SET revision = ? WHERE event = ?", (self.revision + 1, event))

    # Uploads

    def keep_upload(self, file: File) -> str:
        kept = self._db.execute("INSERT INTO upload (name, content) VALUES (?, ?)", (file.name, file.content)).lastrowid or 0
        self._db.execute("DELETE FROM upload WHERE id <= ?", (kept - KEPT_UPLOADS,))
        return str(kept)

    def upload(self, reference: str) -> bytes | None:
        content = self._one("SELECT content FROM upload WHERE id = ?", reference)
        return None if content is None else bytes(content)

    # Time

    @property
    def ahead(self) -> timedelta:
        """How far the clock was moved on, in all."""
        return timedelta(seconds=self._one("SELECT ahead_seconds FROM clock") or 0)

    def move_on(self, by: timedelta) -> None:
        seconds = (self.ahead + by).total_seconds()
        self._db.execute("INSERT OR REPLACE INTO clock VALUES (1, ?)", (seconds,))

    # Phones

    def has_opened(self, person: str) -> bool:
        """Whether the person ever opened their private chat with us."""
        return bool(self._one("SELECT opened FROM phone WHERE person = ?", person))

    def open_private_chat(self, person: str) -> None:
        self._set("opened", person, 1)

    def role(self, person: str) -> str:
        """The role that the core named last, or empty."""
        return str(self._one("SELECT role FROM phone WHERE person = ?", person) or "")

    def set_role(self, person: str, role: str) -> None:
        self._set("role", person, role)

    def _set(self, column: str, person: str, value: object) -> None:
        self._db.execute("INSERT INTO phone (person) VALUES (?) ON CONFLICT DO NOTHING", (person,))
        self._db.execute(f"UPDATE phone SET {column} = ? WHERE person = ?", (value, person))  # noqa: S608  a name from above

    def shown_chat(self, person: str, otherwise: str) -> str:
        """The chat that is open on the person's phone."""
        return str(self._one("SELECT chat FROM phone WHERE person = ?", person) or otherwise)

    def show_chat(self, person: str, chat: str, left: str) -> None:
        """Open a chat on the person's phone; everything in it, and in the one they `left`, is seen."""
        with self.together():
            self._set("chat", person, chat)
            newest = self._one("SELECT max(id) FROM message") or 0
            for seen in {chat, left}:
                self._db.execute("INSERT OR REPLACE INTO seen VALUES (?, ?, ?)", (person, seen, newest))

    def unread(self, person: str, chat: str) -> int:
        """How many messages of others came into a chat that is not open on the person's phone."""
        return int(
            self._one(
                "SELECT count(*) FROM message WHERE chat = ? AND author != ? AND id > coalesce("
                "(SELECT message FROM seen WHERE person = ? AND seen.chat = message.chat), 0)",
                chat,
                person,
                person,
            )
        )
