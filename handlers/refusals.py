"""Refusals in words: why something is not done, and what to do next."""

from collections.abc import Callable
from functools import singledispatch

from handlers.context import ChooseCommunity
from handlers.registry import MissingArgument
from handlers.types import Button, CannotRender, Link, Reply, Row
from handlers.words import N_, Words, clean_line
from models.communities import Community
from models.refusals import (
    AlreadyContested,
    AlreadyDecided,
    AlreadyHandedIn,
    AppealMoved,
    AppealsSpent,
    CapReached,
    ChatTaken,
    CodeWrong,
    LastOrganizer,
    LaterLinkFirst,
    MailboxSaidNo,
    MailLimit,
    Malformed,
    MemberBlocked,
    NoClaim,
    NoRoom,
    NotAllowed,
    NotBegun,
    NotFound,
    NotMember,
    NotTheJudge,
    Outdated,
    OverBefore,
    OwnAppeal,
    OwnCode,
    OwnReport,
    OwnThanks,
    Refusal,
    RulesFirst,
    SeatsTaken,
    StillSpent,
    TaskClosed,
    TaskFull,
    TermsChanged,
    ThankedAlready,
    TriesSpent,
)
from models.roles import Role

TOAST_LIMIT = 200
"""Characters; Telegram's limit for the answer to a press."""


def put_into_words(refusal: Refusal, words: Words) -> Reply:
    """What the person hears. The toast says the same, for a press in a group."""
    text, rows = _explain(refusal, words)
    toast = text if len(text) <= TOAST_LIMIT else text[: TOAST_LIMIT - 1] + "…"
    return Reply(text=text, toast=toast, rows=rows)


Explained = tuple[str, tuple[Row, ...]]


@singledispatch
def _explain(refusal: Refusal, words: Words) -> Explained:
    raise TypeError(f"no words for {type(refusal).__name__}") from refusal


def _explains(kind: type[Refusal]) -> Callable[[Callable[..., Explained]], Callable[..., Explained]]:
    def declare(explain: Callable[..., Explained]) -> Callable[..., Explained]:
        registered: Callable[..., Explained] = _explain.register(kind)(explain)
        return registered

    return declare


def _browse(words: Words) -> Row:
    return (Button(words.say("Other tasks"), "tasks"),)


@_explains(NotFound)
def _(refusal: NotFound, words: Words) -> Explained:
    sentences = {
        "task": N_("There is no task number {name} here. The open ones are listed under the button."),
        "report": N_("This report is not there any more."),
        "member": N_("Nobody called {name} is a member here. Names and numbers stand in the list of members."),
        "community": N_("No team has the code {name}. Codes come from a team's link or from its moderators."),
        "flag": N_("This flag is not there any more."),
        "entry": N_("This stands on the record no more."),
        "series": N_("This does not come again, or no seat of it is held every time."),
        "link": N_(
            "There is no link of accounts that can be undone here. For 7 days the person can do that, "
            "and so can the organizers of their teams."
        ),
        "thanked": N_("They are not a member of this team on Himma, so it cannot be passed on. A word from you reaches them."),
        "appeal": N_("There is no appeal number {name} here. The latest are listed by /appeals."),
    }
    rows: tuple[Row, ...] = (_browse(words),) if refusal.thing == "task" else ()
    return words.say(sentences[refusal.thing], name=refusal.name), rows


@_explains(NotAllowed)
def _(refusal: NotAllowed, words: Words) -> Explained:
    sentences = {
        Role.VOLUNTEER: N_("This is for members of a team. A team's link, or /join with its code, is the way in."),
        Role.MODERATOR: N_("This is for the team's moderators. An organizer can give the role with /role."),
        Role.ORGANIZER: N_("This is for the team's organizers."),
    }
    return words.say(sentences[refusal.needs]), ()


@_explains(NotMember)
def _(refusal: NotMember, words: Words) -> Explained:
    text = words.say(
        "This task belongs to the team {community}. Joining comes first, and takes one press.", community=refusal.community
    )
    return text, ((Button(words.say("Join {community}", community=refusal.community), "join", refusal.code),),)


@_explains(RulesFirst)
def _(refusal: RulesFirst, words: Words) -> Explained:
    text = words.say("The team {community} has rules. Reading and accepting them comes first.", community=refusal.community)
    return text, ((Link(words.say("Read the rules"), f"task_{refusal.task_id}"),),)


@_explains(MemberBlocked)
def _(refusal: MemberBlocked, words: Words) -> Explained:
    return words.say(
        "The moderators of {community} have blocked this account. They are the ones to talk to.", community=refusal.community
    ), ()


@_explains(TaskFull)
def _(refusal: TaskFull, words: Words) -> Explained:
    text = words.say(
        "Every seat of {title} is taken. One may come free at any time; until then, other tasks are waiting.",
        title=refusal.title,
    )
    return text, ((Button(words.say("Wait for a seat"), "wait", str(refusal.task_id)), *_browse(words)),)


