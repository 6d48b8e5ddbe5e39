"""The same message to many chats by python-telegram-bot's `Bot.send_message` with its default transport.

`python -m bench.appeal.stock <api url> <chats> <at once>` prints processor milliseconds a message. Nothing is kept anywhere.
"""

import asyncio
import sys
import time

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.constants import ParseMode
from telegram.request import HTTPXRequest

from bench.api import TOKEN
from bench.appeal.seed import FIRST_CHAT, TEXT


async def main(api_url: str, chats: int, at_once: int) -> None:
    bot = Bot(TOKEN, base_url=f"{api_url}/bot", request=HTTPXRequest(connection_pool_size=at_once))
    await bot.initialize()
    left = iter(range(FIRST_CHAT + 1, FIRST_CHAT + 1 + chats))

    async def work() -> None:
        for chat in left:
            rows = [[InlineKeyboardButton("I'm in", callback_data="appeal_in:1:1")]]
            await bot.send_message(chat, TEXT, parse_mode=ParseMode.HTML, reply_markup=InlineKeyboardMarkup(rows))

    began = time.process_time()
    await asyncio.gather(*(work() for _ in range(at_once)))
    print((time.process_time() - began) / chats * 1000)
    await bot.shutdown()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
