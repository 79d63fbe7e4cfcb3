"""Jobs about the limits: who runs which mailboxes, plans that are over, and holds that are long past."""

from __future__ import annotations

from datetime import timedelta

from procrastinate.contrib.django import app

from northpost.core import clock, tenancy
from northpost.delivery.limits import allowances, hosts, warming
from northpost.delivery.models import Hold
from northpost.team.queries import workspace_ids

LONG_PAST = timedelta(days=2)


@app.periodic(cron="*/5 * * * *")
@app.task(queue="default", name="northpost.delivery.look_up_hosts", queueing_lock="look_up_hosts")
def look_up_hosts_task(timestamp: int) -> None:
    """Ask the DNS who runs the mailboxes of domains that put our mail off, or that many people have."""
    for workspace_id in workspace_ids():
        with tenancy.workspace(workspace_id):
            hosts.look_up()


@app.periodic(cron="23 4 * * *")
@app.task(queue="default", name="northpost.delivery.look_after_limits", queueing_lock="look_after_limits")
def look_after_limits_task(timestamp: int) -> None:
    look_after_limits()


def look_after_limits() -> None:
    """In every workspace: end plans that are over, forget holds long past, note the domains that most people have."""
    now = clock.now()
    for workspace_id in workspace_ids():
        with tenancy.workspace(workspace_id):
            warming.finish_those_over(now)
            Hold.objects.filter(until__lt=now - LONG_PAST).delete()
            allowances.forget_past(now)
            hosts.want_common()
