"""What goes to many where each message is built anew: for platforms on which so few go out that it does not matter."""

from collections.abc import Awaitable, Callable

from bot.pace import Pace, Slot, Turn
from handlers.types import Place, Reply

Send = Callable[[Place, Reply, str], Awaitable[str]]
Edit = Callable[[Place, str, Reply], Awaitable[None]]


class OneByOne:
    """Satisfies `bot.platform.Bulk`."""

    def __init__(self, reply: Reply, pace: Pace, send: Send, edit: Edit) -> None:
        """`send` and `edit` wait for no turn."""
        self._reply = reply
        self._pace = pace
        self._send = send
        self._edit = edit

    async def turn(self, place: Place, *, is_edit: bool = False) -> Slot:
        """See `Bulk.turn`."""
        return await self._pace.turn(place, Turn.BULK_EDIT if is_edit else Turn.BULK)

    async def send(self, place: Place, key: str) -> str:
        """See `Bulk.send`."""
        return await self._send(place, self._reply, key)

    async def edit(self, place: Place, message: str) -> None:
        """See `Bulk.edit`."""
        await self._edit(place, message, self._reply)
