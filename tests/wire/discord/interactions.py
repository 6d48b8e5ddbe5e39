"""Interactions from their beginning to their last follow-up.

https://discord.com/developers/docs/interactions/receiving-and-responding
"""

import asyncio
import secrets
import time
from collections.abc import Iterator
from typing import Any, Final

from tests.wire.discord import components, content, permissions
from tests.wire.discord.gateway import Gateway
from tests.wire.discord.messages import EPHEMERAL, LOADING, Message
from tests.wire.discord.posting import Posting
from tests.wire.discord.refusal import (
    Flaw,
    already_acknowledged,
    invalid_webhook_token,
    refuse_flaws,
    too_long,
    too_many,
    unknown,
)
from tests.wire.discord.rest import Request
from tests.wire.discord.world import Channel, Interaction, User, World

MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
COMMAND, COMPONENT, AUTOCOMPLETE, SUBMIT = 2, 3, 4, 5
_ANSWERS: Final = {
    COMMAND: {MESSAGE, DEFERRED, MODAL},
    COMPONENT: {MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, MODAL},
    AUTOCOMPLETE: {CHOICES},
    SUBMIT: {MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE},
}
_KEPT: Final = 20_000
"""How many interactions are remembered; a long benchmark makes more."""


class Interactions:
    """What people did, and what the bot made of it."""

    def __init__(self, world: World, gateway: Gateway, posting: Posting) -> None:
        self._world = world
        self._gateway = gateway
        self._posting = posting
        self.acknowledge_seconds = 3.0
        self.token_seconds = 15 * 60.0
        self._waiting: dict[str, asyncio.Future[None]] = {}

    # As people cause them

    def begin(
        self,
        kind: int,
        user: User,
        channel: Channel,
        data: dict[str, Any],
        source: Message | None = None,
        cause: Interaction | None = None,
    ) -> Interaction:
        """Something that a person did, told to the bot; `cause` is what opened the modal that is submitted."""
        token = f"aW50ZXJhY3Rpb246{secrets.token_hex(40)}"
        made = Interaction(
            self._world.new_id(), token, kind, user, channel, data, self._world.now(), time.perf_counter(), source
        )
        made.metadata = self._metadata(made, cause)
        self._world.interactions[made.token] = made
        while len(self._world.interactions) > _KEPT:
            del self._world.interactions[next(iter(self._world.interactions))]
        self.tell(made)
        return made

    def tell(self, made: Interaction) -> None:
        """INTERACTION_CREATE; a second time, where a test wants it delivered twice."""
        guild = made.channel.guild
        self._gateway.dispatch("INTERACTION_CREATE", self._payload(made), shard_key=guild.id if guild else 0)

    def _payload(self, made: Interaction) -> dict[str, Any]:
        channel, guild, bot = made.channel, made.channel.guild, self._world.bot
        granted = str(permissions.in_channel(channel, made.user.id))
        told: dict[str, Any] = {
            "id": str(made.id),
            "application_id": str(bot.id),
            "type": made.kind,
            "token": made.token,
            "version": 1,
            "data": made.data,
            "channel_id": str(channel.id),
            "channel": channel.to_json() | {"permissions": granted},
            "app_permissions": str(permissions.in_channel(channel, bot.id)),
            "locale": made.user.locale,
            "entitlements": [],
            "attachment_size_limit": content.FILE_BYTES,
            "context": 0 if guild else 1,
            "authorizing_integration_owners": {"0": str(guild.id) if guild else "0"},
        }
        if made.source is not None:
            told["message"] = made.source.to_json()
        if guild is None:
            return told | {"user": made.user.to_json()}
        told |= {"guild_id": str(guild.id), "guild_locale": guild.locale}
        told["guild"] = {"id": str(guild.id), "locale": guild.locale, "features": []}
        return told | {"member": guild.members[made.user.id].to_json() | {"permissions": granted}}

    @staticmethod
    def _metadata(made: Interaction, cause: Interaction | None) -> dict[str, Any]:
        guild = made.channel.guild
        owners = {"0": str(guild.id) if guild else "0"}
        told: dict[str, Any] = {"id": str(made.id), "type": made.kind, "user": made.user.to_json()}
        told["authorizing_integration_owners"] = owners
        if made.source is not None and made.kind == COMPONENT:
            told["interacted_message_id"] = str(made.source.id)
        if made.kind == SUBMIT and cause is not None:
            told["triggering_interaction_metadata"] = cause.metadata
        return told

    # The acknowledgement

    def callback(self, r: Request) -> Any:
        made = self._world.interactions.get(r.params["interaction_token"])
        if made is None or str(made.id) != r.params["interaction_id"]:
            raise unknown("interaction")
        if made.response:
            raise already_acknowledged()
        if self._world.now() - made.made_at > self.acknowledge_seconds:
            raise unknown("interaction")
        body = r.body or {}
        kind = int(body.get("type", 0))
        allowed = _ANSWERS[made.kind]
        if kind not in allowed or (kind in {DEFERRED_UPDATE, UPDATE} and made.source is None):
            refuse_flaws([Flaw(("type",), "BASE_TYPE_CHOICES", f"Value must be one of {allowed}.")])
        r.body = body.get("data") or {}
        self._respond(made, kind, r)
        made.response, made.acknowledged = kind, time.perf_counter()
        if kind not in {DEFERRED, DEFERRED_UPDATE}:
            self._complete(made)
        wanted = r.query.get("with_response", "").lower() in {"1", "true"}
        return (200, self._told(made)) if wanted else None

    def _respond(self, made: Interaction, kind: int, r: Request) -> None:
        data = r.body
        match kind:
            case 4:
                made.original = self._answer(made, r)
            case 5:
                made.original = self._new(made, ephemeral=content.is_ephemeral(data))
                made.original.flags |= LOADING
                self._posting.add(made.original)
            case 6:
                made.original = made.source
            case 7:
                assert made.source is not None
                if made.source.is_deleted:
                    raise unknown("message")
                made.original = self._posting.change(made.source, data, self._posting.files(r, made.channel))
            case 8:
                refuse_flaws(_choice_flaws(data.get("choices") or []))
                made.choices = data.get("choices") or []
            case 9:
                refuse_flaws(flaw.under("data") for flaw in components.modal_flaws(data))
                made.modal = data

    def _answer(self, made: Interaction, r: Request) -> Message:
        """A new message that answers an interaction."""
        message = self._new(made, ephemeral=content.is_ephemeral(r.body))
        self._fill(message, r)
        return self._posting.add(message)

    def _new(self, made: Interaction, *, ephemeral: bool) -> Message:
        message = Message(self._world.new_id(), made.channel, self._world.bot, interaction=made.metadata)
        message.kind = {COMMAND: 20 if made.data.get("type") == 1 else 23}.get(made.kind, 19 if made.source else 0)
        if ephemeral:
            message.flags, message.only_for = EPHEMERAL, made.user.id
        if made.source is not None:
            message.reply_to = made.source
        return message

    def _fill(self, message: Message, r: Request) -> None:
        files = self._posting.files(r, message.channel, ephemeral=message.is_ephemeral)
        content.write(message, r.body, files, checked=self._posting.checked)
        message.flags &= ~LOADING
        can = permissions.in_channel(message.channel, self._world.bot.id)
        content.ping(message, r.body.get("allowed_mentions"), can)

    def _told(self, made: Interaction) -> dict[str, Any]:
        told: dict[str, Any] = {"id": str(made.id), "type": made.kind}
        resource: dict[str, Any] = {"type": made.response}
        if made.original is not None:
            told |= {
                "response_message_id": str(made.original.id),
                "response_message_loading": made.original.is_thinking,
                "response_message_ephemeral": made.original.is_ephemeral,
            }
            resource["message"] = made.original.to_json()
        return {"interaction": told, "resource": resource}

    # What goes by the token

    def follow_up(self, r: Request) -> dict[str, Any]:
        made = self._by_token(r)
        r.body = r.body or {}
        if made.original is not None and made.original.is_thinking:
            return self._finish(made, r).to_json()
        message = self._answer(made, r)
        made.followups.append(message)
        self._complete(made)
        return message.to_json()

    def get(self, r: Request) -> dict[str, Any]:
        return self._message(self._by_token(r), r).to_json()

    def edit(self, r: Request) -> dict[str, Any]:
        made = self._by_token(r)
        message = self._message(made, r)
        r.body = r.body or {}
        if message.is_thinking:
            return self._finish(made, r).to_json()
        self._posting.change(message, r.body, self._posting.files(r, made.channel, ephemeral=message.is_ephemeral))
        self._complete(made)
        return message.to_json()

    def delete(self, r: Request) -> None:
        self._posting.remove(self._message(self._by_token(r), r))

    def _finish(self, made: Interaction, r: Request) -> Message:
        """Put the answer in the place of "is thinking…"; who sees it was settled by the deferral."""
        message = made.original
        assert message is not None
        if message.is_deleted:
            raise unknown("message")
        self._fill(message, r)
        self._posting.tell("MESSAGE_UPDATE", message)
        self._complete(made)
        return message

    def _by_token(self, r: Request) -> Interaction:
        made = self._world.interactions.get(r.params["webhook_token"])
        if made is None or r.params["webhook_id"] != str(self._world.bot.id):
            raise invalid_webhook_token()
        if self._world.now() - made.made_at > self.token_seconds:
            raise invalid_webhook_token()
        if made.response in {0, CHOICES}:
            raise unknown("webhook")
        if made.channel.id not in self._world.channels:
            raise unknown("channel")
        return made

    @staticmethod
    def _message(made: Interaction, r: Request) -> Message:
        wanted = r.params.get("message_id", "@original")
        mine = [message for message in (made.original, *made.followups, made.source) if message is not None]
        found = made.original if wanted == "@original" else next((one for one in mine if str(one.id) == wanted), None)
        if found is None or found.is_deleted:
            raise unknown("message")
        return found

    # Waiting

    def _complete(self, made: Interaction) -> None:
        made.completed = made.completed or time.perf_counter()
        waiter = self._waiting.get(made.token)
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def completed(self, made: Interaction) -> None:
        """Wait until there is something to see, for however long; many may wait side by side."""
        while not made.completed:
            waiter = self._waiting[made.token] = asyncio.get_running_loop().create_future()
            try:
                await waiter
            finally:
                self._waiting.pop(made.token, None)


def _choice_flaws(choices: list[dict[str, Any]]) -> Iterator[Flaw]:
    yield from too_many(("data", "choices"), choices, 25)
    for index, choice in enumerate(choices):
        yield from too_long(("data", "choices", index, "name"), choice.get("name") or "", 100, 1)
        if isinstance(choice.get("value"), str):
            yield from too_long(("data", "choices", index, "value"), choice["value"], 100)
