"""How the cells of a CSV stand apart, and whether its first row is a header: told from its first rows."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from northpost.core.addresses import is_address

from .shape import WHITESPACE
from .values import looks_like_date, looks_like_decimal

DELIMITERS = ("\t", ";", "|", ",")  # the order decides between equals: a comma is also a decimal mark
_RECORDS = 200
_SINGLE = re.compile(r"(?:^|[,;\t|])'[^'\r\n]*'(?=[,;\t|\r\n]|$)", re.MULTILINE)
_DOUBLE = re.compile(r'(?:^|[,;\t|])"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Dialect:
    delimiter: str
    quotechar: str


def sniff_dialect(text: str, *, delimiter: str | None = None) -> Dialect:
    """The dialect of text that begins a CSV and ends at the end of a line."""
    quotechar = "'" if len(_SINGLE.findall(text)) > 1 and not _DOUBLE.search(text) else '"'
    if delimiter:
        return Dialect(delimiter, quotechar)
    best, best_score = ",", (0.0, 0)
    for candidate in DELIMITERS:
        score = _consistency(records(text, Dialect(candidate, quotechar), _RECORDS))
        if score > best_score:
            best, best_score = candidate, score
    if best_score[0] < 0.8 and _stands_in_columns(text):
        return Dialect(WHITESPACE, quotechar)
    return Dialect(best, quotechar)


def records(text: str, dialect: Dialect, limit: int) -> list[list[str]]:
    """The first records of the text that are not blank."""
    found: list[list[str]] = []
    if dialect.delimiter == WHITESPACE:
        return [line.split() for line in text.splitlines() if line.strip()][:limit]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=dialect.delimiter, quotechar=dialect.quotechar)
    while len(found) < limit:
        try:
            record = next(reader)
        except StopIteration:
            break
        except csv.Error:
            continue
        if any(cell.strip() for cell in record):
            found.append(record)
    return found


def is_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns: it holds no data itself, and no name stands beneath itself."""
    if not rows:
        return False
    first, rest = rows[0], rows[1:]
    if any(_is_data(cell) for cell in first):
        return False
    filled = [cell.strip() for cell in first if cell.strip()]
    if len(filled) < max(1, len(first) // 2):
        return False
    for position, cell in enumerate(first):
        below = [row[position] for row in rest if position < len(row)]
        if cell.strip() and below.count(cell) > 0:
            return False
    return True


def _is_data(cell: str) -> bool:
    return bool(cell.strip()) and (looks_like_decimal(cell) or looks_like_date(cell) or is_address(cell))


def _consistency(rows: list[list[str]]) -> tuple[float, int]:
    """The share of rows with the first row's number of cells, and that number; nothing for one column."""
    if not rows or len(rows[0]) < 2:
        return 0.0, 0
    width = len(rows[0])
    alike = sum(1 for row in rows if len(row) == width) / len(rows)
    common = Counter(map(len, rows)).most_common(1)[0][0]
    return (round(alike, 2), 1) if common == width else (alike / 2, 1)


def _stands_in_columns(text: str) -> bool:
    """Columns by runs of spaces: the same number in every line, and most of them figures."""
    lines = [line.split() for line in text.splitlines() if line.strip()][:_RECORDS]
    if not lines or len(lines[0]) < 2 or any(len(line) != len(lines[0]) for line in lines):
        return False
    below = lines[1:] or lines
    telling = sum(1 for column in zip(*below, strict=True) if all(_is_data(cell) for cell in column))
    return telling * 2 >= len(lines[0])
