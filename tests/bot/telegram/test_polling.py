"""Long polling: an update is acknowledged only after it was taken, whatever the wire and the core do."""

import asyncio
import logging
import time

import pytest

from bot.telegram import Telegram, TokenRefused, polling
from handlers.types import Event, Reply
from tests.bot.folder import Folder
from tests.bot.telegram.conftest import Core, running
from tests.wire.telegram import Fault, TelegramWire


async def test_nothing_is_acknowledged_before_it_was_taken(wire: TelegramWire, core: Core) -> None:
    gate = asyncio.Event()
    core.before = lambda _: gate.wait()
    wire.person("Sara").says("hello")
    await wire.until(lambda: wire.counts["getUpdates"] >= 3)
    assert len(wire.updates.pending) == 1
    gate.set()
    await wire.acknowledged()
    assert [event.text for event in core.taken] == ["hello"]


async def test_what_a_crash_left_comes_again(wire: TelegramWire, folder: Folder) -> None:
    sara, omar = wire.person("Sara"), wire.person("Omar")
    before = Telegram(wire.token, folder, api_url=wire.url)
    core = Core(before, before=lambda event: asyncio.Event().wait() if event.sender.name == "Sara" else None)
    sara.says("one")
    omar.says("two")
    async with running(core):
        await wire.until(lambda: core.taken)
    await before.close()
    assert [event.text for event in core.taken] == ["two"]
    assert len(wire.updates.pending) == 2

    after = Telegram(wire.token, folder, api_url=wire.url)
    again = Core(after)
    async with running(again):
        await wire.acknowledged()
    await after.close()
    assert [event.text for event in again.taken] == ["one", "two"]
    assert again.taken[1].key == core.taken[0].key


async def test_what_the_core_refused_comes_again_and_holds_nobody_up(wire: TelegramWire, core: Core) -> None:
    refused = 0

    def refuse_twice(event: Event) -> None:
        nonlocal refused
        if event.text == "three" and refused < 2:
            refused += 1
            raise RuntimeError("the database is away")

    core.before = refuse_twice
    people = [wire.person(name) for name in ("Sara", "Omar", "Lina", "Zaid")]
    for person, text in zip(people, ("one", "two", "three", "four"), strict=True):
        person.says(text)
    await wire.until(lambda: len(core.taken) == 3)
    await wire.until(lambda: len(wire.updates.pending) == 2, otherwise="one and two are acknowledged, three and four are not")
    await wire.acknowledged()
    assert [event.text for event in core.taken] == ["one", "two", "four", "three"]


async def test_one_who_takes_long_does_not_hold_up_the_others(wire: TelegramWire, core: Core) -> None:
    gate = asyncio.Event()
    core.before = lambda event: gate.wait() if event.text == "slow" else None
    sara, omar = wire.person("Sara"), wire.person("Omar")
    sara.says("slow")
    await wire.until(lambda: wire.updates.delivered)
    for number in range(5):
        omar.says(f"quick {number}")
        started = time.monotonic()
        await omar.gets()
        assert time.monotonic() - started < 0.5
    assert len(wire.updates.pending) == 6
    gate.set()
    await wire.acknowledged()
    assert [event.text for event in core.taken] == [*(f"quick {number}" for number in range(5)), "slow"]


async def test_a_persons_events_come_in_order(wire: TelegramWire, core: Core) -> None:
    core.says = lambda _: None
    people = [wire.person(name) for name in ("Sara", "Omar", "Lina")]
    for number in range(250):
        people[number % 3].says(str(number))
    await wire.acknowledged()
    for person in people:
        own = [int(event.text) for event in core.taken if event.sender.external_id == str(person.id)]
        assert own == sorted(own)
    assert len(core.taken) == 250


@pytest.mark.parametrize("fault", [Fault.INTERNAL, Fault.BAD_GATEWAY, Fault.DROP, Fault.FLOOD])
@pytest.mark.parametrize("after_effect", [False, True])
async def test_a_stumbling_wire_loses_nothing(wire: TelegramWire, core: Core, fault: Fault, *, after_effect: bool) -> None:
    sara = wire.person("Sara")
    wire.fails("getUpdates", fault, 1 if fault is Fault.FLOOD else 3, after_effect=after_effect)
    sara.says("hello")
    assert (await sara.gets()).text == "Said."
    await wire.acknowledged()
    assert len(core.taken) == 1


async def test_a_server_that_is_away_is_waited_for(wire: TelegramWire, telegram: Telegram) -> None:
    await wire.close()
    core = Core(telegram)
    async with running(core):
        await asyncio.sleep(0.2)
        await wire.start()
        sara = wire.person("Sara")
        sara.says("hello")
        await sara.gets()
        await wire.close()
        sara.says("are you there?")
        await asyncio.sleep(0.1)
        await wire.start()
        await sara.gets()
    assert [event.text for event in core.taken] == ["hello", "are you there?"]


async def test_a_refused_token_is_the_deployers_to_mend(wire: TelegramWire, folder: Folder) -> None:
    telegram = Telegram("4242:wrong-and-secret", folder, api_url=wire.url)
    with pytest.raises(TokenRefused, match="BotFather") as caught:
        await telegram.run(Core(telegram).take)
    assert "wrong-and-secret" not in repr(caught.value)
    assert caught.value.__cause__ is None
    await telegram.close()


async def test_a_webhook_of_before_is_taken_off(wire: TelegramWire, telegram: Telegram) -> None:
    wire.updates.set_webhook({"url": "https://example.org/old"})
    sara = wire.person("Sara")
    sara.says("hello")
    async with running(Core(telegram)):
        await sara.gets()


async def test_two_pollers_are_told_once_and_go_on(
    wire: TelegramWire, core: Core, folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    await wire.until(lambda: wire.counts["getUpdates"])
    other = Telegram(wire.token, folder, api_url=wire.url)
    async with running(Core(other)):
        await wire.until(lambda: sum(call.status == 409 for call in wire.calls) >= 3, within_seconds=10)
    await other.close()
    told = [record for record in caplog.records if "another process" in record.message]
    assert 1 <= len(told) <= 2  # each of the two said so once
    sara = wire.person("Sara")
    sara.says("hello")
    await sara.gets(within_seconds=10)
    assert core.taken


async def test_it_stops_promptly_while_it_waits_and_while_it_works(wire: TelegramWire, telegram: Telegram) -> None:
    core = Core(telegram, before=lambda _: asyncio.sleep(30))
    async with running(core) as task:
        await wire.until(lambda: wire.counts["getUpdates"])
        wire.person("Sara").says("hello")
        await wire.until(lambda: wire.updates.delivered)
        started = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - started < 0.5
    assert not core.taken
    assert len(wire.updates.pending) == 1


async def test_pauses_grow_and_end() -> None:
    pauses, slept = polling.Pauses(0.001, 0.004), []
    for _ in range(5):
        started = time.monotonic()
        await pauses.wait()
        slept.append(time.monotonic() - started)
    assert slept[0] < 0.05
    assert pauses._next == 0.004
    pauses.reset()
    assert pauses._next == 0.001


async def test_a_failure_is_logged_with_its_cause(wire: TelegramWire, core: Core, caplog: pytest.LogCaptureFixture) -> None:
    failed = asyncio.Event()

    def fail_once(_: Event) -> None:
        if not failed.is_set():
            failed.set()
            raise RuntimeError("disk full")

    core.before = fail_once
    wire.person("Sara").says("hello")
    await wire.acknowledged()
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1
    assert "disk full" in errors[0].getMessage()
    assert core.says(core.last) == Reply(text="Said.")
