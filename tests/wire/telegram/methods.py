"""The methods of the Bot API that a bot like ours calls, with the refusals of the real one."""

import json
import mimetypes
import re
import struct
import time
from collections.abc import Callable
from typing import Any, Final

from tests.wire.telegram import markup
from tests.wire.telegram.faults import Limits
from tests.wire.telegram.refusal import Refusal, bad_request, forbidden
from tests.wire.telegram.spec import Upload
from tests.wire.telegram.world import Chat, File, Message, World

PHOTO_LIMIT_BYTES: Final = 10 * 1024 * 1024
DOCUMENT_LIMIT_BYTES: Final = 50 * 1024 * 1024
DOWNLOAD_LIMIT_BYTES: Final = 20 * 1024 * 1024
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PICTURE_STARTS: Final = (b"\xff\xd8\xff", _PNG, b"RIFF", b"GIF8")
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_LANGUAGE = re.compile(r"([a-z]{2})?")
_QUERY_TOO_OLD: Final = "query is too old and response timeout expired or query ID is invalid"
_NOT_MODIFIED: Final = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current content "
    "and reply markup of the message"
)
_TEXT_LIMITS: Final = {"name": 64, "description": 512, "short_description": 120}

Parameters = dict[str, Any]


class Methods:
    """Looks the method up by its name and does it to the world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.limits: Limits | None = None
        self.query_lifetime_seconds = 60.0
        self.table: dict[str, Callable[[Parameters], Any]] = {
            "getMe": lambda _: world.bot | _ABILITIES,
            "sendMessage": self._send_message,
            "sendPhoto": self._send_photo,
            "sendDocument": self._send_document,
            "editMessageText": self._edit_text,
            "editMessageCaption": self._edit_caption,
            "editMessageMedia": self._edit_media,
            "editMessageReplyMarkup": self._edit_markup,
            "deleteMessage": self._delete_message,
            "answerCallbackQuery": self._answer_query,
            "sendChatAction": self._send_chat_action,
            "getChat": lambda p: self._chat(p).to_json() | {"accent_color_id": 0, "max_reaction_count": 11},
            "getChatMember": self._get_member,
            "getChatAdministrators": self._get_administrators,
            "leaveChat": self._leave,
            "getFile": self._get_file,
            "setMyCommands": self._set_commands,
            "getMyCommands": lambda p: self.world.commands.get(_commands_key(p), []),
            "deleteMyCommands": self._delete_commands,
        }
        for kind, method in (("name", "Name"), ("description", "Description"), ("short_description", "ShortDescription")):
            self.table[f"setMy{method}"] = lambda p, kind=kind: self._set_text(kind, p)  # type: ignore[misc]
            self.table[f"getMy{method}"] = lambda p, kind=kind: self._get_text(kind, p)  # type: ignore[misc]

    # Sending

    def _send_message(self, p: Parameters) -> dict[str, Any]:
        text, entities = markup.read_text(p["text"], p.get("parse_mode"), limit=markup.TEXT_LIMIT)
        if not text:
            raise bad_request("message text is empty")
        return self._post(p, text=text, entities=entities)

    def _send_photo(self, p: Parameters) -> dict[str, Any]:
        text, entities = markup.read_text(p.get("caption", ""), p.get("parse_mode"), limit=markup.CAPTION_LIMIT)
        return self._post(p, text=text, entities=entities, photo=self._photo(p["photo"]))

    def _send_document(self, p: Parameters) -> dict[str, Any]:
        text, entities = markup.read_text(p.get("caption", ""), p.get("parse_mode"), limit=markup.CAPTION_LIMIT)
        return self._post(p, text=text, entities=entities, document=self._document(p["document"]))

    def _post(self, p: Parameters, **content: Any) -> dict[str, Any]:
        chat = self._writable(p)
        thread = p.get("message_thread_id")
        if thread is not None and thread not in chat.topics:
            raise bad_request("message thread not found")
        message = Message(self.world.new_id(), chat, self.world.bot, markup=self._markup(p), thread=thread, **content)
        if self.limits:
            self.limits.count(chat.id, is_group=chat.is_group)
        return self.world.add_message(message).to_json()

    def _known(self, file_id: str) -> File:
        if file_id not in self.world.files:
            raise bad_request("wrong file identifier/HTTP URL specified")
        return self.world.files[file_id]

    def _document(self, document: Upload | str) -> File:
        if isinstance(document, str):
            return self._known(document)
        if not document.data:
            raise bad_request("file must be non-empty")
        if len(document.data) > DOCUMENT_LIMIT_BYTES:
            raise Refusal(413, "Request Entity Too Large")
        return self.world.add_file(document.data, document.filename, mimetypes.guess_type(document.filename)[0] or "")

    def _photo(self, photo: Upload | str) -> File:
        if isinstance(photo, str):
            return self._known(photo)
        if not photo.data:
            raise bad_request("file must be non-empty")
        if len(photo.data) > PHOTO_LIMIT_BYTES:
            raise bad_request(
                f"file of size {len(photo.data)} bytes is too big for a photo; the maximum size is 10485760 bytes"
            )
        if not photo.data.startswith(_PICTURE_STARTS):
            raise bad_request("IMAGE_PROCESS_FAILED")
        if not _fits(photo.data):
            raise bad_request("PHOTO_INVALID_DIMENSIONS")
        return self.world.add_file(photo.data, photo.filename)

    def _markup(self, p: Parameters) -> dict[str, Any]:
        given: dict[str, Any] = p.get("reply_markup") or {}
        if "inline_keyboard" in given:
            markup.check_keyboard(given, self.world.bot["username"])
        if len(given.get("input_field_placeholder", "")) > 64 or given.get("input_field_placeholder") == "":
            raise bad_request("input field placeholder must be 1 to 64 characters")
        return given

    # Chats

    def _chat(self, p: Parameters) -> Chat:
        try:
            chat = self.world.chats[int(p["chat_id"])]
        except (ValueError, KeyError):
            raise bad_request("chat not found") from None
        if chat.migrated_to:
            raise bad_request("group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.migrated_to)
        return chat

    def _writable(self, p: Parameters) -> Chat:
        chat = self._chat(p)
        if chat.kind == "private":
            if chat.id in self.world.deactivated:
                raise forbidden("user is deactivated")
            if chat.id in self.world.blocked:
                raise forbidden("bot was blocked by the user")
            if chat.id not in self.world.started:
                raise forbidden("bot can't initiate conversation with a user")
        elif chat.members.get(self.world.bot["id"]) in {None, "left", "kicked"}:
            raise forbidden(f"bot is not a member of the {chat.kind} chat")
        return chat

    def _send_chat_action(self, p: Parameters) -> bool:
        self._writable(p)
        return True

    def _leave(self, p: Parameters) -> bool:
        self._writable(p).members[self.world.bot["id"]] = "left"
        return True

    def _get_member(self, p: Parameters) -> dict[str, Any]:
        chat = self._chat(p)
        if chat.kind != "private" and chat.members.get(self.world.bot["id"]) in {None, "left", "kicked"}:
            raise forbidden(f"bot is not a member of the {chat.kind} chat")
        if p["user_id"] not in self.world.people and p["user_id"] != self.world.bot["id"]:
            raise bad_request("user not found")
        return self.member(chat, p["user_id"])

    def _get_administrators(self, p: Parameters) -> list[dict[str, Any]]:
        chat = self._chat(p)
        return [self.member(chat, person) for person, status in chat.members.items() if status in {"creator", "administrator"}]

    def member(self, chat: Chat, person: int) -> dict[str, Any]:
        """A person's membership as the Bot API tells it."""
        status = chat.members.get(person, "left")
        user = self.world.bot if person == self.world.bot["id"] else self.world.people[person]
        told: dict[str, Any] = {"status": status, "user": user}
        if status == "creator":
            told["is_anonymous"] = False
        elif status == "administrator":
            told |= {"can_be_edited": False, "is_anonymous": False} | dict.fromkeys(_RIGHTS, True)
        elif status == "kicked":
            told["until_date"] = 0
        return told

    # Editing

    def _edited(self, p: Parameters) -> Message:
        if "inline_message_id" in p:
            raise bad_request("MESSAGE_ID_INVALID")
        message = self._writable(p).messages.get(p.get("message_id", 0))
        if message is None or message.is_deleted:
            raise bad_request("message to edit not found")
        if not message.is_ours or message.markup.get("force_reply"):
            raise bad_request("message can't be edited")
        return message

    def _edit_text(self, p: Parameters) -> dict[str, Any]:
        message = self._edited(p)
        if message.photo or message.document:
            raise bad_request("there is no text in the message to edit")
        text, entities = markup.read_text(p["text"], p.get("parse_mode"), limit=markup.TEXT_LIMIT)
        if not text:
            raise bad_request("message text is empty")
        return self._redraw(message, p, text=text, entities=entities)

    def _edit_caption(self, p: Parameters) -> dict[str, Any]:
        message = self._edited(p)
        if not (message.photo or message.document):
            raise bad_request("there is no caption in the message to edit")
        text, entities = markup.read_text(p.get("caption", ""), p.get("parse_mode"), limit=markup.CAPTION_LIMIT)
        return self._redraw(message, p, text=text, entities=entities)

    def _edit_media(self, p: Parameters) -> dict[str, Any]:
        message, media = self._edited(p), p["media"]
        text, entities = markup.read_text(media.get("caption", ""), media.get("parse_mode"), limit=markup.CAPTION_LIMIT)
        reference = media["media"]
        source = p[reference.removeprefix("attach://")] if reference.startswith("attach://") else reference
        return self._redraw(message, p, text=text, entities=entities, photo=self._photo(source))

    def _edit_markup(self, p: Parameters) -> dict[str, Any]:
        return self._redraw(self._edited(p), p)

    def _redraw(self, message: Message, p: Parameters, **content: Any) -> dict[str, Any]:
        content["markup"] = self._markup(p)
        if all(getattr(message, key) == value for key, value in content.items()):
            raise bad_request(_NOT_MODIFIED)
        if self.limits:
            self.limits.count(message.chat.id, is_group=message.chat.is_group)
        for key, value in content.items():
            setattr(message, key, value)
        message.edits += 1
        return message.to_json()

    def _delete_message(self, p: Parameters) -> bool:
        message = self._writable(p).messages.get(p["message_id"])
        if message is None or message.is_deleted:
            raise bad_request("message to delete not found")
        message.is_deleted = True
        return True

    # Presses

    def _answer_query(self, p: Parameters) -> bool:
        query = self.world.queries.get(p["callback_query_id"])
        now = time.monotonic()
        if query is None or query.answered_at is not None or now - query.pressed_at > self.query_lifetime_seconds:
            raise bad_request(_QUERY_TOO_OLD)
        if len(p.get("text", "")) > 200:
            raise bad_request("MESSAGE_TOO_LONG")
        if url := p.get("url", ""):
            markup.check_url(url, self.world.bot["username"])
        query.answered_at, query.toast, query.url = now, p.get("text", ""), url
        query.is_alert = p.get("show_alert", False)
        return True

    # Files

    def _get_file(self, p: Parameters) -> dict[str, Any]:
        file = self.world.files.get(p["file_id"]) or self.world.files.get(p["file_id"].removesuffix("s"))
        if file is None:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        if file.size_bytes > DOWNLOAD_LIMIT_BYTES:
            raise bad_request("file is too big")
        return {"file_id": file.id, "file_unique_id": f"u{file.id}", "file_size": file.size_bytes, "file_path": file.path}

    # Menus and texts

    def _set_commands(self, p: Parameters) -> bool:
        if len(p["commands"]) > 100:
            raise bad_request("BOT_COMMANDS_TOO_MUCH")
        for command in p["commands"]:
            if not _COMMAND.fullmatch(command["command"]):
                raise bad_request("BOT_COMMAND_INVALID")
            if not 1 <= len(command["description"]) <= 256:
                raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
        self._check_scope(p)
        self.world.commands[_commands_key(p)] = p["commands"]
        return True

    def _delete_commands(self, p: Parameters) -> bool:
        self._check_scope(p)
        self.world.commands.pop(_commands_key(p), None)
        return True

    def _check_scope(self, p: Parameters) -> None:
        scope = p.get("scope", {})
        if "chat_id" in scope:
            self._chat(scope)
        if "user_id" in scope and scope["user_id"] not in self.world.people:
            raise bad_request("user not found")

    def _set_text(self, kind: str, p: Parameters) -> bool:
        if len(p.get(kind, "")) > _TEXT_LIMITS[kind]:
            raise bad_request(f"{kind} is too long")
        self.world.texts[kind, _language(p)] = p.get(kind, "")
        return True

    def _get_text(self, kind: str, p: Parameters) -> dict[str, str]:
        own = self.world.texts.get((kind, _language(p)))
        return {kind: own or self.world.texts.get((kind, ""), self.world.bot["first_name"] if kind == "name" else "")}


