"""What mailbox providers report of mail in Voltline's name: DMARC aggregate reports of the last weeks.

Written as providers write them, in both formats and packed in every way, and taken in by the product's own way in.
They tell of what went out by Northpost, as the ledger has it, and of what a firm finds out only from such reports:
a shop program that signs nothing, an invoicing program that nobody had thought of, a forwarding server, a stranger.
"""

from __future__ import annotations

import gzip
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import blake2b

from northpost.core import clock, tenancy
from northpost.delivery.inbound.taking import take_in
from northpost.delivery.inbound.whose import inbox_address
from northpost.delivery.models import DeliveryCount, Way
from northpost.demo.returns import DOMAIN
from northpost.demo.warming import DOMAIN as NEW_DOMAIN

DAYS = 28
# They come in the night after the day that they tell of.
COMES_AFTER = timedelta(days=1, hours=3, minutes=40)
INVOICES_MENDED = 17  # days ago
STRANGER_CAME = frozenset({23, 22, 12, 4})  # days ago


@dataclass(frozen=True)
class Reporter:
    """A provider that reports. ``packed``: gz, zip or xml; ``new``: by the newer schema; ``share``: of all mail."""

    name: str
    packed: str
    share: float
    new: bool = False


REPORTERS = (
    Reporter("mail.example", "gz", 0.30),
    Reporter("post.example", "zip", 0.22),
    Reporter("inbox.example", "xml", 0.14, new=True),
)


@dataclass(frozen=True)
class Seen:
    """Mail that a provider saw from one server. ``dkim``, ``spf``: who vouched for it, a domain, or nobody."""

    ip: str
    messages: int
    header_from: str = DOMAIN
    dkim: str = ""
    spf: str = ""
    disposition: str = "none"

    @property
    def dkim_aligned(self) -> bool:
        return _is_aligned(self.dkim)

    @property
    def spf_aligned(self) -> bool:
        return _is_aligned(self.spf)


def _is_aligned(domain: str) -> bool:
    return domain == DOMAIN or domain.endswith(f".{DOMAIN}")


def bring_reports(*, end: datetime, people: int, seed: int) -> int:
    """Hand in the reports of the days before `end`, each when it would have come; returns how many. What follows from
    them, follows with `follow_up`. Wants the days of deliverability counted."""
    last = (end - COMES_AFTER).astimezone(UTC).date()
    ours = _our_mail(last - timedelta(days=DAYS), last)
    address = inbox_address(tenancy.require_workspace(), DOMAIN)
    count = 0
    for number in range(DAYS - 1, -1, -1):
        day = last - timedelta(days=number)
        comes_at = datetime.combine(day, time(), UTC) + COMES_AFTER
        for reporter in REPORTERS:
            seen = [*_northpost(ours[day, reporter.name]), *_others(reporter, number, people / 20_000, seed)]
            if not seen:
                continue
            with clock.use(clock.VirtualClock(comes_at)):
                mail = write_report(reporter, day, seen, address=address, at=comes_at)
                take_in(raw=mail, way=Way.LMTP, envelope_recipient=address)
            count += 1
    return count


def _our_mail(first: date, last: date) -> Mapping[tuple[date, str], dict[str, int]]:
    """Day and the people's domain -> our domain -> messages that were taken."""
    found: dict[tuple[date, str], dict[str, int]] = defaultdict(dict)
    rows = DeliveryCount.objects.filter(day__gte=first, day__lte=last, accepted__gt=0).order_by("pk")
    for day, domain, own, accepted in rows.values_list("day", "domain", "sender_domain", "accepted"):
        found[day, domain][own] = accepted
    return found


def _northpost(ours: Mapping[str, int]) -> Iterator[Seen]:
    for own, messages in sorted(ours.items()):
        ip = "203.0.113.26" if own == NEW_DOMAIN else "203.0.113.25"
        forwarded = messages // 60
        yield Seen(ip, messages - forwarded, own, dkim=own, spf=own)
        if forwarded:
            # Passed on by somebody's old mailbox: the signature holds, the server is another's.
            yield Seen("192.0.2.77", forwarded, own, dkim=own, spf="forwarding.example")


