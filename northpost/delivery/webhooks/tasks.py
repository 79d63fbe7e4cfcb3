"""Jobs about services' reports."""

from __future__ import annotations

import contextlib

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from northpost.core import tenancy
from northpost.delivery.models import ServiceReport
from northpost.delivery.webhooks.applying import apply_reports
from northpost.team.queries import workspace_ids


def defer_applying(workspace_id: int) -> None:
    """Have a worker apply what came in, in the caller's transaction."""
    # A savepoint: that such a job waits already is told by an error of the database.
    with contextlib.suppress(AlreadyEnqueued), transaction.atomic():
        apply_service_reports.configure(queueing_lock=f"reports:{workspace_id}").defer(workspace_id=workspace_id)


@app.task(queue="default", name="northpost.delivery.apply_service_reports")
def apply_service_reports(workspace_id: int) -> None:
    with tenancy.workspace(workspace_id):
        apply_reports()


@app.periodic(cron="*/5 * * * *")
@app.task(queue="default", name="northpost.delivery.look_after_reports", queueing_lock="look_after_reports")
def look_after_reports(timestamp: int) -> None:
    """Reports whose job was lost, with the worker that had it."""
    for workspace_id in workspace_ids():
        with tenancy.workspace(workspace_id):
            if ServiceReport.objects.filter(applied_at=None).exists():
                defer_applying(workspace_id)
