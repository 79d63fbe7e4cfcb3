"""The catalogue of figures that goals are stated in.

A figure is a series of increments per day, ``top`` and ``bottom``: over any period from its start it is the sum of
top, or sum of top over sum of bottom. So one statement measures a value, a baseline and the whole line of a goal.
Higher rooms add figures with :func:`register`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.utils.functional import Promise

from northpost.core import sql, statistics, tenancy
from northpost.core.sql import Fragment
from northpost.goals.groups import members
from northpost.goals.models import Group
from northpost.segments.lifecycle import thresholds
from northpost.team.models import Workspace


class Unit(StrEnum):
    """``rate`` is a share from 0 to 1; ``money`` in the workspace's currency; ``ratio`` a plain quotient."""

    COUNT = "count"
    MONEY = "money"
    RATE = "rate"
    RATIO = "ratio"


@dataclass(frozen=True)
class Scope:
    """What is measured: the people of ``group`` at the start, between two moments; days are those of ``zone``."""

    group: str
    start: datetime
    finish: datetime
    zone: str
    currency: str
    at_risk_days: int
    lapsed_days: int


Series = Callable[[Scope], Fragment]


@dataclass(frozen=True)
class Kpi:
    """``series`` is a query for (day, top, bottom). ``divides``: the value is top over bottom.

    ``grows``: it adds up through the period, so the way to the target starts at 0; else it is a level, and the way
    starts at the baseline. ``named`` holds %(group)s; ``formula`` is shown to users beside the figure.
    """

    key: str
    label: str | Promise
    named: str | Promise
    formula: str | Promise
    unit: Unit
    series: Series
    higher_is_better: bool = True
    divides: bool = False
    grows: bool = True
    groups: tuple[str, ...] = tuple(Group.values)

    @property
    def harm(self) -> bool:
        """A level that mail itself brings about, and that is to stay low: people leave, or call it spam."""
        return not self.higher_is_better and not self.grows


_kpis: dict[str, Kpi] = {}


def register(kpi: Kpi) -> None:
    """Add a figure; its key must be free."""
    if kpi.key in _kpis and _kpis[kpi.key] != kpi:
        raise ValueError(f"there is a figure {kpi.key!r} already")
    _kpis[kpi.key] = kpi


def get(key: str) -> Kpi | None:
    return _kpis.get(key)


def kpis(group: str | None = None) -> list[Kpi]:
    """All, or those that suit a group, in the order of registration."""
    return [kpi for kpi in _kpis.values() if group is None or group in kpi.groups]


def from_file(name: str) -> Series:
    """The series in ``sql/series_<name>.sql``, with the group's members put in its {members}."""

    def series(scope: Scope) -> Fragment:
        group = members(scope.group, scope.start)
        text = sql.load("northpost.goals", f"series_{name}").replace("{members}", group.text)
        params = {
            "workspace_id": tenancy.require_workspace(),
            "start": scope.start,
            "finish": scope.finish,
            "zone": scope.zone,
            "currency": scope.currency,
            "at_risk_days": scope.at_risk_days,
            "lapsed_days": scope.lapsed_days,
        }
        return Fragment(text, {**params, **group.params})

    return series


def day_start(day: date, zone: str) -> datetime:
    """The first moment of a calendar day in ``zone``, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def scope(group: str, first: date, last: date) -> Scope:
    """The days ``first`` to ``last``, both included, of the current workspace."""
    workspace = Workspace.objects.get(pk=tenancy.require_workspace())
    limits = thresholds()
    return Scope(
        group=group,
        start=day_start(first, workspace.time_zone),
        finish=day_start(last + timedelta(days=1), workspace.time_zone),
        zone=workspace.time_zone,
        currency=workspace.currency,
        at_risk_days=limits.at_risk_days,
        lapsed_days=limits.lapsed_days,
    )


def measure(kpi: Kpi, group: str, first: date, last: date) -> Decimal | None:
    """The figure over the days ``first`` to ``last``; None where there is nothing to divide by."""
    line = course(kpi, group, first, last)
    return line[-1][1] if line else None


def course(kpi: Kpi, group: str, first: date, last: date) -> list[tuple[date, Decimal | None]]:
    """What the figure had come to, from ``first`` on, by the end of each day until ``last``."""
    statistics.keep_fresh()
    query = kpi.series(scope(group, first, last))
    rows = sql.fetch_all(
        f"SELECT day, sum(top) AS top, sum(bottom) AS bottom FROM ({query.text}) AS series GROUP BY day", query.params
    )
    return _add_up(kpi, {row["day"]: (row["top"], row["bottom"]) for row in rows}, each_day(first, last))


def each_day(first: date, last: date) -> list[date]:
    return [first + timedelta(days=count) for count in range((last - first).days + 1)]


def _add_up(
    kpi: Kpi, increments: dict[date, tuple[Decimal, Decimal]], days: Sequence[date]
) -> list[tuple[date, Decimal | None]]:
    top = bottom = Decimal(0)
    line: list[tuple[date, Decimal | None]] = []
    for day in days:
        more = increments.get(day, (Decimal(0), Decimal(0)))
        top, bottom = top + more[0], bottom + more[1]
        if not kpi.divides:
            line.append((day, top))
        else:
            line.append((day, (top / bottom).quantize(Decimal("0.0001")) if bottom else None))
    return line
