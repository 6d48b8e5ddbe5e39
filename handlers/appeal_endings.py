"""Appeals end by themselves: when their time is over, and when every seat that they call for is taken."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.timed import tick
from models.calling import end_what_is_over


@tick("appeals", every=timedelta(seconds=5))
async def end_appeals(session: AsyncSession, now: datetime) -> bool:
    """End those that are over."""
    await end_what_is_over(session, now)
    return False
