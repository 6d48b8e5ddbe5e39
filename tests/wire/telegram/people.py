"""The people of a test: what they do in their Telegram app, and what they see there."""

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.wire.telegram.world import Chat, File, Message, Query

if TYPE_CHECKING:
    from tests.wire.telegram.server import TelegramWire


class Press:
    """A button that somebody pressed: the little wheel turns on it until the bot answers."""

    def __init__(self, wire: "TelegramWire", query: Query) -> None:
        self._wire = wire
        self._query = query

    @property
    def id(self) -> str:
        return self._query.id

    @property
    def person(self) -> int:
        """Who pressed."""
        return self._query.person

    @property
    def is_answered(self) -> bool:
        return self._query.answered_at is not None

    @property
    def toast(self) -> str:
        """The notice that the answer showed; empty where it showed none."""
        return self._query.toast

    @property
    def url(self) -> str:
        """What the answer opened."""
        return self._query.url

    @property
    def seconds(self) -> float:
        """From the press to its answer."""
        assert self._query.answered_at is not None, "nobody has answered"
        return self._query.answered_at - self._query.pressed_at

    async def answered(self, within_seconds: float = 5.0) -> "Press":
        """Wait for the answer."""
        await self._wire.until(lambda: self.is_answered, within_seconds, "the press was not answered")
        return self


class Person:
    """Somebody with a Telegram app."""

    def __init__(self, wire: "TelegramWire", user: dict[str, Any]) -> None:
        self._wire = wire
        self.user = user

    @property
    def id(self) -> int:
        person: int = self.user["id"]
        return person

    @property
    def private(self) -> Chat:
        """The private chat with the bot."""
        return self._wire.world.chats[self.id]

    # What they do

    def says(
        self, text: str, chat: Chat | None = None, *, topic: int | None = None, reply_to: Message | None = None, **extra: Any
    ) -> Message:
        """Write into the chat, or to the bot in private; `/start` is what the Start button sends."""
        return self._post(chat, text=text, thread=topic, reply_to=reply_to, extra=extra)

    def starts(self, payload: str = "") -> Message:
        """Open the private chat, by a link that carries a payload or by hand, and press Start."""
        return self.says(f"/start {payload}".strip())

    def follows(self, url: str) -> Message:
        """Follow a `t.me/<bot>?start=<payload>` link and press Start."""
        return self.starts(parse_qs(urlsplit(url).query).get("start", [""])[0])

    def sends_photo(
        self,
        data: bytes,
        caption: str = "",
        chat: Chat | None = None,
        *,
        reply_to: Message | None = None,
        announced_bytes: int | None = None,
    ) -> Message:
        photo = self._wire.world.add_file(data, announced_bytes=announced_bytes)
        return self._post(chat, text=caption, photo=photo, reply_to=reply_to)

    def sends_document(
        self, data: bytes, name: str, mime_type: str = "", caption: str = "", *, announced_bytes: int | None = None
    ) -> Message:
        document = self._wire.world.add_file(data, name, mime_type, announced_bytes)
        return self._post(None, text=caption, document=document)

    def _post(self, chat: Chat | None, **content: Any) -> Message:
        chat = chat or self.private
        if chat.kind == "private":
            self._wire.world.started.add(self.id)
            if self.id in self._wire.world.blocked:
                self.unblocks()
        message = Message(self._wire.world.new_id(), chat, self.user, **content)
        self._wire.world.add_message(message)
        if self._reaches_bot(message):
            self._wire.updates.add("message", message.to_json())
        return message

    def _reaches_bot(self, message: Message) -> bool:
        """Privacy mode: of a group, a bot sees commands, answers to its own messages and nothing else."""
        chat, bot = message.chat, self._wire.world.bot["id"]
        if chat.kind == "private":
            return True
        status = chat.members.get(bot)
        if status in {None, "left", "kicked"}:
            return False
        answers_bot = message.reply_to is not None and message.reply_to.is_ours
        return not self._wire.privacy or status == "administrator" or message.text.startswith("/") or answers_bot

    def presses(self, message: Message, label: str = "", *, data: str | None = None, **extra: Any) -> Press:
        """Press a button by its label; `data` forges what the button would send."""
        if data is None:
            button = message.button(label)
            if "url" in button:
                self.follows(button["url"])
                return Press(self._wire, Query("", self.id, 0.0, answered_at=0.0, url=button["url"]))
            data = button["callback_data"]
        return Press(self._wire, self._wire.press(self.user, message, data, **extra))

    def blocks(self) -> None:
        self._wire.world.blocked.add(self.id)
        self._wire.tell_membership(self.private, self.user, "member", "kicked")

    def unblocks(self) -> None:
        self._wire.world.blocked.discard(self.id)
        self._wire.tell_membership(self.private, self.user, "kicked", "member")

    def adds_bot(self, chat: Chat, status: str = "member") -> None:
        """Put the bot into a group, or change what it is there."""
        self._wire.change_bot_status(chat, self.user, status)

    def removes_bot(self, chat: Chat) -> None:
        self._wire.change_bot_status(chat, self.user, "kicked")

    # What they see

    def sees(self, chat: Chat | None = None) -> list[Message]:
        """What stands in the chat, or in the private chat with the bot; oldest first."""
        return (chat or self.private).seen()

    def answers(self, chat: Chat | None = None) -> list[Message]:
        """What the bot has said there."""
        return [message for message in self.sees(chat) if message.is_ours]

    @property
    def toasts(self) -> list[str]:
        """The notices that their presses brought, oldest first."""
        return [query.toast for query in self._queries() if query.toast]

    @property
    def opened(self) -> list[str]:
        """The links that their presses opened, oldest first."""
        return [query.url for query in self._queries() if query.url]

    def _queries(self) -> list[Query]:
        answered = [query for query in self._wire.world.queries.values() if query.person == self.id and query.answered_at]
        return sorted(answered, key=lambda query: query.answered_at or 0.0)

    async def gets(self, chat: Chat | None = None, *, within_seconds: float = 5.0, after: int | None = None) -> Message:
        """Wait for the next thing that the bot says there: one more than `after` messages, or than there are now."""
        known = len(self.answers(chat)) if after is None else after
        await self._wire.until(lambda: len(self.answers(chat)) > known, within_seconds, "the bot said nothing")
        return self.answers(chat)[known]


def file_bytes(file: File) -> bytes:
    """The bytes of a file; a file that was only announced to be large is filled up with zeros."""
    return file.data if file.announced_bytes is None else file.data.ljust(file.announced_bytes, b"\0")
