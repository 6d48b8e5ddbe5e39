"""The page in a real browser: with a mouse, by keyboard alone, on a phone, by day and by night."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, ViewportSize, expect

from bot.playground.cast import place_of
from handlers.types import Button, Card, Event, Link, Media, Reply, Tone
from tests.bot.playground.conftest import Visitor, running, visiting

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63606060000000040001f61738550000000049454e44ae426082"
)
pytestmark = pytest.mark.asyncio(loop_scope="package")
DESKTOP = ViewportSize(width=1440, height=900)
PHONE = ViewportSize(width=390, height=844)


@pytest_asyncio.fixture(loop_scope="package")
async def visitor(tmp_path: Path) -> AsyncIterator[Visitor]:
    """As for all tests, in the browser's loop."""
    async with running(tmp_path / "playground.db", tmp_path) as core, visiting(core) as visitor:
        yield visitor


@pytest_asyncio.fixture(loop_scope="package")
async def page(browser: Browser, visitor: Visitor) -> AsyncIterator[Page]:
    """The page on a desktop. A test during which it reports an error fails."""
    page = await browser.new_page(viewport=DESKTOP, locale="en-GB")
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    await page.goto(visitor.playground.url)
    yield page
    await page.close()
    assert faults == []


def phone(page: Page, person: str) -> Locator:
    return page.locator(f"#phone-{person}")


def chat(page: Page, person: str) -> Locator:
    """The chat that is open on somebody's phone."""
    return phone(page, person).locator(".chat:not([hidden])")


async def begin(page: Page, person: str) -> None:
    """Open the private chat and press Start."""
    await phone(page, person).get_by_role("tab").nth(1).click()
    await chat(page, person).locator(".start").click()
    await expect(chat(page, person).get_by_text("heard: start")).to_be_visible()


async def test_somebody_begins_asks_and_is_answered(page: Page) -> None:
    await begin(page, "salma")
    words = chat(page, "salma").get_by_role("textbox")
    await words.fill("عندي ٥ دقائق")
    await words.press("Enter")
    await expect(chat(page, "salma").get_by_text("heard: عندي ٥ دقائق")).to_be_visible()
    await expect(words).to_have_value("")
    await expect(chat(page, "salma").locator(".is-own .is-taken")).to_have_count(2)


async def test_a_card_is_pressed_toasts_and_is_redrawn_on_every_phone(page: Page, visitor: Visitor) -> None:
    card = Card("Water for the cats", ("10 minutes",), "task 3")
    rows = ((Button("I'm in", "claim", "3", 1, Tone.PRIMARY), Link("Details in private", "task_3")),)
    await visitor.playground.send(place_of("group"), Reply(card=card, rows=rows))
    visitor.core.reply = lambda _: Reply(card=Card("Water for the cats", ("Maya is in",)), toast="It is yours", edit=True)
    await phone(page, "maya").get_by_role("button", name="I'm in").click()

    await expect(phone(page, "maya").locator(".toast")).to_have_text("It is yours")
    for person in ("salma", "maya", "huda", "yusuf"):
        await expect(chat(page, person).get_by_text("Maya is in")).to_be_visible()
    await expect(phone(page, "maya").locator(".toast")).to_have_count(0, timeout=8000)


async def test_a_link_under_a_card_opens_the_private_chat(page: Page, visitor: Visitor) -> None:
    rows = ((Link("Details in private", "task_3"),),)
    await visitor.playground.send(place_of("group"), Reply(text="Water for the cats", rows=rows))
    await phone(page, "huda").get_by_role("button", name="Details in private").click()
    await expect(chat(page, "huda").get_by_text("heard: start task_3")).to_be_visible()
    await expect(phone(page, "huda").get_by_role("tab").nth(1)).to_have_attribute("aria-selected", "true")


