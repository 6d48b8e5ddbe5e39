"""How the tables came to be as models/ says: Alembic's revisions, in `versions/`.

`make migration m="tasks learn to repeat"` writes the next one from what models/ say now.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

if TYPE_CHECKING:
    from alembic.config import Config

VERSIONS = Path(__file__).parent / "versions"
_LOCK = 0x48696D6D61  # any number that nobody else uses as an advisory lock: "Himma"


def config(connection: Connection) -> "Config":
    """Alembic's settings, for one open connection."""
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    settings.set_main_option("file_template", "r%%(rev)s_%%(slug)s")
    settings.attributes["connection"] = connection
    return settings


def upgrade(connection: Connection) -> None:
    """Bring the database up to the newest revision, in the transaction of `connection`, which the caller commits.

    From an async engine: `await connection.run_sync(upgrade)`. Of several processes that start together on PostgreSQL one does
    it and the others wait.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    if _revision(connection) == newest():
        return  # the usual case, which does without Alembic's 10 MB and 0.2 s
    from alembic import command

    command.upgrade(config(connection), "head")


def newest() -> str:
    """The newest revision; they are numbered in order."""
    return max(path.name[1:5] for path in VERSIONS.glob("r*.py"))


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
