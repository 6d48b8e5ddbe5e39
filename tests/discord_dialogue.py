"""The people of a dialogue with Discord's app in their hands: commands with options, buttons, forms, direct messages."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from bot.core import Core
from bot.database import Database
from bot.discord import Discord, offer_from
from bot.pace import UNLIMITED, Pace
from bot.store import FolderStore
from handlers.registry import COMMANDS, ArgKind
from handlers.types import Event
from handlers.words import parse_number
from tests.dialogue import Clock, Somebody, Talk
from tests.post import Beside, nothing
from tests.wire.discord import Act, Channel, DiscordWire, Message, Person

_PATIENCE_SECONDS = 10.0


@dataclass
class DiscordTalk(Talk):
    """The stage on Discord: a community lives in a guild's first channel."""

    platform: str = "discord"
    taken: set[str] = field(default_factory=set)
    """The keys of the events that the core has taken."""
    awaited: set[str] = field(default_factory=set)

    @property
    def discord(self) -> DiscordWire:
        return cast("DiscordWire", self.wire)

    def person(self, name: str, language: str = "en", *, last_name: str = "") -> "DiscordSomebody":
        """Somebody who never met us. Discord has no Arabic: who reads it says so to us."""
        locale = {"en": "en-US"}.get(language, language)
        return DiscordSomebody(self, cast("Any", self.discord.person(f"{name} {last_name}".strip(), locale)))

    def group(self, name: str, admin: Somebody, *members: Somebody) -> Any:
        """The first channel of a guild that the admin manages."""
        people: list[Person] = [cast("Any", one.app) for one in members]
        return self.discord.guild(name, *people, managers=(cast("Any", admin.app),)).general

    async def arrived(self) -> None:
        """Wait until the core has taken what people did."""
        await self.discord.until(lambda: self.awaited <= self.taken, _PATIENCE_SECONDS, "something was not taken")
        self.awaited.clear()


class DiscordSomebody(Somebody):
    """A person with a Discord app."""

    @property
    def phone(self) -> Person:
        return cast("Person", self.app)

    @property
    def stage(self) -> DiscordTalk:
        return cast("DiscordTalk", self.talk)

    def writes(self, text: str, group: Any = None, **extra: Any) -> object:
        """A command with its options, or words; in a guild's channel words are an answer in the form that a question opens."""
        name, _, rest = text.removeprefix("/").partition(" ")
        if text.startswith("/") and name in COMMANDS and COMMANDS[name].is_public and _can_be_given(name, rest):
            return self._awaited(self.phone.runs(name, group, **_options(name, rest)))
        message = self.phone.says(text, group)
        if group is None:
            self.stage.awaited.add(f"discord:message:{message.id}")
        return message

    def _changed(self, before: dict[int, int], group: Any) -> list[Any]:
        """What changed; of that what they alone see, where there is some: a card that others see too is no answer."""
        changed = super()._changed(before, group)
        return [message for message in changed if cast("Any", message).is_ephemeral] or changed

    def _awaited(self, act: Act) -> Act:
        self.stage.awaited.add(f"discord:{act.id}")
        return act

    async def sends_photo(self, data: bytes, **extra: Any) -> Any:
        def send() -> None:
            message = self.phone.says(extra.get("caption", ""), None, ("photo.jpg", data))
            self.stage.awaited.add(f"discord:message:{message.id}")

        return await self._answered(send, None)

    async def fills_in(self, label: str, answer: Any, group: Channel | None = None) -> Message:
        """Open the form of the latest question that has this button, and send it; the one thing that changes then."""
        shown = cast("Message", self._with_button(label, cast("Any", group)))
        opened = await self.phone.presses(shown, label).completed()
        field_name = opened.modal.labels[0]
        return cast(
            "Message",
            await self._answered(lambda: self._awaited(self.phone.submits(opened, {field_name: answer})), cast("Any", group)),
        )

    async def fills_form(
        self, answers: dict[str, Any], group: Channel | None = None, label: str = "Fill in a form"
    ) -> Message:
        """Open the form of several questions, and send it; the one thing that changes then."""
        shown = cast("Message", self._with_button(label, cast("Any", group)))
        opened = await self._awaited(self.phone.presses(shown, label)).completed()
        sent = await self._answered(lambda: self._awaited(self.phone.submits(opened, answers)), cast("Any", group))
        return cast("Message", sent)

    async def presses_on(self, message: Any, label: str = "", group: Any = None, *, data: str | None = None) -> Any:
        """Press a button under this very message; `data` forges what it would send. What changed may be the message itself,
        or an answer beside it that only they see."""
        before = self._seen(None), self._seen(message.channel)
        act = self._awaited(self.phone.presses(message, label, forged=data or ""))
        await self.talk.settle()
        assert act.is_answered, f"nobody answered the press on {label!r}"
        changed = self._changed(before[0], None) or self._changed(before[1], message.channel)
        self.toast = changed[-1].text if changed else ""
        return changed[-1] if changed else message


def _can_be_given(command: str, typed: str) -> bool:
    """Whether the app has options for what was typed: it points at people, and takes no numbers or names for them."""
    people = {ArgKind.MEMBER, ArgKind.WHO} & {arg.kind for arg in COMMANDS[command].args}
    return not (people and typed)


def _options(command: str, typed: str) -> dict[str, Any]:
    """What was typed behind a command, as its options are filled in."""
    given: dict[str, Any] = {}
    for arg in COMMANDS[command].args:
        piece, _, rest = typed.partition(" ") if arg.kind is not ArgKind.TEXT else (typed, "", "")
        if not piece or not _fits(arg.kind, piece):
            continue
        given[arg.name] = parse_number(piece.lstrip("#")) if arg.kind in _NUMBERS else piece
        typed = rest.strip()
    return given


_NUMBERS = {ArgKind.TASK, ArgKind.NUMBER, ArgKind.MINUTES}


def _fits(kind: ArgKind, piece: str) -> bool:
    """Whether that is what somebody would fill in there."""
    if kind is ArgKind.MINUTES:
        return parse_number(piece) is not None and parse_number(piece) != 0
    return kind is not ArgKind.TAG or piece.startswith("#")


@asynccontextmanager
async def stage(database: Database, pictures: Path, beside: Beside = nothing) -> AsyncIterator[DiscordTalk]:
    """The wire, discord.py and the core behind it."""
    clock, store = Clock(), FolderStore(pictures)
    async with DiscordWire() as wire:
        client = Discord(
            wire.token,
            store,
            api_url=wire.api_url,
            gateway_url=wire.gateway_url,
            offer=offer_from(database, clock.now),
            pace=Pace(UNLIMITED),
            now=clock.now,
            defer_after_seconds=30.0,  # a busy machine is not a slow core
        )
        others = beside(database, store, clock)
        core = Core(database, [client, *others], store, clock)
        talk = DiscordTalk(cast("Any", wire), core, clock)
        running = [asyncio.create_task(client.run(noting(core, talk)))]
        running += [asyncio.create_task(one.run(core.intake.take)) for one in others]
        await wire.connected()
        try:
            yield talk
        finally:
            for one in running:
                one.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*running)
            await core.answers.settle()
            await client.close()
            await database.close()


def noting(core: Core, talk: DiscordTalk) -> Callable[[Event], Awaitable[None]]:
    async def take(event: Event) -> None:
        await core.intake.take(event)
        talk.taken.add(event.key)
        talk.discord._changed()

    return take
