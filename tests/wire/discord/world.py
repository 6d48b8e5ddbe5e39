"""People, guilds, channels and interactions as Discord's servers hold them."""

import mimetypes
import time
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from tests.wire.discord import permissions
from tests.wire.discord.messages import EPOCH_MS, File, Message, moment
from tests.wire.discord.permissions import Permission


class Kind(IntEnum):
    """The kinds of channels that this fake knows."""

    TEXT = 0
    DM = 1
    CATEGORY = 4
    ANNOUNCEMENT = 5
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12


@dataclass(slots=True, eq=False)
class User:
    """A person or the bot."""

    id: int
    username: str
    name: str
    locale: str = "en-US"
    is_bot: bool = False
    takes_dms: bool = True

    def to_json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "username": self.username,
            "global_name": self.name,
            "discriminator": "0",
            "avatar": None,
            "bot": self.is_bot,
            "public_flags": 0,
        }


@dataclass(slots=True, eq=False)
class Role:
    """A role in a guild; the one with the guild's id is @everyone."""

    id: int
    name: str
    permissions: int = 0
    position: int = 1
    mentionable: bool = False
    managed: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "name": self.name,
            "permissions": str(int(self.permissions)),
            "position": self.position,
            "mentionable": self.mentionable,
            "managed": self.managed,
            "hoist": False,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "flags": 0,
        }


@dataclass(slots=True, eq=False)
class Member:
    """A user in a guild."""

    user: User
    roles: set[int] = field(default_factory=set)
    nick: str | None = None

    def to_json(self, *, with_user: bool = True) -> dict[str, Any]:
        told: dict[str, Any] = {
            "roles": [str(role) for role in sorted(self.roles)],
            "nick": self.nick,
            "avatar": None,
            "joined_at": "2026-01-01T00:00:00+00:00",
            "deaf": False,
            "mute": False,
            "pending": False,
            "flags": 0,
            "communication_disabled_until": None,
        }
        return told | {"user": self.user.to_json()} if with_user else told


@dataclass(slots=True, eq=False)
class Channel:
    """A channel or thread in a guild, or a direct message."""

    id: int
    kind: Kind
    world: "World"
    name: str = ""
    guild: "Guild | None" = None
    parent: "Channel | None" = None
    recipient: User | None = None
    """Whom a direct message is with."""
    overwrites: dict[int, tuple[int, int]] = field(default_factory=dict)
    """What is allowed and denied here, by role or person."""
    messages: dict[int, Message] = field(default_factory=dict)
    archived: bool = False
    locked: bool = False

    @property
    def is_thread(self) -> bool:
        return self.kind in {Kind.PUBLIC_THREAD, Kind.PRIVATE_THREAD}

    @property
    def mention(self) -> str:
        return f"<#{self.id}>"

    def seen_by(self, person: int) -> list[Message]:
        """What one person sees here, oldest first, with what only they see."""
        if self.guild is not None and not permissions.in_channel(self, person) & Permission.VIEW_CHANNEL:
            return []
        return [message for message in self.messages.values() if not message.is_deleted and message.only_for in {None, person}]

    def to_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {"id": str(self.id), "type": int(self.kind), "flags": 0, "last_message_id": None}
        if self.recipient is not None:
            return told | {"recipients": [self.recipient.to_json()]}
        assert self.guild is not None
        told |= {"guild_id": str(self.guild.id), "name": self.name}
        told["parent_id"] = str(self.parent.id) if self.parent else None
        if self.is_thread:
            metadata: dict[str, Any] = {"archived": self.archived, "locked": self.locked, "auto_archive_duration": 4320}
            metadata["archive_timestamp"] = moment((self.id >> 22) / 1000 + EPOCH_MS / 1000)
            counts = {"message_count": len(self.messages), "member_count": 1, "total_message_sent": len(self.messages)}
            return told | counts | {"owner_id": str(self.world.bot.id), "thread_metadata": metadata, "rate_limit_per_user": 0}
        overwrites = [
            {"id": str(key), "type": int(key not in self.guild.roles), "allow": str(int(allow)), "deny": str(int(deny))}
            for key, (allow, deny) in self.overwrites.items()
        ]
        return told | {
            "position": 0,
            "permission_overwrites": overwrites,
            "nsfw": False,
            "topic": None,
            "rate_limit_per_user": 0,
        }


