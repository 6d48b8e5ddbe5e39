"""The real discord.py at home on the fake: what its bot says is what people see, through drops, limits and refusals."""

import io
from collections.abc import AsyncIterator

import discord
import pytest

from tests.wire.discord import Channel, DiscordWire, Fault, Guild, Intent, Limits, Permission, Person
from tests.wire.discord_bot import Bot, running

CREATE = "POST /channels/{channel_id}/messages"


@pytest.fixture
async def wire() -> AsyncIterator[DiscordWire]:
    async with DiscordWire() as wire:
        yield wire


@pytest.fixture
def sara(wire: DiscordWire) -> Person:
    return wire.person("Sara")


@pytest.fixture
def mona(wire: DiscordWire) -> Person:
    return wire.person("Mona", "fr")


@pytest.fixture
def guild(wire: DiscordWire, sara: Person, mona: Person) -> Guild:
    """A guild that Mona manages and Sara is in."""
    return wire.guild("Warmth", sara, managers=(mona,))


@pytest.fixture
def here(guild: Guild) -> Channel:
    return guild.general


@pytest.fixture
async def bot(wire: DiscordWire, guild: Guild) -> AsyncIterator[Bot]:
    async with running(wire) as bot:
        yield bot


async def channel_of(bot: Bot, here: Channel) -> discord.TextChannel:
    channel = bot.get_channel(here.id)
    assert isinstance(channel, discord.TextChannel)
    return channel


async def test_a_slash_command_is_answered_privately(bot: Bot, sara: Person, mona: Person, here: Channel) -> None:
    act = await sara.runs("claim", here, task=5, minutes=15).completed()
    assert act.text == "Task 5 for 15 min"
    assert act.message.is_ephemeral
    assert [message.text for message in sara.answers(here)] == ["Task 5 for 15 min"]
    assert mona.answers(here) == []
    with pytest.raises(AssertionError, match="more than"):
        sara.runs("claim", here, task=5, minutes=241)


async def test_a_command_in_a_direct_message(bot: Bot, sara: Person) -> None:
    act = await sara.runs("claim", task=5).completed()
    assert sara.answers() == [act.message]


async def test_options_that_name_people(bot: Bot, sara: Person, mona: Person, here: Channel) -> None:
    assert (await sara.runs("who", here, member=mona).completed()).text == "Mona: True"
    assert (await sara.runs("who", here, member=sara).completed()).text == "Sara: False"


async def test_what_only_managers_are_offered(bot: Bot, sara: Person, mona: Person, here: Channel) -> None:
    assert "setup" not in sara.commands(here)
    assert (await mona.runs("setup", here).completed()).text == "True"


async def test_autocomplete(bot: Bot, sara: Person, here: Channel) -> None:
    act = await sara.types("claim", "task", "ca", here).completed()
    assert (act.choices[0], act.values[0], len(act.choices)) == ("ca… 0", 0, 25)


async def test_a_button_changes_its_message_even_after_a_restart(
    wire: DiscordWire, guild: Guild, sara: Person, mona: Person, here: Channel
) -> None:
    async with running(wire):
        card = (await sara.runs("card", here).completed()).message
    async with running(wire):
        await mona.presses(card, "I'm in").completed()
    assert [message.text for message in sara.answers(here)] == ["Task 12: Mona"]
    assert card.edits == 1


async def test_a_select(bot: Bot, sara: Person, mona: Person, here: Channel) -> None:
    question = (await sara.runs("pick", here).completed()).message
    assert (await sara.chooses(question, mona, select="Who").completed()).text == "Chosen: Mona"


