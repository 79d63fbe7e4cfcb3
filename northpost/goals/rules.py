"""Pure reckoning: the straight way to a target, and where a goal ends at its pace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from math import sqrt
from statistics import fmean, pstdev

FORECAST_FROM_DAYS = 7
# Of a normal distribution, this many deviations to each side hold 80%.
EIGHTY_PERCENT = 1.2816

Line = Sequence[tuple[date, Decimal | None]]


@dataclass(frozen=True)
class Forecast:
    """What the figure comes to by the deadline at the pace so far; four times in five between ``low`` and ``high``.

    The band takes days to be alike and independent of one another; a level (a rate) has no band.
    """

    value: Decimal
    low: Decimal | None = None
    high: Decimal | None = None


def straight_way(start: Decimal, target: Decimal, first: date, deadline: date, day: date) -> Decimal:
    """Where the figure should stand by the end of ``day``, going evenly from ``start`` to ``target``."""
    length = (deadline - first).days + 1
    gone = min(max((day - first).days + 1, 0), length)
    return (start + (target - start) * gone / length).quantize(Decimal("0.0001"))


def is_on_track(value: Decimal, expected: Decimal, *, higher_is_better: bool) -> bool:
    return value >= expected if higher_is_better else value <= expected


def forecast(
    line: Line, first: date, deadline: date, *, grows: bool, may_fall: bool = False, ceiling: Decimal | None = None
) -> Forecast | None:
    """None while it is too early: fewer than 7 days, or less than half of a period shorter than two weeks.

    Of a growing figure: the mean daily increment goes on; its spread over n days gives the remaining r days a
    deviation of s * sqrt(r + r*r/n), the second part for not knowing the mean better. A figure that only counts up
    doesn't end below where it is; a share (``may_fall``) may, and not above its ``ceiling``.
    """
    known = [value for _day, value in line if value is not None]
    length = (deadline - first).days + 1
    if not known or len(line) < min(FORECAST_FROM_DAYS, max(2, length // 2)):
        return None
    if not grows:
        return Forecast(known[-1])
    values = [Decimal(0), *(value if value is not None else Decimal(0) for _day, value in line)]
    increments = [float(after - before) for before, after in pairwise(values)]
    passed, remaining = len(increments), length - len(increments)
    end = values[-1] + Decimal(str(fmean(increments))) * remaining
    band = Decimal(str(EIGHTY_PERCENT * pstdev(increments) * sqrt(remaining + remaining * remaining / passed)))
    floor = Decimal(0) if may_fall else values[-1]

    def within(value: Decimal) -> Decimal:
        held = max(value, floor)
        return (held if ceiling is None else min(held, ceiling)).quantize(Decimal("0.0001"))

    return Forecast(within(end), within(end - band), within(end + band))
