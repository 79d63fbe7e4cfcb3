"""Reading mailings, with what the ledger says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from northpost.campaigns.actions import SOURCE
from northpost.campaigns.models import Campaign
from northpost.campaigns.models import CampaignState as State
from northpost.core import clock, sql, tenancy

MINUTE = 60.0  # seconds


@dataclass(frozen=True)
class Counts:
    """A mailing's people by what became of their message. ``chosen`` is the sum of all states.

    ``opened`` and ``clicked`` are people, not machines; ``delivered`` is what was accepted and did not bounce.
    """

    chosen: int = 0
    waiting: int = 0
    accepted: int = 0
    rejected: int = 0
    in_doubt: int = 0
    skipped: int = 0
    bounced: int = 0
    opened: int = 0
    clicked: int = 0
    unsubscribed: int = 0
    complained: int = 0

    @property
    def delivered(self) -> int:
        return self.accepted - self.bounced

    @property
    def settled(self) -> int:
        return self.chosen - self.waiting


def find_campaigns(*, search: str = "", state: str = "") -> QuerySet[Campaign]:
    """Newest first. ``state`` is a state, ``archived``, or blank for all that are not put away."""
    found = Campaign.objects.order_by("-created_at", "-pk")
    if state == "archived":
        found = found.exclude(archived_at=None)
    else:
        found = found.filter(archived_at=None)
        if state in State.values:
            found = found.filter(state=state)
    return found.filter(name__icontains=search) if search else found


def counts(campaign_ids: Sequence[int]) -> dict[int, Counts]:
    """What the ledger says of each mailing; one statement for all of them."""
    rows = sql.fetch_all(
        sql.load("northpost.campaigns", "count_campaigns"),
        {"workspace_id": tenancy.require_workspace(), "source_kind": SOURCE, "ids": list(campaign_ids)},
    )
    found = {row.pop("source_id"): Counts(**row) for row in rows}
    return {campaign_id: found.get(campaign_id, Counts()) for campaign_id in campaign_ids}


def with_counts(campaigns: Sequence[Campaign]) -> list[tuple[Campaign, Counts]]:
    """Each mailing with its counts."""
    found = counts([campaign.pk for campaign in campaigns])
    return [(campaign, found[campaign.pk]) for campaign in campaigns]


def begun_between(*, first: date, last: date, zone: str) -> QuerySet[Campaign]:
    """Mailings whose sending began on these days of ``zone``, the latest first."""
    start = datetime.combine(first, time.min, ZoneInfo(zone))
    end = datetime.combine(last + timedelta(days=1), time.min, ZoneInfo(zone))
    return Campaign.objects.filter(started_at__gte=start, started_at__lt=end).order_by("-started_at", "-pk")


def going_out(*, until: datetime) -> list[Campaign]:
    """What is being sent, and what will be until then."""
    active = Campaign.objects.filter(state__in=[State.FREEZING, State.SENDING, State.PAUSED])
    planned = Campaign.objects.filter(state=State.SCHEDULED, scheduled_at__lte=until)
    return [*active.order_by("started_at"), *planned.order_by("scheduled_at")]


@dataclass(frozen=True)
class Progress:
    """A mailing on its way: ``speed`` in messages a minute over the last minute, ``left_seconds`` at that speed.

    In its first minute the speed is that since it began.
    """

    counts: Counts
    skipped: list[tuple[str, int]]
    speed: float
    left_seconds: float | None


def progress(campaign: Campaign) -> Progress:
    """Read live from the ledger."""
    counted = counts([campaign.pk])[campaign.pk]
    params: dict[str, Any] = {
        "workspace_id": tenancy.require_workspace(),
        "source_kind": SOURCE,
        "source_id": campaign.pk,
        "now": clock.now(),
    }
    skipped = sql.fetch_all(sql.load("northpost.campaigns", "count_skipped"), params)
    last_minute = sql.fetch_value(sql.load("northpost.campaigns", "count_recently_settled"), params)
    since = (params["now"] - campaign.started_at).total_seconds() if campaign.started_at else MINUTE
    speed = last_minute * MINUTE / min(max(since, 1.0), MINUTE)
    left = counted.waiting / speed * MINUTE if speed else None
    return Progress(
        counts=counted,
        skipped=[(row["reason"], row["people"]) for row in skipped],
        speed=speed,
        left_seconds=left,
    )
