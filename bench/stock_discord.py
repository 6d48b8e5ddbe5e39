"""The stock way on Discord: discord.py's Client, a button that survives restarts, one SQLAlchemy ORM session a callback.

The same tables and the same claim as `bench.stock`. Run as `python -m bench.stock_discord <api url> <token> <database file>`.
"""

import re
import signal
import sys
from typing import Any, Self

import discord
from discord.gateway import DiscordWebSocket
from discord.http import Route
from sqlalchemy.ext.asyncio import async_sessionmaker
from yarl import URL

from bench.stock import claim_task, make_engine


class Claim(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"claim:(?P<task>\d+):(?P<version>\d+)"):
    """The card's button."""

    sessions: Any = None

    def __init__(self, task: int) -> None:
        super().__init__(discord.ui.Button(label="I'm in", custom_id=f"claim:{task}:1"))
        self.task = task

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(int(match["task"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        async with self.sessions() as session, session.begin():
            answer = await claim_task(session, interaction.user.id, interaction.user.display_name, self.task)
        await interaction.response.send_message(answer, ephemeral=True)


class Bot(discord.Client):
    async def setup_hook(self) -> None:
        self.add_dynamic_items(Claim)
        self.loop.add_signal_handler(signal.SIGTERM, lambda: self.loop.create_task(self.close()))


def main(api_url: str, token: str, path: str) -> None:
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = api_url, URL(api_url.replace("http", "ws"))
    Claim.sessions = async_sessionmaker(make_engine(path), expire_on_commit=False)
    Bot(intents=discord.Intents(guilds=True)).run(token, log_handler=None)


if __name__ == "__main__":
    main(*sys.argv[1:])
