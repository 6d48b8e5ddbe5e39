"""The benchmark measures what really happens: every press is answered, and the database is compared with the answers."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.api import BotApi, Press
from bench.contestant import FLOOR, NOOP_DISCORD, STOCK, STOCK_DISCORD, Broken, Contestant, Plain
from bench.discord import DiscordApi
from bench.field import Field
from bench.himma import HIMMA, Himma
from bench.load import Load
from bench.seed import Shape

SHAPE = Shape(open_tasks=25, past_tasks=10, seats=20)


@pytest.mark.parametrize("contestant", [HIMMA, STOCK, FLOOR], ids=lambda contestant: contestant.name)
async def test_every_press_is_answered_and_every_promise_kept(contestant: Contestant, tmp_path: Path) -> None:
    field = Field(contestant, tmp_path / "field", SHAPE)
    async with BotApi() as api, field.started(api) as heat:
        stats = await heat.press(people=16, at_most=100, seconds=10)
        size = heat.running.resident_mb()
    assert stats.presses == 100
    assert 0 < stats.p50 <= stats.p99
    assert 10 < size < 500
    held = contestant.claims(field.folder, SHAPE)
    assert held == {(press.person, press.task) for press in field.made}
    assert len(held) > 100


@pytest.mark.parametrize("name", ["himma", "stock", "no-op"])
async def test_so_it_is_on_discord(name: str, tmp_path: Path) -> None:
    async with BotApi() as telegram, DiscordApi() as api:
        contestants: list[Contestant] = [Himma(telegram=telegram.url), STOCK_DISCORD, NOOP_DISCORD]
        (contestant,) = [one for one in contestants if one.name == name]
        field = Field(contestant, tmp_path / "field", SHAPE)
        async with field.started(api) as heat:
            stats = await heat.press(people=16, at_most=60, seconds=10)
            steady = await heat.press_steadily(per_second=500, number=40)
    assert (stats.presses, steady.presses, stats.missed) == (60, 40, 0)
    assert 0 < stats.acknowledged_p99 <= stats.p99
    if contestant.keeps_claims:
        assert contestant.claims(field.folder, SHAPE) == {(press.person, press.task) for press in field.made}


async def test_a_seat_is_not_given_twice_however_many_press(tmp_path: Path) -> None:
    shape = Shape(open_tasks=16)
    field = Field(FLOOR, tmp_path / "field", shape)
    async with BotApi() as api, field.started(api) as heat:
        await heat.press(people=16, at_most=shape.pressing, seconds=20)
        late = [Press(person=1000 + number, task=shape.open_tasks) for number in range(20)]
        answered = await Load(api).open(late, per_second=500)
    assert len(answered) == 20
    assert not any(FLOOR.is_won(press) for press in late)


@dataclass(frozen=True, slots=True)
class Forgetful(Plain):
    """Answers well and keeps nothing."""

    def claims(self, folder: Path, shape: Shape) -> set[tuple[int, int]]:
        return set()


async def test_a_promise_that_was_not_kept_is_found(tmp_path: Path) -> None:
    field = Field(Forgetful("forgetful", FLOOR.module), tmp_path / "field", SHAPE)
    with pytest.raises(Broken, match=r"promises not kept: [1-9]"):
        async with BotApi() as api, field.started(api):
            pass
