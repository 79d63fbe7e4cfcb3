"""Holding a route, and what a mailing's breakers set off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from northpost.core import clock
from northpost.delivery import sources
from northpost.delivery.actions.control import cancel_source, pause_source
from northpost.delivery.models import Route, Source, SourceState
from northpost.delivery.rules.breakers import Breaker, Level, breaker

# A route that could not be used is tried again after this long.
TRY_AGAIN = timedelta(minutes=1)


def pause_route(*, route_id: int, reason: str, until: datetime | None = None) -> None:
    """Let no message leave by this route: until a moment, or, without one, until somebody resumes it."""
    now = clock.now()
    # One that waits for a person stays so.
    Route.objects.filter(Q(paused_at=None) | Q(paused_until__isnull=False), pk=route_id).update(
        paused_at=now, paused_until=until, pause_reason=reason[:300]
    )


def resume_route(*, route_id: int) -> None:
    """Let messages leave by this route again."""
    Route.objects.filter(pk=route_id).update(paused_at=None, paused_until=None, pause_reason="")


def clear_route(*, route_id: int) -> None:
    """The route works: a pause that was to end by itself is over."""
    Route.objects.filter(pk=route_id, paused_until__isnull=False).update(
        paused_at=None, paused_until=None, pause_reason=""
    )


def check_breakers(touched: Iterable[tuple[str, int]]) -> list[tuple[str, int, Breaker]]:
    """Hold or end sources that do harm, and tell their rooms; the limits that were reached just now."""
    tripped = []
    for kind, source_id in sorted(set(touched)):
        source = Source.objects.filter(source_kind=kind, source_id=source_id).first()
        if source is None:
            continue
        found = breaker(
            sent=source.accepted_count + source.rejected_count + source.in_doubt_count,
            bounced=source.rejected_count + source.late_bounced_count,
            complained=source.complained_count,
            reached=source.breaker,
        )
        if found is None:
            continue
        # Together, or what failed halfway would count as done.
        with transaction.atomic():
            # Claimed by the update: of several workers that see it, one acts.
            level = found.level.value
            if not Source.objects.filter(pk=source.pk, breaker=source.breaker).update(breaker=level):
                continue
            _act(source, found)
        tripped.append((kind, source_id, found))
    return tripped


def _act(source: Source, found: Breaker) -> None:
    kind, source_id = source.source_kind, source.source_id
    if found.level is Level.STOP:
        cancel_source(kind=kind, source_id=source_id)
    elif found.level is Level.PAUSE and source.state != SourceState.CANCELLED:
        pause_source(kind=kind, source_id=source_id, reason=f"{found.what} {found.share:.2%}")
    sources.tell(kind, source_id, found)


def count_complaint(*, kind: str, source_id: int) -> None:
    """One more person called mail from this source spam."""
    Source.objects.filter(source_kind=kind, source_id=source_id).update(complained_count=F("complained_count") + 1)
    check_breakers([(kind, source_id)])


def count_late_bounces(sources_hit: Sequence[tuple[str, int]]) -> None:
    """Messages from these sources came back: one entry for each message."""
    for (kind, source_id), messages in sorted(Counter(sources_hit).items()):
        Source.objects.filter(source_kind=kind, source_id=source_id).update(
            late_bounced_count=F("late_bounced_count") + messages
        )
    check_breakers(sources_hit)
