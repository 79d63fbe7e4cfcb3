"""Background work of this room."""

from __future__ import annotations

from procrastinate.contrib.django import app

from northpost.core import clock, tenancy
from northpost.goals.actions import refresh_readings
from northpost.team.queries import workspace_ids


@app.periodic(cron="7 * * * *")
@app.task(queue="default", name="goals.refresh", queueing_lock="goals.refresh")
def refresh(timestamp: int) -> None:
    """Every hour: what each goal has come to."""
    for workspace_id in workspace_ids():
        with tenancy.workspace(workspace_id):
            refresh_readings(clock.now())
