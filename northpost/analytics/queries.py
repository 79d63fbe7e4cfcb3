"""Figures: per day over any range, and what orders a source touched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from northpost.analytics.models import Daily
from northpost.core import sql, tenancy


@dataclass(frozen=True)
class Figure:
    """How often something happened, and what it was worth, by currency."""

    count: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)


def total(kind: str, *, first: date, last: date, source: str | None = None) -> Figure:
    """One kind over the days from ``first`` to ``last``, both included. Ranges add up."""
    found = _range([kind], first, last, source).values("currency").annotate(times=Sum("count"), worth=Sum("amount"))
    rows = list(found)
    return Figure(
        count=sum(row["times"] for row in rows),
        amounts={row["currency"]: row["worth"] for row in rows if row["currency"]},
    )


def daily(kind: str, *, first: date, last: date, source: str | None = None) -> list[tuple[date, int]]:
    """Each day of the range with its count; 0 where nothing happened."""
    found = _range([kind], first, last, source).values("day").annotate(times=Sum("count"))
    counts = {row["day"]: row["times"] for row in found}
    return [(day, counts.get(day, 0)) for day in _days(first, last)]


def daily_amount(kind: str, *, first: date, last: date, currency: str) -> list[tuple[date, Decimal]]:
    """Each day of the range with what it was worth in one currency."""
    found = _range([kind], first, last, None).filter(currency=currency).values("day").annotate(worth=Sum("amount"))
    amounts = {row["day"]: row["worth"] for row in found}
    return [(day, amounts.get(day, Decimal(0))) for day in _days(first, last)]


def _range(kinds: Iterable[str], first: date, last: date, source: str | None) -> Any:
    found = Daily.objects.filter(kind__in=list(kinds), day__gte=first, day__lte=last)
    return found if source is None else found.filter(source=source)


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


@dataclass(frozen=True)
class Touched:
    """Orders that followed a click within the window: touched, which is not caused (law 9).

    ``net`` is what was charged less what was refunded since, by currency.
    """

    orders: int = 0
    net: dict[str, Decimal] = field(default_factory=dict)


def touched(*, source_kind: str, source_ids: list[int]) -> dict[int, Touched]:
    """What the orders credited to each source come to, refunds taken off."""
    rows = sql.fetch_all(
        sql.load("northpost.analytics", "sum_touched"),
        {"workspace_id": tenancy.require_workspace(), "source_kind": source_kind, "ids": source_ids},
    )
    found: dict[int, Touched] = {}
    for row in rows:
        earlier = found.get(row["source_id"], Touched())
        found[row["source_id"]] = Touched(
            orders=earlier.orders + row["orders"], net=earlier.net | {row["currency"]: row["net"]}
        )
    return {source_id: found.get(source_id, Touched()) for source_id in source_ids}


def touched_between(*, first: date, last: date, zone: str) -> Touched:
    """The same for all mail, by the day of the order."""
    rows = sql.fetch_all(
        sql.load("northpost.analytics", "sum_touched_between"),
        {"workspace_id": tenancy.require_workspace(), "first": first, "last": last, "zone": zone},
    )
    return Touched(orders=sum(row["orders"] for row in rows), net={row["currency"]: row["net"] for row in rows})
