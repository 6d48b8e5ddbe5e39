"""Connecting to Discord: commands, shards, refused tokens, a wire that comes and goes."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.discord import Discord, TokenRefused
from bot.discord.client import NEEDED
from bot.discord.commands import declare_all
from bot.platform import NeedsMending
from handlers.types import Card, ChatKind, Place, Reply
from tests.bot.discord.conftest import SAID, Core, Stage, make_discord, running
from tests.bot.folder import Folder
from tests.wire.discord import DiscordWire, Fault, Intent

COMMANDS = "PUT /applications/{application_id}/commands"


async def test_commands_are_registered_once(stage: Stage, folder: Folder) -> None:
    assert len(stage.wire.called(COMMANDS)) == 1
    other = make_discord(stage.wire, folder)
    async with running(Core(other)):
        await stage.wire.until(lambda: len(stage.wire.gateway.connected) == 2, 5, "it did not start")
    await other.close()
    assert len(stage.wire.called(COMMANDS)) == 1


async def test_a_command_that_changed_is_registered_anew(wire: DiscordWire, discord: Discord) -> None:
    wire.commands.overwrite(0, [{"name": "tasks", "description": "Something of old", "type": 1}])
    async with running(Core(discord)):
        await wire.connected()
    assert len(wire.called(COMMANDS)) == 1
    assert {one["name"] for one in wire.commands.known(0)} == {one["name"] for one in declare_all()}


async def test_commands_that_cannot_be_registered_stop_nothing(wire: DiscordWire, discord: Discord) -> None:
    wire.fails("GET /applications", Fault.LIMITED, times=9, retry_after=0.01)
    async with running(Core(discord)):
        await wire.connected()


async def test_people_are_shown_the_commands_of_their_role(stage: Stage) -> None:
    members, managers = stage.sara.commands(stage.channel), stage.amal.commands(stage.channel)
    assert {"tasks", "claim", "help"} <= set(members)
    assert not {"setup", "newtask", "role"} & set(members)
    assert {"setup", "newtask", "role"} <= set(managers)
    assert "setup" not in stage.sara.commands()


async def test_what_a_command_does_stands_there_in_both_languages(stage: Stage) -> None:
    (claim,) = [one for one in stage.wire.commands.known(0) if one["name"] == "claim"]
    assert claim["description"].startswith("Take a seat on a task · ")
    (task,) = claim["options"]
    assert (task["type"], task["autocomplete"], task["required"]) == (4, True, False)
    assert all(len(one.get("description", "")) <= 100 for one in stage.wire.commands.known(0))


async def test_what_the_invitation_asks_for_is_enough(wire: DiscordWire, discord: Discord, folder: Folder) -> None:
    """In a server that lets nobody do anything: a card with a picture, its edits, a thread, and nothing beyond."""
    sara = wire.person("Sara")
    guild = wire.guild("Warmth", sara, grants=NEEDED.value)
    wire.change_role(guild, guild.roles[guild.id], 0)
    async with running(Core(discord)):
        await wire.connected()
        here = Place("discord", str(guild.general.id), ChatKind.GROUP)
        media = folder.keep(b"\x89PNG\r\n\x1a\n" + b"picture")
        sent = await discord.send(here, Reply(card=Card("A task"), media=media), "card:1")
        await discord.edit(here, sent, Reply(card=Card("A task, full")))
        thread = wire.thread(guild.general, "Today")
        await discord.send(replace(here, thread=str(thread.id)), SAID)
    assert [message.text for message in guild.general.messages.values()] == ["A task, full"]
    assert [message.text for message in thread.messages.values()] == ["Said."]
    told = Path(__file__).parents[3].joinpath("docs/discord.md").read_text(encoding="utf-8")
    shown = {"read_messages": "View Channels"}  # as Discord calls it
    for name in (name for name, is_on in NEEDED if is_on):
        assert f"| {shown.get(name, name.replace('_', ' ').title().replace(' In ', ' in '))} |" in told


async def test_nothing_privileged_is_asked_for(stage: Stage) -> None:
    (session,) = stage.wire.gateway.connected
    assert session.intents == Intent.GUILDS | Intent.DIRECT_MESSAGES


async def test_a_refused_token_is_told_without_showing_it(wire: DiscordWire, folder: Folder) -> None:
    discord = Discord("a-wrong-token", folder, api_url=wire.api_url, gateway_url=wire.gateway_url)
    with pytest.raises(TokenRefused) as refused:
        await discord.run(Core(discord).take)
    assert "a-wrong-token" not in repr(refused.value) + repr(discord) + repr(vars(refused.value))
    await discord.close()


@pytest.mark.parametrize(("code", "kind"), [(4004, TokenRefused), (4014, NeedsMending), (4013, NeedsMending)])
async def test_what_only_a_deployer_mends_is_told(wire: DiscordWire, discord: Discord, code: int, kind: type) -> None:
    task = asyncio.create_task(discord.run(Core(discord).take))
    await wire.connected()
    wire.gateway.close(code)
    with pytest.raises(kind):
        await asyncio.wait_for(task, 5)


async def test_it_starts_as_soon_as_discord_is_there(wire: DiscordWire, discord: Discord) -> None:
    await wire.close()
    async with running(Core(discord)):
        await asyncio.sleep(0.1)
        await wire.start()
        await wire.connected()


async def test_sessions_end_and_begin_again(stage: Stage) -> None:
    stage.wire.gateway.reconnect()
    await stage.wire.until(lambda: stage.wire.gateway.resumed == 1, 5, "it did not resume")
    assert (await stage.sara.runs("tasks", stage.channel).completed()).text == "Said."


async def test_shards_hear_what_is_theirs(wire: DiscordWire, folder: Folder) -> None:
    discord = Discord(wire.token, folder, api_url=wire.api_url, gateway_url=wire.gateway_url, shards=4, shard_ids=(2,))
    core = Core(discord)
    async with running(core):
        await wire.connected()
        assert [(session.shard, session.shards) for session in wire.gateway.connected] == [(2, 4)]
    await discord.close()


async def test_a_proxy_s_gateway_is_kept_to_when_resuming(stage: Stage) -> None:
    stage.wire.gateway.url = "wss://gateway.invalid"  # where READY says a session is to be resumed
    stage.wire.gateway.invalidate()
    await stage.wire.until(lambda: stage.wire.gateway.identified == 2, 15, "it did not identify anew")
    stage.wire.gateway.drop()
    await stage.wire.until(lambda: stage.wire.gateway.resumed == 1, 5, "it did not resume")
