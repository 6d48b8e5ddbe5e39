"""What stands in a contestant's database before the first press, and which presses are made on it."""

import random
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.api import Press

FIRST_PERSON = 5_000_000_000
"""Accounts of today do not fit 32 bits."""
TASKS_AT_ONCE = 8
"""As many cards are being pressed at a time; when they are full, the next ones are posted."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How much there is. Every task, open or past, has one claim of a person who presses no more."""

    open_tasks: int
    past_tasks: int = 0
    seats: int = 20
    """Free seats on each open task."""

    @property
    def tasks(self) -> int:
        return self.open_tasks + self.past_tasks

    @property
    def pressing(self) -> int:
        """People who will press, each once."""
        return self.open_tasks * self.seats

    @property
    def idle(self) -> int:
        """People who hold the claims that exist already, some ten each."""
        return max(1, self.tasks // 10)

    @property
    def people(self) -> int:
        return self.pressing + self.idle


def coming_presses(shape: Shape, first_task: int) -> Iterator[Press]:
    """One press for each free seat, by another person each time, on a few tasks at a time in random order.

    The open tasks are those from id `first_task` on; the people are those from `FIRST_PERSON` on.
    """
    chance = random.Random(7)
    person = FIRST_PERSON
    for start in range(first_task, first_task + shape.open_tasks, TASKS_AT_ONCE):
        end = min(start + TASKS_AT_ONCE, first_task + shape.open_tasks)
        seats = [task for task in range(start, end) for _ in range(shape.seats)]
        chance.shuffle(seats)
        for task in seats:
            yield Press(person, task)
            person += 1


TABLES = """
CREATE TABLE person (id INTEGER PRIMARY KEY, account BIGINT NOT NULL UNIQUE, name VARCHAR(100) NOT NULL);
CREATE TABLE task (
    id INTEGER PRIMARY KEY,
    title VARCHAR(200) NOT NULL,
    minutes INTEGER NOT NULL,
    seats INTEGER NOT NULL,
    is_open BOOLEAN NOT NULL
);
CREATE TABLE claim (
    id INTEGER PRIMARY KEY,
    task_id INTEGER NOT NULL REFERENCES task (id),
    person_id INTEGER NOT NULL REFERENCES person (id),
    claimed_at DATETIME NOT NULL,
    UNIQUE (task_id, person_id)
);
CREATE INDEX claim_person ON claim (person_id);
"""
ROWS = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :people)
INSERT INTO person SELECT i + 1, :first + i, 'Nour ' || i FROM n;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :tasks)
INSERT INTO task SELECT i + 1, 'Call elder ' || i, 15, iif(i < :past, 1, :seats + 1), i >= :past FROM n;
INSERT INTO claim SELECT id, id, :pressing + 1 + id % :idle, '2026-11-01 12:00:00' FROM task;
"""


def seed_plain(path: Path, shape: Shape) -> int:
    """Make the small schema that the stock way and the floor share; return the first open task's id."""
    values = {
        "people": shape.people,
        "first": FIRST_PERSON,
        "tasks": shape.tasks,
        "past": shape.past_tasks,
        "seats": shape.seats,
        "pressing": shape.pressing,
        "idle": shape.idle,
    }
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.executescript(TABLES)
    for statement in ROWS.strip().split(";\n"):
        connection.execute(statement, values)
    connection.commit()
    connection.close()
    return shape.past_tasks + 1


def plain_claims(path: Path, shape: Shape) -> set[tuple[int, int]]:
    """The claims of those who pressed, as pairs of account and task."""
    connection = sqlite3.connect(path)
    rows = connection.execute(
        "SELECT account, task_id FROM claim JOIN person ON person.id = person_id WHERE person_id <= ?", (shape.pressing,)
    )
    claims = set(rows)
    connection.close()
    return claims
