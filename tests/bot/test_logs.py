"""Log lines are for people or for collectors, and hold no secret, whichever way it got into them."""

import io
import json
import logging
import warnings
from collections.abc import Iterator

import pytest

from bot.logs import set_up
from bot.settings import load

TOKEN = "123456789:AAbbCC_the-token"
PASSWORD = "p@ss/w0rd"
MAIL_PASSWORD = "m@il/w0rd"
ENVIRON = {
    "HIMMA__TELEGRAM__TOKEN": TOKEN,
    "HIMMA__MAIL__USERNAME": "himma",
    "HIMMA__MAIL__PASSWORD": MAIL_PASSWORD,
    "HIMMA__DATABASE__URL": "postgresql://ann:p%40ss%2Fw0rd@db/himma",
}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def tell_secrets() -> None:
    log = logging.getLogger("bot.test")
    log.info("asking https://api.example.org/bot%s/getMe", TOKEN)
    log.warning(f"dsn postgresql://ann:p%40ss%2Fw0rd@db, or {PASSWORD}")  # noqa: G004
    log.info("AUTH PLAIN %s, then %s", MAIL_PASSWORD, "m%40il%2Fw0rd")
    log.info("a mapping %s", {"token": TOKEN}, extra={"header": f"Bearer {TOKEN}"})
    try:
        raise ValueError(f"no such bot: {TOKEN}")
    except ValueError as error:
        log.exception("it failed", exc_info=error)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"beware of {PASSWORD}", stacklevel=1)


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["file", "terminal"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_reaches_a_line(form: str, stream: io.StringIO) -> None:
    stream.seek(0)
    stream.truncate()
    set_up(load(None, {**ENVIRON, "HIMMA__LOG__FORMAT": form}), stream)
    tell_secrets()
    told = "".join(stream.getvalue().split())  # a terminal wraps lines anywhere
    assert TOKEN not in told
    assert "AAbbCC" not in told
    assert "ss%2Fw0rd" not in told
    assert PASSWORD not in told
    assert MAIL_PASSWORD not in told
    assert "il%2Fw0rd" not in told
    assert told.count("***") >= 6
    assert "ValueError" in told


def test_a_collector_gets_an_object_a_line() -> None:
    stream = io.StringIO()
    set_up(load(None, {**ENVIRON, "HIMMA__LOG__FORMAT": "json"}), stream)
    tell_secrets()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["level"] for line in lines] == ["info", "warning", "info", "info", "error", "warning"]
    assert lines[0]["logger"] == "bot.test"
    assert lines[0]["message"] == "asking https://api.example.org/bot***/getMe"
    assert lines[0]["time"].endswith("+00:00")
    assert lines[3]["header"] == "Bearer ***"
    assert lines[4]["error"].endswith("ValueError: no such bot: ***")


def test_libraries_talk_only_when_asked_to() -> None:
    stream = io.StringIO()
    set_up(load(None, {}), stream)
    logging.getLogger("apscheduler.scheduler").info("tick")
    logging.getLogger("bot.clock").debug("tick")
    assert stream.getvalue() == ""
    set_up(load(None, {"HIMMA__LOG__LEVEL": "debug"}), stream)
    logging.getLogger("apscheduler.scheduler").info("tick")
    logging.getLogger("bot.clock").debug("tock")
    assert "tick" in stream.getvalue()
    assert "tock" in stream.getvalue()
