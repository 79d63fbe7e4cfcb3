"""Jobs about the mail that came in: follow it up, and let old mail go."""

from __future__ import annotations

import contextlib

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from northpost.core import clock, tenancy
from northpost.delivery.inbound.following import follow_up
from northpost.delivery.inbound.keeping import forget_old
from northpost.delivery.models import InboundMail, InboundState
from northpost.team.queries import workspace_ids


def defer_following(workspace_id: int) -> None:
    """Have a worker look at what came in, in the caller's transaction."""
    # A savepoint: that such a job waits already is told by an error of the database.
    with contextlib.suppress(AlreadyEnqueued), transaction.atomic():
        follow_up_inbound.configure(queueing_lock=f"inbound:{workspace_id}").defer(workspace_id=workspace_id)


@app.task(queue="default", name="northpost.delivery.follow_up_inbound")
def follow_up_inbound(workspace_id: int) -> None:
    with tenancy.workspace(workspace_id):
        follow_up()


@app.periodic(cron="*/5 * * * *")
@app.task(queue="default", name="northpost.delivery.look_after_inbound", queueing_lock="look_after_inbound")
def look_after_inbound(timestamp: int) -> None:
    """Mails whose job was lost, with the worker that had it."""
    for workspace_id in workspace_ids():
        with tenancy.workspace(workspace_id):
            if InboundMail.objects.filter(state=InboundState.WAITING).exists():
                defer_following(workspace_id)


@app.periodic(cron="41 3 * * *")
@app.task(queue="default", name="northpost.delivery.forget_inbound", queueing_lock="forget_inbound")
def forget_inbound(timestamp: int) -> None:
    for workspace_id in workspace_ids():
        with tenancy.workspace(workspace_id):
            forget_old(clock.now())
