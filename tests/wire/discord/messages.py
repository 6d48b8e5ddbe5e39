"""Messages and files as Discord's servers hold them."""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tests.wire.discord.world import Channel, User

EPOCH_MS: Final = 1_420_070_400_000
"""Discord's snowflakes count from the first second of 2015."""
EPHEMERAL: Final = 1 << 6
LOADING: Final = 1 << 7
COMPONENTS_V2: Final = 1 << 15


@dataclass(slots=True, eq=False)
class File:
    """A file on the CDN."""

    id: int
    name: str
    data: bytes
    content_type: str
    url: str = ""
    description: str | None = None
    announced_bytes: int | None = None
    """What the metadata claims, where it is not what is stored."""

    def to_json(self) -> dict[str, Any]:
        size = len(self.data) if self.announced_bytes is None else self.announced_bytes
        told = {
            "id": str(self.id),
            "filename": self.name,
            "size": size,
            "url": self.url,
            "proxy_url": self.url,
            "content_type": self.content_type,
        }
        return told | ({"description": self.description} if self.description else {})


@dataclass(frozen=True, slots=True)
class Pings:
    """Whom a message notifies because it mentions them."""

    everyone: bool = False
    users: frozenset[int] = frozenset()
    roles: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return self.everyone or bool(self.users or self.roles)


@dataclass(slots=True, eq=False)
class Message:
    """A message as people in its channel see it."""

    id: int
    channel: "Channel"
    author: "User"
    content: str = ""
    embeds: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    flags: int = 0
    kind: int = 0
    pings: Pings = Pings()
    mentioned: frozenset[int] = frozenset()
    """The users that the text names, whether or not they are notified."""
    nonce: str | None = None
    only_for: int | None = None
    """The one person who sees an ephemeral message."""
    interaction: dict[str, Any] | None = None
    """`interaction_metadata`, where the message answers one."""
    reply_to: "Message | None" = None
    edits: int = 0
    edited_at: float | None = None
    is_deleted: bool = False

    @property
    def is_ours(self) -> bool:
        """Whether the bot sent it."""
        return self.author.is_bot

    @property
    def is_ephemeral(self) -> bool:
        return self.only_for is not None

    @property
    def is_thinking(self) -> bool:
        """Whether it only says that the bot is thinking."""
        return bool(self.flags & LOADING)

    @property
    def text(self) -> str:
        """All words of the message in order: content, embeds, text components."""
        pieces = [self.content]
        for embed in self.embeds:
            pieces += _embed_words(embed)
        pieces += [str(part["content"]) for part in self.walk() if part["type"] == 10]
        return "\n".join(piece for piece in pieces if piece)

    def walk(self) -> "list[dict[str, Any]]":
        """Every component, outer before inner."""
        return list(walk(self.components))

    @property
    def labels(self) -> list[list[str]]:
        """What the buttons say, row by row."""
        rows = [part for part in self.walk() if part["type"] in {1, 9}]
        return [labels for row in rows if (labels := [_label(part) for part in _children(row) if part["type"] == 2])]

    def button(self, label: str) -> dict[str, Any]:
        """The button with this label, or the first that contains it."""
        buttons = [part for part in self.walk() if part["type"] == 2]
        for fits in (lambda shown: shown == label, lambda shown: label in shown):
            for button in buttons:
                if fits(_label(button)):
                    return button
        raise LookupError(f"no button {label!r} under {self.text!r}: {self.labels}")

    def select(self, name: str = "") -> dict[str, Any]:
        """The select with this placeholder or custom id; the only one, where no name is given."""
        selects = [part for part in self.walk() if part["type"] in {3, 5, 6, 7, 8}]
        fitting = [part for part in selects if not name or name in {part.get("placeholder"), part["custom_id"]}]
        if len(fitting) != 1:
            raise LookupError(f"{len(fitting)} selects are called {name!r}: {[part.get('placeholder') for part in selects]}")
        return fitting[0]

    def to_json(self, *, with_content: bool = True, deep: bool = True) -> dict[str, Any]:
        """As the API tells it."""
        users = self.channel.world.users
        told: dict[str, Any] = {
            "id": str(self.id),
            "channel_id": str(self.channel.id),
            "author": self.author.to_json(),
            "content": self.content if with_content else "",
            "timestamp": moment((self.id >> 22) / 1000 + EPOCH_MS / 1000),
            "edited_timestamp": None if self.edited_at is None else moment(self.edited_at),
            "tts": False,
            "mention_everyone": self.pings.everyone,
            "mentions": [users[user].to_json() for user in sorted(self.mentioned) if user in users],
            "mention_roles": [str(role) for role in sorted(self.pings.roles)],
            "attachments": [file.to_json() for file in self.files] if with_content else [],
            "embeds": self.embeds if with_content else [],
            "components": self.components if with_content else [],
            "pinned": False,
            "type": self.kind,
            "flags": self.flags,
        }
        if self.nonce is not None:
            told["nonce"] = self.nonce
        if self.interaction is not None:
            told["interaction_metadata"] = self.interaction
            told |= {"application_id": str(self.author.id), "webhook_id": str(self.author.id)}
        if self.reply_to is not None and deep:
            told["message_reference"] = {"channel_id": str(self.channel.id), "message_id": str(self.reply_to.id), "type": 0}
            told["referenced_message"] = None if self.reply_to.is_deleted else self.reply_to.to_json(deep=False)
        return told


def walk(components: list[dict[str, Any]]) -> "itertools.chain[dict[str, Any]]":
    """Every component, outer before inner."""
    return itertools.chain.from_iterable([part, *walk(_children(part))] for part in components)


def _children(part: dict[str, Any]) -> list[dict[str, Any]]:
    inner = list(part.get("components", []))
    return inner + [part[name] for name in ("accessory", "component") if name in part]


def _label(button: dict[str, Any]) -> str:
    emoji = (button.get("emoji") or {}).get("name") or ""
    return f"{emoji} {button.get('label') or ''}".strip()


def _embed_words(embed: dict[str, Any]) -> list[str]:
    pieces = [(embed.get("author") or {}).get("name"), embed.get("title"), embed.get("description")]
    for entry in embed.get("fields") or []:
        pieces += [entry["name"], entry["value"]]
    pieces.append((embed.get("footer") or {}).get("text"))
    return [piece for piece in pieces if piece]


def moment(seconds: float) -> str:
    """A time as Discord writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()
