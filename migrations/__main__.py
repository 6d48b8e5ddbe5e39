"""Write the next revision: what models/ have that the newest revision has not."""

import sys
import tempfile
from pathlib import Path

from alembic import command
from sqlalchemy import create_engine

from migrations import VERSIONS, config, upgrade


def main(message: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{Path(folder) / 'newest.db'}")
        with engine.begin() as connection:
            upgrade(connection)
            number = len(list(VERSIONS.glob("r*.py"))) + 1
            command.revision(config(connection), message, autogenerate=True, rev_id=f"{number:04}")
        engine.dispose()


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1].strip():
        sys.exit('Say what the revision does: make migration m="tasks learn to repeat"')
    main(sys.argv[1])
