"""The fake as a process of its own: prints its address, serves until it is ended.

The API is at `<address>/api/v10`, the gateway at the same host and port: `ws://…/gateway/`.
"""

import argparse
import asyncio

from tests.wire.discord.control import install
from tests.wire.discord.server import TOKEN, DiscordWire


async def serve(port: int, token: str, *, strict: bool, checked: bool) -> None:
    wire = DiscordWire(port, token, strict=strict)
    wire.posting.checked = checked
    install(wire)
    await wire.serve_for_ever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--lenient", action="store_true", help="do not check bodies against the OpenAPI description")
    parser.add_argument("--unchecked", action="store_true", help="do not check messages at all")
    arguments = parser.parse_args()
    strict = not (arguments.lenient or arguments.unchecked)
    asyncio.run(serve(arguments.port, arguments.token, strict=strict, checked=not arguments.unchecked))


if __name__ == "__main__":
    main()
