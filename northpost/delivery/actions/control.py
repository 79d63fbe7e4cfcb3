"""Holding, letting go and ending what a source sends."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from northpost.core import clock, sql, tenancy
from northpost.delivery.models import HeldBatch, Message, MessageState, SkipReason, Source, SourceState, WaitingBatch

WAITING = (MessageState.QUEUED, MessageState.DEFERRED)


def pause_source(*, kind: str, source_id: int, reason: str = "") -> None:
    """Let none of its messages leave until resumed. Those already on the wire are not called back."""
    _set(kind, source_id, SourceState.PAUSED, reason, unless=(SourceState.CANCELLED,))


def resume_source(*, kind: str, source_id: int) -> None:
    """Let its messages leave again."""
    _set(kind, source_id, SourceState.ACTIVE, "", unless=(SourceState.CANCELLED,))


def cancel_source(*, kind: str, source_id: int) -> int:
    """End it for good: whoever still waits is skipped as cancelled. Returns how many."""
    now = clock.now()
    with transaction.atomic():
        # In the order in which senders lock what they settle: messages, batches, the source.
        skipped = Message.objects.filter(source_kind=kind, source_id=source_id, state__in=WAITING).update(
            # A worker that holds one of them can't mark it any more.
            state=MessageState.SKIPPED,
            reason=SkipReason.CANCELLED,
            settled_at=now,
        )
        WaitingBatch.objects.filter(source_kind=kind, source_id=source_id).delete()
        HeldBatch.objects.filter(source_kind=kind, source_id=source_id).delete()
        _set(kind, source_id, SourceState.CANCELLED, "")
        return skipped


def skip_cancelled(now: datetime) -> int:
    """Skip what has come back to the queue since its source was cancelled; returns how many."""
    return sql.run(
        sql.load("northpost.delivery", "skip_cancelled"), {"workspace_id": tenancy.require_workspace(), "now": now}
    )


def finish_sources(now: datetime) -> int:
    """Call those finished of which nothing is left to send; returns how many."""
    return sql.run(
        sql.load("northpost.delivery", "finish_sources"), {"workspace_id": tenancy.require_workspace(), "now": now}
    )


def _set(kind: str, source_id: int, state: SourceState, reason: str, *, unless: tuple[SourceState, ...] = ()) -> None:
    now = clock.now()
    source, _made = Source.objects.get_or_create(
        source_kind=kind, source_id=source_id, defaults={"state": state, "changed_at": now}
    )
    Source.objects.filter(pk=source.pk).exclude(state__in=unless).update(
        state=state, pause_reason=reason[:300], changed_at=now
    )
