"""What the DMARC reports say, as figures to draw: by day and by sending server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Max, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from northpost.delivery.models import DmarcReport, DmarcRow

_PASS = Q(dkim_aligned=True) | Q(spf_aligned=True)


@dataclass(frozen=True)
class DmarcDay:
    """A day (UTC) that reports began on: messages of which DKIM or SPF passed and was aligned, and of which neither."""

    day: date
    passed: int
    failed: int


@dataclass(frozen=True)
class DmarcSource:
    """A server that mail in the domain's name came from. ``refused``: quarantined or rejected."""

    source_ip: str
    messages: int
    dkim: int
    spf: int
    passed: int
    refused: int
    last_seen: datetime


@dataclass(frozen=True)
class DmarcDomain:
    """A domain with reports: who wrote how many, and the policy that the newest one found published."""

    domain: str
    reports: int
    organisations: int
    messages: int
    passed: int
    published: dict[str, str]


def dmarc_domains(*, since: datetime, until: datetime) -> list[DmarcDomain]:
    """The current workspace's domains that reports of this span are about, most mail first."""
    rows = (
        _rows(since, until)
        .values("report__domain")
        .annotate(
            reports=Count("report", distinct=True),
            organisations=Count("report__organisation", distinct=True),
            total=Sum("messages"),
            passed=Sum("messages", filter=_PASS),
        )
        .order_by("-total", "report__domain")
    )
    return [
        DmarcDomain(
            domain=row["report__domain"],
            reports=row["reports"],
            organisations=row["organisations"],
            messages=row["total"],
            passed=row["passed"] or 0,
            published=_newest_policy(row["report__domain"]),
        )
        for row in rows
    ]


def dmarc_days(*, domain: str, since: datetime, until: datetime) -> list[DmarcDay]:
    """The days with reports, oldest first."""
    rows = (
        _rows(since, until)
        .filter(report__domain=domain)
        .annotate(day=TruncDate("report__begins_at"))
        .values("day")
        .annotate(total=Sum("messages"), passed=Sum("messages", filter=_PASS))
        .order_by("day")
    )
    return [DmarcDay(row["day"], row["passed"] or 0, row["total"] - (row["passed"] or 0)) for row in rows]


def dmarc_sources(*, domain: str, since: datetime, until: datetime, most: int = 50) -> list[DmarcSource]:
    """The servers that most mail came from."""
    rows = (
        _rows(since, until)
        .filter(report__domain=domain)
        .values("source_ip")
        .annotate(
            total=Sum("messages"),
            dkim=Sum("messages", filter=Q(dkim_aligned=True)),
            spf=Sum("messages", filter=Q(spf_aligned=True)),
            passed=Sum("messages", filter=_PASS),
            refused=Sum("messages", filter=Q(disposition__in=("quarantine", "reject"))),
            last_seen=Max("report__ends_at"),
        )
        .order_by("-total", "source_ip")[:most]
    )
    return [
        DmarcSource(
            source_ip=row["source_ip"],
            messages=row["total"],
            dkim=row["dkim"] or 0,
            spf=row["spf"] or 0,
            passed=row["passed"] or 0,
            refused=row["refused"] or 0,
            last_seen=row["last_seen"],
        )
        for row in rows
    ]


def _rows(since: datetime, until: datetime) -> QuerySet[DmarcRow]:
    return DmarcRow.objects.filter(report__begins_at__gte=since, report__begins_at__lt=until)


def _newest_policy(domain: str) -> dict[str, str]:
    newest = DmarcReport.objects.filter(domain=domain).order_by("-ends_at", "-pk").first()
    return dict(newest.published) if newest is not None else {}
