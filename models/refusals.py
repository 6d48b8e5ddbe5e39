"""Why something is not done.

Refusals are raised by models and handlers, and put into words in one place (handlers/refusals.py).
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from models.roles import Role

Thing = Literal["task", "report", "member", "community", "flag", "link", "appeal", "entry", "series", "thanked"]


class Refusal(Exception):
    """Something is not done, for a reason that the person should hear."""


@dataclass(eq=False)
class NotFound(Refusal):
    """There is no such thing, or it is none of this person's business: the two are told apart to nobody."""

    thing: Thing
    name: str = ""


@dataclass(eq=False)
class NotAllowed(Refusal):
    """It takes a role that the person does not have."""

    needs: Role


@dataclass(eq=False)
class NotMember(Refusal):
    """It takes membership of a community."""

    community: str = ""
    code: str = ""


@dataclass(eq=False)
class RulesFirst(Refusal):
    """The community's rules have not been accepted yet."""

    community: str
    code: str
    task_id: int


@dataclass(eq=False)
class MemberBlocked(Refusal):
    """The community's moderators have blocked this person."""

    community: str


@dataclass(eq=False)
class TaskFull(Refusal):
    """Every seat is taken."""

    task_id: int
    title: str


@dataclass(eq=False)
class SeatsTaken(Refusal):
    """A task cannot have fewer seats than people on it."""

    title: str
    taken: int


@dataclass(eq=False)
class OverBefore(Refusal):
    """The deadline of a task with a fixed time comes after its end."""

    title: str
    end: datetime


@dataclass(eq=False)
class NotBegun(Refusal):
    """Nobody can have stayed away from what has not begun."""

    title: str


@dataclass(eq=False)
class AlreadyContested(Refusal):
    """An entry of the record is looked at again once."""


@dataclass(eq=False)
class NotTheJudge(Refusal):
    """Nobody decides about their own record, nor about what they put there themselves while somebody else can."""


@dataclass(eq=False)
class TaskClosed(Refusal):
    """The task takes nobody any more (or not now)."""

    task_id: int
    title: str
    state: str
    """The task's state, or "over" where its deadline has passed."""


@dataclass(eq=False)
class TermsChanged(Refusal):
    """The task was changed since the person saw it."""

    task_id: int
    title: str


@dataclass(eq=False)
class CapReached(Refusal):
    """The person holds as many open claims as the community lets them."""

    limit: int
    is_newcomer: bool


@dataclass(eq=False)
class StillSpent(Refusal):
    """The holder has said that they are still on it as often as the community counts."""

    task_id: int
    title: str
    times: int


@dataclass(eq=False)
class NoRoom(Refusal):
    """No seat is held beyond the task's deadline."""

    task_id: int
    title: str
    deadline_at: datetime


@dataclass(eq=False)
class NoClaim(Refusal):
    """The person holds no seat on this task."""

    task_id: int
    title: str


@dataclass(eq=False)
class AlreadyHandedIn(Refusal):
    """The report is in already."""

    task_id: int
    title: str


@dataclass(eq=False)
class OwnReport(Refusal):
    """Nobody reviews their own report."""


@dataclass(eq=False)
class AlreadyDecided(Refusal):
    """Somebody else was first."""

    by: str
    state: str


@dataclass(eq=False)
class LastOrganizer(Refusal):
    """A community keeps at least one organizer."""


@dataclass(eq=False)
class ChatTaken(Refusal):
    """A community lives in this chat already."""

    community: str
    code: str


@dataclass(eq=False)
class CodeWrong(Refusal):
    """No such one-time code, or it was used, or its time is over: the three are told apart to nobody."""


@dataclass(eq=False)
class TriesSpent(Refusal):
    """So many wrong codes that somebody may be trying them out."""


@dataclass(eq=False)
class OwnCode(Refusal):
    """The code belongs to this very person."""

    is_used: bool
    """Their accounts are one person's already; else the code is for another account of theirs."""


@dataclass(eq=False)
class LaterLinkFirst(Refusal):
    """Another account was linked since: the links are undone one by one, the latest first."""


@dataclass(eq=False)
class Malformed(Refusal):
    """The words of a command could not be read. `hint` is a catalogue sentence saying what to do, `values` fill its gaps."""

    hint: str
    values: dict[str, object] = field(default_factory=dict)


@dataclass(eq=False)
class Outdated(Refusal):
    """The button stood on a screen that time has passed by."""

    since: datetime | None = None


@dataclass(eq=False)
class OwnThanks(Refusal):
    """Nobody thanks themselves."""


@dataclass(eq=False)
class ThankedAlready(Refusal):
    """They thanked this person within the last day."""


@dataclass(eq=False)
class AppealMoved(Refusal):
    """The appeal is in another state by now."""

    appeal_id: int
    state: str


@dataclass(eq=False)
class AppealsSpent(Refusal):
    """As many appeals as the community wants in a day."""

    limit: int
    is_own: bool
    """It is this person's limit, not that of all together."""


@dataclass(eq=False)
class OwnAppeal(Refusal):
    """Nobody is the second moderator of their own appeal."""


class MailboxSaidNo(Refusal):
    """Whoever reads this mailbox wants no mail from here."""


@dataclass(eq=False)
class MailLimit(Refusal):
    """This person, or this address, has had its share of mails that ask; the next may be sent at this moment."""

    until: datetime
