"""What follows from a bounce: an event, and for a hard or an obstinate one, suppression."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.db.models import Count

from northpost.delivery.actions.suppression import suppress_addresses
from northpost.delivery.models import Message, SuppressionReason
from northpost.delivery.rules.replies import Blame
from northpost.events.actions import NewEvent, record_events

SOFT_LIMIT = 5
SOFT_WINDOW = timedelta(days=30)


class Refusal(Protocol):
    @property
    def code(self) -> int | None: ...
    @property
    def enhanced(self) -> str | None: ...
    @property
    def blame(self) -> Blame | None: ...


def record_bounces(bounces: Sequence[tuple[dict[str, Any], Refusal]], *, now: datetime) -> None:
    """Record bounces of ledger rows (id, source_kind, source_id, contact_id, email) that are marked bounced already."""
    if not bounces:
        return
    record_events([_event(row, refusal, now) for row, refusal in bounces])
    suppress_addresses(
        [(row["email"], row["id"]) for row, refusal in bounces if refusal.blame is Blame.HARD],
        reason=SuppressionReason.HARD_BOUNCE,
        now=now,
    )
    soft = {row["contact_id"]: row for row, refusal in bounces if refusal.blame is Blame.SOFT}
    if soft:
        obstinate = (
            Message.objects.filter(contact_id__in=soft, bounced_at__gt=now - SOFT_WINDOW)
            .values("contact_id")
            .annotate(times=Count("id"))
            .filter(times__gte=SOFT_LIMIT)
            .values_list("contact_id", flat=True)
        )
        suppress_addresses(
            [(soft[contact_id]["email"], soft[contact_id]["id"]) for contact_id in obstinate],
            reason=SuppressionReason.SOFT_BOUNCES,
            now=now,
        )


def _event(row: dict[str, Any], refusal: Refusal, now: datetime) -> NewEvent:
    return NewEvent(
        key=f"mail.bounced:{row['id']}",
        kind="mail.bounced",
        contact_id=row["contact_id"],
        occurred_at=now,
        source=f"{row['source_kind']}:{row['source_id']}",
        message_id=row["id"],
        properties={
            "kind": refusal.blame.value if refusal.blame else "",
            "code": refusal.code,
            "enhanced": refusal.enhanced or "",
        },
    )
