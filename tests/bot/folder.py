"""The store of pictures as the platforms' own tests need it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from handlers.types import Media


@dataclass
class Folder:
    """Keeps any bytes, and says where they lie."""

    root: Path

    def path(self, media: Media) -> Path:
        return self.root / media.id

    def keep(self, data: bytes) -> Media:
        media = Media(hashlib.sha256(data).hexdigest(), "image/png", len(data))
        self.path(media).write_bytes(data)
        return media
