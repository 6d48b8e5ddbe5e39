"""The body of a message: what Discord takes, what becomes of it, and whom it pings."""

import re
from collections.abc import Iterator
from typing import Any, Final

from tests.wire.discord import components
from tests.wire.discord.messages import COMPONENTS_V2, EPHEMERAL, File, Message, Pings, walk
from tests.wire.discord.permissions import Permission
from tests.wire.discord.refusal import Flaw, empty_message, refuse_flaws, too_large, too_long, too_many
from tests.wire.discord.world import Channel, World

CONTENT: Final = 2000
EMBEDS: Final = 10
EMBED_CHARACTERS: Final = 6000
FILE_BYTES: Final = 10 * 1024 * 1024
_EVERYONE = re.compile(r"@(everyone|here)\b")
_USER = re.compile(r"<@!?(\d{1,20})>")
_ROLE = re.compile(r"<@&(\d{1,20})>")
_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)

Body = dict[str, Any]


def check(body: Body, *, v2: bool) -> None:
    """Refuse a message's body for what the documentation forbids."""
    refuse_flaws(_flaws(body, v2=v2))


def _flaws(body: Body, *, v2: bool) -> Iterator[Flaw]:
    yield from too_long(("content",), body.get("content"), CONTENT)
    if v2 and any(body.get(name) for name in ("content", "embeds", "poll", "sticker_ids")):
        message = "The 'content' and 'embeds' fields cannot be used with components V2"
        yield Flaw((), "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", message)
    embeds = body.get("embeds") or []
    yield from too_many(("embeds",), embeds, EMBEDS)
    for index, embed in enumerate(embeds):
        yield from (flaw.under("embeds", index) for flaw in _embed_flaws(embed))
    if sum(map(_embed_size, embeds)) > EMBED_CHARACTERS:
        yield Flaw(("embeds",), "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {EMBED_CHARACTERS}")
    yield from components.message_flaws(body.get("components") or [], v2=v2)
    yield from (flaw.under("allowed_mentions") for flaw in _mention_flaws(body.get("allowed_mentions") or {}))
    yield from too_long(("nonce",), str(body.get("nonce") or ""), 25)


def _embed_flaws(embed: Body) -> Iterator[Flaw]:
    yield from too_long(("title",), embed.get("title"), 256)
    yield from too_long(("description",), embed.get("description"), 4096)
    yield from too_long(("footer", "text"), (embed.get("footer") or {}).get("text"), 2048)
    yield from too_long(("author", "name"), (embed.get("author") or {}).get("name"), 256)
    yield from too_many(("fields",), embed.get("fields"), 25)
    for index, entry in enumerate(embed.get("fields") or []):
        for name, most in (("name", 256), ("value", 1024)):
            if not (entry.get(name) or "").strip():
                yield Flaw(("fields", index, name), "BASE_TYPE_REQUIRED", "This field is required")
            yield from too_long(("fields", index, name), entry.get(name), most)


def _embed_size(embed: Body) -> int:
    words = [embed.get("title"), embed.get("description")]
    words += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
    for entry in embed.get("fields") or []:
        words += [entry.get("name"), entry.get("value")]
    return sum(len(word) for word in words if word)


