"""The fake refuses what Discord refuses: else the tests that pass on it would prove little."""

import io
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.wire.discord import Channel, DiscordWire, Fault, Intent, Limits, Permission, Person, RemoteWire, control, spec
from tests.wire.discord.commands import is_name

Json = dict[str, Any]
BIG = 10 * 1024 * 1024


@pytest.fixture
async def wire() -> AsyncIterator[DiscordWire]:
    async with DiscordWire() as wire:
        yield wire


@pytest.fixture
def sara(wire: DiscordWire) -> Person:
    return wire.person("Sara")


@pytest.fixture
def here(wire: DiscordWire, sara: Person) -> Channel:
    """The channel of a guild that Sara is in."""
    return wire.guild("Warmth", sara).general


async def call(
    wire: DiscordWire, route: str, body: Any = None, *, files: dict[str, bytes] | None = None, token: str = ""
) -> Any:
    """A call as a careless bot would make it: the result, or the refusal's status, code and body."""
    method, path = route.split(" ")
    headers = {"Authorization": f"Bot {token or wire.token}"}
    data: Any = None if body is None else json.dumps(body)
    if files is not None:
        data = aiohttp.FormData(quote_fields=False)
        data.add_field("payload_json", json.dumps(body))
        for index, (name, content) in enumerate(files.items()):
            data.add_field(f"files[{index}]", io.BytesIO(content), filename=name, content_type="application/octet-stream")
    elif body is not None:
        headers["Content-Type"] = "application/json"
    url = wire.api_url + path
    async with aiohttp.ClientSession() as session, session.request(method, url, data=data, headers=headers) as r:
        answer = await r.json() if r.content_type == "application/json" else None
        return answer if r.status < 300 else (r.status, answer and answer["code"], json.dumps(answer))


async def send(wire: DiscordWire, channel: Channel, **body: Any) -> Any:
    return await call(wire, f"POST /channels/{channel.id}/messages", body)


def row(*parts: Json) -> Json:
    return {"type": 1, "components": list(parts)}


def button(**parts: Any) -> Json:
    return {"type": 2, "style": 1, "label": "Go", "custom_id": "go"} | parts


def select(count: int, **parts: Any) -> Json:
    options = [{"label": f"{number}", "value": f"{number}"} for number in range(count)]
    return {"type": 3, "custom_id": "s", "options": options} | parts


BUTTONS = [button(custom_id=f"b{number}") for number in range(6)]


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({}, 50006, "empty message"),
        ({"content": " \n"}, 50006, "empty message"),
        ({"content": "x" * 2001}, 50035, "2000"),
        ({"embeds": [{"title": "x" * 257}]}, 50035, "256"),
        ({"embeds": [{"description": "x" * 4097}]}, 50035, "4096"),
        ({"embeds": [{"fields": [{"name": "", "value": "x"}]}]}, 50035, "required"),
        ({"embeds": [{"description": "x" * 3001}] * 2}, 50035, "6000"),
        ({"embeds": [{"title": "x"}] * 11}, 50035, "10"),
        ({"content": "x", "components": [row(button(custom_id=f"{n}")) for n in range(6)]}, 50035, "between 0 and 5"),
        ({"content": "x", "components": [row(*BUTTONS)]}, 50035, "between 1 and 5"),
        ({"content": "x", "components": [row(button(), button())]}, 50035, "DUPLICATED"),
        ({"content": "x", "components": [row(button(custom_id="x" * 101))]}, 50035, "100"),
        ({"content": "x", "components": [row(button(label="x" * 81))]}, 50035, "80"),
        ({"content": "x", "components": [row(button(label=""))]}, 50035, "LABEL_OR_EMOJI"),
        ({"content": "x", "components": [row(button(style=5))]}, 50035, "link button"),
        ({"content": "x", "components": [row(select(26))]}, 50035, "25"),
        ({"content": "x", "components": [row(select(3), button())]}, 50035, "alone"),
        ({"content": "x", "components": [row(select(2, max_values=3))]}, 50035, "fewer options"),
        ({"content": "x", "components": [button()]}, 50035, "components"),
        ({"content": "x", "components": [{"type": 10, "content": "y"}]}, 50035, "cannot stand here"),
        ({"content": "x", "flags": 1 << 15, "components": [{"type": 10, "content": "y"}]}, 50035, "components V2"),
        ({"flags": 1 << 15, "components": [{"type": 10, "content": "x" * 2500}] * 2}, 50035, "4000"),
        ({"content": "x", "nonce": "n" * 26}, 50035, "nonce"),
        ({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}, 50035, "EXCLUSIVE"),
        ({"embeds": [{"title": "x", "image": {"url": "attachment://no.png"}}]}, 50035, "ATTACHMENT_NOT_FOUND"),
    ],
)
async def test_messages_that_discord_refuses(
    wire: DiscordWire, sara: Person, here: Channel, body: Json, code: int, words: str
) -> None:
    wire.strict = False
    refused = await send(wire, here, **body)
    assert refused[:2] == (400, code)
    assert words in refused[2]
    assert sara.sees(here) == []