def _others(reporter: Reporter, days_ago: int, size: float, seed: int) -> Iterator[Seen]:
    def about(what: str, least: int, most: int) -> int:
        drawn = blake2b(f"{seed}/{reporter.name}/{days_ago}/{what}".encode(), digest_size=4).digest()
        count = least + int.from_bytes(drawn, "big") % (most - least + 1)
        return round(count * reporter.share * size)

    mended = days_ago < INVOICES_MENDED
    for seen in (
        Seen("198.51.100.40", about("orders", 60, 140), spf=DOMAIN),
        Seen(
            "198.51.100.41",
            about("invoices", 20, 50),
            dkim=DOMAIN if mended else "",
            spf="invoicing.example",
            disposition="none" if mended else "quarantine",
        ),
        Seen(
            "192.0.2.199",
            about("stranger", 300, 900) if days_ago in STRANGER_CAME else 0,
            spf="elsewhere.example",
            disposition="quarantine",
        ),
    ):
        if seen.messages:
            yield seen


# --- as a provider writes it -------------------------------------------------------------------------


def write_report(reporter: Reporter, day: date, seen: list[Seen], *, address: str, at: datetime) -> bytes:
    """The mail that carries a report of one day (RFC 7489, 7.2.1.1: how it and its file are named)."""
    begin = int(datetime.combine(day, time(), UTC).timestamp())
    end = begin + 86_399
    name = f"{reporter.name}!{DOMAIN}!{begin}!{end}"
    xml = "\n".join(_report(reporter, begin, end, seen)).encode()
    mail = EmailMessage()
    mail["From"] = f"dmarc-reports@{reporter.name}"
    mail["To"] = address
    mail["Subject"] = f"Report Domain: {DOMAIN} Submitter: {reporter.name} Report-ID: {begin}"
    mail["Message-ID"] = f"<{begin}.dmarc@{reporter.name}>"
    mail["Date"] = format_datetime(at)
    mail.set_content(f"This is a DMARC aggregate report for {DOMAIN}.\n")
    if reporter.packed == "gz":
        mail.add_attachment(
            gzip.compress(xml, mtime=begin), maintype="application", subtype="gzip", filename=f"{name}.xml.gz"
        )
    elif reporter.packed == "zip":
        mail.add_attachment(
            _zipped(xml, f"{name}.xml", day), maintype="application", subtype="zip", filename=f"{name}.zip"
        )
    else:
        mail.add_attachment(xml, maintype="application", subtype="xml", filename=f"{name}.xml")
    return mail.as_bytes()


def _zipped(xml: bytes, name: str, day: date) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, (day.year, day.month, day.day, 0, 0, 0)), xml)
    return stream.getvalue()


def _report(reporter: Reporter, begin: int, end: int, seen: list[Seen]) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield '<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0">' if reporter.new else "<feedback>"
    yield f"<version>1.0</version><report_metadata><org_name>{reporter.name}</org_name>"
    yield f"<email>dmarc-reports@{reporter.name}</email><report_id>{begin}</report_id>"
    yield f"<date_range><begin>{begin}</begin><end>{end}</end></date_range></report_metadata>"
    yield f"<policy_published><domain>{DOMAIN}</domain>"
    yield "<discovery_method>treewalk</discovery_method>" if reporter.new else ""
    yield "<p>quarantine</p><sp>quarantine</sp><adkim>r</adkim><aspf>r</aspf>"
    yield ("<np>reject</np><testing>n</testing>" if reporter.new else "<pct>100</pct>") + "</policy_published>"
    for one in seen:
        yield from _record(one)
    yield "</feedback>"


def _record(one: Seen) -> Iterator[str]:
    yield f"<record><row><source_ip>{one.ip}</source_ip><count>{one.messages}</count><policy_evaluated>"
    yield f"<disposition>{one.disposition}</disposition><dkim>{_passes(one.dkim_aligned)}</dkim>"
    yield f"<spf>{_passes(one.spf_aligned)}</spf></policy_evaluated></row>"
    yield f"<identifiers><envelope_from>{one.spf or one.header_from}</envelope_from>"
    yield f"<header_from>{one.header_from}</header_from></identifiers><auth_results>"
    if one.dkim:
        yield f"<dkim><domain>{one.dkim}</domain><selector>np1</selector><result>pass</result></dkim>"
    yield f"<spf><domain>{one.spf or one.header_from}</domain><scope>mfrom</scope><result>pass</result></spf>"
    yield "</auth_results></record>"


def _passes(aligned: bool) -> str:
    return "pass" if aligned else "fail"
