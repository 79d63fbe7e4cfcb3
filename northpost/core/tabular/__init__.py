"""Tables in files: CSV of any make, gzipped or not, and XLSX; read as a stream, in memory that has a ceiling.

    shape = sniff(path)                       # how the file is understood; every point can be corrected
    for row in rows(path, shape): ...         # Row(number, values) or RowError(number, reason, values)

A file that is no table, is broken or is built to do harm raises `UnreadableFile` with a plain message. A row
that is bad is yielded as a `RowError`, and the rest goes on: nothing is lost quietly. Row numbers are those a
spreadsheet shows: the first row of the file is 1, its header counted.

    mapping = guess(shape.columns, shape.sample_rows, targets)   # which column is meant for what
    write_csv(stream, columns, rows) / write_xlsx(path, columns, rows)

`values` has the readers of single cells: dates, decimals, yes and no.
"""

from .guessing import Kind, Target, guess
from .reading import rows, sniff
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
from .writing import neutralise, restore, write_csv, write_xlsx

__all__ = [
    "WHITESPACE",
    "Caps",
    "FileShape",
    "Format",
    "Kind",
    "Row",
    "RowError",
    "RowReason",
    "Target",
    "UnreadableFile",
    "UnreadableReason",
    "guess",
    "neutralise",
    "restore",
    "rows",
    "sniff",
    "write_csv",
    "write_xlsx",
]
