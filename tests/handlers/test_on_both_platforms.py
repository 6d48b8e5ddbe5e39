"""One core behind Telegram and Discord at once: one team, one pool of seats, one person; over both real libraries."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import func, make_url, select

from bot.database import Database
from models.claims import Claim, ClaimState
from models.communities import Chat
from models.people import Account
from tests.both import Both, stage
from tests.dialogue import Somebody, plain
from tests.elsewhere import code_in
from tests.wire.discord.permissions import Permission


@pytest.fixture
async def both(database_url: str, tmp_path: Path) -> AsyncIterator[Both]:
    async with stage(Database(make_url(database_url)), tmp_path / "pictures") as both:
        yield both


async def joined(both: Both, organizer: Somebody, admin: Somebody) -> Any:
    """The team's other home: a channel on Discord, joined by its admin with the organizer's code."""
    channel = both.discord.group("Helpers", admin)
    code = code_in((await organizer.says("/connect")).text)
    said = await admin.says(f"/connect {code}", channel)
    assert "This chat belongs to the team Warmth now." in plain(said.text)
    return channel


async def test_a_task_in_a_group_and_a_channel_has_one_pool_of_seats(both: Both) -> None:
    huda, dana, omar = both.telegram.person("Huda"), both.discord.person("Dana"), both.telegram.person("Omar")
    home = await both.telegram.home(huda, omar)
    channel = await joined(both, huda, dana)
    await both.settle()
    assert "Helpers on Discord belongs to Warmth now." in plain(huda.screen.text)

    number = await both.telegram.task(home, huda, seats=2)
    for (chat,) in await both.telegram.rows(select(Chat.id)):
        await huda.presses_on(huda.screen, data=f"post_in:{number} {chat}:0")
    await both.settle()
    await dana.presses("I'm in", cast("Any", channel))
    await both.later(seconds=5)
    for card in (huda.reads(home.group)[-1], shown(channel)):
        assert "1 seat left of 2" in card
        assert "Dana" in card
    await omar.presses("I'm in", home.group)
    await both.later(seconds=5)
    assert "0 seats left of 2" in shown(channel)
    assert await both.telegram.rows(select(func.count()).where(Claim.state == ClaimState.HELD)) == [(2,)]


def shown(channel: Any) -> str:
    """The live card in the channel, as it stands now."""
    cards = [message for message in channel.messages.values() if "seat" in message.text and not message.is_ephemeral]
    return plain(str(cards[-1].text))


async def test_one_person_of_an_account_on_each(both: Both) -> None:
    huda, omar, dana = both.telegram.person("Huda"), both.telegram.person("Omar"), both.discord.person("Dana")
    home = await both.telegram.home(huda, omar)
    number = await both.telegram.task(home, huda)
    await dana.says(f"/join {home.code}")
    await dana.presses("Join")
    assert "is yours until" in (await dana.says(f"/claim {number}")).text
    code = code_in((await omar.says("/link")).text)
    asked = await dana.says(f"/link {code}")
    assert "The account of Omar on Telegram and this one become one person." in plain(asked.text)
    done = await dana.presses("Confirm")
    assert "One person from now on, on Telegram, Discord." in plain(done.text)
    await both.settle()
    assert "If that was somebody else" in plain(omar.screen.text)
    assert "Call Mr. Adel: yours until" in plain((await omar.says("/mine")).text)
    assert await both.telegram.rows(select(func.count(Account.person_id.distinct()))) == [(2,)]

    await omar.presses("Undo the link")
    await omar.presses("Undo the link")
    await both.settle()
    assert "No seat is held" in (await omar.says("/mine")).text
    assert "Call Mr. Adel: yours until" in plain((await dana.says("/mine")).text)


async def test_a_role_of_a_server_moderates_in_its_channel(both: Both) -> None:
    huda, dana, basma = both.telegram.person("Huda"), both.discord.person("Dana"), both.discord.person("Basma")
    home = await both.telegram.home(huda)
    channel = both.discord.group("Helpers", dana, basma)
    code = code_in((await huda.says("/connect")).text)
    await dana.says(f"/connect {code}", channel)
    link = code_in((await huda.says("/link")).text)
    await dana.says(f"/link {link}")
    await dana.presses("Confirm")
    await both.settle()
    wire, guild = both.discord.discord, channel.guild
    # Discord offers moderators' commands to those who manage messages; whether they moderate, the team says.
    wire.role(guild, "Old hands", cast("Any", basma.app), grants=Permission.MANAGE_MESSAGES)
    role = wire.role(guild, "Helpers")
    act = await cast("Any", dana.app).runs("role", channel, member=role, role="moderator").completed()
    assert "can do in this chat what moderators do" in plain(act.text)

    await basma.says(f"/join {home.code}")
    await basma.presses("Join")
    assert "for the team's moderators" in (await basma.says("/review", channel)).text
    wire.give_role(guild, cast("Any", basma.app).user, role)
    assert "No report is waiting" in (await basma.says("/review", channel)).text
    assert "for the team's moderators" in (await basma.says("/review")).text
