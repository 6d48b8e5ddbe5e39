"""An appeal's life: drafted, let go, perhaps confirmed by a second moderator, paused, corrected, and over."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, case, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.appeals import (
    NOT_YET,
    UNDER_WAY,
    Appeal,
    AppealLeg,
    AppealPost,
    AppealReceipt,
    AppealState,
    AppealTask,
    PostKind,
    ReceiptState,
    Work,
)
from models.audience import Audience
from models.base import Moment, table
from models.communities import Chat, Community, lock_community
from models.refusals import AppealMoved, AppealsSpent, NotFound, OwnAppeal
from models.roles import Role
from models.tasks import Task, TaskState, TaskTag

SETTLE: Final = timedelta(seconds=2)
"""What is just going out with the old words has arrived by then, and can be edited with the rest."""


@dataclass(frozen=True)
class Call:
    """What a moderator wants said, and to whom."""

    texts: dict[str, str]
    stale_at: datetime
    last_confirmed_at: datetime
    audience: Audience = field(default_factory=Audience)
    task_ids: tuple[int, ...] = ()
    tag: str = ""
    picture: str | None = None
    vouched_by: str = ""
    wants_urgent: bool = False
    called_role: str = ""
    thread: str = ""
    starts_at: datetime | None = None
    """None: as soon as it is sent."""


async def draft_appeal(session: AsyncSession, community_id: int, author_id: int, call: Call, now: datetime) -> Appeal:
    """Write an appeal down; nobody hears it yet."""
    appeal = Appeal(
        community_id=community_id,
        author_id=author_id,
        texts=call.texts,
        picture=call.picture,
        tag=call.tag,
        vouched_by=call.vouched_by,
        last_confirmed_at=call.last_confirmed_at,
        audience=call.audience.dump(),
        wants_urgent=call.wants_urgent,
        called_role=call.called_role,
        thread=call.thread,
        starts_at=call.starts_at or now,
        stale_at=call.stale_at,
        created_at=now,
    )
    session.add(appeal)
    await session.flush()
    rows = [{"appeal_id": appeal.id, "task_id": task_id} for task_id in dict.fromkeys(call.task_ids)]
    if rows:
        await session.execute(insert(AppealTask), rows)
    return appeal


async def get_appeal(session: AsyncSession, appeal_id: int) -> Appeal:
    """Raises NotFound."""
    found: Appeal | None = await session.get(Appeal, appeal_id, populate_existing=True)
    if found is None:
        raise NotFound("appeal", str(appeal_id))
    return found


async def appeals_by_number(session: AsyncSession, numbers: Iterable[int]) -> dict[int, Appeal]:
    """Those of these appeals that there are."""
    found = await session.scalars(select(Appeal).where(Appeal.id.in_(list(numbers))))
    return {appeal.id: appeal for appeal in found}


async def appeals_of(session: AsyncSession, community_id: int, limit: int) -> Sequence[Appeal]:
    """A community's appeals, the latest first."""
    newest = select(Appeal).where(Appeal.community_id == community_id).order_by(Appeal.created_at.desc(), Appeal.id.desc())
    return (await session.scalars(newest.limit(limit))).all()


async def count_appeals_since(session: AsyncSession, community_id: int, since: datetime, author_id: int | None = None) -> int:
    """How many appeals of a community (of one author) were sent since then, also those that wait for a second moderator."""
    is_sent = (Appeal.created_at > since, Appeal.state != AppealState.DRAFT)
    sent = select(func.count()).where(Appeal.community_id == community_id, *is_sent)
    if author_id is not None:
        sent = sent.where(Appeal.author_id == author_id)
    return await session.scalar(sent) or 0


# Its life


async def send_appeal(
    session: AsyncSession, appeal_id: int, now: datetime, *, audience_size: int, needs_second: bool
) -> Appeal:
    """Let a draft go; where a second moderator has to agree, or it is to be urgent, it waits for that one.

    Raises AppealMoved where it is no draft any more.
    """
    appeal = await get_appeal(session, appeal_id)
    values: dict[str, Any] = {"audience_size": audience_size}
    if needs_second or appeal.wants_urgent:
        return await _move(session, appeal_id, (AppealState.DRAFT,), AppealState.WAITING, values)
    values |= {"sent_at": now, "starts_at": max(now, appeal.starts_at)}
    return await _move(session, appeal_id, (AppealState.DRAFT,), AppealState.RUNNING, values)


