"""Jobs that empty mailboxes: every two minutes, and a quarter of an hour after something went wrong."""

from __future__ import annotations

import contextlib
import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from northpost.core import clock, tenancy
from northpost.delivery.errors import NotHere
from northpost.delivery.inbound.inboxes.looking import look
from northpost.delivery.inbound.inboxes.problems import InboxProblem
from northpost.delivery.models import Inbox
from northpost.team.queries import workspace_ids

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=90)
# A server that is asked with a wrong password every minute locks the account.
AFTER_TROUBLE = timedelta(minutes=15)


def due_inboxes(now: datetime) -> list[int]:
    """The current workspace's mailboxes that should be looked into."""
    tenancy.require_workspace()
    due = Q(looked_at=None) | Q(problem="", looked_at__lt=now - EVERY) | Q(looked_at__lt=now - AFTER_TROUBLE)
    return list(Inbox.objects.filter(due, archived_at=None).order_by("pk").values_list("pk", flat=True))


def defer_looking(workspace_id: int, inbox_id: int) -> None:
    """Have a worker look into a mailbox; two never look into the same at once."""
    with contextlib.suppress(AlreadyEnqueued), transaction.atomic():
        look_into_inbox.configure(queueing_lock=f"inbox:{inbox_id}", lock=f"inbox:{inbox_id}").defer(
            workspace_id=workspace_id, inbox_id=inbox_id
        )


@app.task(queue="default", name="northpost.delivery.look_into_inbox")
def look_into_inbox(workspace_id: int, inbox_id: int) -> None:
    with tenancy.workspace(workspace_id):
        try:
            if look(inbox_id=inbox_id).left:
                defer_looking(workspace_id, inbox_id)
        except NotHere:
            return
        except InboxProblem as problem:
            # Noted with the mailbox, where its owner sees it.
            log.warning("workspace %s: mailbox %s can't be read: %s", workspace_id, inbox_id, problem)


@app.periodic(cron="*/2 * * * *")
@app.task(queue="default", name="northpost.delivery.look_into_inboxes", queueing_lock="look_into_inboxes")
def look_into_inboxes(timestamp: int) -> None:
    for workspace_id in workspace_ids():
        with tenancy.workspace(workspace_id):
            for inbox_id in due_inboxes(clock.now()):
                defer_looking(workspace_id, inbox_id)
