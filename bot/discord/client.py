"""discord.py's gateway and REST, led to other addresses where the settings name them.

One `Http` holds the token and the connections; each `Shard` is a gateway connection of its own that shares it, and resumes by
itself. What a shard hears of interactions and messages is handed on as it came (see `bot.discord.decode`).
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import aiohttp
import discord
from discord.gateway import DiscordWebSocket
from discord.http import HTTPClient, Route
from yarl import URL

from bot.discord.callbacks import File, form_fields
from bot.discord.components import Json
from bot.discord.errors import from_library
from bot.platform import DeliveryError, TryLater, Unknown

# At DEBUG discord.py logs every address and every event: people's words, and the tokens of their interactions.
logging.getLogger("discord").setLevel(logging.INFO)


def _without_traceback(record: logging.LogRecord) -> bool:
    """A connection that broke is a line in the log, not a page: discord.py tells by itself when it tries on."""
    record.exc_info = None
    return True


logging.getLogger("discord.client").addFilter(_without_traceback)
# It warns of every library for voice that is not there.
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False

INTENTS: Final = discord.Intents(guilds=True, dm_messages=True)
"""None of them is privileged."""
NEEDED: Final = discord.Permissions(
    view_channel=True, send_messages=True, send_messages_in_threads=True, embed_links=True, attach_files=True
)
"""What we ask a server for, and why: docs/discord.md."""
_CALL_SECONDS: Final = 50.0
"""Less than a lease of the courier's: discord.py waits for limits, and tries on by itself."""


class Http(HTTPClient):
    """discord.py's REST client, with its limits and repetitions, on `api_url`."""

    def __init__(self, api_url: str, gateway_url: str | None) -> None:
        super().__init__(discord.utils.MISSING)
        self.user_agent = "DiscordBot (Himma)"
        self._api_url = api_url.rstrip("/")
        self._gateway_url = URL(gateway_url) if gateway_url else None
        self._named_gateway: URL | None = None
        self._is_open = False

    async def open(self, token: str) -> Json:
        """Log in; who we are. Raises discord.LoginFailure, discord.HTTPException, and what the wire raises."""
        await self.shut()
        self.connector = discord.utils.MISSING  # the one before went with its session
        me: Any = await self.static_login(token)
        self._is_open = True
        return dict(me)

    async def shut(self) -> None:
        """Let go of the connections."""
        self._is_open = False
        await super().close()

    async def close(self) -> None:
        """Not what a shard that ends may do: the others go on."""

    async def gateway(self) -> int:
        """Ask where the gateway is; the number of shards that Discord advises. Raises discord.DiscordException."""
        shards, address, _ = await self.get_bot_gateway()
        self._named_gateway = URL(address)
        return shards

    async def request(self, route: Route, **kwargs: Any) -> Any:
        route.url = self._api_url + route.url.removeprefix(Route.BASE)
        return await super().request(route, **kwargs)

    async def ws_connect(self, url: str, *, compress: int = 0) -> aiohttp.ClientWebSocketResponse:
        wanted = URL(url)
        is_default = wanted.host == DiscordWebSocket.DEFAULT_GATEWAY.host
        other = self._gateway_url or (self._named_gateway if is_default else None)
        return await super().ws_connect(str(other.with_query(wanted.query) if other else wanted), compress=compress)

    async def call(self, route: Route, body: Json, files: Sequence[File] = ()) -> Any:
        """A request of ours. Raises DeliveryError."""
        if not self._is_open:
            raise TryLater(1.0)
        sent: Json = {"form": form_fields(body, files)} if files else {"json": body}
        trouble: DeliveryError
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                return await self.request(route, **sent)
        except TimeoutError:
            trouble = Unknown("Discord did not answer in time")
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            trouble = from_library(error)
        except RuntimeError:  # the connections were let go of meanwhile
            trouble = TryLater(1.0)
        raise trouble  # here, where the library's own error is forgotten


class Arrivals(Protocol):
    """Takes what shards hear; returns at once."""

    def interaction(self, data: Json, guild: str) -> None:
        """Somebody used a command, a component or a modal; `guild` is the guild's name, where there is one."""

    def message(self, data: Json) -> None:
        """Somebody wrote a message."""

    def added(self, guild: discord.Guild) -> None:
        """We were added to a guild."""

    def removed(self, channels: list[discord.abc.GuildChannel]) -> None:
        """These channels are gone, or we are out of them."""


class Shard(discord.Client):
    """One gateway connection."""

    def __init__(self, http: Http, arrivals: Arrivals, number: int, of: int) -> None:
        super().__init__(
            intents=INTENTS,
            shard_id=number,
            shard_count=of,
            max_messages=None,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            allowed_mentions=discord.AllowedMentions.none(),
        )
        self._arrivals = arrivals
        self.http = self._connection.http = http
        parsers: dict[str, Callable[[Any], None]] = self._connection.parsers
        parsers["INTERACTION_CREATE"] = self._hear_interaction
        parsers["MESSAGE_CREATE"] = arrivals.message
        parsers["GUILD_CREATE"] = self._hear_guild

    def _hear_interaction(self, data: Json) -> None:
        guild = self.get_guild(int(data["guild_id"])) if data.get("guild_id") else None
        self._arrivals.interaction(data, guild.name if guild else "")

    def _hear_guild(self, data: Json) -> None:
        """discord.py takes a guild that we are added to in the first moments for one that was there before."""
        self._connection.parse_guild_create(data)
        guild = self.get_guild(int(data["id"]))
        if guild and "unavailable" not in data:
            self._arrivals.added(guild)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        self._arrivals.removed(list(guild.text_channels))

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        self._arrivals.removed([channel])


__all__ = ["NEEDED", "Arrivals", "Http", "Route", "Shard"]
