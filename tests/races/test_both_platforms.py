"""One pool of seats behind Telegram and Discord: a crowd on each asks at the same moment, and both cards follow."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url

from bot.courier import POLL_SECONDS
from bot.database import Database
from tests import both
from tests.both import Both
from tests.dialogue import plain
from tests.races.crowd import YOURS, add_task, join_discord, seated_pairs, settle_in
from tests.races.stage import BothStage
from tests.races.test_crowds import ROUNDS, seats_left
from tests.races.truth import check_truth
from tests.wire.discord import Act
from tests.wire.telegram import Press

PEOPLE = 100
"""On each of the two."""
CARDS_WITHIN_SECONDS = 3.0


@pytest.mark.parametrize("seats", [1, 50])
@pytest.mark.parametrize("round_number", range(ROUNDS))
async def test_a_hundred_on_each_platform_press_at_once(both_stage: BothStage, seats: int, round_number: int) -> None:
    stage = both_stage
    here, there = stage.people(PEOPLE), [stage.discord.person(f"Sara {i}") for i in range(PEOPLE)]
    await stage.settle_in_on_both(here, there)
    number = await stage.task(seats)
    card, card_there = await stage.card(number), await stage.card_there(number)

    everybody = [(one, False) for one in range(PEOPLE)] + [(one, True) for one in range(PEOPLE)]
    random.Random(round_number).shuffle(everybody)
    pressed: dict[str, Press] = {}
    acted: dict[str, Act] = {}
    for i, is_there in everybody:
        if is_there:
            acted[str(there[i].id)] = there[i].presses(card_there, "I'm in")
        else:
            pressed[str(here[i].id)] = here[i].presses(card, "I'm in")
    await stage.wire.until(lambda: all(it.is_answered for it in pressed.values()), within_seconds=30)
    await asyncio.gather(*(act.completed(30) for act in acted.values()))

    held = await stage.core.edge.look(seated_pairs)
    told = [one for one, it in pressed.items() if YOURS in it.toast]
    told += [one for one, act in acted.items() if YOURS in act.messages[-1].text]
    assert len(held) == seats
    assert sorted((stage.crowd.people[one], number) for one in told) == sorted(held)
    assert not any(act.has_failed for act in acted.values())
    await stage.core.edge.look(check_truth)
    await stage.wire.until(lambda: seats_left(card) == seats_left(card_there) == 0, within_seconds=30)


@pytest.fixture
async def two(database_url: str, tmp_path: Path) -> AsyncIterator[Both]:
    async with both.stage(Database(make_url(database_url)), tmp_path / "pictures") as stage:
        yield stage


async def test_both_cards_say_so_within_three_seconds(two: Both) -> None:
    """By a clock that goes step by step: one seat is taken on one platform, the cards on both say by whom."""
    talk, wire, other = two.telegram, two.telegram.wire, two.discord.discord
    here, there = wire.person("Nour", started=True), other.person("Sara")
    group, channel = wire.group("Warmth", here, kind="supergroup"), other.guild("Helpers", there).general
    crowd = await talk.transact(lambda s: settle_in(s, [str(here.id)], str(group.id), talk.clock.now()))
    await talk.transact(lambda s: join_discord(s, crowd, [str(there.id)], str(channel.id), talk.clock.now()))
    await talk.transact(lambda s: add_task(s, crowd, 2, talk.clock.now()))
    await two.settle()
    cards = group.seen()[-1], list(channel.messages.values())[-1]

    for left in (1, 0):
        if left:
            await there.presses(cards[1], "I'm in").completed()
        else:
            here.presses(cards[0], "I'm in")
            await wire.acknowledged()
        lag = 0.0
        while {seats_left(card) for card in cards} != {left}:
            for courier in talk.core.couriers:
                await courier.draw_cards()
            assert lag <= CARDS_WITHIN_SECONDS
            lag += POLL_SECONDS
            talk.clock.shift(timedelta(seconds=POLL_SECONDS))
    assert all("Nour" in plain(card.text) for card in cards)
