"""Messages over REST: sent, edited, read and deleted by the bot."""

from typing import Any

from tests.wire.discord import content, permissions
from tests.wire.discord.gateway import Gateway
from tests.wire.discord.messages import File, Message
from tests.wire.discord.permissions import Permission
from tests.wire.discord.refusal import (
    Refusal,
    cannot_write_to_person,
    missing_access,
    missing_permissions,
    no_mutual_guilds,
    unknown,
)
from tests.wire.discord.rest import Request
from tests.wire.discord.sessions import Intent
from tests.wire.discord.world import Channel, Kind, User, World

NONCE_SECONDS = 180.0
"""Discord compares nonces over "the past few minutes"."""


class Posting:
    """What the bot does with messages, and what the gateway tells of it."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        self._world = world
        self._gateway = gateway
        self.checked = True
        self._nonces: dict[str, tuple[float, Message]] = {}

    # The addresses

    def create(self, r: Request) -> dict[str, Any]:
        body = r.body or {}
        channel = self.channel(r.params["channel_id"])
        self._check_writable(channel, body, r)
        if (known := self._repeated(body)) is not None:
            return known.to_json()
        message = Message(self._world.new_id(), channel, self._world.bot, nonce=_nonce(body))
        message.flags = (body.get("flags") or 0) & (1 << 2 | 1 << 12)
        if reference := body.get("message_reference"):
            message.reply_to = channel.messages.get(int(reference["message_id"]))
            message.kind = 19
        content.write(message, body, self.files(r, channel), checked=self.checked)
        content.ping(message, body.get("allowed_mentions"), permissions.in_channel(channel, self._world.bot.id))
        if body.get("enforce_nonce") and message.nonce:
            self._nonces[message.nonce] = (self._world.now(), message)
        return self.add(message).to_json()

    def edit(self, r: Request) -> dict[str, Any]:
        message = self._message(r)
        if not message.is_ours:
            raise Refusal(403, 50005, "Cannot edit a message authored by another user")
        if message.channel.is_thread and message.channel.archived:
            raise Refusal(400, 50083, "Thread is archived")
        return self.change(message, r.body or {}, self.files(r, message.channel)).to_json()

    def get(self, r: Request) -> dict[str, Any]:
        message = self._message(r)
        self._may(message.channel, Permission.READ_MESSAGE_HISTORY)
        return message.to_json()

    def read(self, r: Request) -> list[dict[str, Any]]:
        channel = self.channel(r.params["channel_id"])
        self._may(channel, Permission.READ_MESSAGE_HISTORY)
        before, after = int(r.query.get("before", 1 << 63)), int(r.query.get("after", 0))
        shown = [
            message
            for message in channel.messages.values()
            if not message.is_deleted and not message.is_ephemeral and after < message.id < before
        ]
        newest_first = sorted(shown, key=lambda message: -message.id)
        return [message.to_json() for message in newest_first[: min(int(r.query.get("limit", 50)), 100)]]

    def delete(self, r: Request) -> None:
        message = self._message(r)
        if not message.is_ours:
            if message.channel.guild is None:
                raise Refusal(403, 50003, "Cannot execute action on a DM channel")
            self._may(message.channel, Permission.MANAGE_MESSAGES)
        self.remove(message)

    def typing(self, r: Request) -> None:
        self._check_writable(self.channel(r.params["channel_id"]), {}, r)

    def open_dm(self, r: Request) -> dict[str, Any]:
        user = self._world.users.get(int((r.body or {}).get("recipient_id") or 0))
        if user is None:
            raise Refusal(400, 50033, "Invalid Recipient(s)")
        if user.is_bot:
            raise cannot_write_to_person()
        return self._world.dm(user).to_json()

    # What they share with interactions

    def add(self, message: Message) -> Message:
        """Put a message into its channel and tell of it; ephemeral ones are not told."""
        channel = message.channel
        channel.messages[message.id] = message
        if channel.is_thread:
            channel.archived = False
        self.tell("MESSAGE_CREATE", message)
        return message

    def change(self, message: Message, body: dict[str, Any], files: list[File]) -> Message:
        content.write(message, body, files, checked=self.checked)
        message.edits += 1
        message.edited_at = self._world.now()
        self.tell("MESSAGE_UPDATE", message)
        return message

    def remove(self, message: Message) -> None:
        message.is_deleted = True
        if not message.is_ephemeral:
            told = {"id": str(message.id), "channel_id": str(message.channel.id)}
            self._dispatch("MESSAGE_DELETE", message.channel, told | _guild(message.channel))

    def files(self, r: Request, channel: Channel, *, ephemeral: bool = False) -> list[File]:
        """The files that came with a request, on the CDN."""
        described = {str(entry["id"]): entry for entry in (r.body or {}).get("attachments") or []}
        made = []
        for key, (name, data) in r.files.items():
            entry = described.get(key, {})
            file = self._world.add_file(channel.id, entry.get("filename") or name, data, ephemeral=ephemeral)
            file.description = entry.get("description")
            made.append(file)
        return made

    def tell(self, event: str, message: Message) -> None:
        """Tell the gateway's clients of a message, each as its intents allow."""
        if message.is_ephemeral:
            return
        told = message.to_json() | _guild(message.channel)
        guild = message.channel.guild
        if guild is not None and message.author.id in guild.members:
            told["member"] = guild.members[message.author.id].to_json(with_user=False)
        shown_anyway = guild is None or message.is_ours or self._world.bot.id in message.mentioned
        hidden: dict[str, Any] = {"content": "", "embeds": [], "attachments": [], "components": []}
        self._dispatch(event, message.channel, told, None if shown_anyway else told | hidden)

    def _dispatch(self, event: str, channel: Channel, told: dict[str, Any], bare: dict[str, Any] | None = None) -> None:
        if not permissions.in_channel(channel, self._world.bot.id):
            return
        needs = Intent.GUILD_MESSAGES if channel.guild else Intent.DIRECT_MESSAGES
        self._gateway.dispatch(event, told, shard_key=channel.guild.id if channel.guild else 0, needs=needs, bare=bare)

    # Who may

    def channel(self, channel_id: str) -> Channel:
        """A channel that the bot can see. Raises `Refusal`."""
        channel = self._world.channels.get(int(channel_id)) if channel_id.isdigit() else None
        if channel is None:
            raise unknown("channel")
        if channel.guild is not None and not permissions.in_channel(channel, self._world.bot.id):
            raise missing_access()
        return channel

    def _message(self, r: Request) -> Message:
        channel = self.channel(r.params["channel_id"])
        message = channel.messages.get(int(r.params["message_id"])) if r.params["message_id"].isdigit() else None
        if message is None or message.is_deleted or message.is_ephemeral:
            raise unknown("message")
        return message

    def _may(self, channel: Channel, permission: Permission) -> None:
        if not permissions.in_channel(channel, self._world.bot.id) & permission:
            raise missing_permissions()

    def _check_writable(self, channel: Channel, body: dict[str, Any], r: Request) -> None:
        if channel.recipient is not None:
            self._check_person(channel.recipient)
            return
        if channel.kind is Kind.CATEGORY:
            raise Refusal(400, 50008, "Cannot send messages in a non-text channel")
        if channel.locked:
            raise Refusal(400, 50083, "Thread is archived")
        self._may(channel, Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES)
        if body.get("embeds"):
            self._may(channel, Permission.EMBED_LINKS)
        if r.files:
            self._may(channel, Permission.ATTACH_FILES)
        if body.get("message_reference"):
            self._may(channel, Permission.READ_MESSAGE_HISTORY)

    def _check_person(self, person: User) -> None:
        if not person.takes_dms:
            raise cannot_write_to_person()
        if not self._world.shares_guild(person):
            raise no_mutual_guilds()

    def _repeated(self, body: dict[str, Any]) -> Message | None:
        nonce = _nonce(body)
        if not body.get("enforce_nonce") or nonce not in self._nonces:
            return None
        at, message = self._nonces[nonce]
        return message if self._world.now() - at < NONCE_SECONDS else None


def _nonce(body: dict[str, Any]) -> str | None:
    nonce = body.get("nonce")
    return None if nonce in {None, ""} else str(nonce)


def _guild(channel: Channel) -> dict[str, Any]:
    return {"guild_id": str(channel.guild.id)} if channel.guild else {}