@_explains(StillSpent)
def _(refusal: StillSpent, words: Words) -> Explained:
    text = words.count(
        "“Still on it” counts {n} time in this team, and {title} has had it. More time can be asked for.",
        "“Still on it” counts {n} times in this team, and {title} has had them. More time can be asked for.",
        refusal.times,
        title=refusal.title,
    )
    number = str(refusal.task_id)
    return text, ((Button(words.say("More time"), "extend", number), Button(words.say("Done"), "done", number)),)


@_explains(NoRoom)
def _(refusal: NoRoom, words: Words) -> Explained:
    moment = words.say("{day} at {time}", day=words.day(refusal.deadline_at), time=words.time(refusal.deadline_at))
    text = words.say(
        "{title} ends at this time, and no seat is held longer: {moment}. The team's moderators can move the deadline.",
        title=refusal.title,
        moment=moment,
    )
    number = str(refusal.task_id)
    return text, ((Button(words.say("Done"), "done", number), Button(words.say("Give back"), "release", number)),)


@_explains(SeatsTaken)
def _(refusal: SeatsTaken, words: Words) -> Explained:
    text = words.count(
        "{n} seat of {title} is taken, and there cannot be fewer.",
        "{n} seats of {title} are taken, and there cannot be fewer.",
        refusal.taken,
        title=refusal.title,
    )
    return text, ()


@_explains(NotBegun)
def _(refusal: NotBegun, words: Words) -> Explained:
    return words.say("{title} has not begun yet, so nobody was missed.", title=refusal.title), ()


@_explains(AlreadyContested)
def _(refusal: AlreadyContested, words: Words) -> Explained:
    return words.say("A word about this was said already. What comes of it is told here."), ()


@_explains(NotTheJudge)
def _(refusal: NotTheJudge, words: Words) -> Explained:
    return words.say("Another moderator decides about this."), ()


@_explains(OverBefore)
def _(refusal: OverBefore, words: Words) -> Explained:
    end = words.say("{day} at {time}", day=words.day(refusal.end), time=words.time(refusal.end))
    text = words.say(
        "{title} is not over before this: {moment}. A deadline comes after that.", title=refusal.title, moment=end
    )
    return text, ()


@_explains(TaskClosed)
def _(refusal: TaskClosed, words: Words) -> Explained:
    sentences = {
        "paused": N_("{title} is paused until a moderator has looked at it."),
        "done": N_("{title} is done, thanks to those who were there."),
        "cancelled": N_("{title} was called off."),
        "over": N_("The deadline of {title} has passed."),
    }
    return words.say(sentences[refusal.state], title=refusal.title), (_browse(words),)


@_explains(TermsChanged)
def _(refusal: TermsChanged, words: Words) -> Explained:
    text = words.say(
        "{title} was changed a moment ago. Please look at it once more before taking a seat.", title=refusal.title
    )
    return text, ((Button(words.say("Show the task"), "task", str(refusal.task_id)),),)


@_explains(CapReached)
def _(refusal: CapReached, words: Words) -> Explained:
    if refusal.is_newcomer:
        text = words.count(
            "Until the first report is approved, {n} task at a time. Finishing it or giving it back makes room.",
            "Until the first report is approved, {n} tasks at a time. Finishing one or giving it back makes room.",
            refusal.limit,
        )
    else:
        text = words.count(
            "{n} open task at a time is this team's limit. Finishing it or giving it back makes room.",
            "{n} open tasks at a time is this team's limit. Finishing one or giving it back makes room.",
            refusal.limit,
        )
    return text, ((Button(words.say("My tasks"), "mine"),),)


@_explains(NoClaim)
def _(refusal: NoClaim, words: Words) -> Explained:
    text = words.say("No seat of {title} is held by this account.", title=refusal.title)
    return text, ((Button(words.say("Show the task"), "task", str(refusal.task_id)), Button(words.say("My tasks"), "mine")),)


@_explains(AlreadyHandedIn)
def _(refusal: AlreadyHandedIn, words: Words) -> Explained:
    return words.say("The report on {title} is handed in already.", title=refusal.title), (
        (Button(words.say("My tasks"), "mine"),),
    )


@_explains(OwnReport)
def _(refusal: OwnReport, words: Words) -> Explained:
    return words.say("Nobody reviews their own report: another moderator will look at it."), ()


@_explains(AlreadyDecided)
def _(refusal: AlreadyDecided, words: Words) -> Explained:
    sentences = {
        "approved": N_("{name} was first: the report is approved."),
        "sent_back": N_("{name} was first: the report was sent back."),
        "rejected": N_("{name} was first: the report was rejected."),
    }
    return words.say(sentences[refusal.state], name=refusal.by), ((Button(words.say("Next report"), "review"),),)


@_explains(OwnThanks)
def _(refusal: OwnThanks, words: Words) -> Explained:
    return words.say("That is your own name. Thank you all the same!"), ()


