"""Counting the days that changed, from the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Max, Q

from northpost.core import clock, sql, tenancy
from northpost.delivery.models import DeliveryCount, DeliveryDay
from northpost.events.consumers import Event
from northpost.team.models import Workspace

# A transaction that settles reads the clock first and commits a little later.
OVERLAP = timedelta(minutes=15)
# A day that is over changes only by stragglers (openings, late bounces): counted at most so often.
STRAGGLERS = timedelta(hours=1)
FEW = 5
DAYS_AT_ONCE = 60
_KINDS = frozenset({"mail.opened", "mail.clicked", "mail.bounced", "mail.complained"})
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def note_events(events: Sequence[Event]) -> None:
    """A consumer of the log: the days of messages that something happened to are due."""
    ids = {event.message_id for event in events if event.kind in _KINDS and not event.machine and event.message_id}
    if ids:
        _mark(since=None, ids=sorted(ids))


def refresh(*, at_once: bool = False) -> int:
    """Bring the current workspace's days up to date; returns how many were counted anew.

    at_once: also those that were counted a short while ago.
    """
    counted_until = DeliveryDay.objects.aggregate(last=Max("counted_at"))["last"]
    _mark(since=counted_until - OVERLAP if counted_until else _LONG_AGO, ids=[])
    now = clock.now()
    wanted = DeliveryDay.objects.filter(due=True)
    if not at_once:
        today = now.astimezone(_zone()).date()
        wanted = wanted.filter(
            Q(day__gte=today - timedelta(days=1)) | Q(counted_at=None) | Q(counted_at__lte=now - STRAGGLERS)
        )
    days = list(wanted.order_by("-day").values_list("day", flat=True)[:DAYS_AT_ONCE])
    return sum(_count(day, now) for day in days)


def _mark(*, since: datetime | None, ids: list[int]) -> None:
    params = {
        "workspace_id": tenancy.require_workspace(),
        "zone": _zone().key,
        "since": since,
        "overlap": OVERLAP,
        "ids": ids,
    }
    sql.run(sql.load("northpost.delivery", "mark_days"), params)


def _count(day: date, now: datetime) -> bool:
    zone = _zone()
    with transaction.atomic():
        row = DeliveryDay.objects.select_for_update(skip_locked=True).filter(day=day, due=True).first()
        if row is None:
            return False  # another worker is at it
        row.due, row.counted_at = False, now
        row.save(update_fields=["due", "counted_at"])
        DeliveryCount.objects.filter(day=day).delete()
        params = {
            "workspace_id": tenancy.require_workspace(),
            "day": day,
            "starts_at": datetime.combine(day, time.min, zone),
            "ends_at": datetime.combine(day + timedelta(days=1), time.min, zone),
            "few": FEW,
        }
        sql.run(sql.load("northpost.delivery", "count_day"), params)
    return True


def _zone() -> ZoneInfo:
    name = Workspace.objects.values_list("time_zone", flat=True).get(pk=tenancy.require_workspace())
    return ZoneInfo(name)