async def confirm_appeal(session: AsyncSession, appeal_id: int, by: int, now: datetime) -> Appeal:
    """A second moderator agrees. Raises OwnAppeal, and AppealMoved where it does not wait for that."""
    appeal = await get_appeal(session, appeal_id)
    if appeal.author_id == by:
        raise OwnAppeal
    values = {"confirmed_by": by, "sent_at": now, "starts_at": max(now, appeal.starts_at)}
    return await _move(session, appeal_id, (AppealState.WAITING,), AppealState.RUNNING, values)


async def pause_appeal(session: AsyncSession, appeal_id: int, now: datetime) -> Appeal:
    """Nothing more goes out for the time being. Raises AppealMoved where it is not running."""
    return await _redrawn(session, await _move(session, appeal_id, (AppealState.RUNNING,), AppealState.PAUSED), now)


async def resume_appeal(session: AsyncSession, appeal_id: int, now: datetime) -> Appeal:
    """Raises AppealMoved where it is not paused."""
    appeal = await _move(session, appeal_id, (AppealState.PAUSED,), AppealState.RUNNING)
    stopped = (AppealLeg.appeal_id == appeal_id, AppealLeg.work == Work.SEND, AppealLeg.done_at.is_(None))
    at_once = case((AppealLeg.swept_at.is_not(None), now), else_=AppealLeg.due_at)
    await session.execute(update(table(AppealLeg)).where(*stopped).values(due_at=at_once))
    return await _redrawn(session, appeal, now)


async def stop_appeal(session: AsyncSession, appeal_id: int, now: datetime) -> Appeal:
    """Nobody else hears it, and what was sent says so. Raises AppealMoved where it is over already."""
    values = {"over_at": now, "version": Appeal.version + 1}
    appeal = await _move(session, appeal_id, (*NOT_YET, *UNDER_WAY), AppealState.STOPPED, values)
    return await _let_go(session, appeal, now)


async def end_appeal(session: AsyncSession, appeal_id: int, state: AppealState, now: datetime) -> Appeal:
    """It is over by itself, ENDED or STALE: what is still to be sent is not, and what was sent says so.

    Raises AppealMoved where it is not under way.
    """
    values = {"over_at": now, "version": Appeal.version + 1}
    return await _let_go(session, await _move(session, appeal_id, UNDER_WAY, state, values), now)


async def correct_appeal(session: AsyncSession, appeal_id: int, changes: Mapping[str, Any], now: datetime) -> Appeal:
    """Change what it says (columns of `Appeal`): what was sent is edited, and what is to come says it.

    Raises AppealMoved where it is over.
    """
    values = {**changes, "version": Appeal.version + 1}
    appeal = await _move(session, appeal_id, (*NOT_YET, *UNDER_WAY), None, values)
    await reopen_edits(session, [appeal.id], now + SETTLE)
    return await _redrawn(session, appeal, now)


async def confirm_true(session: AsyncSession, appeal_id: int, now: datetime) -> Appeal:
    """Somebody who knows says that it is still true. Raises AppealMoved where it is over."""
    appeal = await _move(session, appeal_id, (*NOT_YET, *UNDER_WAY), None, {"last_confirmed_at": now})
    return await _redrawn(session, appeal, now)


async def _move(
    session: AsyncSession,
    appeal_id: int,
    was: tuple[AppealState, ...],
    to: AppealState | None,
    values: Mapping[str, Any] | None = None,
) -> Appeal:
    """Change an appeal that is in one of these states. Raises NotFound, or AppealMoved where it is in none."""
    changed: dict[str, Any] = {**(values or {}), **({"state": to} if to else {})}
    moved = await session.scalar(
        update(table(Appeal)).where(Appeal.id == appeal_id, Appeal.state.in_(was)).values(changed).returning(Appeal.id)
    )
    appeal = await get_appeal(session, appeal_id)
    if moved is None:
        raise AppealMoved(appeal.id, appeal.state)
    return appeal


