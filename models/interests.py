"""What people care for: the tags of tasks."""

from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.tasks import Task, TaskTag

_LATEST = 500
"""How many tasks back one looks for what is usual."""


async def popular_tags(session: AsyncSession, community_ids: Iterable[int], limit: int) -> list[str]:
    """The tags used most in the latest tasks of these communities."""
    latest = (
        select(Task.id).where(Task.community_id.in_(set(community_ids))).order_by(Task.id.desc()).limit(_LATEST).subquery()
    )
    tags = await session.scalars(
        select(TaskTag.tag)
        .join(latest, latest.c.id == TaskTag.task_id)
        .group_by(TaskTag.tag)
        .order_by(func.count().desc(), TaskTag.tag)
        .limit(limit)
    )
    return list(tags)
