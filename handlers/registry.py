"""Commands, declared once.

Routing, the platforms' command menus and slash commands, `/help` and the table in docs/ all come from what is declared here.
Handlers register themselves when their module is imported (handlers/__init__.py imports them all).
"""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from handlers.context import Context
from handlers.types import Reply, Service
from handlers.words import N_, clean, parse_number, to_latin_digits
from models.refusals import Malformed, NotFound
from models.roles import Role

Handler = Callable[..., Awaitable[Reply]]
Arguments = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One person's use of a command that decides for many at once."""

    context: Context
    args: Arguments


CrowdHandler = Callable[[Sequence[Call]], Awaitable[list[Reply]]]
ServiceHandler = Callable[[Context], Awaitable[Reply]]


class ArgKind(StrEnum):
    """How an argument is read, and what a platform may offer while it is typed."""

    TASK = "task"
    """A task's number; open tasks are offered."""
    NUMBER = "number"
    CODE = "code"
    """One word."""
    MINUTES = "minutes"
    """How many minutes; read as a word, for where it is typed it may be left out and something else comes first."""
    TAG = "tag"
    """A `#tag`; read as a word."""
    MEMBER = "member"
    """Somebody: a number, a name (all that is left), or `account:…`, the account that a platform points at."""
    ROLE = "role"
    """One of the platform's own roles: `role:…`, as it points at them."""
    WHO = "who"
    """Somebody in one word, or `role:…`, all who bear one of the platform's own roles."""
    TEXT = "text"
    """All that is left."""


@dataclass(frozen=True)
class Arg:
    """An argument of a command, by position."""

    name: str
    kind: ArgKind
    help: str
    required: bool = True
    choices: tuple[tuple[str, str], ...] = ()
    """What can be said here, where it is little: the words that are read, and how they are called."""
    when_missing: str = ""
    """The command that answers in its stead where a required argument was left out: it shows what there is to choose from."""


class Where(StrEnum):
    """Where a platform's menus offer the command; it is answered everywhere."""

    ANYWHERE = "anywhere"
    PRIVATE = "private"
    GROUP = "group"


@dataclass(frozen=True)
class Command:
    name: str
    handler: Handler | CrowdHandler
    help: str
    """What it does, as a catalogue sentence; empty for commands that only buttons carry."""
    args: tuple[Arg, ...] = ()
    role: Role | None = None
    """The least role that has a use for it; None: anybody. Handlers check on their own what a role may do to which thing."""
    where: Where = Where.ANYWHERE
    is_crowd: bool = False
    """The handler decides for many people at once."""
    asks_admin: bool = False
    """Platforms find out whether the sender administers the chat before they hand the event on."""

    @property
    def is_public(self) -> bool:
        return bool(self.help)

    def parse(self, text: str) -> Arguments:
        """Read the arguments. Raises Malformed, or MissingArgument."""
        values: Arguments = {}
        rest = clean(text)
        for arg in self.args:
            piece, rest = (rest, "") if arg.kind in {ArgKind.TEXT, ArgKind.MEMBER} else _split(rest)
            if not piece:
                if arg.required:
                    raise MissingArgument(self, arg)
                values[arg.name] = None if arg.kind in _NUMBERS else ""
                continue
            values[arg.name] = _read(arg, piece)
        return values


class MissingArgument(Malformed):
    """A required argument was left out."""

    def __init__(self, command: Command, arg: Arg) -> None:
        super().__init__(N_("Something is missing: {argument}."), {"argument": arg.help})
        self.command, self.arg = command, arg


_LONGEST_NUMBER_SHOWN = 30
_NUMBERS = frozenset({ArgKind.TASK, ArgKind.NUMBER})

TASK = Arg("task", ArgKind.TASK, N_("the task's number"), when_missing="tasks")
HELD_TASK = Arg("task", ArgKind.TASK, N_("the task's number"), when_missing="mine")

_BY_NEED = (
    *("tasks", "mine", "done", "task", "claim", "release", "still", "extend", "record", "thank", "flag", "leave"),
    *("review", "newtask", "post", "edit", "cancel", "flags", "appeal", "appeals", "members"),
    *("summary", "table", "settings", "role", "audit"),
    *("help", "start", "join", "me", "language", "link", "setup", "connect"),
)
"""In which order commands are shown to people: what they need most first. One that is not here comes after these."""

COMMANDS: dict[str, Command] = {}
SERVICES: dict[Service, ServiceHandler] = {}
FREE_WORDS: list[tuple[str, str]] = []
"""Patterns (regular expressions over cleaned, lower-case text) that stand for a command in a private chat; a group named
`args` becomes its arguments."""


def public_commands() -> list[Command]:
    """What people can say, what they need most first."""
    places = {name: place for place, name in enumerate(_BY_NEED)}
    return sorted((one for one in COMMANDS.values() if one.is_public), key=lambda one: places.get(one.name, len(places)))


def command(
    name: str,
    *,
    help: str = "",  # noqa: A002  # what everybody calls it
    args: tuple[Arg, ...] = (),
    role: Role | None = None,
    where: Where = Where.ANYWHERE,
    asks_admin: bool = False,
    words: tuple[str, ...] = (),
) -> Callable[[Handler], Handler]:
    """Declare a command (with `help`) or a button's action (without); the handler's parameters are the arguments' names."""

    def declare(handler: Handler) -> Handler:
        given = list(inspect.signature(handler).parameters)[1:]
        if given != [arg.name for arg in args]:
            raise TypeError(f"/{name}: the handler takes {given}, the declaration says {[arg.name for arg in args]}")
        _register(Command(name, handler, help, args, role, where, asks_admin=asks_admin))
        FREE_WORDS.extend((pattern, name) for pattern in words)
        return handler

    return declare


def crowd_command(
    name: str,
    *,
    help: str = "",  # noqa: A002
    args: tuple[Arg, ...],
    role: Role | None = None,
) -> Callable[[CrowdHandler], CrowdHandler]:
    """Declare a command whose handler decides for many people at once: a reply for each call, in their order."""

    def declare(handler: CrowdHandler) -> CrowdHandler:
        _register(Command(name, handler, help, args, role, is_crowd=True))
        return handler

    return declare


def service(name: Service) -> Callable[[ServiceHandler], ServiceHandler]:
    """Declare what answers to something that a platform tells by itself."""

    def declare(handler: ServiceHandler) -> ServiceHandler:
        SERVICES[name] = handler
        return handler

    return declare


def _register(new: Command) -> None:
    if new.name in COMMANDS:
        raise TypeError(f"/{new.name} is declared twice")
    COMMANDS[new.name] = new


def _split(text: str) -> tuple[str, str]:
    first, _, rest = text.strip().partition(" ")
    return first, rest.strip()


def _read(arg: Arg, piece: str) -> object:
    if arg.kind not in _NUMBERS:
        return piece
    number = parse_number(piece.lstrip("#"))
    if number is None and arg.kind is ArgKind.TASK and to_latin_digits(piece).isdecimal():
        raise NotFound("task", piece if len(piece) <= _LONGEST_NUMBER_SHOWN else f"{piece[:_LONGEST_NUMBER_SHOWN]}…")
    if number is None:
        raise Malformed(N_("“{given}” is not a number. Write it like this: {example}"), {"given": piece, "example": 12})
    return number
