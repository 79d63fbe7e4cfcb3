"""Consumers of the log: what is counted per day, and which orders a message touched.

Machine opens and clicks are in the log and in none of these figures (law 8).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from northpost.core import sql, tenancy
from northpost.events.consumers import Event
from northpost.team.models import Workspace

# Last click within a week, as the field's common measure has it; shown beside every figure that rests on it.
WINDOW = timedelta(days=7)


def count_daily(events: Sequence[Event]) -> None:
    """Add a batch to the counts per day, in the workspace's zone."""
    counted = [event for event in events if not event.machine]
    if not counted:
        return
    workspace_id = tenancy.require_workspace()
    sql.run(
        sql.load("northpost.analytics", "count_events"),
        {
            "workspace_id": workspace_id,
            "zone": Workspace.objects.values_list("time_zone", flat=True).get(pk=workspace_id),
            "kinds": [event.kind for event in counted],
            "sources": [event.source or "" for event in counted],
            "occurred_ats": [event.occurred_at for event in counted],
            "values": [event.value for event in counted],
            "currencies": [event.currency or "" for event in counted],
        },
    )


def credit_orders(events: Sequence[Event]) -> None:
    """Credit the orders of everyone who ordered or clicked in this batch."""
    moving = [
        event
        for event in events
        if event.contact_id is not None
        and not event.machine
        and (event.kind == "mail.clicked" or (event.kind == "order.placed" and not event.backfill))
    ]
    if not moving:
        return
    moments = [event.occurred_at for event in moving]
    sql.run(
        sql.load("northpost.analytics", "credit_orders"),
        {
            "workspace_id": tenancy.require_workspace(),
            "contact_ids": sorted({event.contact_id for event in moving if event.contact_id is not None}),
            "first": min(moments),
            "last": max(moments),
            "window": WINDOW,
        },
    )
