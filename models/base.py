"""What every table has in common."""

import enum
from datetime import UTC, datetime
from typing import Any, ClassVar, cast

from sqlalchemy import BigInteger, DateTime, Dialect, Enum, Index, Integer, MetaData, String, Table, TypeDecorator, text
from sqlalchemy.orm import DeclarativeBase

Id = BigInteger().with_variant(Integer, "sqlite")
"""A row's number; SQLite counts up by itself only for columns that are exactly INTEGER."""


class Moment(TypeDecorator[datetime]):
    """A point in time, stored in UTC, always aware in Python."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        return value and value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.replace(tzinfo=UTC)


class _IntEnum(TypeDecorator[enum.IntEnum]):
    """An ordered enumeration, stored as its number, so that `>=` works in SQL."""

    impl = Integer
    cache_ok = True

    def __init__(self, kind: type[enum.IntEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: enum.IntEnum | None, dialect: Dialect) -> int | None:
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> enum.IntEnum | None:
        return None if value is None else self.kind(value)


def ordered(kind: type[enum.IntEnum]) -> TypeDecorator[enum.IntEnum]:
    """The column type of an ordered enumeration."""
    return _IntEnum(kind)


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index over those rows alone for which `where` holds, on both databases."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


class Overtaken(Exception):
    """What this transaction began with is not so any more: repeated, it finds out how things are."""


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: Moment(),
        str: String(),
        enum.StrEnum: Enum(enum.StrEnum, native_enum=False, length=20, values_callable=lambda kind: [e.value for e in kind]),
    }


def table(model: type[Base]) -> Table:
    """A model's table, for statements that go past the ORM."""
    return cast("Table", model.__table__)
