"""What arrived from Telegram, as an `Event`: pure functions, no wire.

`trim` cuts an update down to what `decode` looks at before python-telegram-bot parses it. Inside a press, the message that
carries the button would be most of the work, so it travels as an unknown field, which python-telegram-bot hands through.
Fields: https://core.telegram.org/bots/api#update
"""

import re
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from telegram import CallbackQuery, Chat, ChatMember, ChatMemberUpdated, Document, Message, Update, User

from handlers.registry import COMMANDS, ArgKind
from handlers.types import Address, ChatKind, Event, EventKind, MediaFault, Place, Sender, Service, Upload, parse_data

PLATFORM: Final = "telegram"
ALLOWED_UPDATES: Final = ("message", "callback_query", "my_chat_member")

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]+))?(?=\s|$)\s*(.*)", re.DOTALL)
_PICTURE_SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".heic")
_CHAT_FIELDS: Final = ("id", "type", "title")
_MESSAGE_FIELDS: Final = frozenset({
    "message_id", "date", "from", "sender_chat", "text", "caption", "message_thread_id", "is_topic_message",
    "migrate_to_chat_id", "photo", "document", "animation", "audio", "sticker", "video", "video_note", "voice",
})  # fmt: skip
_PRESSED: Final = "pressed_message"
_CHAT_KINDS: Final = {"private": ChatKind.PRIVATE, "channel": ChatKind.CHANNEL}
_PRESENT: Final = frozenset({ChatMember.OWNER, ChatMember.ADMINISTRATOR, ChatMember.MEMBER})


def trim(raw: dict[str, Any]) -> dict[str, Any]:
    """The update without what nobody looks at. Updates of a kind that we did not ask for come out empty."""
    trimmed: dict[str, Any] = {"update_id": raw["update_id"]}
    if query := raw.get("callback_query"):
        kept = {key: query[key] for key in ("id", "from", "data", "chat_instance") if key in query}
        if message := query.get("message"):
            kept[_PRESSED] = message
        trimmed["callback_query"] = kept
    elif message := raw.get("message"):
        trimmed["message"] = _trim_message(message)
    elif "my_chat_member" in raw:
        trimmed["my_chat_member"] = raw["my_chat_member"]
    return trimmed


def _trim_chat(chat: dict[str, Any]) -> dict[str, Any]:
    return {key: chat[key] for key in _CHAT_FIELDS if key in chat}


def _trim_message(message: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in message.items() if key in _MESSAGE_FIELDS}
    kept["chat"] = _trim_chat(message["chat"])
    if original := message.get("reply_to_message"):
        kept["reply_to_message"] = {key: original[key] for key in ("message_id", "date", "from") if key in original}
        kept["reply_to_message"]["chat"] = kept["chat"]
    return kept


def decode(update: Update, me: User, at: datetime) -> Event | None:
    """The event that an update tells, or None where it is no business of ours (others' chatter, others' commands)."""
    if update.callback_query:
        return _decode_press(update.callback_query, me, at)
    if update.message:
        return _decode_message(update.message, me, at)
    if update.my_chat_member:
        return _decode_membership(update.my_chat_member, update.update_id, me, at)
    return None


def _decode_press(query: CallbackQuery, me: User, at: datetime) -> Event:
    # The query's own id, not the update's: after a quiet week Telegram goes on from a random update id.
    command, args, version = parse_data(query.data or "") or ("", "", 0)
    message = query.api_kwargs.get(_PRESSED, {})
    chat = message.get("chat") or {"id": query.from_user.id, "type": Chat.PRIVATE}
    thread = message.get("message_thread_id") if message.get("is_topic_message") else None
    address = Address(
        place=_place(chat["id"], chat["type"], chat.get("title"), thread),
        person=str(query.from_user.id),
        message=str(message.get("message_id", "")),
        token=query.id,
        has_media="photo" in message or "document" in message,
    )
    return Event(
        key=f"{PLATFORM}:{me.id}:press:{query.id}",
        kind=EventKind.PRESS,
        sender=_sender(query.from_user),
        address=address,
        at=at,
        command=command,
        args=args,
        version=version,
    )


