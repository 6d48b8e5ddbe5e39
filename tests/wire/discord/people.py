"""The people of a test: what they do in their Discord app, and what they see there."""

from typing import TYPE_CHECKING, Any

from tests.wire.discord import content, permissions
from tests.wire.discord.commands import localized
from tests.wire.discord.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, SUBMIT
from tests.wire.discord.messages import Message
from tests.wire.discord.permissions import Permission
from tests.wire.discord.picking import Modal, Resolved, choose, command_data, find
from tests.wire.discord.world import Channel, Guild, Interaction, Member, Role, User

if TYPE_CHECKING:
    from tests.wire.discord.server import DiscordWire


class Act:
    """Something that a person did: the app waits three seconds for its acknowledgement, then says that it failed."""

    def __init__(self, wire: "DiscordWire", made: Interaction) -> None:
        self._wire = wire
        self.made = made

    @property
    def id(self) -> int:
        return self.made.id

    @property
    def is_answered(self) -> bool:
        """Whether it was acknowledged, be it by a deferral."""
        return self.made.response != 0

    @property
    def is_complete(self) -> bool:
        """Whether there was something to see: an answer, a changed message, a form, offers."""
        return bool(self.made.completed)

    @property
    def response(self) -> int:
        """The type of the acknowledgement (4 message, 5 deferred, 6 and 7 update, 8 choices, 9 modal); 0 for none."""
        return self.made.response

    @property
    def has_failed(self) -> bool:
        """Whether the app says "The application did not respond"."""
        return not self.is_answered and self._wire.world.now() - self.made.made_at > self._wire.acknowledge_seconds

    @property
    def seconds(self) -> float:
        """From doing it to its acknowledgement."""
        assert self.is_answered, "nobody has answered"
        return self.made.acknowledged - self.made.began

    @property
    def message(self) -> Message:
        """The answer, or the message that the answer changed."""
        assert self.made.original is not None, "there was no message"
        return self.made.original

    @property
    def messages(self) -> list[Message]:
        """The answer and all that followed it."""
        first = [self.made.original] if self.made.original else []
        return [message for message in first + self.made.followups if not message.is_deleted]

    @property
    def text(self) -> str:
        """All words of the answer."""
        return self.message.text

    @property
    def choices(self) -> list[str]:
        """What autocomplete offered."""
        return [localized(choice, self.made.user.locale) for choice in self.made.choices]

    @property
    def values(self) -> list[Any]:
        """What each of the offers stands for."""
        return [choice["value"] for choice in self.made.choices]

    @property
    def modal(self) -> Modal:
        """The form that opened."""
        assert self.made.modal is not None, "no form opened"
        return Modal(self.made.modal)

    async def answered(self, within_seconds: float = 5.0) -> "Act":
        """Wait for the acknowledgement."""
        await self._wire.until(lambda: self.is_answered, within_seconds, "it was not acknowledged")
        return self

    async def completed(self, within_seconds: float = 5.0) -> "Act":
        """Wait until there is something to see."""
        await self._wire.until(lambda: self.is_complete, within_seconds, "nothing came of it")
        return self

    def again(self) -> None:
        """Discord tells it the bot a second time."""
        self._wire.interactions.tell(self.made)