_ABILITIES: Final = {
    "can_join_groups": True,
    "can_read_all_group_messages": False,
    "supports_inline_queries": False,
    "can_connect_to_business": False,
    "has_main_web_app": False,
}
_RIGHTS: Final = (
    "can_manage_chat", "can_delete_messages", "can_manage_video_chats", "can_restrict_members", "can_promote_members",
    "can_change_info", "can_invite_users", "can_post_stories", "can_edit_stories", "can_delete_stories",
)  # fmt: skip


def _fits(picture: bytes) -> bool:
    """Whether Telegram shows a photo of this size, as far as a PNG's header tells.
    https://core.telegram.org/bots/api#sendphoto"""
    if not picture.startswith(_PNG) or picture[12:16] != b"IHDR":
        return True
    width, height = struct.unpack(">II", picture[16:24])
    return bool(width + height <= 10_000 and max(width, height) <= 20 * min(width, height))


def _language(p: Parameters) -> str:
    code = p.get("language_code", "")
    if not _LANGUAGE.fullmatch(code):
        raise bad_request("language code is invalid")
    return str(code)


def _commands_key(p: Parameters) -> tuple[str, str]:
    return json.dumps(p.get("scope", {"type": "default"}), sort_keys=True), _language(p)


def not_found() -> Refusal:
    return Refusal(404, "Not Found")