def _decode_message(message: Message, me: User, at: datetime) -> Event | None:
    thread = message.message_thread_id if message.is_topic_message else None
    place = _place(message.chat.id, message.chat.type, message.chat.title, thread)
    key = f"{PLATFORM}:{me.id}:message:{message.chat.id}:{message.message_id}"
    if message.migrate_to_chat_id:
        return _service(Service.CHAT_MOVED, key, place, message.from_user, me, at, args=str(message.migrate_to_chat_id))
    author = message.from_user
    is_hidden = message.sender_chat is not None and message.sender_chat.id == message.chat.id
    if author is None or ((author.is_bot or message.sender_chat) and not is_hidden):
        return None  # channels and bots: nobody whom we could know again
    text = message.text or message.caption or ""
    command = _COMMAND.match(message.text or "")
    if command and command[2] and command[2].casefold() != me.username.casefold():  # type: ignore[union-attr]  # bots have one
        return None
    if not command and (is_hidden or not _is_for_us(message, me)):
        return None
    upload, fault = _picture(message)
    if not (text or upload or fault):
        return None
    return Event(
        key=key,
        kind=EventKind.COMMAND if command else EventKind.TEXT,
        sender=replace(_sender(author), is_hidden=is_hidden),
        address=Address(place, str(author.id)),
        at=at,
        command=command[1].lower() if command else "",
        args=_arguments(command[1].lower(), command[3].strip(), message) if command else "",
        text="" if command else text,
        upload=upload,
        media_fault=fault,
    )


def _arguments(command: str, typed: str, message: Message) -> str:
    """What was typed behind a command; behind one that is about somebody, whoever's message it replies to."""
    answered = message.reply_to_message
    takes = COMMANDS[command].args if command in COMMANDS else ()
    if typed or not takes or takes[0].kind is not ArgKind.MEMBER or answered is None or answered.from_user is None:
        return typed
    # In a topic every message replies to the one that opened it, where it replies to nothing else.
    is_topic = message.is_topic_message and answered.message_id == message.message_thread_id
    return typed if is_topic or answered.from_user.is_bot else f"account:{answered.from_user.id}"


def _is_for_us(message: Message, me: User) -> bool:
    if message.chat.type == Chat.PRIVATE:
        return True
    answered = message.reply_to_message and message.reply_to_message.from_user
    return answered is not None and answered.id == me.id


def _picture(message: Message) -> tuple[Upload | None, MediaFault | None]:
    """The picture in a message, or what is wrong with what stands there instead of one."""
    if message.photo:
        photo = max(message.photo, key=lambda size: size.width * size.height)
        return Upload(photo.file_id, size_bytes=photo.file_size), None
    if message.document and _looks_like_picture(message.document):
        document = message.document
        return Upload(document.file_id, document.file_name or "", document.file_size), None
    return None, MediaFault.NOT_A_PICTURE if message.effective_attachment else None


def _looks_like_picture(document: Document) -> bool:
    name = (document.file_name or "").casefold()
    return (document.mime_type or "").startswith("image/") or name.endswith(_PICTURE_SUFFIXES)


def _decode_membership(change: ChatMemberUpdated, update_id: int, me: User, at: datetime) -> Event | None:
    was, now = _is_present(change.old_chat_member), _is_present(change.new_chat_member)
    if was == now:
        return None
    if change.chat.type == Chat.PRIVATE:
        service = Service.PRIVATE_OPENED if now else Service.PRIVATE_CLOSED
    else:
        service = Service.CHAT_ADDED if now else Service.CHAT_REMOVED
    key = f"{PLATFORM}:{me.id}:member:{change.chat.id}:{int(change.date.timestamp())}:{update_id}"
    place = _place(change.chat.id, change.chat.type, change.chat.title, None)
    return _service(service, key, place, change.from_user, me, at)


def _is_present(member: ChatMember) -> bool:
    return member.status in _PRESENT or (member.status == ChatMember.RESTRICTED and bool(getattr(member, "is_member", False)))


def _service(service: Service, key: str, place: Place, actor: User | None, me: User, at: datetime, *, args: str = "") -> Event:
    # An admin who hides behind the group acts as a bot that all such admins share: nobody to be remembered. We stand in.
    sender = _sender(me if actor is None or actor.is_bot else actor)
    return Event(key, EventKind.SERVICE, sender, Address(place, sender.external_id), at, command=service, args=args)


def _sender(user: User) -> Sender:
    return Sender(PLATFORM, str(user.id), user.full_name, user.language_code or "")


def _place(chat_id: int, kind: str, title: str | None, thread: int | None) -> Place:
    return Place(PLATFORM, str(chat_id), _CHAT_KINDS.get(kind, ChatKind.GROUP), title or "", str(thread or ""))