def _mention_flaws(allowed: Body) -> Iterator[Flaw]:
    for name in ("users", "roles"):
        yield from too_many((name,), allowed.get(name), 100)
        if allowed.get(name) and name in (allowed.get("parse") or []):
            message = f'parse:["{name}"] and {name}: [ids...] are mutually exclusive.'
            yield Flaw(("parse",), "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message)


# What becomes of a body


def write(message: Message, body: Body, files: list[File], *, checked: bool = True) -> None:
    """Put a body into a new or an old message. Raises `Refusal`, with the message as it was."""
    v2 = (bool(body.get("flags") or 0) and bool(body["flags"] & COMPONENTS_V2)) or bool(message.flags & COMPONENTS_V2)
    if checked:
        check(body, v2=v2)
        _check_files(message, body, files)
    content = (body.get("content") or "").strip() if "content" in body else message.content
    embeds = (body.get("embeds") or []) if "embeds" in body else message.embeds
    parts = components.number(body.get("components") or []) if "components" in body else message.components
    kept = _kept_files(message, body) + files
    if not (content or embeds or kept or (v2 and parts) or body.get("poll") or body.get("sticker_ids")):
        raise empty_message()
    message.content, message.embeds, message.components, message.files = content, embeds, parts, kept
    if v2:
        message.flags |= COMPONENTS_V2


def _check_files(message: Message, body: Body, files: list[File]) -> None:
    if any(len(file.data) > FILE_BYTES for file in files):
        raise too_large()
    names = {file.name for file in files} | {file.name for file in message.files}
    told = [*(body.get("embeds") or []), *walk(body.get("components") or [])]
    for address in re.findall(r"attachment://([^'\"\s]+)", str(told)):
        if address not in names:
            refuse_flaws([Flaw(("embeds",), "ATTACHMENT_NOT_FOUND", f"There is no attachment called {address}.")])


def _kept_files(message: Message, body: Body) -> list[File]:
    """An edit keeps the attachments that it lists, or all where it lists none at all."""
    if body.get("attachments") is None:
        return list(message.files)
    listed = {str(entry["id"]) for entry in body["attachments"]}
    return [file for file in message.files if str(file.id) in listed]


def is_ephemeral(body: Body | None) -> bool:
    return bool(((body or {}).get("flags") or 0) & EPHEMERAL)


# Whom it pings


def ping(message: Message, allowed: Body | None, bot_can: int) -> None:
    """Find out whom a new message mentions and whom it notifies.

    https://discord.com/developers/docs/resources/message#allowed-mentions-object: without the object every mention counts.
    Backslashes hold back no ping here, code does. Others than the asker are not notified by what they cannot see.
    """
    words = _CODE.sub("", "\n".join([message.content, *_texts(message)]))
    world = message.channel.world
    named = {int(user) for user in _USER.findall(words)} & world.users.keys()
    roles = {int(role) for role in _ROLE.findall(words)} & set(_guild_roles(message.channel))
    message.mentioned = frozenset(named)
    parse = {"users", "roles", "everyone"} if allowed is None else set(allowed.get("parse") or [])
    listed = {name: {int(one) for one in (allowed or {}).get(name) or []} for name in ("users", "roles")}
    may_all = bool(bot_can & Permission.MENTION_EVERYONE) and message.channel.guild is not None
    users = named if "users" in parse else named & listed["users"]
    if message.reply_to is not None and message.interaction is None and (allowed is None or allowed.get("replied_user")):
        users = users | {message.reply_to.author.id}
    roles = roles if "roles" in parse else roles & listed["roles"]
    roles = {role for role in roles if may_all or _is_mentionable(message.channel, role)}
    everyone = may_all and "everyone" in parse and bool(_EVERYONE.search(words))
    message.pings = Pings() if message.is_ephemeral else Pings(everyone, frozenset(users), frozenset(roles))


def _texts(message: Message) -> list[str]:
    return [part["content"] for part in message.walk() if part["type"] == 10]


def _guild_roles(channel: Channel) -> dict[int, Any]:
    return dict(channel.guild.roles) if channel.guild else {}


def _is_mentionable(channel: Channel, role: int) -> bool:
    return channel.guild is not None and channel.guild.roles[role].mentionable


def pinged(world: World, message: Message) -> set[int]:
    """The people who are notified."""
    guild = message.channel.guild
    users = set(message.pings.users)
    if guild is not None:
        users &= guild.members.keys()
        for user, member in guild.members.items():
            if message.pings.everyone or member.roles & message.pings.roles:
                users.add(user)
    return users - {world.bot.id, message.author.id}
