"""What a platform may offer while somebody types a task's number: open tasks, or those they hold."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from handlers.context import speak_to
from handlers.finding import label_of
from handlers.registry import COMMANDS, HELD_TASK
from handlers.words import clean_line, parse_number
from models.claims import ClaimState, open_claims
from models.finding import tasks_called
from models.people import Identity, Person, find_accounts
from models.tasks import Task

MOST = 25


async def offer_tasks(
    session: AsyncSession, identity: Identity, command: str, typed: str, now: datetime
) -> list[tuple[str, int]]:
    """Labels in the person's language, and the numbers they stand for: at most 25 tasks whose title has what is typed in it.

    Nothing for people whom we have not met, for they are in no community.
    """
    account = (await find_accounts(session, [identity])).get(identity)
    if account is None:
        return []
    words = speak_to(account.person)
    tasks = await _tasks(session, account.person, command, clean_line(typed), now)
    return [(label_of(task, words), task.id) for task in tasks]


async def _tasks(session: AsyncSession, person: Person, command: str, typed: str, now: datetime) -> Sequence[Task]:
    if command in COMMANDS and HELD_TASK in COMMANDS[command].args:
        held = [task for claim, task in await open_claims(session, person.id) if claim.state is ClaimState.HELD]
        return [task for task in held if _is_meant(task, typed)][:MOST]
    return await tasks_called(session, person.id, typed, parse_number(typed), now, limit=MOST)


def _is_meant(task: Task, typed: str) -> bool:
    return typed.casefold() in task.title.casefold() or typed == str(task.id)
