"""Whatever people wrote, Discord takes it, shows it as they wrote it, and notifies nobody."""

import itertools
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.discord import components, markdown, render
from bot.fitting import is_visible, units, whole
from handlers.types import Button, CannotRender, Card, Link, Reply, RolePicker, Tone, parse_data
from tests.bot.discord.conftest import Stage
from tests.wire.discord import Permission

NASTY = st.lists(
    st.sampled_from([
        "@everyone", "@here", "<@123456789012345678>", "<@!12345678901234567>", "<@&123456789012345678>", "<#123>", "</x:1>",
        "<t:0>", "<a:b:1>", "*", "**", "_", "__", "~~", "||", "`", "```", "\n", "\r\n", "> ", ">>> ", "# ", "-# ", "- ", "1. ",
        "[x](https://evil.example)", "https://example.org/a_b*c", "\\", "@", "<", " ", "\u200b", "\u202e", "\u2068", "\u2069",
        "\ud83d", "𝕏", "👨‍👩‍👧‍👦", "e\u0301", "همّة", "١٢", "word", "\x00",
    ]),
    max_size=40,
).map("".join)  # fmt: skip
LONG = st.builds(lambda piece, times: piece * times, NASTY | st.text(max_size=30), st.integers(1, 400))
TEXTS = st.text(max_size=200) | NASTY | LONG
CARDS = st.builds(Card, title=TEXTS, lines=st.lists(TEXTS, max_size=5).map(tuple), footer=TEXTS)
REPLIES = st.builds(Reply, text=TEXTS, card=st.none() | CARDS)
_PINGS = re.compile(r"@everyone|@here|<@[!&]?\d+>")


def words_of(body: dict[str, Any]) -> list[str]:
    embeds = body.get("embeds", [])
    pieces = [body.get("content", ""), *(embed.get("title", "") for embed in embeds)]
    pieces += [embed.get("description", "") for embed in embeds]
    return pieces + [embed["footer"]["text"] for embed in embeds if "footer" in embed]


@settings(max_examples=300, deadline=None)
@given(REPLIES)
def test_any_reply_is_a_message_that_discord_takes_and_nobody_is_named(reply: Reply) -> None:
    try:
        body = render.message(reply)
    except CannotRender:
        assert (reply.text, reply.card) == ("", None)
        return
    assert units(body.get("content", "")) <= 2000
    assert body["allowed_mentions"] == {"parse": []}
    for embed in body.get("embeds", []):
        assert units(embed.get("title", "")) <= 256
        assert units(embed.get("description", "")) <= 4096
        assert sum(map(units, words_of({"embeds": [embed]}))) <= 6000
    for words in words_of(body):
        assert not _PINGS.search(words)
        words.encode()
    assert any(map(is_visible, words_of(body)))


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=100) | NASTY)
def test_what_is_escaped_reads_as_it_was_written(text: str) -> None:
    shown = markdown.escape(text)
    if "http" not in text:
        assert markdown.unescape(shown).replace("@\u200b", "@") == whole(text).replace("@\u200b", "@")
    for line in shown.split("\n"):
        assert not re.match(r"\s*(#{1,3} |-# |> |>>> |[-+*] |\d+\. )", line)
    outside = re.sub(r"https?://[^\s<]+[^\s<.,:;\"'\]]", "", shown)
    assert not re.search(r"(?<!\\)(?:\\\\)*[*_~`|\[<]", outside)


def test_an_address_stays_one() -> None:
    text = "See *https://example.org/a_b_c?d=*e* and _that_"
    assert markdown.escape(text) == r"See \*https://example.org/a_b_c?d=*e* and \_that\_"


def test_long_texts_are_cut_between_lines() -> None:
    text = "\n".join(f"{number}: " + "word " * 20 for number in range(40))
    shown = markdown.fit(text, 2000)
    assert shown.endswith("\n…")
    assert all(line in text for line in shown.split("\n")[:-1])
    assert markdown.fit("*" * 1000, 2000) == r"\*" * 1000
    assert units(markdown.fit("*" * 1001, 2000)) <= 2000


def test_what_a_message_has_no_room_for_an_embed_has() -> None:
    body = render.message(Reply(text="word " * 500))
    assert "content" not in body
    assert len(body["embeds"][0]["description"]) == 2500


