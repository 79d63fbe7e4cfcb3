"""Bytes of a file, unpacked if it is gzipped, never more of them than the caps allow."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path

from .shape import Caps, UnreadableFile, UnreadableReason

GZIP_MAGIC = b"\x1f\x8b"


def is_gzipped(path: Path) -> bool:
    """Whether the file begins as a gzip does."""
    with open_raw(path) as raw:
        return raw.read(2) == GZIP_MAGIC


def open_raw(path: Path) -> io.BufferedReader:
    """The file as it lies there. Raises UnreadableFile."""
    try:
        return path.open("rb")
    except OSError:
        raise UnreadableFile(UnreadableReason.MISSING) from None


def open_bytes(path: Path, *, gzipped: bool, caps: Caps) -> io.BufferedReader:
    """The file's content as a stream that raises UnreadableFile where it breaks or swells."""
    raw = open_raw(path)
    if not gzipped:
        return raw
    return io.BufferedReader(_Unpacked(raw, caps), buffer_size=64 * 1024)


class _Unpacked(io.RawIOBase):
    def __init__(self, raw: io.BufferedReader, caps: Caps) -> None:
        super().__init__()
        self._raw = raw
        self._gzip = gzip.GzipFile(fileobj=raw, mode="rb")
        self._caps = caps
        self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            piece = self._gzip.read(len(buffer))
        except (OSError, EOFError, zlib.error):
            raise UnreadableFile(UnreadableReason.BROKEN) from None
        self._given += len(piece)
        swollen = self._given > self._caps.ratio_free and self._given > self._raw.tell() * self._caps.ratio
        if self._given > self._caps.unzipped or swollen:
            raise UnreadableFile(UnreadableReason.TOO_LARGE)
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            self._gzip.close()
            self._raw.close()
        super().close()
