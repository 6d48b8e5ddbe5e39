"""The whole way in Chromium, over the real core: from a card in the group to credited minutes, and what those see who lead.

HIMMA_SCREENSHOTS names a folder for what was seen on the way (docs/screenshots was made so).
"""

import asyncio
import os
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image, ImageDraw
from playwright.async_api import Browser, Locator, Page, ViewportSize, expect
from sqlalchemy import make_url, select

from bot.clock import Clock
from bot.core import Core
from bot.database import Database
from bot.playground.cast import ZONE
from bot.playground.platform import Playground
from bot.playground.sample import WATER, settle_in
from bot.store import FolderStore
from handlers.words import words_for
from models.claims import Claim, ClaimState
from models.people import Person
from models.reports import Report, ReportState
from models.tasks import Task
from tests.bot.playground.conftest import eventually

pytestmark = pytest.mark.asyncio(loop_scope="package")
WORDS = words_for("ar", True, ZONE.key)
say = WORDS.say
APPEAL = (
    "/appeal #1 البرد شديد الليلة، وخمسة من كبار السنّ ينتظرون مكالمة تسأل عنهم. ربع ساعة تكفي. | "
    "It is a cold night, and five elderly people are waiting for a call. A quarter of an hour is enough."
)
NOTE = "امتلأت الأوعية الثلاثة، وكانت القطط في الانتظار."


@pytest_asyncio.fixture(loop_scope="package")
async def playground(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Playground]:
    """The playground on the sample community, with nothing left out."""
    clock, store = Clock(), FolderStore(tmp_path / "pictures")
    playground = Playground(tmp_path / "playground.db", clock, store, port=0)
    database = tmp_path / "himma.db"
    database.write_bytes(sqlite_template.read_bytes())
    core = Core(Database(make_url(f"sqlite+aiosqlite:///{database}")), [playground], store, clock)
    playground.let_time_pass(core.ticks.beat_all)
    await settle_in(core.edge, playground)
    running = asyncio.create_task(core.run())
    await eventually(lambda: playground.port != 0)
    yield playground
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


class Shots:
    """Screenshots, where somebody wants them."""

    def __init__(self) -> None:
        folder = os.environ.get("HIMMA_SCREENSHOTS")
        self._folder = Path(folder) if folder else None

    async def take(self, page: Page, name: str, of: Locator | None = None) -> None:
        if self._folder is None:
            return
        await expect(page.locator(".toast")).to_have_count(0, timeout=15_000)
        await page.wait_for_timeout(400)
        picture = Image.open(BytesIO(await (of or page).screenshot())).convert("RGB")
        self._folder.mkdir(parents=True, exist_ok=True)
        few = picture.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(self._folder / f"{name}.png", optimize=True)


def chat(page: Page, person: str) -> Locator:
    return page.locator(f"#phone-{person} .chat:not([hidden])")


async def press(page: Page, person: str, label: str) -> None:
    """Press the newest button with this label in the chat that is open on somebody's phone."""
    await chat(page, person).get_by_role("button", name=label).last.click()


async def test_from_a_card_in_the_group_to_credited_minutes(browser: Browser, playground: Playground, tmp_path: Path) -> None:
    shots = Shots()
    page = await browser.new_page(viewport=ViewportSize(width=1440, height=900), locale="ar")
    await page.goto(playground.url)
    await take_a_seat(page, shots)
    await hand_in(page, shots, tmp_path / "ماء.jpg")
    await review(page, shots)

    # The volunteer is thanked, and the minutes count.
    await expect(chat(page, "salma").get_by_role("button", name=say("All tasks"))).to_be_visible()
    await expect(chat(page, "salma").locator(".is-bots").last).to_contain_text(WORDS.minutes(10))
    await shots.take(page, "credit")
    assert await _credited(tmp_path) == [("هدى", ReportState.APPROVED, 10, ClaimState.APPROVED)]
    await page.close()


async def take_a_seat(page: Page, shots: Shots) -> None:
    """A stranger presses in the group: the private chat opens with the rules, and behind them the seat is there."""
    card = chat(page, "salma").locator(".msg", has_text=WATER)
    await expect(card.get_by_role("button", name=say("I'm in"))).to_be_visible()
    await shots.take(page, "community")
    await card.get_by_role("button", name=say("I'm in")).click()
    await expect(chat(page, "salma").get_by_text(say("The rules of this team:"))).to_be_visible()
    await shots.take(page, "joining")
    await press(page, "salma", say("I accept the rules"))
    await expect(chat(page, "salma").get_by_role("button", name=say("Done"))).to_be_visible()

    # Everybody in the group sees one seat less.
    await page.locator("#phone-maya").get_by_role("tab").nth(0).click()
    seats = WORDS.count("{n} seat left of {seats}", "{n} seats left of {seats}", 3, seats=4)
    await expect(chat(page, "maya").locator(".msg", has_text=WATER)).to_contain_text(seats, timeout=15_000)


