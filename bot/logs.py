"""What the process tells about itself: lines for people or for log collectors, on standard error, with every secret masked."""

import json
import logging
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TextIO

from bot.settings import Settings

MASK = "***"
_QUIET = ("alembic", "apscheduler", "asyncio", "httpcore", "httpx", "PIL", "uvicorn.access", "uvicorn.error")
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def scrubber(secrets: frozenset[str]) -> Callable[[str], str]:
    """A function that replaces every one of `secrets` in a text, the longest first."""
    if not secrets:
        return str
    pattern = re.compile("|".join(re.escape(secret) for secret in sorted(secrets, key=len, reverse=True)))
    return lambda text: pattern.sub(MASK, text)


class TextFormatter(logging.Formatter):
    """A line for people. What is masked is the finished text: message, arguments and traceback alike."""

    def __init__(self, scrub: Callable[[str], str], line: str) -> None:
        super().__init__(line, datefmt="%Y-%m-%d %H:%M:%S%z")
        self._scrub = scrub

    def format(self, record: logging.LogRecord) -> str:
        return self._scrub(super().format(record))


class JsonFormatter(logging.Formatter):
    """An object a line: time (UTC), level, logger, message, the traceback as `error`, and whatever `extra` was given."""

    def __init__(self, scrub: Callable[[str], str]) -> None:
        super().__init__()
        self._scrub = scrub

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        told |= {key: str(value) for key, value in record.__dict__.items() if key not in _STANDARD}
        return json.dumps({key: self._scrub(value) for key, value in told.items()}, ensure_ascii=False)


def set_up(settings: Settings, stream: TextIO | None = None) -> None:
    """Send every log line of the process to `stream` (standard error), as the settings want it."""
    scrub = scrubber(settings.secrets())
    stream = stream or sys.stderr
    handler: logging.Handler
    if settings.log.format == "json":
        handler = logging.StreamHandler(stream)
        handler.setFormatter(JsonFormatter(scrub))
    elif stream.isatty():
        from rich.console import Console
        from rich.logging import RichHandler

        handler = RichHandler(console=Console(file=stream), show_path=False, markup=False)
        handler.setFormatter(TextFormatter(scrub, "%(message)s"))
    else:
        handler = logging.StreamHandler(stream)
        handler.setFormatter(TextFormatter(scrub, "%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    logging.basicConfig(level=settings.log.level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.NOTSET if settings.log.level == "debug" else logging.WARNING)
