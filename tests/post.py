"""Mail beside the app that people have in their hands: our own pages, and a mail server that keeps what it gets."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bot.database import Database
from bot.edge import Edge
from bot.mail import Mail, Outlet, Server
from bot.pace import UNLIMITED, Pace
from bot.platform import Platform
from bot.store import FolderStore
from tests.dialogue import Clock, Somebody
from tests.wire.mail import MailWire, Received

SENDER = "Himma <himma@example.org>"

Beside = Callable[[Database, FolderStore, Clock], list[Platform]]
"""Makes the platforms that run beside the one that people have in their hands."""


def nothing(database: Database, store: FolderStore, clock: Clock) -> list[Platform]:
    """Nothing runs beside it."""
    return []


@dataclass
class Shown:
    """A page as a browser got it."""

    status: int
    text: str
    headers: dict[str, str]


@dataclass
class Post:
    """The mail server, and the way to our pages."""

    wire: MailWire
    page_port: int
    browser: aiohttp.ClientSession
    outlets: list[Outlet] = field(default_factory=list)

    @property
    def public_url(self) -> str:
        return f"http://127.0.0.1:{self.page_port}/mail"

    def platforms(self, database: Database, store: FolderStore, clock: Clock) -> list[Platform]:
        """Mail, as `bot.app` makes it."""
        outlet = Outlet(Server("127.0.0.1", self.wire.port, "none", own_name="himma.example.org"), rest_seconds=0)
        self.outlets.append(outlet)
        mail = Mail(
            outlet,
            Edge(database),
            store,
            sender=SENDER,
            public_url=self.public_url,
            now=clock.now,
            page_port=self.page_port,
            doors={"telegram": lambda payload: f"https://t.me/himma_bot?start={payload}"},
            pace=Pace(UNLIMITED),
        )
        return [mail]

    async def opened(self) -> None:
        """Wait until our pages are there."""
        for _ in range(500):
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.page_port)
                writer.close()
                return
            await asyncio.sleep(0.01)

    async def looks(self, url: str, **headers: str) -> Shown:
        """Follow a link."""
        await self.opened()
        async with self.browser.get(url, headers=headers) as response:
            return Shown(response.status, await response.text(), dict(response.headers))

    async def presses(self, url: str, data: Any = None) -> Shown:
        """Press the button on a page, or have the mail program do it."""
        async with self.browser.post(url, data=data) as response:
            return Shown(response.status, await response.text(), dict(response.headers))

    async def subscribes(self, somebody: Somebody, address: str) -> Received:
        """Have somebody name an address, and confirm it by the mail's link; that mail."""
        await somebody.says("/me")
        await somebody.presses("E-mail")
        await somebody.presses("address")
        await somebody.says(address)
        mail = self.wire.newest(address)
        assert (await self.presses(mail.link("/confirm/"))).status == 200
        await somebody.talk.settle()
        return mail


@asynccontextmanager
async def post_office() -> AsyncIterator[Post]:
    """A mail server that runs, and a browser."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    async with MailWire() as wire, aiohttp.ClientSession() as browser:
        post = Post(wire, port, browser)
        yield post
        for outlet in post.outlets:
            await outlet.close()