async def test_a_form_with_words_a_choice_and_a_file(bot: Bot, sara: Person, here: Channel) -> None:
    opened = await sara.runs("done", here).completed()
    assert (opened.modal.title, opened.modal.labels) == ("Report", ["Note", "Minutes", "Photo"])
    with pytest.raises(AssertionError, match="Note must be filled in"):
        sara.submits(opened, {"Minutes": "5 min"})
    sent = await sara.submits(opened, {"Note": "ok", "Minutes": "15 min", "Photo": ("a.png", b"x" * 10)}).completed()
    assert sent.text == "ok / ['15'] / [10]"
    opened = await sara.runs("done", here).completed()
    assert (await sara.submits(opened, {"Note": "ok", "Minutes": "5 min"}).completed()).text == "ok / ['5'] / []"


async def test_context_menus(bot: Bot, sara: Person, mona: Person, here: Channel) -> None:
    need = sara.says("A lift to the clinic", here)
    assert (await mona.uses("Report as a task", need).completed()).text == "Draft: A lift to the clinic"
    thanks = await mona.uses("Thank", sara, here).completed()
    assert sara.pings(here) == [thanks.message]


async def test_a_deferral_and_what_follows_it(wire: DiscordWire, bot: Bot, sara: Person, here: Channel) -> None:
    act = await sara.runs("slow", here, seconds=0.2).answered()
    assert [message.is_thinking for message in sara.answers(here)] == [True]
    await wire.until(lambda: len(act.messages) == 2)
    assert [(message.text, message.is_ephemeral) for message in act.messages] == [("Here it is", True), ("And more", False)]


