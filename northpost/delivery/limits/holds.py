"""What waits because a budget is used up: written once, so that the claim does not take the same up again and again."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from northpost.core import clock, sql, tenancy
from northpost.delivery.models import Hold, HoldReason


def hold(
    *,
    until: datetime,
    reason: HoldReason,
    route_id: int | None = None,
    source: tuple[str, int] | None = None,
) -> None:
    """Let nothing be claimed before ``until``: of a route, of a source on a route, or, with neither, of the workspace.

    A hold that lasts longer stays. It ends by itself.
    """
    kind, source_id = source or (None, None)
    sql.run(
        sql.load("northpost.delivery", "hold_claims"),
        {
            "workspace_id": tenancy.require_workspace(),
            "now": clock.now(),
            "until": until,
            "reason": str(reason),
            "route_id": route_id,
            "source_kind": kind,
            "source_id": source_id,
        },
    )


def release(*, route_id: int | None = None) -> None:
    """A limit was changed: what waits for the old one is tried again. Without a route: everything."""
    held = Hold.objects.all()
    if route_id is not None:
        held = held.filter(Q(route_id=route_id) | Q(route_id=None))
    held.delete()


def held_now(now: datetime) -> list[Hold]:
    """What waits now, the longest first."""
    return list(Hold.objects.filter(until__gt=now).order_by("-until", "pk"))
