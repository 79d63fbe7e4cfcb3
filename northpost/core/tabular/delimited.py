"""CSV of any make: how it is understood, and its rows as a stream."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from pathlib import Path

from . import encodings
from .dialect import Dialect, is_header, records, sniff_dialect
from .opening import is_gzipped, open_bytes
from .shape import (
    WHITESPACE,
    Caps,
    FileShape,
    Format,
    Row,
    RowError,
    RowReason,
    UnreadableFile,
    UnreadableReason,
)

# What a byte that is not of the encoding is read as: a lone surrogate, which no well-formed text holds.
_WRONG = "\udcff"
_SAMPLE_ROWS = 50


def _mark_wrong(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _WRONG, error.end


codecs.register_error("northpost.mark", _mark_wrong)


def sniff_delimited(
    path: Path, *, encoding: str | None, delimiter: str | None, has_header: bool | None, caps: Caps
) -> FileShape:
    """How a CSV is understood; what is given is not guessed. Raises UnreadableFile."""
    gzipped = is_gzipped(path)
    with open_bytes(path, gzipped=gzipped, caps=caps) as stream:
        head = stream.read(caps.sample)
        whole = not stream.read(1)
    if not head:
        raise UnreadableFile(UnreadableReason.EMPTY)
    encoding = _known(encoding) if encoding else encodings.detect(head, whole=whole)
    if encoding is None:
        raise UnreadableFile(UnreadableReason.NOT_A_TABLE)
    text = codecs.getincrementaldecoder(encoding)("northpost.mark").decode(head, final=whole)
    text = text.replace("\0", "").replace(_WRONG, "\ufffd")
    if not whole and "\n" in text:
        text = text[: text.rindex("\n") + 1]
    if not text.strip():
        raise UnreadableFile(UnreadableReason.EMPTY)
    if sum(1 for sign in text if sign < " " and sign not in "\t\r\n\v\f") > len(text) // 20:
        raise UnreadableFile(UnreadableReason.NOT_A_TABLE)
    dialect = sniff_dialect(text, delimiter=delimiter)
    first = records(text, dialect, _SAMPLE_ROWS + 1)
    if not first:
        raise UnreadableFile(UnreadableReason.NOT_A_TABLE)
    if len(first[0]) > caps.columns:
        raise UnreadableFile(UnreadableReason.TOO_MANY_COLUMNS, limit=caps.columns)
    header = is_header(first) if has_header is None else has_header
    shape = FileShape(Format.CSV, encoding, dialect.delimiter, dialect.quotechar, gzipped=gzipped, has_header=header)
    name_columns(shape, first)
    return shape


def name_columns(shape: FileShape, first: list[list[str]]) -> None:
    """Fill in the columns' distinct names and the sample from the first rows of the file."""
    if not shape.has_header:
        shape.columns = [str(place + 1) for place in range(max(map(len, first[:_SAMPLE_ROWS])))]
        shape.sample_rows = first[:_SAMPLE_ROWS]
        return
    taken: set[str] = set()
    for place, cell in enumerate(first[0]):
        bare = " ".join(cell.split()) or str(place + 1)
        name, again = bare, 1
        while name in taken:
            again += 1
            name = f"{bare} ({again})"
        taken.add(name)
        shape.columns.append(name)
        if name != " ".join(cell.split()):
            shape.renamed.append((name, cell))
    shape.sample_rows = first[1 : _SAMPLE_ROWS + 1]


def delimited_rows(path: Path, shape: FileShape, *, after: int, caps: Caps) -> Iterator[Row | RowError]:
    """Rows with a number above `after`; blank ones are counted and left out. Raises UnreadableFile."""
    with open_bytes(path, gzipped=shape.gzipped, caps=caps) as stream:
        text = io.TextIOWrapper(stream, shape.encoding, errors="northpost.mark", newline="")
        text._CHUNK_SIZE = 64 * 1024  # type: ignore[attr-defined]  # the default, 8 KB, costs a fifth of the speed
        feed = _Feed(text, caps.line)
        for number, record in enumerate(_records(feed, shape), start=1):
            if isinstance(record, RowReason):
                if number > after:
                    yield RowError(number, record, [], {})
            elif number > after and any(record):
                yield _checked(number, record, feed.fault, shape, caps)
            feed.rest()


def _records(feed: _Feed, shape: FileShape) -> Iterator[list[str] | RowReason]:
    """Every record, the header's left out but counted (as an empty one), or why it can't be read."""
    records = _split_lines(feed) if shape.delimiter == WHITESPACE else _csv_records(feed, shape)
    unnamed = shape.has_header
    for record in records:
        if unnamed and not isinstance(record, RowReason) and any(cell.strip() for cell in record):
            unnamed = False
            yield []
        else:
            yield record


def _csv_records(feed: _Feed, shape: FileShape) -> Iterator[list[str] | RowReason]:
    dialect = Dialect(shape.delimiter, shape.quotechar)
    reader = csv.reader(feed, delimiter=dialect.delimiter, quotechar=dialect.quotechar)
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except _LineTooLong:
            yield RowReason.TOO_LONG
        except csv.Error:
            yield RowReason.QUOTES


def _split_lines(feed: _Feed) -> Iterator[list[str] | RowReason]:
    while True:
        try:
            yield next(feed).split()
        except StopIteration:
            return
        except _LineTooLong:
            yield RowReason.TOO_LONG


def _checked(number: int, record: list[str], fault: RowReason | None, shape: FileShape, caps: Caps) -> Row | RowError:
    expected = len(shape.columns)
    if fault is not None:
        shown = [cell.replace("\0", "").replace(_WRONG, "\ufffd") for cell in record[:expected]]
        return RowError(number, fault, shown, {"encoding": shape.encoding})
    if len(record) != expected:
        if len(record) < expected or any(record[expected:]):
            details = {"found": len(record), "expected": expected}
            return RowError(number, RowReason.RAGGED, record[: caps.columns], details)
        record = record[:expected]
    return Row(number, record)


class _LineTooLong(Exception):
    pass


class _Feed:
    """Lines for csv.reader, with a ceiling on the line and on the record that goes over several lines."""

    def __init__(self, text: io.TextIOWrapper, ceiling: int) -> None:
        self._text = text
        self._ceiling = ceiling
        self._used = 0
        self.fault: RowReason | None = None

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = self._text.readline(self._ceiling)
        if not line:
            raise StopIteration
        self._used += len(line)
        if self._used >= self._ceiling:
            self._skip_rest_of(line)
            raise _LineTooLong
        if "\0" in line:
            self.fault = RowReason.NUL
        elif _WRONG in line:
            self.fault = RowReason.ENCODING
        return line

    def rest(self) -> None:
        """A record is finished; the next one starts with a clean sheet."""
        self._used = 0
        self.fault = None

    def _skip_rest_of(self, line: str) -> None:
        while line and not line.endswith(("\n", "\r")):
            line = self._text.readline(self._ceiling)


def _known(encoding: str) -> str:
    try:
        info = codecs.lookup(encoding)
        "a,b".encode(info.name)
        # bytes-to-bytes codecs (hex, zlib) are in the same register
        if not isinstance(b"".decode(info.name), str):
            raise LookupError
    except (LookupError, UnicodeError):
        raise UnreadableFile(UnreadableReason.ENCODING, encoding=encoding) from None
    return info.name
