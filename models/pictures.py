"""Pictures that people sent: what the store holds, and since when."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Picture(Base):
    """A picture in the store. Its number is the SHA-256 of its bytes."""

    __tablename__ = "pictures"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    content_type: Mapped[str] = mapped_column(String(40))
    size_bytes: Mapped[int]
    created_at: Mapped[datetime]


async def keep_picture(session: AsyncSession, id: str, content_type: str, size_bytes: int, *, now: datetime) -> None:  # noqa: A002
    """Note that the store holds a picture; the same picture is noted once."""
    if await session.get(Picture, id) is None:
        session.add(Picture(id=id, content_type=content_type, size_bytes=size_bytes, created_at=now))
        await session.flush()


async def get_picture(session: AsyncSession, picture_id: str) -> Picture | None:
    return await session.get(Picture, picture_id)
