"""Writes the pages that the code knows better than we do: `make docs`. A test holds them to be current."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath

from pydantic.fields import FieldInfo
from sqlalchemy import URL

import handlers  # noqa: F401  # registers every command
from bot.settings import FIELDS, Settings
from handlers.registry import FREE_WORDS, Arg, Command, Where, public_commands
from handlers.words import to_latin_digits, words_for
from models.roles import Role

ROOT = Path(__file__).parent.parent

_EXAMPLE_HEAD = """\
# Himma's settings. Copy this file to config.toml, take the # away before the keys that you need, and write your values.
# What is left out keeps the default that docs/settings.md lists. Every key is also an environment variable, which wins:
# [telegram] token is HIMMA__TELEGRAM__TOKEN. `python -m bot check-config` tells what is wrong, if anything.
"""

_PAGE_HEAD = """\
# Settings

Himma reads `config.toml` in the folder where it starts (another file: `--config`), then the environment, which wins. Every key
can be left out. `python -m bot check-config` tells every fault at once.
[`config.example.toml`](../config.example.toml) is a file to begin with.

This page is generated from `bot/sections.py` by `make docs`.
"""


def _toml(value: object) -> str:
    if isinstance(value, URL):
        # Without the driver, as people write it.
        return json.dumps(value.set(drivername=value.get_backend_name()).render_as_string())
    return json.dumps(str(value) if isinstance(value, PurePath) else value)


def _default(field: FieldInfo) -> str:
    return "" if field.default is None else f"`{_toml(field.default)}`"


def config_example() -> str:
    """`config.example.toml`: every key, with its default or an example."""

    def lines() -> Iterator[str]:
        yield _EXAMPLE_HEAD
        for section, fields in FIELDS.items():
            yield f"# {_meaning(section)}\n[{section}]"
            for key, field in fields.items():
                value = field.default if field.default is not None else (field.examples or [""])[0]
                yield f"# {field.description}\n#{key} = {_toml(value)}"
            yield ""

    return "\n".join(lines())


def settings_page() -> str:
    """docs/settings.md: every key in a table."""

    def lines() -> Iterator[str]:
        yield _PAGE_HEAD
        for section, fields in FIELDS.items():
            yield f"## [{section}]\n\n{_meaning(section)}\n"
            yield "| key | default | environment variable | meaning |\n| --- | --- | --- | --- |"
            for key, field in fields.items():
                variable = f"HIMMA__{section}__{key}".upper()
                yield f"| `{key}` | {_default(field)} | `{variable}` | {(field.description or '').replace('|', '&#124;')} |"
            yield ""

    return "\n".join(lines())


def _meaning(section: str) -> str:
    return " ".join((type(Settings.model_fields[section].default).__doc__ or "").split())


_COMMANDS_HEAD = """\
# Commands

What people can say to Himma, the same on every platform: `/claim 12`. Everything has its buttons too, and most people will
only ever press those. An argument in `<…>` is needed (where it is missing, there is a list to choose from); one in `[…]` may
be left out. Numbers can be written as 12 or as ١٢. `/help` shows each person only what they can do where they ask.

This page is generated from what `handlers/` declare, by `make docs`.
"""
_GROUPS = {
    None: "Anybody",
    Role.VOLUNTEER: "Volunteers",
    Role.MODERATOR: "Moderators",
    Role.ORGANIZER: "Organizers",
}
_PLACES = {Where.ANYWHERE: "anywhere", Where.PRIVATE: "in the private chat", Where.GROUP: "in a group"}
_SAYINGS = (
    ("tasks", "مهام"),
    ("I have 5 minutes", "عندي ٥ دقائق"),
    ("my tasks", "مهامي"),
    ("my settings", "إعداداتي"),
    ("help", "مساعدة"),
)
_LABELS = ("I'm in", "Done", "Give back", "Approve", "Send back", "Reject", "Skip", "Back", "Cancel", "Confirm")
_ENGLISH, _ARABIC = words_for("en", False, "UTC"), words_for("ar", True, "UTC")


def commands_page() -> str:
    """docs/commands.md: every command that people can type, by the role it is for."""

    def lines() -> Iterator[str]:
        yield _COMMANDS_HEAD
        for role, title in _GROUPS.items():
            yield f"## {title}\n"
            yield "| command | does | ما يفعله | where |\n| --- | --- | --- | --- |"
            yield from (_command_line(one) for one in public_commands() if one.role == role)
            yield ""
        yield "## Words\n\nIn a private chat these do as well.\n\n| in English | بالعربية | is |\n| --- | --- | --- |"
        yield from (f"| {english} | {arabic} | {_meant_by(english, arabic)} |" for english, arabic in _SAYINGS)
        yield "\n## Buttons\n\nThe main ones; a count may stand behind the words.\n\n| in English | بالعربية |\n| --- | --- |"
        yield from (f"| {label} | {_ARABIC.say(label)} |" for label in _LABELS)
        yield ""

    return "\n".join(lines())


def _command_line(command: Command) -> str:
    usage = " ".join([f"/{command.name}", *(f"<{arg.name}>" if arg.required else f"[{arg.name}]" for arg in command.args)])
    does = [_ENGLISH.say(command.help), *map(_argument, command.args)]
    return f"| `{usage}` | {'; '.join(does)} | {_ARABIC.say(command.help)} | {_PLACES[command.where]} |"


def _argument(arg: Arg) -> str:
    return f"`{arg.name}`: {_ENGLISH.say(arg.help)}".replace("|", "&#124;")


def _meant_by(*sayings: str) -> str:
    """The command that these words stand for, as it would be typed."""
    for pattern, name in FREE_WORDS:
        found = [re.fullmatch(pattern, to_latin_digits(said).lower()) for said in sayings]
        if match := next(filter(None, found), None):
            return f"`/{name} {match.groupdict().get('args') or ''}".strip() + "`"
    raise LookupError(f"no command goes by {sayings}")


PAGES: dict[str, Callable[[], str]] = {
    "config.example.toml": config_example,
    "docs/commands.md": commands_page,
    "docs/settings.md": settings_page,
}


def main() -> None:
    for path, page in PAGES.items():
        (ROOT / path).write_text(page(), encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