@pytest.mark.skipif(spec.load() is None, reason="no copy of Discord's OpenAPI description is at hand (see HIMMA_SPECS)")
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"contents": "x"}, "no such field"),
        ({"content": 5}, "Is no string"),
        ({"content": "x", "components": [row({"type": 2})]}, "required"),
        ({"content": "x", "components": [row(button(style=9))]}, "must be one of"),
        ({"content": "x", "components": [{"type": 1, "components": {}}]}, "Is no array"),
        ({"content": "x", "allowed_mentions": {"parse": ["all"]}}, "must be one of"),
        ({"content": "x", "embeds": [{"color": 1 << 25}]}, "16777215"),
    ],
)
async def test_bodies_that_are_not_in_the_description(wire: DiscordWire, here: Channel, body: Json, words: str) -> None:
    refused = await send(wire, here, **body)
    assert refused[:2] == (400, 50035)
    assert words in refused[2]


async def test_who_may_call(wire: DiscordWire, here: Channel) -> None:
    assert (await call(wire, "GET /users/@me", token="wrong"))[0] == 401
    assert (await call(wire, "GET /users/@me"))["username"] == "himma"
    assert (await call(wire, "GET /nowhere"))[0] == 404
    assert (await call(wire, "GET /channels/5"))[1] == 10003
    assert (await call(wire, f"GET /guilds/{here.guild.id if here.guild else 0}/members"))[:2] == (403, 50001)


async def test_where_the_bot_may_write(wire: DiscordWire, sara: Person, here: Channel) -> None:
    assert here.guild is not None
    wire.forbid(here, Permission.SEND_MESSAGES)
    assert (await send(wire, here, content="x"))[:2] == (403, 50013)
    wire.permit(here, Permission.SEND_MESSAGES)
    wire.forbid(here, Permission.EMBED_LINKS)
    assert (await send(wire, here, embeds=[{"title": "x"}]))[:2] == (403, 50013)
    assert (await send(wire, here, content="x"))["content"] == "x"
    thread = wire.thread(here, "Aside")
    assert (await send(wire, thread, content="x"))["content"] == "x"
    wire.archive(thread, locked=True)
    assert (await send(wire, thread, content="x"))[1] == 50083
    wire.forbid(here, Permission.VIEW_CHANNEL)
    assert (await send(wire, here, content="x"))[:2] == (403, 50001)
    wire.removes_bot(here.guild)
    assert (await send(wire, here, content="x"))[:2] == (403, 50001)
    other = wire.channel(here.guild, "other")
    wire.adds_bot(here.guild)
    wire.delete_channel(other)
    assert (await send(wire, other, content="x"))[:2] == (404, 10003)


async def test_who_can_be_written_to_directly(wire: DiscordWire, sara: Person, here: Channel) -> None:
    opened = await call(wire, "POST /users/@me/channels", {"recipient_id": str(sara.id)})
    assert opened["id"] == str(sara.dm.id)
    assert (await send(wire, sara.dm, content="x"))["content"] == "x"
    sara.closes_dms()
    assert (await send(wire, sara.dm, content="x"))[:2] == (403, 50007)
    sara.opens_dms()
    assert here.guild is not None
    sara.leaves(here.guild)
    assert (await send(wire, sara.dm, content="x"))[:2] == (403, 50278)
    assert (await call(wire, "POST /users/@me/channels", {"recipient_id": "5"}))[0] == 400


