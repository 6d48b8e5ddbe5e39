"""How far an appeal has come on each platform: which have work to do, and whose turn it is."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from models.appeals import Appeal, AppealLeg, AppealState, Work
from models.base import table
from models.communities import Community

_AHEAD: Final = timedelta(minutes=1)
"""Urgent ones stand as if they had waited so much longer: they go first, and no other waits longer than this for a page."""


class Watched(NamedTuple):
    """An appeal with work for a platform."""

    state: AppealState
    version: int
    is_due: bool
    """Some of the work can be done now."""


async def watch_appeals(session: AsyncSession, platform: str, now: datetime) -> dict[int, Watched]:
    """The appeals that a platform's courier has to do with, each as it stands."""
    known = (
        select(Appeal.id, Appeal.state, Appeal.version, AppealLeg.due_at, AppealLeg.work)
        .join(AppealLeg, AppealLeg.appeal_id == Appeal.id)
        .where(AppealLeg.platform == platform, AppealLeg.done_at.is_(None))
    )
    watched: dict[int, Watched] = {}
    for id_, state, version, due_at, work in await session.execute(known):
        is_due = due_at <= now and (work is Work.EDIT or state is AppealState.RUNNING)
        before = watched.get(id_)
        watched[id_] = Watched(state, version, is_due or (before is not None and before.is_due))
    new = await session.execute(select(Appeal.id, Appeal.state, Appeal.version).where(*_has_no_leg(platform, now)))
    return watched | {id_: Watched(state, version, True) for id_, state, version in new}


def _has_no_leg(platform: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    begun = select(literal(1)).where(AppealLeg.appeal_id == Appeal.id, AppealLeg.platform == platform).exists()
    return (
        Appeal.over_at.is_(None),
        Appeal.sent_at.is_not(None),
        Appeal.starts_at <= now,
        Appeal.state == AppealState.RUNNING,
        ~begun,
    )


async def begin_legs(session: AsyncSession, platform: str, now: datetime) -> None:
    """Give the appeals that begin by now their legs on a platform, where they have none."""
    begun = (await session.scalars(select(Appeal).where(*_has_no_leg(platform, now)))).all()
    same = {"platform": platform, "cursor": 0, "due_at": now}
    rows = [
        same | {"appeal_id": appeal.id, "work": work, "served_at": turn_after(appeal, now), "done_at": done}
        for appeal in begun
        for work, done in ((Work.SEND, None), (Work.EDIT, now))
    ]
    if rows:
        is_sqlite = session.get_bind().dialect.name == "sqlite"
        new = sqlite.insert(table(AppealLeg)) if is_sqlite else postgresql.insert(table(AppealLeg))
        await session.execute(new.on_conflict_do_nothing(), rows)


def turn_after(appeal: Appeal, now: datetime) -> datetime:
    """Where an appeal that is served now stands in line."""
    return now - _AHEAD if appeal.is_urgent else now


async def take_leg(session: AsyncSession, platform: str, now: datetime) -> tuple[AppealLeg, Appeal, str] | None:
    """The leg whose turn it is, locked, with its appeal and its community's time zone. None: there is nothing to do at this
    moment."""
    due = (
        select(AppealLeg, Appeal, Community.timezone)
        .join(Appeal, Appeal.id == AppealLeg.appeal_id)
        .join(Community, Community.id == Appeal.community_id)
        .where(
            AppealLeg.platform == platform,
            AppealLeg.done_at.is_(None),
            AppealLeg.due_at <= now,
            (AppealLeg.work == Work.EDIT) | (Appeal.state == AppealState.RUNNING),
        )
        .order_by(AppealLeg.served_at, AppealLeg.appeal_id)
        .limit(1)
        .with_for_update(of=AppealLeg, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    taken = (await session.execute(due)).first()
    if taken is None:
        return None
    leg, appeal, zone = taken
    return leg, appeal, zone
