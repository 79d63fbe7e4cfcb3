"""DMARC reports into their tables, and out again as figures."""

from __future__ import annotations

from collections.abc import Sequence

from northpost.core import addresses, clock
from northpost.delivery.inbound.dmarc import Report, UnreadableReport, read_report
from northpost.delivery.models import DmarcReport, DmarcRow, Sender


def store_reports(reports: Sequence[bytes], *, mail_id: int) -> str:
    """Store those that are new and about a domain that this workspace sends from; a code for what was wrong, or ""."""
    wrong = ""
    for xml in reports:
        try:
            report = read_report(xml)
        except UnreadableReport as refused:
            wrong = refused.reason
            continue
        if not is_ours(report.domain):
            # Anybody can write such a report about anything.
            wrong = "foreign_domain"
            continue
        _store(report, mail_id)
    return wrong


def is_ours(domain: str) -> bool:
    """Whether the workspace sends from this domain, one below it, or one above it."""
    senders = {addresses.normalise(sender).domain for sender in Sender.objects.values_list("email", flat=True)}
    return any(
        own == domain or own.endswith(f".{domain}") or domain.endswith(f".{own}") for own in senders if "." in domain
    )


def _store(report: Report, mail_id: int) -> None:
    stored, new = DmarcReport.objects.get_or_create(
        domain=report.domain,
        organisation=report.organisation,
        report_key=report.key,
        defaults={
            "published": report.published,
            "begins_at": report.begins_at,
            "ends_at": report.ends_at,
            "received_at": clock.now(),
            "mail_id": mail_id,
        },
    )
    if not new:
        return
    DmarcRow.objects.bulk_create(
        [
            DmarcRow(
                report=stored,
                source_ip=record.source_ip,
                messages=record.messages,
                disposition=record.disposition,
                dkim_aligned=record.dkim_aligned,
                spf_aligned=record.spf_aligned,
                header_from=record.header_from,
                envelope_from=record.envelope_from,
                reasons=list(record.reasons),
                auth=record.auth,
            )
            for record in report.records
        ],
        batch_size=1000,
    )
