"""Tables out: CSV and XLSX, as a stream, with formulas made harmless.

A cell that begins with = + - @, a tab or a carriage return is a formula to a spreadsheet, and a stranger's
formula
on a colleague's machine is an attack (CSV injection, CWE-1236). Text that begins so gets an apostrophe
before it,
which spreadsheets take as "this is text"; `restore` takes it off again, so our own file comes back as it was.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_XML_REFUSES = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_CELL = 32_767  # characters Excel takes in one cell
_SHEET = 1_048_576  # rows Excel takes in one sheet


def neutralise(text: str) -> str:
    """The text so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def restore(text: str) -> str:
    """What `neutralise` was given."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_DANGEROUS) else text


def write_csv(stream: IO[str], columns: Sequence[str], rows: Iterable[Sequence[Any]], *, mark: bool = True) -> int:
    """Write a header and rows, comma-separated (RFC 4180), and return the number of rows.

    `stream` is opened as UTF-8 with newline="". `mark`: begin with a byte order mark, without which Excel
    reads Cyrillic wrongly.
    """
    if mark:
        stream.write("\ufeff")
    writer = csv.writer(stream)
    writer.writerow([neutralise(column) for column in columns])
    count = 0
    for row in rows:
        writer.writerow([_as_text(value) for value in row])
        count += 1
    return count


def write_xlsx(target: Path | IO[bytes], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write a header and rows to sheets of at most 1,048,576 rows each, and return the number of rows.

    Rows lie on the disk, not in memory, until the file is closed. Times are written in UTC, as Excel knows no
    zones; text beyond 32,767 characters in a cell is cut, as Excel calls the file broken otherwise.
    """
    # Only where a sheet is written (see sheets.py).
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    header = [_as_cell(column) for column in columns]
    sheet, in_sheet, count = None, 0, 0
    for row in rows:
        if sheet is None or in_sheet == _SHEET:
            sheet, in_sheet = book.create_sheet(), 1
            sheet.append(header)
        sheet.append([_as_cell(value) for value in row])
        in_sheet += 1
        count += 1
    if sheet is None:
        book.create_sheet().append(header)
    book.save(target)
    return count


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return neutralise(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, int | float | Decimal):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    return neutralise(str(value))


def _as_cell(value: Any) -> Any:
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value.astimezone(dt.UTC).replace(tzinfo=None)
    if value is None or (isinstance(value, int | float | Decimal | dt.date) and not isinstance(value, bool)):
        return value
    text = _as_text(value) if isinstance(value, bool) else neutralise(str(value))
    return _XML_REFUSES.sub("", text)[:_CELL]
