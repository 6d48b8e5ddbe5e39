"""The only wiring: from settings to what runs."""

import contextlib
import ctypes
import gc
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.clock import Clock
from bot.core import Core
from bot.database import Database
from bot.edge import Edge
from bot.pace import TELEGRAM, TELEGRAM_PAID, Pace
from bot.platform import Platform
from bot.sections import parse_shards
from bot.settings import Settings
from bot.store import FolderStore

if TYPE_CHECKING:
    from bot.telegram import Telegram


async def run(settings: Settings, *, config_path: Path | None) -> None:
    """Run what the settings say until cancelled. Raises what a deployer must mend."""
    clock = Clock()
    database = Database(settings.database.url)
    await database.migrate()
    store = FolderStore(settings.store.folder)
    store.prove()
    platforms = _platforms(settings, database, store, clock)
    core = Core(database, platforms, store, clock)
    if settings.serves_playground:
        await _open_playground(core)
    _settle_memory()
    await core.run()


async def _open_playground(core: Core) -> None:
    """A playground that nobody has been to yet gets its sample community. Its clock can be moved on where people are heard
    nowhere else."""
    from bot.playground.platform import Playground
    from bot.playground.sample import settle_in

    for platform in core.platforms.values():
        if isinstance(platform, Playground):
            if sum(one.is_heard for one in core.platforms.values()) == 1:
                platform.let_time_pass(core.ticks.beat_all)
            await settle_in(core.edge, platform)


def _settle_memory() -> None:
    """Give back what starting needed, and spare the collector what stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)  # an event makes some hundred objects, few of which outlive it
    with contextlib.suppress(OSError, AttributeError):  # other C libraries have no such call, and need none
        ctypes.CDLL(None).malloc_trim(0)


def _platforms(settings: Settings, database: Database, store: FolderStore, clock: Clock) -> list[Platform]:
    platforms: list[Platform] = []
    doors: dict[str, Callable[[str], str]] = {}
    if settings.telegram.token is not None:
        telegram = _telegram(settings, store, clock)
        platforms.append(telegram)
        doors[telegram.name] = telegram.door
    if settings.discord.token is not None:
        platforms.append(_discord(settings, database, store, clock))
    if settings.serves_playground:
        platforms.append(_playground(settings, store, clock))
    if settings.mail.host is not None:
        platforms.append(_mail(settings, database, store, clock, doors))
    return platforms


def _telegram(settings: Settings, store: FolderStore, clock: Clock) -> "Telegram":
    # httpx, which PTB imports, brings its command line along with pygments (4 MB) where that is installed. An entry of None
    # makes it do without, as where it is not. https://docs.python.org/3/reference/import.html#the-module-cache
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # typeshed does not know None here
    from bot.telegram import Telegram, Webhook
    from bot.telegram.texts import build_menu
    from handlers.registry import COMMANDS

    chosen = settings.telegram
    webhook = None
    if chosen.mode == "webhook" and chosen.webhook_url:
        secret = chosen.webhook_secret.get_secret_value() if chosen.webhook_secret else ""
        webhook = Webhook(chosen.webhook_url, chosen.webhook_port, secret)
    return Telegram(
        chosen.token.get_secret_value() if chosen.token else "",
        store,
        api_url=chosen.api_url,
        webhook=webhook,
        admin_commands=frozenset(name for name, command in COMMANDS.items() if command.asks_admin),
        menu=build_menu(),
        pace=Pace(TELEGRAM_PAID if chosen.paid_broadcast else TELEGRAM),
        now=clock.now,
    )


def _discord(settings: Settings, database: Database, store: FolderStore, clock: Clock) -> Platform:
    from bot.discord import Discord, offer_from

    chosen = settings.discord
    shards, here = parse_shards(chosen.shards)
    return Discord(
        chosen.token.get_secret_value() if chosen.token else "",
        store,
        api_url=chosen.api_url,
        gateway_url=chosen.gateway_url,
        shards=shards,
        shard_ids=here,
        offer=offer_from(database, clock.now),
        now=clock.now,
    )


def _mail(
    settings: Settings, database: Database, store: FolderStore, clock: Clock, doors: dict[str, Callable[[str], str]]
) -> Platform:
    from bot.mail import Mail, Outlet, Server

    chosen = settings.mail
    password = chosen.password.get_secret_value() if chosen.password else None
    own_name = urlsplit(chosen.public_url or "").hostname
    server = Server(chosen.host or "", chosen.port, chosen.tls, chosen.username, password, own_name)
    return Mail(
        Outlet(server),
        Edge(database),
        store,
        sender=chosen.sender or "",
        public_url=chosen.public_url or "",
        now=clock.now,
        page_host=chosen.page_host,
        page_port=chosen.page_port,
        doors=doors,
    )


def _playground(settings: Settings, store: FolderStore, clock: Clock) -> Platform:
    from bot.playground.platform import Playground

    path = (
        Path(settings.database.url.database or "himma.db")
        if settings.database.url.get_backend_name() == "sqlite"
        else Path("data/himma.db")
    )
    return Playground(
        path.with_name("playground.db"), clock, store, host=settings.playground.host, port=settings.playground.port
    )
