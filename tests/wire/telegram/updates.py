"""The queue of updates: handed out by getUpdates with Telegram's offsets, or delivered to a webhook until it says 200."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Final

import aiohttp

from tests.wire.telegram.refusal import Refusal, bad_request

_LEFT_OUT_BY_DEFAULT: Final = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
_WEBHOOK_ACTIVE: Final = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
_OTHER_POLLER: Final = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"


class Updates:
    """What has happened and has not been acknowledged."""

    def __init__(self, changed: Callable[[], None], first_id: int = 700_000) -> None:
        self.pending: dict[int, str] = {}
        """By update id, as JSON."""
        self.webhook_url = ""
        self.webhook_secret = ""
        self.retry_seconds = 0.1
        self.delivered = 0
        """Counts hand-outs, each repetition too."""
        self._changed = changed
        self._allowed: list[str] = []
        self._next_id = first_id
        self._arrived = asyncio.Event()
        self._poller: asyncio.Future[None] | None = None
        self._hook: asyncio.Task[None] | None = None
        self._connections = 40

    def add(self, kind: str, content: dict[str, Any], update_id: int | None = None) -> int:
        """Queue an update, unless the bot did not ask for its kind; an earlier id repeats one."""
        if update_id is None:
            update_id, self._next_id = self._next_id, self._next_id + 1
        if kind in self._allowed or (not self._allowed and kind not in _LEFT_OUT_BY_DEFAULT):
            self.pending[update_id] = json.dumps({"update_id": update_id, kind: content})
            self._arrived.set()
        return update_id

    async def get(self, p: dict[str, Any]) -> str:
        """getUpdates: the answer as JSON."""
        if self.webhook_url:
            raise Refusal(409, _WEBHOOK_ACTIVE)
        if self._poller is not None and not self._poller.done():
            self._poller.set_exception(Refusal(409, _OTHER_POLLER))
        self._allow(p)
        self._acknowledge(p.get("offset", 0))
        if not self.pending and p.get("timeout", 0):
            await self._wait(p["timeout"])
        limit = min(max(p.get("limit", 100), 1), 100)
        chosen = [self.pending[update_id] for update_id in sorted(self.pending)[:limit]]
        self.delivered += len(chosen)
        return f"[{','.join(chosen)}]"

    async def _wait(self, seconds: float) -> None:
        self._arrived.clear()
        poller = self._poller = asyncio.get_running_loop().create_future()
        arrival = asyncio.ensure_future(self._arrived.wait())
        try:
            await asyncio.wait({poller, arrival}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if poller.done():
                poller.result()
        finally:
            arrival.cancel()
            poller.cancel()

    def _allow(self, p: dict[str, Any]) -> None:
        if "allowed_updates" in p:
            self._allowed = p["allowed_updates"]

    def _acknowledge(self, offset: int) -> None:
        if offset < 0:
            offset = (max(self.pending, default=0) + 1) + offset
        for update_id in [known for known in self.pending if known < offset]:
            del self.pending[update_id]
        self._changed()

    # The webhook

    def set_webhook(self, p: dict[str, Any]) -> bool:
        if not p["url"].startswith(("https://", "http://127.0.0.1:")):
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        self._allow(p)
        self._connections = p.get("max_connections", 40)
        self._stop_hook()
        self.webhook_url, self.webhook_secret = p["url"], p.get("secret_token", "")
        if p.get("drop_pending_updates"):
            self.pending.clear()
        self._hook = asyncio.create_task(self._deliver())
        return True

    def delete_webhook(self, p: dict[str, Any]) -> bool:
        self._stop_hook()
        self.webhook_url = self.webhook_secret = ""
        if p.get("drop_pending_updates"):
            self.pending.clear()
        return True

    def webhook_info(self) -> dict[str, Any]:
        return {"url": self.webhook_url, "has_custom_certificate": False, "pending_update_count": len(self.pending)}

    def _stop_hook(self) -> None:
        if self._hook:
            self._hook.cancel()
            self._hook = None

    async def _deliver(self) -> None:
        """Every pending update to the webhook, side by side, each again and again until it is taken."""
        under_way: dict[int, asyncio.Task[None]] = {}
        async with aiohttp.ClientSession() as session:
            try:
                while True:
                    self._arrived.clear()
                    for update_id in sorted(self.pending)[: self._connections]:
                        if update_id not in under_way or under_way[update_id].done():
                            under_way[update_id] = asyncio.create_task(self._call_hook(session, update_id))
                    await asyncio.wait(
                        {asyncio.ensure_future(self._arrived.wait())}, timeout=self.retry_seconds if self.pending else None
                    )
            finally:
                for task in under_way.values():
                    task.cancel()

    async def _call_hook(self, session: aiohttp.ClientSession, update_id: int) -> None:
        headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": self.webhook_secret}
        self.delivered += 1
        try:
            async with session.post(self.webhook_url, data=self.pending[update_id], headers=headers) as response:
                taken = 200 <= response.status < 300
        except (aiohttp.ClientError, OSError):
            taken = False
        if taken:
            self.pending.pop(update_id, None)
            self._changed()
        else:
            await asyncio.sleep(self.retry_seconds)

    def close(self) -> None:
        self._stop_hook()
        if self._poller is not None:
            self._poller.cancel()
