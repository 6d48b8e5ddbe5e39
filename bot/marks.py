"""What went out and is not marked yet in the database.

A mark waits for the next transaction, whatever that is for, and goes along with it: marks of their own transactions would keep
everybody else from the writer. What a crash loses of them is said twice after the restart, at most.
"""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from models.delivery import mark_answered, mark_sent


@dataclass
class Marks:
    """Answers by their event's key, messages of the outbox by their number."""

    answered: dict[str, datetime] = field(default_factory=dict)
    sent: dict[int, tuple[str, datetime]] = field(default_factory=dict)
    """With the message's external id."""

    def __bool__(self) -> bool:
        return bool(self.answered or self.sent)

    async def write(self, session: AsyncSession) -> "Marks":
        """Write what there is by now; what was written, to be forgotten when it is committed."""
        now = Marks(dict(self.answered), dict(self.sent))
        if now.answered:
            await mark_answered(session, now.answered, max(now.answered.values()))
        if now.sent:
            await mark_sent(session, now.sent)
        return now

    def forget(self, written: "Marks") -> None:
        for key in written.answered:
            self.answered.pop(key, None)
        for message_id in written.sent:
            self.sent.pop(message_id, None)
