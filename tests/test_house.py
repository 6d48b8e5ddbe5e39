"""The rules of the house that no linter knows."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement

from tools.docs import ROOT

LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-uv.lock")


def locked(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", (ROOT / lock).read_text(), re.MULTILINE))


def test_commit_stands_in_one_file() -> None:
    paths = [path for folder in ("bot", "handlers", "models") for path in (ROOT / folder).rglob("*.py")]
    found = {path.relative_to(ROOT).as_posix() for path in paths if ".commit(" in path.read_text(encoding="utf-8")}
    assert found == {"bot/edge.py"}


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_have_hashes_and_no_addresses(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*-", text.replace("--hash", "hash"), re.MULTILINE)
    assert all("--hash=sha256:" in entry for entry in re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)[1:])


def test_locks_fit_the_project_and_each_other() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    running, developing = locked("requirements.lock"), locked("requirements-dev.lock")
    for wanted, lock in ((project["project"]["dependencies"], running), (project["dependency-groups"]["dev"], developing)):
        for requirement in map(Requirement, wanted):
            name = requirement.name.lower().replace(".", "-").replace("_", "-")
            assert requirement.specifier.contains(lock[name]), "run `make lock`"
    assert running.items() <= developing.items(), "run `make lock`"
