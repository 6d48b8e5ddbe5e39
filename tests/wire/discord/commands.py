"""The app's commands: what Discord takes when they are registered, and what a person's app offers of them.

https://discord.com/developers/docs/interactions/application-commands
"""

import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from tests.wire.discord import permissions
from tests.wire.discord.permissions import Permission
from tests.wire.discord.refusal import Flaw, refuse_flaws, too_long, too_many, unknown
from tests.wire.discord.world import Channel, User, World

DOCUMENTED_LOCALES: Final = frozenset({
    "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl", "no", "pl", "pt-BR", "ro", "fi",
    "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th", "zh-CN", "ja", "zh-TW", "ko",
})  # fmt: skip
"""https://discord.com/developers/docs/reference#locales. There is no Arabic among them."""
MOST: Final = {1: 100, 2: 15, 3: 15}
"""How many commands of each type an app has: slash commands, those on people and those on messages."""
CHARACTERS: Final = 8000
_SUBCOMMAND, _GROUP = 1, 2
_KINDS: Final = frozenset(range(1, 12))

Json = dict[str, Any]


class Commands:
    """What is registered, everywhere and by guild."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.locales = DOCUMENTED_LOCALES
        """The languages that names and descriptions may be given in."""
        self.registered: dict[int, dict[str, Json]] = {}
        """By guild (0 is everywhere) and command id."""

    # As the app registers them

    def known(self, guild: int) -> list[Json]:
        return list(self.registered.get(guild, {}).values())

    def overwrite(self, guild: int, given: list[Json]) -> list[Json]:
        """Put these in the place of all; those that keep name and type keep their id."""
        refuse_flaws(itertools.chain.from_iterable(self._flaws(one, index) for index, one in enumerate(given)))
        refuse_flaws(_together_flaws(given))
        old = {(one["type"], one["name"]): one["id"] for one in self.known(guild)}
        made = [self._complete(guild, one, old.get((one.get("type", 1), one["name"]))) for one in given]
        self.registered[guild] = {one["id"]: one for one in made}
        return made

    def upsert(self, guild: int, given: Json) -> Json:
        """Add one, or change the one of its name and type."""
        refuse_flaws(self._flaws(given, None))
        same = [one for one in self.known(guild) if (one["type"], one["name"]) == (given.get("type", 1), given["name"])]
        refuse_flaws(_together_flaws([*(one for one in self.known(guild) if one not in same), given]))
        made = self._complete(guild, given, same[0]["id"] if same else None)
        self.registered.setdefault(guild, {})[made["id"]] = made
        return made

    def get(self, guild: int, command: str) -> Json:
        try:
            return self.registered[guild][command]
        except KeyError:
            raise unknown("application command") from None

    def change(self, guild: int, command: str, given: Json) -> Json:
        changed = self.get(guild, command) | given
        refuse_flaws(self._flaws(changed, None))
        self.registered[guild][command] = changed
        return changed

    def delete(self, guild: int, command: str) -> None:
        self.get(guild, command)
        del self.registered[guild][command]

    def _complete(self, guild: int, given: Json, known_id: str | None) -> Json:
        told = {"type": 1, "description": "", "contexts": None, "integration_types": [0], "nsfw": False} | given
        wanted = given.get("default_member_permissions")
        told["default_member_permissions"] = None if wanted is None else str(wanted)
        told |= {"id": known_id or str(self._world.new_id()), "application_id": str(self._world.bot.id)}
        told["version"] = str(self._world.new_id())
        return told | ({"guild_id": str(guild)} if guild else {})

    def _flaws(self, command: Json, index: int | None) -> Iterator[Flaw]:
        kind = command.get("type", 1)
        found = itertools.chain(
            self._named_flaws(command, described=kind == 1, strict=kind == 1),
            self._option_list_flaws(command.get("options") or [], depth=0),
            _size_flaws(command),
        )
        if kind != 1 and (command.get("options") or command.get("description")):
            found = itertools.chain(found, [Flaw(("options",), "BASE_TYPE_BAD_TYPE", "Only slash commands are described.")])
        yield from (flaw if index is None else flaw.under(index) for flaw in found)

    def _named_flaws(self, thing: Json, *, described: bool, strict: bool = True) -> Iterator[Flaw]:
        for locale, name in {"": thing.get("name", ""), **(thing.get("name_localizations") or {})}.items():
            path: tuple[str | int, ...] = ("name_localizations", locale) if locale else ("name",)
            if strict and not is_name(name):
                yield Flaw(path, "APPLICATION_COMMAND_INVALID_NAME", f"Command name is invalid: {name!r}")
            yield from too_long(path, name, 32 if "choice" not in thing else 100, 1)
        if described:
            yield from too_long(("description",), thing.get("description") or "", 100, 1)
        for locale, words in (thing.get("description_localizations") or {}).items():
            yield from too_long(("description_localizations", locale), words, 100, 1)
        for field in ("name_localizations", "description_localizations"):
            for locale in (thing.get(field) or {}).keys() - self.locales:
                yield Flaw((field, locale), "BASE_TYPE_CHOICES", f"{locale} is not among the documented locales.")

    def _option_list_flaws(self, options: list[Json], *, depth: int) -> Iterator[Flaw]:
        yield from too_many(("options",), options, 25)
        names = Counter(option.get("name") for option in options)
        optional_seen = False
        for index, option in enumerate(options):
            if names[option.get("name")] > 1:
                yield Flaw(("options", index, "name"), "APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATED", "Names must be unique.")
            if option.get("required") and optional_seen:
                message = "Required options must be placed before non-required options"
                yield Flaw(("options", index), "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
            optional_seen = optional_seen or (not option.get("required") and option.get("type") not in {_SUBCOMMAND, _GROUP})
            yield from (flaw.under("options", index) for flaw in self._option_flaws(option, depth))
        kinds = {option.get("type") in {_SUBCOMMAND, _GROUP} for option in options}
        if len(kinds) > 1:
            yield Flaw(("options",), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Sub-commands stand beside no other options.")

    def _option_flaws(self, option: Json, depth: int) -> Iterator[Flaw]:
        kind = option.get("type")
        yield from self._named_flaws(option, described=True)
        if kind not in _KINDS or (kind == _GROUP and depth) or (kind == _SUBCOMMAND and depth > 1):
            yield Flaw(("type",), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Sub-command and option types are invalid")
        if kind in {_SUBCOMMAND, _GROUP}:
            yield from self._option_list_flaws(option.get("options") or [], depth=depth + 1 if kind == _GROUP else 2)
        choices = option.get("choices") or []
        yield from too_many(("choices",), choices, 25)
        if option.get("autocomplete") and choices:
            message = "Cannot have choices and autocomplete"
            yield Flaw(("autocomplete",), "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES", message)
        if option.get("autocomplete") and kind not in {3, 4, 10}:
            yield Flaw(("autocomplete",), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "This type has no autocomplete")
        for index, choice in enumerate(choices):
            found = self._named_flaws(choice | {"choice": True}, described=False, strict=False)
            yield from (flaw.under("choices", index) for flaw in found)

    # As a person's app offers them

    def offered(self, user: User, channel: Channel, kind: int = 1) -> list[Json]:
        """The commands that somebody can use in a channel; a guild's own stand before those for everywhere."""
        guild = channel.guild
        own = self.known(guild.id) if guild else []
        own_names = {(one["type"], one["name"]) for one in own}
        everywhere = [one for one in self.known(0) if (one["type"], one["name"]) not in own_names]
        return [one for one in own + everywhere if one["type"] == kind and self._may_use(one, user, channel)]

    @staticmethod
    def _may_use(command: Json, user: User, channel: Channel) -> bool:
        if channel.guild is None:
            contexts = command.get("contexts")
            return 1 in contexts if contexts else command.get("dm_permission") is not False
        if command.get("contexts") and 0 not in command["contexts"]:
            return False
        granted = permissions.in_channel(channel, user.id)
        if not granted & Permission.USE_APPLICATION_COMMANDS:
            return False
        wanted = command.get("default_member_permissions")
        if wanted is None or granted == permissions.ALL:
            return True
        return int(wanted) != 0 and granted & int(wanted) == int(wanted)


