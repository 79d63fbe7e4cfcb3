"""Consumers of the log (law 5): each has a cursor per workspace, committed together with what it did.

A room registers its consumer in its AppConfig; the worker (and a simulation) calls :func:`consume_all` inside a
workspace. An event counts once for each consumer, whatever crashes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from northpost.core import clock, sql, tenancy
from northpost.events.models import Cursor

BATCH = 2000


@dataclass(frozen=True)
class Event:
    """An event as consumers get it; ``xid`` and ``id`` are its place in the log."""

    id: int
    xid: int
    contact_id: int | None
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    value: Decimal | None
    currency: str | None
    source: str | None
    message_id: int | None
    machine: bool
    backfill: bool
    properties: dict[str, Any]


Consumer = Callable[[Sequence[Event]], None]
_consumers: dict[str, Consumer] = {}


def register(name: str, consumer: Consumer) -> None:
    """Let ``consumer`` see every event of every workspace, in batches, inside the transaction of its cursor."""
    _consumers[name] = consumer


def consume_all() -> int:
    """Bring every consumer up to date in the current workspace; returns how many events were handed out."""
    return sum(consume(name) for name in _consumers)


def consume(name: str) -> int:
    """Bring one consumer up to date; another process that is at it already is left alone."""
    handed_out = 0
    while batch := _consume_batch(name):
        handed_out += batch
    return handed_out


def _consume_batch(name: str) -> int:
    workspace_id = tenancy.require_workspace()
    Cursor.objects.get_or_create(workspace_id=workspace_id, consumer=name)
    with transaction.atomic():
        cursor = Cursor.objects.select_for_update(skip_locked=True).filter(consumer=name).first()
        if cursor is None:
            return 0
        rows = sql.fetch_all(
            sql.load("northpost.events", "read_events"),
            {"workspace_id": workspace_id, "xid": cursor.xid, "event_id": cursor.event_id, "batch": BATCH},
        )
        if not rows:
            return 0
        # A plain cursor gives jsonb as its text.
        events = [Event(**row | {"properties": json.loads(row["properties"])}) for row in rows]
        _consumers[name](events)
        cursor.xid, cursor.event_id, cursor.moved_at = events[-1].xid, events[-1].id, clock.now()
        cursor.save(update_fields=["xid", "event_id", "moved_at"])
    return len(events)


def lag() -> dict[str, int]:
    """How many events each consumer has still to read in the current workspace."""
    positions = {cursor.consumer: cursor for cursor in Cursor.objects.all()}
    return {name: _unread(positions.get(name)) for name in _consumers}


def _unread(cursor: Cursor | None) -> int:
    return sql.fetch_value(
        "SELECT count(*) FROM events_event WHERE workspace_id = %(workspace_id)s"
        " AND (recorded_xid, id) > (%(xid)s::text::xid8, %(event_id)s)",
        {
            "workspace_id": tenancy.require_workspace(),
            "xid": cursor.xid if cursor else 0,
            "event_id": cursor.event_id if cursor else 0,
        },
    )
