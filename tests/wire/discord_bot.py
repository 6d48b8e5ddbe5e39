"""A small discord.py bot that does a bit of everything, to prove the fake by the real client."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import discord
import yarl
from discord import app_commands, ui
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.wire.discord import DiscordWire

Interaction = discord.Interaction[Any]


def point_to(wire: DiscordWire) -> None:
    """Send every discord.py client of this process to the fake: the library knows no setting for it."""
    Route.BASE = wire.api_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(wire.gateway_url)


class Claim(ui.DynamicItem[ui.Button[Any]], template=r"claim:(?P<task>\d+)"):
    """A button that survives restarts."""

    def __init__(self, task: int) -> None:
        super().__init__(ui.Button(label="I'm in", custom_id=f"claim:{task}"))
        self.task = task

    @classmethod
    async def from_custom_id(cls, interaction: Interaction, item: ui.Item[Any], match: Any, /) -> "Claim":
        return cls(int(match["task"]))

    async def callback(self, interaction: Interaction) -> None:
        await interaction.response.edit_message(content=f"Task {self.task}: {interaction.user.display_name}")


_MINUTES = [discord.SelectOption(label=f"{number} min", value=str(number)) for number in (5, 15)]


class Report(ui.Modal, title="Report"):
    note = ui.Label[Any](text="Note", component=ui.TextInput(max_length=200))
    minutes = ui.Label[Any](text="Minutes", component=ui.Select(options=_MINUTES))
    photo = ui.Label[Any](text="Photo", component=ui.FileUpload(required=False))

    async def on_submit(self, interaction: Interaction, /) -> None:
        note, minutes, photo = self.note.component, self.minutes.component, self.photo.component
        assert isinstance(note, ui.TextInput)
        assert isinstance(minutes, ui.Select)
        assert isinstance(photo, ui.FileUpload)
        sizes = [len(await file.read()) for file in photo.values]
        await interaction.response.send_message(f"{note.value} / {minutes.values} / {sizes}", ephemeral=True)


class Bot(discord.AutoShardedClient):
    """Its commands are below; `heard` is every interaction's id."""

    def __init__(self, intents: discord.Intents | None = None, **options: Any) -> None:
        options.setdefault("allowed_mentions", discord.AllowedMentions.none())
        super().__init__(intents=intents or discord.Intents(guilds=True), guild_ready_timeout=0.05, **options)
        self.tree = app_commands.CommandTree(self)
        self.heard: list[int] = []
        self.events: list[str] = []
        self.messages: list[discord.Message] = []
        for add in (_add_claims, _add_questions, _add_slow_ones, _add_people):
            add(self.tree)

    async def setup_hook(self) -> None:
        self.add_dynamic_items(Claim)
        await self.tree.sync()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Shards of the fake need not wait for each other."""

    async def on_interaction(self, interaction: Interaction) -> None:
        self.heard.append(interaction.id)

    async def on_message(self, message: discord.Message) -> None:
        self.messages.append(message)

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        self.events.append(event)
        super().dispatch(event, *args, **kwargs)


def _add_claims(tree: app_commands.CommandTree[Any]) -> None:
    @tree.command(description="Take a seat")
    async def claim(interaction: Interaction, task: int, minutes: app_commands.Range[int, 1, 240] = 5) -> None:
        await interaction.response.send_message(f"Task {task} for {minutes} min", ephemeral=True)

    @claim.autocomplete("task")
    async def titles(interaction: Interaction, typed: str) -> list[app_commands.Choice[int]]:
        return [app_commands.Choice(name=f"{typed}… {number}", value=number) for number in range(25)]

    @tree.command(description="The card")
    async def card(interaction: Interaction) -> None:
        view = ui.View(timeout=None)
        view.add_item(Claim(12))
        await interaction.response.send_message("Task 12: nobody", view=view)


def _add_questions(tree: app_commands.CommandTree[Any]) -> None:
    @tree.command(description="Pick a role")
    async def pick(interaction: Interaction) -> None:
        view = ui.View(timeout=60)
        select: ui.UserSelect[Any] = ui.UserSelect(placeholder="Who")

        async def chosen(interaction: Interaction) -> None:
            await interaction.response.send_message(f"Chosen: {select.values[0].display_name}", ephemeral=True)

        select.callback = chosen  # type: ignore[method-assign]  # as discord.py's guide does
        view.add_item(select)
        await interaction.response.send_message("Who?", view=view, ephemeral=True)

    @tree.command(description="Done")
    async def done(interaction: Interaction) -> None:
        await interaction.response.send_modal(Report())


def _add_slow_ones(tree: app_commands.CommandTree[Any]) -> None:
    @tree.command(description="Slow")
    async def slow(interaction: Interaction, seconds: float = 0.05) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await asyncio.sleep(seconds)
        await interaction.followup.send("Here it is")
        await interaction.followup.send("And more", ephemeral=False)

    @tree.command(description="Late")
    async def late(interaction: Interaction, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await interaction.response.send_message("Too late")


def _add_people(tree: app_commands.CommandTree[Any]) -> None:
    @tree.command(description="Who is it")
    async def who(interaction: Interaction, member: discord.Member) -> None:
        await interaction.response.send_message(f"{member.display_name}: {member.guild_permissions.manage_guild}")

    @tree.command(description="Set up")
    @app_commands.default_permissions(manage_guild=True)
    async def setup(interaction: Interaction) -> None:
        await interaction.response.send_message(f"{interaction.permissions.manage_guild}", ephemeral=True)

    @tree.context_menu(name="Report as a task")
    async def report(interaction: Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"Draft: {message.content}", ephemeral=True)

    @tree.context_menu(name="Thank")
    async def thank(interaction: Interaction, member: discord.Member) -> None:
        one = discord.AllowedMentions(users=[member])
        await interaction.response.send_message(f"Thanks, {member.mention}", allowed_mentions=one)


@asynccontextmanager
async def running(wire: DiscordWire, bot: Bot | None = None) -> AsyncIterator[Bot]:
    """A bot that is connected and has seen its guilds."""
    bot = bot or Bot()
    point_to(wire)
    task = asyncio.create_task(bot.start(wire.token))
    try:
        await asyncio.wait({task, ready := asyncio.create_task(bot.wait_until_ready())}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if task.done():
            task.result()
        yield bot
    finally:
        await bot.close()
        with suppress(Exception):
            await task


logging.getLogger("discord").setLevel(logging.ERROR)
