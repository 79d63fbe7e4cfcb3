"""Background work of this room."""

from __future__ import annotations

from contextlib import suppress

from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from northpost.contacts.actions import ErasedPerson
from northpost.contacts.imports import forget_old_files
from northpost.contacts.imports.forgetting import address_hash, forget_in_files
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


# An import that is at work holds it up; none takes longer than a few of these.
_AGAIN = {"minutes": 10}


def defer_forgetting(person: ErasedPerson) -> None:
    """Called in the transaction of an erasure: files are looked through after it, and away from whoever waits."""
    if person.email_key:
        forget_in_import_files.defer(workspace_id=tenancy.require_workspace(), address=address_hash(person.email_key))


@app.task(name="contacts.forget_in_import_files", queue="default")
def forget_in_import_files(workspace_id: int, address: str) -> None:
    """Rows with an erased person's address go from the files of imports; `address` is the hash that stands for it."""
    with tenancy.workspace(workspace_id):
        if not forget_in_files(address):
            forget_in_import_files.configure(schedule_in=_AGAIN).defer(workspace_id=workspace_id, address=address)
