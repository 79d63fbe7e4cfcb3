"""Jobs that send what is due, by class of mail, and once a minute look in every workspace for what is.

Any number of workers on any number of machines take part in one mailing: a job that finds more than it can take up at
once has another one deferred before it begins, for whoever is free. A run is short, and the jobs of all workspaces are
taken in the order in which they came: so everybody's mail has its turn. Urgent mail has a queue of its own, which
workers serve beside bulk mail (see :mod:`northpost.program.working`).
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable

from django.db import transaction
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from northpost.core import clock, tenancy
from northpost.delivery import actions, queries
from northpost.delivery.actions.control import finish_sources, skip_cancelled
from northpost.delivery.actions.hits import QUARANTINE
from northpost.delivery.engine import SendReport, send_due
from northpost.delivery.limits.budgets import forget_moves
from northpost.delivery.rules.urgency import Urgency, urgency_of
from northpost.team.queries import workspace_ids

log = logging.getLogger(__name__)

# One job sends for at most so long, so that a worker told to stop, or the mail of another workspace, has its turn.
RUN_SECONDS = 20.0

BULK_QUEUE = "mail"
URGENT_QUEUE = "mail-urgent"


def defer_sending(workspace_id: int) -> bool:
    """Have workers send what is due in a workspace; False if nothing is, or jobs for it wait already."""
    with tenancy.workspace(workspace_id):
        due = {urgency_of(priority) for priority in queries.due_priorities(clock.now())}
    begun = [_defer(workspace_id, urgency) for urgency in sorted(due)]
    return any(begun)


def _defer(workspace_id: int, urgency: Urgency) -> bool:
    # Waiting jobs are held to one by the queueing lock; running ones are not, so that several workers can share.
    name = urgency.name.lower()
    with contextlib.suppress(AlreadyEnqueued), transaction.atomic():
        send_due_task.configure(
            queue=BULK_QUEUE if urgency is Urgency.BULK else URGENT_QUEUE,
            queueing_lock=f"send:{workspace_id}:{name}",
            priority=1 if urgency is Urgency.TRANSACTIONAL else 0,
        ).defer(workspace_id=workspace_id, urgency=name)
        return True
    return False


@app.task(queue=BULK_QUEUE, name="northpost.delivery.send_due", pass_context=True)
def send_due_task(context: JobContext, workspace_id: int, urgency: str = Urgency.BULK.name) -> None:
    send(workspace_id, urgency=Urgency[urgency.upper()], should_stop=context.should_abort)


@app.periodic(cron="* * * * *")
@app.task(queue="default", name="northpost.delivery.look_after_mail", queueing_lock="look_after_mail")
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


def send(
    workspace_id: int, *, urgency: Urgency = Urgency.BULK, should_stop: Callable[[], bool] = lambda: False
) -> SendReport:
    """Send what is due, of this class or more urgent, for one job's time, and have others help and go on."""
    with tenancy.workspace(workspace_id):
        more = queries.is_more_due_than_a_batch(clock.now(), urgency=urgency)

    def have_help() -> None:
        # Only when there was something to claim: what a limit or a paused route holds back calls for nobody.
        if more:
            _defer(workspace_id, urgency)

    report = send_due(
        workspace_id, seconds=RUN_SECONDS, urgency=urgency, should_stop=should_stop, on_first_claim=have_help
    )
    with tenancy.workspace(workspace_id):
        # What was given back may have another way to go.
        unfinished = report.seconds >= RUN_SECONDS or report.states["queued"]
        if unfinished and queries.is_due(clock.now(), urgency=urgency):
            _defer(workspace_id, urgency)
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
            skip_cancelled(now)
            finish_sources(now)
            forget_moves(now)
            stranded = actions.recover_stranded()
            if stranded:
                log.error("workspace %s: messages were left by everybody: %s", workspace_id, stranded)
            if queries.is_due(now):
                begun += defer_sending(workspace_id)
    return begun
