"""Mail beside the platforms that people speak on: it does not keep a process alive that has nothing else to do."""

import logging
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import make_url

from bot.core import Core
from bot.database import Database
from bot.store import FolderStore
from bot.telegram import Telegram, TokenRefused
from tests.dialogue import Clock
from tests.post import Post
from tests.wire.telegram import TelegramWire


async def test_where_nobody_can_speak_to_us_there_is_nothing_to_run(tmp_path: Path, post: Post) -> None:
    database, store, clock = Database(make_url(f"sqlite+aiosqlite:///{tmp_path}/x.db")), FolderStore(tmp_path), Clock()
    async with TelegramWire() as wire:
        telegram = Telegram("4242:wrong-and-secret", store, api_url=wire.url, now=clock.now)
        core = Core(database, [telegram, *post.platforms(database, store, clock)], store, clock)
        with pytest.raises(TokenRefused):  # with another platform that people speak on, it would be tried again and again
            await core._keep_running(telegram)
        await telegram.close()
    await database.close()


async def test_a_port_that_is_taken_is_told_and_the_rest_goes_on(
    tmp_path: Path, post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    database, store, clock = Database(make_url(f"sqlite+aiosqlite:///{tmp_path}/x.db")), FolderStore(tmp_path), Clock()
    (mail,) = post.platforms(database, store, clock)
    caplog.set_level(logging.INFO)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", post.page_port))
        taken.listen()
        with pytest.raises(Exception, match=r"\[mail\] page_host, page_port: cannot listen on 127\.0\.0\.1") as told:
            await mail.run(lambda event: pytest.fail("nothing is received by mail"))
    assert type(told.value).__name__ == "CannotListen"
    await database.close()


def test_nothing_of_mail_is_loaded_where_it_is_not_set_up() -> None:
    program = "import sys, bot.app, bot.core, bot.telegram; print({'aiosmtplib', 'jinja2', 'bot.mail'} & set(sys.modules))"
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3]
    )
    assert told.stdout.strip() == "set()"
