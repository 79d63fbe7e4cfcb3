"""An import up to its start: the file is kept, looked at, and mapped."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from northpost.contacts.models import ImportRun, ImportState
from northpost.core import clock, tenancy
from northpost.core.tabular import FileShape, UnreadableFile, guess, sniff

from . import kinds
from .kinds import ImportRefused
from .options import Options

KEPT = timedelta(days=30)
_PIECE = 1024 * 1024


def receive(
    *,
    kind: str,
    content: IO[bytes] | None = None,
    path: Path | None = None,
    filename: str = "",
    created_by_id: int | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    has_header: bool | None = None,
    sheet: str | None = None,
) -> ImportRun:
    """Take a file in (`content`), or read one where it lies (`path`); look at it and guess what its columns are for.

    Raises UnreadableFile; a file that was taken in is then gone again.
    """
    if (content is None) == (path is None):
        raise ValueError("an import has either content or a path")
    kept = path.resolve() if path is not None else _keep(content)  # type: ignore[arg-type]
    try:
        seen = sniff(kept, encoding=encoding, delimiter=delimiter, has_header=has_header, sheet=sheet)
    except UnreadableFile:
        if path is None:
            kept.unlink(missing_ok=True)
        raise
    return ImportRun.objects.create(
        kind=kinds.get(kind).name,
        filename=(filename or kept.name)[:255],
        path=str(kept),
        shape=seen.to_json(),
        mapping=guess(seen.columns, seen.sample_rows, kinds.get(kind).destinations()),
        state=ImportState.UPLOADED,
        created_by_id=created_by_id,
        created_at=clock.now(),
    )


def shape(run: ImportRun) -> FileShape:
    """How the run's file is understood."""
    return FileShape.from_json(run.shape)


def understand(
    *,
    run_id: int,
    encoding: str | None = None,
    delimiter: str | None = None,
    has_header: bool | None = None,
    sheet: str | None = None,
) -> ImportRun:
    """Look at the file again, with what the user knows better. Raises UnreadableFile; then nothing has changed."""
    with transaction.atomic():
        run = _waiting(run_id)
        seen = sniff(run.path, encoding=encoding, delimiter=delimiter, has_header=has_header, sheet=sheet)
        run.shape = seen.to_json()
        run.mapping = guess(seen.columns, seen.sample_rows, kinds.get(run.kind).destinations())
        run.save(update_fields=["shape", "mapping"])
    return run


def start(*, run_id: int, mapping: Mapping[str, str], options: Options) -> ImportRun:
    """Settle what the columns are for and let the import be worked on. Raises ImportRefused; nothing has changed then.

    Only marks it as queued: a page then defers `contacts.tasks.run_import`, a command calls `work`.
    """
    with transaction.atomic():
        run = _waiting(run_id)
        seen = shape(run)
        chosen = {column: to for column, to in mapping.items() if to}
        _check_mapping(run.kind, seen, chosen)
        options.language = options.language or translation.get_language() or "en"
        kinds.get(run.kind).check(seen, chosen, options)
        run.mapping, run.options, run.state = chosen, options.to_json(), ImportState.QUEUED
        run.save(update_fields=["mapping", "options", "state"])
    return run


def delete_file(run: ImportRun) -> None:
    """Remove the file that was taken in; one that lies elsewhere stays."""
    path = Path(run.path)
    if path.is_relative_to(folder()):
        path.unlink(missing_ok=True)


def forget_contents(run: ImportRun) -> None:
    """What a run that is over still holds of the people in its file goes: the file, and the rows shown of it."""
    delete_file(run)
    run.shape = {**run.shape, "sample_rows": []}
    run.save(update_fields=["shape"])


def forget_old_files(now: datetime) -> int:
    """After `KEPT`: lists of refused rows, files of imports that failed, and those that nobody let begin.

    They are full of people, and out of reach of whoever erases one of them. Returns of how many runs.
    """
    tenancy.require_workspace()
    before = now - KEPT
    forgotten = list(ImportRun.objects.filter(state=ImportState.UPLOADED, created_at__lt=before))
    for run in forgotten:
        delete_file(run)
        run.delete()
    over = ImportRun.objects.filter(finished_at__lt=before).exclude(refused_path="", shape__sample_rows=[])
    for run in list(over):
        if run.refused_path:
            Path(run.refused_path).unlink(missing_ok=True)
            run.refused_path = ""
            run.save(update_fields=["refused_path"])
        forget_contents(run)
        forgotten.append(run)
    return len(forgotten)


def folder() -> Path:
    """Where this workspace's files are kept."""
    place = Path(settings.NORTHPOST_DATA_DIR) / "imports" / str(tenancy.require_workspace())
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    return place


def _check_mapping(kind: str, seen: FileShape, mapping: Mapping[str, str]) -> None:
    known = {destination.name for destination in kinds.get(kind).destinations()}
    for column, to in mapping.items():
        if column not in seen.columns:
            raise ImportRefused(_("The file has no column “%(column)s”.") % {"column": column})
        if to not in known:
            raise ImportRefused(_("Nothing here is called “%(name)s”.") % {"name": to})
    if len(set(mapping.values())) < len(mapping):
        raise ImportRefused(_("Two columns are meant for the same thing."))


def _waiting(run_id: int) -> ImportRun:
    run = ImportRun.objects.select_for_update().get(pk=run_id)
    if run.state != ImportState.UPLOADED:
        raise ImportRefused(_("This import has been started already."))
    return run


def _keep(content: IO[bytes]) -> Path:
    """Under a name of our own: what a stranger calls a file never becomes a path."""
    kept = folder() / secrets.token_hex(16)
    try:
        with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            while piece := content.read(_PIECE):
                file.write(piece)
    except BaseException:
        kept.unlink(missing_ok=True)
        raise
    return kept
