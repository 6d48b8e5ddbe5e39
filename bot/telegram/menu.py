"""The command menus, the name and the descriptions that Telegram shows of us, by language, chat and role.

Telegram limits how often these may be set, so each is read first and set only where it differs.
https://core.telegram.org/bots/api#setmycommands, #botcommandscope
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
)
from telegram.error import TelegramError

log = logging.getLogger(__name__)

_NAME_LIMIT: Final = 64
_DESCRIPTION_LIMIT: Final = 512
_SHORT_DESCRIPTION_LIMIT: Final = 120
_COMMAND_DESCRIPTION_LIMIT: Final = 256


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """One command in a menu."""

    command: str
    descriptions: Mapping[str, str]
    """By language (`ar`, `en`)."""
    role: str
    """The least role that may use it; one of `Menu.roles`."""
    in_private: bool = True
    in_groups: bool = True


@dataclass(frozen=True, slots=True)
class Menu:
    """All that Telegram shows of us outside of messages. Texts are by language (`ar`, `en`)."""

    entries: tuple[MenuEntry, ...]
    roles: tuple[str, ...] = ("anyone", "volunteer", "moderator", "organizer")
    """From the least to the greatest: who has one may do what the ones before it may."""
    everyone: str = "volunteer"
    """The role whose commands everybody is shown; greater ones are shown to those who hold them."""
    fallback: str = "en"
    """The language for readers of all others."""
    name: Mapping[str, str] = field(default_factory=dict)
    description: Mapping[str, str] = field(default_factory=dict)
    short_description: Mapping[str, str] = field(default_factory=dict)

    def commands(self, role: str, language: str, *, private: bool) -> list[BotCommand]:
        """What a holder of the role is shown."""
        rank = self.roles.index(role)
        return [
            BotCommand(entry.command, entry.descriptions[language][:_COMMAND_DESCRIPTION_LIMIT])
            for entry in self.entries
            if self.roles.index(entry.role) <= rank and (entry.in_private if private else entry.in_groups)
        ]

    def languages(self) -> Iterator[tuple[str, str]]:
        """Telegram's language code and the language whose texts stand under it."""
        yield "", self.fallback
        for language in sorted({language for entry in self.entries for language in entry.descriptions}):
            yield language, language


async def publish(bot: Bot, menu: Menu) -> None:
    """Show the menus and texts to everybody. What Telegram refuses is logged: nobody's work depends on it."""
    try:
        for code, language in menu.languages():
            everyone, greatest = menu.everyone, menu.roles[-1]
            await _set(bot, menu.commands(everyone, language, private=True), BotCommandScopeAllPrivateChats(), code)
            await _set(bot, menu.commands(everyone, language, private=False), BotCommandScopeAllGroupChats(), code)
            await _set(bot, menu.commands(greatest, language, private=False), BotCommandScopeAllChatAdministrators(), code)
        await _publish_texts(bot, menu)
    except TelegramError as error:
        log.warning("the command menus could not be published: %s", error)


async def publish_role(bot: Bot, menu: Menu, person: int, role: str) -> None:
    """Show one person the commands of their role in their private chat. Raises TelegramError."""
    scope = BotCommandScopeChat(person)
    for code, language in menu.languages():
        if menu.roles.index(role) <= menu.roles.index(menu.everyone):
            await bot.delete_my_commands(scope=scope, language_code=code or None)
        else:
            await _set(bot, menu.commands(role, language, private=True), scope, code)


async def _set(bot: Bot, commands: list[BotCommand], scope: BotCommandScope, code: str) -> None:
    if list(await bot.get_my_commands(scope=scope, language_code=code or None)) != commands:
        await bot.set_my_commands(commands, scope=scope, language_code=code or None)


async def _publish_texts(bot: Bot, menu: Menu) -> None:
    for code, language in menu.languages():
        name = menu.name.get(language, "")[:_NAME_LIMIT]
        if name and (await bot.get_my_name(language_code=code or None)).name != name:
            await bot.set_my_name(name, language_code=code or None)
        description = menu.description.get(language, "")[:_DESCRIPTION_LIMIT]
        if description and (await bot.get_my_description(language_code=code or None)).description != description:
            await bot.set_my_description(description, language_code=code or None)
        short = menu.short_description.get(language, "")[:_SHORT_DESCRIPTION_LIMIT]
        if short and (await bot.get_my_short_description(language_code=code or None)).short_description != short:
            await bot.set_my_short_description(short, language_code=code or None)
