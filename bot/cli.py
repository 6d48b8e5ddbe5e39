"""The command line: `python -m bot …`."""

import asyncio
import logging
import os
import platform
import sys
import tempfile
from collections.abc import Coroutine
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter, validators
from sqlalchemy import URL

import bot
from bot.sections import DatabaseSettings, PlaygroundSettings, StoreSettings
from bot.settings import CONFIG_PATH, FIELDS, Settings, SettingsError, load

log = logging.getLogger(__name__)

ConfigOption = Annotated[Path | None, Parameter(name=["--config", "-c"])]
PortOption = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=65535))]

app = App(
    name="python -m bot",
    help="Himma (همّة) coordinates micro-volunteering: a chatbot for Telegram and Discord, in Arabic and English.",
    version=bot.__version__,
    help_epilogue="Every setting is described in docs/settings.md; config.example.toml is a file to begin with.",
)


@app.command
def run(*, config: ConfigOption = None) -> int:
    """Start what the settings say. It is also what happens without any command.

    Without a config.toml it is the playground: a web page with a sample community, on this machine alone.

    Parameters
    ----------
    config
        The file with the settings; left out, config.toml in this folder, if there is one.
    """
    path, settings = _settings(config)
    if settings is None:
        return 2
    if path is None and settings.serves_playground:
        url = settings.database.url
        kept = url.database if url.get_backend_name() == "sqlite" else url.set(drivername="postgresql")
        _welcome(settings, f"Everything is kept in {kept}; docs/ tells the rest.")
    return _carry_out(_serve(settings, path), settings)


@app.command
def demo(*, folder: Path | None = None, host: str = "127.0.0.1", port: PortOption = 8765) -> int:
    """Start the playground, whatever config.toml says.

    Parameters
    ----------
    folder
        Where to keep its database and pictures; left out, a temporary folder that goes away at the end.
    host
        The address to listen on. Whoever reaches it can act as anybody in the sample community.
    port
        The port to listen on.
    """
    with ExitStack() as stack:
        kept = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="himma-demo-")))
        settings = Settings(
            database=DatabaseSettings(url=URL.create("sqlite", database=str(kept / "himma.db"))),
            playground=PlaygroundSettings(enabled=True, host=host, port=port),
            store=StoreSettings(folder=kept / "pictures"),
        )
        _welcome(settings, f"Everything is kept in {folder}." if folder else "Everything goes away at the end.")
        return _carry_out(_serve(settings, None), settings)


@app.command
def migrate(*, config: ConfigOption = None) -> int:
    """Bring the database's tables up to date. `run` does this too, before it starts.

    Parameters
    ----------
    config
        The file with the settings; left out, config.toml in this folder, if there is one.
    """
    _, settings = _settings(config)
    if settings is None:
        return 2
    return _carry_out(_migrate(settings), settings)


@app.command
def check_config(*, config: ConfigOption = None) -> int:
    """Tell what is wrong with the settings, everything at once, or what they come to. Secrets are not shown.

    Parameters
    ----------
    config
        The file with the settings; left out, config.toml in this folder, if there is one.
    """
    path, settings = _settings(config)
    if settings is None:
        return 2
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("setting", "value", title=f"{path or 'No config.toml, so defaults'} and the environment: nothing is wrong")
    for section, fields in FIELDS.items():
        for key in fields:
            value = getattr(getattr(settings, section), key)
            table.add_row(Text(f"[{section}] {key}"), Text("" if value is None else str(value)))
    Console().print(table)
    return 0


@app.command
def status(*, config: ConfigOption = None, metrics: bool = False) -> int:
    """Tell when each thing that time causes was last looked after; the exit code is 1 where one is late, or never was.

    Parameters
    ----------
    config
        The file with the settings; left out, config.toml in this folder, if there is one.
    metrics
        In the text format that Prometheus reads, from a file that its node exporter collects for example.
    """
    _, settings = _settings(config)
    if settings is None:
        return 2
    from bot.status import NotWell, tell_status

    try:
        asyncio.run(tell_status(settings.database.url, in_metrics=metrics))
    except NotWell as trouble:
        print(trouble, file=sys.stderr)  # noqa: T201  # what programs read is not to be mixed with it
        return 1
    return 0


@app.command
def version() -> int:
    """Tell which Himma this is, and on what it runs."""
    _say(f"Himma {bot.__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}")
    return 0


async def _migrate(settings: Settings) -> None:
    from bot.database import Database

    database = Database(settings.database.url)
    try:
        await database.migrate()
    finally:
        await database.close()
    _say(f"The tables in {settings.database.url} are up to date.")


def main() -> None:
    given = sys.argv[1:]
    is_command = bool(given) and (not given[0].startswith("-") or given[0] in {"--help", "-h", "--version"})
    app(given if is_command else ["run", *given])


def _settings(config: Path | None) -> tuple[Path | None, Settings | None]:
    """The file that was read and the settings; None, and the faults told, where they are wrong."""
    path = config or (CONFIG_PATH if CONFIG_PATH.exists() else None)
    try:
        return path, load(path, os.environ)
    except SettingsError as error:
        from rich.console import Console
        from rich.text import Text

        console = Console(stderr=True, soft_wrap=True, highlight=False)
        for fault in error.faults:
            console.print(
                Text.assemble((fault.source, "bold"), ": ", (fault.key, "cyan"), ": " if fault.key else "", fault.problem)
            )
        console.print("docs/settings.md describes every setting.")
        return path, None


def _welcome(settings: Settings, where_kept: str) -> None:
    page = settings.playground
    _say(f"Himma's playground is at http://{page.host}:{page.port}, with a sample community of four people. Ctrl-C stops it.")
    _say("To connect Telegram: get a token from @BotFather, put it into config.toml (see config.example.toml), start again.")
    _say(where_kept)


async def _serve(settings: Settings, path: Path | None) -> None:
    from bot.app import run as serve

    await serve(settings, config_path=path)


def _carry_out(work: Coroutine[None, None, None], settings: Settings) -> int:
    """Run `work` until it is done or stopped; the exit code."""
    from bot.logs import set_up
    from bot.stopping import run_until_stopped

    set_up(settings)
    try:
        run_until_stopped(work)
    except Exception as error:  # noqa: BLE001  (the end of the line: told, and the process ends)
        for cause in _causes(error):
            _tell(cause)
        return 1
    return 0


def _causes(error: Exception) -> list[Exception]:
    """The errors in a group of errors; any other stands for itself."""
    if not isinstance(error, ExceptionGroup):
        return [error]
    return [cause for part in error.exceptions for cause in _causes(part)]


def _tell(error: Exception) -> None:
    """One line for what a deployer must mend; for all else how it came about, too."""
    from sqlalchemy.exc import SQLAlchemyError

    from bot.platform import NeedsMending

    is_ours = not isinstance(error, OSError | SQLAlchemyError | NeedsMending)
    log.error("Himma cannot go on: %s", error, exc_info=error if is_ours or log.isEnabledFor(logging.DEBUG) else None)


def _say(line: str) -> None:
    from rich.console import Console
    from rich.text import Text

    Console(soft_wrap=True, highlight=False).print(Text(line))
