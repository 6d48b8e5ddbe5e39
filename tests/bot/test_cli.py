"""What a deployer types, run as they run it: in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import bot

ROOT = Path(bot.__file__).parents[1]


def himma(*arguments: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HIMMA_")}
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        cwd=folder,
        env={**clean, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "NO_COLOR": "1", **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_names_every_command(tmp_path: Path) -> None:
    told = himma("--help", folder=tmp_path)
    assert told.returncode == 0
    assert all(f"│ {command} " in told.stdout for command in ("run", "demo", "migrate", "check-config", "version"))


@pytest.mark.parametrize("command", ["run", "demo", "migrate", "check-config", "version"])
def test_every_command_has_help(tmp_path: Path, command: str) -> None:
    told = himma(command, "--help", folder=tmp_path)
    assert told.returncode == 0
    assert told.stdout.startswith(f"Usage: python -m bot {command}")


def test_version(tmp_path: Path) -> None:
    assert himma("version", folder=tmp_path).stdout.startswith(f"Himma {bot.__version__}, Python 3.")
    assert himma("--version", folder=tmp_path).stdout.strip() == bot.__version__


def test_a_slip_of_the_finger_is_answered_with_what_was_meant(tmp_path: Path) -> None:
    told = himma("chekc-config", folder=tmp_path)
    assert told.returncode != 0
    assert 'Did you mean "check-config"?' in told.stderr


@pytest.mark.parametrize("command", ["run", "migrate", "check-config"])
def test_wrong_settings_are_told_all_at_once(tmp_path: Path, command: str) -> None:
    (tmp_path / "config.toml").write_text('[telegram]\ntokn = "123:S3cr3t"\nmode = "pulling"\n')
    told = himma(command, folder=tmp_path, HIMMA__PLAYGROUND__PORT="S3cr3t")
    assert told.returncode == 2
    assert told.stderr.splitlines() == [
        "config.toml: [telegram] tokn: no such key; did you mean token?",
        'config.toml: [telegram] mode: should be "polling" or "webhook"; did you mean polling?',
        "HIMMA__PLAYGROUND__PORT: [playground] port: should be a whole number",
        "docs/settings.md describes every setting.",
    ]
    assert told.stdout == ""


def test_a_config_that_is_named_must_be_there(tmp_path: Path) -> None:
    told = himma("--config", "other.toml", folder=tmp_path)
    assert told.returncode == 2
    assert told.stderr.startswith("other.toml: no such file or directory\n")


def test_right_settings_are_shown_without_their_secrets(tmp_path: Path) -> None:
    config = tmp_path / "other.toml"
    config.write_text('[telegram]\ntoken = "123:S3cr3t"\n[database]\nurl = "postgresql://ann:S3cr3t@db/himma"\n')
    told = himma("check-config", "--config", str(config), folder=tmp_path)
    assert told.returncode == 0
    assert "nothing is wrong" in told.stdout
    assert "postgresql+asyncpg://ann:***@db/himma" in told.stdout
    assert "S3cr3t" not in told.stdout + told.stderr


def test_migrate_makes_the_tables(tmp_path: Path) -> None:
    for _ in range(2):
        told = himma("migrate", folder=tmp_path)
        assert told.returncode == 0
        assert "data/himma.db are up to date" in told.stdout
    assert (tmp_path / "data" / "himma.db").stat().st_size > 0


def test_a_database_that_cannot_be_reached_is_told_without_its_password(tmp_path: Path) -> None:
    told = himma("migrate", folder=tmp_path, HIMMA__DATABASE__URL="postgresql://ann:S3cr3t@127.0.0.1:1/himma")
    assert told.returncode == 1
    assert "Himma cannot go on" in told.stderr
    assert "Connect call failed" in told.stderr
    assert "Traceback" not in told.stderr
    assert "S3cr3t" not in told.stdout + told.stderr
