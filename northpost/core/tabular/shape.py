"""What a file looks like, what a row is, and what can be wrong with either."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WHITESPACE = "whitespace"  # as a delimiter: columns stand apart by any run of spaces or tabs


class Format(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True)
class Caps:
    """Ceilings a file may not pass. Sizes in bytes, text lengths in characters."""

    sample: int = 256 * 1024  # looked at by sniff
    line: int = 1024 * 1024  # one row of a CSV
    cell: int = 128 * 1024
    columns: int = 1000
    unzipped: int = 8 * 1024**3  # what a gzip may expand to
    ratio: int = 200  # ... and by how much, once it is past `ratio_free`
    ratio_free: int = 16 * 1024**2
    xlsx_unzipped: int = 1024**3
    xlsx_strings: int = 256 * 1024**2  # the part of an XLSX that must be held in memory
    xlsx_members: int = 10_000
    xlsx_rows: int = 1_048_576  # a sheet has no more (Excel's own limit)


@dataclass(slots=True)
class FileShape:
    """How a file is understood. `columns` are distinct; without a header they are "1", "2", ...

    `renamed`: headers that stood there more than once or were empty, as (name now, name in the file).
    `sample_rows`: the first rows after the header, as text. `sheets`: names of the sheets of an XLSX.
    """

    format: Format
    encoding: str = "utf-8"
    delimiter: str = ","
    quotechar: str = '"'
    gzipped: bool = False
    has_header: bool = True
    columns: list[str] = field(default_factory=list)
    sample_rows: list[list[str]] = field(default_factory=list)
    renamed: list[tuple[str, str]] = field(default_factory=list)
    sheets: list[str] = field(default_factory=list)
    sheet: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data, to be kept with an import."""
        return asdict(self) | {"format": self.format.value}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> FileShape:
        kept = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        kept["format"] = Format(kept["format"])
        kept["renamed"] = [(now, before) for now, before in kept.get("renamed", [])]
        return cls(**kept)


class Row(NamedTuple):
    """One row: `number` as a spreadsheet shows it, `values` in the order of the columns."""

    number: int
    values: list[str]


class RowReason(StrEnum):
    """Why a row can't be read; the value is stable and may be stored."""

    RAGGED = "ragged"
    NUL = "nul"
    ENCODING = "encoding"
    TOO_LONG = "too_long"
    QUOTES = "quotes"


ROW_MESSAGES: dict[RowReason, Promise] = {
    RowReason.RAGGED: _("cells in the row: {found}; columns in the file: {expected}"),
    RowReason.NUL: _("the row has a zero byte in it, which no text has"),
    RowReason.ENCODING: _("the row has characters that cannot be read as {encoding}"),
    RowReason.TOO_LONG: _("the row is too long"),
    RowReason.QUOTES: _("a cell is too long; perhaps a quotation mark is opened in this row and never closed"),
}


class RowError(NamedTuple):
    """A row that can't be read. `values`: what could be read of it; `details` fill in the message."""

    number: int
    reason: RowReason
    values: list[str]
    details: dict[str, Any]

    @property
    def message(self) -> str:
        """The reason in the language that is active now."""
        return str(ROW_MESSAGES[self.reason]).format(**self.details)


class UnreadableReason(StrEnum):
    EMPTY = "empty"
    NOT_A_TABLE = "not_a_table"
    OLD_EXCEL = "old_excel"
    BROKEN = "broken"
    TOO_LARGE = "too_large"
    TOO_MANY_COLUMNS = "too_many_columns"
    UNSAFE = "unsafe"
    NO_SHEET = "no_sheet"
    ENCODING = "encoding"
    MISSING = "missing"


UNREADABLE_MESSAGES: dict[UnreadableReason, Promise] = {
    UnreadableReason.EMPTY: _("The file is empty."),
    UnreadableReason.NOT_A_TABLE: _("This is not a table. Save it as CSV or XLSX and try again."),
    UnreadableReason.OLD_EXCEL: _(
        "This is an old Excel file (.xls) or one with a password. Save it as .xlsx or CSV without a password."
    ),
    UnreadableReason.BROKEN: _("The file is damaged or was not uploaded to its end."),
    UnreadableReason.TOO_LARGE: _("The file becomes too large when it is unpacked. Split it into smaller ones."),
    UnreadableReason.TOO_MANY_COLUMNS: _("The file has more than {limit} columns."),
    UnreadableReason.UNSAFE: _("The file has parts in it that a spreadsheet never has, so it was not opened."),
    UnreadableReason.NO_SHEET: _("The file has no sheet of that name."),
    UnreadableReason.ENCODING: _("The encoding {encoding} is not known."),
    UnreadableReason.MISSING: _("The file cannot be opened."),
}


class UnreadableFile(Exception):
    """The file as a whole can't be read. Permanent."""

    def __init__(self, reason: UnreadableReason, **details: Any) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.details = details

    @property
    def message(self) -> str:
        """What is wrong and what to do, in the language that is active now."""
        return str(UNREADABLE_MESSAGES[self.reason]).format(**self.details)

    def __str__(self) -> str:
        return self.message
