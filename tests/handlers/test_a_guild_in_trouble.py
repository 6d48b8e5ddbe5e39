"""When Discord fails, drops and repeats, or takes something away: nothing that was answered is lost, nothing is done twice."""

from typing import Any

import pytest
from sqlalchemy import func, select

from models.claims import Claim, ClaimState
from models.communities import Chat
from tests.dialogue import plain
from tests.discord_dialogue import DiscordSomebody, DiscordTalk
from tests.handlers.test_in_a_guild import card_in, talk, team
from tests.wire.discord import Act, Fault, Limits, Permission

__all__ = ["talk"]

CALLBACK = "POST /interactions/{interaction_id}/{interaction_token}/callback"
MESSAGES = "POST /channels/{channel_id}/messages"
EDITS = "PATCH /channels/{channel_id}/messages/{message_id}"


async def posted(talk: DiscordTalk, **columns: Any) -> tuple[DiscordSomebody, DiscordSomebody, Any]:
    """A task of two seats with its card in the channel; the organizer, a volunteer."""
    omar = talk.person("Omar")
    huda, home, channel = await team(talk, omar)
    number = await talk.task(home, huda, "Write a letter", seats=2, **columns)
    await huda.says(f"/post {number}", channel)
    await talk.settle()
    return huda, omar, channel


def presses(omar: DiscordSomebody, channel: Any) -> Act:
    card = [message for message in omar.phone.answers(channel) if not message.is_ephemeral][-1]
    return omar._awaited(omar.phone.presses(card, "I'm in"))


def told(act: Act, omar: DiscordSomebody) -> list[str]:
    """Every "yours" that reached Omar, in the channel or in private."""
    return [message.text for message in [*act.messages, *omar.phone.answers()] if "is yours until" in message.text]


async def held(talk: DiscordTalk) -> int:
    ((n,),) = await talk.rows(select(func.count()).where(Claim.state == ClaimState.HELD))
    return int(n)


@pytest.mark.parametrize(
    ("kind", "after_effect"),
    [
        *((kind, False) for kind in (Fault.INTERNAL, Fault.BAD_GATEWAY, Fault.LIMITED, Fault.LIMITED_GLOBALLY, Fault.DROP)),
        *((kind, True) for kind in (Fault.INTERNAL, Fault.BAD_GATEWAY, Fault.DROP)),
    ],
)
async def test_a_response_that_fails_is_said_once_all_the_same(talk: DiscordTalk, kind: Fault, after_effect: bool) -> None:
    _, omar, channel = await posted(talk)
    talk.discord.fails(CALLBACK, kind, after_effect=after_effect, retry_after=0.05)
    act = presses(omar, channel)
    await talk.settle()
    assert await held(talk) == 1
    assert len(told(act, omar)) == 1


@pytest.mark.parametrize("kind", [Fault.INTERNAL, Fault.UNAVAILABLE, Fault.LIMITED, Fault.LIMITED_GLOBALLY, Fault.DROP])
async def test_a_card_that_fails_follows_a_little_later(talk: DiscordTalk, kind: Fault) -> None:
    _, omar, channel = await posted(talk)
    presses(omar, channel)
    talk.discord.fails(EDITS, kind, times=2, retry_after=0.05)
    for _ in range(4):
        await talk.later(seconds=10)
    assert "1 seat left of 2" in card_in(channel, omar)


@pytest.mark.parametrize("limits", [Limits(routes={MESSAGES: (2, 0.2)}), Limits(overall=(3, 0.2))], ids=["route", "global"])
async def test_limits_are_waited_for_and_everything_comes_once(talk: DiscordTalk, limits: Limits) -> None:
    huda, home, channel = await team(talk)
    numbers = [await talk.task(home, huda, f"Visit number {n}") for n in range(7)]
    talk.discord.limit(limits)
    for number in numbers:
        await huda.says(f"/post {number}", channel)
    await talk.settle()
    cards = [plain(message.text) for message in huda.phone.answers(channel) if not message.is_ephemeral]
    assert [sum(f"Visit number {n}" in card for card in cards) for n in range(7)] == [1] * 7
    assert not [call for call in talk.discord.calls if call.status == 429 and call.route.startswith(CALLBACK)]


@pytest.mark.parametrize("delivered", [True, False])
async def test_a_gateway_that_drops_in_the_middle_of_a_press(talk: DiscordTalk, delivered: bool) -> None:
    """The event is sent or not when the connection goes, and on resuming told once more: one seat, one answer."""
    _, omar, channel = await posted(talk)
    gateway = talk.discord.gateway
    gateway.repeats = 1
    gateway.drops_at("INTERACTION_CREATE", delivered=delivered)
    act = presses(omar, channel)
    await talk.discord.until(lambda: gateway.resumed == 1 and act.is_complete, 10, "it did not resume")
    await talk.settle()
    assert await held(talk) == 1
    assert len(told(act, omar)) == 1


async def test_an_invalid_session_loses_no_answer(talk: DiscordTalk) -> None:
    """The session goes while an answer is under way: that one goes by the interaction's token, and the next press is heard."""
    _, omar, channel = await posted(talk)
    gateway = talk.discord.gateway
    act = presses(omar, channel)
    gateway.invalidate()
    await talk.settle()
    assert (await held(talk), len(told(act, omar))) == (1, 1)
    await talk.discord.until(lambda: gateway.identified == 2, 15, "it did not identify anew")
    assert "is yours already" in (await omar.presses("I'm in", channel)).text


async def test_a_permission_that_is_taken_away_is_told_and_comes_back(talk: DiscordTalk) -> None:
    huda, omar, channel = await posted(talk)
    talk.discord.forbid(channel, Permission.VIEW_CHANNEL)
    presses_in_private = await talk.rows(select(Claim.id))
    assert presses_in_private == []
    await omar.says("/tasks")
    await omar.presses("Write a letter")
    await omar.presses("I'm in")
    await talk.later(seconds=10)
    assert "is not let speak any more" in plain(huda.screen.text)
    talk.discord.permit(channel, Permission.VIEW_CHANNEL)
    await huda.presses("Try again")
    await talk.later(seconds=10)
    assert "1 seat left of 2" in card_in(channel, omar)


@pytest.mark.parametrize("what", ["channel", "guild"])
async def test_a_deleted_channel_and_a_left_guild_are_told_and_nothing_is_lost(talk: DiscordTalk, what: str) -> None:
    huda, omar, channel = await posted(talk)
    talk.discord.guild("Elsewhere", huda.phone, omar.phone)  # Discord lets a bot write only to people it shares a server with
    if what == "channel":
        talk.discord.delete_channel(channel)
    else:
        talk.discord.removes_bot(channel.guild)
    await talk.discord.until(
        lambda: any("service" in key or "chat_removed" in key for key in talk.taken), 5, "nothing was told"
    )
    await talk.later(seconds=10)
    assert "was removed from the chat" in plain(huda.screen.text)
    assert len(await talk.rows(select(Chat.id).where(Chat.left_at.is_not(None)))) == 1
    await omar.says("/tasks")
    await omar.presses("Write a letter")
    assert "is yours until" in (await omar.presses("I'm in")).text
