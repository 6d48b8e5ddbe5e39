"""A community of so many people, all of whom met the bot, and an appeal to all of them."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import create_engine

from migrations import upgrade

FIRST_CHAT = 5_000_000_000
TEXT = "Blankets are needed in the school on the square."
_MOMENT = "%Y-%m-%d %H:%M:%S.%f"

_PEOPLE = """
INSERT INTO communities
    (id, code, name, language, timezone, first_weekday, rules, newcomer_claims, member_claims, review_hours, created_at)
VALUES (1, 'bench234', 'Salma''s team', 'ar', 'Asia/Riyadh', 6, '', 1, 3, 24, :now);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :people)
INSERT INTO people (id, name, language, is_private, interests, focus_community_id, quiet_from, quiet_until, created_at)
SELECT i, 'Nour ' || i, iif(i % 3, 'ar', 'en'), 0, iif(i % 5, '', 'food calls'), 1, 0, 0, :now FROM n;
INSERT INTO accounts (id, person_id, platform, external_id, private_chat, created_at)
SELECT id, id, 'telegram', :first + id, :first + id, :now FROM people;
INSERT INTO members (community_id, person_id, role, joined_at) SELECT 1, id, 0, :now FROM people
"""
"""Nobody sleeps: a bench is run at any hour."""

_APPEAL = """
INSERT INTO appeals
    (community_id, author_id, texts, tag, vouched_by, last_confirmed_at, audience, audience_size, state, wants_urgent, version,
     starts_at, stale_at, created_at, sent_at)
VALUES (1, 1, :texts, '', '', :now, '{}', :people, 'running', 0, 1, :now, :later, :now, :now)
"""


def settle(folder: Path, people: int) -> None:
    """Make the database."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "himma.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        upgrade(connection)
    engine.dispose()
    values = {"now": datetime.now(UTC).strftime(_MOMENT), "people": people, "first": FIRST_CHAT}
    with sqlite3.connect(path) as database:
        for statement in _PEOPLE.strip().split(";\n"):
            database.execute(statement, values)
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def call(folder: Path, people: int) -> None:
    """Let an appeal go to all of them."""
    now = datetime.now(UTC)
    values = {
        "now": now.strftime(_MOMENT),
        "later": (now + timedelta(days=1)).strftime(_MOMENT),
        "texts": f'{{"en": "{TEXT}", "ar": "{TEXT}"}}',
        "people": people,
    }
    execute(folder, _APPEAL, values)


def execute(folder: Path, statement: str, values: dict[str, object] | None = None) -> None:
    """Write beside the bot."""
    with sqlite3.connect(folder / "himma.db", timeout=30) as database:
        database.execute("PRAGMA synchronous = FULL")
        database.execute(statement, values or {})
    database.close()


def ask(folder: Path, query: str) -> list[tuple[object, ...]]:
    """What the database holds."""
    database = sqlite3.connect(f"file:{folder / 'himma.db'}?mode=ro", uri=True, timeout=30)
    rows = database.execute(query).fetchall()
    database.close()
    return rows


def hurry(folder: Path) -> None:
    """What a killed process had taken is due at once, instead of when its lease is over."""
    execute(folder, "UPDATE appeal_receipts SET due_at = '2000-01-01 00:00:00.000000' WHERE due_at IS NOT NULL")
    execute(folder, "UPDATE appeal_legs SET due_at = '2000-01-01 00:00:00.000000' WHERE done_at IS NULL")


__all__ = ["FIRST_CHAT", "TEXT", "ask", "call", "execute", "hurry", "settle"]
