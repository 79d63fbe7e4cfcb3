"""Who runs a domain's mailboxes: providers everybody knows, and for other domains what their MX records said.

Nothing is looked up while mail is being sent: a domain not yet known is a group of its own until the next look-up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from django.db.models import Q

from northpost.core import clock, sql, tenancy
from northpost.delivery.domains.resolving import CouldNotAsk, Resolver, new_resolver
from northpost.delivery.limits.providers import group_of_domain, group_of_hosts
from northpost.delivery.models import MailHost

AT_ONCE = 50
LIFETIME = timedelta(days=14)
AGAIN_AFTER = timedelta(hours=6)
BUDGET_SECONDS = 45.0
COMMON_DOMAINS = 300


def domain_of(address: str) -> str:
    """The domain of an e-mail address, ASCII and lower case as far as it was stored so."""
    return address.rpartition("@")[2].lower()


def groups_of(domains: Iterable[str]) -> Mapping[str, str]:
    """Domain -> its group, as far as it is known now. One statement for those that are no well-known provider's."""
    found: dict[str, str] = {}
    others: set[str] = set()
    for domain in domains:
        known = group_of_domain(domain)
        if known is None:
            others.add(domain)
        else:
            found[domain] = known
    if others:
        looked_up = MailHost.objects.filter(domain__in=others).exclude(mx_group="").values_list("domain", "mx_group")
        found |= dict.fromkeys(others) | dict(looked_up)  # type: ignore[arg-type]
    return {domain: group or domain for domain, group in found.items()}


def want(domains: Iterable[str]) -> None:
    """Have these looked up soon."""
    MailHost.objects.bulk_create(
        [MailHost(domain=domain[:255]) for domain in sorted(set(domains)) if group_of_domain(domain) is None],
        ignore_conflicts=True,
    )


def want_common() -> None:
    """Have the domains looked up that most people's addresses have."""
    rows = sql.fetch_all(
        sql.load("northpost.delivery", "find_common_domains"),
        {"workspace_id": tenancy.require_workspace(), "most": COMMON_DOMAINS},
    )
    want(row["domain"] for row in rows)


def look_up(*, resolver: Resolver | None = None) -> int:
    """Ask the DNS for some of those that are wanted or were asked for long ago; returns how many were asked for."""
    now = clock.now()
    waiting = Q(looked_up_at=None) | Q(looked_up_at__lt=now - LIFETIME)
    unanswered = Q(mx_group="", looked_up_at__lt=now - AGAIN_AFTER)
    rows = list(MailHost.objects.filter(waiting | unanswered).order_by("looked_up_at", "pk")[:AT_ONCE])
    asked = resolver or new_resolver(patience=BUDGET_SECONDS)
    for row in rows:
        row.mx_group = (_group(asked, row.domain) or row.mx_group)[:255]
        row.looked_up_at = now
    return MailHost.objects.bulk_update(rows, ["mx_group", "looked_up_at"])


def _group(resolver: Resolver, domain: str) -> str:
    """Empty where the DNS does not answer; that is tried again."""
    try:
        return group_of_hosts(domain, resolver.mail_servers(domain))
    except CouldNotAsk:
        return ""
