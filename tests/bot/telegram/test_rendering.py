"""Whatever people wrote, Telegram takes it, and shows it as they wrote it."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.fitting import is_visible
from bot.telegram import render
from handlers.types import Button, CannotRender, Card, Link, Reply, RolePicker
from tests.wire.telegram import markup

FSI, PDI = "\u2068", "\u2069"
FAMILY = "👨‍👩‍👧‍👦"
ANYTHING = st.text(st.characters(), max_size=200)
NASTY = st.lists(
    st.sampled_from([
        "<b>", "</b>", "<", ">", "&", "&lt;", "&#0;", '"', "<a href='x'>", "</", "\n", "\r\n", " ", "\u200b", "\u202e",
        FSI, PDI, "\ud83d", "𝕏", FAMILY, "e\u0301", "👋🏽", "همّة", "١٢", "word", "\x00", "*_`[",
    ]),
    max_size=40,
).map("".join)  # fmt: skip
LONG = st.builds(lambda piece, times: piece * times, NASTY | ANYTHING, st.integers(1, 400))
TEXTS = ANYTHING | NASTY | LONG
REPLIES = st.builds(
    Reply,
    text=TEXTS,
    card=st.none() | st.builds(Card, title=TEXTS, lines=st.lists(TEXTS, max_size=5).map(tuple), footer=TEXTS),
)


@settings(max_examples=300, deadline=None)
@given(REPLIES, st.sampled_from([render.TEXT_LIMIT, render.CAPTION_LIMIT]))
def test_telegram_takes_every_text(reply: Reply, limit: int) -> None:
    html = render.render_text(reply, limit)
    text, entities = markup.read_text(html, "HTML", limit=limit)
    assert bool(text) == bool(reply.text or reply.card)
    assert {entity["type"] for entity in entities} <= {"bold", "italic"}


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=300))
def test_a_short_text_is_shown_as_it_is(text: str) -> None:
    shown, entities = markup.read_text(render.render_text(Reply(text=text)), "HTML", limit=markup.TEXT_LIMIT)
    assert shown == text.strip() or not is_visible(text)
    assert entities == []


@settings(max_examples=100, deadline=None)
@given(TEXTS, TEXTS)
def test_toasts_and_input_fields_are_never_too_long(toast: str, placeholder: str) -> None:
    assert len(render.render_toast(toast).encode("utf-16-le")) // 2 <= 200
    shown = render.render_question(Reply(placeholder=placeholder)).input_field_placeholder
    assert shown is None or 1 <= len(shown.encode("utf-16-le")) // 2 <= 64


@given(TEXTS)
@settings(max_examples=100, deadline=None)
def test_labels_are_shown_or_said_to_be_impossible(label: str) -> None:
    try:
        keyboard = render.render_keyboard(((Button(label, "done", "1"), Link(label, "task_1")),), "himma_bot")
    except CannotRender:
        assert not is_visible(label)
    else:
        assert keyboard is not None
        markup.check_keyboard(keyboard.to_dict(), "himma_bot")


def test_a_message_is_told_in_words_as_it_stands() -> None:
    reply = Reply(card=Card("<b>Blankets", ("Come & help",), "Sara"), rows=((Button("In", "tasks"), Link("More", "x")),))
    assert render.in_words(reply) == "<b>Blankets\nCome & help\n\nSara\n\n[ In ]  [ More ↗ ]"
    assert render.in_words(reply).startswith(shown(reply)[0])


def test_a_list_of_roles_is_not_left_out_quietly() -> None:
    with pytest.raises(CannotRender):
        render.render_text(Reply(text="Which?", role_picker=RolePicker("A role", "flow", "7.=", 3)))


def test_a_list_is_cut_between_lines() -> None:
    lines = tuple(f"{number}. " + "x" * 60 for number in range(200))
    text, entities = shown(Reply(text="Tasks", card=Card("Open", lines, "page 1")))
    assert text.endswith("\n…")
    assert all(line in lines for line in text.split("\n")[3:-1])
    assert markup.units(text) > 4000
    assert [entity["type"] for entity in entities] == ["bold"]


@pytest.mark.parametrize(
    "piece",
    [FAMILY, "👋🏽", "e\u0301", "𝕏", "كُتُبٌ"],
)
def test_a_long_line_is_cut_between_whole_characters(piece: str) -> None:
    for shift in range(len(piece) + 1):
        text, _ = shown(Reply(text="x" * shift + piece * 2100))
        body = text.removesuffix("…").removeprefix("x" * shift)
        assert text.endswith("…")
        if piece != "كُتُبٌ":
            assert body == piece * (len(body) // len(piece))
        else:
            following = (piece * 2100)[len(body)]
            assert not unicodedata.combining(following)


def test_a_long_line_is_cut_between_words() -> None:
    text, _ = shown(Reply(text="sunshine " * 1000))
    assert text.removesuffix("…").split() == ["sunshine"] * len(text.removesuffix("…").split())


@pytest.mark.parametrize("inside", ["x" * 5000, "𝕏" * 5000, f"{FSI}a{PDI}" * 3000, "y " * 4000])
def test_an_isolate_is_never_left_open(inside: str) -> None:
    text, _ = shown(Reply(text=f"By {FSI}{inside}{PDI} today"))
    assert text.endswith("…")
    depth = 0
    for character in text:
        depth += {FSI: 1, PDI: -1}.get(character, 0)
        assert depth >= 0
    assert depth == 0


def test_exactly_at_the_limit_nothing_is_cut() -> None:
    for text in ("x" * 4096, "𝕏" * 2048, "<" * 4096, "ة" * 4096):
        assert shown(Reply(text=text))[0] == text
    assert shown(Reply(text="x" * 4097))[0] == "x" * 4095 + "…"


def test_an_empty_reply_has_no_text() -> None:
    assert render.render_text(Reply()) == ""
    assert render.render_keyboard((), "himma_bot") is None


def shown(reply: Reply) -> tuple[str, list[dict[str, object]]]:
    return markup.read_text(render.render_text(reply), "HTML", limit=markup.TEXT_LIMIT)
