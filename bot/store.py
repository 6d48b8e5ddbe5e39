"""The pictures that people send, in a folder of our own: platforms' file ids do not travel, and do not last.

A picture is decoded and written anew as JPEG, so what is stored is a picture and nothing else: where and with what it was
taken, other metadata and whatever hid behind it are gone. It is named by its own SHA-256: the same picture is stored once.
"""

import asyncio
import contextlib
import hashlib
import io
import os
import re
import tempfile
from pathlib import Path

from PIL import Image, ImageOps

from handlers.types import Media, MediaFault

MAX_BYTES = 10 * 1024 * 1024
"""The largest upload that is taken, in bytes."""
MAX_PIXELS = 50_000_000
"""The largest picture that is decoded: a small file can hold an enormous one."""
MAX_SIDE = 2560
"""Longer sides are scaled down to this, in pixels. Telegram refuses photos whose sides add up to more than 10,000."""

_MAGIC = {
    "JPEG": re.compile(rb"\xff\xd8\xff"),
    "PNG": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "GIF": re.compile(rb"GIF8[79]a"),
    "WEBP": re.compile(rb"RIFF....WEBP", re.DOTALL),
}
"""How files of the formats that we take begin; of an animation, the first frame is taken."""
_ID = re.compile(r"[0-9a-f]{64}")
_AT_ONCE = 2

Image.MAX_IMAGE_PIXELS = MAX_PIXELS


class NotTaken(Exception):
    """An upload that the store refuses; `fault` says why."""

    def __init__(self, fault: MediaFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class FolderStore:
    """A store in a local folder, which is made when the first picture comes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = asyncio.Semaphore(_AT_ONCE)  # a large picture takes 200 MB while it is decoded

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
        content = _clean(data)
        media = Media(hashlib.sha256(content).hexdigest(), "image/jpeg", len(content))
        self._folder.mkdir(parents=True, exist_ok=True)
        _write(self.path(media), content)
        return media


def _clean(data: bytes) -> bytes:
    formats = [name for name, magic in _MAGIC.items() if magic.match(data)]
    if not formats:
        raise NotTaken(MediaFault.NOT_A_PICTURE)
    try:
        # Opening reads the header alone; `draft` lets the JPEG decoder scale down while it decodes.
        with Image.open(io.BytesIO(data), formats=formats) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise NotTaken(MediaFault.TOO_BIG)
            picture.draft("RGB", (MAX_SIDE, MAX_SIDE))
            return _encode(picture)
    except (NotTaken, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise NotTaken(MediaFault.TOO_BIG) from None
    except Exception:  # noqa: BLE001  (decoders raise whatever a broken file makes them stumble over)
        raise NotTaken(MediaFault.NOT_A_PICTURE) from None


def _encode(picture: Image.Image) -> bytes:
    upright = ImageOps.exif_transpose(picture)
    upright.thumbnail((MAX_SIDE, MAX_SIDE))
    if upright.has_transparency_data:
        upright = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright)
    clean = upright.convert("RGB")
    clean.info.clear()  # a comment in there would be written again
    output = io.BytesIO()
    clean.save(output, "JPEG", quality=88, optimize=True)
    return output.getvalue()


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
