"""How the tables came to be as models/ says: Alembic's revisions, in `versions/`.

`make migration m="tasks learn to repeat"` writes the next one from what models/ say now.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

VERSIONS = Path(__file__).parent / "versions"
_LOCK = 0x48696D6D61  # any number that nobody else uses as an advisory lock: "Himma"


def config(connection: Connection) -> Config:
    """Alembic's settings, for one open connection."""
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
    command.upgrade(config(connection), "head")
