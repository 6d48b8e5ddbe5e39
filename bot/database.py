"""The database: engines tuned for each server, and who may write when."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import StaticPool

from bot import sqlite
from bot.platform import NeedsMending
from migrations import upgrade

# At DEBUG it logs every statement's parameters: people's words, and what interactions are answered by.
logging.getLogger("aiosqlite").setLevel(logging.INFO)

_LOOK_AT = {
    True: "Whoever runs Himma must be allowed to write that file and its folder; another file can be named in config.toml.",
    False: "Is the server running there, and are host, port, user, password and name right?",
}
"""What a deployer can do about it, by whether it is SQLite."""
_POSTGRES_WRITERS = 8
_SQLITE_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",  # what was answered with "done" is on disk
    "busy_timeout = 10000",
    "foreign_keys = ON",
    "cache_size = -16000",
    "temp_store = MEMORY",
)


class NoDatabase(NeedsMending):
    """The database that the settings name cannot be used; the message says why, and what to look at."""


def shown(url: URL) -> URL:
    """A database's url as a deployer knows it, without our driver's name."""
    return url.set(drivername=url.get_backend_name())


class Database:
    """One database and its two doors: `write` for the transaction edge, `read` for looking.

    SQLite has one writer at a time whatever one does; so there is one connection that writes, and those who wait for it wait
    in a fair queue here instead of failing in the driver. Errors do not tell the parameters: people's words belong in no log.
    """

    def __init__(self, url: URL) -> None:
        """Raises NoDatabase."""
        self._url = url
        self.is_sqlite = url.get_backend_name() == "sqlite"
        if self.is_sqlite and url.database:
            try:
                Path(url.database).parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise self._unusable(error) from None
        self._writer = (
            _sqlite_engine(url, "BEGIN IMMEDIATE", poolclass=StaticPool) if self.is_sqlite else _postgres_engine(url)
        )
        self._reader = _sqlite_engine(url, "BEGIN", pool_size=2) if self.is_sqlite else self._writer
        self._write_session = async_sessionmaker(self._writer, expire_on_commit=False)
        self._read_session = async_sessionmaker(self._reader, expire_on_commit=False)
        self.turn = asyncio.Semaphore(1 if self.is_sqlite else _POSTGRES_WRITERS)

    async def migrate(self) -> None:
        """Bring the schema up to date. Raises NoDatabase."""
        try:
            async with self._writer.connect() as connection:
                await connection.exec_driver_sql("SELECT 1")
        except Exception as error:  # noqa: BLE001  (each driver has errors of its own for a way that is closed)
            raise self._unusable(error) from None
        async with self._writer.begin() as connection:
            await connection.run_sync(_upgrade)

    def _unusable(self, error: Exception) -> NoDatabase:
        reason = error.orig if isinstance(error, DBAPIError) else error
        return NoDatabase(f"[database] url: {shown(self._url)} cannot be used: {reason}. {_LOOK_AT[self.is_sqlite]}")

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A session whose turn it is to write. It must be committed by whom it is given to."""
        async with self.turn, self.writer() as session:
            yield session

    def writer(self) -> AsyncSession:
        """A session that writes, for whom it is the `turn`."""
        return self._write_session()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session that sees one state of the database and writes nothing."""
        async with self._read_session() as session:
            yield session

    async def close(self) -> None:
        await self._reader.dispose()
        await self._writer.dispose()


def _upgrade(connection: Connection) -> None:
    upgrade(connection)


def _postgres_engine(url: URL) -> AsyncEngine:
    return create_async_engine(url, pool_size=_POSTGRES_WRITERS, max_overflow=4, pool_pre_ping=True, hide_parameters=True)


def _sqlite_engine(url: URL, begin: str, **options: Any) -> AsyncEngine:
    how = {"isolation_level": None, "async_creator_fn": sqlite.connect}
    engine = create_async_engine(url, connect_args=how, hide_parameters=True, **options)

    @event.listens_for(engine.sync_engine, "connect")
    def tune(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        for pragma in _SQLITE_PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    # The driver's own BEGIN takes the write lock only at the first write, which can then fail; ours takes it at once.
    @event.listens_for(engine.sync_engine, "begin")
    def begin_immediately(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        if driver.in_transaction:  # a COMMIT that failed, on a full disk for example, leaves its transaction open
            connection.exec_driver_sql("ROLLBACK")
        # Every transaction begins so: past SQLAlchemy's own way, which costs more than the statement.
        cursor = connection.connection.cursor()
        cursor.execute(begin)
        cursor.close()

    return engine


async def migrate(url: URL) -> None:
    """Bring the schema of the database at `url` up to date."""
    database = Database(url)
    try:
        await database.migrate()
    finally:
        await database.close()
