"""What a moderator sees before an appeal goes out is what goes out: on each platform, in each language, in the chats."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import make_url, select

from bot.database import Database
from models.appeals import Appeal
from models.roles import Role
from tests.both import Both, stage
from tests.dialogue import Somebody, Talk, both_platforms, plain
from tests.handlers.test_answering import told
from tests.handlers.test_appealing import change, team
from tests.handlers.test_on_both_platforms import joined

LINE = "/appeal #1 Come at *five*, bring <blankets>. | الحضور في الخامسة."
ENGLISH, ARABIC = "Appeal from Warmth", "نداء من Warmth"


@pytest.fixture
async def both(database_url: str, tmp_path: Path) -> AsyncIterator[Both]:
    async with stage(Database(make_url(database_url)), tmp_path / "pictures") as both:
        yield both


def got(somebody: Somebody, title: str, group: Any = None) -> Any:
    """The appeal as it came to somebody, or into a group."""
    return next(message for message in somebody.app.answers(group) if plain(message.text).startswith(title))


def body(message: Any) -> str:
    """A message without the line above it that says which version it is."""
    return plain(message.text).partition("\n")[2].strip()


def in_brackets(message: Any) -> list[list[str]]:
    """The buttons in a version that is told in words, row by row."""
    lines = [line for line in plain(message.text).splitlines() if line.startswith("[ ")]
    return [[label.strip(" ]").removesuffix(" ↗") for label in line.split("[ ")[1:]] for line in lines]


@both_platforms
async def test_each_version_is_shown_as_the_message_that_it_will_be(chat: Talk) -> None:
    home, huda, omar, sara = await team(chat)
    await chat.task(home, huda, "Pack blankets", seats=5)
    await huda.says(LINE)
    assert "See it as people will: 3 versions" in str(huda.screen.labels)
    here = chat.platform.capitalize()

    english = await huda.presses("See it as people will")
    assert plain(english.text).startswith(f"1 of 3: {here}, privately, in English")
    seen = [(body(english), english.labels)]
    pressed = await huda.presses("I'm in")
    assert "A preview: this does nothing yet." in pressed.text
    arabic = await huda.presses("The next version")
    assert plain(arabic.text).startswith(f"2 of 3: {here}, privately, in العربية")
    seen.append((body(arabic), arabic.labels))
    many = await huda.presses("The next version")
    assert plain(many.text).startswith(f"3 of 3: {here}, in the team's chats")
    seen.append((body(many), many.labels))
    around = await huda.presses("The next version")
    assert plain(around.text).startswith("1 of 3")
    await huda.presses("Back to sending")
    assert await chat.rows(select(Appeal.id)) == []

    await huda.presses("Send")
    await told(chat)
    came = [got(omar, ENGLISH), got(sara, ARABIC), got(huda, ENGLISH, home.group)]
    ways = [["Back to sending", "The next version"], ["Back", "Cancel"]]
    assert seen == [(plain(message.text), [*message.labels, *ways[:1], ["Cancel"]]) for message in came]


@both_platforms
async def test_an_audience_of_one_language_has_one_private_version(chat: Talk) -> None:
    home, huda, _, _ = await team(chat)
    await chat.task(home, huda, seats=5)
    await huda.says("/appeal #1 الحضور في الخامسة. | to: Arabic")
    assert "See it as people will: 2 versions" in str(huda.screen.labels)
    shown = await huda.presses("See it as people will")
    assert body(shown).startswith(ARABIC)


@both_platforms
async def test_it_all_goes_in_arabic_too(chat: Talk) -> None:
    home, huda, _, _ = await team(chat)
    await change(chat, huda, language="ar")
    await chat.task(home, huda, "تجهيز البطّانيّات", seats=5)
    preview = await huda.says("/appeal #1 الحضور في الخامسة. | Come at five. | حتى ٢٠:٠٠")
    assert "يسري حتى الساعة ٢٠:٠٠، الاثنين ٢٣ نوفمبر." in plain(preview.text)
    shown = await huda.presses("عرضه كما سيُرى: ٣ نسخ")
    assert plain(shown.text).startswith(f"١ من ٣: {chat.platform.capitalize()}، في الخاص، باللغة: العربية")
    assert "معاينة فقط" in (await huda.presses("أنا لها")).text
    english = await huda.presses("النسخة التالية")
    assert "I'm in" in str(english.labels)
    await huda.presses("رجوع إلى الإرسال")
    await huda.presses("إرسال")
    await told(chat)

    asked = await huda.presses("تصحيح")
    assert "ما النص الصحيح للنسخة العربية؟" in asked.text
    await huda.says("الحضور في السادسة.")
    assert "ما النص الصحيح للنسخة الإنجليزية؟" in huda.screen.text
    await huda.presses("كما هو")
    await chat.later(seconds=5)
    assert "الحضور في السادسة." in got(huda, ARABIC).text


async def versions(somebody: Somebody) -> dict[str, tuple[list[str], list[list[str]]]]:
    """All versions, one after the other, by what they are: their lines, and the buttons that are told in words."""
    seen: dict[str, tuple[list[str], list[list[str]]]] = {}
    await somebody.says(LINE)
    shown = await somebody.presses("See it as people will")
    while (which := plain(shown.text).splitlines()[0].partition(": ")[2]) not in seen:
        seen[which] = lines(body(shown)), in_brackets(shown)
        shown = await somebody.presses("The next version")
    await somebody.presses("Back to sending")
    return seen


def lines(text: str) -> list[str]:
    return [line for line in plain(text).splitlines() if line and not line.startswith("[ ")]


async def test_what_the_other_platform_shows_is_told_in_its_own_words(both: Both) -> None:
    huda, dana = both.telegram.person("Huda"), both.discord.person("Dana")
    home = await both.telegram.home(huda)
    channel = cast("Any", await joined(both, huda, dana))
    await both.discord.give_role(home, dana, Role.MODERATOR)
    await change(both.telegram, huda)
    await change(both.discord, dana)
    await both.telegram.task(home, huda, "Pack blankets", seats=5)
    await both.settle()

    ways = ("privately, in English", "privately, in العربية", "in the team's chats")
    on_telegram, on_discord = await versions(huda), await versions(dana)
    assert list(on_telegram) == [f"{name}, {way}" for name in ("Telegram", "Discord") for way in ways]
    assert list(on_discord) == [f"{name}, {way}" for name in ("Discord", "Telegram") for way in ways]

    await huda.presses("Send")
    await both.later(seconds=1)
    for seen, which, message in (
        (on_telegram, "Discord, privately, in English", got(dana, ENGLISH)),
        (on_telegram, "Discord, in the team's chats", got(dana, ENGLISH, channel)),
        (on_discord, "Telegram, privately, in English", got(huda, ENGLISH)),
        (on_discord, "Telegram, in the team's chats", got(huda, ENGLISH, home.group)),
    ):
        assert seen[which] == (lines(message.text), message.labels)
