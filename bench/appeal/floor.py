"""The same message to many chats, by hand: aiohttp posts a body in which nothing but the chat differs.

`python -m bench.appeal.floor <api url> <chats> <at once>` prints processor milliseconds a message. Nothing is kept anywhere.
"""

import asyncio
import json
import sys
import time

from aiohttp import ClientSession, DummyCookieJar, TCPConnector

from bench.api import TOKEN
from bench.appeal.seed import FIRST_CHAT, TEXT


async def main(api_url: str, chats: int, at_once: int) -> None:
    keyboard = {"inline_keyboard": [[{"text": "I'm in", "callback_data": "appeal_in:1:1"}]]}
    tail = json.dumps({"text": TEXT, "parse_mode": "HTML", "reply_markup": keyboard}).encode()[1:]
    left = iter(range(FIRST_CHAT + 1, FIRST_CHAT + 1 + chats))
    url, headers = f"{api_url}/bot{TOKEN}/sendMessage", {"Content-Type": "application/json"}
    async with ClientSession(connector=TCPConnector(limit=at_once), cookie_jar=DummyCookieJar()) as session:

        async def work() -> None:
            for chat in left:
                async with session.post(url, data=b'{"chat_id":%d,%s' % (chat, tail), headers=headers) as response:
                    assert json.loads(await response.read())["ok"]

        began = time.process_time()
        await asyncio.gather(*(work() for _ in range(at_once)))
        print((time.process_time() - began) / chats * 1000)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
