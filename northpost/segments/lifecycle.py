"""The life cycle: which stage each customer is in, from orders and the workspace's thresholds.

prospect: has not ordered. new: one order, not longer ago than ``new_days``. active: anyone who ordered less than
``at_risk_days`` ago. at_risk, lapsed: last order longer ago than that, than ``lapsed_days``. won_back: ordered again
after having lapsed, not longer than ``new_days`` ago. People whose role is not customer have no stage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from northpost.core import clock, sql, statistics, tenancy
from northpost.core.sql import Fragment
from northpost.events.actions import NewEvent, record_events
from northpost.events.consumers import Event
from northpost.segments.models import Lifecycle, Stage, Thresholds

ROOM = "northpost.segments"
EVENTS_AT_ONCE = 5000
# What can change somebody's stage; time does the rest (the daily refresh).
TOUCHING = frozenset({"order.placed", "order.refunded", "contact.subscribed"})


@dataclass(frozen=True)
class Refreshed:
    """How many people moved; ``filled`` of them had no stage before."""

    moved: int
    filled: int


def thresholds() -> Thresholds:
    """The workspace's own, or the usual ones."""
    return Thresholds.objects.first() or Thresholds()


def stages_at(moment: datetime, *, contact_ids: Sequence[int] | None = None) -> Fragment:
    """A query for (contact_id, stage, since): each customer's stage at ``moment``, past ones included.

    Parameters: workspace_id, moment, contact_ids, new_days, at_risk_days, lapsed_days.
    """
    limits = thresholds()
    return Fragment(
        sql.load(ROOM, "select_stages"),
        {
            "workspace_id": tenancy.require_workspace(),
            "moment": moment,
            "contact_ids": None if contact_ids is None else list(contact_ids),
            "new_days": limits.new_days,
            "at_risk_days": limits.at_risk_days,
            "lapsed_days": limits.lapsed_days,
        },
    )


def refresh(
    now: datetime, *, contact_ids: Sequence[int] | None = None, silent: Sequence[int] | None = None
) -> Refreshed:
    """Bring everybody's stage (or that of ``contact_ids``) to what it is at ``now``.

    Each change is a dated move and a ``lifecycle.moved`` event; the first filling of a workspace, becoming a
    prospect, and people in ``silent`` (touched by history only) make no event, for they should trigger nothing.
    """
    statistics.keep_fresh(at_once=contact_ids is None)
    standing = stages_at(now, contact_ids=contact_ids)
    statement = sql.load(ROOM, "move_stages").replace("{standing}", standing.text)
    with transaction.atomic():
        first_filling = not Lifecycle.objects.exists()
        moves = sql.fetch_all(statement, standing.params)
        quiet = frozenset(silent or ())
        events = [
            NewEvent(
                key=f"lifecycle:{move['contact_id']}:{move['to_stage']}:{move['since'].isoformat()}",
                kind="lifecycle.moved",
                contact_id=move["contact_id"],
                occurred_at=min(move["since"], now),
                properties={"from": move["from_stage"], "to": move["to_stage"]},
            )
            for move in moves
            if not first_filling and move["to_stage"] != Stage.PROSPECT and move["contact_id"] not in quiet
        ]
        for start in range(0, len(events), EVENTS_AT_ONCE):
            record_events(events[start : start + EVENTS_AT_ONCE])
    return Refreshed(moved=len(moves), filled=sum(1 for move in moves if not move["from_stage"]))


def fill_missing(now: datetime) -> Refreshed:
    """Give a stage to customers who have none yet (just imported)."""
    rows = sql.fetch_all(
        "SELECT c.id FROM contacts_contact AS c LEFT JOIN segments_lifecycle AS known"
        " ON known.workspace_id = %(workspace_id)s AND known.contact_id = c.id"
        " WHERE c.workspace_id = %(workspace_id)s AND c.role = 'customer' AND known.contact_id IS NULL",
        {"workspace_id": tenancy.require_workspace()},
    )
    missing = [row["id"] for row in rows]
    return refresh(now, contact_ids=missing, silent=missing) if missing else Refreshed(0, 0)


def consume(events: Sequence[Event]) -> None:
    """Consumer of the log: whoever was touched by these events gets the stage that follows."""
    touched = {event.contact_id for event in events if event.kind in TOUCHING and event.contact_id is not None}
    if not touched:
        return
    live = {event.contact_id for event in events if event.kind in TOUCHING and not event.backfill}
    refresh(clock.now(), contact_ids=sorted(touched), silent=sorted(touched - live))
