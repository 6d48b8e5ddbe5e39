"""Messages that follow an appeal: in a team's chats, and on the screens of those who look after it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, case, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.appeals import Appeal, AppealPost, PostKind
from models.base import table

AGAIN: Final = timedelta(seconds=3)
"""What tells how an appeal is doing is drawn again after so long, for as long as it is under way."""
_POSTS = table(AppealPost)


class PostFailure(StrEnum):
    """Why a post does not stand, or does not follow any more."""

    CLOSED = "closed"
    """The chat does not let us in."""
    GONE = "gone"
    """Our message was deleted there."""
    REFUSED = "refused"
    """The platform did not take it."""
    UNKNOWN = "unknown"
    """The connection broke when it was out: it may stand there, and is not sent twice."""


def _is_due(platform: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    begun = select(Appeal.id).where(Appeal.id == AppealPost.appeal_id, Appeal.sent_at.is_not(None), Appeal.starts_at <= now)
    is_seen = (AppealPost.kind == PostKind.PROGRESS) | begun.exists()
    return AppealPost.platform == platform, AppealPost.due_at <= now, is_seen


async def has_due_posts(session: AsyncSession, platform: str, now: datetime) -> bool:
    """Whether a post is to be drawn."""
    return bool(await session.scalar(select(select(AppealPost.id).where(*_is_due(platform, now)).exists())))


async def lease_posts(
    session: AsyncSession, platform: str, now: datetime, lease: timedelta, limit: int
) -> Sequence[AppealPost]:
    """Take posts that are to be drawn, for the length of a lease. Those of an appeal that was not sent yet wait for that."""
    due = select(AppealPost).where(*_is_due(platform, now)).order_by(AppealPost.due_at, AppealPost.id).limit(limit)
    posts = (await session.scalars(due.with_for_update(skip_locked=True))).all()
    if posts:
        taken = update(_POSTS).where(AppealPost.id.in_([post.id for post in posts]))
        await session.execute(taken.values(due_at=now + lease, attempts=AppealPost.attempts + 1))
    return posts


async def renew_posts(session: AsyncSession, posts: Iterable[int], was: datetime, until: datetime) -> None:
    """These are still being drawn by whoever leased them until `was`. What was to be drawn anew meanwhile still is."""
    ours = (AppealPost.id.in_(list(posts)), AppealPost.due_at == was)
    await session.execute(update(_POSTS).where(*ours).values(due_at=until))


async def mark_posted(session: AsyncSession, post: AppealPost, message: str, shown: str, now: datetime) -> None:
    """It shows `shown`, as `message`. What was to be drawn anew since it was leased still is."""
    under_way = select(Appeal.id).where(
        Appeal.id == AppealPost.appeal_id, Appeal.sent_at.is_not(None), Appeal.over_at.is_(None)
    )
    goes_on = (AppealPost.kind == PostKind.PROGRESS) & under_way.exists()
    is_ours = AppealPost.due_at > now
    await session.execute(
        update(_POSTS)
        .where(AppealPost.id == post.id)
        .values(
            message=message,
            shown=shown,
            attempts=0,
            due_at=case((~is_ours, AppealPost.due_at), (goes_on, now + AGAIN), else_=None),
        )
    )


async def put_post_off(session: AsyncSession, post: AppealPost, until: datetime) -> None:
    """Nothing was drawn: try again from `until` on."""
    await session.execute(update(_POSTS).where(AppealPost.id == post.id).values(due_at=until))


async def move_post(session: AsyncSession, post: AppealPost, place: str, now: datetime) -> None:
    """Its chat goes on elsewhere, where it is sent anew."""
    await session.execute(
        update(_POSTS).where(AppealPost.id == post.id).values(place=place, message=None, shown="", due_at=now)
    )


async def give_post_up(session: AsyncSession, post: AppealPost, failure: PostFailure) -> None:
    """Its place does not take it."""
    await session.execute(update(_POSTS).where(AppealPost.id == post.id).values(due_at=None, failure=failure))


async def failed_calls(session: AsyncSession, appeal_id: int) -> Sequence[AppealPost]:
    """The chats of its community in which an appeal does not stand, or not as it should."""
    failed = select(AppealPost).where(
        AppealPost.appeal_id == appeal_id, AppealPost.kind == PostKind.CALL, AppealPost.failure != ""
    )
    return (await session.scalars(failed.order_by(AppealPost.id))).all()
