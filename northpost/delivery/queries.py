"""Reading the ledger."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, Min, OuterRef, QuerySet
from django.utils.translation import gettext as _

from northpost.delivery.models import Claim, Hit, Message, MessageState, Source, SourceState, WaitingBatch
from northpost.delivery.transport.errors import ADVICE

WAITING = (MessageState.QUEUED, MessageState.SENDING, MessageState.DEFERRED)


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
    return _waiting().aggregate(due_at=Min("due_at"))["due_at"]


def is_due(now: datetime, *, urgency: int | None = None) -> bool:
    """Whether any message waits to be sent now; ``urgency``: of none of a higher priority number than this."""
    due = _waiting().filter(due_at__lte=now)
    return (due if urgency is None else due.filter(priority__lte=urgency)).exists()


def is_more_due_than_a_batch(now: datetime, *, urgency: int) -> bool:
    """Whether several batches wait to be sent now, so that more than one worker finds work."""
    return len(_waiting().filter(due_at__lte=now, priority__lte=urgency).values_list("pk", flat=True)[:3]) > 2


def other_runs(run: uuid.UUID, now: datetime) -> int:
    """How many runs of the sender hold messages now besides this one, on all machines."""
    living = Claim.objects.filter(lease_until__gt=now).exclude(run=run)
    return living.aggregate(runs=Count("run", distinct=True))["runs"]


def due_priorities(now: datetime) -> set[int]:
    """The priorities of the messages that wait to be sent now."""
    return set(_waiting().filter(due_at__lte=now).values_list("priority", flat=True).distinct())


def _waiting() -> QuerySet[WaitingBatch]:
    """What waits, of the sources that may send."""
    may_send = Source.objects.filter(
        state=SourceState.ACTIVE, source_kind=OuterRef("source_kind"), source_id=OuterRef("source_id")
    )
    return WaitingBatch.objects.filter(Exists(may_send))


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


# A worker writes the reason down in English; what stands for its places is found again, and said to the reader.
_ADVICE = [
    (re.compile(re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+?)", re.escape(text)), re.DOTALL), text)
    for text in ADVICE.values()
]


def why_paused(reason: str) -> str:
    """Why nothing leaves by a route, in the language that is active; a server's own words stay as they are."""
    for pattern, text in _ADVICE:
        found = pattern.fullmatch(reason)
        if found is not None:
            return _(text) % found.groupdict()
    return reason
