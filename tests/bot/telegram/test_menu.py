"""Menus and texts: in the reader's language, for their role, and set only where they changed."""

import asyncio
import json
from collections import Counter

from bot.pace import UNLIMITED, Pace
from bot.telegram import Menu, MenuEntry, Telegram
from handlers.types import ChatKind, Place, Reply
from tests.bot.folder import Folder
from tests.bot.telegram.conftest import Core, running
from tests.wire.telegram import Fault, TelegramWire

MENU = Menu(
    (
        MenuEntry("help", {"ar": "مساعدة", "en": "What you can do here"}, "anyone"),
        MenuEntry("tasks", {"ar": "مهام", "en": "Open tasks"}, "volunteer"),
        MenuEntry("me", {"ar": "إعداداتي", "en": "My settings"}, "volunteer", in_groups=False),
        MenuEntry("review", {"ar": "مراجعة", "en": "Reports waiting"}, "moderator"),
        MenuEntry("setup", {"ar": "تأسيس", "en": "Make this chat a community"}, "organizer", in_private=False),
    ),
    name={"ar": "همّة", "en": "Himma"},
    description={"ar": "تطوّع في دقائق", "en": "Volunteering in minutes"},
    short_description={"ar": "دقائق تصنع فرقًا", "en": "Minutes that matter"},
)
SETTERS = ("setMyCommands", "deleteMyCommands", "setMyName", "setMyDescription", "setMyShortDescription")


def shown(wire: TelegramWire, language: str, **scope: object) -> list[str]:
    commands = wire.world.commands.get((json.dumps(scope, sort_keys=True), language), [])
    return [f"/{command['command']} {command['description']}" for command in commands]


async def published(wire: TelegramWire, folder: Folder, menu: Menu = MENU) -> Counter[str]:
    """Start once, and which setters it took."""
    wire.counts.clear()
    telegram = Telegram(wire.token, folder, api_url=wire.url, menu=menu)
    async with running(Core(telegram)):
        await wire.until(lambda: wire.counts["getMyShortDescription"] >= 3)
        await asyncio.sleep(0.05)
    await telegram.close()
    return Counter({method: wire.counts[method] for method in SETTERS if wire.counts[method]})


async def test_everybody_sees_their_languages_commands(wire: TelegramWire, folder: Folder) -> None:
    await published(wire, folder)
    assert shown(wire, "ar", type="all_private_chats") == ["/help مساعدة", "/tasks مهام", "/me إعداداتي"]
    assert shown(wire, "", type="all_private_chats") == shown(wire, "en", type="all_private_chats")
    assert shown(wire, "en", type="all_group_chats") == ["/help What you can do here", "/tasks Open tasks"]
    assert "/setup Make this chat a community" in shown(wire, "en", type="all_chat_administrators")
    assert wire.world.texts["name", "ar"] == "همّة"
    assert wire.world.texts["description", ""] == "Volunteering in minutes"
    assert wire.world.texts["short_description", ""] == "Minutes that matter"


async def test_what_has_not_changed_is_not_set_again(wire: TelegramWire, folder: Folder) -> None:
    first = await published(wire, folder)
    assert first["setMyCommands"] == 9
    assert await published(wire, folder) == Counter()
    changed = Menu(
        MENU.entries[1:], name=MENU.name, description=MENU.description, short_description={"en": "New", "ar": "جديد"}
    )
    assert await published(wire, folder, changed) == {"setMyCommands": 9, "setMyShortDescription": 2}


async def test_a_menu_follows_the_role_that_its_reader_is_told(wire: TelegramWire, folder: Folder) -> None:
    telegram = Telegram(wire.token, folder, api_url=wire.url, menu=MENU, pace=Pace(UNLIMITED))
    lina = wire.person("Lina", started=True)
    place = Place("telegram", str(lina.id), ChatKind.PRIVATE)
    await telegram.send(place, Reply(text="You are a moderator now.", role="moderator"))
    mine = {"type": "chat", "chat_id": lina.id}
    assert shown(wire, "en", **mine)[-1] == "/review Reports waiting"
    assert "/review مراجعة" in shown(wire, "ar", **mine)
    await telegram.send(place, Reply(text="You are a volunteer now.", role="volunteer"))
    assert shown(wire, "en", **mine) == []
    await telegram.close()


async def test_menus_that_are_refused_stop_nothing(wire: TelegramWire, folder: Folder) -> None:
    wire.fails("setMyCommands", Fault.FLOOD)
    telegram = Telegram(wire.token, folder, api_url=wire.url, menu=MENU)
    sara = wire.person("Sara")
    async with running(Core(telegram)):
        sara.says("/help")
        await sara.gets()
    await telegram.close()
