"""An import at work: rows in batches, each batch one transaction together with how far the run has come."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.utils import translation
from django.utils.translation import gettext

from northpost.contacts.models import ImportRun, ImportState
from northpost.core import clock, tenancy
from northpost.core.tabular import Row, RowError, UnreadableFile, rows

from . import kinds
from .counting import count_rows
from .kinds import Job, Loader, Tally
from .options import Options
from .refusals import RefusalFile
from .runs import folder, forget_contents, shape

BATCH = 5_000
_LONGEST_GROUP = 20_000  # rows; a group of rows that goes on beyond this is cut
_ATTEMPTS = 3
_REFRESHES = (1, 4, 16, 64)  # batches after which the database's statistics are out of date
_LOCK = 7_305_803  # the class of our advisory locks; the run's id is the other half

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """How a run stands. `state` is one of ImportState; `error` says why it failed."""

    state: str
    created: int
    updated: int
    unchanged: int
    refused: int
    refused_path: str
    error: str


def work(*, run_id: int) -> Report:
    """Work on a queued run to its end, or go on with one that was interrupted. Safe to call again at any time.

    A file that breaks off fails the run with a plain message; what came before stays.
    """
    with _alone(run_id) as ours:
        run = ImportRun.objects.get(pk=run_id)
        if ours and run.state in (ImportState.QUEUED, ImportState.RUNNING):
            options = Options.from_json(run.options)
            with translation.override(options.language or "en"):
                _run_to_end(run, options)
            run.refresh_from_db()
    return Report(
        state=run.state,
        created=run.created_count,
        updated=run.updated_count,
        unchanged=run.unchanged_count,
        refused=run.refused_count,
        refused_path=run.refused_path,
        error=run.error,
    )


@contextmanager
def _alone(run_id: int) -> Iterator[bool]:
    """Whether this process is the only one at work on the run; the lock goes with the connection, so a killed
    process leaves none behind."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", (_LOCK, run_id % 2**31))
        ours = bool(cursor.fetchone()[0])
    try:
        yield ours
    finally:
        usable = connection.connection is not None and not connection.connection.closed
        if ours and usable and not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", (_LOCK, run_id % 2**31))


def _run_to_end(run: ImportRun, options: Options) -> None:
    seen = shape(run)
    if run.state == ImportState.QUEUED:
        run.state, run.started_at = ImportState.RUNNING, clock.now()
        run.rows_total = count_rows(run.path, seen)
        run.save(update_fields=["state", "started_at", "rows_total"])
    loader = kinds.get(run.kind).open(Job(run.pk, seen, run.mapping, options))
    refusals = RefusalFile(folder() / f"refused-{run.pk}.csv", seen.columns, committed=run.rows_done)
    try:
        with refusals:
            batches = _batches(rows(run.path, seen, after=run.rows_done), loader)
            for number, batch in enumerate(batches, start=1):
                _store(run, loader, batch, refusals)
                if number in _REFRESHES and run.created_count:
                    loader.refresh()
        loader.finish()
        if run.created_count:
            loader.refresh()
    except UnreadableFile as broken:
        loader.finish()
        _end(run, ImportState.FAILED, refusals.path, broken.message)
        return
    except (OperationalError, InterfaceError):
        raise  # the database went away: the run is gone on with when it is back
    except Exception:
        run.refresh_from_db()
        _end(run, ImportState.FAILED, refusals.path, gettext("Something went wrong here, not in your file."))
        raise
    _end(run, ImportState.DONE, refusals.path)


@dataclass(slots=True)
class _Batch:
    rows: list[Row]
    things: list[Any]
    refused: list[tuple[int, str, list[str]]]
    last: int


def _batches(source: Iterator[Row | RowError], loader: Loader) -> Iterator[_Batch]:
    batch = _Batch([], [], [], 0)
    group: Any = None
    for row in source:
        thing = None
        if isinstance(row, RowError):
            refusal: str | None = row.message
        else:
            try:
                thing = loader.read(row)
                refusal = None
            except ValueError as error:
                refusal = getattr(error, "message", str(error))
        size = len(batch.things) + len(batch.refused)
        this_group = loader.group(thing) if thing is not None else group
        if size >= BATCH and (this_group is None or this_group != group or size >= _LONGEST_GROUP):
            yield batch
            batch = _Batch([], [], [], 0)
        group = this_group
        if refusal is not None:
            batch.refused.append((row.number, refusal, row.values))
        else:
            batch.rows.append(row)  # type: ignore[arg-type]
            batch.things.append(thing)
        batch.last = row.number
    if batch.last:
        yield batch


def _store(run: ImportRun, loader: Loader, batch: _Batch, refusals: RefusalFile) -> None:
    """Commit one batch. Someone else may write the same people at this moment: then once more from the start."""
    mark = refusals.mark()
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with transaction.atomic():
                tally = loader.store(batch.things) if batch.things else Tally()
                refused = batch.refused + [
                    (batch.rows[place].number, reason, batch.rows[place].values)
                    for place, reason in tally.refused.items()
                ]
                _advance(run, batch, tally, len(refused))
                refusals.add(sorted(refused, key=lambda item: item[0]))
            return
        except (IntegrityError, OperationalError):
            refusals.rewind(mark)
            if attempt == _ATTEMPTS or connection.connection is None or connection.connection.closed:
                raise
            log.warning("import %s: batch up to row %s is tried again", run.pk, batch.last)
            run.refresh_from_db()


def _advance(run: ImportRun, batch: _Batch, tally: Tally, refused: int) -> None:
    run.rows_done = batch.last
    run.created_count += tally.created
    run.updated_count += tally.updated
    run.unchanged_count += tally.unchanged
    run.refused_count += refused
    run.save(update_fields=["rows_done", "created_count", "updated_count", "unchanged_count", "refused_count"])


def _end(run: ImportRun, state: ImportState, refused_path: Path, error: str = "") -> None:
    run.state, run.error, run.finished_at = state, error, clock.now()
    if state is ImportState.DONE:
        run.rows_total = run.rows_done
    if run.refused_count:
        run.refused_path = str(refused_path)
    else:
        refused_path.unlink(missing_ok=True)
    run.save(update_fields=["state", "error", "finished_at", "rows_total", "refused_path"])
    if state is ImportState.DONE:
        forget_contents(run)


def abandoned() -> list[int]:
    """Ids of the current workspace's runs that should be worked on: queued, or interrupted."""
    tenancy.require_workspace()
    waiting = ImportRun.objects.filter(state__in=[ImportState.QUEUED, ImportState.RUNNING])
    return list(waiting.order_by("pk").values_list("pk", flat=True))
