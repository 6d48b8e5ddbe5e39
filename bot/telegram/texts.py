"""What Telegram shows of us outside of messages, from the registry and the catalogues."""

from bot.telegram.menu import Menu, MenuEntry
from handlers.registry import Command, Where, public_commands
from handlers.words import LANGUAGES, N_, words_for
from models.roles import Role

_NAME = N_("Himma")
_SHORT = N_("Small tasks that help. Five minutes are enough.")
_DESCRIPTION = N_(
    "Teams of volunteers share small tasks here: each says how many minutes it takes, and one press takes a seat. "
    "Press Start, then follow your team's link or send /join with its code."
)
ROLE_NAMES = {
    None: "anyone",
    Role.VOLUNTEER: "volunteer",
    Role.MODERATOR: "moderator",
    Role.ORGANIZER: "organizer",
}


def build_menu() -> Menu:
    """The command menus by role, and our name and descriptions, in every language."""
    commands = sorted((one for one in public_commands() if one.name != "start"), key=_everyday_first)
    return Menu(
        entries=tuple(_entry(command) for command in commands),
        name=_in_all(_NAME),
        description=_in_all(_DESCRIPTION),
        short_description=_in_all(_SHORT),
    )


def _everyday_first(command: Command) -> tuple[int, int]:
    everyday = ("tasks", "mine", "done", "help", "review", "newtask", "post")
    place = everyday.index(command.name) if command.name in everyday else len(everyday)
    return place, command.role or 0


def _entry(command: Command) -> MenuEntry:
    return MenuEntry(
        command.name,
        _in_all(command.help),
        ROLE_NAMES[command.role],
        in_private=command.where is not Where.GROUP,
        in_groups=command.where is not Where.PRIVATE,
    )


def _in_all(sentence: str) -> dict[str, str]:
    return {language: words_for(language, False, "UTC").say(sentence) for language in LANGUAGES}