async def hand_in(page: Page, shots: Shots, photo: Path) -> None:
    """The report: minutes, the photo that this task asks for, a note."""
    composer = chat(page, "salma").get_by_role("textbox")
    await press(page, "salma", say("Done"))
    await press(page, "salma", WORDS.minutes(10))
    await expect(chat(page, "salma").locator(".is-bots").last).to_contain_text("صورة")
    _photo().save(photo, quality=80)
    await chat(page, "salma").locator("[type=file]").set_input_files(photo)
    await composer.press("Enter")
    await expect(chat(page, "salma").get_by_role("button", name=say("Skip"))).to_be_visible()
    await shots.take(page, "report")
    await composer.fill(NOTE)
    await composer.press("Enter")
    await expect(chat(page, "salma").get_by_role("button", name=say("My tasks"))).to_be_visible()


async def review(page: Page, shots: Shots) -> None:
    """The moderator decides about the older report first, then sees this one with its photo and approves it."""
    await press(page, "huda", say("Approve"))
    await expect(chat(page, "huda").get_by_text(NOTE)).to_be_visible()
    await expect(chat(page, "huda").locator(".picture img")).to_be_visible()
    await shots.take(page, "review")
    await press(page, "huda", say("Approve"))
    await expect(
        chat(page, "huda").get_by_text(say("No report is waiting. Thank you for looking after them."))
    ).to_be_visible()


async def test_the_same_on_a_phone_by_night(browser: Browser, playground: Playground) -> None:
    shots = Shots()
    size = ViewportSize(width=390, height=844)
    page = await browser.new_page(viewport=size, locale="ar", color_scheme="dark", has_touch=True, is_mobile=True)
    await page.goto(playground.url)
    card = page.locator("#phone-salma .msg", has_text=WATER)
    await card.get_by_role("button", name=say("Details in private")).click()
    await press(page, "salma", say("I accept the rules"))
    await press(page, "salma", say("I'm in"))
    await expect(chat(page, "salma").get_by_role("button", name=say("Done"))).to_be_visible()
    await shots.take(page, "phone")
    await page.close()


async def say_words(page: Page, person: str, text: str) -> Locator:
    """Write to us on somebody's phone; our newest message there."""
    words = chat(page, person).get_by_role("textbox")
    await words.fill(text)
    await words.press("Enter")
    await expect(chat(page, person).locator(".is-own .is-taken").last).to_be_visible()
    return chat(page, person).locator(".is-bots").last


async def test_what_moderators_and_organizers_see(browser: Browser, playground: Playground) -> None:
    """An appeal from its preview to its card, and the week in figures with its chart, in both languages."""
    shots = Shots()
    page = await browser.new_page(viewport=ViewportSize(width=1440, height=1180), locale="en-GB")
    await page.goto(playground.url)
    await page.locator("#tab-yusuf-yusuf").click()
    await press(page, "huda", say("Approve"))
    await say_words(page, "huda", APPEAL)
    await chat(page, "huda").locator(".key", has_text=say("Send")).click()
    await expect(chat(page, "huda").get_by_text(say("Appeal {number}: under way", number=1))).to_be_visible(timeout=15_000)
    await expect(chat(page, "maya").get_by_role("button", name="Not for me")).to_be_visible(timeout=15_000)
    await page.locator("#tab-salma-group").click()
    await expect(await say_words(page, "yusuf", "/appeals 1")).to_contain_text("Appeal 1: under way")
    await shots.take(page, "appeal")

    for language, given in (("en", "Time given"), ("ar", say("Time given"))):
        if language == "ar":
            await say_words(page, "yusuf", "/language ar")
        await expect(await say_words(page, "yusuf", "/summary")).to_contain_text(given)
        chart = chat(page, "yusuf").locator(".picture img").last
        await expect(chart).to_have_js_property("complete", value=True)
        assert await chart.evaluate("image => image.naturalWidth") > 1000
        await shots.take(page, f"week-{language}", of=page.locator("#phone-yusuf"))
    await page.close()


def _photo() -> Image.Image:
    """Three bowls of water on a step, more or less."""
    picture = Image.new("RGB", (960, 720), (222, 205, 178))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 470, 960, 720), fill=(190, 168, 138))
    for x in (150, 400, 650):
        draw.ellipse((x, 400, x + 190, 470), fill=(236, 236, 230))
        draw.ellipse((x + 16, 408, x + 174, 456), fill=(120, 178, 200))
        draw.chord((x, 340, x + 190, 560), 8, 172, fill=(205, 90, 70))
        draw.ellipse((x + 16, 408, x + 174, 456), fill=(120, 178, 200))
    return picture


async def _credited(folder: Path) -> list[tuple[object, ...]]:
    """Reports on the cats' water: who decided, what, about how many minutes, and what became of the seat."""
    database = Database(make_url(f"sqlite+aiosqlite:///{folder / 'himma.db'}"))
    async with database.read() as session:
        rows = await session.execute(
            select(Person.name, Report.state, Report.minutes, Claim.state)
            .join(Person, Person.id == Report.decided_by)
            .join(Claim, Claim.id == Report.claim_id)
            .join(Task, Task.id == Report.task_id)
            .where(Task.title == WATER)
        )
        found = [tuple(row) for row in rows]
    await database.close()
    return found