@_explains(ThankedAlready)
def _(refusal: ThankedAlready, words: Words) -> Explained:
    return words.say("That was said already, less than a day ago. Once a day is enough to be heard."), ()


@_explains(AppealMoved)
def _(refusal: AppealMoved, words: Words) -> Explained:
    sentences = {
        "draft": N_("This appeal has not been sent yet."),
        "waiting": N_("This appeal waits for a second moderator."),
        "running": N_("This appeal is under way."),
        "paused": N_("This appeal is paused."),
        "stopped": N_("This appeal was stopped."),
        "ended": N_("This appeal is over: it is covered."),
        "stale": N_("This appeal is over: its time has passed."),
    }
    return words.say(sentences[refusal.state]), ()


@_explains(AppealsSpent)
def _(refusal: AppealsSpent, words: Words) -> Explained:
    if refusal.is_own:
        text = words.count(
            "{n} appeal in 24 hours is the limit for this role here. The draft waits for a day, and can be sent later.",
            "{n} appeals in 24 hours are the limit for this role here. The draft waits for a day, and can be sent later.",
            refusal.limit,
        )
    else:
        text = words.count(
            "{n} appeal in 24 hours is the limit of this team. The draft waits for a day, and can be sent later.",
            "{n} appeals in 24 hours are the limit of this team. The draft waits for a day, and can be sent later.",
            refusal.limit,
        )
    return text, ()


@_explains(OwnAppeal)
def _(refusal: OwnAppeal, words: Words) -> Explained:
    return words.say("Nobody confirms their own appeal: another moderator does."), ()


@_explains(LastOrganizer)
def _(refusal: LastOrganizer, words: Words) -> Explained:
    return words.say("A team keeps at least one organizer. Giving somebody else the role comes first: /role."), ()


@_explains(ChatTaken)
def _(refusal: ChatTaken, words: Words) -> Explained:
    text = words.say("This chat is the home of the team {community} already; its organizers can change it.",
                     community=refusal.community)  # fmt: skip
    return text, ((Link(words.say("Join {community}", community=refusal.community), f"join_{refusal.code}"),),)


@_explains(CodeWrong)
def _(refusal: CodeWrong, words: Words) -> Explained:
    return words.say(
        "This code does not work, or not any more: each works once, and not for long. A new one is quickly made."
    ), ()


@_explains(TriesSpent)
def _(refusal: TriesSpent, words: Words) -> Explained:
    return words.say("These were many codes that do not work. In an hour the next one can be tried."), ()


@_explains(OwnCode)
def _(refusal: OwnCode, words: Words) -> Explained:
    if refusal.is_used:
        return words.say("That is done already: these accounts are one person."), ()
    return words.say("This code was made with this very account. It is for the other one, on the other platform."), ()


@_explains(LaterLinkFirst)
def _(refusal: LaterLinkFirst, words: Words) -> Explained:
    return words.say(
        "Another account was linked since then. The latest link is undone first: {command}", command="/link undo"
    ), ()


@_explains(MailboxSaidNo)
def _(refusal: MailboxSaidNo, words: Words) -> Explained:
    return words.say("Whoever reads mail at this address has said that they want none from here."), ()


@_explains(MailLimit)
def _(refusal: MailLimit, words: Words) -> Explained:
    return words.say(
        "A mail was sent not long ago. From {day} at {time} on, the next one can be asked for.",
        day=words.day(refusal.until),
        time=words.time(refusal.until),
    ), ()


@_explains(Outdated)
def _(refusal: Outdated, words: Words) -> Explained:
    return words.say("This button is from an earlier time. What is open now is in /help."), ()


@_explains(MissingArgument)
def _(refusal: MissingArgument, words: Words) -> Explained:
    argument = words.say(refusal.arg.help)
    if not refusal.arg.when_missing:
        return words.say("Something is missing: {argument}.", argument=argument), ()
    labels = {"tasks": N_("Show the tasks"), "mine": N_("My tasks")}
    button = Button(words.say(labels[refusal.arg.when_missing]), refusal.arg.when_missing)
    return words.say("Something is missing: {argument}. It is easiest from the list.", argument=argument), ((button,),)


@_explains(Malformed)
def _(refusal: Malformed, words: Words) -> Explained:
    return words.say(refusal.hint, **refusal.values), ()


@_explains(ChooseCommunity)
def _(refusal: ChooseCommunity, words: Words) -> Explained:
    rows = tuple((_choice(community, refusal.then),) for community in refusal.communities)
    return words.say("Which team is this about?"), rows


def _choice(community: Community, then: str) -> Button:
    """Chooses the community, and goes on with what was asked where the button can carry it."""
    button = Button(clean_line(community.name), "focus", f"{community.id} {then}".strip())
    try:
        button.data()
    except CannotRender:
        return Button(button.label, "focus", str(community.id))
    return button
