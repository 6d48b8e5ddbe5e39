"""Replies as mails: what arrives is read by the standard library, as a mail program would."""

import html
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import handlers  # noqa: F401  # registers every command
from bot.drawing import draw
from bot.mail.compose import Composer
from bot.mail.smtp import Outlet, Server
from handlers.mailing import Recipient
from handlers.types import Bars, Button, CannotRender, Card, Chart, Link, Reply, Sheet, Table
from handlers.words import words_for
from models.addresses import MailList
from tests.dialogue import plain
from tests.wire.mail import MailWire, Received

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ENGLISH = Recipient("huda@example.org", "k" * 22, words_for("en", False, "UTC"), "telegram")
ARABIC = replace(ENGLISH, words=words_for("ar", True, "UTC"))
LONG_URL = "https://himma.example.org/" + "a" * 120
COMPOSER = Composer(
    "فريق همّة <himma@example.org>", LONG_URL, {"telegram": lambda payload: f"https://t.me/himma_bot?start={payload}"}
)
CHART = Chart("By day", "Saturday: 3 taken. Sunday: <none>.", ("Sat", "Sun"), (Bars("Seats taken", (3, 0)),))
DIGEST = Reply(
    text="أسبوع جديد",
    card=Card("٣ مهامّ مناسبة هذا الأسبوع", ("زيارة Mrs. O'Neill & sons: ١٠ دقائق", "قراءة <كتاب>: ٥ دقائق"), "فريق الدفء"),
    rows=((Button("زيارة", "task", "12", 3), Button("كلّ المهام", "tasks")), (Link("الانضمام", "join_warmth"),)),
)

Send = Callable[..., Awaitable[Received]]


@pytest.fixture
async def send() -> AsyncIterator[Send]:
    """Compose a mail and have it go over the wire; as it arrived."""
    async with MailWire() as wire:
        outlet = Outlet(Server("127.0.0.1", wire.port, "none", own_name="himma.example.org"))

        async def send(reply: Reply, to: Recipient = ENGLISH, on: MailList = MailList.DIGEST, key: str = "mail:1") -> Received:
            mail = COMPOSER.compose(to, on, reply, key, await draw(reply), NOW)
            await outlet.send(COMPOSER.address, to.address, mail)
            return wire.mails[-1]

        yield send
        await outlet.close()


