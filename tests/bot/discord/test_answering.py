"""What the core says reaches people on Discord: at once, late, after a restart, in private."""

import asyncio
from datetime import timedelta

import pytest

from bot.discord import Discord, first, receiving
from bot.discord.errors import from_answer
from bot.pace import UNLIMITED, Pace
from bot.platform import Gone, Refused, TryLater, Unknown, Unreachable
from bot.sheets import write
from handlers.types import Address, Answer, Button, CannotRender, Card, ChatKind, Event, EventKind, Place, Reply, Scope
from tests.bot.discord.conftest import SAID, SOON, Core, Stage, make_discord, running
from tests.bot.folder import Folder
from tests.bot.test_charts import CHART
from tests.bot.test_sheets import SHEET
from tests.wire.discord import DiscordWire, Fault, Permission, Person

CALLBACK = "POST /interactions/{interaction_id}/{interaction_token}/callback"
MESSAGES = "POST /channels/{channel_id}/messages"
PNG = b"\x89PNG\r\n\x1a\n" + b"picture"
PUBLIC = Reply(text="For all", rows=((Button("I'm in", "claim", "12"),),), scope=Scope.HERE)
PRIVATE = Reply(text="For you", rows=((Button("More", "tasks", "p1"),),))
MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE = 4, 5, 6, 7


async def slowly(_: Event) -> None:
    await asyncio.sleep(SOON * 2)


def private(person: Person) -> Place:
    return Place("discord", str(person.id), ChatKind.PRIVATE)


def here(stage: Stage) -> Place:
    return Place("discord", str(stage.channel.id), ChatKind.GROUP)


# At once


async def test_a_private_answer_is_seen_by_its_asker_alone(stage: Stage) -> None:
    message = await stage.shows(PRIVATE)
    assert message.is_ephemeral
    assert message in stage.sara.sees(stage.channel)
    assert message not in stage.amal.sees(stage.channel)


async def test_a_public_answer_is_seen_by_all(stage: Stage) -> None:
    message = await stage.shows(PUBLIC)
    assert message in stage.amal.sees(stage.channel)


async def test_an_answer_to_a_press_on_a_public_card_stays_private(stage: Stage) -> None:
    card = await stage.shows(PUBLIC)
    stage.core.says = lambda _: Reply(text="It is yours", edit=True)
    act = await stage.amal.presses(card, "I'm in").completed()
    assert (card.text, act.message.text, act.message.only_for) == ("For all", "It is yours", stage.amal.id)


async def test_a_public_card_is_redrawn_by_a_public_answer(stage: Stage) -> None:
    card = await stage.shows(PUBLIC)
    stage.core.says = lambda _: Reply(card=Card("Full"), scope=Scope.HERE, edit=True)
    act = await stage.amal.presses(card, "I'm in").completed()
    assert (act.response, card.text, card.labels) == (UPDATE, "Full", [])


async def test_ones_own_screen_is_redrawn(stage: Stage) -> None:
    screen = await stage.shows(PRIVATE)
    stage.core.says = lambda _: Reply(text="Page two", edit=True)
    act = await stage.sara.presses(screen, "More").completed()
    assert (act.response, screen.text) == (UPDATE, "Page two")
    assert len(stage.sara.answers(stage.channel)) == 1


async def test_a_notice_is_whispered_where_nothing_else_is_said(stage: Stage) -> None:
    card = await stage.shows(PUBLIC)
    stage.core.says = lambda _: Reply(toast="It is yours already.")
    act = await stage.amal.presses(card, "I'm in").completed()
    assert (act.message.text, act.message.only_for) == ("It is yours already.", stage.amal.id)
    stage.core.says = lambda _: Reply(toast="short", text="the long of it")
    act = await stage.amal.presses(card, "I'm in").completed()
    assert act.message.text == "the long of it"


async def test_an_empty_answer_acknowledges_and_says_nothing(stage: Stage) -> None:
    screen = await stage.shows(PRIVATE)
    stage.core.says = lambda _: Reply()
    act = await stage.sara.presses(screen, "More").answered()
    assert (act.response, screen.text) == (DEFERRED_UPDATE, "For you")
    command = await stage.sara.runs("tasks", stage.channel).answered()
    await stage.wire.until(lambda: not command.messages, 5, "it went on thinking")
    assert not stage.core.troubles


async def test_only_the_buttons_change(stage: Stage) -> None:
    screen = await stage.shows(PRIVATE)
    stage.core.says = lambda _: Reply(rows=((Button("Less", "tasks", "p0"),),), edit=True)
    await stage.sara.presses(screen, "More").completed()
    assert (screen.text, screen.labels) == ("For you", [["Less"]])