async def _let_go(session: AsyncSession, appeal: Appeal, now: datetime) -> Appeal:
    """What nobody has sent yet is dropped, what was sent is edited, and its posts show how it ended."""
    await session.execute(
        update(table(AppealReceipt))
        .where(AppealReceipt.appeal_id == appeal.id, AppealReceipt.due_at.is_not(None))
        .values(state=ReceiptState.DROPPED, due_at=None, at=now)
    )
    await session.execute(
        update(table(AppealLeg))
        .where(AppealLeg.appeal_id == appeal.id, AppealLeg.work == Work.SEND, AppealLeg.done_at.is_(None))
        .values(done_at=now)
    )
    await reopen_edits(session, [appeal.id], now + SETTLE)
    return await _redrawn(session, appeal, now)


async def reopen_edits(session: AsyncSession, appeal_ids: Iterable[int], due_at: datetime) -> None:
    """What was sent of these says something that is so no more: it is to be edited, from the first on."""
    await session.execute(
        update(table(AppealLeg))
        .where(AppealLeg.appeal_id.in_(list(appeal_ids)), AppealLeg.work == Work.EDIT)
        .values(cursor=0, due_at=due_at, done_at=None)
    )


async def _redrawn(session: AsyncSession, appeal: Appeal, now: datetime) -> Appeal:
    """Its posts are to be drawn anew."""
    await session.execute(
        update(table(AppealPost)).where(AppealPost.appeal_id == appeal.id, AppealPost.failure == "").values(due_at=now)
    )
    return appeal


# What it is for


async def tasks_of_appeal(session: AsyncSession, appeal: Appeal) -> Sequence[Task]:
    """The tasks that an appeal is for, those with seats left first, the most urgent of them first."""
    order = ((Task.state == TaskState.OPEN).desc(), (Task.seats_taken < Task.seats).desc(), Task.deadline_at, Task.id)
    return (await session.scalars(select(Task).where(_is_meant(appeal)).order_by(*order))).all()


async def open_tasks_for(
    session: AsyncSession, community_id: int, task_ids: Iterable[int], tag: str, now: datetime
) -> Sequence[Task]:
    """Of these tasks of a community, or those with a tag, the ones that still take somebody; the most urgent first."""
    wanted = [Task.id.in_(list(task_ids))]
    if tag:
        wanted.append(Task.id.in_(select(TaskTag.task_id).where(TaskTag.tag == tag)))
    found = select(Task).where(*_takes_people(community_id, now), or_(*wanted)).order_by(Task.deadline_at, Task.id)
    return (await session.scalars(found)).all()


async def open_tasks_of(session: AsyncSession, community_id: int, now: datetime, limit: int) -> Sequence[Task]:
    """The latest tasks of a community that still take somebody."""
    latest = select(Task).where(*_takes_people(community_id, now)).order_by(Task.id.desc()).limit(limit)
    return (await session.scalars(latest)).all()


def _takes_people(community_id: int, now: datetime) -> tuple[ColumnElement[bool], ...]:
    is_open = (Task.state == TaskState.OPEN, Task.seats_taken < Task.seats, Task.deadline_at > now)
    return (Task.community_id == community_id, *is_open)


async def check_limits(session: AsyncSession, community: Community, author_id: int, role: Role, now: datetime) -> None:
    """Raises AppealsSpent where no more appeals may be let go today, by this person or at all. Locks the community, so that
    two who send at the same moment are counted one after the other."""
    await lock_community(session, community.id)
    since = now - timedelta(days=1)
    own = community.organizer_appeals if role >= Role.ORGANIZER else community.moderator_appeals
    if await count_appeals_since(session, community.id, since, author_id) >= own:
        raise AppealsSpent(own, is_own=True)
    if await count_appeals_since(session, community.id, since) >= community.daily_appeals:
        raise AppealsSpent(community.daily_appeals, is_own=False)


