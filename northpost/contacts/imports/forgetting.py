"""An erased person in the files of imports: rows with their address go, wherever such a file still lies.

By a keyed hash of the address, so that the job which does it holds no address either. Only rows that name the address
can be found; whatever else of a person stands in a file goes with the file, after `runs.KEPT` at the latest.
"""

from __future__ import annotations

import csv
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

from northpost.contacts.models import ImportRun, ImportState
from northpost.core import addresses, signing
from northpost.core.tabular import RowError, UnreadableFile, rows, sniff

from .runs import delete_file, folder, forget_contents, shape

_AT_WORK = (ImportState.QUEUED, ImportState.RUNNING)


def address_hash(email_key: str) -> str:
    """What stands for an address while its rows are looked for."""
    return signing.keyed_hash("erased-from-files", email_key).hex()


def forget_in_files(address: str) -> bool:
    """Remove the rows with the address of this hash; False while an import is at work, whose files must stay as they
    are: then it has to be done again once that is over.
    """
    whole = True
    for run in ImportRun.objects.order_by("pk"):
        if run.state in _AT_WORK:
            whole = False
            continue
        _forget_sample(run, address)
        if run.refused_path:
            _forget_refused(Path(run.refused_path), address)
        if Path(run.path).is_relative_to(folder()) and Path(run.path).is_file():
            _forget_content(run, address)
    return whole


def _names(cells: Iterable[str], address: str) -> bool:
    return any("@" in cell and address_hash(_key(cell)) == address for cell in cells)


def _key(cell: str) -> str:
    try:
        return addresses.normalise(cell).key
    except addresses.AddressError:
        return cell.strip().lower()


def _forget_sample(run: ImportRun, address: str) -> None:
    shown = run.shape.get("sample_rows", [])
    kept = [row for row in shown if not _names(row, address)]
    if len(kept) < len(shown):
        run.shape = {**run.shape, "sample_rows": kept}
        run.save(update_fields=["shape"])


def _forget_refused(path: Path, address: str) -> None:
    if not path.is_relative_to(folder()) or not path.is_file():
        return
    kept = path.with_suffix(".kept")
    with (
        path.open(encoding="utf-8", errors="replace", newline="") as old,
        kept.open("w", encoding="utf-8", newline="") as new,
    ):
        writer = csv.writer(new)
        writer.writerows(row for row in csv.reader(old) if not _names(row, address))
    kept.replace(path)


def _forget_content(run: ImportRun, address: str) -> None:
    try:
        found = any(_names(cells, address) for cells in _cells(run))
        if found and run.state == ImportState.UPLOADED:
            _write_anew(run, address)
            return
    except UnreadableFile:
        # Nobody can say who is in it.
        found = True
    if found and run.state == ImportState.UPLOADED:
        delete_file(run)
        run.delete()
    elif found:
        forget_contents(run)


def _write_anew(run: ImportRun, address: str) -> None:
    """The same table without those rows, as CSV; what its columns are for stays as it was chosen."""
    seen, old = shape(run), Path(run.path)
    new = folder() / secrets.token_hex(16)
    try:
        with new.open("x", encoding="utf-8", newline="") as file:
            new.chmod(0o600)
            writer = csv.writer(file)
            if seen.has_header:
                writer.writerow(seen.columns)
            writer.writerows(cells for cells in _cells(run) if not _names(cells, address))
        again = sniff(new, encoding="utf-8", delimiter=",", has_header=seen.has_header)
    except UnreadableFile:
        # Nothing is left of it.
        new.unlink(missing_ok=True)
        delete_file(run)
        run.delete()
        return
    run.path, run.shape = str(new), again.to_json()
    run.mapping = {column: to for column, to in run.mapping.items() if column in again.columns}
    run.save(update_fields=["path", "shape", "mapping"])
    old.unlink(missing_ok=True)


def _cells(run: ImportRun) -> Iterator[list[str]]:
    for row in rows(run.path, shape(run)):
        yield list(row.values) if isinstance(row, RowError) else row.values
