"""What arrived from Discord, as an `Event`: pure functions over the gateway's JSON, no wire.

discord.py would build an object of every part of an interaction, the message that carries the button among them; that would
be most of the work, and nobody looks at it. Fields: https://discord.com/developers/docs/interactions/receiving-and-responding,
https://discord.com/developers/docs/resources/message
"""

import re
from datetime import datetime
from typing import Any, Final

from bot.discord.components import ANSWER, FILE_FIELD, FILE_UPLOAD, FORM, ROLE_SELECT, TEXT_FIELD, walk
from bot.discord.handle import Handle, Source
from handlers.registry import COMMANDS, Arg, ArgKind
from handlers.types import Address, ChatKind, Event, EventKind, MediaFault, Place, Sender, Service, Upload, parse_data

Json = dict[str, Any]

PLATFORM: Final = "discord"
COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
"""https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-interaction-type"""
DRAFT: Final = "draft"
"""The command behind the menu of a message: its words become the draft of a task."""

THANK: Final = "thank"
"""The command behind the menu of a person."""

_EVERYONE: Final = "everyone"
"""Everybody's role, which has the guild's id and is none that could be called or given."""
_PERSON_COMMAND, _MESSAGE_COMMAND = 2, 3
_EPHEMERAL: Final = 1 << 6
_ADMINISTRATOR, _MANAGE_GUILD = 1 << 3, 1 << 5
_THREADS: Final = frozenset({10, 11, 12})
_WRITTEN: Final = frozenset({0, 19})
"""Messages that a person wrote: ordinary ones and replies."""
_TYPED_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?=\s|$)\s*(.*)", re.DOTALL)
_PICTURE_SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".heic")


def interaction(data: Json, guild: str, at: datetime) -> Event:
    """A command, a press or a submitted modal. `guild` is the guild's name, empty in a direct message."""
    handle = handle_of(data)
    message = data.get("message") or {}
    user = _user(data)
    address = Address(
        place_of(data, guild), user["id"], message.get("id", ""), handle.pack(), bool(message.get("attachments"))
    )
    common: Json = {"key": f"{PLATFORM}:{data['id']}", "sender": sender(data), "address": address, "at": at}
    body = data["data"]
    if data["type"] == MODAL:
        return Event(kind=EventKind.TEXT, **common, **_answer(body))
    if data["type"] == COMPONENT:
        command, args, version = parse_data(_pressed(body, data.get("guild_id", ""))) or ("", "", 0)
        return Event(kind=EventKind.PRESS, **common, command=command, args=args, version=version)
    if body.get("type") == _MESSAGE_COMMAND:
        return Event(kind=EventKind.PRESS, **common, command=DRAFT, args=_picked_words(body))
    if body.get("type") == _PERSON_COMMAND:
        return Event(kind=EventKind.COMMAND, **common, command=THANK, args=f"account:{body['target_id']}")
    return Event(kind=EventKind.COMMAND, **common, command=body["name"], args=_arguments(body, data.get("guild_id", "")))


def _pressed(body: Json, guild: str) -> str:
    """The data of the button that was pressed, of the option that was chosen, or of the list with the role chosen in it."""
    own: str = body["custom_id"]
    chosen = next(iter(body.get("values") or ()), own)
    if body.get("component_type") != ROLE_SELECT:
        return str(chosen)
    start, _, version = own.rpartition(":")
    return f"{start}{_EVERYONE if chosen == guild else chosen}:{version}"


def handle_of(data: Json) -> Handle:
    """What is needed to answer an interaction."""
    return Handle(_source(data), data["id"], data["application_id"], data["token"])


def message(data: Json, at: datetime) -> Event | None:
    """A direct message; None where it is not a person's words."""
    author = data["author"]
    if data.get("guild_id") or author.get("bot") or data.get("webhook_id") or data.get("type", 0) not in _WRITTEN:
        return None
    text = data.get("content") or ""
    upload, fault = _picture(data.get("attachments", ()))
    typed = _TYPED_COMMAND.match(text)
    if not (text or upload or fault):
        return None
    return Event(
        key=f"{PLATFORM}:message:{data['id']}",
        kind=EventKind.COMMAND if typed else EventKind.TEXT,
        sender=Sender(PLATFORM, author["id"], _name(author), private_chat=author["id"]),
        address=Address(Place(PLATFORM, author["id"], ChatKind.PRIVATE), author["id"]),
        at=at,
        command=typed[1].lower() if typed else "",
        args=typed[2].strip() if typed else "",
        text="" if typed else text,
        upload=upload,
        media_fault=fault,
    )


def service(kind: Service, place: Place, me: Json, key: str, at: datetime) -> Event:
    """What Discord tells of a guild or channel. It does not tell whose doing it was: we stand in."""
    actor = Sender(PLATFORM, me["id"], _name(me))
    return Event(f"{PLATFORM}:{key}", EventKind.SERVICE, actor, Address(place, actor.external_id), at, command=kind)


