"""XLSX: a zip of XML, so opened only after its sizes were looked at and its XML was seen to declare nothing.

Read by openpyxl in its read-only mode, which streams the sheet: its memory does not grow with the rows (the
table of shared strings is held, hence the cap on it).
"""

from __future__ import annotations

import datetime as dt
import re
import warnings
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn
from xml.parsers import expat

from .delimited import name_columns
from .dialect import is_header
from .opening import open_raw
from .shape import Caps, FileShape, Format, Row, RowError, RowReason, UnreadableFile, UnreadableReason

_SAMPLE_ROWS = 50
_SAMPLE_LINES = 1000  # how far down the first filled row is looked for
_HELD_WHOLE = re.compile(r"xl/(?!worksheets/).*|\[Content_Types\]\.xml|docProps/.*", re.IGNORECASE)


def sniff_sheet(path: Path, *, sheet: str | None, has_header: bool | None, caps: Caps) -> FileShape:
    """How an XLSX is understood: the sheet named, or the first. Raises UnreadableFile."""
    with _Book(path, caps) as book:
        names = book.names
        if sheet is not None and sheet not in names:
            raise UnreadableFile(UnreadableReason.NO_SHEET)
        if not names:
            raise UnreadableFile(UnreadableReason.EMPTY)
        chosen = sheet if sheet is not None else names[0]
        lines = islice(book.lines(chosen), _SAMPLE_LINES)
        first = list(islice((cells for cells in lines if any(cells)), _SAMPLE_ROWS + 1))
    if not first:
        raise UnreadableFile(UnreadableReason.EMPTY)
    if max(map(len, first)) > caps.columns:
        raise UnreadableFile(UnreadableReason.TOO_MANY_COLUMNS, limit=caps.columns)
    header = is_header(first) if has_header is None else has_header
    shape = FileShape(Format.XLSX, "utf-8", "", "", has_header=header, sheets=names, sheet=chosen)
    name_columns(shape, first)
    shape.sample_rows = [_filled_up(cells, len(shape.columns)) for cells in shape.sample_rows]
    return shape


def sheet_rows(path: Path, shape: FileShape, *, after: int, caps: Caps) -> Iterator[Row | RowError]:
    """Rows with a number above `after`; blank ones are counted and left out. Raises UnreadableFile."""
    unnamed = shape.has_header
    expected = len(shape.columns)
    with _Book(path, caps) as book:
        if shape.sheet not in book.names:
            raise UnreadableFile(UnreadableReason.NO_SHEET)
        for number, cells in enumerate(book.lines(shape.sheet), start=1):
            if not any(cells):
                continue
            if unnamed:
                unnamed = False
                continue
            if number > after:
                yield _checked(number, cells, expected, caps)


def _checked(number: int, cells: list[str], expected: int, caps: Caps) -> Row | RowError:
    if sum(map(len, cells)) > caps.line or max(map(len, cells)) > caps.cell:
        return RowError(number, RowReason.TOO_LONG, [], {})
    if any("\0" in cell for cell in cells):
        return RowError(number, RowReason.NUL, [cell.replace("\0", "") for cell in cells[:expected]], {})
    if len(cells) > expected and any(cells[expected:]):
        details = {"found": len(cells), "expected": expected}
        return RowError(number, RowReason.RAGGED, cells[: caps.columns], details)
    return Row(number, _filled_up(cells, expected))


def _filled_up(cells: list[str], width: int) -> list[str]:
    """A sheet keeps no empty cells at a row's end: a short row there is no mistake."""
    return cells[:width] + [""] * (width - len(cells))


class _Book:
    """An XLSX opened after inspection; whatever its readers raise becomes UnreadableFile."""

    def __init__(self, path: Path, caps: Caps) -> None:
        self._path = path
        self._caps = caps

    def __enter__(self) -> _Book:
        self._raw = open_raw(self._path)
        try:
            _inspect(self._path, self._caps)
            with warnings.catch_warnings(action="ignore"):
                # Only where a sheet is opened: in a sender, which opens none, it would be 14 MB for nothing.
                from openpyxl import load_workbook

                self._book = load_workbook(self._raw, read_only=True, data_only=True, keep_links=False)
            self.names = [sheet.title for sheet in self._book.worksheets]
        except UnreadableFile:
            self._raw.close()
            raise
        except Exception:
            self._raw.close()
            _broken()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._book.close()
        self._raw.close()

    def lines(self, name: str) -> Iterator[list[str]]:
        """The cells of each row as text, from the sheet's first row on."""
        sheet = self._book[name]
        with warnings.catch_warnings(action="ignore"):
            try:
                sheet.reset_dimensions()  # what a file says of its own size is not to be trusted
                for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
                    if number > self._caps.xlsx_rows:
                        raise UnreadableFile(UnreadableReason.TOO_LARGE)
                    yield [_as_text(value) for value in cells]
            except (UnreadableFile, GeneratorExit):
                raise
            except Exception:
                _broken()


def _broken() -> NoReturn:
    # openpyxl and zipfile raise whatever they stumble over: KeyError, ValueError, ParseError, BadZipFile.
    raise UnreadableFile(UnreadableReason.BROKEN) from None


def _inspect(path: Path, caps: Caps) -> None:
    """Refuse what only looks like a workbook, swells, or brings entities."""
    packed = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) > caps.xlsx_members:
            raise UnreadableFile(UnreadableReason.UNSAFE)
        names = {member.filename.lower() for member in members}
        if "xl/workbook.bin" in names or "[content_types].xml" not in names:
            raise UnreadableFile(UnreadableReason.NOT_A_TABLE)
        # zipfile never gives more of a member than its header declares, so the declared sizes are true
        # ceilings.
        total = sum(member.file_size for member in members)
        held = sum(member.file_size for member in members if _HELD_WHOLE.fullmatch(member.filename))
        swollen = total > caps.ratio_free and total > packed * caps.ratio
        if total > caps.xlsx_unzipped or held > caps.xlsx_strings or swollen:
            raise UnreadableFile(UnreadableReason.TOO_LARGE)
        for member in members:
            if member.filename.lower().endswith((".xml", ".rels")):
                _refuse_declarations(archive, member)


def _refuse_declarations(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """No document type, hence no entities: a workbook has none, and a bomb needs them before its root."""
    parser = expat.ParserCreate()
    seen: list[str] = []
    parser.StartDoctypeDeclHandler = lambda *_args: seen.append("doctype")
    parser.StartElementHandler = lambda *_args: seen.append("root")
    with archive.open(member) as stream:
        while not seen and (piece := stream.read(4096)):
            parser.Parse(piece, False)
    if "doctype" in seen:
        raise UnreadableFile(UnreadableReason.UNSAFE)


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else format(Decimal(repr(value)), "f")
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    return str(value)