@dataclass(slots=True, eq=False)
class Guild:
    """A server, as the app calls it."""

    id: int
    name: str
    world: "World"
    owner_id: int = 0
    locale: str = "en-US"
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    bot_role: Role | None = None
    is_available: bool = True

    @property
    def has_bot(self) -> bool:
        return self.world.bot.id in self.members

    @property
    def general(self) -> Channel:
        """The first channel."""
        return next(channel for channel in self.channels.values() if channel.kind is Kind.TEXT)

    def role(self, name: str) -> Role:
        return next(role for role in self.roles.values() if role.name == name)

    def to_json(self) -> dict[str, Any]:
        """As REST tells it."""
        return {
            "id": str(self.id),
            "name": self.name,
            "icon": None,
            "owner_id": str(self.owner_id),
            "preferred_locale": self.locale,
            "features": [],
            "roles": [role.to_json() for role in self.roles.values()],
            "emojis": [],
            "stickers": [],
            "afk_timeout": 300,
            "verification_level": 0,
            "default_message_notifications": 0,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "nsfw_level": 0,
            "premium_tier": 0,
            "system_channel_id": None,
            "system_channel_flags": 0,
            "rules_channel_id": None,
            "vanity_url_code": None,
            "description": None,
            "banner": None,
        }

    def to_event(self, *, with_members: bool) -> dict[str, Any]:
        """As GUILD_CREATE tells it; without the members intent only the bot itself is among the members."""
        bot = self.world.bot.id
        told = [member for user, member in self.members.items() if with_members or user == bot]
        shown = [channel for channel in self.channels.values() if permissions.in_channel(channel, bot)]
        return self.to_json() | {
            "joined_at": "2026-01-01T00:00:00+00:00",
            "large": False,
            "member_count": len(self.members),
            "members": [member.to_json() for member in told],
            "channels": [channel.to_json() for channel in shown if not channel.is_thread],
            "threads": [channel.to_json() for channel in shown if channel.is_thread and not channel.archived],
            "voice_states": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }


@dataclass(slots=True, eq=False)
class Interaction:
    """Something that a person did with the app and that the app must acknowledge."""

    id: int
    token: str
    kind: int
    """2 a command, 3 a component, 4 autocomplete, 5 a submitted modal."""
    user: User
    channel: Channel
    data: dict[str, Any]
    made_at: float
    """On the world's clock."""
    began: float
    """On the performance counter, for measuring."""
    source: Message | None = None
    """The message whose component was used."""
    response: int = 0
    """The type of the acknowledgement; 0 as long as there is none."""
    acknowledged: float = 0.0
    completed: float = 0.0
    """When there was something to see, both on the performance counter."""
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    choices: list[dict[str, Any]] = field(default_factory=list)
    modal: dict[str, Any] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class World:
    """All that the fake remembers."""

    bot: User
    users: dict[int, User] = field(default_factory=dict)
    guilds: dict[int, Guild] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    dms: dict[int, Channel] = field(default_factory=dict)
    """Direct messages with the bot, by person."""
    files: dict[int, File] = field(default_factory=dict)
    interactions: dict[str, Interaction] = field(default_factory=dict)
    """By token."""
    cdn: str = ""
    shifted_seconds: float = 0.0
    _count: int = 0

    def now(self) -> float:
        """The world's time, in seconds of the epoch; tests shift it."""
        return time.time() + self.shifted_seconds

    def new_id(self) -> int:
        """A snowflake, which tells when it was made. They grow."""
        self._count += 1
        return ((int(time.time() * 1000) - EPOCH_MS) << 22) | (self._count & 0x3FFFFF)

    def dm(self, user: User) -> Channel:
        """The direct message with somebody, which is opened where there is none."""
        if user.id not in self.dms:
            channel = Channel(self.new_id(), Kind.DM, self, recipient=user)
            self.dms[user.id] = self.channels[channel.id] = channel
        return self.dms[user.id]

    def add_file(self, channel: int, name: str, data: bytes, *, ephemeral: bool = False, announced: int | None = None) -> File:
        guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
        file = File(self.new_id(), name, data, guessed, announced_bytes=announced)
        folder = "ephemeral-attachments" if ephemeral else "attachments"
        file.url = f"{self.cdn}/{folder}/{channel}/{file.id}/{name}"
        self.files[file.id] = file
        return file

    def shares_guild(self, user: User) -> bool:
        """Whether the bot may see somebody in any guild."""
        return any(user.id in guild.members for guild in self.guilds.values() if guild.has_bot)
