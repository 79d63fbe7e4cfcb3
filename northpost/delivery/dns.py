"""What the DNS says about a sender's domain: SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 7489)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import dns.exception
import dns.resolver

SECONDS = 3.0


class Finding(StrEnum):
    """``unknown``: it could not be looked up, which says nothing about the domain."""

    GOOD = "good"
    MISSING = "missing"
    DOUBLE = "double"
    UNKNOWN = "unknown"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True)
class DomainReport:
    """``policy``: DMARC's p= (none, quarantine, reject), or empty."""

    domain: str
    spf: Finding
    dkim: Finding
    dmarc: Finding
    policy: str = ""

    @property
    def could_be_looked_up(self) -> bool:
        return Finding.UNKNOWN not in (self.spf, self.dmarc)

    @property
    def good(self) -> bool:
        return (
            self.spf is Finding.GOOD and self.dmarc is Finding.GOOD and self.dkim in (Finding.GOOD, Finding.NOT_ASKED)
        )


def check_domain(domain: str, *, selector: str = "", resolver: dns.resolver.Resolver | None = None) -> DomainReport:
    """Look the three up, for at most a few seconds. Never raises for the network's sake: see Finding.UNKNOWN."""
    try:
        asked = resolver or _resolver()
    except dns.exception.DNSException:
        return DomainReport(domain, Finding.UNKNOWN, Finding.UNKNOWN, Finding.UNKNOWN)
    spf, _text = _find(asked, domain, "v=spf1")
    dmarc, text = _find(asked, f"_dmarc.{domain}", "v=DMARC1")
    dkim = Finding.NOT_ASKED
    if selector:
        dkim, _key = _find(asked, f"{selector}._domainkey.{domain}", "p=", anywhere=True)
    return DomainReport(domain, spf, dkim, dmarc, _policy(text))


def _resolver() -> dns.resolver.Resolver:
    resolver = dns.resolver.Resolver()
    resolver.lifetime = SECONDS
    resolver.timeout = SECONDS
    return resolver


def _find(resolver: dns.resolver.Resolver, name: str, mark: str, *, anywhere: bool = False) -> tuple[Finding, str]:
    try:
        answer = resolver.resolve(name, "TXT")
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return Finding.MISSING, ""
    except (dns.exception.DNSException, OSError, ValueError):
        return Finding.UNKNOWN, ""
    texts = [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
    found = [text for text in texts if (mark in text if anywhere else text.lower().startswith(mark.lower()))]
    if not found:
        return Finding.MISSING, ""
    # Two SPF or DMARC records are an error that makes both void (RFC 7208, 4.5; RFC 7489, 6.6.3).
    return (Finding.DOUBLE if len(found) > 1 and not anywhere else Finding.GOOD), found[0]


def _policy(text: str) -> str:
    for part in text.split(";"):
        name, _equals, value = part.partition("=")
        if name.strip().lower() == "p":
            return value.strip().lower()
    return ""