async def test_edits_and_deletions(wire: DiscordWire, sara: Person, here: Channel) -> None:
    sent = await send(wire, here, content="x", components=[row(button())])
    mine = f"/channels/{here.id}/messages/{sent['id']}"
    assert (await call(wire, f"PATCH {mine}", {"content": "y"}))["components"] != []
    assert (await call(wire, f"PATCH {mine}", {"content": ""}))[1] == 50006
    theirs = f"/channels/{here.id}/messages/{sara.says('hello', here).id}"
    assert (await call(wire, f"PATCH {theirs}", {"content": "y"}))[1] == 50005
    assert (await call(wire, f"DELETE {theirs}"))[1] == 50013
    assert await call(wire, f"DELETE {mine}") is None
    assert (await call(wire, f"PATCH {mine}", {"content": "y"}))[:2] == (404, 10008)
    assert [message.text for message in sara.sees(here)] == ["hello"]


async def test_a_repeated_nonce_makes_no_second_message(wire: DiscordWire, sara: Person, here: Channel) -> None:
    first = await send(wire, here, content="x", nonce="7", enforce_nonce=True)
    assert (await send(wire, here, content="x", nonce="7", enforce_nonce=True))["id"] == first["id"]
    assert len(sara.sees(here)) == 1
    assert (await send(wire, here, content="x", nonce="7"))["id"] != first["id"]
    wire.shift(600)
    assert (await send(wire, here, content="x", nonce="7", enforce_nonce=True))["id"] != first["id"]


async def test_files_stand_on_the_cdn(wire: DiscordWire, here: Channel) -> None:
    body = {"attachments": [{"id": 0, "description": "A chart"}], "embeds": [{"image": {"url": "attachment://a.png"}}]}
    sent = await call(wire, f"POST /channels/{here.id}/messages", body, files={"a.png": b"bytes"})
    (file,) = sent["attachments"]
    assert (file["filename"], file["size"], file["description"], file["content_type"]) == ("a.png", 5, "A chart", "image/png")
    async with aiohttp.ClientSession() as session, session.get(file["url"]) as response:
        assert await response.read() == b"bytes"
    refused = await call(wire, f"POST /channels/{here.id}/messages", {}, files={"a.png": b"x" * (BIG + 1)})
    assert refused[:2] == (413, 40005)


async def test_whom_a_message_pings(wire: DiscordWire, sara: Person, here: Channel) -> None:
    guild = here.guild
    assert guild is not None
    quiet, loud = wire.role(guild, "Quiet", sara), wire.role(guild, "Loud", sara, mentionable=True)

    async def pings(content: str, **body: Any) -> bool:
        before = len(sara.pings(here))
        await send(wire, here, content=content, **body)
        return len(sara.pings(here)) > before

    assert await pings(sara.mention)
    assert not await pings(f"`{sara.mention}`")
    assert not await pings(sara.mention, allowed_mentions={"parse": []})
    assert await pings(sara.mention, allowed_mentions={"users": [str(sara.id)]})
    assert not await pings("x", embeds=[{"description": sara.mention}])
    assert not await pings("@everyone @here")
    assert not await pings(f"<@&{quiet.id}>")
    assert await pings(f"<@&{loud.id}>")
    assert not await pings(f"<@&{loud.id}>", allowed_mentions={"parse": ["users"]})
    wire.permit(here, Permission.MENTION_EVERYONE)
    assert await pings("@everyone")
    assert await pings(f"<@&{quiet.id}>", allowed_mentions={"roles": [str(quiet.id)]})
    assert not await pings("@everyone", allowed_mentions={"parse": ["users", "roles"]})
    assert not await pings("@\u200beveryone")


async def press(wire: DiscordWire, sara: Person, here: Channel) -> tuple[Any, str, str]:
    """Something that Sara pressed, its callback's address and that of its follow-ups."""
    act = sara.presses(wire.post(here, "Card", components=[row(button())]), "Go")
    return act, f"/interactions/{act.id}/{act.made.token}/callback", f"/webhooks/{wire.world.bot.id}/{act.made.token}"


