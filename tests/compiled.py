"""Statements are compiled once by a worker, and not by every test anew.

SQLAlchemy keeps what it compiled with each engine and finds it by the engine's dialect; and every test has engines of its own.
"""

from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.util import LRUCache

_DIALECTS: tuple[type[Dialect], ...] = (PGDialect_asyncpg, SQLiteDialect_aiosqlite)
_compiled: LRUCache[object, object] = LRUCache(5000)


def keep_compiled() -> None:
    """Have all engines use one store from now on, in which dialects of one kind are one."""
    for dialect in _DIALECTS:
        dialect.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]
        dialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
    event.listen(Engine, "engine_connect", _share)


def _share(connection: Connection) -> None:
    connection.execution_options(compiled_cache=_compiled)
