"""The tables that the revisions build are those that models/ speak of, on both databases."""

import importlib
import pkgutil
from collections.abc import AsyncIterator

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

import models
from migrations import VERSIONS, config, newest, upgrade
from models.base import Base


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(database_url)
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


def differences(connection: Connection) -> str:
    for module in pkgutil.iter_modules(models.__path__):
        importlib.import_module(f"models.{module.name}")
    found = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata)
    return "\n".join(map(str, found))


async def test_revisions_build_what_models_say(connection: AsyncConnection) -> None:
    assert await connection.run_sync(differences) == "", 'run `make migration m="what changed"`'


async def test_upgrading_twice_changes_nothing(connection: AsyncConnection) -> None:
    await connection.run_sync(upgrade)
    assert await connection.run_sync(differences) == ""


async def test_every_revision_can_be_taken_back(connection: AsyncConnection) -> None:
    await connection.run_sync(lambda sync: command.downgrade(config(sync), "base"))
    assert await connection.run_sync(lambda sync: inspect(sync).get_table_names()) == ["alembic_version"]


def test_revisions_are_numbered_in_one_line() -> None:
    settings = Config()
    settings.set_main_option("script_location", str(VERSIONS.parent))
    assert ScriptDirectory.from_config(settings).get_heads() == [newest()]
