"""What a deployer types, run as they run it: in a process of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
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
    assert all(f"│ {command} " in told.stdout for command in ("run", "demo", "migrate", "check-config", "status", "version"))


@pytest.mark.parametrize("command", ["run", "demo", "migrate", "check-config", "status", "version"])
def test_every_command_has_help(tmp_path: Path, command: str) -> None:
    told = himma(command, "--help", folder=tmp_path)
    assert told.returncode == 0
    assert told.stdout.startswith(f"Usage: python -m bot {command}")


def test_status_tells_what_was_not_looked_after(tmp_path: Path) -> None:
    assert "[database] url: nothing could be read from sqlite:///data/himma.db" in himma("status", folder=tmp_path).stderr
    himma("migrate", folder=tmp_path)
    told = himma("status", folder=tmp_path)
    assert told.returncode == 1
    assert "housekeeping" in told.stdout
    assert "never" in told.stdout
    assert told.stderr.startswith("Late, or not looked after at all: ")


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
    assert "[database] url: postgresql://ann:***@127.0.0.1:1/himma cannot be used" in told.stderr
    assert "Traceback" not in told.stderr
    assert "S3cr3t" not in told.stdout + told.stderr


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("HIMMA__DATABASE__URL=sqlite:///taken/himma.db", "[database] url: sqlite:///taken/himma.db cannot be used: "),
        ("HIMMA__DATABASE__URL=sqlite:///taken", "[database] url: sqlite:///taken cannot be used: file is not a database. "),
        ("HIMMA__STORE__FOLDER=taken/pictures", "[store] folder: cannot write into taken/pictures: "),
    ],
)
def test_what_cannot_be_written_is_told_by_its_key_with_what_to_do(tmp_path: Path, setting: str, told: str) -> None:
    (tmp_path / "taken").write_text("Something else has this name. " * 100)
    name, _, value = setting.partition("=")
    ended = himma("run", folder=tmp_path, **{name: value})
    assert ended.returncode == 1
    assert f"Himma cannot go on: {told}" in ended.stderr
    assert "can be named in config.toml." in ended.stderr
    assert "Traceback" not in ended.stderr


@contextmanager
def started(*arguments: str, folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """Himma once its page answers."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "HIMMA__PLAYGROUND__PORT": str(port), "COLUMNS": "200"}
    with subprocess.Popen(
        [sys.executable, "-m", "bot", *arguments],
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            until = time.monotonic() + 30
            while not answers(port):
                assert process.poll() is None, process.communicate()[0]
                assert time.monotonic() < until
                time.sleep(0.05)
            yield process
        finally:
            process.kill()


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def stop(process: subprocess.Popen[str]) -> str:
    """Press Ctrl-C; what was printed until then."""
    before = time.monotonic()
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=20)
    assert time.monotonic() - before < 2
    assert process.returncode == 0
    return told


def test_without_a_config_the_playground_starts_and_stops_cleanly(tmp_path: Path, port: int) -> None:
    for _ in range(2):
        with started(folder=tmp_path, port=port) as process:
            lines = stop(process).splitlines()
        assert lines[0].startswith(f"Himma's playground is at http://127.0.0.1:{port}, ")
        assert lines[1].startswith("To connect Telegram: ")
        assert lines[2].startswith("Everything is kept in data/himma.db")
        assert "Traceback" not in "".join(lines)
    assert (tmp_path / "data" / "himma.db").exists()


def test_a_demo_leaves_nothing_behind(tmp_path: Path, port: int) -> None:
    (tmp_path / "config.toml").write_text("this is not even TOML")
    with started("demo", "--port", str(port), folder=tmp_path, port=port) as process:
        assert "Everything goes away at the end." in stop(process)
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


def test_a_demo_can_be_kept(tmp_path: Path, port: int) -> None:
    with started("demo", "--folder", "kept", "--port", str(port), folder=tmp_path, port=port) as process:
        assert "Everything is kept in kept." in stop(process)
    assert (tmp_path / "kept" / "himma.db").exists()


def test_a_port_that_is_taken_is_told_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        told = himma("demo", "--port", str(taken.getsockname()[1]), folder=tmp_path)
    assert told.returncode == 1
    assert "address already in use" in told.stderr.lower()
    assert "Traceback" not in told.stderr
