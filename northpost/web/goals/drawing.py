"""A goal's line as the charts draw it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from northpost.goals.kpis import Unit
from northpost.goals.queries import Progress

SMALL_POINTS = 60


def chart_of(progress: Progress) -> dict[str, Any]:
    """The line against the straight way, with the forecast and its band from the last reading to the deadline."""
    days = [day for day, _value in progress.way]
    known = dict(progress.line)
    spec: dict[str, Any] = {
        "kind": "line",
        "unit": _unit(progress),
        "x": days,
        "series": [{"name": _("So far"), "values": [known.get(day) for day in days], "role": "actual"}],
        "target": {"name": _("Way to the target"), "values": [value for _day, value in progress.way]},
    }
    forecast = progress.forecast
    if forecast is None or not progress.line or progress.line[-1][0] >= days[-1]:
        return spec
    last_day, last = progress.line[-1]
    spec["series"].append(
        {"name": _("At this pace"), "values": _ray(days, last_day, last, forecast.value), "role": "forecast"}
    )
    if forecast.low is not None and forecast.high is not None:
        spec["band"] = {
            "name": _("Four times in five"),
            "low": _ray(days, last_day, last, forecast.low),
            "high": _ray(days, last_day, last, forecast.high),
        }
    return spec


def _ray(days: list[date], first: date, start: Decimal, end: Decimal) -> list[Decimal | None]:
    """From ``start`` on ``first`` straight to ``end`` on the last day; nothing before."""
    length = (days[-1] - first).days
    return [
        None if day < first else (start + (end - start) * (day - first).days / length).quantize(Decimal("0.0001"))
        for day in days
    ]


def _unit(progress: Progress) -> str:
    return {Unit.RATE: "%", Unit.MONEY: progress.currency}.get(progress.kpi.unit, "")


def small_line(progress: Progress, width: int = 160, height: int = 36) -> dict[str, str] | None:
    """Points of a small picture of the line and its way, for SVG polylines; None before there is a line."""
    if len(progress.line) < 2:
        return None
    first, last = progress.way[0][0], progress.way[-1][0]
    length = max((last - first).days, 1)
    values = [float(value) for _day, value in [*progress.line, progress.way[0], progress.way[-1]]]
    low, high = min(values), max(values)
    span = (high - low) or 1.0

    def point(day: date, value: Decimal) -> str:
        x = (day - first).days / length * width
        y = height - 2 - (float(value) - low) / span * (height - 4)
        return f"{x:.1f},{y:.1f}"

    step = max(1, len(progress.line) // SMALL_POINTS)
    shown = [*progress.line[:-1:step], progress.line[-1]]
    return {
        "line": " ".join(point(day, value) for day, value in shown),
        "way": " ".join(point(day, value) for day, value in (progress.way[0], progress.way[-1])),
        "width": str(width),
        "height": str(height),
    }
