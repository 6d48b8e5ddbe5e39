"""Slash commands and the menus of messages and people, from the registry; registered with Discord only where they differ.

https://discord.com/developers/docs/interactions/application-commands. Discord knows no Arabic locale
(https://discord.com/developers/docs/reference#locales), so what stands for all of them says it in every language of ours.
"""

import logging
from collections.abc import Iterable
from typing import Any, Final

import discord

from bot.discord.components import Json
from bot.discord.decode import DRAFT, THANK
from handlers.registry import COMMANDS, Arg, ArgKind, Command, Where
from handlers.words import LANGUAGES, N_, words_for
from models.roles import Role

log = logging.getLogger(__name__)

_SLASH, _ON_PERSON, _ON_MESSAGE = 1, 2, 3
_STRING, _INTEGER, _USER, _ROLE, _MENTIONABLE = 3, 4, 6, 8, 9
_TYPES: Final = {
    ArgKind.TASK: _INTEGER,
    ArgKind.NUMBER: _INTEGER,
    ArgKind.MINUTES: _INTEGER,
    ArgKind.MEMBER: _USER,
    ArgKind.ROLE: _ROLE,
    ArgKind.WHO: _MENTIONABLE,
}
_LONGEST_MINUTES: Final = 24 * 60
_GUILD, _WITH_BOT = 0, 1
_DESCRIPTION_LIMIT: Final = 100
_NAME_LIMIT: Final = 32
_ON_MESSAGE_NAME = N_("Report as a task")
_ON_PERSON_NAME = N_("Thank")
_PERMISSIONS: Final = {
    Role.MODERATOR: discord.Permissions(manage_messages=True),
    Role.ORGANIZER: discord.Permissions(manage_guild=True),
}
"""Whom Discord shows the commands of a role by default. A server's admins can change that; handlers check for themselves."""


def declare_all() -> list[Json]:
    """Every command, as Discord takes them."""
    slash = [_slash(command) for command in COMMANDS.values() if command.is_public]
    menus = ((DRAFT, _ON_MESSAGE, _ON_MESSAGE_NAME), (THANK, _ON_PERSON, _ON_PERSON_NAME))
    return slash + [_menu(kind, name, COMMANDS[command]) for command, kind, name in menus if command in COMMANDS]


def _slash(command: Command) -> Json:
    options = sorted(map(_option, command.args), key=lambda option: not option["required"])
    contexts = [_GUILD] if command.where is Where.GROUP else [_GUILD, _WITH_BOT]
    role = Role.ORGANIZER if command.asks_admin else command.role
    return _common(role, contexts) | {
        "type": _SLASH,
        "name": command.name,
        "description": _in_all(command.help, _DESCRIPTION_LIMIT),
        "options": options,
    }


def _option(arg: Arg) -> Json:
    option: Json = {
        "type": _TYPES.get(arg.kind, _STRING),
        "name": arg.name,
        "description": _in_all(arg.help, _DESCRIPTION_LIMIT),
        "required": arg.required and not arg.when_missing,
    }
    if arg.choices:
        option["choices"] = [{"name": _in_all(label, _DESCRIPTION_LIMIT), "value": value} for value, label in arg.choices]
    if arg.kind is ArgKind.MINUTES:
        option |= {"min_value": 1, "max_value": _LONGEST_MINUTES}
    return option | ({"autocomplete": True} if arg.kind is ArgKind.TASK else {})


def _menu(kind: int, name: str, command: Command) -> Json:
    return _common(command.role, [_GUILD]) | {"type": kind, "name": _in_all(name, _NAME_LIMIT)}


def _common(role: Role | None, contexts: list[int]) -> Json:
    permissions = _PERMISSIONS.get(role) if role else None
    return {"default_member_permissions": permissions.value if permissions else None, "contexts": contexts}


def _in_all(sentence: str, limit: int) -> str:
    """The sentence in every language, or in English alone where they do not fit together."""
    english = words_for("en", False, "UTC").say(sentence)
    others = [words_for(language, False, "UTC").say(sentence) for language in LANGUAGES if language != "en"]
    together = " · ".join(dict.fromkeys([english, *others]))
    return together if len(together) <= limit else english[:limit]


async def publish(http: discord.http.HTTPClient, application: int) -> None:
    """Register the commands where those that are registered differ. Raises discord.HTTPException."""
    wanted = declare_all()
    known: Iterable[Any] = await http.get_global_commands(application)
    if _same(wanted, known):
        return
    await http.bulk_upsert_global_commands(application, wanted)
    log.info("%d commands registered with Discord", len(wanted))


def _same(wanted: list[Json], known: Iterable[Any]) -> bool:
    found = {(one.get("type", _SLASH), one["name"]): one for one in known}
    names = {(one["type"], one["name"]) for one in wanted}
    return names == found.keys() and all(_agrees(one, found[one["type"], one["name"]]) for one in wanted)


def _agrees(ours: Any, theirs: Any) -> bool:
    """Whether Discord's copy says what ours says; it adds fields of its own, leaves out those that are false, and
    tells permissions as text."""
    if isinstance(ours, dict):
        return isinstance(theirs, dict) and all(_agrees(value, theirs.get(name)) for name, value in ours.items())
    if isinstance(ours, list):
        theirs = theirs or []
        return len(ours) == len(theirs) and all(map(_agrees, ours, theirs))
    return bool(ours == theirs or str(ours) == theirs or (not ours and not theirs))
