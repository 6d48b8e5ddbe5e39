"""Discord on the loopback address: REST, gateway and CDN, that refuse what Discord refuses and let tests be the people.

In a test's own process: `async with DiscordWire() as wire`. In one of its own: `python -m tests.wire.discord`, driven through
`RemoteWire`.
"""

from tests.wire.discord.faults import Fault, Limits
from tests.wire.discord.messages import Message
from tests.wire.discord.people import Act, Person
from tests.wire.discord.permissions import Permission
from tests.wire.discord.picking import Modal
from tests.wire.discord.server import DiscordWire
from tests.wire.discord.sessions import Intent
from tests.wire.discord.world import Channel, Guild, Kind, Role
from tests.wire.loopback import RemoteWire

__all__ = [
    "Act",
    "Channel",
    "DiscordWire",
    "Fault",
    "Guild",
    "Intent",
    "Kind",
    "Limits",
    "Message",
    "Modal",
    "Permission",
    "Person",
    "RemoteWire",
    "Role",
]
