"""The pictures that people send, in a folder of our own: platforms' file ids do not travel, and do not last.

A picture is decoded and written anew as JPEG, so what is stored is a picture and nothing else: where and with what it was
taken, other metadata and whatever hid behind it are gone. It is named by its own SHA-256: the same picture is stored once.
"""

import asyncio
import contextlib
import hashlib
import os
import re
import tempfile
from pathlib import Path

from bot.pictures import NotTaken, clean
from bot.platform import NeedsMending
from handlers.types import Media, MediaFault

MAX_BYTES = 10 * 1024 * 1024
"""The largest upload that is taken, in bytes."""

_ID = re.compile(r"[0-9a-f]{64}")
_AT_ONCE = 2


class FolderStore:
    """A store in a local folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = asyncio.Semaphore(_AT_ONCE)  # a large picture takes 200 MB while it is decoded

    def prove(self) -> None:
        """Raises NeedsMending where nothing can be written into the folder."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._folder):
                pass
        except OSError as error:
            raise NeedsMending(
                f"[store] folder: cannot write into {self._folder}: {error.strerror}. Whoever runs Himma must be allowed to; "
                "another folder can be named in config.toml."
            ) from None

    async def receive(self, data: bytes) -> Media:
        """Check, clean and store an upload; it is on disk when this returns. Raises `NotTaken`, or `OSError` (a full disk)."""
        if len(data) > MAX_BYTES:
            raise NotTaken(MediaFault.TOO_BIG)
        async with self._turn:
            return await asyncio.to_thread(self._receive, data)

    def path(self, media: Media) -> Path:
        """Where the picture lies. Raises `ValueError` for an id that none of ours can have."""
        return self._path(media.id)

    async def forget(self, id: str) -> None:  # noqa: A002  (named as in `Media`)
        """Delete a picture; nothing happens where there is none. Raises `ValueError` like `path`."""
        await asyncio.to_thread(self._path(id).unlink, missing_ok=True)

    def _path(self, id: str) -> Path:  # noqa: A002
        if not _ID.fullmatch(id):
            raise ValueError("not the id of a stored picture")
        return self._folder / f"{id}.jpg"

    def _receive(self, data: bytes) -> Media:
        content = clean(data)
        media = Media(hashlib.sha256(content).hexdigest(), "image/jpeg", len(content))
        self._folder.mkdir(parents=True, exist_ok=True)
        _write(self.path(media), content)
        return media


def _write(path: Path, content: bytes) -> None:
    """All or nothing, and on disk: through a temporary file beside it."""
    if not path.exists():
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
