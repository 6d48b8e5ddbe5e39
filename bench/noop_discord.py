"""A responder that does nothing: reads the gateway, answers every interaction at once, keeps nothing.

What the wire alone costs a process in Python. Run as `python -m bench.noop_discord <api url> <token> <database file>`.
"""

import asyncio
import json
import signal
import sys
from typing import Any

import aiohttp

ANSWER = json.dumps({"type": 4, "data": {"content": "Noted.", "flags": 64}}).encode()
HEADERS = {"Content-Type": "application/json"}


async def listen(session: aiohttp.ClientSession, api_url: str, token: str) -> None:
    async def answer(made: dict[str, Any]) -> None:
        url = f"{api_url}/interactions/{made['id']}/{made['token']}/callback"
        async with session.post(url, data=ANSWER, headers=HEADERS) as response:
            await response.read()

    answering: set[asyncio.Task[None]] = set()
    async with session.ws_connect(api_url.replace("http", "ws")) as gateway:
        await gateway.send_json({"op": 2, "d": {"token": token, "intents": 1, "shard": [0, 1]}})
        async for message in gateway:
            event = json.loads(message.data)
            if event.get("t") == "INTERACTION_CREATE":
                task = asyncio.create_task(answer(event["d"]))
                answering.add(task)
                task.add_done_callback(answering.discard)


async def main(api_url: str, token: str, _: str) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=256)) as session:
        listening = asyncio.create_task(listen(session, api_url, token))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, listening.cancel)
        await asyncio.wait([listening])
    if not listening.cancelled():
        listening.result()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
