"""Background work of this room."""

from __future__ import annotations

from contextlib import suppress

from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from northpost.contacts.imports import forget_old_files
from northpost.contacts.imports.working import abandoned, work
from northpost.core import clock, tenancy
from northpost.team.queries import workspace_ids


@app.task(name="contacts.run_import", queue="default")
def run_import(workspace_id: int, run_id: int) -> None:
    """Work on one import to its end; defer it after `imports.start`."""
    with tenancy.workspace(workspace_id):
        work(run_id=run_id)


@app.periodic(cron="*/2 * * * *")
@app.task(name="contacts.resume_imports", queue="default", queueing_lock="contacts.resume_imports")
def resume_imports(timestamp: int) -> None:
    """Go on with imports whose worker was killed; one that is being worked on is left to its worker."""
    for workspace_id in workspace_ids():
        with tenancy.workspace(workspace_id):
            waiting = abandoned()
        for run_id in waiting:
            with suppress(AlreadyEnqueued):
                run_import.configure(queueing_lock=f"import-{run_id}").defer(workspace_id=workspace_id, run_id=run_id)


@app.periodic(cron="17 3 * * *")
@app.task(name="contacts.forget_import_files", queue="default", queueing_lock="contacts.forget_import_files")
def forget_import_files(timestamp: int) -> None:
    """Let old files of people go: see `imports.forget_old_files`."""
    for workspace_id in workspace_ids():
        with tenancy.workspace(workspace_id):
            forget_old_files(clock.now())
