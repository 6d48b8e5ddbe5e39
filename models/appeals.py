"""Appeals as tables: what a moderator calls, and whom it reached.

An appeal is drafted, perhaps waits for a second moderator, runs, may pause, and is over (models/calling.py). What it says
has a version, which goes up with every change and when it is over: what was sent with an older version is edited. Recipients
are not copied up front: a leg remembers how far one platform's courier has come along the members, and a receipt is written
for each person only when their turn comes (models/appeal_pages.py).
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.audience import Audience
from models.base import Base, Id, partial_index


class AppealState(StrEnum):
    DRAFT = "draft"
    WAITING = "waiting"
    """For a second moderator."""
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    """By a moderator."""
    ENDED = "ended"
    """It is covered: none of its tasks takes anybody any more."""
    STALE = "stale"
    """Its time was over."""


NOT_YET: Final = (AppealState.DRAFT, AppealState.WAITING)
UNDER_WAY: Final = (AppealState.RUNNING, AppealState.PAUSED)
OVER: Final = (AppealState.STOPPED, AppealState.ENDED, AppealState.STALE)


class Appeal(Base):
    """A broadcast by a moderator to an audience."""

    __tablename__ = "appeals"
    __table_args__ = (
        partial_index("ix_appeals_under_way", "stale_at", where="over_at IS NULL AND sent_at IS NOT NULL"),
        partial_index("ix_appeals_to_thank_for", "over_at", where="over_at IS NOT NULL AND thanked_at IS NULL"),
        Index(None, "community_id", "created_at"),
        Index(None, "author_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    community_id: Mapped[int] = mapped_column(Id, ForeignKey("communities.id"))
    author_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"))
    confirmed_by: Mapped[int | None] = mapped_column(Id, ForeignKey("people.id"))
    """The second moderator."""
    texts: Mapped[dict[str, str]] = mapped_column(JSON)
    """By language: people get theirs, or the one there is."""
    picture: Mapped[str | None] = mapped_column(ForeignKey("pictures.id"))
    tag: Mapped[str] = mapped_column(String(40), default="")
    """Without '#': it is for all tasks of the community that have it."""
    vouched_by: Mapped[str] = mapped_column(String(120), default="")
    last_confirmed_at: Mapped[datetime]
    """When somebody who knows last said that it is true."""
    audience: Mapped[dict[str, Any]] = mapped_column(JSON)
    audience_size: Mapped[int] = mapped_column(default=0)
    """How many people it was going to reach privately when it was sent."""
    state: Mapped[AppealState] = mapped_column(default=AppealState.DRAFT)
    wants_urgent: Mapped[bool] = mapped_column(default=False)
    called_role: Mapped[str] = mapped_column(String(160), default="", server_default="")
    """A role of a platform's own whose bearers are notified where the appeal stands: the platform, the chat's external id and
    the role's, with blanks between them."""
    thread: Mapped[str] = mapped_column(String(160), default="", server_default="")
    """A thread in which it stands in its chat: the platform, the chat's external id and the thread's, with blanks between."""
    version: Mapped[int] = mapped_column(default=1)
    starts_at: Mapped[datetime]
    stale_at: Mapped[datetime]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    """When it was let go."""
    announced_at: Mapped[datetime | None]
    """When it was put into the chats of its community; whoever sets it does that, and nobody else."""
    over_at: Mapped[datetime | None]
    thanked_at: Mapped[datetime | None]
    """When it was planned to tell those who took part what came of it."""

    @property
    def is_urgent(self) -> bool:
        """Two moderators called it urgent: it goes before others, and over people's budgets."""
        return self.wants_urgent and self.confirmed_by is not None

    @property
    def whom(self) -> Audience:
        return Audience.load(self.audience)

    def text_for(self, language: str) -> str:
        """What it says to readers of a language."""
        return self.texts.get(language) or next(iter(self.texts.values()), "")


class AppealTask(Base):
    """A task that an appeal is for."""

    __tablename__ = "appeal_tasks"
    __table_args__ = (Index(None, "task_id"),)

    appeal_id: Mapped[int] = mapped_column(Id, ForeignKey("appeals.id"), primary_key=True)
    task_id: Mapped[int] = mapped_column(Id, ForeignKey("tasks.id"), primary_key=True)


