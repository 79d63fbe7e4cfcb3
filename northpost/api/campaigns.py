"""Mailings and their figures, counted as the report's page counts them: people, without machines."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from northpost.analytics import reports
from northpost.campaigns import queries
from northpost.campaigns.models import Campaign, CampaignState
from northpost.campaigns.queries import Counts
from northpost.campaigns.rules import EDITABLE

router = Router(tags=["campaigns"])


class Problem(Schema):
    """Why there is no answer."""

    detail: str


class Mistake(Schema):
    """What a parameter lacks: where it is, and what is wrong with it."""

    type: str
    loc: list[str | int]
    msg: str


class Mistakes(Schema):
    detail: list[Mistake]


REFUSED = {401: Problem, 422: Mistakes, 429: Problem}


class Figures(Schema):
    """People by what became of their message; ``chosen`` is the sum of all states.

    opened and clicked leave out what was probably a machine. delivered: accepted, and not bounced.
    """

    chosen: int
    waiting: int
    accepted: int
    rejected: int
    in_doubt: int
    skipped: int
    bounced: int
    delivered: int
    opened: int
    clicked: int
    unsubscribed: int
    complained: int


class CampaignOut(Schema):
    id: int
    name: str
    state: CampaignState
    scheduled_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    figures: Figures


class Amount(Schema):
    amount: str = Field(description="a decimal number")
    currency: str = Field(description="ISO 4217")


class LinkOut(Schema):
    url: str
    label: str
    people: int
    clicks: int


class Touched(Schema):
    """Orders within the window after a person's click: touched by the mail, which is not caused by it."""

    people: int
    orders: int
    revenue: list[Amount] | None = Field(description="less refunds, by currency; null where the key sees no money")


class ReportOut(CampaignOut):
    skipped_because: dict[str, int] = Field(description="reason -> people")
    touched: Touched
    caused: str = Field(description="'not measured': that takes a holdout")
    links: list[LinkOut]
    machine_opens: int = Field(description="openings that were probably a machine's, and are in no other figure")
    machine_clicks: int


class CampaignList(Schema):
    items: list[CampaignOut]
    total: int


@router.get("", response={200: CampaignList, **REFUSED}, summary="Mailings, the newest first")
def list_campaigns(
    request: HttpRequest,
    state: CampaignState | None = None,
    limit: int = Query(50, ge=1, le=200),
    offset: int = Query(0, ge=0, le=1_000_000),
) -> dict[str, Any]:
    found: QuerySet[Campaign] = queries.find_campaigns(state=state.value if state else "")
    page = queries.with_counts(list(found[offset : offset + limit]))
    return {"items": [_described(campaign, counts) for campaign, counts in page], "total": found.count()}


@router.get(
    "/{campaign_id}",
    response={200: ReportOut, 404: Problem, **REFUSED},
    summary="A mailing that went out, with all its figures",
)
def get_campaign(request: HttpRequest, campaign_id: int) -> dict[str, Any]:
    # Larger numbers than the database has are nobody's.
    campaign = Campaign.objects.filter(pk=campaign_id).first() if abs(campaign_id) < 2**63 else None
    if campaign is None or campaign.state in EDITABLE:
        raise Http404
    found = reports.report(campaign)
    sees_money: bool = request.auth.sees_money  # type: ignore[attr-defined]
    net = sorted(found.touched.net.items())
    return _described(campaign, found.counts) | {
        "skipped_because": dict(queries.progress(campaign).skipped),
        "touched": {
            "people": found.ordered,
            "orders": found.touched.orders,
            "revenue": [{"amount": str(amount), "currency": code} for code, amount in net] if sees_money else None,
        },
        "caused": "not measured",
        "links": found.links,
        "machine_opens": found.machine_opens,
        "machine_clicks": found.machine_clicks,
    }


def _described(campaign: Campaign, counts: Counts) -> dict[str, Any]:
    return {
        "id": campaign.pk,
        "name": campaign.name,
        "state": campaign.state,
        "scheduled_at": campaign.scheduled_at,
        "started_at": campaign.started_at,
        "finished_at": campaign.finished_at,
        "figures": counts,
    }
