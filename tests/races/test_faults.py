"""The wire and the database fail, and nothing is lost: what was done is answered, what was not done is done later."""

import asyncio
import io
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select, text

from models.claims import Claim, ClaimState
from models.delivery import Fetch, Inbox
from models.reports import Report
from models.tasks import Proof, Task
from tests.dialogue import Somebody, Talk, plain
from tests.races.truth import check_truth
from tests.wire.telegram import Fault


async def with_a_task(chat: Talk, **columns: Any) -> tuple[Somebody, Somebody, int]:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    return huda, omar, await chat.task(home, huda, "Call Mr. Adel", **columns)


# The wire


@pytest.mark.parametrize("kind", [Fault.INTERNAL, Fault.BAD_GATEWAY, Fault.FLOOD, Fault.DROP, Fault.TIMEOUT])
async def test_what_the_wire_swallows_is_said_again(chat: Talk, kind: Fault) -> None:
    _, omar, number = await with_a_task(chat)
    chat.wire.hang_seconds = 0.1
    chat.wire.fails("sendMessage", kind, times=2)
    await omar.says(f"/task {number}")
    chat.wire.fails("answerCallbackQuery", kind)
    chat.wire.fails("editMessageText", kind)
    await omar.presses("I'm in")

    assert "yours until" in omar.toast
    assert "Call Mr. Adel is yours until" in plain(omar.screen.text)
    assert len(omar.reads()) == 2, "the greeting and the card, which was redrawn"
    assert await chat.rows(select(Claim.state)) == [(ClaimState.HELD,)]
    assert await chat.rows(select(Inbox.key).where(Inbox.answered_at.is_(None))) == []


async def test_an_answer_whose_receipt_got_lost_is_said_at_most_twice(chat: Talk) -> None:
    _, omar, number = await with_a_task(chat)
    chat.wire.fails("sendMessage", Fault.DROP, after_effect=True)
    omar.app.says(f"/claim {number}")
    await chat.settle()

    said = [text for text in omar.reads() if "yours" in text]
    assert 1 <= len(said) <= 2
    assert await chat.rows(select(Task.seats_taken)) == [(1,)]


async def test_while_updates_do_not_come_nothing_is_lost(chat: Talk) -> None:
    _, omar, number = await with_a_task(chat)
    chat.wire.fails("getUpdates", Fault.BAD_GATEWAY, times=2)
    assert "yours until" in (await omar.says(f"/claim {number}")).text


async def test_what_was_never_delivered_is_swept_up_later(chat: Talk) -> None:
    """The wire is down for longer than anybody tries; then time passes."""
    _, omar, number = await with_a_task(chat)
    omar.app.says(f"/claim {number}")
    chat.wire.fails("sendMessage", Fault.DROP, times=1000)
    await chat.wire.acknowledged()
    delivering = list(chat.core.answers._under_way.values())
    for task in delivering:  # as if the process had ended here
        task.cancel()
    await asyncio.gather(*delivering, return_exceptions=True)
    chat.wire.faults.clear()
    assert not [text for text in omar.reads() if "yours" in text]
    await chat.later(seconds=20)

    assert len([text for text in omar.reads() if "yours until" in text]) == 1


# The database


@contextmanager
def commits_fail(chat: Talk, times: int) -> Iterator[None]:
    """The next transactions come to nothing at their very end, as on a full disk."""
    dialect = chat.core.database._writer.sync_engine.dialect
    left, do_commit = [times], dialect.do_commit

    def fail(connection: Any) -> None:
        if left[0] > 0:
            left[0] -= 1
            raise sqlite3.OperationalError("database or disk is full") if chat.core.database.is_sqlite else OSError(28, "full")
        do_commit(connection)

    dialect.do_commit = fail  # type: ignore[assignment,method-assign]
    try:
        yield
    finally:
        dialect.do_commit = do_commit  # type: ignore[method-assign]


