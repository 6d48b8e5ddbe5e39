"""Who may talk to the page, what it takes, and what it tells."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from bot.playground.board import Board, Changed, Ended
from bot.playground.cast import place_of
from bot.playground.guard import REQUEST_LIMIT_BYTES
from bot.sheets import write
from handlers.types import Button, Card, Media, Reply
from tests.bot.playground.conftest import Visitor, running, until, visiting
from tests.bot.test_charts import CHART
from tests.bot.test_sheets import SHEET

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "", "[::1", "evil.example:8765"]
)
async def test_a_name_that_suddenly_points_here_is_refused(visitor: Visitor, host: str) -> None:
    response = await visitor.http.get("/", headers={"Host": host})
    assert response.status_code in {400, 421}
    assert "Himma" not in response.text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8765", "[::1]:8765", "192.168.1.20:8765"])
async def test_our_own_addresses_are_answered(visitor: Visitor, host: str) -> None:
    assert (await visitor.http.get("/", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"HX-Request": ""},
    ],
)
async def test_a_page_from_elsewhere_cannot_act_for_people(visitor: Visitor, headers: dict[str, str]) -> None:
    response = await visitor.http.post("/phones/salma/start", data={"payload": ""}, headers=headers)
    assert response.status_code == 403
    assert visitor.core.taken == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_refused(visitor: Visitor, method: str) -> None:
    assert (await visitor.http.request(method, "/clock")).status_code == 405


async def test_more_than_the_largest_file_is_refused_before_it_is_read(visitor: Visitor) -> None:
    url = httpx.URL(visitor.playground.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    head = [
        "POST /phones/salma/chats/group/say HTTP/1.1",
        f"Host: {url.netloc.decode()}",
        f"Origin: {url}",
        "HX-Request: true",
    ]
    writer.write("\r\n".join([*head, f"Content-Length: {REQUEST_LIMIT_BYTES + 1}", "", "--x"]).encode())
    answer = await asyncio.wait_for(reader.read(), 2)
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_body_of_unknown_length_is_refused(visitor: Visitor) -> None:
    assert (await visitor.http.post("/phones/salma/chats/group/say", content=_endless())).status_code == 411


async def _endless() -> AsyncIterator[bytes]:
    yield b"--x\r\n"


async def test_every_response_forbids_what_the_page_never_does(visitor: Visitor) -> None:
    for path in ("/", "/static/playground.js", "/nowhere"):
        headers = (await visitor.http.get(path)).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"


async def test_the_page_has_no_script_or_style_of_its_own_inside(visitor: Visitor) -> None:
    page = await visitor.page()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", page)


@pytest.mark.parametrize("path", ["/phones/nobody/start", "/phones/salma/chats/maya/say", "/phones/salma/chats/maya/show"])
async def test_there_are_only_these_people_in_only_their_chats(visitor: Visitor, path: str) -> None:
    assert (await visitor.post(path, text="hello")).status_code == 404


NASTY = "<img src=x onerror=alert(1)> & \"quotes\" 'too' {{ 7*7 }} </textarea>"


async def test_what_people_and_the_core_say_stays_text(visitor: Visitor) -> None:
    await visitor.say("maya", "group", NASTY)
    rows = ((Button(NASTY, "claim", "1"),),)
    await visitor.playground.send(place_of("group"), Reply(text=NASTY, card=Card(NASTY, (NASTY,), NASTY), rows=rows))
    page = await visitor.page()
    assert "<img src=x" not in page
    assert "{{ 7*7 }}" in page
    assert page.count("&lt;img src=x onerror=alert(1)&gt;") >= 4 * 6 - 1


async def test_addresses_and_commands_in_a_text_come_alive(visitor: Visitor) -> None:
    await visitor.playground.send(
        place_of("group"), Reply(text="See /task 12, https://example.org/a?b=1&c=2. Not/this, javascript:x")
    )
    page = await visitor.page()
    assert 'data-say="/task 12"' in page
    assert 'href="https://example.org/a?b=1&amp;c=2"' in page
    assert 'data-say="/this"' not in page
    assert 'href="javascript' not in page


async def test_a_line_of_4097_characters_is_refused_with_a_word(visitor: Visitor) -> None:
    async with visitor.stream(0) as lines:
        assert (await visitor.say("maya", "group", "x" * 4097)).status_code == 422
        told = await until(lines, 'class="toast"')
    assert "4096" in told[-1]
    assert (await visitor.say("maya", "group", "x" * 4096)).status_code == 204
    assert visitor.texts("group") == ["x" * 4096]


async def test_an_empty_message_is_no_message(visitor: Visitor) -> None:
    await visitor.say("maya", "group", "  \n ")
    assert visitor.texts("group") == []


async def test_a_picture_from_our_store_is_shown_by_its_message(visitor: Visitor, tmp_path: Path) -> None:
    (tmp_path / ("a" * 64)).write_bytes(PNG)
    message = await visitor.playground.send(place_of("group"), Reply(media=Media("a" * 64, "image/png", len(PNG))))
    response = await visitor.http.get(f"/messages/{message}/picture")
    assert (response.content, response.headers["Content-Type"]) == (PNG, "image/png")


async def test_a_text_that_calls_itself_a_picture_is_not_shown_as_one(visitor: Visitor) -> None:
    await visitor.send_file("maya", "group", "cat.jpg", b"<script>alert(1)</script>")
    (message,) = visitor.playground.memory.messages("group")
    assert (await visitor.http.get(f"/messages/{message.id}/picture")).status_code == 404
    assert "cat.jpg" in await visitor.page()


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"\xff\xd8\xff", "image/jpeg"), (b"GIF89a", "image/gif"), (b"RIFF\0\0\0\0WEBP", "image/webp"), (PNG, "image/png")],
)
async def test_a_picture_that_somebody_sent_is_shown(visitor: Visitor, content: bytes, kind: str) -> None:
    await visitor.send_file("maya", "group", "cat", content)
    (message,) = visitor.playground.memory.messages("group")
    response = await visitor.http.get(f"/messages/{message.id}/picture")
    assert (response.content, response.headers["Content-Type"]) == (content, kind)


async def test_a_chart_is_shown_with_its_words_and_a_sheet_is_a_link(visitor: Visitor) -> None:
    message = await visitor.playground.send(place_of("group"), Reply(text="The week", chart=CHART, sheet=SHEET))
    page = await visitor.page()
    assert f'alt="{CHART.alternative}"' in page
    assert f'href="/messages/{message}/sheet" download' in page
    chart, sheet = [await visitor.http.get(f"/messages/{message}/{part}") for part in ("chart", "sheet")]
    assert (chart.headers["Content-Type"], chart.content[:4]) == ("image/png", b"\x89PNG")
    assert sheet.headers["Content-Disposition"] == 'attachment; filename="week-48.csv"'
    assert sheet.content == write(SHEET)
    await visitor.playground.edit(place_of("group"), message, Reply(text="Another week"))
    for part in ("chart", "sheet"):
        assert (await visitor.http.get(f"/messages/{message}/{part}")).status_code == 404


async def test_messages_without_a_picture_have_none(visitor: Visitor) -> None:
    await visitor.say("maya", "group", "hello")
    for message in (1, 999, "../../playground.db", "..%2f..%2fplayground.db", -1):
        assert (await visitor.http.get(f"/messages/{message}/picture")).status_code == 404
    assert (await visitor.http.get("/static/..%2fmemory.py")).status_code == 404


async def test_the_frame_is_in_the_readers_language_and_each_phone_in_its_own(visitor: Visitor) -> None:
    arabic = (await visitor.http.get("/", headers={"Accept-Language": "ar-JO,en;q=0.5"})).text
    assert '<html lang="ar" dir="rtl">' in arabic
    english = (await visitor.http.get("/", headers={"Accept-Language": "fr"})).text
    assert '<html lang="en" dir="ltr">' in english
    for page in (arabic, english):
        phones = re.findall(r'id="phone-(\w+)" lang="(\w+)"\s+dir="(\w+)"', page)
        assert phones == [("salma", "ar", "rtl"), ("maya", "en", "ltr"), ("huda", "ar", "rtl"), ("yusuf", "en", "ltr")]
    assert '<html lang="en"' in (await visitor.http.get("/?lang=en", headers={"Accept-Language": "ar"})).text


async def test_a_page_that_was_away_is_told_what_it_missed(visitor: Visitor) -> None:
    await visitor.say("maya", "group", "one")
    known = visitor.playground.memory.revision
    message = await visitor.playground.send(place_of("group"), Reply(text="two"))
    await visitor.playground.edit(place_of("group"), message, Reply(text="two, redrawn"))
    async with visitor.stream(known) as lines:
        told = "\n".join(await until(lines, "unread-yusuf-yusuf"))
    assert told.count("beforeend:#log-") == 4
    assert "two, redrawn" in told
    assert "one" not in told
    assert f"id: {visitor.playground.memory.revision}" in told


async def test_a_page_that_does_not_listen_is_let_go_and_the_others_are_not() -> None:
    board = Board()
    with board.watched() as asleep, board.watched() as awake:
        for _ in range(600):
            board.tell(Changed())
            awake.get_nowait()
        assert asleep.qsize() == 501
        assert isinstance([asleep.get_nowait() for _ in range(501)][-1], Ended)
        board.tell(Changed())
        assert isinstance(awake.get_nowait(), Changed)


async def test_a_page_from_another_life_is_told_to_load_anew(visitor: Visitor) -> None:
    async with visitor.stream(10**6) as lines:
        assert "event: reload" in await until(lines, "event: reload")
    assert (await visitor.http.get("/stream?since=x")).status_code == 400


async def test_stopping_ends_open_streams_and_takes_less_than_two_seconds(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        core = await stack.enter_async_context(running(tmp_path / "playground.db", tmp_path))
        visitor = await stack.enter_async_context(visiting(core))
        lines = await stack.enter_async_context(visitor.stream(0))
        await until(lines, "unread-yusuf-yusuf")
        reading = asyncio.create_task(_read_to_end(lines))
        begun = time.monotonic()
        core.running.cancel()
        await asyncio.wait([core.running])
        await asyncio.wait_for(reading, 1)
        assert time.monotonic() - begun < 2
        with pytest.raises(httpx.ConnectError):
            await visitor.http.get("/")


async def _read_to_end(lines: AsyncIterator[str]) -> None:
    async for _ in lines:
        pass
