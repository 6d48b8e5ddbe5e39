"""Writes the pages that the code knows better than we do: `make docs`. A test holds them to be current."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath

from pydantic.fields import FieldInfo
from sqlalchemy import URL

from bot.settings import FIELDS, Settings

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


PAGES: dict[str, Callable[[], str]] = {
    "config.example.toml": config_example,
    "docs/settings.md": settings_page,
}


def main() -> None:
    for path, page in PAGES.items():
        (ROOT / path).write_text(page(), encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
