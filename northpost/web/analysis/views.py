"""The whole workspace over a range: what was sent, what people did, what it was worth."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from northpost.analytics import queries
from northpost.analytics.counting import WINDOW
from northpost.analytics.overview import Overview, overview
from northpost.campaigns import queries as campaigns
from northpost.campaigns.actions import SOURCE
from northpost.core import clock
from northpost.team.models import Workspace
from northpost.team.rules import Ability, may
from northpost.web.frame.access import StaffRequest, address, needs

RANGES = (30, 90, 365)  # days
MAILINGS_SHOWN = 10


@needs(Ability.SEE)
def analysis(request: StaffRequest) -> HttpResponseBase:
    days = next((each for each in RANGES if request.GET.get("days") == str(each)), RANGES[0])
    last = clock.today(request.workspace.time_zone)
    first = last - timedelta(days=days - 1)
    now, before = (
        overview(first, last, request.workspace),
        overview(first - timedelta(days=days), first - timedelta(days=1), request.workspace),
    )
    money = may(request.membership.role, Ability.SEE_MONEY)
    context = {
        "tabs": [
            {"key": "analysis", "label": _("Results"), "url": request.path, "count": None},
            {
                "key": "deliverability",
                "label": _("Deliverability"),
                "url": address(request, "deliverability"),
                "count": None,
            },
        ],
        "here": "analysis",
        "days": days,
        "ranges": RANGES,
        "first": first,
        "last": last,
        "now": now,
        "before": before,
        "money": money,
        "currency": request.workspace.currency,
        "window_days": WINDOW.days,
        "clicks": _course(_("Clicks"), "mail.clicked", first, last),
        "revenue": _revenue(first, last, request.workspace.currency) if money and now.orders else None,
        "mailings": _mailings(first, last, request.workspace),
        "empty": _is_empty(now) and _is_empty(before),
    }
    return render(request, "web/analysis/analysis.html", context)


def _mailings(first: date, last: date, workspace: Workspace) -> list[dict[str, Any]]:
    """The last mailings begun on these days, with what became of them."""
    found = list(campaigns.begun_between(first=first, last=last, zone=workspace.time_zone)[:MAILINGS_SHOWN])
    touched = queries.touched(source_kind=SOURCE, source_ids=[campaign.pk for campaign in found])
    return [
        {
            "campaign": campaign,
            "counts": counts,
            "touched": touched[campaign.pk].net.get(workspace.currency, Decimal(0)),
        }
        for campaign, counts in campaigns.with_counts(found)
    ]


def _is_empty(figures: Overview) -> bool:
    return not (figures.sent or figures.orders)


def _course(name: str, kind: str, first: date, last: date) -> dict[str, Any]:
    points = queries.daily(kind, first=first, last=last)
    return {
        "kind": "days",
        "x": [day.isoformat() for day, _count in points],
        "series": [{"name": name, "values": [count for _day, count in points], "role": "actual"}],
    }


def _revenue(first: date, last: date, currency: str) -> dict[str, Any]:
    points = queries.daily_amount("order.placed", first=first, last=last, currency=currency)
    return {
        "kind": "days",
        "unit": currency,
        "x": [day.isoformat() for day, _amount in points],
        "series": [{"name": _("Revenue"), "values": [float(amount) for _day, amount in points], "role": "actual"}],
    }
