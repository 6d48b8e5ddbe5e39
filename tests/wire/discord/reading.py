"""What the bot reads of itself, of guilds, channels and members, and the few things that it changes there."""

from typing import Any, Final

from tests.wire.discord import permissions
from tests.wire.discord.commands import Commands
from tests.wire.discord.gateway import Gateway
from tests.wire.discord.permissions import Permission
from tests.wire.discord.posting import Posting
from tests.wire.discord.refusal import Refusal, missing_access, missing_permissions, unknown
from tests.wire.discord.rest import Handler, Request, Table
from tests.wire.discord.sessions import Intent
from tests.wire.discord.world import Channel, Guild, Kind, Member, World

_SESSION_STARTS: Final = 1000


class Reading:
    """Addresses that are neither messages nor interactions."""

    def __init__(self, world: World, gateway: Gateway, posting: Posting, commands: Commands) -> None:
        self._world = world
        self._gateway = gateway
        self._posting = posting
        self._commands = commands

    def register(self, table: Table) -> None:
        """Add the addresses to the table."""
        handlers: dict[str, Handler] = {
            "GET /gateway": lambda _: {"url": self._gateway.url},
            "GET /gateway/bot": self._gateway_bot,
            "GET /users/@me": lambda _: self._world.bot.to_json() | {"verified": True, "mfa_enabled": False, "flags": 0},
            "GET /oauth2/applications/@me": self._application,
            "GET /applications/@me": self._application,
            "GET /users/@me/guilds": lambda _: [_brief(guild) for guild in self._world.guilds.values() if guild.has_bot],
            "DELETE /users/@me/guilds/{guild_id}": self._leave,
            "GET /users/{user_id}": self._user,
            "GET /guilds/{guild_id}": lambda r: self._guild(r).to_json() | {"approximate_member_count": 1},
            "GET /guilds/{guild_id}/channels": self._channels,
            "GET /guilds/{guild_id}/roles": lambda r: self._guild(r).to_json()["roles"],
            "GET /guilds/{guild_id}/members": self._members,
            "GET /guilds/{guild_id}/members/search": self._search,
            "GET /guilds/{guild_id}/members/{user_id}": lambda r: self._member(r).to_json(),
            "GET /guilds/{guild_id}/threads/active": self._threads,
            "GET /channels/{channel_id}": lambda r: self._posting.channel(r.params["channel_id"]).to_json(),
            "PATCH /channels/{channel_id}": self._change_channel,
            "POST /channels/{channel_id}/threads": self._open_thread,
            "POST /channels/{channel_id}/messages/{message_id}/threads": self._open_thread,
            "PUT /channels/{channel_id}/thread-members/@me": self._join_thread,
        }
        for where in ("/applications/{application_id}", "/applications/{application_id}/guilds/{guild_id}"):
            handlers |= self._about_commands(where)
        for route, handler in handlers.items():
            table.add(route, handler)

    def _about_commands(self, where: str) -> dict[str, Handler]:
        return {
            f"GET {where}/commands": lambda r: self._commands.known(self._scope(r)),
            f"PUT {where}/commands": lambda r: self._commands.overwrite(self._scope(r), r.body or []),
            f"POST {where}/commands": lambda r: (201, self._commands.upsert(self._scope(r), r.body)),
            f"GET {where}/commands/{{command_id}}": lambda r: self._commands.get(self._scope(r), r.params["command_id"]),
            f"PATCH {where}/commands/{{command_id}}": self._change_command,
            f"DELETE {where}/commands/{{command_id}}": self._delete_command,
        }

    # The bot

    def _gateway_bot(self, _: Request) -> dict[str, Any]:
        left = _SESSION_STARTS - self._gateway.identified
        limit = {"total": _SESSION_STARTS, "remaining": left, "reset_after": 14_400_000, "max_concurrency": 1}
        return {"url": self._gateway.url, "shards": self._gateway.recommended_shards, "session_start_limit": limit}

    def _application(self, _: Request) -> dict[str, Any]:
        bot = self._world.bot
        return {
            "id": str(bot.id),
            "name": bot.name,
            "description": "",
            "icon": None,
            "bot_public": True,
            "bot_require_code_grant": False,
            "owner": {"id": "1", "username": "owner", "discriminator": "0", "global_name": None, "avatar": None},
            "team": None,
            "verify_key": "0" * 64,
            "flags": 0,
            "approximate_guild_count": len(self._world.guilds),
        }

    def _user(self, r: Request) -> dict[str, Any]:
        user = self._world.users.get(_number(r.params["user_id"]))
        if user is None:
            raise unknown("user")
        return user.to_json()

    # Guilds

    def _guild(self, r: Request) -> Guild:
        guild = self._world.guilds.get(_number(r.params["guild_id"]))
        if guild is None:
            raise unknown("guild")
        if not guild.has_bot:
            raise missing_access()
        return guild

    def _leave(self, r: Request) -> None:
        guild = self._guild(r)
        del guild.members[self._world.bot.id]
        self._gateway.dispatch("GUILD_DELETE", {"id": str(guild.id)}, shard_key=guild.id, needs=Intent.GUILDS)

    def _visible(self, guild: Guild) -> list[Channel]:
        return [channel for channel in guild.channels.values() if permissions.in_channel(channel, self._world.bot.id)]

    def _channels(self, r: Request) -> list[dict[str, Any]]:
        return [channel.to_json() for channel in self._visible(self._guild(r)) if not channel.is_thread]

    def _threads(self, r: Request) -> dict[str, Any]:
        threads = [one.to_json() for one in self._visible(self._guild(r)) if one.is_thread and not one.archived]
        return {"threads": threads, "members": []}

    def _member(self, r: Request) -> Member:
        member = self._guild(r).members.get(_number(r.params["user_id"]))
        if member is None:
            raise unknown("member")
        return member

    def _members(self, r: Request) -> list[dict[str, Any]]:
        guild = self._guild(r)
        if not self._gateway.granted & Intent.GUILD_MEMBERS:
            raise missing_access()
        after, limit = int(r.query.get("after", 0)), int(r.query.get("limit", 1))
        return [member.to_json() for user, member in sorted(guild.members.items()) if user > after][:limit]

    def _search(self, r: Request) -> list[dict[str, Any]]:
        prefix, limit = r.query.get("query", "").lower(), int(r.query.get("limit", 1))
        found = [one for one in self._guild(r).members.values() if one.user.username.startswith(prefix)]
        return [member.to_json() for member in found[:limit]]

    # Channels

    def _change_channel(self, r: Request) -> dict[str, Any]:
        channel, body = self._posting.channel(r.params["channel_id"]), r.body or {}
        wanted = Permission.MANAGE_THREADS if channel.is_thread else Permission.MANAGE_CHANNELS
        if not permissions.in_channel(channel, self._world.bot.id) & wanted:
            raise missing_permissions()
        channel.name = body.get("name", channel.name)
        channel.archived = body.get("archived", channel.archived)
        channel.locked = body.get("locked", channel.locked)
        self._tell_channel("THREAD_UPDATE" if channel.is_thread else "CHANNEL_UPDATE", channel)
        return channel.to_json()

    def _open_thread(self, r: Request) -> Any:
        parent = self._posting.channel(r.params["channel_id"])
        if parent.guild is None or parent.is_thread:
            raise Refusal(400, 50024, "Cannot execute action on this channel type")
        if not permissions.in_channel(parent, self._world.bot.id) & Permission.CREATE_PUBLIC_THREADS:
            raise missing_permissions()
        message = r.params.get("message_id")
        if message is not None and int(message) in self._world.channels:
            raise Refusal(400, 160004, "A thread has already been created for this message")
        if message is not None and int(message) not in parent.messages:
            raise unknown("message")
        kind = Kind((r.body or {}).get("type", Kind.PUBLIC_THREAD)) if message is None else Kind.PUBLIC_THREAD
        thread_id = int(message) if message else self._world.new_id()
        thread = Channel(thread_id, kind, self._world, r.body["name"], parent.guild, parent)
        parent.guild.channels[thread.id] = self._world.channels[thread.id] = thread
        self._tell_channel("THREAD_CREATE", thread)
        return 201, thread.to_json()

    def _join_thread(self, r: Request) -> None:
        self._posting.channel(r.params["channel_id"])

    def _tell_channel(self, event: str, channel: Channel) -> None:
        assert channel.guild is not None
        self._gateway.dispatch(event, channel.to_json(), shard_key=channel.guild.id, needs=Intent.GUILDS)

    # Commands

    def _scope(self, r: Request) -> int:
        """0 for commands that are everywhere, else the guild's id."""
        if r.params["application_id"] != str(self._world.bot.id):
            raise Refusal(403, 20012, "You are not authorized to perform this action on this application")
        return self._guild(r).id if "guild_id" in r.params else 0

    def _change_command(self, r: Request) -> dict[str, Any]:
        return self._commands.change(self._scope(r), r.params["command_id"], r.body or {})

    def _delete_command(self, r: Request) -> None:
        self._commands.delete(self._scope(r), r.params["command_id"])


def _brief(guild: Guild) -> dict[str, Any]:
    told = guild.to_json()
    return {key: told[key] for key in ("id", "name", "icon", "features", "banner")} | {"owner": False, "permissions": "0"}


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0
