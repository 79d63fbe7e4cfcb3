"""Services' reports: taken in at once, each only once; what follows from them a moment later."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from django.db import transaction

from northpost.core import clock, sql, tenancy
from northpost.delivery.actions.doubt import Finding, resolve
from northpost.delivery.actions.hits import NewHit, record_hits
from northpost.delivery.actions.leaving import LateBounce, NoSuchMessage, complain, record_late_bounces, unsubscribe
from northpost.delivery.esp.reading import Forged, Report
from northpost.delivery.models import Evidence, HitKind, ReportKind, ServiceReport, Verdict
from northpost.delivery.rules.bounces import classify_bounce
from northpost.delivery.rules.replies import Blame

AT_ONCE = 1000


def take_in(reports: Sequence[Report], *, route_id: int) -> int:
    """Keep reports to be applied; returns how many are new. Raises Forged for a nonce that was used for another."""
    if not reports:
        return 0
    with transaction.atomic():
        rows = sql.fetch_all(
            sql.load("northpost.delivery", "insert_service_reports"),
            {
                "workspace_id": tenancy.require_workspace(),
                "route_id": route_id,
                "now": clock.now(),
                "keys": [one.key for one in reports],
                "nonces": [one.nonce for one in reports],
                "message_ids": [one.message_id for one in reports],
                "kinds": [one.kind.value for one in reports],
                "hards": [one.hard for one in reports],
                "codes": [one.code for one in reports],
                "enhanceds": [one.enhanced[:12] for one in reports],
                "texts": [one.text for one in reports],
                "agents": [one.agent for one in reports],
                "ats": [one.at for one in reports],
            },
        )
        told = {one.key for one in reports} - {row["key"] for row in rows}
        if ServiceReport.objects.filter(key__in=told).count() != len(told):
            raise Forged("a signature that was used before came with another report")
    return len(rows)


def apply_reports() -> int:
    """Let follow what follows from the reports that came in; returns how many."""
    done = 0
    while batch := _apply_batch():
        done += batch
    return done


def _apply_batch() -> int:
    now = clock.now()
    with transaction.atomic():
        waiting = ServiceReport.objects.select_for_update(skip_locked=True).filter(applied_at=None)
        reports = list(waiting.order_by("id")[:AT_ONCE])
        # Whatever is said of it: the service had it.
        had = sorted({report.message_id for report in reports})
        resolve([Finding(message_id, Verdict.DELIVERED) for message_id in had], evidence=Evidence.WEBHOOK)
        for kind, group in groupby(reports, key=lambda report: report.kind):
            _apply(ReportKind(kind), list(group))
        ServiceReport.objects.filter(pk__in=[report.pk for report in reports]).update(applied_at=now)
    return len(reports)


def _apply(kind: ReportKind, reports: Sequence[ServiceReport]) -> None:
    if kind is ReportKind.BOUNCED:
        record_late_bounces([_bounce(report) for report in reports])
    elif kind is ReportKind.OPENED:
        record_hits([_opening(report) for report in reports])
    elif kind in (ReportKind.COMPLAINED, ReportKind.UNSUBSCRIBED):
        deed = complain if kind is ReportKind.COMPLAINED else unsubscribe
        for report in reports:
            try:
                deed(message_id=report.message_id)
            except NoSuchMessage:
                continue


def _bounce(report: ServiceReport) -> LateBounce:
    blame = classify_bounce(code=report.code, enhanced=report.enhanced or None, text=report.text)
    if report.hard and blame is Blame.SOFT:
        blame = Blame.HARD
    return LateBounce(report.message_id, report.code, report.enhanced or None, report.text, blame)


def _opening(report: ServiceReport) -> NewHit:
    return NewHit(HitKind.OPEN, report.message_id, report.at, agent=report.agent, key=report.key[:40])
