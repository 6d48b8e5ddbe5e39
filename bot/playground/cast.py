"""The four people whose phones the page shows, and the chats they are in."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from handlers.types import ChatKind, Place
from handlers.words import Words, words_for
from models.roles import Role

PLATFORM = "playground"
GROUP = "group"
"""The external id of the community's group; a private chat has the id of its person, as on Telegram."""
GROUP_TITLE = "دفء · Warmth"
BOT = ""
"""The author of the messages that are ours."""
ZONE = ZoneInfo("Asia/Amman")
"""Where the four live; without summer time, so that "+1 day" is always the same hour."""


@dataclass(frozen=True, slots=True)
class Phone:
    """A person of the sample community, as a messenger knows them."""

    person: str
    """Their external id; also that of their private chat with us."""
    name: str
    language: str
    role: Role
    """What they are in the sample community. Only for the page's caption and suggestions: the core has its own idea of it."""
    is_chat_admin: bool = False

    @property
    def words(self) -> Words:
        return words_for(self.language, self.language == "ar", ZONE.key)

    @property
    def chats(self) -> tuple[str, str]:
        return GROUP, self.person


PHONES = {
    phone.person: phone
    for phone in (
        Phone("salma", "سلمى", "ar", Role.VOLUNTEER),
        Phone("maya", "Maya", "en", Role.VOLUNTEER),
        Phone("huda", "هدى", "ar", Role.MODERATOR),
        Phone("yusuf", "Yusuf", "en", Role.ORGANIZER, is_chat_admin=True),
    )
}


def place_of(chat: str) -> Place:
    """The chat with this external id."""
    return Place(PLATFORM, chat, ChatKind.GROUP, GROUP_TITLE) if chat == GROUP else Place(PLATFORM, chat, ChatKind.PRIVATE)
