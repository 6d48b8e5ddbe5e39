"""What people answered to an appeal, and what it brought."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ForeignKey, Index, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Id, table
from models.claims import SEATED, Claim, ClaimState
from models.reports import Report, ReportState


class Answer(StrEnum):
    IN = "in"
    """They took a seat."""
    NOT_NOW = "not_now"
    NOT_FOR_ME = "not_for_me"


class AppealAnswer(Base):
    """Somebody answered an appeal; people may change their mind, so there can be several."""

    __tablename__ = "appeal_answers"
    __table_args__ = (Index(None, "appeal_id", "answer", "person_id"), Index(None, "person_id"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    appeal_id: Mapped[int] = mapped_column(Id, ForeignKey("appeals.id"))
    person_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"))
    answer: Mapped[Answer]
    task_id: Mapped[int | None] = mapped_column(Id, ForeignKey("tasks.id"))
    """The task on which they took a seat."""
    at: Mapped[datetime]


async def note_answers(session: AsyncSession, answers: Sequence[Mapping[str, Any]]) -> None:
    """Write down what people answered, by the columns of `AppealAnswer`."""
    if answers:
        rows = [{"task_id": None, **answer} for answer in answers]
        await (await session.connection()).execute(insert(table(AppealAnswer)), rows)


async def count_answers(session: AsyncSession, appeal_id: int) -> dict[Answer, int]:
    """How many people gave each answer. Read from an index alone."""
    counted = (
        select(AppealAnswer.answer, func.count(AppealAnswer.person_id.distinct()))
        .where(AppealAnswer.appeal_id == appeal_id)
        .group_by(AppealAnswer.answer)
    )
    rows = await session.execute(counted)
    return dict(rows.all())


class Result(NamedTuple):
    """What came of an appeal."""

    people: int
    """Who took a seat and kept it."""
    done: int
    """Seats whose reports are approved."""
    minutes: int
    """What was credited for those."""


def _brought() -> Any:
    return select(AppealAnswer.appeal_id, AppealAnswer.person_id, AppealAnswer.task_id).distinct().subquery()


async def result_of(session: AsyncSession, appeal_id: int) -> Result:
    """What came of an appeal so far."""
    one = _brought()
    is_done = Claim.state == ClaimState.APPROVED
    counted = (
        select(func.count(Claim.person_id.distinct()), func.count().filter(is_done), func.sum(Report.minutes).filter(is_done))
        .select_from(one)
        .join(Claim, (Claim.task_id == one.c.task_id) & (Claim.person_id == one.c.person_id) & Claim.state.in_(SEATED))
        .outerjoin(Report, (Report.claim_id == Claim.id) & (Report.state == ReportState.APPROVED))
        .where(one.c.appeal_id == appeal_id)
    )
    people, done, minutes = (await session.execute(counted)).one()
    return Result(people, done, minutes or 0)


async def who_took_part(session: AsyncSession, appeal_id: int) -> Sequence[int]:
    """Those who took a seat through an appeal and kept it."""
    one = _brought()
    kept = (
        select(Claim.person_id)
        .distinct()
        .join(one, (Claim.task_id == one.c.task_id) & (Claim.person_id == one.c.person_id))
        .where(one.c.appeal_id == appeal_id, Claim.state.in_(SEATED))
    )
    return (await session.scalars(kept)).all()