def rendered(*rows: int, asks_text: bool = False) -> list[list[str]]:
    """What stands under a message whose rows have so many buttons."""
    count = itertools.count(1)
    made = tuple(tuple(Button(f"B{n}", "do", str(n)) for n in itertools.islice(count, length)) for length in rows)
    reply = Reply(text="x", rows=made, asks_text=asks_text, input_label="Write the answer")
    shown = components.rows_of(reply, with_modal=True)
    return [[part.get("label", f"select of {len(part.get('options', ()))}") for part in row["components"]] for row in shown]


def test_rows_stand_as_they_are_where_there_is_room() -> None:
    assert rendered(1, 2, 1) == [["B1"], ["B2", "B3"], ["B4"]]
    assert rendered(7) == [["B1", "B2", "B3", "B4", "B5"], ["B6", "B7"]]


def test_more_rows_stand_closer() -> None:
    assert rendered(1, 1, 1, 1, 1, 2) == [["B1", "B2", "B3", "B4", "B5"], ["B6", "B7"]]
    assert [len(row) for row in rendered(3, 3, 3, 3, 3, 3)] == [5, 5, 5, 3]


def test_many_choices_stand_in_selects() -> None:
    assert rendered(*[1] * 40, 2) == [["select of 25"], ["select of 15"], ["B41", "B42"]]
    with pytest.raises(CannotRender):
        rendered(*[1] * 101, 2)


def test_a_question_has_a_button_for_its_answer() -> None:
    assert rendered(2, asks_text=True)[0] == ["Write the answer"]


def test_a_list_of_roles_stands_above_the_buttons_and_has_room() -> None:
    buttons = tuple((Button(f"B{n}", "tasks", str(n)),) for n in range(5))
    rows = components.rows_of(Reply(rows=buttons, role_picker=RolePicker("A role", "flow", "7.=", 3)), with_modal=False)
    assert rows[0]["components"] == [{"type": components.ROLE_SELECT, "custom_id": "flow:7.=:3", "placeholder": "A role"}]
    assert [len(row["components"]) for row in rows[1:]] == [5]


def test_a_message_is_told_in_words_as_it_stands() -> None:
    card = Card("*Blankets*", ("1. Come at <five>", "- or six"), "Sara vouches")
    reply = Reply(card=card, rows=((Button("I'm in", "tasks"), Link("More", "x")),), pings=("77",))
    said = "*Blankets*\n1. Come at <five>\n- or six\n\nSara vouches\n\n[ I'm in ]  [ More ]"
    assert render.in_words(reply) == said


def test_the_same_press_twice_is_two_ids_that_mean_the_same() -> None:
    rows = (
        (Button("Tasks", "tasks", "", 2), Button("All tasks", "tasks", "", 2)),
        (Link("In", "join_x"), Link("Yes", "join_x")),
    )
    made = [part["custom_id"] for row in components.rows_of(Reply(rows=rows), with_modal=False) for part in row["components"]]
    assert len(set(made)) == 4
    assert parse_data(made[0]) == parse_data(made[1]) == ("tasks", "", 2)
    assert parse_data(made[2]) == parse_data(made[3]) == ("start", "join_x", 0)


@pytest.mark.parametrize("label", ["", " ", "\u200b", "\u3164"])
def test_a_button_without_a_label_is_refused(label: str) -> None:
    with pytest.raises(CannotRender):
        components.rows_of(Reply(rows=((Button(label, "tasks"),),)), with_modal=False)


async def test_the_wire_takes_what_is_rendered(stage: Stage) -> None:
    assert stage.channel.guild is not None
    assert stage.channel.guild.bot_role is not None
    stage.channel.guild.bot_role.permissions |= int(Permission.MENTION_EVERYONE)
    name = f"@everyone <@&{stage.channel.guild.id}> {stage.amal.mention} **bold** ||x||"
    rows = ((Button(name, "tasks", tone=Tone.DANGER), Button("@here", "mine", tone=Tone.PRIMARY)),)
    reply = Reply(text=name * 30, card=Card(name, (name,) * 80, name), rows=rows)
    await stage.shows(Reply(text=name, rows=rows))
    await stage.discord.send(stage.core.last.place, reply)
    assert stage.sara.pings(stage.channel) == stage.amal.pings(stage.channel) == []
    assert "everyone" in stage.sara.answers(stage.channel)[-1].text