async def test_an_act_is_acknowledged_once_and_in_time(wire: DiscordWire, sara: Person, here: Channel) -> None:
    _, callback, _ = await press(wire, sara, here)
    assert (await call(wire, f"POST {callback}", {"type": 8, "data": {"choices": []}}))[1] == 50035
    assert await call(wire, f"POST {callback}", {"type": 4, "data": {"content": "x"}}) is None
    assert (await call(wire, f"POST {callback}", {"type": 4, "data": {"content": "x"}}))[:2] == (400, 40060)
    late, callback, _ = await press(wire, sara, here)
    wire.shift(3.1)
    assert late.has_failed
    assert (await call(wire, f"POST {callback}", {"type": 6}))[:2] == (404, 10062)
    assert (await call(wire, f"POST /interactions/5/{late.made.token}/callback", {"type": 6}))[:2] == (404, 10062)


async def test_a_token_lives_fifteen_minutes(wire: DiscordWire, sara: Person, here: Channel) -> None:
    act, callback, webhook = await press(wire, sara, here)
    assert (await call(wire, f"POST {webhook}", {"content": "early"}))[1] == 10015
    await call(wire, f"POST {callback}", {"type": 4, "data": {"content": "first", "flags": 64}})
    await call(wire, f"POST {webhook}", {"content": "second"})
    await call(wire, f"PATCH {webhook}/messages/@original", {"content": "changed"})
    assert [message.text for message in act.messages] == ["changed", "second"]
    wire.shift(15 * 60)
    assert (await call(wire, f"POST {webhook}", {"content": "late"}))[:2] == (401, 50027)
    assert (await call(wire, f"POST /webhooks/{wire.world.bot.id}/wrong", {"content": "x"}))[:2] == (401, 50027)


async def test_a_private_answer_is_for_the_asker_alone(wire: DiscordWire, sara: Person, here: Channel) -> None:
    omar = wire.person("Omar")
    assert here.guild is not None
    omar.joins(here.guild)
    act, callback, _ = await press(wire, sara, here)
    await call(wire, f"POST {callback}", {"type": 4, "data": {"content": f"x {omar.mention}", "flags": 64}})
    assert [message.text for message in sara.answers(here)] == ["Card", f"x {omar.mention}"]
    assert [message.text for message in omar.answers(here)] == ["Card"]
    assert omar.pings(here) == []
    assert (await call(wire, f"GET /channels/{here.id}/messages/{act.message.id}"))[:2] == (404, 10008)
    with pytest.raises(AssertionError, match="does not see"):
        omar.presses(act.message, "x")


async def test_the_first_follow_up_takes_the_place_of_thinking(wire: DiscordWire, sara: Person, here: Channel) -> None:
    act, callback, webhook = await press(wire, sara, here)
    await call(wire, f"POST {callback}", {"type": 5, "data": {"flags": 64}})
    assert (act.is_answered, act.is_complete, act.message.is_thinking) == (True, False, True)
    await call(wire, f"POST {webhook}", {"content": "x"})
    assert (act.is_complete, act.text, act.message.is_ephemeral) == (True, "x", True)


def modal(*parts: Json, **more: Any) -> Json:
    return {"type": 9, "data": {"title": "Report", "custom_id": "r", "components": list(parts)} | more}


def label(component: Json, **more: Any) -> Json:
    return {"type": 18, "label": "Note", "component": component} | more


INPUT = {"type": 4, "style": 1, "custom_id": "note"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (modal(*[label(INPUT | {"custom_id": f"{number}"}) for number in range(6)]), "between 1 and 5"),
        (modal(), "between 1 and"),
        (modal(label(INPUT), title="x" * 46), "45"),
        (modal(label(INPUT, label="x" * 46)), "45"),
        (modal(label(INPUT, description="x" * 101)), "100"),
        (modal(label(INPUT | {"placeholder": "x" * 101})), "100"),
        (modal(label(INPUT), label(INPUT)), "DUPLICATED"),
        (modal(row(button())), "components"),
    ],
)
async def test_forms_that_discord_refuses(wire: DiscordWire, sara: Person, here: Channel, body: Json, words: str) -> None:
    _, callback, _ = await press(wire, sara, here)
    refused = await call(wire, f"POST {callback}", body)
    assert refused[:2] == (400, 50035)
    assert words in refused[2]


