"""An appeal on its way to many people: once, in their language, and whatever the platform does."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.courier import Courier
from bot.store import FolderStore
from models.appeal_posts import PostFailure
from models.appeal_receipts import progress_of
from models.appeals import Appeal, AppealPost, AppealReceipt, PostKind, ReceiptState
from models.calling import (
    Call,
    correct_appeal,
    draft_appeal,
    pause_appeal,
    post_appeal,
    resume_appeal,
    send_appeal,
    stop_appeal,
)
from models.people import Account, Person
from models.refusals import AppealMoved
from tests.dialogue import Home, Somebody, Talk, both_platforms, plain
from tests.wire.telegram.faults import Fault

TEXTS = {"en": "Blankets are needed.", "ar": "الحاجة إلى بطّانيّات."}


async def appeal(chat: Talk, home: Home, author: Somebody, **call: Any) -> int:
    """An appeal that is let go now; its number."""
    now = chat.clock.now()

    async def work(session: AsyncSession) -> int:
        said = Call(call.pop("texts", TEXTS), now + timedelta(days=2), now, **call)
        drafted = await draft_appeal(session, home.id, await author.number(session), said, now)
        return (await send_appeal(session, drafted.id, now, audience_size=0, needs_second=False)).id

    return await chat.transact(work)


async def opted_in(chat: Talk) -> None:
    """Everybody has asked for appeals, where one has to."""
    await chat.transact(lambda session: session.execute(update(Account).values(opted_in_at=chat.clock.now())))


async def states(chat: Talk) -> dict[str, tuple[str, str]]:
    rows = await chat.rows(
        select(Person.name, AppealReceipt.state, AppealReceipt.reason).join(Person, Person.id == AppealReceipt.person_id)
    )
    return {name: (state.value, reason) for name, state, reason in rows}


def heard(people: Iterable[Somebody], words: str) -> list[bool]:
    return [words in one.screen.text for one in people]


@both_platforms
async def test_everybody_gets_it_once_in_their_language_and_the_correction_too(chat: Talk) -> None:
    huda, omar, sami = chat.person("Huda"), chat.person("Omar", "ar"), chat.person("Sami")
    home = await chat.home(huda, omar, sami)
    await opted_in(chat)
    number = await appeal(chat, home, huda)
    await chat.settle()
    assert heard([huda, omar, sami], "Blankets are needed.") == [True, False, True]
    assert TEXTS["ar"] in omar.screen.text

    before = [len(one.app.answers()) for one in (huda, omar, sami)] if chat.platform == "telegram" else []
    await chat.settle()
    texts = {"en": "Blankets and coats are needed.", "ar": TEXTS["ar"]}
    await chat.transact(lambda session: correct_appeal(session, number, {"texts": texts}, chat.clock.now()))
    await chat.later(seconds=3)
    assert heard([huda, sami], "Blankets and coats are needed.") == [True, True]
    if before:
        assert [len(one.app.answers()) for one in (huda, omar, sami)] == before

    await chat.transact(lambda session: stop_appeal(session, number, chat.clock.now()))
    await chat.later(seconds=3)
    assert heard([huda, sami], "Blankets and coats are needed.") == [True, True]
    assert set(await states(chat)) == {"Huda", "Omar", "Sami"}
    assert {state for state, _ in (await states(chat)).values()} == {"sent"}
    with pytest.raises(AppealMoved):
        await chat.transact(lambda session: pause_appeal(session, number, chat.clock.now()))


async def test_what_cannot_be_delivered_is_told_apart(chat: Talk) -> None:
    huda, *others = (chat.person(name) for name in ("Huda", "Omar", "Sami", "Lina"))
    home = await chat.home(huda, *others)
    chat.wire.fails("sendMessage", Fault.INTERNAL)
    others[1].app.blocks()
    await chat.arrived()
    await chat.transact(  # we have not heard of it yet
        lambda session: session.execute(
            update(Account).where(Account.private_chat.is_(None)).values(private_chat=Account.external_id)
        )
    )
    number = await appeal(chat, home, huda)
    await chat.settle()
    told = await states(chat)
    assert sorted(told.values()) == [("failed", "blocked"), ("leased", ""), ("sent", ""), ("sent", "")]
    assert told["Sami"] == ("failed", "blocked")
    assert (await chat.rows(select(Account.private_chat).where(Account.external_id == str(others[1].app.id)))) == [(None,)]

    await chat.later(seconds=5)
    assert (await chat.transact(lambda session: progress_of(session, number))).sent == 3
    assert [one.screen.text.count("Blankets are needed.") for one in (huda, others[0], others[2])] == [1, 1, 1]


async def test_an_answer_that_never_came_is_not_asked_for_twice(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    chat.wire.fails("sendMessage", Fault.DROP, times=1, after_effect=True)
    await appeal(chat, home, huda)
    await chat.settle()
    await chat.later(hours=1)
    assert sorted(state for state, _ in (await states(chat)).values()) == ["sent", "unknown"]
    assert sum("Blankets" in message.text for one in (huda, omar) for message in one.app.answers()) == 2


@both_platforms
async def test_a_call_that_may_stand_in_its_chat_does_not_come_there_twice(chat: Talk) -> None:
    huda = chat.person("Huda")
    home = await chat.home(huda)
    await chat.transact(lambda session: session.execute(update(Person).values(stopped_at=chat.clock.now())))
    wire: Any = chat.wire
    is_here = chat.platform == "telegram"
    wire.fails("sendMessage" if is_here else "POST /channels/{channel_id}/messages", Fault.DROP, after_effect=True)
    number = await appeal(chat, home, huda)
    await chat.later(minutes=1)
    await chat.later(minutes=1)
    there = [text for text in huda.reads(home.group) if "Blankets are needed." in text]
    assert len(there) == 1
    failures = await chat.rows(select(AppealPost.failure).where(AppealPost.kind == PostKind.CALL))
    assert failures == [(PostFailure.UNKNOWN if is_here else "",)], "Discord knows a message that comes again"
    shown = await huda.says(f"/appeals {number}")
    assert ("in Warmth it may stand or not" in plain(shown.text)) == is_here


async def test_while_a_call_waits_for_its_turn_no_other_process_sends_it(chat: Talk, tmp_path: Path) -> None:
    huda = chat.person("Huda")
    home = await chat.home(huda)
    await chat.transact(lambda session: session.execute(update(Person).values(stopped_at=chat.clock.now())))
    await appeal(chat, home, huda)
    await chat.core.ticks.beat_all()
    (courier,) = chat.core.couriers
    beside = Courier(
        courier._platform, chat.core.edge, chat.core.intake, chat.core.answers, FolderStore(tmp_path), chat.clock.now
    )
    chat.wire.slow("sendMessage", 1.0)
    before = len(chat.wire.called("sendMessage"))
    drawing = asyncio.create_task(courier.draw_posts())
    await chat.wire.until(lambda: len(chat.wire.called("sendMessage")) > before)
    for _ in range(3):
        chat.clock.shift(timedelta(seconds=40))
        await courier._posts.hold()
        assert await beside.draw_posts() == 0
    assert await drawing == 1
    chat.wire.slow("sendMessage", 0.0)
    await chat.later(minutes=5)
    assert len(huda.reads(home.group)) == 1


async def test_a_flood_is_waited_out(chat: Talk) -> None:
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    chat.wire.fails("sendMessage", Fault.FLOOD, retry_after=30)
    await appeal(chat, home, huda)
    await chat.settle()
    assert sorted(state for state, _ in (await states(chat)).values()) == ["leased", "sent"]
    (due,) = await chat.rows(select(AppealReceipt.due_at).where(AppealReceipt.state == ReceiptState.LEASED))
    assert due[0] >= chat.clock.now() + timedelta(seconds=30)


@asynccontextmanager
async def telling_slowly(chat: Talk) -> AsyncIterator[None]:
    """What goes to many goes by itself, so slowly that one can watch."""
    chat.wire.slow("sendMessage", 0.3)
    (broadcaster,) = chat.core.broadcasters
    broadcaster._workers = 2
    running = asyncio.create_task(broadcaster.run())
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def sent_within_two_seconds(chat: Talk, before: int) -> int:
    """How many messages go out in the next two seconds, none of them later than that; `before` had gone out by then."""
    await asyncio.sleep(2)
    sent = len(chat.wire.called("sendMessage")) - before
    await asyncio.sleep(1)
    assert len(chat.wire.called("sendMessage")) - before == sent < 40
    return sent


async def test_stopped_nothing_more_goes_out_within_two_seconds(chat: Talk) -> None:
    people = [chat.person(f"Nour {n}") for n in range(40)]
    home = await chat.home(*people)
    number = await appeal(chat, home, people[0])
    before = len(chat.wire.called("sendMessage"))
    async with telling_slowly(chat):
        await chat.wire.until(lambda: len(chat.wire.called("sendMessage")) > before + 4)
        await chat.transact(lambda session: stop_appeal(session, number, chat.clock.now()))
        sent = await sent_within_two_seconds(chat, before)
    await chat.later(seconds=5)
    told = [one for one in people if any("Blankets" in text for text in one.reads())]
    assert len(told) == sent
    assert all("does not hold any more" in one.screen.text for one in told)
    assert {state for state, _ in (await states(chat)).values()} == {"sent", "dropped"}


async def test_by_itself_it_pauses_within_two_seconds_goes_on_and_waits_while_telegram_is_away(chat: Talk) -> None:
    people = [chat.person(f"Nour {n}") for n in range(40)]
    home = await chat.home(*people)
    number = await appeal(chat, home, people[0])
    before = len(chat.wire.called("sendMessage"))
    async with telling_slowly(chat):
        await chat.wire.until(lambda: len(chat.wire.called("sendMessage")) > before + 4)
        await chat.transact(lambda session: pause_appeal(session, number, chat.clock.now()))
        await sent_within_two_seconds(chat, before)
        await chat.wire.close()
        await chat.transact(lambda session: resume_appeal(session, number, chat.clock.now()))
        await asyncio.sleep(1)
        await chat.wire.start()
        chat.wire.slow("sendMessage", 0.0)
        await chat.wire.until(lambda: sum(heard(people, "Blankets")) == 40, 20)
    assert all(sum("Blankets" in m.text for m in one.app.answers()) == 1 for one in people)
    assert {state for state, _ in (await states(chat)).values()} == {"sent"}


@both_platforms
async def test_posts_follow_their_appeal(chat: Talk) -> None:
    huda = chat.person("Huda")
    home = await chat.home(huda)
    await chat.transact(lambda session: session.execute(update(Person).values(stopped_at=chat.clock.now())))
    number = await appeal(chat, home, huda)
    now = chat.clock.now()

    async def post(session: AsyncSession) -> None:
        place = f'{{"platform":"{chat.platform}","chat":"{huda.app.id}","kind":"private"}}'
        row = {"appeal_id": number, "kind": PostKind.CALL, "platform": chat.platform, "place": place, "language": "en"}
        await post_appeal(session, [row | {"shown": "", "attempts": 0, "failure": ""}], now)

    await chat.transact(post)
    await chat.settle()
    assert "Blankets are needed." in huda.screen.text
    await chat.transact(lambda session: stop_appeal(session, number, chat.clock.now()))
    await chat.later(seconds=1)
    assert "does not hold any more" in huda.screen.text
    (row,) = await chat.rows(select(Appeal.version))
    assert row[0] == 2
