"""What came of an appeal for each person: written set-wise, and counted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.appeals import Appeal, AppealLeg, AppealReceipt, ReceiptState, Work
from models.base import table
from models.calling import reopen_edits
from models.people import Account

_RECEIPTS = table(AppealReceipt)


class Reason(StrEnum):
    """Why an appeal did not reach somebody."""

    BLOCKED = "blocked"
    """They have blocked us, or never let us in."""
    GONE = "gone"
    """The account is deleted or deactivated."""
    REFUSED = "refused"
    """The platform did not take the message."""
    BROKEN = "broken"
    """The connection broke again and again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one message."""

    appeal_id: int
    person_id: int
    state: ReceiptState
    at: datetime
    version: int = 0
    message: str | None = None
    reason: str = ""
    due_at: datetime | None = None
    """When it is to be tried again."""


_MARK = (
    update(_RECEIPTS)
    .where(
        AppealReceipt.appeal_id == bindparam("appeal"),
        AppealReceipt.person_id == bindparam("person"),
        AppealReceipt.state != ReceiptState.SENT,
    )
    .values(
        state=bindparam("state_"),
        reason=bindparam("reason_"),
        message=bindparam("message_"),
        version=bindparam("version_"),
        at=bindparam("at_"),
        due_at=None,
    )
)
_PUT_OFF = (
    update(_RECEIPTS)
    .where(
        AppealReceipt.appeal_id == bindparam("appeal"),
        AppealReceipt.person_id == bindparam("person"),
        AppealReceipt.state == ReceiptState.LEASED,
    )
    .values(due_at=bindparam("due_at_"))
)
_MARK_EDITED = (
    update(_RECEIPTS)
    .where(AppealReceipt.appeal_id == bindparam("appeal"), AppealReceipt.person_id == bindparam("person"))
    .values(version=bindparam("version_"))
)
"""Built once: building a statement costs more than running it."""


async def mark_receipts(session: AsyncSession, outcomes: Sequence[Outcome]) -> None:
    """Write what came of these. What went out just before the words were changed is to be edited after all."""
    connection = await session.connection()
    final = [one for one in outcomes if one.state is not ReceiptState.LEASED]
    put_off = [one for one in outcomes if one.state is ReceiptState.LEASED]
    if put_off:
        rows = [{"appeal": one.appeal_id, "person": one.person_id, "due_at_": one.due_at} for one in put_off]
        await connection.execute(_PUT_OFF, rows)
    if final:
        await connection.execute(_MARK, [_final_row(one) for one in final])
        said = {(one.appeal_id, one.version) for one in final if one.state is ReceiptState.SENT}
        await _edit_what_was_late(session, said, max(one.at for one in final))


def _final_row(one: Outcome) -> Mapping[str, Any]:
    return {
        "appeal": one.appeal_id,
        "person": one.person_id,
        "state_": one.state,
        "reason_": one.reason,
        "message_": one.message,
        "version_": one.version,
        "at_": one.at,
    }


async def _edit_what_was_late(session: AsyncSession, said: Iterable[tuple[int, int]], now: datetime) -> None:
    lowest: dict[int, int] = {}
    for appeal_id, version in said:
        lowest[appeal_id] = min(version, lowest.get(appeal_id, version))
    if not lowest:
        return
    done = (AppealLeg.work == Work.EDIT, AppealLeg.done_at.is_not(None), Appeal.id.in_(list(lowest)))
    rows = await session.execute(
        select(Appeal.id, Appeal.version).join(AppealLeg, AppealLeg.appeal_id == Appeal.id).where(*done)
    )
    late = {id_ for id_, version in rows if version > lowest[id_]}
    if late:
        await reopen_edits(session, late, now)


async def mark_edited(session: AsyncSession, edited: Iterable[tuple[int, int, int]]) -> None:
    """These show a version now, or cannot be edited: by appeal and person."""
    rows = [{"appeal": appeal, "person": person, "version_": version} for appeal, person, version in edited]
    if rows:
        await (await session.connection()).execute(_MARK_EDITED, rows)


async def close_chats(session: AsyncSession, platform: str, chats: Mapping[int, str]) -> None:
    """Remember that none of these private chats, by person, takes messages from us any more."""
    closed = (Account.person_id.in_(list(chats)), Account.platform == platform, Account.private_chat.in_(list(chats.values())))
    await session.execute(update(table(Account)).where(*closed).values(private_chat=None))


@dataclass(frozen=True)
class Progress:
    """How an appeal is doing."""

    sent: int
    on_their_way: int
    unknown: int
    dropped: int
    failed: dict[str, int]
    """By reason."""

    @property
    def all_failed(self) -> int:
        return sum(self.failed.values())


async def progress_of(session: AsyncSession, appeal_id: int) -> Progress:
    """How many people an appeal has reached, and what became of the others whose turn has come. Read from an index alone."""
    grouped = (
        select(AppealReceipt.state, AppealReceipt.reason, func.count())
        .where(AppealReceipt.appeal_id == appeal_id)
        .group_by(AppealReceipt.state, AppealReceipt.reason)
    )
    rows = (await session.execute(grouped)).all()

    def count(state: ReceiptState) -> int:
        return sum(n for its, _, n in rows if its is state)

    return Progress(
        sent=count(ReceiptState.SENT),
        on_their_way=count(ReceiptState.LEASED),
        unknown=count(ReceiptState.UNKNOWN),
        dropped=count(ReceiptState.DROPPED),
        failed={reason: n for state, reason, n in rows if state is ReceiptState.FAILED},
    )
