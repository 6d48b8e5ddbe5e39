"""Wizards: forward, back, over, out, away for a day, through a restart, two at once, and in any order that people press."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import make_url, select

from bot.core import Core
from bot.database import Database
from bot.pace import UNLIMITED, Pace
from bot.store import FolderStore
from bot.telegram import Telegram
from handlers.flows import FLOWS
from models.claims import Claim, ClaimState
from models.dialogues import Dialogue
from models.reports import Report
from models.roles import Role
from models.tasks import Proof
from tests.dialogue import Clock, Home, Somebody, Talk, plain
from tests.races.truth import check_truth
from tests.wire.telegram import TelegramWire

EXAMPLES = int(os.environ.get("HIMMA_TEST_EXAMPLES", "10"))


async def holding(chat: Talk, proof: Proof = Proof.NOTE) -> tuple[Home, Somebody, Somebody, int]:
    """An organizer, and a volunteer who holds a seat."""
    huda, omar = chat.person("Huda"), chat.person("Omar")
    home = await chat.home(huda, omar)
    number = await chat.task(home, huda, seats=2, proof=proof)
    await omar.says(f"/claim {number}")
    return home, huda, omar, number


async def step(chat: Talk) -> list[str]:
    return [row.step for row in await chat.rows(select(Dialogue.step).order_by(Dialogue.opened_at.desc(), Dialogue.id.desc()))]


async def test_back_asks_again_and_skip_passes_over_what_may_be_left_out(chat: Talk) -> None:
    _, _, omar, _ = await holding(chat, Proof.LINK)
    asked = await omar.presses("Done")
    assert ["Back"] not in asked.labels, "there is nothing before the first question"
    assert "Skip" not in str(asked.labels), "the minutes are needed"
    await omar.presses("10 minutes")
    assert "link" in (await omar.presses("Back")).text or await step(chat) == ["minutes"]
    await omar.says("25")
    await omar.says("example.org/result")
    await omar.presses("Back")
    assert await step(chat) == ["link"]
    await omar.says("https://example.org/better")
    await omar.presses("Skip")

    assert await step(chat) == []
    assert await chat.rows(select(Report.minutes, Report.link, Report.note)) == [(25, "https://example.org/better", "")]


async def test_cancel_changes_nothing_and_says_so(chat: Talk) -> None:
    _, _, omar, _ = await holding(chat)
    await omar.presses("Done")
    await omar.presses("10 minutes")
    assert "Cancelled: a report. Nothing was changed." in plain((await omar.presses("Cancel")).text)

    assert await step(chat) == []
    assert await chat.rows(select(Claim.state)) == [(ClaimState.HELD,)]


@pytest.mark.parametrize("by_press", [True, False])
async def test_after_a_day_it_is_put_away_and_says_so(chat: Talk, by_press: bool) -> None:
    _, _, omar, _ = await holding(chat)
    asked = await omar.presses("Done")
    await chat.later(hours=23, minutes=59)
    asked = await omar.presses_on(asked, "10 minutes")
    await chat.later(hours=24, minutes=1)
    told = await omar.presses_on(asked, "Cancel") if by_press else await omar.says("It went well.")
    assert "A day has passed, so this was put away: a report." in plain(told.text)

    assert await step(chat) == []
    assert await chat.rows(select(Report.id)) == []


async def test_two_at_once_the_newer_one_sets_the_older_one_aside(chat: Talk) -> None:
    home, huda, omar, number = await holding(chat)
    await omar.presses("Done")
    await omar.presses("10 minutes")
    other = await chat.task(home, huda, "Write a letter")
    await chat.give_role(home, omar, Role.MODERATOR)
    asked = await omar.says(f"/cancel {other}")
    assert "Set aside for now, with nothing lost: a report." in plain(asked.text)
    assert (await step(chat))[1:] == ["note"]
    ended = await omar.presses("Cancel")
    assert "Continue: a report" in plain(str(ended.labels))
    resumed = await omar.presses("Continue")
    assert "how did it go" in resumed.text
    await omar.says("It went well.")

    assert await chat.rows(select(Report.minutes, Report.note, Report.task_id)) == [(10, "It went well.", number)]


async def test_a_button_of_an_earlier_question_shows_the_one_that_is_open(chat: Talk) -> None:
    _, _, omar, _ = await holding(chat)
    asked = await omar.presses("Done")
    data = asked.button("20 minutes")["callback_data"]
    await omar.says("10")
    shown = await omar.presses_on(asked, data=data)

    assert "answered before" in omar.toast
    assert "how did it go" in shown.text
    assert [row.data["minutes"] for row in await chat.rows(select(Dialogue.data))] == [10]


async def test_a_button_of_a_wizard_that_ended_says_so(chat: Talk) -> None:
    _, _, omar, _ = await holding(chat)
    asked = await omar.presses("Done")
    data = asked.button("10 minutes")["callback_data"]
    await omar.presses("Cancel")
    await omar.presses_on(omar.screen, data=data)
    assert "finished already" in omar.toast
    assert await chat.rows(select(Report.id)) == []


async def test_a_restart_in_the_middle_is_not_noticed(database_url: str, tmp_path: Path) -> None:
    clock = Clock()
    async with TelegramWire() as wire:
        async with running(wire, clock, database_url, tmp_path) as chat:
            _, _, omar, _ = await holding(chat)
            asked = await omar.presses("Done")
        async with running(wire, clock, database_url, tmp_path) as chat:
            again = Somebody(chat, omar.app)
            assert "how did it go" in (await again.presses_on(asked, "10 minutes")).text
        async with running(wire, clock, database_url, tmp_path) as chat:
            await Somebody(chat, omar.app).says("It went well.")
            assert await chat.rows(select(Report.minutes, Report.note)) == [(10, "It went well.")]


@asynccontextmanager
async def running(wire: TelegramWire, clock: Clock, database_url: str, folder: Path) -> AsyncIterator[Talk]:
    """A core, as if it had just been started."""
    store = FolderStore(folder / "pictures")
    client = Telegram(wire.token, store, api_url=wire.url, pace=Pace(UNLIMITED), now=clock.now)
    core = Core(Database(make_url(database_url)), [client], store, clock)
    polling = asyncio.create_task(client.run(core.intake.take))
    try:
        yield Talk(wire, core, clock)
    finally:
        polling.cancel()
        with suppress(asyncio.CancelledError):
            await polling
        await core.answers.settle()
        await client.close()
        await core.database.close()


# In any order

TEXTS = [
    *("12", "١٢", "0", "-1", "It went well.", "<b>", "x" * 2000, "example.org/page", "\u200b", "tomorrow"),
    *("/mine", "/help", "/done 1", "/release 1", "/claim 1", "/cancel 1", "/edit 1", "/flag 1", "/review", "/me"),
    *("/newtask", "/newtask Call | 15m | 2 seats"),
]
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("press"), st.integers(0, 40)),
        st.tuples(st.just("press"), st.integers(0, 3)),
        st.tuples(st.just("stale"), st.integers(0, 200)),
        st.tuples(st.just("says"), st.sampled_from(TEXTS)),
        st.tuples(st.just("waits"), st.sampled_from([1, 13, 25])),
    ),
    min_size=5,
    max_size=25,
)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.generate],
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(moves=MOVES)
def test_whatever_is_pressed_and_said_a_wizard_stays_whole(
    sqlite_template: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, moves: list[tuple[str, object]]
) -> None:
    """Every row can be asked for, every press is answered, every text has one answer, and no fault of ours is logged."""
    caplog.clear()
    path = shutil.copy(sqlite_template, tmp_path / "himma.db")
    for left in tmp_path.glob("himma.db-*"):
        left.unlink()
    asyncio.run(_wander(f"sqlite+aiosqlite:///{path}", tmp_path, moves))
    assert not [record for record in caplog.records if record.levelname in {"ERROR", "CRITICAL"}]


async def _wander(url: str, folder: Path, moves: list[tuple[str, object]]) -> None:
    async with TelegramWire() as wire, running(wire, Clock(), url, folder) as chat:
        home, _, omar, _ = await holding(chat)
        await chat.give_role(home, omar, Role.MODERATOR)
        await omar.presses("Done")
        for kind, choice in moves:
            await _move(chat, omar, kind, choice)
            await _is_whole(chat)
        await chat.core.edge.look(check_truth)


async def _move(chat: Talk, omar: Somebody, kind: str, choice: object) -> None:
    buttons = [(m, b["callback_data"]) for m in omar.app.answers() for row in m.keyboard for b in row if "callback_data" in b]
    if kind == "says":
        await omar.says(str(choice))
    elif kind == "waits":
        await chat.later(hours=int(str(choice)))
    elif buttons:
        latest = [(m, data) for m, data in buttons if m is buttons[-1][0]]
        message, data = (latest if kind == "press" else buttons)[
            int(str(choice)) % len(latest if kind == "press" else buttons)
        ]
        await omar.presses_on(message, data=data)


async def _is_whole(chat: Talk) -> None:
    rows = await chat.rows(select(Dialogue))
    assert len({row.Dialogue.flow for row in rows}) == len(rows), "one of a kind"
    for (dialogue,) in rows:
        assert dialogue.step in {one.name for one in FLOWS[dialogue.flow].steps}
        assert dialogue.version >= 1
        assert dialogue.opened_at < dialogue.expires_at
