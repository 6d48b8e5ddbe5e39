"""Series: tasks that come again.

A series says what each of its tasks is made of, and by which rule they come. What the rule means is known to
handlers/recurring.py; `next_day` is what it was found to mean. Each occurrence is an ordinary task. One series makes one task
for a day, whatever processes and restarts do: the series is locked while it is made, and the database holds the line.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, String, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, partial_index
from models.cards import LiveCard, post_card
from models.making import Draft, create_task
from models.refusals import NotFound
from models.tasks import TIME_TO_REPORT, Proof, Task, TaskState, tags_of

_HOLD_MINUTES = 24 * 60
"""What a seat would be held for if the hour were taken away from an occurrence."""


class SeriesState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"


class Series(Base):
    """What comes again."""

    __tablename__ = "series"
    __table_args__ = (partial_index("ix_series_next_at", "next_at", where="next_at IS NOT NULL"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    community_id: Mapped[int] = mapped_column(Id, ForeignKey("communities.id"))
    author_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"))
    title: Mapped[str] = mapped_column(String(120))
    description: Mapped[str] = mapped_column(String(1500), default="")
    language: Mapped[str] = mapped_column(String(8))
    minutes: Mapped[int]
    seats: Mapped[int]
    place: Mapped[str] = mapped_column(String(200), default="")
    proof: Mapped[Proof]
    tags: Mapped[str] = mapped_column(String(250), default="")
    """Without '#', separated by blanks."""
    rule: Mapped[str] = mapped_column(String(250))
    """A recurrence rule of RFC 5545."""
    first_day: Mapped[date]
    """The day from which the rule counts."""
    minute: Mapped[int]
    """When it begins: minutes after midnight by the wall clock where the community lives."""
    state: Mapped[SeriesState] = mapped_column(default=SeriesState.ACTIVE)
    next_day: Mapped[date | None]
    """The day of the task that is made next; None: none is."""
    next_at: Mapped[datetime | None]
    """When that task is made."""
    created_at: Mapped[datetime]


async def get_series(session: AsyncSession, series_id: int, *, lock: bool = False) -> Series:
    """Raises NotFound."""
    found: Series | None = await session.get(Series, series_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("series", str(series_id))
    return found


async def found_series(
    session: AsyncSession,
    community_id: int,
    author_id: int,
    draft: Draft,
    *,
    rule: str,
    first_day: date,
    minute: int,
    now: datetime,
) -> Series:
    """Begin a series of tasks such as this draft."""
    series = Series(
        community_id=community_id,
        author_id=author_id,
        title=draft.title,
        description=draft.description,
        language=draft.language,
        minutes=draft.minutes,
        seats=draft.seats,
        place=draft.place,
        proof=draft.proof,
        tags=" ".join(draft.tags),
        rule=rule,
        first_day=first_day,
        minute=minute,
        created_at=now,
    )
    session.add(series)
    await session.flush()
    return series


async def due_series(session: AsyncSession, now: datetime, limit: int) -> Sequence[Series]:
    """Series of which a task is to be made, locked, without those that another process is at."""
    return (
        await session.scalars(
            select(Series)
            .where(Series.next_at <= now)
            .order_by(Series.next_at)
            .limit(limit)
            .with_for_update(skip_locked=True, key_share=True)
        )
    ).all()


async def make_occurrence(session: AsyncSession, series: Series, day: date, starts_at: datetime, now: datetime) -> Task | None:
    """The task of a day, with its cards where those of the one before stand; None where it was made before. The caller has
    locked the series."""
    known = select(Task.id).where(Task.series_id == series.id, Task.occurs_on == day)
    if await session.scalar(known) is not None:
        return None
    draft = Draft(
        title=series.title,
        language=series.language,
        minutes=series.minutes,
        seats=series.seats,
        deadline_at=starts_at + timedelta(minutes=series.minutes) + TIME_TO_REPORT,
        proof=series.proof,
        hold_minutes=_HOLD_MINUTES,
        description=series.description,
        place=series.place,
        tags=tuple(series.tags.split()),
        starts_at=starts_at,
    )
    cards = await _latest_cards(session, series.id)
    task = await create_task(session, series.community_id, series.author_id, draft, now)
    task.series_id, task.occurs_on = series.id, day
    await session.flush()
    for card in cards:
        await post_card(session, task.id, card.chat_id, card.thread, now)
    return task


async def _latest_cards(session: AsyncSession, series_id: int) -> Sequence[LiveCard]:
    """The cards of the latest occurrence that has any."""
    latest = (
        select(Task.id)
        .join(LiveCard, LiveCard.task_id == Task.id)
        .where(Task.series_id == series_id)
        .order_by(Task.occurs_on.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (await session.scalars(select(LiveCard).where(LiveCard.task_id == latest).order_by(LiveCard.id))).all()


async def coming_occurrences(session: AsyncSession, series_id: int, now: datetime) -> Sequence[Task]:
    """The tasks of a series that are made and have not begun, the next one first."""
    wanted = (Task.series_id == series_id, Task.starts_at > now, Task.state.in_((TaskState.OPEN, TaskState.PAUSED)))
    return (await session.scalars(select(Task).where(*wanted).order_by(Task.starts_at))).all()


async def learn_from(session: AsyncSession, series: Series, task: Task, minute: int) -> None:
    """Have the tasks to come be such as this one, which begins so many minutes after midnight."""
    for name in ("title", "description", "language", "minutes", "seats", "place", "proof"):
        setattr(series, name, getattr(task, name))
    series.tags, series.minute = " ".join(await tags_of(session, task.id)), minute
    await session.flush()


async def stop(session: AsyncSession, series_id: int, state: SeriesState, *, was: tuple[SeriesState, ...]) -> bool:
    """Make no tasks any more, or not now; whether the series was still in one of these states."""
    stopped = await session.scalar(
        update(Series)
        .where(Series.id == series_id, Series.state.in_(was))
        .values(state=state, next_day=None, next_at=None)
        .returning(Series.id)
        .execution_options(synchronize_session=False)
    )
    return stopped is not None
