"""Every few minutes: count the days on which mail was settled, or to whose mail something happened."""

from __future__ import annotations

from procrastinate.contrib.django import app

from northpost.core import tenancy
from northpost.delivery.deliverability.counting import refresh
from northpost.team.queries import workspace_ids


@app.periodic(cron="*/5 * * * *")
@app.task(queue="default", name="northpost.delivery.count_days", queueing_lock="count_days")
def count_days_task(timestamp: int) -> None:
    refresh_everywhere()


def refresh_everywhere() -> int:
    """Returns how many days were counted."""
    counted = 0
    for workspace_id in workspace_ids():
        with tenancy.workspace(workspace_id):
            counted += refresh()
    return counted
