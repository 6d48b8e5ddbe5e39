"""What a test makes of the world: guilds, channels, roles and people, and what happens to them."""

import itertools
from typing import Any

from tests.wire.discord import components, permissions
from tests.wire.discord.gateway import Gateway
from tests.wire.discord.messages import Message
from tests.wire.discord.permissions import Permission
from tests.wire.discord.posting import Posting
from tests.wire.discord.sessions import Intent
from tests.wire.discord.world import Channel, Guild, Kind, Member, Role, User, World


class Stage:
    """Changes the world and tells the bot of it, as far as the bot may know."""

    world: World
    gateway: Gateway
    posting: Posting

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    # Making

    def user(self, name: str, locale: str = "en-US", *, with_id: int = 0) -> User:
        user = User(with_id or self.world.new_id(), f"user{next(self._numbers)}", name, locale)
        self.world.users[user.id] = user
        return user

    def make_guild(
        self, name: str, members: tuple[User, ...], managers: tuple[User, ...], *, locale: str, bot: bool, grants: int
    ) -> Guild:
        """A guild with one channel, a role `Managers` with Manage Server, and the bot with its own role."""
        guild = Guild(self.world.new_id(), name, self.world, locale=locale)
        guild.roles[guild.id] = Role(guild.id, "@everyone", permissions.EVERYONE, position=0)
        owner = managers[0] if managers else self.user(f"Owner of {name}")
        guild.owner_id = owner.id
        self.world.guilds[guild.id] = guild
        role = self.add_role(guild, "Managers", Permission.MANAGE_GUILD)
        for user in {owner, *members, *managers}:
            guild.members[user.id] = Member(user, {role.id} if user in managers else set())
        guild.bot_role = self.add_role(guild, self.world.bot.name, grants, managed=True)
        self.channel(guild, "general")
        if bot:
            self.adds_bot(guild)
        return guild

    def add_role(self, guild: Guild, name: str, grants: int = 0, *, mentionable: bool = False, managed: bool = False) -> Role:
        role = Role(self.world.new_id(), name, int(grants), len(guild.roles), mentionable, managed)
        guild.roles[role.id] = role
        self._tell(guild, "GUILD_ROLE_CREATE", {"guild_id": str(guild.id), "role": role.to_json()})
        return role

    def channel(self, guild: Guild, name: str, kind: Kind = Kind.TEXT) -> Channel:
        channel = Channel(self.world.new_id(), kind, self.world, name, guild)
        guild.channels[channel.id] = self.world.channels[channel.id] = channel
        self._tell(guild, "CHANNEL_CREATE", channel.to_json())
        return channel

    def thread(self, channel: Channel, name: str, *, private: bool = False) -> Channel:
        assert channel.guild is not None
        kind = Kind.PRIVATE_THREAD if private else Kind.PUBLIC_THREAD
        thread = Channel(self.world.new_id(), kind, self.world, name, channel.guild, channel)
        channel.guild.channels[thread.id] = self.world.channels[thread.id] = thread
        self._tell(channel.guild, "THREAD_CREATE", thread.to_json())
        return thread

    def post(self, channel: Channel, text: str = "", **body: Any) -> Message:
        """A message that the bot sent once, before the test."""
        message = Message(self.world.new_id(), channel, self.world.bot, text, embeds=body.get("embeds", []))
        message.components = components.number(body.get("components", []))
        message.flags = body.get("flags", 0)
        channel.messages[message.id] = message
        return message

    # What happens to the bot

    def adds_bot(self, guild: Guild) -> None:
        """Somebody adds the bot; Discord does not say who."""
        assert guild.bot_role is not None
        guild.members[self.world.bot.id] = Member(self.world.bot, {guild.bot_role.id})
        self.gateway.tell_guild(guild, joined=True)

    def removes_bot(self, guild: Guild) -> None:
        del guild.members[self.world.bot.id]
        self.gateway.dispatch("GUILD_DELETE", {"id": str(guild.id)}, shard_key=guild.id, needs=Intent.GUILDS)

    def outage(self, guild: Guild) -> None:
        """The guild is away for a while; it is not that the bot was removed."""
        guild.is_available = False
        self._tell(guild, "GUILD_DELETE", {"id": str(guild.id), "unavailable": True})

    def recovers(self, guild: Guild) -> None:
        guild.is_available = True
        self.gateway.tell_guild(guild, joined=False)

    # What happens to guilds and channels

    def rename(self, guild: Guild, name: str) -> None:
        guild.name = name
        self._tell(guild, "GUILD_UPDATE", guild.to_json())

    def delete_channel(self, channel: Channel) -> None:
        assert channel.guild is not None
        told, event = channel.to_json(), "THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE"
        for gone in [channel, *(one for one in channel.guild.channels.values() if one.parent is channel)]:
            self.world.channels.pop(gone.id, None)
            channel.guild.channels.pop(gone.id, None)
        self._tell(channel.guild, event, told)

    def archive(self, thread: Channel, *, locked: bool = False) -> None:
        thread.archived, thread.locked = True, locked
        assert thread.guild is not None
        self._tell(thread.guild, "THREAD_UPDATE", thread.to_json())

    def delete_message(self, message: Message) -> None:
        """Somebody deletes a message."""
        self.posting.remove(message)

    def forbid(self, channel: Channel, *what: Permission, whom: User | Role | None = None) -> None:
        """Deny permissions in a channel: to somebody, to a role, to the bot where nobody is named."""
        self._overwrite(channel, whom, deny=sum(what))

    def permit(self, channel: Channel, *what: Permission, whom: User | Role | None = None) -> None:
        """Allow permissions in a channel, in the place of what was denied."""
        self._overwrite(channel, whom, allow=sum(what))

    def _overwrite(self, channel: Channel, whom: User | Role | None, *, allow: int = 0, deny: int = 0) -> None:
        assert channel.guild is not None
        target = (whom or self.world.bot).id
        old_allow, old_deny = channel.overwrites.get(target, (0, 0))
        channel.overwrites[target] = ((old_allow & ~deny) | allow, (old_deny & ~allow) | deny)
        self._tell(channel.guild, "CHANNEL_UPDATE", channel.to_json())

    def give_role(self, guild: Guild, user: User, role: Role) -> None:
        guild.members[user.id].roles.add(role.id)
        self._tell_member(guild, user)

    def take_role(self, guild: Guild, user: User, role: Role) -> None:
        guild.members[user.id].roles.discard(role.id)
        self._tell_member(guild, user)

    def change_role(self, guild: Guild, role: Role, grants: int) -> None:
        """Let a role allow other things than before."""
        role.permissions = int(grants)
        self._tell(guild, "GUILD_ROLE_UPDATE", {"guild_id": str(guild.id), "role": role.to_json()})

    def delete_role(self, guild: Guild, role: Role) -> None:
        del guild.roles[role.id]
        for member in guild.members.values():
            member.roles.discard(role.id)
        self._tell(guild, "GUILD_ROLE_DELETE", {"guild_id": str(guild.id), "role_id": str(role.id)})

    def _tell_member(self, guild: Guild, user: User) -> None:
        told = guild.members[user.id].to_json() | {"guild_id": str(guild.id)}
        needs = Intent.NONE if user.is_bot else Intent.GUILD_MEMBERS
        self._tell(guild, "GUILD_MEMBER_UPDATE", told, needs)

    def _tell(self, guild: Guild, event: str, told: dict[str, Any], needs: Intent = Intent.GUILDS) -> None:
        if guild.has_bot:
            self.gateway.dispatch(event, told, shard_key=guild.id, needs=needs)