class Person:
    """Somebody with a Discord app."""

    def __init__(self, wire: "DiscordWire", user: User) -> None:
        self._wire = wire
        self.user = user

    @property
    def id(self) -> int:
        return self.user.id

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    @property
    def dm(self) -> Channel:
        """The direct message with the bot."""
        return self._wire.world.dm(self.user)

    # Commands

    def commands(self, channel: Channel | None = None, kind: int = 1) -> list[str]:
        """The commands that the app offers: for the slash (1), on people (2), on messages (3)."""
        offered = self._wire.commands.offered(self.user, channel or self.dm, kind)
        return [localized(command, self.user.locale) for command in offered]

    def runs(self, command: str, channel: Channel | None = None, /, **options: Any) -> Act:
        """`/command` with its options; people, channels and roles as themselves, files as `(name, bytes)`."""
        channel = self._here(channel)
        resolved = Resolved(self._wire.world, channel)
        data = command_data(self._find(command, channel), _plain(options), resolved)
        return self._act(COMMAND, channel, data)

    def types(self, command: str, option: str, typed: str, channel: Channel | None = None, /, **options: Any) -> Act:
        """Type into an option: the app asks the bot what it offers."""
        channel = self._here(channel)
        resolved = Resolved(self._wire.world, channel)
        given = _plain(options) | {option: typed}
        return self._act(AUTOCOMPLETE, channel, command_data(self._find(command, channel), given, resolved, focused=option))

    def uses(self, command: str, target: "Message | Person", channel: Channel | None = None) -> Act:
        """A command from the context menu of a message or of a person."""
        kind = 3 if isinstance(target, Message) else 2
        channel = self._here(target.channel if isinstance(target, Message) else channel)
        path, _ = find_menu(self._wire.commands.offered(self.user, channel, kind), command, self.user.locale)
        data = {"id": path["id"], "name": path["name"], "type": kind, "target_id": str(target.id)}
        if isinstance(target, Message):
            self._check_sees(target)
            return self._act(COMMAND, channel, data | {"resolved": {"messages": {str(target.id): target.to_json()}}})
        resolved = Resolved(self._wire.world, channel)
        resolved.name(target.user)
        return self._act(COMMAND, channel, resolved.beside(data))

    def _find(self, command: str, channel: Channel) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        return find(self._wire.commands.offered(self.user, channel), command, self.user.locale)

    # Components

    def presses(self, message: Message, label: str = "", *, forged: str = "") -> Act:
        """Press a button by its label; `forged` is a custom id that no button carries."""
        self._check_sees(message)
        if forged:
            return self._act(COMPONENT, message.channel, {"custom_id": forged, "component_type": 2, "id": 1}, message)
        button = message.button(label)
        assert not button.get("disabled"), f"{label!r} is switched off"
        assert "custom_id" in button, f"{label!r} is a link: {button.get('url')}"
        data = {"custom_id": button["custom_id"], "component_type": 2, "id": button["id"]}
        return self._act(COMPONENT, message.channel, data, message)

    def chooses(self, message: Message, *chosen: Any, select: str = "") -> Act:
        """Choose in a select, named by its placeholder or custom id: options by label or value, or people and the like."""
        self._check_sees(message)
        found = message.select(select)
        resolved = Resolved(self._wire.world, message.channel)
        values = choose(found, tuple(map(_thing, chosen)), resolved)
        data = {"custom_id": found["custom_id"], "component_type": found["type"], "id": found["id"], "values": values}
        return self._act(COMPONENT, message.channel, resolved.beside(data), message)

    def submits(self, opened: Act, answers: dict[str, Any] | None = None) -> Act:
        """Fill in the form that something opened, by label, and send it; files are `(name, bytes)`."""
        made = opened.made
        resolved = Resolved(self._wire.world, made.channel)
        data = opened.modal.fill(_plain(answers or {}), resolved)
        return self._act(SUBMIT, made.channel, data, made.source, made)

    # Writing and coming and going

    def says(
        self, text: str, channel: Channel | None = None, *files: tuple[str, bytes], reply_to: Message | None = None
    ) -> Message:
        """Write into a channel, or to the bot directly."""
        channel = self._here(channel)
        message = Message(self._wire.world.new_id(), channel, self.user, text, reply_to=reply_to)
        message.files = [self._wire.world.add_file(channel.id, name, data) for name, data in files]
        content.ping(message, None, permissions.in_channel(channel, self.id))
        return self._wire.posting.add(message)

    def closes_dms(self) -> None:
        """Let no bot write directly."""
        self.user.takes_dms = False

    def opens_dms(self) -> None:
        self.user.takes_dms = True

    def joins(self, guild: Guild) -> None:
        guild.members[self.id] = Member(self.user)

    def leaves(self, guild: Guild) -> None:
        del guild.members[self.id]

    # What they see

    def sees(self, channel: Channel | None = None) -> list[Message]:
        """What stands in a channel, or in the direct message, oldest first: with what only they see."""
        return (channel or self.dm).seen_by(self.id)

    def answers(self, channel: Channel | None = None) -> list[Message]:
        """What the bot has said there."""
        return [message for message in self.sees(channel) if message.is_ours]

    def pings(self, channel: Channel | None = None) -> list[Message]:
        """The messages that have notified them by a mention."""
        return [message for message in self.sees(channel) if self.id in content.pinged(self._wire.world, message)]

    def dismisses(self, message: Message) -> None:
        """Put away what only they see."""
        assert message.only_for == self.id, "everybody sees that"
        message.is_deleted = True

    async def gets(self, channel: Channel | None = None, *, within_seconds: float = 5.0, after: int | None = None) -> Message:
        """Wait for the next thing that the bot says there: one more than `after` messages, or than there are now."""
        known = len(self.answers(channel)) if after is None else after
        await self._wire.until(lambda: len(self.answers(channel)) > known, within_seconds, "the bot said nothing")
        return self.answers(channel)[known]

    # Inside

    def _here(self, channel: Channel | None) -> Channel:
        channel = channel or self.dm
        if channel.guild is not None:
            can = permissions.in_channel(channel, self.id)
            assert can & Permission.VIEW_CHANNEL, f"{self.user.name} cannot see #{channel.name}"
        else:
            assert channel.recipient is self.user, f"{self.user.name} cannot see that direct message"
        return channel

    def _check_sees(self, message: Message) -> None:
        assert message in message.channel.seen_by(self.id), f"{self.user.name} does not see that message"

    def _act(
        self,
        kind: int,
        channel: Channel,
        data: dict[str, Any],
        source: Message | None = None,
        cause: Interaction | None = None,
    ) -> Act:
        return Act(self._wire, self._wire.interactions.begin(kind, self.user, channel, data, source, cause))


def find_menu(commands: list[dict[str, Any]], name: str, locale: str) -> tuple[dict[str, Any], str]:
    """A command of a context menu by its name, which may have spaces."""
    for command in commands:
        if name in {command["name"], localized(command, locale)}:
            return command, name
    raise LookupError(f"no {name!r} in the menu: {[localized(command, locale) for command in commands]}")


def _thing(value: Any) -> Any:
    return value.user if isinstance(value, Person) else value


def _plain(given: dict[str, Any]) -> dict[str, Any]:
    return {key: [_thing(one) for one in value] if isinstance(value, list) else _thing(value) for key, value in given.items()}


__all__ = ["Act", "Person", "Role"]