async def test_a_picture_comes_with_its_words(stage: Stage, folder: Folder) -> None:
    media = folder.keep(PNG)
    message = await stage.shows(Reply(card=Card("Report", ("Sara handed it in",)), media=media))
    (file,) = message.files
    assert (file.data, file.description) == (PNG, "Report")
    assert message.embeds[0]["image"]["url"].startswith("attachment://")


async def test_the_picture_goes_with_the_screen_that_showed_it(stage: Stage, folder: Folder) -> None:
    rows = ((Button("Next", "review"),),)
    message = await stage.shows(Reply(card=Card("First"), media=folder.keep(PNG), rows=rows))
    stage.core.says = lambda _: Reply(card=Card("Second"), edit=True)
    await stage.sara.presses(message, "Next").completed()
    assert (message.text, message.files) == ("Second", [])


async def test_a_chart_and_a_sheet_are_attached_with_the_words_for_the_picture(stage: Stage) -> None:
    message = await stage.shows(Reply(card=Card("The week"), chart=CHART, sheet=SHEET, rows=((Button("More", "tasks"),),)))
    chart, sheet = message.files
    assert (chart.name, chart.description, chart.data[:4]) == ("chart.png", CHART.alternative, b"\x89PNG")
    assert (sheet.name, sheet.description, sheet.data) == ("week-48.csv", None, write(SHEET))
    assert (message.embeds[0]["title"], message.labels) == ("The week", [["More"]])
    assert "image" not in message.embeds[0], "what stands inside an embed has no alternative text"


async def test_a_chart_goes_out_unasked_and_is_redrawn(stage: Stage) -> None:
    sent = await stage.discord.send(here(stage), Reply(text="The week", chart=CHART))
    message = stage.channel.messages[int(sent)]
    assert [file.name for file in message.files] == ["chart.png"]
    await stage.discord.edit(here(stage), sent, Reply(text="The table", sheet=SHEET))
    assert [file.name for file in message.files] == ["week-48.csv"]


async def test_a_lost_picture_is_not_said_to_be_there(stage: Stage, folder: Folder) -> None:
    media = folder.keep(PNG)
    folder.path(media).unlink()
    stage.core.says = lambda _: Reply(text="Look", media=media)
    stage.sara.runs("tasks", stage.channel)
    await stage.wire.until(lambda: stage.core.troubles, 5, "no trouble was told")
    assert isinstance(stage.core.troubles[0], Refused)


# In time, and late


async def test_what_takes_long_is_deferred_and_then_said(stage: Stage) -> None:
    stage.core.before = slowly
    act = await stage.sara.runs("tasks", stage.channel).answered()
    assert act.response == DEFERRED
    assert act.seconds < 1.5
    await act.completed()
    assert (act.text, act.message.is_ephemeral) == ("Said.", True)
    assert len(act.messages) == 1


async def test_what_takes_long_and_is_for_all_is_said_to_all(stage: Stage) -> None:
    stage.core.before, stage.core.says = slowly, lambda _: PUBLIC
    act = await stage.sara.runs("tasks", stage.channel).answered()
    assert act.response == DEFERRED
    await stage.wire.until(lambda: stage.amal.answers(stage.channel), 5, "others saw nothing")
    assert [message.text for message in stage.amal.answers(stage.channel)] == ["For all"]
    assert len(stage.sara.answers(stage.channel)) == 1, "nothing goes on thinking"


@pytest.mark.parametrize("reply", [Reply(text="Page two", edit=True), Reply(text="Page two")])
async def test_a_press_that_takes_long(stage: Stage, reply: Reply) -> None:
    screen = await stage.shows(PRIVATE)
    stage.core.before, stage.core.says = slowly, lambda _: reply
    act = await stage.sara.presses(screen, "More").answered()
    assert act.response == DEFERRED_UPDATE
    await act.completed()
    texts = [message.text for message in stage.sara.answers(stage.channel)]
    assert texts == (["Page two"] if reply.edit else ["For you", "Page two"])
    assert all(message.is_ephemeral for message in stage.sara.answers(stage.channel))


async def test_a_press_on_a_public_card_that_takes_long_leaves_it_alone(stage: Stage) -> None:
    card = await stage.shows(PUBLIC)
    stage.core.before, stage.core.says = slowly, lambda _: Reply(text="It is yours", edit=True)
    act = await stage.amal.presses(card, "I'm in").completed()
    assert card.text == "For all"
    assert (act.messages[-1].text, act.messages[-1].only_for) == ("It is yours", stage.amal.id)


async def test_a_direct_message_that_takes_long(stage: Stage) -> None:
    stage.core.before = slowly
    act = await stage.sara.runs("tasks").completed()
    assert (act.response, act.text, act.message.is_ephemeral) == (DEFERRED, "Said.", False)