async def test_a_picture_is_chosen_seen_and_sent(page: Page, visitor: Visitor, tmp_path: Path) -> None:
    await begin(page, "salma")
    (tmp_path / ("f" * 64)).write_bytes(PNG)
    visitor.core.reply = lambda event: Reply(text="Thank you", media=Media("f" * 64, "image/png", len(PNG)))
    await (
        chat(page, "salma").locator("[type=file]").set_input_files({"name": "قطة.png", "mimeType": "image/png", "buffer": PNG})
    )
    await expect(chat(page, "salma").locator(".chip")).to_contain_text("قطة.png")
    await chat(page, "salma").get_by_role("textbox").press("Enter")

    await expect(chat(page, "salma").locator(".picture img")).to_have_count(2)
    await expect(chat(page, "salma").locator(".chip")).to_be_hidden()
    upload = visitor.core.taken[-1].upload
    assert upload
    assert await visitor.playground.fetch(upload) == PNG


async def test_the_picture_can_be_left_out_again(page: Page, visitor: Visitor) -> None:
    await begin(page, "maya")
    await (
        chat(page, "maya").locator("[type=file]").set_input_files({"name": "cat.png", "mimeType": "image/png", "buffer": PNG})
    )
    await chat(page, "maya").get_by_role("button", name="Remove the picture").click()
    await chat(page, "maya").get_by_role("textbox").fill("just words")
    await chat(page, "maya").get_by_role("button", name="Send").click()
    await expect(chat(page, "maya").get_by_text("heard: just words")).to_be_visible()
    assert visitor.core.taken[-1].upload is None