async def test_headers_are_whole_and_right(send: Send) -> None:
    mail = await send(DIGEST, ARABIC)
    parsed = mail.parsed
    (sender,) = parsed["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ("فريق همّة", "himma@example.org")
    assert (parsed["To"], parsed["Subject"]) == ("huda@example.org", "٣ مهامّ مناسبة هذا الأسبوع")
    assert parsed["Date"].datetime == NOW
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert parsed["Content-Language"] == "ar"
    url = f"{LONG_URL}/leave/{'k' * 22}/digest"
    assert mail.header_lines("List-Unsubscribe") == [f"List-Unsubscribe: <{url}>"]
    assert mail.header_lines("List-Unsubscribe-Post") == ["List-Unsubscribe-Post: List-Unsubscribe=One-Click"]
    assert all(len(line) <= 78 for line in mail.header_lines("Subject"))
    assert url in mail.text
    assert url in mail.html


async def test_the_same_mail_has_the_same_id(send: Send) -> None:
    first, again, other = [str((await send(DIGEST, key=key)).parsed["Message-ID"]) for key in ("a", "a", "b")]
    assert first == again != other
    assert re.fullmatch(r"<[0-9a-f]{32}@example\.org>", first)


async def test_text_and_html_say_the_same_in_the_readers_direction(send: Send) -> None:
    mail = await send(DIGEST, ARABIC)
    assert mail.parsed.get_content_type() == "multipart/alternative"
    assert '<html lang="ar" dir="rtl">' in mail.html
    assert '<div lang="ar" dir="rtl"' in mail.html
    shown = html.unescape(re.sub(r"<[^>]+>", " ", mail.html))
    for words in ("أسبوع جديد", *DIGEST.card.lines, "فريق الدفء", "زيارة", "كلّ المهام"):  # type: ignore[union-attr]  # it has one
        assert words in mail.text
        assert words in shown
    assert "&lt;كتاب&gt;" in mail.html
    assert "O&#39;Neill &amp; sons" in mail.html
    english = await send(replace(DIGEST, card=Card("3 tasks")))
    assert '<html lang="en" dir="ltr">' in english.html


async def test_buttons_lead_into_the_chat(send: Send) -> None:
    mail = await send(DIGEST)
    assert 'href="https://t.me/himma_bot?start=task_12"' in mail.html
    assert 'href="https://t.me/himma_bot?start=join_warmth"' in mail.html
    assert "زيارة:\nhttps://t.me/himma_bot?start=task_12" in mail.text
    assert "/tasks" in mail.text
    elsewhere = await send(DIGEST, replace(ENGLISH, platform="discord"))
    assert "t.me" not in elsewhere.text + elsewhere.html
    assert "/task 12" in elsewhere.text
    assert "/start join_warmth" in elsewhere.text


async def test_what_only_the_chat_can_do_is_named(send: Send) -> None:
    reply = replace(DIGEST, rows=((Button("Digits", "me_digits", "latin"), Button("Zone", "me_zone")),))
    assert "In the chat there is more: Digits, Zone" in plain((await send(reply)).text)


async def test_a_chart_stands_inside_with_its_words(send: Send) -> None:
    mail = await send(replace(DIGEST, chart=CHART))
    (picture,) = [part for part in mail.parsed.walk() if part.get_content_type() == "image/png"]
    assert picture.get_content_disposition() == "inline"
    assert picture.get_content().startswith(b"\x89PNG")
    shown = re.search(r'<img src="cid:([^"]+)" alt="([^"]+)"', mail.html)
    assert shown
    assert picture["Content-ID"] == f"<{shown[1]}>"
    assert html.unescape(shown[2]) == CHART.alternative
    assert CHART.alternative in mail.text
    related = next(part for part in mail.parsed.walk() if part.get_content_type() == "multipart/related")
    assert [part.get_content_type() for part in related.iter_parts()] == ["text/html", "image/png"]


async def test_a_sheet_is_attached(send: Send) -> None:
    sheet = Sheet("warmth-2026-W47", (Table("Claims", ("Task", "Minutes"), (("قراءة", 5),)),))
    mail = await send(replace(DIGEST, chart=CHART, sheet=sheet))
    (attached,) = mail.parsed.iter_attachments()
    assert attached.get_filename() == "warmth-2026-W47.csv"
    assert attached.get_content_type() == "text/csv"
    assert 'alt="' in mail.html


async def test_nothing_is_loaded_from_elsewhere(send: Send) -> None:
    mail = await send(replace(DIGEST, chart=CHART))
    assert not re.search(r"(?:src|background)=\"(?!cid:)|url\(|<script|<link|@import", mail.html)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(text="And your name?", asks_text=True),
        Reply(text="A photo, please", asks_photo=True),
        Reply(rows=((Button("Alone", "tasks"),),)),
        Reply(text="Hm", rows=((Button("Nowhere", "no_such_command"),),)),
        replace(DIGEST, chart=replace(CHART, alternative="")),
    ],
)
async def test_what_a_mail_has_no_form_for_is_told(reply: Reply) -> None:
    with pytest.raises(CannotRender):
        COMPOSER.compose(ENGLISH, MailList.DIGEST, reply, "key", await draw(reply), NOW)


TEXTS = st.text(st.sampled_from("abc <>&\"'\r\n\t:;,@=?_%.-\u2028\x85\x0b\x00\u202eعربيّ٣🌱\u2068\u2069\ud800"), max_size=300)


@settings(deadline=None)
@given(title=TEXTS, line=TEXTS, text=TEXTS)
def test_no_name_becomes_a_header(title: str, line: str, text: str) -> None:
    reply = Reply(text=f"Bcc: all@example.org\r\n{text}", card=Card(f"x\r\nBcc: all@example.org\r\n\r\n{title}", (line,)))
    raw = COMPOSER.compose(ARABIC, MailList.SUMMARY, reply, "key", [], NOW)
    received = Received("huda@example.org", "himma@example.org", raw)
    head = raw.partition(b"\r\n\r\n")[0]
    assert raw.isascii()
    assert "Bcc" not in received.parsed
    assert len(re.findall(rb"^\S+:", head, re.MULTILINE)) == len(received.parsed.items()) == 12
    assert "\n" not in received.subject
    assert [part.get_content_type() for part in received.parsed.iter_parts()] == ["text/plain", "text/html"]
    assert not any(part.defects for part in received.parsed.walk())
