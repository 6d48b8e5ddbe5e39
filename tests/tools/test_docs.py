"""What the docs say is so: pages are current, examples run, links lead somewhere, every table has its line."""

import re
import sys
import types
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import models.pictures  # noqa: F401  # all of models/ is loaded by then
from bot.ticks import KEEP_DELIVERED, KEEP_DIALOGUES
from handlers.flows import LIFETIME
from handlers.registry import COMMANDS, FREE_WORDS
from models.base import Base
from tests.dialogue import Talk
from tools import docs

TEXTS = sorted([*docs.ROOT.glob("*.md"), *(docs.ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def read(path: str) -> str:
    return (docs.ROOT / path).read_text(encoding="utf-8")


def test_every_command_and_argument_has_its_line() -> None:
    page = read("docs/commands.md")
    for command in COMMANDS.values():
        if command.is_public:
            (line,) = [line for line in page.splitlines() if re.match(rf"\| `/{command.name}\b", line)]
            assert all(f"`{argument.name}`" in line for argument in command.args)


def test_every_table_has_its_line_in_privacy() -> None:
    told = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (.+?) \|", read("docs/privacy.md"), re.MULTILINE))))
    assert told == set(Base.metadata.tables)


def test_privacy_tells_how_long_things_are_kept() -> None:
    lines = {line.split(" | ")[0]: line for line in read("docs/privacy.md").splitlines()}
    assert f" {KEEP_DELIVERED.days} days " in lines["| `inbox`"]
    assert f" {KEEP_DELIVERED.days} days " in lines["| `outbox`"]
    assert (
        f" {LIFETIME // timedelta(hours=1)} hours after the last answer, then {KEEP_DIALOGUES.days} days "
        in lines["| `dialogues`"]
    )


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(docs.ROOT).as_posix())
def test_links_lead_somewhere(path: Path) -> None:
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (path.parent / target).exists(), target


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.relative_to(docs.ROOT).as_posix())
def test_what_is_to_be_typed_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    for block in re.findall(r"`make ([^`]+)`", text):
        assert {word for word in re.sub(r"\w+=\S.*", "", block).split() if word != "…"} <= targets, block
    for name in re.findall(r"`/([a-z]+)[ `]", text):
        assert name in COMMANDS or name == "newbot" or (path.name == "contributing.md" and name == "next"), name
    for source in re.findall(r"`((?:bot|handlers|models|tools|tests|migrations|bench)/[\w/.]*)`", text):
        assert (docs.ROOT / source).exists() or source == "handlers/suggesting.py", source


@pytest.fixture
def example() -> Iterator[dict[str, str]]:
    """The worked example's files, by their names; what it declares is forgotten afterwards."""
    blocks = re.findall(r"```python\n# (\S+)\n(.*?)```", read("docs/contributing.md"), re.DOTALL)
    commands, free_words = dict(COMMANDS), list(FREE_WORDS)
    yield dict(blocks)
    COMMANDS.clear()
    COMMANDS.update(commands)
    FREE_WORDS[:] = free_words
    sys.modules.pop("handlers.suggesting", None)


async def test_the_worked_example_works(example: dict[str, str], chat: Talk) -> None:
    handler = types.ModuleType("handlers.suggesting")
    exec(compile(example["handlers/suggesting.py"], "handlers/suggesting.py", "exec"), handler.__dict__)  # noqa: S102
    test: dict[str, Any] = {}
    exec(compile(example["tests/handlers/test_suggesting.py"], "test_suggesting.py", "exec"), test)  # noqa: S102

    (dialogue,) = [function for name, function in test.items() if name.startswith("test_")]
    await dialogue(chat)
