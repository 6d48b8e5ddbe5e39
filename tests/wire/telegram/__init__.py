"""A Bot API server on the loopback address, that refuses what Telegram refuses and lets tests be the people.

In a test's own process: `async with TelegramWire() as wire`. In one of its own: `python -m tests.wire.telegram`, driven
through `RemoteWire`.
"""

from tests.wire.loopback import RemoteWire
from tests.wire.telegram.faults import Fault, Limits
from tests.wire.telegram.people import Person, Press
from tests.wire.telegram.server import TelegramWire
from tests.wire.telegram.world import Chat, Message

__all__ = ["Chat", "Fault", "Limits", "Message", "Person", "Press", "RemoteWire", "TelegramWire"]