def command(**parts: Any) -> Json:
    return {"name": "claim", "description": "Take a seat", "type": 1} | parts


def option(**parts: Any) -> Json:
    return {"type": 3, "name": "task", "description": "Which"} | parts


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([command(name="Claim")], "INVALID_NAME"),
        ([command(name="two words")], "INVALID_NAME"),
        ([command(name="x" * 33)], "32"),
        ([command(description="")], "between 1 and 100"),
        ([command(description="x" * 101)], "100"),
        ([command(name_localizations={"ar": "حجز"})], "documented locales"),
        ([command(description_localizations={"fr": ""})], "between 1 and 100"),
        ([command(), command()], "DUPLICATE_NAME"),
        ([command(name=f"c{number}") for number in range(101)], "Maximum number"),
        ([command(options=[option(name=f"o{number}") for number in range(26)])], "25"),
        ([command(options=[option(), option(name="who", required=True)])], "REQUIRED_INVALID"),
        ([command(options=[option(), option()])], "DUPLICATED"),
        ([command(options=[option(autocomplete=True, choices=[{"name": "x", "value": "x"}])])], "AUTOCOMPLETE_CHOICES"),
        ([command(options=[option(choices=[{"name": f"{n}", "value": f"{n}"} for n in range(26)])])], "25"),
        ([command(options=[option(type=1, name="now"), option()])], "stand beside no other"),
        ([{"name": "Thank", "type": 2, "description": "x"}], "Only slash commands"),
        ([command(options=[option(choices=[{"name": f"{n}", "value": f"{n}" * 1000} for n in range(9)])])], "8000"),
    ],
)
async def test_commands_that_discord_refuses(wire: DiscordWire, given: list[Json], words: str) -> None:
    refused = await call(wire, f"PUT /applications/{wire.world.bot.id}/commands", given)
    assert refused[:2] == (400, 50035)
    assert words in refused[2]
    assert wire.commands.known(0) == []


@pytest.mark.parametrize(
    ("name", "holds"), [("claim", True), ("مهام", True), ("hindi-हिन्दी", True), ("a b", False), ("É", False)]
)
def test_names_of_commands(name: str, holds: bool) -> None:
    assert is_name(name) == holds


async def test_what_the_app_offers_to_whom(wire: DiscordWire, sara: Person, here: Channel) -> None:
    mona = wire.person("Mona", "fr")
    home = wire.guild("Second", sara, managers=(mona,)).general
    given = [
        command(name_localizations={"fr": "prendre"}),
        command(name="setup", default_member_permissions=int(Permission.MANAGE_GUILD), contexts=[0]),
        {"name": "Thank", "type": 2},
    ]
    first = await call(wire, f"PUT /applications/{wire.world.bot.id}/commands", given)
    assert (sara.commands(home), mona.commands(home), sara.commands()) == (["claim"], ["prendre", "setup"], ["claim"])
    assert sara.commands(home, 2) == ["Thank"]
    again = await call(wire, f"PUT /applications/{wire.world.bot.id}/commands", given[:1])
    assert [one["id"] for one in again] == [first[0]["id"]]
    with pytest.raises(LookupError):
        sara.runs("setup", home)


async def test_rate_limits(wire: DiscordWire, sara: Person, here: Channel) -> None:
    now = 0.0
    wire.limit(Limits(clock=lambda: now, overall=(7, 1.0)))
    for _ in range(5):
        assert (await send(wire, here, content="x"))["content"] == "x"
    status, _, told = await send(wire, here, content="x")
    assert (status, json.loads(told)["global"], json.loads(told)["retry_after"]) == (429, False, 5.0)
    await call(wire, "GET /users/@me")
    assert json.loads((await call(wire, "GET /users/@me"))[2])["global"] is True
    _, callback, _ = await press(wire, sara, here)
    assert await call(wire, f"POST {callback}", {"type": 6}) is None
    now = 5.0
    assert (await send(wire, here, content="x"))["content"] == "x"


