"""Who may do what where. https://discord.com/developers/docs/topics/permissions."""

from enum import IntFlag
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.wire.discord.world import Channel, Guild


class Permission(IntFlag):
    """The permissions that matter to a bot like ours."""

    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    """What the app calls Manage Server."""
    ADD_REACTIONS = 1 << 6
    VIEW_AUDIT_LOG = 1 << 7
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_EVENTS = 1 << 33
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    MODERATE_MEMBERS = 1 << 40


ALL: Final = (1 << 53) - 1
EVERYONE: Final = int(
    Permission.ADD_REACTIONS
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
)
"""What a new guild grants to everyone; @everyone pings are not among it."""
IN_DMS: Final = int(EVERYONE | Permission.USE_EXTERNAL_EMOJIS)


def in_guild(guild: "Guild", person: int) -> int:
    """What somebody may do in a guild, before channels change it; nothing where they are no member."""
    member = guild.members.get(person)
    if member is None:
        return 0
    if guild.owner_id == person:
        return ALL
    granted = int(guild.roles[guild.id].permissions)
    for role in member.roles:
        granted |= guild.roles[role].permissions
    return ALL if granted & Permission.ADMINISTRATOR else granted


def in_channel(channel: "Channel", person: int) -> int:
    """What somebody may do in a channel, a thread or a direct message."""
    if channel.guild is None:
        return IN_DMS
    guild, ruled = channel.guild, channel.parent if channel.is_thread and channel.parent else channel
    granted = in_guild(guild, person)
    if granted in {0, ALL}:
        return granted
    roles = guild.members[person].roles
    for allow, deny in (
        ruled.overwrites.get(guild.id, (0, 0)),
        _together([ruled.overwrites[role] for role in roles if role in ruled.overwrites]),
        ruled.overwrites.get(person, (0, 0)),
    ):
        granted = (granted & ~deny) | allow
    return granted if granted & Permission.VIEW_CHANNEL else 0


def _together(overwrites: list[tuple[int, int]]) -> tuple[int, int]:
    allow = deny = 0
    for one_allow, one_deny in overwrites:
        allow |= one_allow
        deny |= one_deny
    return allow, deny