async def test_an_answer_that_comes_too_late(
    wire: DiscordWire, bot: Bot, sara: Person, here: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    wire.interactions.acknowledge_seconds = 0.05
    act = sara.runs("late", here, seconds=0.1)
    await wire.until(lambda: [made.code for made in wire.called("POST /interactions/")] == [10062])
    assert act.has_failed
    assert sara.answers(here) == []


async def test_an_act_is_acknowledged_only_once(wire: DiscordWire, bot: Bot, sara: Person, here: Channel) -> None:
    card = wire.post(here, "Card", components=[{"type": 1, "components": [{"type": 2, "label": "Go", "custom_id": "x"}]}])
    codes: list[int] = []

    async def on_interaction(interaction: discord.Interaction[Bot]) -> None:
        await interaction.response.send_message("first")
        interaction.response._response_type = None
        try:
            await interaction.response.send_message("second")
        except discord.HTTPException as error:
            codes.append(error.code)

    bot.event(on_interaction)
    act = sara.presses(card, "Go")
    await wire.until(lambda: codes)
    assert codes == [40060]
    assert [message.text for message in act.messages] == ["first"]


async def test_a_message_to_a_channel(bot: Bot, sara: Person, here: Channel) -> None:
    channel = await channel_of(bot, here)
    file = discord.File(io.BytesIO(b"chart"), "chart.png")
    sent = await channel.send("Hello", embed=discord.Embed(title="Task"), file=file)
    (seen,) = sara.answers(here)
    assert (seen.text, seen.files[0].data) == ("Hello\nTask", b"chart")
    assert await sent.attachments[0].read() == b"chart"
    await sent.edit(content="Changed", attachments=[])
    assert (seen.content, seen.files) == ("Changed", [])
    assert (await channel.fetch_message(sent.id)).content == "Changed"
    assert [message.id async for message in channel.history()] == [sent.id]
    await sent.delete()
    assert sara.answers(here) == []
    with pytest.raises(discord.NotFound) as gone:
        await sent.edit(content="x")
    assert gone.value.code == 10008


async def test_layouts_of_the_second_kind(bot: Bot, sara: Person, here: Channel) -> None:
    view = discord.ui.LayoutView()
    view.add_item(discord.ui.Container(discord.ui.TextDisplay("# Task"), discord.ui.Separator()))
    await (await channel_of(bot, here)).send(view=view)
    assert sara.answers(here)[0].text == "# Task"
    view.add_item(discord.ui.TextDisplay("x" * 3999))
    with pytest.raises(discord.HTTPException, match="4000"):
        await (await channel_of(bot, here)).send(view=view)


async def test_nobody_is_pinged_by_default(bot: Bot, sara: Person, here: Channel, wire: DiscordWire) -> None:
    wire.permit(here, Permission.MENTION_EVERYONE)
    channel = await channel_of(bot, here)
    await channel.send(f"@everyone {sara.mention}")
    assert sara.pings(here) == []
    await channel.send("@everyone", allowed_mentions=discord.AllowedMentions(everyone=True))
    assert len(sara.pings(here)) == 1


async def test_a_nonce_makes_a_repeated_send_harmless(wire: DiscordWire, bot: Bot, sara: Person, here: Channel) -> None:
    channel = await channel_of(bot, here)
    first = await channel.send("x", nonce=77)
    assert (await channel.send("x", nonce=77)).id == first.id
    assert len(sara.answers(here)) == 1


async def test_closed_direct_messages(bot: Bot, sara: Person) -> None:
    user = await bot.fetch_user(sara.id)
    await user.send("Hello")
    assert [message.text for message in sara.answers()] == ["Hello"]
    sara.closes_dms()
    with pytest.raises(discord.Forbidden) as closed:
        await user.send("Hello")
    assert closed.value.code == 50007
    assert (await sara.runs("claim", task=5).completed()).text == "Task 5 for 5 min"


@pytest.mark.parametrize(("what", "code"), [(Permission.VIEW_CHANNEL, 50001), (Permission.SEND_MESSAGES, 50013)])
async def test_a_missing_permission(wire: DiscordWire, bot: Bot, here: Channel, what: Permission, code: int) -> None:
    channel = await channel_of(bot, here)
    wire.forbid(here, what)
    with pytest.raises(discord.Forbidden) as refused:
        await channel.send("x")
    assert refused.value.code == code


async def test_rate_limits_are_waited_for(wire: DiscordWire, bot: Bot, sara: Person, here: Channel) -> None:
    wire.limit(Limits(routes={CREATE: (2, 0.3)}))
    channel = await channel_of(bot, here)
    for number in range(5):
        await channel.send(str(number))
    times = [made.at for made in wire.called(CREATE)]
    assert [message.text for message in sara.answers(here)] == ["0", "1", "2", "3", "4"]
    assert times[-1] - times[0] > 0.5
    assert [made.status for made in wire.called(CREATE)] == [200] * 5
    wire.fails(CREATE, Fault.LIMITED_GLOBALLY, retry_after=0.2)
    await channel.send("5")
    assert [made.status for made in wire.called(CREATE)][-2:] == [429, 200]


# The gateway


async def test_what_happens_while_the_gateway_is_down_is_told_on_resuming(
    wire: DiscordWire, bot: Bot, sara: Person, here: Channel
) -> None:
    wire.gateway.drop()
    act = sara.runs("claim", here, task=5)
    await act.completed()
    assert (wire.gateway.identified, wire.gateway.resumed) == (1, 1)
    assert bot.heard == [act.id]


@pytest.mark.parametrize("delivered", [True, False])
async def test_a_gateway_that_drops_in_the_middle_of_an_act(
    wire: DiscordWire, bot: Bot, sara: Person, here: Channel, *, delivered: bool
) -> None:
    wire.gateway.drops_at("INTERACTION_CREATE", delivered=delivered)
    act = await sara.runs("slow", here).completed()
    await wire.until(lambda: wire.gateway.resumed == 1)
    assert act.text == "Here it is"
    assert bot.heard == [act.id]


async def test_events_that_are_told_again(wire: DiscordWire, bot: Bot, sara: Person, here: Channel) -> None:
    act = await sara.runs("claim", here, task=5).completed()
    wire.gateway.repeats = 1
    wire.gateway.drop()
    await wire.until(lambda: len(bot.heard) == 2)
    act.again()
    await wire.until(lambda: len(bot.heard) == 3)
    assert set(bot.heard) == {act.id}
    await wire.until(lambda: [made.code for made in wire.called("POST /interactions/")] == [0, 40060, 40060])


async def test_an_asked_reconnect_resumes(wire: DiscordWire, bot: Bot, sara: Person, here: Channel) -> None:
    wire.gateway.reconnect()
    await wire.until(lambda: wire.gateway.resumed == 1)
    assert (await sara.runs("claim", here, task=5).completed()).text == "Task 5 for 5 min"


async def test_an_invalid_session_begins_anew(wire: DiscordWire, bot: Bot, sara: Person, here: Channel) -> None:
    wire.gateway.invalidate()
    await wire.until(lambda: wire.gateway.identified == 2)
    assert (await sara.runs("claim", here, task=5).completed()).text == "Task 5 for 5 min"
    wire.gateway.forget()
    wire.gateway.drop()
    await wire.until(lambda: wire.gateway.identified == 3)
    assert (await sara.runs("claim", here, task=5).completed()).text == "Task 5 for 5 min"
    assert wire.gateway.resumed == 0


async def test_intents_that_were_not_granted(wire: DiscordWire, guild: Guild) -> None:
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with running(wire, Bot(discord.Intents(guilds=True, members=True))):
            pass
    wire.gateway.granted = Intent.GUILD_MEMBERS
    async with running(wire, Bot(discord.Intents(guilds=True, members=True))) as bot:
        assert {member.name for member in bot.guilds[0].members} == {member.user.username for member in guild.members.values()}


async def test_what_a_bot_without_the_content_intent_reads(wire: DiscordWire, sara: Person, here: Channel) -> None:
    intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
    async with running(wire, Bot(intents)) as bot:
        sara.says("in the open", here)
        sara.says("directly")
        await wire.until(lambda: len(bot.messages) == 2)
        assert [message.content for message in bot.messages] == ["", "directly"]


async def test_guilds_that_come_change_and_go(wire: DiscordWire, bot: Bot, guild: Guild, here: Channel) -> None:
    added = wire.guild("Second")
    await wire.until(lambda: "guild_join" in bot.events)
    wire.rename(added, "Third")
    await wire.until(lambda: "guild_update" in bot.events)
    wire.delete_channel(here)
    await wire.until(lambda: "guild_channel_delete" in bot.events)
    wire.outage(guild)
    await wire.until(lambda: "guild_unavailable" in bot.events)
    wire.recovers(guild)
    await wire.until(lambda: "guild_available" in bot.events)
    wire.removes_bot(added)
    await wire.until(lambda: "guild_remove" in bot.events)
    assert [known.name for known in bot.guilds] == ["Warmth"]


async def test_threads(bot: Bot, sara: Person, here: Channel) -> None:
    channel = await channel_of(bot, here)
    thread = await channel.create_thread(name="Aside", type=discord.ChannelType.public_thread)
    await thread.send("Hello")
    assert here.guild is not None
    assert [message.text for message in sara.answers(here.guild.channels[thread.id])] == ["Hello"]


async def test_shards_share_the_guilds(wire: DiscordWire, sara: Person) -> None:
    guilds = [wire.guild(f"G{number}", sara) for number in range(8)]
    while len({guild.id >> 22 & 1 for guild in guilds}) < 2:
        guilds.append(wire.guild("One more", sara))
    async with (
        running(wire, Bot(shard_ids=[0], shard_count=2)) as even,
        running(wire, Bot(shard_ids=[1], shard_count=2)) as odd,
    ):
        assert {known.id for known in even.guilds} == {guild.id for guild in guilds if not guild.id >> 22 & 1}
        assert {known.id for known in odd.guilds} == {guild.id for guild in guilds if guild.id >> 22 & 1}
        acts = [await sara.runs("claim", guild.general, task=1).completed() for guild in guilds]
        assert sorted(even.heard + odd.heard) == [act.id for act in acts]


async def test_a_server_that_was_away_comes_back(wire: DiscordWire, bot: Bot, sara: Person, here: Channel) -> None:
    await wire.close()
    await wire.start()
    await wire.until(lambda: wire.gateway.identified == 2, within_seconds=10)
    assert (await sara.runs("claim", here, task=5).completed()).text == "Task 5 for 5 min"
