"""Whether cards show a person's name."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.cards import mark_cards_stale
from models.claims import SEATED, Claim
from models.people import Person
from models.tasks import Task, TaskState


async def set_privacy(session: AsyncSession, person_id: int, is_private: bool, now: datetime) -> None:
    """Have a person counted instead of named, or named again; live cards follow at once."""
    await session.execute(update(Person).where(Person.id == person_id).values(is_private=is_private))
    tasks = await session.scalars(
        select(Task.id)
        .join(Claim, Claim.task_id == Task.id)
        .where(
            Claim.person_id == person_id,
            Claim.state.in_(SEATED),
            Task.state.in_((TaskState.OPEN, TaskState.PAUSED)),
            Task.deadline_at > now,
        )
    )
    await mark_cards_stale(session, tasks.all(), now)
