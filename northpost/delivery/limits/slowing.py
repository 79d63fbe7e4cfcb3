"""Groups of mailboxes that put our mail off: their share halves and grows back, the same for all workers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from northpost.core import clock
from northpost.delivery.models import Slowdown
from northpost.delivery.rules import throttling
from northpost.delivery.rules.throttling import Share

# Messages given back wait in steps of so many seconds: those of one step are taken up again together.
STEP_SECONDS = 10


@dataclass(frozen=True)
class Slowed:
    """A group on a route that gets less than the route could carry, as it stands now."""

    route_id: int
    mx_group: str
    connections: int
    full: int
    per_minute: int
    since: datetime
    reply: str


def slowed(now: datetime) -> list[Slowed]:
    """Every group that is slowed down now, the slowest first."""
    found = [
        Slowed(row.route_id, row.mx_group, throttling.grown(share, now), row.full, rate, row.since, row.reply)
        for row in Slowdown.objects.order_by("route_id", "mx_group")
        for share in (_share(row),)
        if (rate := throttling.per_minute(share, now)) is not None
    ]
    return sorted(found, key=lambda one: (one.connections / one.full, one.mx_group))


def report_burst(*, route_id: int, mx_group: str, full: int, rate: int, reply: str) -> Slowed:
    """A worker that sends to a group at ``rate`` a minute is put off again and again: let all workers send it less."""
    now = clock.now()
    with transaction.atomic():
        first = throttling.begun(full=full, rate=rate, now=now)
        row, made = _row(route_id, mx_group, first)
        share = _share(row)
        if made or throttling.is_over(share, now):
            share, row.since, row.backlog_at = first, now, now
        elif throttling.counts_as_same(share, now):
            share = throttling.heard_again(share, rate)
        else:
            share = throttling.halved(share, now)
        row.connections, row.full, row.per_minute = share.connections, share.full, share.per_minute
        row.changed_at, row.reply = share.changed_at, reply[:300]
        row.save()
    allowed = throttling.per_minute(share, now) or share.per_minute
    return Slowed(route_id, mx_group, throttling.grown(share, now), share.full, allowed, row.since, row.reply)


def put_behind(*, route_id: int, mx_group: str, count: int) -> list[datetime]:
    """Moments for so many messages that a slowed group can't take now, behind those that wait already."""
    now = clock.now()
    with transaction.atomic():
        row = Slowdown.objects.select_for_update().filter(route_id=route_id, mx_group=mx_group).first()
        rate = throttling.per_minute(_share(row), now) if row is not None else None
        if row is None or rate is None:
            return [throttling.on_the_step(now, STEP_SECONDS)] * count
        moments, end = throttling.spread(count=count, rate=rate, backlog_at=row.backlog_at, now=now)
        Slowdown.objects.filter(pk=row.pk).update(backlog_at=end)
    # By when its step begins: in the midst of it a worker would find nothing to go on with.
    return [max(now, throttling.step_of(moment, STEP_SECONDS)) for moment in moments]


def forget(*, route_id: int, mx_group: str) -> None:
    """Somebody knows better: full speed again."""
    Slowdown.objects.filter(route_id=route_id, mx_group=mx_group).delete()


def _row(route_id: int, mx_group: str, first: Share) -> tuple[Slowdown, bool]:
    now = first.changed_at
    _row, made = Slowdown.objects.get_or_create(
        route_id=route_id,
        mx_group=mx_group,
        defaults={
            "connections": first.connections,
            "full": first.full,
            "per_minute": first.per_minute,
            "since": now,
            "changed_at": now,
            "backlog_at": now,
        },
    )
    return Slowdown.objects.select_for_update().get(pk=_row.pk), made


def _share(row: Slowdown) -> Share:
    return Share(row.connections, row.full, row.per_minute, row.changed_at)