async def test_a_file_that_is_too_large_is_refused_on_the_spot(page: Page, visitor: Visitor, tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    large.write_bytes(bytes(20 * 1024 * 1024 + 1))
    await chat(page, "maya").locator("[type=file]").set_input_files(large)
    await expect(phone(page, "maya").locator(".toast")).to_have_text("This file is larger than 20 MB.")
    await expect(chat(page, "maya").locator(".chip")).to_be_hidden()


async def test_everything_goes_by_keyboard_alone(page: Page, visitor: Visitor) -> None:
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the phones")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await expect(phone(page, "salma").get_by_role("tab").nth(0)).to_be_focused()
    await page.keyboard.press("ArrowLeft")
    await expect(phone(page, "salma").get_by_role("tab").nth(1)).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(chat(page, "salma").get_by_text("heard: start")).to_be_visible()

    words = chat(page, "salma").get_by_role("textbox")
    await words.focus()
    await page.keyboard.type("/ta")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(words).to_have_value("/tasks ")
    await page.keyboard.type("5")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.press("Backspace")
    await page.keyboard.press("Enter")
    await expect(chat(page, "salma").get_by_text("heard: tasks 5")).to_be_visible()
    await expect(words).to_be_focused()


async def test_focus_stays_where_it_was_when_a_message_is_redrawn(page: Page, visitor: Visitor) -> None:
    rows = ((Button("One", "step", "1"), Button("Two", "step", "2")),)
    await visitor.playground.send(place_of("group"), Reply(text="Which?", rows=rows))
    visitor.core.reply = lambda event: Reply(text=f"And after {event.args}?", rows=rows, edit=True)
    await chat(page, "maya").get_by_role("button", name="Two").focus()
    await page.keyboard.press("Enter")
    await expect(chat(page, "maya").get_by_text("And after 2?")).to_be_visible()
    await expect(chat(page, "maya").get_by_role("button", name="Two")).to_be_focused()


async def test_a_question_tells_the_composer_what_it_waits_for(page: Page, visitor: Visitor) -> None:
    def ask(event: Event) -> Reply:
        return Reply(text="heard: start", asks_text=True, placeholder="A sentence") if event.command else Reply(text="Noted")

    visitor.core.reply = ask
    await begin(page, "maya")
    words = chat(page, "maya").get_by_role("textbox")
    await expect(words).to_have_attribute("placeholder", "A sentence")
    await page.reload()
    await expect(words).to_have_attribute("placeholder", "A sentence")
    await words.fill("It went well")
    await words.press("Enter")
    await expect(words).to_have_attribute("placeholder", "Message")


async def test_the_paper_clip_stands_out_where_a_picture_is_asked_for(page: Page, visitor: Visitor) -> None:
    visitor.core.reply = lambda event: Reply(text="heard: start", asks_photo=event.command == "start")
    await begin(page, "maya")
    clip = chat(page, "maya").locator(".attach")
    await expect(clip).to_have_class("attach is-wanted")
    await page.reload()
    await expect(clip).to_have_class("attach is-wanted")
    await clip.locator("input").set_input_files({"name": "cat.png", "mimeType": "image/png", "buffer": PNG})
    await chat(page, "maya").get_by_role("textbox").press("Enter")
    await expect(clip).to_have_class("attach")


async def test_each_phone_reads_in_its_own_direction(page: Page) -> None:
    for person in ("salma", "maya"):
        await begin(page, person)
    sides = {}
    for person in ("salma", "maya"):
        own = await chat(page, person).locator(".is-own .bubble").bounding_box()
        ours = await chat(page, person).locator(".is-bots .bubble").bounding_box()
        assert own
        assert ours
        sides[person] = own["x"] < ours["x"]
    assert sides == {"salma": True, "maya": False}


async def test_unread_messages_are_counted_on_the_tab(page: Page, visitor: Visitor) -> None:
    await begin(page, "salma")
    await visitor.playground.send(place_of("group"), Reply(text="one"))
    await visitor.playground.send(place_of("group"), Reply(text="two"))
    badge = phone(page, "salma").locator("#unread-salma-group")
    await expect(badge).to_contain_text("٢")
    await phone(page, "salma").get_by_role("tab").nth(0).click()
    await expect(badge).to_be_empty()


async def test_time_is_moved_by_a_button(page: Page, visitor: Visitor) -> None:
    await expect(page.locator("#clock")).to_contain_text("09:00")
    button = page.get_by_role("button", name="Move the time on by one hour")
    await button.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#clock")).to_contain_text("10:00")
    await expect(button).to_be_focused()


async def test_how_to_connect_telegram_is_told(page: Page) -> None:
    await page.get_by_role("button", name="Connect Telegram").click()
    await expect(page.get_by_role("dialog")).to_contain_text("@BotFather")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_nothing_said_can_become_markup(page: Page, visitor: Visitor) -> None:
    nasty = "<img src=x onerror=\"document.title='owned'\">"
    await visitor.playground.send(place_of("group"), Reply(text=nasty, rows=((Button(nasty, "claim", "1"),),)))
    await expect(chat(page, "maya").locator(".text", has_text="<img src=x")).to_be_visible()
    assert "owned" not in await page.title()


async def test_on_a_phones_width_one_person_is_on_the_screen(browser: Browser, visitor: Visitor) -> None:
    page = await browser.new_page(viewport=PHONE, locale="ar", has_touch=True, is_mobile=True)
    await page.goto(visitor.playground.url)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await expect(page.locator("#to-salma")).to_have_attribute("aria-current", "true")
    await expect(phone(page, "salma")).to_be_in_viewport(ratio=0.9)
    await expect(phone(page, "huda")).not_to_be_in_viewport()

    await begin(page, "salma")
    composer = await chat(page, "salma").locator(".composer").bounding_box()
    assert composer
    assert abs(composer["y"] + composer["height"] - PHONE["height"]) < 2

    await page.locator("#to-huda").click()
    await expect(phone(page, "huda")).to_be_in_viewport(ratio=0.9)
    await expect(page.locator("#to-huda")).to_have_attribute("aria-current", "true")
    await page.close()


async def test_a_page_finds_back_after_a_restart(browser: Browser, tmp_path: Path) -> None:
    store = tmp_path / "playground.db"
    page = await browser.new_page(viewport=DESKTOP)
    async with running(store, tmp_path) as core:
        port = core.playground.port
        await page.goto(core.playground.url)
        await begin(page, "maya")
    await expect(page.get_by_text("The connection was lost.")).to_be_visible()
    async with running(store, tmp_path, port=port) as core:
        await core.playground.send(place_of("maya"), Reply(text="Here we are again"))
        await expect(chat(page, "maya").get_by_text("Here we are again")).to_be_visible(timeout=10_000)
        await expect(page.get_by_text("The connection was lost.")).to_be_hidden()
    await page.close()


_FAINT = """() => {
  const parse = (color) => { const c = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    c.fillStyle = color; c.fillRect(0, 0, 1, 1); return [...c.getImageData(0, 0, 1, 1).data]; };
  const over = (top, under) => top.slice(0, 3).map((v, i) => v * top[3] / 255 + under[i] * (1 - top[3] / 255));
  const light = (rgb) => rgb.map((v) => v / 255).map((v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ground = (element) => { if (!element) return [255, 255, 255];
    const own = parse(getComputedStyle(element).backgroundColor);
    return own[3] === 255 ? own.slice(0, 3) : over(own, ground(element.parentElement)); };
  const faint = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const box = element.getBoundingClientRect();
    if (!texts.currentNode.textContent.trim() || !element.checkVisibility() || box.width < 2) continue;
    const behind = ground(element);
    const [a, b] = [light(over(parse(getComputedStyle(element).color), behind)), light(behind)];
    const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (contrast < 4.5) faint.push([element.className || element.tagName, texts.currentNode.textContent.trim(), contrast]);
  }
  return faint;
}"""
"""Texts whose contrast is below 4.5:1. https://www.w3.org/TR/WCAG22/#contrast-minimum"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_all_text_can_be_read_and_everything_has_a_name(browser: Browser, visitor: Visitor, scheme: str) -> None:
    keys = ((Button("I'm in", "claim", "1", tone=Tone.PRIMARY), Button("Reject", "reject", "1", tone=Tone.DANGER)),)
    await visitor.say("maya", "group", "See https://example.org and /tasks")
    await visitor.playground.send(place_of("group"), Reply(text="A text", card=Card("Title", ("Line",), "Footer"), rows=keys))
    page = await browser.new_page(viewport=DESKTOP, color_scheme="dark" if scheme == "dark" else "light")
    await page.goto(visitor.playground.url)
    await begin(page, "salma")
    await phone(page, "huda").get_by_role("tab").nth(1).click()
    faint = await page.evaluate(_FAINT)
    assert faint == [], faint

    tree = await page.locator("body").aria_snapshot()
    assert not re.findall(r"^\s*- (?:button|link|textbox|tab|img|region|navigation|log)(?: \[.*\])?:?$", tree, re.MULTILINE)
    for landmark in ("banner", "main"):
        assert f"- {landmark}" in tree
    await page.close()


async def test_motion_is_left_out_for_those_who_want_none(browser: Browser, visitor: Visitor) -> None:
    page = await browser.new_page(viewport=DESKTOP, reduced_motion="reduce")
    await page.goto(visitor.playground.url)
    await visitor.playground.send(place_of("group"), Reply(text="calm"))
    await expect(chat(page, "maya").get_by_text("calm")).to_be_visible()
    duration = "getComputedStyle(document.querySelector('.msg.is-new')).animationDuration"
    assert float((await page.evaluate(duration)).removesuffix("s")) < 0.001
    await page.close()


async def test_typing_shows_while_the_core_is_at_work(page: Page, visitor: Visitor) -> None:
    await begin(page, "maya")
    visitor.core.hold = asyncio.Event()
    await chat(page, "maya").get_by_role("textbox").fill("/tasks")
    await chat(page, "maya").get_by_role("textbox").press("Enter")
    typing = chat(page, "maya").get_by_role("img", name="Himma is typing")
    await expect(typing).to_be_visible()
    visitor.core.hold.set()
    await expect(chat(page, "maya").get_by_text("heard: tasks")).to_be_visible()
    await expect(typing).to_be_hidden()