async def test_told_twice_and_slowly_is_said_once(stage: Stage) -> None:
    stage.core.before = slowly
    act = stage.sara.runs("tasks", stage.channel)
    act.again()
    await act.completed()
    await stage.wire.until(lambda: len(stage.core.answers) == 2, 5, "it was not told again")
    assert [message.text for message in stage.sara.answers(stage.channel)] == ["Said."]


async def test_a_delivered_answer_is_not_said_again(stage: Stage) -> None:
    screen = await stage.shows(PRIVATE)
    await stage.sara.presses(screen, "More").completed()
    first = stage.core.answers[-1]
    before = len(stage.wire.calls)
    await stage.discord.answer(Answer(first.key, first.address, first.reply, is_known=True, delivered=True))
    assert len(stage.wire.calls) == before


async def test_in_a_flood_everybody_is_acknowledged_before_anybody_is_answered(
    wire: DiscordWire, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (first, receiving):
        monkeypatch.setattr(module, "MOST_WAITING", 10)
    discord = make_discord(wire, folder, defer_after_seconds=30.0)
    at_work, most, may_go_on = 0, 0, asyncio.Event()

    async def work(event: Event) -> None:
        nonlocal at_work, most
        if event.kind is EventKind.SERVICE:
            return
        at_work += 1
        most = max(most, at_work)
        await may_go_on.wait()
        at_work -= 1

    async with running(Core(discord, before=work)):
        await wire.connected()
        people = [wire.person(f"Sara {number}") for number in range(100)]
        channel = wire.guild("Warmth", *people).general
        acts = [one.runs("tasks", channel) for one in people]
        await wire.until(lambda: all(act.is_answered for act in acts), 5, "not everybody was acknowledged")
        assert {act.response for act in acts} == {DEFERRED}
        may_go_on.set()
        await asyncio.gather(*(act.completed() for act in acts))
    assert most == 10
    assert [message.text for act in acts for message in act.messages] == ["Said."] * 100
    await discord.close()


# After a restart


async def restarted(stage: Stage, folder: Folder) -> Discord:
    """Another process: it remembers nothing, and is connected."""
    other = make_discord(stage.wire, folder)
    core = Core(other, says=lambda _: None)
    task = asyncio.create_task(other.run(core.take))
    await stage.wire.until(lambda: len(stage.wire.gateway.connected) == 2, 5, "it did not start")
    task.cancel()
    await asyncio.wait({task})
    return other


async def test_a_stored_answer_is_delivered_after_a_restart(stage: Stage, folder: Folder) -> None:
    stage.core.says = lambda _: None
    act = await stage.sara.runs("tasks", stage.channel).answered()
    assert act.message.is_thinking
    answer = Answer(stage.core.last.key, stage.core.last.address, PRIVATE)
    other = await restarted(stage, folder)
    await other.answer(answer)
    assert (act.text, act.message.is_ephemeral) == ("For you", True)
    await other.answer(answer)  # the crash came between saying and marking
    assert len(stage.sara.answers(stage.channel)) == 1
    await other.close()


async def test_what_nobody_acknowledged_is_told_in_private(stage: Stage, folder: Folder) -> None:
    stage.core.says = lambda _: None
    stage.wire.fails(CALLBACK, Fault.INTERNAL, times=99)
    act = stage.sara.runs("tasks", stage.channel)
    await stage.wire.until(lambda: stage.core.taken, 5, "nothing arrived")
    other = await restarted(stage, folder)
    await other.answer(Answer(stage.core.last.key, stage.core.last.address, PRIVATE))
    assert not act.is_answered
    assert stage.sara.answers()[-1].text == "For you"
    await other.close()


async def test_after_fifteen_minutes_an_answer_goes_another_way(stage: Stage) -> None:
    screen, card = await stage.shows(PRIVATE), await stage.shows(PUBLIC)
    stage.core.says = lambda _: None
    await stage.sara.presses(screen, "More").answered()
    own = stage.core.last
    await stage.sara.presses(card, "I'm in").answered()
    public = stage.core.last
    stage.wire.world.shifted_seconds += timedelta(minutes=16).total_seconds()
    await stage.discord.answer(Answer(own.key, own.address, Reply(text="Page two", edit=True)))
    assert stage.sara.answers()[-1].text == "Page two"
    await stage.discord.answer(Answer(public.key, public.address, Reply(text="Full", scope=Scope.HERE, edit=True)))
    assert card.text == "Full"


async def test_a_closed_private_chat_is_unreachable(stage: Stage) -> None:
    stage.sara.closes_dms()
    with pytest.raises(Unreachable):
        await stage.discord.send(private(stage.sara), SAID)
    screen = await stage.shows(PRIVATE)
    stage.core.says = lambda _: None
    await stage.sara.presses(screen, "More").answered()
    stage.wire.world.shifted_seconds += 1000
    late = stage.core.last
    with pytest.raises(Unreachable):
        await stage.discord.answer(Answer(late.key, late.address, Reply(text="Page two")))
    await stage.discord.answer(Answer(late.key, late.address, Reply(toast="Too late for a notice")))


# By itself


async def test_messages_and_their_changes(stage: Stage) -> None:
    sent = await stage.discord.send(here(stage), PUBLIC, "card:1")
    assert [message.text for message in stage.sara.answers(stage.channel)] == ["For all"]
    await stage.discord.edit(here(stage), sent, Reply(card=Card("Full", ("2 of 2 seats",), "until tomorrow")))
    (message,) = stage.sara.answers(stage.channel)
    assert (message.text, message.labels) == ("Full\n2 of 2 seats\nuntil tomorrow", [])
    stage.wire.delete_message(message)
    with pytest.raises(Gone):
        await stage.discord.edit(here(stage), sent, PUBLIC)


async def test_the_same_message_is_sent_once(stage: Stage) -> None:
    stage.wire.fails(MESSAGES, Fault.DROP, after_effect=True)
    with pytest.raises(Unknown):
        await stage.discord.send(here(stage), SAID, "outbox:1")
    again = await stage.discord.send(here(stage), SAID, "outbox:1")
    (message,) = stage.sara.answers(stage.channel)
    assert str(message.id) == again
    await stage.discord.send(here(stage), SAID, "outbox:2")
    await stage.discord.send(here(stage), SAID)
    await stage.discord.send(here(stage), SAID)
    assert len(stage.sara.answers(stage.channel)) == 4


async def test_a_thread_takes_its_own_messages(stage: Stage) -> None:
    thread = stage.wire.thread(stage.channel, "Today")
    await stage.discord.send(Place("discord", str(stage.channel.id), ChatKind.GROUP, thread=str(thread.id)), SAID)
    assert [message.text for message in stage.sara.answers(thread)] == ["Said."]


async def test_a_lost_callback_is_repeated_and_said_once(stage: Stage) -> None:
    stage.wire.fails(CALLBACK, Fault.DROP, after_effect=True)
    act = await stage.sara.runs("tasks", stage.channel).completed()
    await stage.wire.until(lambda: len(stage.wire.called(CALLBACK)) == 2, 5, "it was not repeated")
    await asyncio.sleep(0.05)
    assert [message.text for message in act.messages] == ["Said."]
    assert not stage.core.troubles


async def test_faults_of_discord_s_are_told_by_what_to_do(stage: Stage) -> None:
    stage.wire.forbid(stage.channel, Permission.SEND_MESSAGES)
    with pytest.raises(Unreachable):
        await stage.discord.send(here(stage), SAID)
    with pytest.raises(Unreachable):
        await stage.discord.send(Place("discord", "1", ChatKind.GROUP), SAID)
    with pytest.raises(CannotRender):
        await stage.discord.send(here(stage), Reply(rows=((Button("Alone", "tasks"),),)))
    with pytest.raises(Gone):
        await stage.discord.fetch(type("U", (), {"reference": f"{stage.wire.url}/attachments/1/2/none.png"})())
    await stage.wire.close()
    with pytest.raises(TryLater):
        await stage.discord.send(private(stage.sara), SAID)


async def test_before_it_is_connected_everything_waits(wire: DiscordWire, folder: Folder) -> None:
    discord = Discord(wire.token, folder, api_url=wire.api_url, pace=Pace(UNLIMITED))
    with pytest.raises(TryLater):
        await discord.send(Place("discord", "1", ChatKind.GROUP), SAID)
    await discord.close()


@pytest.mark.parametrize(
    ("status", "body", "means"),
    [
        (429, {"retry_after": 7.5}, TryLater),
        (400, {"code": 20016, "message": "slowmode"}, TryLater),
        (401, {"code": 0, "message": "401: Unauthorized"}, TryLater),
        (401, {"code": 50027, "message": "Invalid Webhook Token"}, Gone),
        (403, {"code": 50278, "message": "no mutual guilds"}, Unreachable),
        (403, None, Unreachable),
        (404, None, Gone),
        (502, None, Unknown),
        (400, {"code": 50035, "message": "Invalid Form Body", "errors": {"content": {"_errors": [{"code": "X"}]}}}, Refused),
    ],
)
def test_codes(status: int, body: object, means: type[Exception]) -> None:
    error = from_answer(status, body)
    assert isinstance(error, means)
    if isinstance(error, TryLater) and status == 429:
        assert error.after_seconds == 7.5


def test_an_address_does_not_show_its_token() -> None:
    address = Address(Place("discord", "1", ChatKind.GROUP), "2", token="c.1.2.secret")
    assert "secret" not in repr(address)
