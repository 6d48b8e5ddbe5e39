"""Many people ask for the same seats at the same moment: one seat, one holder, and everybody hears the truth."""

import asyncio
import os
import random
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, make_url, select

from bot.courier import POLL_SECONDS
from bot.database import Database
from bot.edge import Edge
from models.claims import Claim, ClaimState
from models.delivery import Inbox
from tests.dialogue import Talk
from tests.races.crowd import YOURS, add_task, press, seated_pairs, settle_in
from tests.races.stage import Stage
from tests.races.truth import check_truth
from tests.wire.discord import Message as DiscordMessage
from tests.wire.telegram import Message, Person, Press

SEATS = (1, 7, 50)
PEOPLE = 200
ROUNDS = int(os.environ.get("HIMMA_TEST_ROUNDS", "1"))
"""How often each race over the wire is run; a full proof takes 20."""


def in_any_order(people: Sequence[str], tasks: Sequence[int], seed: int) -> list[tuple[str, int]]:
    """Everybody asks for a seat of every task."""
    presses = [(one, task) for one in people for task in tasks]
    random.Random(seed).shuffle(presses)
    return presses


@pytest.mark.parametrize("seed", range(5))
async def test_as_many_as_there_are_seats_hold_one_whichever_replica_they_ask(database_url: str, seed: int) -> None:
    """Several edges on one database; every tenth press reaches two of them."""
    url, now = make_url(database_url), datetime.now(UTC)
    databases = [Database(url) for _ in range(1 if url.get_backend_name() == "sqlite" else 3)]
    edges = [Edge(database) for database in databases]
    people = [str(n) for n in range(PEOPLE)]
    crowd = await edges[0].transact(lambda session: settle_in(session, people, "-1", now))
    tasks = [await edges[0].transact(lambda s, n=n: add_task(s, crowd, n, now)) for n in SEATS]  # type: ignore[misc]
    try:
        asked = in_any_order(people, tasks, seed)
        events = [press(one, f"claim:{task}:1", now) for one, task in asked]
        handed_in = [(i % len(edges), event) for i, event in enumerate(events)]
        handed_in += [((i + 1) % len(edges), event) for i, event in handed_in[::10]]
        answers = await asyncio.gather(*(edges[i].handle(event) for i, event in handed_in))

        held = await edges[0].look(seated_pairs)
        assert len(held) == len({person for person, _ in held}) == sum(SEATS)
        told = [YOURS in answer.reply.toast for answer in answers[: len(events)]]
        assert {(crowd.people[one], task) for (one, task), is_held in zip(asked, told, strict=True) if is_held} == held
        assert [a.reply for a in answers[len(events) :]] == [a.reply for a in answers[: len(events) : 10]]
        await edges[0].look(check_truth)
        assert await edges[0].look(lambda session: session.scalar(select(func.count()).select_from(Inbox))) == len(events)
    finally:
        for database in databases:
            await database.close()


@pytest.mark.parametrize("round_number", range(ROUNDS))
async def test_two_hundred_press_at_once_over_the_wire(stage: Stage, round_number: int) -> None:
    people = stage.people(PEOPLE)
    await stage.settle_in(people)
    cards = {number: await stage.card(number) for number in [await stage.task(seats) for seats in SEATS]}

    asked = in_any_order([str(one.id) for one in people], list(cards), round_number)
    by_id = {str(one.id): one for one in people}
    pressed = [(one, task, by_id[one].presses(cards[task], "I'm in")) for one, task in asked]
    await stage.wire.until(lambda: all(it.is_answered for _, _, it in pressed), within_seconds=30)

    held = await stage.core.edge.look(seated_pairs)
    told = {(stage.crowd.people[one], task) for one, task, it in pressed if YOURS in it.toast}
    assert len(held) == len({person for person, _ in held}) == sum(SEATS)
    assert told == held
    assert all(it.toast for _, _, it in pressed)
    await stage.core.edge.look(check_truth)


async def test_a_burst_of_claims_shows_on_the_live_card_within_three_seconds_for_a_handful_of_edits(chat: Talk) -> None:
    """A hundred claims within three seconds, by a clock that goes step by step."""
    people = [chat.wire.person(f"Nour {i}", started=True) for i in range(100)]
    group = chat.wire.group("Warmth", *people, kind="supergroup")
    ids = [str(one.id) for one in people]
    crowd = await chat.transact(lambda session: settle_in(session, ids, str(group.id), chat.clock.now()))
    await chat.transact(lambda session: add_task(session, crowd, 100, chat.clock.now()))
    await chat.settle()
    (card,) = group.seen()
    steps, lag = 12, 0.0

    for step in range(4 * steps):
        for one in people[step * len(people) // steps : (step + 1) * len(people) // steps]:
            one.presses(card, "I'm in")
        await chat.wire.acknowledged()
        await chat.core.couriers[0].draw_cards()
        lag = lag + POLL_SECONDS if seats_left(card) != 100 - len(await chat.core.edge.look(seated_pairs)) else 0.0
        assert lag <= 3.0
        chat.clock.shift(timedelta(seconds=POLL_SECONDS))
    assert seats_left(card) == 0
    assert card.edits <= 3


def seats_left(card: Message | DiscordMessage) -> int:
    found = re.search(r"(\d+) seats? left of", card.text)
    assert found, card.text
    return int(found[1])


async def test_ten_presses_of_one_person_take_one_seat_and_say_so_ten_times(stage: Stage) -> None:
    people = stage.people(5)
    await stage.settle_in(people)
    card = await stage.card(await stage.task(50))

    pressed = [one.presses(card, "I'm in") for _ in range(10) for one in people]
    await answered(stage, pressed)

    assert len(await stage.core.edge.look(seated_pairs)) == len(people)
    assert Counter(it.toast.partition(" yours ")[2].partition(" ")[0] for it in pressed) == {"until": 5, "already,": 45}
    await stage.core.edge.look(check_truth)


async def test_what_one_person_does_is_done_in_their_order(stage: Stage) -> None:
    """Claim, give back, claim …, faster than anybody answers, while many others press, too."""
    people = stage.people(20)
    await stage.settle_in(people)
    number = await stage.task(50)
    card = await stage.card(number)

    pressed: list[Press] = []
    for turn in range(9):
        pressed += [press_in_turn(one, card, number, turn) for one in people]
    await answered(stage, pressed)

    held = await stage.core.edge.look(seated_pairs)
    assert len(held) == len(people)
    claims = await stage.rows(select(Claim.person_id, Claim.state).order_by(Claim.id))
    for person in {person for person, _ in claims}:
        states = [state for whose, state in claims if whose == person]
        assert states == [ClaimState.RELEASED] * 4 + [ClaimState.HELD]
    await stage.core.edge.look(check_truth)


def press_in_turn(person: Person, card: Message, number: int, turn: int) -> Press:
    return person.presses(card, data=f"{'release' if turn % 2 else 'claim'}:{number}:1")


async def answered(stage: Stage, pressed: Sequence[Press]) -> None:
    await stage.wire.until(lambda: all(it.is_answered for it in pressed), within_seconds=30)
