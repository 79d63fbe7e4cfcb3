"""Background work on mailings; each task enters its workspace and calls one action."""

from __future__ import annotations

import contextlib

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from northpost.campaigns import actions, canary
from northpost.campaigns.models import Campaign, CampaignState
from northpost.core import tenancy
from northpost.delivery.tasks import defer_sending
from northpost.team.queries import workspace_ids

LOOK_SECONDS = 3  # how soon after its last message a mailing is marked as sent


@app.task(queue="default", name="campaigns.begin")
def begin(workspace_id: int) -> None:
    """Choose the people of every mailing that waits for it, have it sent, and watch over it until it is."""
    with tenancy.workspace(workspace_id):
        tend()
    defer_sending(workspace_id)
    _defer_watching(workspace_id)


@app.task(queue="default", name="campaigns.watch")
def watch(workspace_id: int) -> None:
    """Mark as sent what is done; come again while anything is under way."""
    with tenancy.workspace(workspace_id):
        if canary.look_at_first_shares():
            defer_sending(workspace_id)
        actions.finish_done()
        if Campaign.objects.filter(state=CampaignState.SENDING).exists():
            _defer_watching(workspace_id)


def _defer_watching(workspace_id: int) -> None:
    with contextlib.suppress(AlreadyEnqueued), transaction.atomic():
        watch.configure(queueing_lock=f"campaigns.watch:{workspace_id}", schedule_in={"seconds": LOOK_SECONDS}).defer(
            workspace_id=workspace_id
        )


@app.periodic(cron="* * * * *")
@app.task(queue="default", queueing_lock="campaigns.tend", name="campaigns.tend_all")
def tend_all(timestamp: int) -> None:
    """Each minute: start what is due, go on with what a crash left, mark as sent what is done."""
    for workspace_id in workspace_ids():
        with tenancy.workspace(workspace_id):
            if tend():
                defer_sending(workspace_id)
                _defer_watching(workspace_id)


def tend() -> int:
    """One round over the current workspace's mailings; returns how many messages were put into the ledger."""
    actions.start_due()
    freezing = Campaign.objects.filter(state=CampaignState.FREEZING).order_by("started_at").values_list("pk", flat=True)
    queued = sum(actions.freeze(campaign_id=campaign_id) for campaign_id in freezing)
    queued += canary.look_at_first_shares()
    actions.finish_done()
    return queued
