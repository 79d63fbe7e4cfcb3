"""Jobs of the queue ``mail``: send what is due, and once a minute look in every workspace for what is."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from django.db import transaction
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from northpost.core import clock, tenancy
from northpost.delivery import actions, queries
from northpost.delivery.actions.control import finish_sources
from northpost.delivery.actions.hits import QUARANTINE
from northpost.delivery.engine import SendReport, send_due
from northpost.team.queries import workspace_ids

# One job sends for at most so long, so that a worker told to stop, or a mailing of another workspace, has its turn.
RUN_SECONDS = 300.0


def defer_sending(workspace_id: int) -> bool:
    """Have a worker send what is due in a workspace; False if one is about to anyway."""
    with contextlib.suppress(AlreadyEnqueued), transaction.atomic():
        send_due_task.configure(queueing_lock=f"send:{workspace_id}").defer(workspace_id=workspace_id)
        return True
    return False


@app.task(queue="mail", name="northpost.delivery.send_due", pass_context=True)
def send_due_task(context: JobContext, workspace_id: int) -> None:
    send(workspace_id, should_stop=context.should_abort)


@app.periodic(cron="* * * * *")
@app.task(queue="mail", name="northpost.delivery.look_after_mail", queueing_lock="look_after_mail")
def look_after_mail_task(timestamp: int) -> None:
    look_after_mail()


def defer_classifying(workspace_id: int) -> None:
    """Have the hits that came in just now judged as soon as their quarantine is over."""
    seconds = int(QUARANTINE.total_seconds()) + 1
    # A savepoint: that such a job waits already is told by an error of the database.
    with contextlib.suppress(AlreadyEnqueued), transaction.atomic():
        classify_hits_task.configure(queueing_lock=f"hits:{workspace_id}", schedule_in={"seconds": seconds}).defer(
            workspace_id=workspace_id
        )


@app.task(queue="default", name="northpost.delivery.classify_hits")
def classify_hits_task(workspace_id: int) -> None:
    with tenancy.workspace(workspace_id):
        actions.classify_hits()
        if queries.has_hits():
            # Later ones found this job waiting, and have their quarantine before them yet.
            defer_classifying(workspace_id)


def send(workspace_id: int, *, should_stop: Callable[[], bool] = lambda: False) -> SendReport:
    """Send what is due, and go on in a job of its own if there was more than one job's time takes."""
    report = send_due(workspace_id, seconds=RUN_SECONDS, should_stop=should_stop)
    with tenancy.workspace(workspace_id):
        if report.seconds >= RUN_SECONDS and queries.is_due(clock.now()):
            defer_sending(workspace_id)
    return report


def look_after_mail() -> int:
    """In every workspace: take back what dead workers held, tell machine hits from people's, and have what is due sent.

    Returns in how many workspaces sending was begun.
    """
    begun = 0
    for workspace_id in workspace_ids():
        with tenancy.workspace(workspace_id):
            actions.recover()
            actions.classify_hits()
            now = clock.now()
            finish_sources(now)
            if queries.is_due(now):
                begun += defer_sending(workspace_id)
    return begun
