"""The file of refused rows: row number, reason in the user's language, the row's own cells."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from django.utils.translation import gettext as _

from northpost.core.tabular import neutralise


class RefusalFile:
    """Rows are added batch by batch, and are on the disk before their batch is committed. After a crash the rows of
    the batch that was not committed are dropped again, so each refused row stands there once."""

    def __init__(self, path: Path, columns: Sequence[str], *, committed: int) -> None:
        self.path = path
        self._columns = columns
        self._keep_committed(committed)

    def __enter__(self) -> RefusalFile:
        self._file = self.path.open("a", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        if self._file.tell() == 0:
            self._file.write("\ufeff")
            self._writer.writerow([_("Row"), _("Reason"), *map(neutralise, self._columns)])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, refused: Sequence[tuple[int, str, Sequence[str]]]) -> None:
        """(row number, reason, cells) each."""
        for number, reason, cells in refused:
            self._writer.writerow([number, reason, *map(neutralise, cells)])
        self._file.flush()

    def mark(self) -> int:
        """Where the file ends now; `rewind` goes back there."""
        return self._file.tell()

    def rewind(self, mark: int) -> None:
        """Drop what was added since."""
        self._file.seek(mark)
        self._file.truncate()

    def _keep_committed(self, committed: int) -> None:
        if not self.path.exists():
            return
        kept = self.path.with_suffix(".kept")
        # A crash may have left half a line, or half a character.
        with (
            self.path.open(encoding="utf-8", errors="replace", newline="") as old,
            kept.open("w", encoding="utf-8", newline="") as new,
        ):
            writer = csv.writer(new)
            for place, row in enumerate(csv.reader(old)):
                if place == 0 or (row and row[0].isdigit() and int(row[0]) <= committed):
                    writer.writerow(row)
        kept.replace(self.path)
