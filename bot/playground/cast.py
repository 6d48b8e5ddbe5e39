"""The four people whose phones the page shows, and the chats they are in."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from handlers.types import ChatKind, Place
from handlers.words import Words, words_for

PLATFORM = "playground"
GROUP = "group"
"""The external id of the community's group; a private chat has the id of its person, as on Telegram."""
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
    role: str
    """What they are in the sample community: volunteer, moderator or organizer. Only for the page's caption."""
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
        Phone("salma", "سلمى", "ar", "volunteer"),
        Phone("maya", "Maya", "en", "volunteer"),
        Phone("huda", "هدى", "ar", "moderator"),
        Phone("yusuf", "Yusuf", "en", "organizer", is_chat_admin=True),
    )
}


def place_of(chat: str, title: str = "") -> Place:
    """The chat with this external id."""
    return Place(PLATFORM, chat, ChatKind.GROUP if chat == GROUP else ChatKind.PRIVATE, title)
