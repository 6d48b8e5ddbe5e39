"""What is taken into the store is a picture, upright, and nothing else; what is not is refused with a reason."""

import asyncio
import hashlib
import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from bot.pictures import MAX_SIDE, NotTaken
from bot.store import MAX_BYTES, FolderStore
from handlers.types import Media, MediaFault


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "not there yet" / "pictures")


def encode(picture: Image.Image, format: str, **options: object) -> bytes:  # noqa: A002
    output = io.BytesIO()
    picture.save(output, format, **options)
    return output.getvalue()


def two_coloured(mode: str = "RGB") -> Image.Image:
    """Red at the top, blue at the bottom."""
    picture = Image.new("RGB", (64, 32), "red")
    picture.paste("blue", (0, 16, 64, 32))
    return picture.convert(mode)


def phone_photo() -> bytes:
    """As a phone held sideways takes it: with the place in it, and lying on its side."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "SecretPhone"
    exif[ExifTags.Base.Orientation] = 6  # the top is at the right
    exif[ExifTags.IFD.GPSInfo] = {
        ExifTags.GPS.GPSLatitudeRef: "N",
        ExifTags.GPS.GPSLatitude: (24.0, 42.0, 49.0),
        ExifTags.GPS.GPSLongitudeRef: "E",
        ExifTags.GPS.GPSLongitude: (46.0, 40.0, 31.0),
    }
    return encode(two_coloured().rotate(90, expand=True), "JPEG", exif=exif, comment=b"SecretComment", quality=95)


def opened(store: FolderStore, media: Media) -> Image.Image:
    with Image.open(store.path(media)) as picture:
        picture.load()
        return picture


async def test_a_photo_loses_its_place_and_stands_upright(store: FolderStore) -> None:
    photo = phone_photo()
    with Image.open(io.BytesIO(photo)) as taken:
        assert taken.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    media = await store.receive(photo)
    kept = store.path(media).read_bytes()
    assert b"Exif" not in kept
    assert b"Secret" not in kept
    picture = opened(store, media)
    assert not picture.getexif()
    assert "comment" not in picture.info
    assert picture.size == (64, 32)
    red, _, blue = picture.getpixel((32, 4))  # type: ignore[misc]  # an RGB picture has three
    assert (red > 200, blue < 60) == (True, True)


async def test_what_is_stored_is_what_the_media_says(store: FolderStore) -> None:
    media = await store.receive(phone_photo())
    kept = store.path(media).read_bytes()
    assert (media.id, media.content_type, media.size_bytes) == (hashlib.sha256(kept).hexdigest(), "image/jpeg", len(kept))


@pytest.mark.parametrize(
    ("format_", "mode"),
    [
        ("PNG", "RGB"),
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("PNG", "1"),
        ("GIF", "P"),
        ("WEBP", "RGB"),
        ("JPEG", "L"),
        ("JPEG", "CMYK"),
    ],
)
async def test_every_format_becomes_one(store: FolderStore, format_: str, mode: str) -> None:
    picture = opened(store, await store.receive(encode(two_coloured(mode), format_)))
    assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (64, 32))


async def test_what_can_be_seen_through_becomes_white(store: FolderStore) -> None:
    media = await store.receive(encode(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), "PNG"))
    assert opened(store, media).getpixel((4, 4)) == (255, 255, 255)


async def test_of_an_animation_the_first_frame_is_taken(store: FolderStore) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("white", "black")]
    media = await store.receive(encode(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert opened(store, media).getpixel((8, 8)) == (255, 255, 255)


async def test_a_large_photo_is_scaled_down(store: FolderStore) -> None:
    media = await store.receive(encode(Image.new("RGB", (8000, 1000), "green"), "JPEG"))
    assert opened(store, media).size == (MAX_SIDE, MAX_SIDE // 8)


async def test_the_same_picture_is_stored_once(store: FolderStore, tmp_path: Path) -> None:
    first, *others = await asyncio.gather(*(store.receive(phone_photo()) for _ in range(5)))
    assert all(other == first for other in others)
    assert [path.name for path in tmp_path.rglob("*.*")] == [f"{first.id}.jpg"]


def enormous_png(width: int, height: int) -> bytes:
    """A few bytes that claim to be a picture of `width` times `height`."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", MediaFault.NOT_A_PICTURE),
        (b"I was at the park, honestly.", MediaFault.NOT_A_PICTURE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", MediaFault.NOT_A_PICTURE),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", MediaFault.NOT_A_PICTURE),
        (b"\xff\xd8\xff\xe0 only the beginning", MediaFault.NOT_A_PICTURE),
        (phone_photo()[:-400], MediaFault.NOT_A_PICTURE),
        (b"RIFF\x00\x00\x00\x00WEBPnonsense", MediaFault.NOT_A_PICTURE),
        (b"GIF89a" + bytes(20), MediaFault.NOT_A_PICTURE),
        (encode(two_coloured(), "BMP"), MediaFault.NOT_A_PICTURE),
        (phone_photo() + bytes(MAX_BYTES), MediaFault.TOO_BIG),
        (bytes(30 * 1024 * 1024), MediaFault.TOO_BIG),
        (enormous_png(60_000, 60_000), MediaFault.TOO_BIG),
        (enormous_png(9_000, 7_000), MediaFault.TOO_BIG),
    ],
    ids=lambda value: value.value if isinstance(value, MediaFault) else f"{value[:12]!r}",
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
async def test_what_is_no_picture_of_ours_is_refused(
    store: FolderStore, tmp_path: Path, data: bytes, fault: MediaFault
) -> None:
    with pytest.raises(NotTaken) as refused:
        await store.receive(data)
    assert refused.value.fault is fault
    assert not list(tmp_path.rglob("*.*"))


async def test_a_picture_hides_nothing_behind_it(store: FolderStore) -> None:
    media = await store.receive(phone_photo() + b"PK\x03\x04 a hidden archive")
    assert b"hidden" not in store.path(media).read_bytes()


async def test_a_forgotten_picture_is_gone(store: FolderStore) -> None:
    media = await store.receive(phone_photo())
    await store.forget(media.id)
    assert not store.path(media).exists()
    await store.forget(media.id)


@pytest.mark.parametrize("id_", ["", "../../etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "\n"])
async def test_no_id_leads_out_of_the_store(store: FolderStore, id_: str) -> None:
    with pytest.raises(ValueError, match="not the id"):
        store.path(Media(id_, "image/jpeg", 1))
    with pytest.raises(ValueError, match="not the id"):
        await store.forget(id_)


async def test_other_work_goes_on_while_a_picture_is_decoded(store: FolderStore) -> None:
    data = encode(Image.effect_noise((3000, 2500), 60), "PNG")
    receiving = asyncio.create_task(store.receive(data))
    turns = 0
    while not receiving.done():
        await asyncio.sleep(0.001)
        turns += 1
    await receiving
    assert turns > 10
