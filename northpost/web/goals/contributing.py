"""What was sent for a goal, and what followed: touched, which is not caused (law 9)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from northpost.analytics.queries import Touched, touched
from northpost.campaigns.actions import SOURCE
from northpost.campaigns.models import Campaign
from northpost.campaigns.queries import Counts, counts
from northpost.campaigns.rules import EDITABLE
from northpost.goals.models import Goal

SHOWN = 50


@dataclass(frozen=True)
class Contribution:
    """A mailing that serves the goal. ``begun`` is False for a draft or one that is planned."""

    campaign: Campaign
    counts: Counts
    touched: Touched
    begun: bool

    def revenue(self, currency: str) -> Decimal:
        return self.touched.net.get(currency, Decimal(0))


def contributions(goal: Goal) -> list[Contribution]:
    """The mailings that say they serve the goal, the newest first, at most ``SHOWN``."""
    serving = list(
        Campaign.objects.filter(goal_id=goal.pk, archived_at=None).order_by("-started_at", "-created_at")[:SHOWN]
    )
    ids = [campaign.pk for campaign in serving]
    counted, ordered = counts(ids), touched(source_kind=SOURCE, source_ids=ids)
    return [
        Contribution(campaign, counted[campaign.pk], ordered[campaign.pk], campaign.state not in EDITABLE)
        for campaign in serving
    ]
