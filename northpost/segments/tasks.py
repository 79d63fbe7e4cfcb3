"""Background work of this room."""

from __future__ import annotations

from procrastinate.contrib.django import app

from northpost.core import clock, tenancy
from northpost.segments import actions, lifecycle
from northpost.team.queries import workspace_ids


@app.periodic(cron="10 2 * * *")
@app.task(queue="default", name="segments.refresh_day", queueing_lock="segments.refresh_day")
def refresh_day(timestamp: int) -> None:
    """Every night: who has moved with time alone, and how big each segment is."""
    for workspace_id in workspace_ids():
        with tenancy.workspace(workspace_id):
            lifecycle.refresh(clock.now())
            actions.note_sizes(now=clock.now())


@app.periodic(cron="*/5 * * * *")
@app.task(queue="default", name="segments.fill_stages", queueing_lock="segments.fill_stages")
def fill_stages(timestamp: int) -> None:
    """People who came in without an order (by hand, by import) become prospects within minutes."""
    for workspace_id in workspace_ids():
        with tenancy.workspace(workspace_id):
            lifecycle.fill_missing(clock.now())