async def test_faults_before_and_after_the_effect(wire: DiscordWire, sara: Person, here: Channel) -> None:
    route = "POST /channels/{channel_id}/messages"
    wire.fails(route, Fault.INTERNAL)
    assert (await send(wire, here, content="x"))[0] == 500
    assert sara.sees(here) == []
    wire.fails(route, Fault.DROP, after_effect=True)
    with pytest.raises(aiohttp.ClientError):
        await send(wire, here, content="x")
    assert len(sara.sees(here)) == 1
    wire.fails(route, Fault.LIMITED_GLOBALLY, retry_after=0.5)
    assert json.loads((await send(wire, here, content="x"))[2])["retry_after"] == 0.5
    assert [made.status for made in wire.called(route)] == [500, 0, 429]


async def test_driving_it_from_another_process(wire: DiscordWire) -> None:
    control.install(wire)
    async with RemoteWire(wire.url) as remote:
        sara = await remote.do("person", name="Sara")
        places = await remote.do("guild", name="Warmth", members=[sara])
        card = await remote.do("post", channel=places["channel"], text="Card", components=[row(button())])
        where = {"channel": places["channel"], "message": card}
        act = await remote.do("presses", person=sara, label="Go", **where)
        assert (await remote.do("act", act=act))["response"] == 0
        assert [told["text"] for told in await remote.do("messages", person=sara, channel=places["channel"])] == ["Card"]
        nothing_comes = await remote.do("drive", presses=[[sara, places["channel"], card, "go"]], within_seconds=0.05)
        assert nothing_comes["presses"] == [None]
        with pytest.raises(AssertionError, match="KeyError"):
            await remote.do("messages", person=5)


# The gateway, spoken to by hand


class Client:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def says(self, op: int, data: Any) -> None:
        await self._socket.send_json({"op": op, "d": data})

    async def hears(self) -> Json:
        """The next message; the code it closed with, as `{"op": -code}`."""
        message = await self._socket.receive(timeout=2)
        return json.loads(message.data) if message.type is aiohttp.WSMsgType.TEXT else {"op": -(self._socket.close_code or 0)}

    async def identifies(self, wire: DiscordWire, intents: int = 1, **more: Any) -> Json:
        assert (await self.hears())["op"] == 10
        await self.says(2, {"token": wire.token, "intents": intents, "properties": {}} | more)
        return await self.hears()


@pytest.fixture
async def client(wire: DiscordWire) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{wire.gateway_url}?v=10&encoding=json") as socket:
        yield Client(socket)


@pytest.mark.parametrize(
    ("op", "data", "code"),
    [
        (2, {"token": "wrong", "intents": 1}, 4004),
        (2, {"intents": 1 | Intent.MESSAGE_CONTENT}, 4014),
        (2, {"intents": 1 << 40}, 4013),
        (2, {"intents": 1, "shard": [2, 2]}, 4010),
        (3, {}, 4003),
        (99, {}, 4003),
    ],
)
async def test_how_the_gateway_closes(wire: DiscordWire, client: Client, op: int, data: Json, code: int) -> None:
    assert (await client.hears())["op"] == 10
    await client.says(op, {"token": wire.token, "properties": {}} | data)
    assert await client.hears() == {"op": -code}


async def test_an_unknown_session_is_invalid(wire: DiscordWire, client: Client) -> None:
    await client.hears()
    await client.says(6, {"token": wire.token, "session_id": "gone", "seq": 4})
    assert await client.hears() == {"op": 9, "d": False, "s": None, "t": None}


async def test_what_the_intents_let_a_bot_hear(wire: DiscordWire, client: Client, sara: Person, here: Channel) -> None:
    ready = await client.identifies(wire, Intent.GUILDS | Intent.GUILD_MESSAGES)
    assert (ready["t"], ready["d"]["guilds"][0]["unavailable"]) == ("READY", True)
    created = await client.hears()
    assert created["t"] == "GUILD_CREATE"
    assert [member["user"]["username"] for member in created["d"]["members"]] == ["himma"]
    sara.says("hello", here)
    sara.says("directly")
    sara.says(f"<@{wire.world.bot.id}> you", here)
    assert [(await client.hears())["d"]["content"] for _ in range(2)] == ["", f"<@{wire.world.bot.id}> you"]
    await client.says(1, 4)
    assert (await client.hears())["op"] == 11