async def ending_of(session: AsyncSession, appeal: Appeal, now: datetime) -> AppealState | None:
    """How it is over by itself: STALE where its time has passed, or that of its tasks; ENDED where they are covered.
    None where one of them still takes somebody.
    """
    if appeal.stale_at <= now:
        return AppealState.STALE
    meant = select(Task.id).where(_is_meant(appeal))
    has_seats = meant.where(Task.state == TaskState.OPEN, Task.seats_taken < Task.seats)
    some, seats, free = (
        await session.execute(select(meant.exists(), has_seats.exists(), has_seats.where(Task.deadline_at > now).exists()))
    ).one()
    if free or not some:
        return None
    return AppealState.STALE if seats else AppealState.ENDED


def _is_meant(appeal: Appeal) -> ColumnElement[bool]:
    named = Task.id.in_(select(AppealTask.task_id).where(AppealTask.appeal_id == appeal.id))
    if not appeal.tag:
        return named
    tagged = Task.id.in_(select(TaskTag.task_id).where(TaskTag.tag == appeal.tag))
    return or_(named, (Task.community_id == appeal.community_id) & tagged)


async def appeals_under_way(session: AsyncSession, now: datetime) -> Sequence[Appeal]:
    """Those that have begun and are not over, the soonest stale first."""
    under_way = (Appeal.over_at.is_(None), Appeal.sent_at.is_not(None), Appeal.starts_at <= now)
    return (await session.scalars(select(Appeal).where(*under_way).order_by(Appeal.stale_at))).all()


async def end_what_is_over(session: AsyncSession, now: datetime) -> None:
    """End the appeals whose time is over, and those that are covered."""
    for appeal in await appeals_under_way(session, now):
        state = await ending_of(session, appeal, now)
        if state is not None:
            await end_appeal(session, appeal.id, state, now)


# Where else it is seen


async def post_appeal(session: AsyncSession, posts: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Have an appeal, or how it is doing, shown in these places (columns of `AppealPost`) and kept up to date there."""
    if posts:
        await session.execute(insert(table(AppealPost)), [{"due_at": now, **post} for post in posts])


async def take_to_announce(session: AsyncSession, now: datetime) -> Sequence[Appeal]:
    """Those that run, have begun, and stand in no chat of their community yet although it has some. Whoever takes them is to
    put them there: nobody gets them again, however many processes ask at the same moment."""
    has_chat = select(Chat.id).where(Chat.community_id == Appeal.community_id, Chat.left_at.is_(None))
    begun = (Appeal.over_at.is_(None), Appeal.sent_at.is_not(None), Appeal.starts_at <= now)
    waiting = select(Appeal.id).where(
        *begun, Appeal.announced_at.is_(None), Appeal.state == AppealState.RUNNING, has_chat.exists()
    )
    free = waiting.with_for_update(of=Appeal, skip_locked=True)
    taken = update(table(Appeal)).where(Appeal.id.in_(free)).values(announced_at=now).returning(Appeal.id)
    numbers = (await session.scalars(taken)).all()
    found = await appeals_by_number(session, numbers) if numbers else {}
    return sorted(found.values(), key=lambda appeal: appeal.stale_at)


async def withdraw_posts(session: AsyncSession, appeal_id: int) -> None:
    """What does not stand in a chat yet need not come there any more."""
    unsent = (AppealPost.appeal_id == appeal_id, AppealPost.kind == PostKind.CALL, AppealPost.message.is_(None))
    await session.execute(delete(table(AppealPost)).where(*unsent))


async def appeals_to_thank_for(session: AsyncSession, limit: int) -> Sequence[Appeal]:
    """Those that are over, and of which nobody was told yet what came of them; locked."""
    over = select(Appeal).where(Appeal.over_at.is_not(None), Appeal.thanked_at.is_(None)).order_by(Appeal.over_at)
    return (await session.scalars(over.limit(limit).with_for_update(skip_locked=True))).all()


async def last_closing(session: AsyncSession, appeal: Appeal) -> datetime | None:
    """Until when the last of its tasks can be handed in."""
    closes = select(func.max(Task.deadline_at, type_=Moment())).where(_is_meant(appeal))
    found: datetime | None = await session.scalar(closes)
    return found
