"""Chats, messages and files as Telegram's servers hold them."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

BOT_FIRST_NAME = "Himma"


@dataclass(slots=True)
class File:
    """A file on Telegram's servers. `announced_bytes` may differ from what is stored, to stand for files too big to keep."""

    id: str
    data: bytes
    name: str = ""
    mime_type: str = ""
    announced_bytes: int | None = None

    @property
    def size_bytes(self) -> int:
        return len(self.data) if self.announced_bytes is None else self.announced_bytes

    @property
    def path(self) -> str:
        return f"files/{self.id}"


@dataclass(slots=True)
class Message:
    """A message as the people in its chat see it."""

    id: int
    chat: "Chat"
    sender: dict[str, Any]
    text: str = ""
    entities: list[dict[str, Any]] = field(default_factory=list)
    photo: File | None = None
    document: File | None = None
    markup: dict[str, Any] = field(default_factory=dict)
    thread: int | None = None
    reply_to: "Message | None" = None
    date: int = field(default_factory=lambda: int(time.time()))
    extra: dict[str, Any] = field(default_factory=dict)
    """Fields of service messages, and whatever else a test wants the wire to carry."""
    edits: int = 0
    is_deleted: bool = False

    @property
    def is_ours(self) -> bool:
        """Whether the bot sent it."""
        return bool(self.sender.get("is_bot"))

    @property
    def keyboard(self) -> list[list[dict[str, Any]]]:
        rows: list[list[dict[str, Any]]] = self.markup.get("inline_keyboard", [])
        return rows

    @property
    def labels(self) -> list[list[str]]:
        """What the buttons say, row by row."""
        return [[button["text"] for button in row] for row in self.keyboard]

    @property
    def placeholder(self) -> str | None:
        """What the empty input field says, where the message asks for an answer."""
        return self.markup.get("input_field_placeholder", "") if self.markup.get("force_reply") else None

    def button(self, label: str) -> dict[str, Any]:
        """The button with this label, or the one that starts with it."""
        buttons = [button for row in self.keyboard for button in row]
        for button in buttons:
            if button["text"] == label:
                return button
        for button in buttons:
            if label in button["text"]:
                return button
        raise LookupError(f"no button {label!r} under {self.text!r}: {self.labels}")

    def styled(self, kind: str) -> list[str]:
        """The pieces of text in one style, such as `bold`."""
        wide = self.text.encode("utf-16-le")
        return [
            wide[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode("utf-16-le")
            for entity in self.entities
            if entity["type"] == kind
        ]

    def to_json(self, *, deep: bool = True) -> dict[str, Any]:
        """As the Bot API tells it."""
        told: dict[str, Any] = {"message_id": self.id, "from": self.sender, "chat": self.chat.to_json(), "date": self.date}
        has_media = self.photo or self.document
        if self.text:
            told["caption" if has_media else "text"] = self.text
        if self.entities:
            told["caption_entities" if has_media else "entities"] = self.entities
        if self.photo:
            told["photo"] = [_photo_size(self.photo, 90, "s"), _photo_size(self.photo, 1280, "")]
        if self.document:
            told["document"] = _document(self.document)
        if self.keyboard:
            told["reply_markup"] = self.markup
        if self.thread is not None:
            told |= {"message_thread_id": self.thread, "is_topic_message": True}
        if self.reply_to and deep:
            told["reply_to_message"] = self.reply_to.to_json(deep=False)
        if self.edits:
            told["edit_date"] = self.date + 1
        return told | self.extra


def _photo_size(photo: File, width: int, suffix: str) -> dict[str, Any]:
    identity = photo.id + suffix
    return {
        "file_id": identity,
        "file_unique_id": f"u{identity}",
        "width": width,
        "height": width,
        "file_size": photo.size_bytes,
    }


def _document(file: File) -> dict[str, Any]:
    told = {"file_id": file.id, "file_unique_id": f"u{file.id}", "file_size": file.size_bytes}
    return told | {key: value for key, value in (("file_name", file.name), ("mime_type", file.mime_type)) if value}


@dataclass(slots=True)
class Chat:
    """A private chat (whose id is the person's), a group, a supergroup with or without topics, or a channel."""

    id: int
    kind: str
    title: str = ""
    members: dict[int, str] = field(default_factory=dict)
    """What each person and the bot are here: `creator`, `administrator`, `member`, `left` or `kicked`."""
    topics: dict[int, str] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    migrated_to: int | None = None
    person: dict[str, Any] = field(default_factory=dict)

    @property
    def is_group(self) -> bool:
        return self.kind in {"group", "supergroup"}

    def seen(self) -> list[Message]:
        """What stands in the chat, oldest first."""
        return [message for message in self.messages.values() if not message.is_deleted]

    def to_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {"id": self.id, "type": self.kind}
        if self.kind == "private":
            return told | {key: self.person[key] for key in ("first_name", "last_name", "username") if key in self.person}
        told["title"] = self.title
        return told | ({"is_forum": True} if self.topics else {})


@dataclass(slots=True)
class Query:
    """A press that waits for its acknowledgement."""

    id: str
    person: int
    pressed_at: float
    answered_at: float | None = None
    toast: str = ""
    is_alert: bool = False
    url: str = ""


@dataclass(slots=True)
class World:
    """All that the fake remembers."""

    bot: dict[str, Any]
    chats: dict[int, Chat] = field(default_factory=dict)
    people: dict[int, dict[str, Any]] = field(default_factory=dict)
    started: set[int] = field(default_factory=set)
    """People whom the bot may write to: they wrote to it first."""
    blocked: set[int] = field(default_factory=set)
    deactivated: set[int] = field(default_factory=set)
    """People who have deleted their accounts."""
    files: dict[str, File] = field(default_factory=dict)
    queries: dict[str, Query] = field(default_factory=dict)
    commands: dict[tuple[str, str], list[dict[str, str]]] = field(default_factory=dict)
    """By scope (its JSON with sorted keys) and language code."""
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    """`name`, `description` and `short_description` by language code."""
    _last_id: int = 1000

    def new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def add_message(self, message: Message) -> Message:
        message.chat.messages[message.id] = message
        return message

    def add_file(self, data: bytes, name: str = "", mime_type: str = "", announced_bytes: int | None = None) -> File:
        file = File(f"F{self.new_id()}", data, name, mime_type, announced_bytes)
        self.files[file.id] = file
        return file

    def person_messages(self, person: int) -> Iterator[Message]:
        """All that one person can see, chat by chat."""
        for chat in self.chats.values():
            if chat.id == person or chat.members.get(person) not in {None, "left", "kicked"}:
                yield from chat.seen()
