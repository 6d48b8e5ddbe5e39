"""What the page shows, as HTML: the whole, and the pieces that change."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bot.playground.cast import BOT, GROUP, GROUP_TITLE, PHONES, ZONE, Phone
from bot.playground.labels import labels
from bot.playground.memory import Message
from bot.playground.screens import Screen, direction, lively
from handlers.registry import Command, Where, public_commands
from handlers.words import Words, words_for

if TYPE_CHECKING:
    from bot.playground.platform import Playground

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters.update(lively=lively, direction=direction)


@dataclass(frozen=True)
class Seen:
    """A message as one person sees it."""

    message: Message
    phone: Phone
    day: str
    """The day that begins with it, or empty."""
    author: str
    """Whose name stands over it; empty where that goes without saying."""
    time: str

    @property
    def is_own(self) -> bool:
        return self.message.author == self.phone.person

    @property
    def is_bots(self) -> bool:
        return self.message.author == BOT


class Pages:
    """Renders what the playground knows."""

    def __init__(self, playground: "Playground") -> None:
        self._playground = playground

    def index(self, language: str) -> str:
        """The whole page, its frame in a language of ours."""
        return self._render("page.html", words=_frame_words(language), revision=self._playground.memory.revision)

    def changes(self, revision: int) -> str:
        """Everything that came or changed after `revision`, each piece addressed to its place on the page."""
        memory = self._playground.memory
        pieces = []
        for message in memory.changed_since(revision):
            for phone in self.phones():
                if message.chat in phone.chats:
                    is_new = message.born > revision
                    pieces.append(self._render("arrival.html", seen=self.seen(message, phone), is_new=is_new))
        return "".join([*pieces, self.badges()])

    def badges(self) -> str:
        """How much is unread in each chat and on each phone."""
        return self._render("badges.html", is_change=True)

    def toast(self, phone: Phone, text: str) -> str:
        return self._render("toast.html", phone=phone, text=text)

    def typing(self, phone: Phone, chat: str) -> str:
        return self._render("typing.html", phone=phone, chat=chat, is_change=True)

    def composer(self, phone: Phone) -> str:
        """Where the person writes to us, or opens the chat."""
        return self._render("composer.html", phone=phone, chat=phone.person, is_change=True)

    def role(self, phone: Phone) -> str:
        """What a person is, and what they are offered therefore."""
        return self._render("role.html", phone=phone, is_change=True)

    def clock(self, language: str) -> str:
        return self._render("now.html", words=_frame_words(language), is_change=True)

    def phones(self) -> list[Phone]:
        return list(PHONES.values())

    def seen_messages(self, phone: Phone, chat: str) -> list[Seen]:
        """A chat as a person sees it."""
        shown = []
        above: Message | None = None
        for message in self._playground.memory.messages(chat):
            shown.append(_seen(message, phone, above))
            above = message
        return shown

    def seen(self, message: Message, phone: Phone) -> Seen:
        """One message as a person sees it."""
        return _seen(message, phone, self._playground.memory.before(message))

    def commands(self, phone: Phone, chat: str) -> list[Command]:
        """What the composer offers to a person in a chat."""
        here = {Where.ANYWHERE, Where.GROUP if chat == GROUP else Where.PRIVATE}
        known = [command for command in public_commands() if command.where in here]
        return [command for command in known if command.role is None or command.role <= self._playground.role(phone)]

    def question(self, phone: Phone, chat: str) -> Screen:
        """What we asked the person last in a chat and they have not answered; empty where there is nothing."""
        if not self._playground.memory.waits_for_words(chat, phone.person):
            return {}
        return self._playground.memory.messages(chat)[-1].screen

    def unread(self, phone: Phone, chat: str) -> int:
        is_shown = self._playground.shown_chat(phone) == chat
        return 0 if is_shown else self._playground.memory.unread(phone.person, chat)

    def _render(self, template: str, **context: object) -> Markup:
        playground = self._playground
        return Markup(  # noqa: S704  a template's own output, escaped there
            _TEMPLATES.get_template(template).render(
                pages=self, playground=playground, labels=labels, group=GROUP, group_title=GROUP_TITLE, **context
            )
        )


def _frame_words(language: str) -> Words:
    return words_for(language, language == "ar", ZONE.key)


def _seen(message: Message, phone: Phone, above: Message | None) -> Seen:
    words = phone.words
    is_same_day = above is not None and above.at.astimezone(ZONE).date() == message.at.astimezone(ZONE).date()
    day = "" if is_same_day else words.day(message.at)
    is_others = message.author not in {phone.person, BOT}
    return Seen(message, phone, day, PHONES[message.author].name if is_others else "", words.time(message.at))
