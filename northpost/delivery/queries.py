"""Reading the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from northpost.delivery.models import Hit, Message, MessageState, Source, SourceState

WAITING = (MessageState.QUEUED, MessageState.CLAIMED, MessageState.SENDING, MessageState.DEFERRED)


@dataclass(frozen=True)
class Counts:
    """How a source's messages stand: ``states`` and ``reasons`` (of the skipped) by name, only those that occur."""

    states: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)

    def of(self, state: str) -> int:
        return self.states.get(state, 0)

    @property
    def audience(self) -> int:
        return sum(self.states.values())

    @property
    def waiting(self) -> int:
        """Still to be decided."""
        return sum(self.of(state) for state in WAITING)

    @property
    def done(self) -> int:
        """accepted, rejected, in doubt and skipped: with ``waiting`` they make the audience."""
        return self.audience - self.waiting


def counts(source_kind: str, source_id: int) -> Counts:
    """How the messages of a source stand now, straight from the ledger."""
    states: dict[str, int] = {}
    reasons: dict[str, int] = {}
    rows = (
        Message.objects.filter(source_kind=source_kind, source_id=source_id)
        .values_list("state", "reason")
        .annotate(messages=Count("id"))
    )
    for state, reason, messages in rows:
        states[state] = states.get(state, 0) + messages
        if state == MessageState.SKIPPED:
            reasons[reason] = messages
    return Counts(states, reasons)


def source(source_kind: str, source_id: int) -> Source | None:
    """Whether a source may send now, and why not."""
    return Source.objects.filter(source_kind=source_kind, source_id=source_id).first()


def next_due_at() -> datetime | None:
    """When the next waiting message of a source that is not on hold is due; None if there is none."""
    moments = [
        moment
        for waiting in _waiting()
        if (moment := waiting.order_by("due_at").values_list("due_at", flat=True).first()) is not None
    ]
    return min(moments, default=None)


def is_due(now: datetime) -> bool:
    """Whether any message waits to be sent now."""
    return any(waiting.filter(due_at__lte=now).exists() for waiting in _waiting())


def _waiting() -> Iterator[QuerySet[Message]]:
    """The waiting messages of each source that may send, priority by priority as the index has them."""
    for one in Source.objects.filter(state=SourceState.ACTIVE).order_by("pk"):
        for priority in one.priorities:
            yield Message.objects.filter(
                source_kind=one.source_kind,
                source_id=one.source_id,
                priority=priority,
                state__in=(MessageState.QUEUED, MessageState.DEFERRED),
            )


def has_hits() -> bool:
    """Whether any opening or click still waits to be judged."""
    return Hit.objects.exists()


def export_person(contact_id: int) -> list[dict[str, Any]]:
    """What a person was sent and what became of it, oldest first, as JSON holds it."""
    return [
        {
            "mailing": f"{row.source_kind} {row.source_id}",
            "address": row.email,
            "state": row.state,
            "reason": row.reason,
            "queued": row.enqueued_at.isoformat(),
            "settled": row.settled_at.isoformat() if row.settled_at else None,
            "opened": row.opened_at.isoformat() if row.opened_at else None,
            "clicked": row.clicked_at.isoformat() if row.clicked_at else None,
        }
        for row in Message.objects.filter(contact_id=contact_id).order_by("enqueued_at", "pk")
    ]
