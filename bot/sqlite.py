"""SQLite in its thread, with one hop there and back for each statement.

aiosqlite hops four times for a SELECT: to make a cursor, to execute, to fetch the rows, to close it. Hopping costs more than
most statements do; so here a statement brings all its rows along.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple, Self

import aiosqlite

Parameters = Sequence[Any]


class Brought(NamedTuple):
    """What a statement brought."""

    rows: list[Any]
    description: Any
    rowcount: int
    lastrowid: int | None


class Cursor:
    """Of a cursor, what SQLAlchemy asks of it."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._brought = Brought([], None, -1, None)
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, parameters: Parameters = ()) -> None:
        self._brought = await self._connection.do(lambda connection: connection.execute(statement, parameters))

    async def executemany(self, statement: str, parameters: Iterable[Parameters]) -> None:
        self._brought = await self._connection.do(lambda connection: connection.executemany(statement, parameters))

    async def fetchall(self) -> list[Any]:
        return self._brought.rows

    async def close(self) -> None:
        """There is nothing to close: what executed is left behind in the thread."""

    @property
    def description(self) -> Any:
        return self._brought.description

    @property
    def rowcount(self) -> int:
        return self._brought.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._brought.lastrowid


class Connection(aiosqlite.Connection):
    """A connection whose cursors hop once."""

    def cursor(self) -> Cursor:  # type: ignore[override]  # SQLAlchemy enters what it gets, and asks no more of it
        return Cursor(self)

    async def do(self, work: Callable[[sqlite3.Connection], sqlite3.Cursor]) -> Brought:
        """Have something executed in the thread, where its cursor stays."""
        brought: Brought = await self._execute(_bring, work, self._conn)  # type: ignore[no-untyped-call]
        return brought


def connect(database: str, **options: Any) -> Connection:
    """A connection, to be awaited."""
    connection = Connection(partial(sqlite3.connect, database, **options), iter_chunk_size=64)
    connection._thread.daemon = True  # noqa: SLF001  # as SQLAlchemy has it: who forgets to close it can end all the same
    return connection


def _bring(work: Callable[[sqlite3.Connection], sqlite3.Cursor], connection: sqlite3.Connection) -> Brought:
    cursor = work(connection)
    rows = cursor.fetchall()
    return Brought(rows, cursor.description, cursor.rowcount, cursor.lastrowid)
