"""Himma where time goes faster: `python -m bench.appeal.bot <folder> <api url> <how much faster>`.

All is as `python -m bot run` wires it, but that the limits which it keeps are so many times what Telegram allows.
"""

import asyncio
import sys
from contextlib import suppress
from pathlib import Path

from sqlalchemy import URL

from bench.api import TOKEN
from bot.app import _settle_memory
from bot.clock import Clock
from bot.core import Core
from bot.database import Database
from bot.pace import TELEGRAM, Pace
from bot.store import FolderStore
from bot.telegram import Telegram


async def main(folder: Path, api_url: str, faster: int) -> None:
    clock, store = Clock(), FolderStore(folder / "pictures")
    database = Database(URL.create("sqlite+aiosqlite", database=str(folder / "himma.db")))
    telegram = Telegram(TOKEN, store, api_url=api_url, pace=Pace(TELEGRAM.faster(faster)), now=clock.now)
    core = Core(database, [telegram], store, clock)
    _settle_memory()
    await core.run()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
