"""The stock way: python-telegram-bot's Application with its default transport, one SQLAlchemy ORM session a callback.

Written as the tutorials of both have it, with what keeps it right (a claim's reads and its write in one immediate
transaction) and on disk (`synchronous=FULL`). Run as `python -m bench.stock <api url> <token> <database file>`.
"""

import sys
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint, event, func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from telegram import Update
from telegram.ext import Application, CallbackQueryHandler, ContextTypes


class Base(DeclarativeBase):
    pass


class Person(Base):
    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[int] = mapped_column(unique=True)
    name: Mapped[str]


class Task(Base):
    __tablename__ = "task"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    minutes: Mapped[int]
    seats: Mapped[int]
    is_open: Mapped[bool]


class Claim(Base):
    __tablename__ = "claim"
    __table_args__ = (UniqueConstraint("task_id", "person_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    claimed_at: Mapped[datetime]
    task: Mapped[Task] = relationship()
    person: Mapped[Person] = relationship()


async def claim_task(session: AsyncSession, account: int, name: str, task_id: int) -> str:
    """Take a seat for whoever has this account, if there is one; return what to say."""
    person = await session.scalar(select(Person).where(Person.account == account))
    if person is None:
        person = Person(account=account, name=name)
        session.add(person)
        await session.flush()
    task = await session.get(Task, task_id)
    if task is None or not task.is_open:
        return "This task is closed."
    if await session.scalar(select(Claim).where(Claim.task_id == task.id, Claim.person_id == person.id)):
        return "It is yours already."
    taken = await session.scalar(select(func.count()).select_from(Claim).where(Claim.task_id == task.id))
    if (taken or 0) >= task.seats:
        return "All seats are taken."
    session.add(Claim(task=task, person=person, claimed_at=datetime.now(UTC).replace(tzinfo=None)))
    return "It is yours."


async def on_claim(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    query = update.callback_query
    assert query
    assert query.data
    async with context.bot_data["sessions"]() as session, session.begin():
        user = query.from_user
        answer = await claim_task(session, user.id, user.full_name, int(query.data.split(":")[1]))
    await query.answer(answer)


def make_engine(path: str) -> AsyncEngine:
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", connect_args={"timeout": 30})

    @event.listens_for(engine.sync_engine, "connect")
    def set_up(connection: Any, _: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def main(api_url: str, token: str, path: str) -> None:
    application = Application.builder().token(token).base_url(f"{api_url}/bot").concurrent_updates(True).build()
    application.bot_data["sessions"] = async_sessionmaker(make_engine(path), expire_on_commit=False)
    application.add_handler(CallbackQueryHandler(on_claim, pattern=r"^claim:\d+:\d+$"))
    application.run_polling(allowed_updates=[Update.CALLBACK_QUERY])


if __name__ == "__main__":
    main(*sys.argv[1:])
