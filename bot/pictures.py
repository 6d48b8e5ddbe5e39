"""Decoding what people sent and writing it anew: a picture and nothing else.

Where and with what it was taken, other metadata and whatever hid behind it are gone.
"""

import io
import re
from typing import TYPE_CHECKING

from handlers.types import MediaFault

if TYPE_CHECKING:
    from PIL.Image import Image

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


class NotTaken(Exception):
    """An upload that the store refuses; `fault` says why."""

    def __init__(self, fault: MediaFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


def clean(data: bytes) -> bytes:
    """The picture as a JPEG without metadata. Raises NotTaken."""
    from PIL import Image  # the decoder takes 5 MB, and many a day no picture comes

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


def _encode(picture: "Image") -> bytes:
    from PIL import Image, ImageOps

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