class Work(StrEnum):
    """What is to be done for an appeal on a platform."""

    SEND = "send"
    EDIT = "edit"
    """What was sent says something else now."""


class AppealLeg(Base):
    """How far one kind of work for an appeal has come on one platform."""

    __tablename__ = "appeal_legs"
    __table_args__ = (partial_index("ix_appeal_legs_to_do", "platform", "due_at", where="done_at IS NULL"),)

    appeal_id: Mapped[int] = mapped_column(Id, ForeignKey("appeals.id"), primary_key=True)
    platform: Mapped[str] = mapped_column(String(20), primary_key=True)
    work: Mapped[Work] = mapped_column(primary_key=True)
    cursor: Mapped[int] = mapped_column(Id, default=0)
    """The person who was looked at last: those with greater numbers are still to come."""
    served_at: Mapped[datetime]
    """When somebody last took a page, or earlier where it is urgent: the leg that waited longest comes first."""
    due_at: Mapped[datetime]
    again_at: Mapped[datetime | None]
    """When the first of those may be written to who were passed over because of the hour or their budget."""
    swept_at: Mapped[datetime | None]
    """When the last member had been looked at, with nobody passed over."""
    done_at: Mapped[datetime | None]


class ReceiptState(StrEnum):
    LEASED = "leased"
    """Somebody is sending it, or it waits to be tried again."""
    SENT = "sent"
    FAILED = "failed"
    """It never will be."""
    UNKNOWN = "unknown"
    """The connection broke when it was out: it may have arrived, and is not sent twice."""
    DROPPED = "dropped"
    """The appeal was over before."""


class AppealReceipt(Base):
    """An appeal, for one person: whether it reached them, and how. One row is why nobody hears it twice."""

    __tablename__ = "appeal_receipts"
    __table_args__ = (
        Index(None, "person_id"),
        Index(None, "appeal_id", "state", "reason"),
        partial_index("ix_appeal_receipts_leased", "appeal_id", "platform", "due_at", where="due_at IS NOT NULL"),
    )

    appeal_id: Mapped[int] = mapped_column(Id, ForeignKey("appeals.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(Id, ForeignKey("people.id"), primary_key=True)
    platform: Mapped[str] = mapped_column(String(20))
    chat: Mapped[str] = mapped_column(String(64))
    state: Mapped[ReceiptState] = mapped_column(default=ReceiptState.LEASED)
    reason: Mapped[str] = mapped_column(String(20), default="")
    """Why it failed: a `Reason` of models/appeal_receipts.py."""
    message: Mapped[str | None] = mapped_column(String(64))
    """The message's external id."""
    version: Mapped[int] = mapped_column(default=0)
    """The version of the appeal that the message shows."""
    attempts: Mapped[int] = mapped_column(default=1)
    at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    """Until when it is leased, or when it is tried again; None where its state is final."""


class PostKind(StrEnum):
    CALL = "call"
    """The appeal itself, in a community's chat."""
    PROGRESS = "progress"
    """How it is doing, for whoever looks after it."""


class AppealPost(Base):
    """A message in a chat of many, or on a moderator's screen, that follows an appeal."""

    __tablename__ = "appeal_posts"
    __table_args__ = (
        Index(None, "appeal_id"),
        partial_index("ix_appeal_posts_due", "platform", "due_at", where="due_at IS NOT NULL"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    appeal_id: Mapped[int] = mapped_column(Id, ForeignKey("appeals.id"))
    kind: Mapped[PostKind]
    platform: Mapped[str] = mapped_column(String(20))
    place: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8))
    """The chat's, or the reader's."""
    person_id: Mapped[int | None] = mapped_column(Id, ForeignKey("people.id"))
    """The reader, where it is one."""
    message: Mapped[str | None] = mapped_column(String(64))
    """The message's external id; None until it is sent."""
    shown: Mapped[str] = mapped_column(String(64), default="")
    """A digest of what it shows, so that an edit that would change nothing is not made."""
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None]
    """When it is to be drawn next; None: it shows what there is to show."""
    failure: Mapped[str] = mapped_column(String(200), default="")
    """Why it is not drawn any more: a `PostFailure` of models/appeal_posts.py; empty where it is."""
