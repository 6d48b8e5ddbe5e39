"""What is offered while somebody types: a look into the database, which writes nothing."""

from collections.abc import Callable
from datetime import datetime

from bot.database import Database
from bot.discord.receiving import Offer
from handlers.offering import offer_tasks
from handlers.types import Sender
from models.people import Identity


def offer_from(database: Database, now: Callable[[], datetime]) -> Offer:
    """Offers tasks of this database."""

    async def offer(sender: Sender, command: str, typed: str) -> list[tuple[str, int]]:
        async with database.read() as session:
            return await offer_tasks(session, Identity(sender.platform, sender.external_id), command, typed, now())

    return offer
