"""Reading the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Min

from northpost.delivery.models import Hit, Message, MessageState, Source

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
    earliest: datetime | None = None
    for open_source in Source.objects.filter(state="active"):
        moment = Message.objects.filter(
            source_kind=open_source.source_kind, source_id=open_source.source_id, state__in=("queued", "deferred")
        ).aggregate(moment=Min("due_at"))["moment"]
        if moment is not None and (earliest is None or moment < earliest):
            earliest = moment
    return earliest


def is_due(now: datetime) -> bool:
    """Whether any message waits to be sent now."""
    return any(
        Message.objects.filter(
            source_kind=kind, source_id=source_id, state__in=("queued", "deferred"), due_at__lte=now
        ).exists()
        for kind, source_id in Source.objects.filter(state="active").values_list("source_kind", "source_id")
    )


def has_hits() -> bool:
    """Whether any opening or click still waits to be judged."""
    return Hit.objects.exists()
