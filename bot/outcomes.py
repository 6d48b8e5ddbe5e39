"""What came of messages to many people, until it is written: a few times a second, all at once."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from bot.platform import Deactivated, TryLater, Unknown, Unreachable
from models.appeal_pages import Page, Recipient
from models.appeal_receipts import Outcome, Reason, close_chats, mark_edited, mark_receipts
from models.appeals import ReceiptState

Key = tuple[int, int]
"""An appeal and a person."""

_ATTEMPTS: Final = 50
_LONGEST_PAUSE_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class Job:
    """One message to be sent, or to be edited."""

    page: Page
    version: int
    to: Recipient

    @property
    def key(self) -> Key:
        return self.page.appeal.id, self.to.person.id


@dataclass
class Outcomes:
    """By appeal and person. What a crash loses of them is done twice after the restart, at most."""

    platform: str
    now: Callable[[], datetime]
    told: dict[Key, Outcome] = field(default_factory=dict)
    edited: dict[Key, int] = field(default_factory=dict)
    """With the version that they show now."""
    closed: dict[Key, str] = field(default_factory=dict)
    """Private chats that take nothing from us any more."""

    def __bool__(self) -> bool:
        return bool(self.told or self.edited or self.closed)

    async def write(self, session: AsyncSession) -> "Outcomes":
        """Write what there is by now; what was written, to be forgotten when it is committed."""
        now = Outcomes(self.platform, self.now, dict(self.told), dict(self.edited), dict(self.closed))
        if now.told:
            await mark_receipts(session, list(now.told.values()))
        if now.edited:
            await mark_edited(session, [(*key, version) for key, version in now.edited.items()])
        if now.closed:
            await close_chats(session, self.platform, {person: chat for (_, person), chat in now.closed.items()})
        return now

    def forget(self, written: "Outcomes") -> None:
        for key, outcome in written.told.items():
            if self.told.get(key) is outcome:
                del self.told[key]
        for key, version in written.edited.items():
            if self.edited.get(key) == version:
                del self.edited[key]
        for key in written.closed:
            self.closed.pop(key, None)

    def note_sent(self, job: Job, message: str) -> None:
        self._note(job, ReceiptState.SENT, message=message)

    def note_edited(self, job: Job) -> None:
        self.edited[job.key] = job.version

    def give_back(self, job: Job) -> None:
        """Nothing was done: somebody else may take it, or we again."""
        self._note(job, ReceiptState.LEASED, due_at=self.now())

    def note_trouble(self, job: Job, error: Exception, *, is_safe_twice: bool) -> None:
        """What an error means for a message that was to be sent. `is_safe_twice`: the platform knows a repetition."""
        if isinstance(error, TryLater) or (isinstance(error, Unknown) and is_safe_twice):
            self._put_off(job, error.after_seconds if isinstance(error, TryLater) else 0.0)
        elif isinstance(error, Unknown):
            self._note(job, ReceiptState.UNKNOWN)
        elif isinstance(error, Unreachable):
            self.note_closed(job)
            self._note(job, ReceiptState.FAILED, reason=Reason.GONE if isinstance(error, Deactivated) else Reason.BLOCKED)
        else:
            self._note(job, ReceiptState.FAILED, reason=Reason.REFUSED)

    def note_closed(self, job: Job) -> None:
        """Their private chat takes nothing from us any more."""
        self.closed[job.key] = job.to.chat

    def _put_off(self, job: Job, after_seconds: float) -> None:
        if job.to.attempts >= _ATTEMPTS:
            self._note(job, ReceiptState.FAILED, reason=Reason.BROKEN)
            return
        growing = min(2.0**job.to.attempts, _LONGEST_PAUSE_SECONDS) * random.uniform(0.5, 1.0)
        self._note(job, ReceiptState.LEASED, due_at=self.now() + timedelta(seconds=max(after_seconds, growing)))

    def _note(
        self, job: Job, state: ReceiptState, *, message: str | None = None, reason: str = "", due_at: datetime | None = None
    ) -> None:
        appeal, person = job.key
        self.told[job.key] = Outcome(appeal, person, state, self.now(), job.version, message, reason, due_at)
