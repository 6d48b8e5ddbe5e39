"""The fake as a process of its own: prints its address, serves until it is ended."""

import argparse
import asyncio

from tests.wire.telegram.control import install
from tests.wire.telegram.server import TOKEN, TelegramWire


async def serve(port: int, token: str, *, strict: bool) -> None:
    wire = TelegramWire(port, token, strict=strict)
    install(wire)
    await wire.serve_for_ever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--lenient", action="store_true", help="do not check requests against the description of the Bot API")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.port, arguments.token, strict=not arguments.lenient))


if __name__ == "__main__":
    main()
