"""Deleting what nobody needs any more."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.ext.asyncio import AsyncSession


async def prune(session: AsyncSession, old: Sequence[Select[Any]], limit: int) -> bool:
    """Delete the rows whose keys these queries find, `limit` of each at the most; whether there may be more. Where there are
    none, one look tells."""
    found = (await session.execute(select(*(query.exists() for query in old)))).one()
    is_more = False
    for query in (query for query, has_rows in zip(old, found, strict=True) if has_rows):
        (key,) = query.selected_columns
        gone = await session.execute(
            delete(key.table).where(key.in_(query.limit(limit))).returning(key),
            execution_options={"synchronize_session": False},
        )
        is_more = is_more or len(gone.all()) >= limit
    return is_more