def is_name(name: str) -> bool:
    """Whether a slash command or an option may be called so: letters, digits, `-`, `_` and `'`, nothing in upper case."""
    letters = all(char in "-_'" or unicodedata.category(char)[0] in "LN" or _is_deva_or_thai(char) for char in name)
    return 1 <= len(name) <= 32 and letters and name == name.lower()


def _is_deva_or_thai(char: str) -> bool:
    return bool(re.match("[\u0900-\u097f\u0e00-\u0e7f]", char))


def localized(thing: Json, locale: str, what: str = "name") -> str:
    """A name or description as somebody with this locale reads it."""
    words: str = (thing.get(f"{what}_localizations") or {}).get(locale) or thing[what]
    return words


def _together_flaws(commands: list[Json]) -> Iterator[Flaw]:
    for kind, count in Counter(one.get("type", 1) for one in commands).items():
        if count > (most := MOST.get(kind, 0)):
            yield Flaw((), "APPLICATION_COMMAND_TOO_MANY", f"Maximum number of application commands reached ({most}).")
    for (_, name), count in Counter((one.get("type", 1), one["name"]) for one in commands).items():
        if count > 1:
            yield Flaw((), "APPLICATION_COMMANDS_DUPLICATE_NAME", f"Application command names must be unique: {name}")


def _size_flaws(command: Json) -> Iterator[Flaw]:
    """All names, descriptions and values of a command together; of the localizations only the longest counts."""
    if _size(command) > CHARACTERS:
        yield Flaw((), "APPLICATION_COMMAND_TOO_LARGE", f"Command exceeds maximum size ({CHARACTERS})")


def _size(thing: Json) -> int:
    size = 0
    for what in ("name", "description"):
        every = [thing.get(what) or "", *(thing.get(f"{what}_localizations") or {}).values()]
        size += max(map(len, every))
    size += len(thing["value"]) if isinstance(thing.get("value"), str) else 0
    return size + sum(_size(inner) for name in ("options", "choices") for inner in thing.get(name) or [])
