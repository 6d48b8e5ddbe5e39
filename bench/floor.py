"""The floor: what a claim costs when nothing but aiohttp, json and sqlite3 stand between the wire and the disk.

Each batch of updates is decided in one transaction, committed with `synchronous=FULL`, and only then answered. It knows one
button and no person's language. Run as `python -m bench.floor <api url> <token> <database file>`.
"""

import asyncio
import json
import signal
import sqlite3
import sys
import time
from typing import Any

import aiohttp


def decide(connection: sqlite3.Connection, query: dict[str, Any]) -> str:
    """Take a seat for the one who pressed, if there is one; return what to say."""
    task_id = int(query["data"].split(":")[1])
    user = query["from"]
    connection.execute(
        "INSERT INTO person (account, name) VALUES (?, ?) ON CONFLICT (account) DO NOTHING",
        (user["id"], user["first_name"]),
    )
    taken = connection.execute(
        """INSERT OR IGNORE INTO claim (task_id, person_id, claimed_at)
           SELECT task.id, person.id, ? FROM task JOIN person ON person.account = ?
           WHERE task.id = ? AND is_open AND seats > (SELECT count(*) FROM claim WHERE task_id = task.id)""",
        (time.time(), user["id"], task_id),
    )
    return "It is yours." if taken.rowcount else "All seats are taken, or it is yours already."


def decide_all(connection: sqlite3.Connection, queries: list[dict[str, Any]]) -> list[str]:
    connection.execute("BEGIN IMMEDIATE")
    answers = [decide(connection, query) for query in queries]
    connection.execute("COMMIT")
    return answers


async def poll(session: aiohttp.ClientSession, bot: str, connection: sqlite3.Connection) -> None:
    async def answer(query: dict[str, Any], text: str) -> None:
        async with session.post(
            f"{bot}/answerCallbackQuery", data={"callback_query_id": query["id"], "text": text}
        ) as response:
            await response.read()

    offset = 0
    answering: set[asyncio.Task[None]] = set()
    while True:
        async with session.post(f"{bot}/getUpdates", data={"offset": offset, "timeout": 10, "limit": 100}) as response:
            updates = json.loads(await response.read())["result"]
        if not updates:
            continue
        queries = [update["callback_query"] for update in updates]
        for query, text in zip(queries, decide_all(connection, queries), strict=True):
            task = asyncio.create_task(answer(query, text))
            answering.add(task)
            task.add_done_callback(answering.discard)
        offset = updates[-1]["update_id"] + 1


async def main(api_url: str, token: str, path: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        polling = asyncio.create_task(poll(session, f"{api_url}/bot{token}", connection))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, polling.cancel)
        await asyncio.wait([polling])
    if not polling.cancelled():
        polling.result()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
