"""The webhook: answered 200 only after the update was taken, and only to Telegram."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.platform import NeedsMending
from bot.telegram import Telegram, Webhook
from tests.bot.folder import Folder
from tests.bot.telegram.conftest import WEBHOOK_SECRET, Core, running
from tests.wire.telegram import Fault, TelegramWire


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture
def hook() -> Webhook:
    port = free_port()
    return Webhook(f"http://127.0.0.1:{port}/telegram", port, WEBHOOK_SECRET, "127.0.0.1")


@pytest.fixture
async def called(wire: TelegramWire, folder: Folder, hook: Webhook) -> AsyncIterator[Core]:
    """A core that Telegram calls."""
    telegram = Telegram(wire.token, folder, api_url=wire.url, webhook=hook)
    core = Core(telegram)
    async with running(core):
        await wire.until(lambda: wire.updates.webhook_url)
        yield core
    await telegram.close()


async def test_a_conversation(wire: TelegramWire, called: Core) -> None:
    sara = wire.person("Sara")
    sara.says("/help")
    assert (await sara.gets()).text == "Said."
    await wire.acknowledged()
    assert wire.called("setWebhook")[0].parameters["allowed_updates"] == ["message", "callback_query", "my_chat_member"]
    assert wire.counts["getUpdates"] == 0


async def test_200_comes_after_the_update_was_taken(wire: TelegramWire, called: Core) -> None:
    gate = asyncio.Event()
    called.before = lambda event: gate.wait() if event.text == "slow" else None
    wire.person("Sara").says("slow")
    omar = wire.person("Omar")
    omar.says("quick")
    await omar.gets()
    await wire.until(lambda: len(wire.updates.pending) == 1)
    gate.set()
    await wire.acknowledged()


async def test_what_was_not_taken_is_answered_503_and_comes_again(wire: TelegramWire, called: Core) -> None:
    refusals = iter([True, True, False])

    def refuse(_: object) -> None:
        if next(refusals):
            raise RuntimeError("the database is away")

    called.before = refuse
    wire.person("Sara").says("hello")
    await wire.acknowledged()
    assert (len(called.taken), wire.updates.delivered) == (1, 3)


@pytest.mark.usefixtures("called")
@pytest.mark.parametrize("secret", [None, "", "wrong", WEBHOOK_SECRET + "x", "é"])
async def test_strangers_are_turned_away(called: Core, hook: Webhook, secret: str | None) -> None:
    headers = {} if secret is None else {"X-Telegram-Bot-Api-Secret-Token": secret}
    update = {"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}, "text": "hi"}}
    async with aiohttp.ClientSession() as session, session.post(hook.url, json=update, headers=headers) as response:
        assert response.status == 401
    assert called.taken == []


@pytest.mark.usefixtures("called")
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'"x"', b'{"update_id": "1"}', b"\xff"])
async def test_what_is_no_update_is_a_bad_request(hook: Webhook, body: bytes) -> None:
    headers = {"X-Telegram-Bot-Api-Secret-Token": WEBHOOK_SECRET}
    async with aiohttp.ClientSession() as session, session.post(hook.url, data=body, headers=headers) as response:
        assert response.status == 400


@pytest.mark.usefixtures("called")
async def test_an_update_that_nobody_understands_is_not_asked_for_again(wire: TelegramWire) -> None:
    wire.updates.add("message", {"message_id": 1})
    await wire.acknowledged()
    assert wire.updates.delivered == 1


async def test_without_a_word_of_ones_own_there_is_still_a_secret(wire: TelegramWire, folder: Folder, hook: Webhook) -> None:
    secrets = []
    for _ in range(2):
        telegram = Telegram(wire.token, folder, api_url=wire.url, webhook=Webhook(hook.url, hook.port, host="127.0.0.1"))
        async with running(Core(telegram)):
            await wire.until(lambda: wire.updates.webhook_url)
            secrets.append(wire.updates.webhook_secret)
            wire.updates.delete_webhook({})
        await telegram.close()
    assert secrets[0] == secrets[1], "replicas must agree"
    assert len(secrets[0]) >= 32
    assert wire.token.split(":")[1] not in secrets[0]


async def test_setting_the_webhook_is_tried_until_it_works(wire: TelegramWire, folder: Folder, hook: Webhook) -> None:
    wire.fails("setWebhook", Fault.BAD_GATEWAY)
    telegram = Telegram(wire.token, folder, api_url=wire.url, webhook=hook)
    sara = wire.person("Sara")
    sara.says("hello")
    async with running(Core(telegram)):
        await sara.gets()
    await telegram.close()


async def test_a_port_that_is_taken(wire: TelegramWire, folder: Folder, hook: Webhook) -> None:
    telegram = Telegram(wire.token, folder, api_url=wire.url, webhook=hook)
    with socket.socket() as other:
        other.bind(("127.0.0.1", hook.port))
        other.listen()
        with pytest.raises(NeedsMending, match=r"\[telegram\] webhook_port: .*address already in use"):
            await telegram.run(Core(telegram).take)
    await telegram.close()


async def test_it_stops_promptly(wire: TelegramWire, folder: Folder, hook: Webhook) -> None:
    telegram = Telegram(wire.token, folder, api_url=wire.url, webhook=hook)
    core = Core(telegram, before=lambda _: asyncio.sleep(30))
    async with running(core) as task:
        wire.person("Sara").says("hello")
        await wire.until(lambda: wire.updates.delivered)
        started = time.monotonic()
        task.cancel()
        await asyncio.wait({task})
        assert time.monotonic() - started < 1.0
    await telegram.close()
    assert len(wire.updates.pending) == 1


@pytest.mark.usefixtures("called")
async def test_the_secret_is_not_printed(wire: TelegramWire, hook: Webhook) -> None:
    """Nor logged: see the fixture `nothing_secret_in_logs`."""
    assert wire.updates.webhook_secret == WEBHOOK_SECRET
    assert WEBHOOK_SECRET not in repr(hook)