async def test_an_update_that_could_not_be_kept_is_handled_later(chat: Talk, caplog: pytest.LogCaptureFixture) -> None:
    _, omar, number = await with_a_task(chat)
    with caplog.at_level(logging.CRITICAL), commits_fail(chat, times=6):
        answer = await omar.says(f"/claim {number}")
    assert "yours until" in answer.text
    assert await chat.rows(select(Claim.state)) == [(ClaimState.HELD,)]
    await chat.core.edge.look(check_truth)


async def test_nobody_hears_of_what_was_not_kept(chat: Talk) -> None:
    _, omar, number = await with_a_task(chat)
    with commits_fail(chat, times=1000):
        omar.app.says(f"/claim {number}")
        await asyncio.sleep(0.5)
        assert chat.wire.updates.pending, "it is not acknowledged"
        assert len(omar.reads()) == 1
    await chat.settle()
    assert "yours until" in omar.screen.text


async def test_ones_order_is_kept_when_the_first_of_two_fails(chat: Talk) -> None:
    """Claim and give back, said at once: the claim fails, so the giving back must not be tried before it."""
    _, omar, number = await with_a_task(chat)
    await omar.says(f"/task {number}")
    with commits_fail(chat, times=2):
        omar.app.says(f"/claim {number}")
        omar.app.says(f"/release {number}")
        await chat.settle()
    assert await chat.rows(select(Claim.state)) == [(ClaimState.RELEASED,)]


async def test_a_server_that_ends_all_connections_is_no_fault_of_ours(chat: Talk, caplog: pytest.LogCaptureFixture) -> None:
    if chat.core.database.is_sqlite:
        pytest.skip("SQLite has no connections that a server could end")
    _, omar, number = await with_a_task(chat)
    async with chat.core.database.read() as session:
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        await session.execute(text(f"SELECT count(pg_terminate_backend(pid)) {others}"))
        assert "yours until" in (await omar.says(f"/claim {number}")).text
    assert not [record for record in caplog.records if "was not handled" in record.getMessage()]


async def test_a_value_that_fits_no_column_is_apologized_for_once(
    chat: Talk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Handed in again it would fail again, and hold up everybody behind it."""
    _, omar, number = await with_a_task(chat)
    monkeypatch.setattr("handlers.registry.parse_number", lambda _: 2**70)
    with caplog.at_level(logging.CRITICAL + 1):
        assert "Something went wrong on our side" in (await omar.says(f"/task {number}")).text
    monkeypatch.undo()
    assert "Call Mr. Adel" in (await omar.says(f"/task {number}")).text


# Pictures


async def test_a_picture_that_does_not_come_at_once_is_fetched_later_and_finishes_the_report(chat: Talk) -> None:
    _, omar, number = await with_a_task(chat, proof=Proof.PHOTO)
    await omar.says(f"/claim {number}")
    await omar.presses("Done")
    await omar.says("10")
    data = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(data, "JPEG")
    chat.wire.fails("getFile", Fault.INTERNAL)
    chat.wire.fails("getFile", Fault.DROP)
    omar.app.sends_photo(data.getvalue())
    for seconds in (0, 3, 5):
        await chat.later(seconds=seconds)
    assert "can be skipped" in omar.screen.text
    await omar.presses("Skip")

    assert [row.picture is not None for row in await chat.rows(select(Report.picture))] == [True]
    assert await chat.rows(select(Fetch.key)) == []


async def test_a_picture_that_never_comes_is_asked_for_again(chat: Talk) -> None:
    _, omar, number = await with_a_task(chat, proof=Proof.PHOTO)
    await omar.says(f"/claim {number}")
    await omar.presses("Done")
    await omar.says("10")
    chat.wire.fails("getFile", Fault.INTERNAL, times=1000)
    omar.app.sends_photo(b"\xff\xd8\xff")
    for _ in range(10):
        await chat.later(minutes=10)
    assert "did not arrive" in omar.screen.text
    assert await chat.rows(select(Fetch.key)) == []
