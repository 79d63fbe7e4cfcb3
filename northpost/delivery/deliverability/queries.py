"""Adding up how mail fared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from django.db.models import Max, Q, Sum

from northpost.delivery.limits.hosts import groups_of
from northpost.delivery.limits.providers import name_of
from northpost.delivery.models import DeliveryCount, DeliveryDay, DmarcRow


@dataclass(frozen=True)
class Fared:
    """How messages fared; see models.DeliveryCount. ``sent``: handed over, whatever became of it."""

    accepted: int = 0
    rejected: int = 0
    in_doubt: int = 0
    gave_up: int = 0
    put_off: int = 0
    hard: int = 0
    soft: int = 0
    unwanted: int = 0
    complained: int = 0
    opened: int = 0
    clicked: int = 0

    @property
    def sent(self) -> int:
        return self.accepted + self.rejected + self.in_doubt + self.gave_up

    @property
    def bounced(self) -> int:
        return self.hard + self.soft + self.unwanted

    def share(self, count: int) -> float:
        """Of those sent, 0 to 1."""
        return count / self.sent if self.sent else 0.0

    def __add__(self, other: Fared) -> Fared:
        return Fared(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(Fared)))


_SUMS = {field.name: Sum(field.name) for field in fields(Fared)}


@dataclass(frozen=True)
class Deliverability:
    """Everything over a range of days, both ends included. ``providers`` and ``domains``: the most mail first; a blank
    domain stands for all that get little."""

    total: Fared
    days: dict[date, Fared]
    providers: list[tuple[str, Fared]]
    domains: list[tuple[str, Fared]]
    senders: list[tuple[str, Fared]]
    counted_at: datetime | None


def deliverability(*, first: date, last: date, sender_domain: str = "") -> Deliverability:
    """Three grouped sums over the counts per day."""
    counts = DeliveryCount.objects.filter(day__gte=first, day__lte=last)
    senders = _by(counts, "sender_domain")
    if sender_domain:
        counts = counts.filter(sender_domain=sender_domain)
    domains = _by(counts, "domain")
    days = _by(counts, "day")
    return Deliverability(
        total=sum(domains.values(), Fared()),
        days=dict(sorted(days.items())),
        providers=_ranked(_regroup(domains)),
        domains=_ranked(domains),
        senders=_ranked(senders),
        counted_at=DeliveryDay.objects.aggregate(last=Max("counted_at"))["last"],
    )


def _by(counts: Any, what: str) -> dict[Any, Fared]:
    return {row.pop(what): Fared(**row) for row in counts.values(what).annotate(**_SUMS).order_by(what)}


def _regroup(domains: Mapping[str, Fared]) -> dict[str, Fared]:
    groups = groups_of(domain for domain in domains if domain)
    found: dict[str, Fared] = {}
    for domain, fared in domains.items():
        name = name_of(groups[domain]) if domain else ""
        found[name] = found.get(name, Fared()) + fared
    return found


def _ranked(found: Mapping[str, Fared]) -> list[tuple[str, Fared]]:
    # What stands for all the rest comes last.
    return sorted(found.items(), key=lambda item: (item[0] == "", -item[1].sent, item[0]))


@dataclass(frozen=True)
class DmarcFared:
    """Messages that reports tell of: ``passed`` DMARC, ``failed``, and of these those that were kept out."""

    passed: int = 0
    failed: int = 0
    kept_out: int = 0

    def __add__(self, other: DmarcFared) -> DmarcFared:
        return DmarcFared(self.passed + other.passed, self.failed + other.failed, self.kept_out + other.kept_out)


@dataclass(frozen=True)
class DmarcSource:
    """A server that sent mail in our name, by its address. ``proved``: the domains, ours or not, that it could prove
    to speak for (by DKIM or SPF), in alphabetical order."""

    ip: str
    fared: DmarcFared
    proved: tuple[str, ...]


@dataclass(frozen=True)
class DmarcFigures:
    """``days`` and ``sources``, the most messages first; ``reporters``: how many organisations told."""

    days: dict[date, DmarcFared]
    sources: list[DmarcSource]
    reporters: int

    @property
    def total(self) -> DmarcFared:
        return sum(self.days.values(), DmarcFared())


def dmarc_figures(*, first: date, last: date, domain: str = "") -> DmarcFigures:
    """What receivers reported of these days (UTC, as reports are); ``domain``: of mail in this domain's name only.

    A report is about the domain that has the DMARC record, and so tells of those below it too.
    """
    rows = DmarcRow.objects.filter(report__begins_at__date__gte=first, report__begins_at__date__lte=last)
    if domain:
        rows = rows.filter(Q(header_from=domain) | Q(header_from="", report__domain=domain))
    read = [
        (begins_at.date(), source_ip, organisation, _fared(messages, dkim or spf, disposition), _proved(auth))
        for begins_at, source_ip, organisation, messages, dkim, spf, disposition, auth in rows.values_list(
            "report__begins_at",
            "source_ip",
            "report__organisation",
            "messages",
            "dkim_aligned",
            "spf_aligned",
            "disposition",
            "auth",
        )
    ]
    days = _summed(read, lambda row: row[0])
    sources = _summed(read, lambda row: row[1])
    proved: dict[str, set[str]] = {}
    for _day, source_ip, _organisation, _each, domains in read:
        proved.setdefault(source_ip, set()).update(domains)
    return DmarcFigures(
        days=dict(sorted(days.items())),
        sources=[
            DmarcSource(ip, fared, tuple(sorted(proved[ip])))
            for ip, fared in sorted(sources.items(), key=lambda item: (-item[1].passed - item[1].failed, item[0]))
        ],
        reporters=len({row[2] for row in read}),
    )


def _proved(auth: Mapping[str, Iterable[Mapping[str, str]]]) -> set[str]:
    results = [one for kind in ("dkim", "spf") for one in auth.get(kind, ())]
    return {one["domain"] for one in results if one.get("result") == "pass" and one.get("domain")}


def _fared(messages: int, passed: bool, disposition: str) -> DmarcFared:
    if passed:
        return DmarcFared(passed=messages)
    return DmarcFared(failed=messages, kept_out=messages if disposition in ("quarantine", "reject") else 0)


def _summed(rows: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, DmarcFared]:
    found: dict[Any, DmarcFared] = {}
    for row in rows:
        found[key(row)] = found.get(key(row), DmarcFared()) + row[3]
    return found
