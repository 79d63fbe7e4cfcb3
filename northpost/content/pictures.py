"""Uploaded files: what they are by their bytes, never by their name, and pictures written anew.

A picture that is decoded and encoded again holds nothing but the picture: no hidden script, no place and
time of the photo, no second file behind the first.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from django.utils.translation import gettext as _
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from northpost.content.errors import FileProblem

FILE_LIMIT = 5 * 1024 * 1024  # bytes
PIXEL_LIMIT = 25_000_000  # of one picture
FRAME_LIMIT = 200
MOVING_PIXEL_LIMIT = 60_000_000  # of all frames together

_FORMATS = {"PNG": ("image/png", "png"), "JPEG": ("image/jpeg", "jpg"), "GIF": ("image/gif", "gif"),
            "WEBP": ("image/webp", "webp")}  # fmt: skip
_PICTURE_STARTS = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
INLINE_TYPES = frozenset(content_type for content_type, _suffix in _FORMATS.values())


@dataclass(frozen=True, slots=True)
class Readied:
    """Bytes fit to keep. width, height: pixels, None for what is no picture; suffix: for the name on disk."""

    content: bytes
    content_type: str
    suffix: str
    width: int | None = None
    height: int | None = None


def ready_file(content: bytes) -> Readied:
    """Raises FileProblem for an empty, too big, or damaged file."""
    if not content:
        raise FileProblem(_("The file is empty."))
    if len(content) > FILE_LIMIT:
        message = _("The file is too big: %(limit)d MB are possible.")
        raise FileProblem(message % {"limit": FILE_LIMIT // (1024 * 1024)})
    if content.startswith(_PICTURE_STARTS) or (content[:4] == b"RIFF" and content[8:12] == b"WEBP"):
        return _ready_picture(content)
    return Readied(content, *_kind(content))


def _kind(content: bytes) -> tuple[str, str]:
    """Everything that is no picture is offered as a download; only PDF keeps its type."""
    if content.startswith(b"%PDF-"):
        return "application/pdf", "pdf"
    return "application/octet-stream", "bin"


def _ready_picture(content: bytes) -> Readied:
    try:
        with Image.open(io.BytesIO(content), formats=list(_FORMATS)) as picture:
            _refuse_bombs(picture)
            return _encode(picture)
    except FileProblem:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise FileProblem(_too_many_pixels()) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError) as error:
        raise FileProblem(_("The picture is damaged and can't be read.")) from error


def _too_many_pixels() -> str:
    return _("The picture has too many pixels: make it smaller.")


def _refuse_bombs(picture: Image.Image) -> None:
    """The header says how big the picture becomes, before a pixel is decoded."""
    pixels = picture.width * picture.height
    frames = getattr(picture, "n_frames", 1)
    if pixels > PIXEL_LIMIT or frames > FRAME_LIMIT or (frames > 1 and pixels * frames > MOVING_PIXEL_LIMIT):
        raise FileProblem(_too_many_pixels())


def _encode(picture: Image.Image) -> Readied:
    format_name = picture.format or ""
    content_type, suffix = _FORMATS[format_name]
    out = io.BytesIO()
    if getattr(picture, "n_frames", 1) > 1 and format_name in ("GIF", "WEBP"):
        frames = [frame.copy() for frame in ImageSequence.Iterator(picture)]
        durations = [frame.info.get("duration", 100) for frame in frames]
        loop = picture.info.get("loop", 0)
        frames[0].save(out, format=format_name, save_all=True, append_images=frames[1:], duration=durations, loop=loop)
        size = frames[0].size
    else:
        upright = ImageOps.exif_transpose(picture)
        if format_name == "JPEG" and upright.mode not in ("RGB", "L"):
            upright = upright.convert("RGB")
        clean = upright.copy()
        clean.info = {key: value for key, value in upright.info.items() if key == "transparency"}
        if format_name == "JPEG":
            clean.save(out, format="JPEG", quality=88, progressive=True)
        else:
            clean.save(out, format=format_name)
        size = clean.size
    return Readied(out.getvalue(), content_type, suffix, *size)