def sender(data: Json) -> Sender:
    """Who caused an interaction. In a guild it says what they may do there, so nobody has to be asked."""
    user, member = _user(data), data.get("member")
    may = int(member["permissions"]) if member else 0
    return Sender(
        PLATFORM,
        user["id"],
        (member or {}).get("nick") or _name(user),
        data.get("locale", ""),
        is_chat_admin=bool(may & (_ADMINISTRATOR | _MANAGE_GUILD)) if member else None,
        private_chat=user["id"],
        chat_roles=frozenset((member or {}).get("roles") or ()),
    )


def place_of(data: Json, guild: str) -> Place:
    """Where an interaction happened. A private chat is named by its person: its channel can always be asked for."""
    if not data.get("guild_id"):
        return Place(PLATFORM, _user(data)["id"], ChatKind.PRIVATE)
    channel = data.get("channel") or {"id": data["channel_id"]}
    title = guild or (f"#{channel['name']}" if channel.get("name") else "")
    if channel.get("type") in _THREADS and channel.get("parent_id"):
        return Place(PLATFORM, channel["parent_id"], ChatKind.GROUP, title, channel["id"], has_roles=True, whispers=True)
    return Place(PLATFORM, data["channel_id"], ChatKind.GROUP, title, has_roles=True, whispers=True)


def typed_so_far(data: Json) -> str:
    """What somebody has typed into the option that asks for suggestions."""
    return next((str(one.get("value", "")) for one in data["data"].get("options", ()) if one.get("focused")), "")


def _source(data: Json) -> Source:
    shown = data.get("message")
    if not shown:
        return Source.COMMAND
    is_own = not data.get("guild_id") or bool(shown.get("flags", 0) & _EPHEMERAL)
    if data["type"] == MODAL:
        return Source.OWN_MODAL if is_own else Source.PUBLIC_MODAL
    return Source.OWN_PRESS if is_own else Source.PRESS


def _user(data: Json) -> Json:
    user: Json = data["member"]["user"] if data.get("member") else data["user"]
    return user


def _name(user: Json) -> str:
    return user.get("global_name") or user.get("username") or ""


def _arguments(body: Json, guild: str) -> str:
    """The options in the order in which they are declared, as they would be typed."""
    given = {one["name"]: str(one["value"]).strip() for one in body.get("options", ()) if "value" in one}
    given = {name: value.replace(f"<@&{guild}>", f"@{_EVERYONE}") for name, value in given.items()}
    declared = COMMANDS[body["name"]].args if body["name"] in COMMANDS else ()
    roles = {one for one in body.get("resolved", {}).get("roles", {}) if one != guild}
    return " ".join(_typed(arg, given[arg.name], is_role=given[arg.name] in roles) for arg in declared if arg.name in given)


def _typed(arg: Arg, value: str, *, is_role: bool) -> str:
    """An option's value, as it would be typed."""
    if arg.kind in {ArgKind.MEMBER, ArgKind.WHO}:
        return f"role:{value}" if is_role else f"account:{value}"
    if arg.kind is ArgKind.ROLE:
        return f"role:{value}" if is_role else f"role:{_EVERYONE}"
    return f"#{value.lstrip('#')}" if arg.kind is ArgKind.TAG else value


def _picked_words(body: Json) -> str:
    picked = body.get("resolved", {}).get("messages", {}).get(body.get("target_id"), {})
    return picked.get("content") or ""


def _answer(body: Json) -> Json:
    """What was filled into a modal."""
    if (body.get("custom_id") or "").startswith(FORM):
        return _form(body)
    fields = {part["custom_id"]: part for part in walk(body.get("components", ())) if "custom_id" in part}
    files = body.get("resolved", {}).get("attachments", {})
    sent = [files[one] for one in fields.get(FILE_FIELD, {}).get("values", ()) if one in files]
    upload, fault = _picture(sent)
    text = fields.get(TEXT_FIELD, {}).get("value") or ""
    return {"text": text if body.get("custom_id") == ANSWER else "", "upload": upload, "media_fault": fault}


def _form(body: Json) -> Json:
    """What was filled into a modal of several questions."""
    files = body.get("resolved", {}).get("attachments", {})
    sent, answers = [], []
    for part in walk(body.get("components", ())):
        values = part.get("values") or ()
        if part.get("type") == FILE_UPLOAD:
            sent += [files[one] for one in values if one in files]
            answers.append((part["custom_id"], ""))
        elif "custom_id" in part:
            answers.append((part["custom_id"], part.get("value") or next(iter(values), "")))
    upload, fault = _picture(sent)
    key = body["custom_id"].removeprefix(FORM)
    return {"form": key, "answers": tuple(answers), "upload": upload, "media_fault": fault}


def _picture(attachments: Any) -> tuple[Upload | None, MediaFault | None]:
    """The first picture among the files, or what is wrong with what is there instead of one."""
    for file in attachments:
        name = file.get("filename") or ""
        if (file.get("content_type") or "").startswith("image/") or name.casefold().endswith(_PICTURE_SUFFIXES):
            return Upload(file["url"], name, file.get("size")), None
    return None, MediaFault.NOT_A_PICTURE if attachments else None
