"""The pace, in a time that passes as fast as it can be reckoned: what is allowed is used, and never more."""

import asyncio
import random
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Coroutine
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.pace import DISCORD, TELEGRAM, TELEGRAM_PAID, Limit, Limits, Pace, Turn
from handlers.types import ChatKind, Place


class Hurried(asyncio.SelectorEventLoop):
    """A loop whose clock jumps to the next thing that waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self._moment = 0.0

    def time(self) -> float:
        return self._moment

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]  # the loop's own, which no stub knows
            self._moment = max(self._moment, self._scheduled[0].when())  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


def hurry(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    with asyncio.Runner(loop_factory=Hurried) as runner:
        return runner.run(work())


def person(number: int) -> Place:
    return Place("telegram", str(number), ChatKind.PRIVATE)


def group(number: int) -> Place:
    return Place("telegram", f"-{number}", ChatKind.GROUP)


def most_in(moments: list[float], seconds: float) -> int:
    """The most moments in any stretch of this length."""
    return max(bisect_right(moments, start + seconds - 1e-9) - at for at, start in enumerate(moments))


class Traffic:
    """Who sent what, when."""

    def __init__(self, limits: Limits) -> None:
        self.pace = Pace(limits)
        self.time = asyncio.get_running_loop().time
        self.sent: list[tuple[float, Turn, Place]] = []
        self.waits: dict[Turn, list[float]] = {turn: [] for turn in Turn}

    async def send(self, place: Place, turn: Turn) -> None:
        asked = self.time()
        await self.pace.turn(place, turn)
        self.waits[turn].append(self.time() - asked)
        self.sent.append((self.time(), turn, place))

    def moments(self, *turns: Turn, place: Place | None = None) -> list[float]:
        return [at for at, turn, where in self.sent if (not turns or turn in turns) and place in (None, where)]

    async def many(self, people: int, at_once: int = 16, first: int = 0) -> None:
        """Send to so many people, a few at once."""
        left = iter(range(first, first + people))

        async def work() -> None:
            for number in left:
                await self.send(person(number), Turn.BULK)

        await asyncio.gather(*(work() for _ in range(at_once)))

    async def answers(self, per_second: float, seconds: float, seed: int = 1) -> None:
        """People ask for something now and then."""
        chance, tasks = random.Random(seed), []
        end, number = self.time() + seconds, 10_000_000
        while self.time() < end:
            await asyncio.sleep(chance.expovariate(per_second))
            number += 1
            tasks.append(asyncio.create_task(self.send(person(number), Turn.ANSWER)))
        await asyncio.gather(*tasks)


def test_many_are_told_at_the_allowed_rate_and_answers_hardly_wait() -> None:
    async def work() -> None:
        traffic = Traffic(TELEGRAM)
        await asyncio.gather(traffic.many(3_000), traffic.answers(20, 290))
        moments = traffic.moments()
        assert most_in(moments, 1.0) <= 30
        assert len(moments) / (moments[-1] - moments[0]) >= 0.98 * 30
        waits = sorted(traffic.waits[Turn.ANSWER])
        assert len(waits) > 5_000
        assert waits[int(len(waits) * 0.99)] < 0.3
        assert waits[len(waits) // 2] < 0.06

    hurry(work)


def test_without_answers_too_all_of_the_rate_is_used_and_the_start_is_no_burst() -> None:
    async def work() -> None:
        traffic = Traffic(TELEGRAM)
        await traffic.many(3_000)
        moments = traffic.moments()
        assert most_in(moments, 1.0) <= 30
        assert most_in(moments, 0.1) <= 4
        assert len(moments) / (moments[-1] - moments[0]) >= 0.98 * 30

    hurry(work)


def test_what_is_to_be_told_goes_before_what_goes_to_many_and_answers_before_both() -> None:
    async def work() -> None:
        traffic = Traffic(TELEGRAM)
        await traffic.many(30)
        last = [
            *(traffic.send(person(100 + n), Turn.BULK) for n in range(3)),
            *(traffic.send(person(200 + n), Turn.MESSAGE) for n in range(3)),
            *(traffic.send(person(300 + n), Turn.ANSWER) for n in range(3)),
        ]
        await asyncio.gather(*last)
        assert [turn for _, turn, _ in traffic.sent[30:]] == [Turn.ANSWER] * 3 + [Turn.MESSAGE] * 3 + [Turn.BULK] * 3

    hurry(work)


def test_a_chat_that_has_heard_enough_holds_nobody_else_up() -> None:
    async def work() -> None:
        traffic = Traffic(TELEGRAM)
        crowd = [traffic.send(group(1), Turn.MESSAGE) for _ in range(45)]
        await asyncio.gather(*crowd, traffic.many(1_000))
        in_group = traffic.moments(place=group(1))
        assert most_in(in_group, 60.0) <= 20
        assert max(traffic.moments(Turn.BULK)) < 40 < max(in_group)

    hurry(work)


def test_being_asked_to_wait_pauses_that_chat_and_only_for_as_long() -> None:
    async def work() -> None:
        traffic = Traffic(TELEGRAM)
        traffic.pace.asked_to_wait(person(1), 5.0)
        await asyncio.gather(traffic.send(person(1), Turn.MESSAGE), traffic.send(person(2), Turn.MESSAGE))
        assert traffic.moments(place=person(2)) == [0.0]
        assert traffic.moments(place=person(1)) == [5.0]

    hurry(work)


def test_several_that_are_asked_to_wait_at_once_mean_all_and_the_rate_recovers() -> None:
    async def work() -> None:
        traffic = Traffic(TELEGRAM)
        for number in range(3):
            traffic.pace.asked_to_wait(person(number), 7.0)
        await traffic.many(2_000, first=100)
        moments = traffic.moments()
        assert moments[0] == 7.0
        rates = [sum(start <= at < start + 10 for at in moments) / 10 for start in (7, 50)]
        assert rates[0] >= 0.94 * 30
        assert rates[1] >= 0.98 * 30

    hurry(work)


def test_whoever_no_longer_waits_takes_nobodys_place() -> None:
    async def work() -> None:
        traffic = Traffic(TELEGRAM)
        await traffic.many(30)
        waiting = [asyncio.create_task(traffic.send(person(n), Turn.MESSAGE)) for n in range(50, 80)]
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        await traffic.send(person(99), Turn.BULK)
        assert traffic.time() < 1.1

    hurry(work)


def test_paid_broadcasts_leave_the_free_messages_alone() -> None:
    async def work() -> None:
        traffic = Traffic(TELEGRAM_PAID)
        await asyncio.gather(traffic.many(20_000, at_once=300), traffic.answers(20, 20))
        bulk, answers = traffic.moments(Turn.BULK), traffic.moments(Turn.ANSWER)
        assert most_in(bulk, 1.0) <= 1000
        assert len(bulk) / (bulk[-1] - bulk[0]) >= 0.98 * 1000
        assert most_in(answers, 1.0) <= 30

    hurry(work)


def test_on_discord_people_are_written_to_a_few_a_minute_at_uneven_distances() -> None:
    async def work() -> None:
        traffic = Traffic(DISCORD)
        await asyncio.gather(traffic.many(100), traffic.answers(5, 600))
        bulk = traffic.moments(Turn.BULK)
        assert most_in(bulk, 60.0) <= 4
        distances = {round(after - before, 1) for before, after in pairwise(bulk)}
        assert len(distances) > 20
        assert max(traffic.waits[Turn.ANSWER]) == 0.0

    hurry(work)


@settings(deadline=None, max_examples=60)
@given(
    messages=st.integers(1, 8),
    asks=st.lists(
        st.tuples(st.floats(0, 3), st.sampled_from(Turn), st.integers(1, 4), st.booleans(), st.floats(0, 2)), max_size=60
    ),
)
def test_no_window_is_ever_overrun_and_everybody_gets_a_turn(
    messages: int, asks: list[tuple[float, Turn, int, bool, float]]
) -> None:
    """Any traffic, with people who ask for a pause in between."""
    limits = Limits(overall=Limit(messages, 1.0), private_chat=Limit(1, 1.0), group=Limit(3, 2.0))

    async def work() -> None:
        traffic = Traffic(limits)

        async def ask(after: float, turn: Turn, chat: int, in_group: bool, pause: float) -> None:
            await asyncio.sleep(after)
            place = group(chat) if in_group else person(chat)
            if pause > 1.9:
                traffic.pace.asked_to_wait(place, pause)
            await traffic.send(place, turn)

        jobs: list[Awaitable[None]] = [ask(*one) for one in asks]
        await asyncio.gather(*jobs)
        assert len(traffic.sent) == len(asks)
        if asks:
            assert most_in(traffic.moments(), 1.0) <= messages
        for chat in {place for _, turn, place in traffic.sent if place.kind is ChatKind.GROUP}:
            assert most_in(traffic.moments(place=chat), 2.0) <= 3
        for chat in {place for _, turn, place in traffic.sent if place.kind is ChatKind.PRIVATE}:
            told = traffic.moments(Turn.MESSAGE, Turn.BULK, place=chat)
            assert not told or most_in(told, 1.0) <= 1

    hurry(work)


@pytest.mark.parametrize("by", [10, 40])
def test_where_time_goes_faster_more_is_allowed(by: int) -> None:
    faster = TELEGRAM.faster(by)
    assert faster.overall == Limit(30 * by, 1.0)
    assert faster.private_chat == Limit(1, 1.0 / by)
