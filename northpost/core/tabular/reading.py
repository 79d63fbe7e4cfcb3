"""Files of any kind: what they are, how they are understood, their rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .delimited import delimited_rows, sniff_delimited
from .opening import open_raw
from .shape import Caps, FileShape, Format, Row, RowError, UnreadableFile, UnreadableReason
from .sheets import sheet_rows, sniff_sheet

_ZIP, _OLD_OFFICE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHERS = (
    b"%PDF-",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"Rar!",
    b"7z\xbc\xaf",
    b"BZh",
    b"\xfd7zXZ",
    b"PK\x05\x06",
)


def sniff(
    path: Path | str,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    has_header: bool | None = None,
    sheet: str | None = None,
    caps: Caps | None = None,
) -> FileShape:
    """How the file is understood; what is given is not guessed. Raises UnreadableFile."""
    path, caps = Path(path), caps or Caps()
    with open_raw(path) as raw:
        head = raw.read(8)
    if not head:
        raise UnreadableFile(UnreadableReason.EMPTY)
    if head.startswith(_OLD_OFFICE):
        raise UnreadableFile(UnreadableReason.OLD_EXCEL)
    if head.startswith(_OTHERS):
        raise UnreadableFile(UnreadableReason.NOT_A_TABLE)
    if head.startswith(_ZIP):
        return sniff_sheet(path, sheet=sheet, has_header=has_header, caps=caps)
    return sniff_delimited(path, encoding=encoding, delimiter=delimiter, has_header=has_header, caps=caps)


def rows(path: Path | str, shape: FileShape, *, after: int = 0, caps: Caps | None = None) -> Iterator[Row | RowError]:
    """The file's rows as a stream, the header's and blank ones left out; only those numbered above `after`.

    Raises UnreadableFile where the file itself breaks off; the rows before that have been yielded.
    """
    reader = sheet_rows if shape.format is Format.XLSX else delimited_rows
    return reader(Path(path), shape, after=after, caps=caps or Caps())
