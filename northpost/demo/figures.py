"""What the main job came to, read by the product's own queries."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from northpost.analytics import queries as analytics
from northpost.campaigns import queries as campaigns
from northpost.campaigns.actions import SOURCE
from northpost.contacts.models import Contact
from northpost.core import clock
from northpost.delivery import queries as ledger
from northpost.demo.goals import GoalFigure, goal_figures
from northpost.team.models import Workspace


@dataclass(frozen=True)
class DemoResult:
    """The figures of the demo's workspace.

    messages: state -> count over all mailings; their sum is everybody who was in an audience. opens, clicks: people
    per mailing, without machines. orders and revenue: touched by mail (last click within a week), net of refunds;
    touched is not caused. seconds: how long the job took (0 where it had been done before).
    """

    people: int
    messages: dict[str, int]
    opens: int
    clicks: int
    unsubscribes: int
    orders: int
    revenue: Decimal
    currency: str
    goals: tuple[GoalFigure, ...]
    seconds: float
    already_there: bool = False

    def to_json(self) -> dict[str, Any]:
        """Ready for json.dumps: money as text with two decimals, goals' figures as numbers."""
        return {
            "people": self.people,
            "messages": self.messages,
            "opens": self.opens,
            "clicks": self.clicks,
            "unsubscribes": self.unsubscribes,
            "orders": self.orders,
            "revenue": {"amount": f"{self.revenue:.2f}", "currency": self.currency},
            "goals": [asdict(goal) for goal in self.goals],
            "seconds": round(self.seconds, 1),
        }


def measure(workspace: Workspace, *, seconds: float, already_there: bool = False) -> DemoResult:
    """Read the figures of the current workspace."""
    mailings = [mailing.pk for mailing in campaigns.find_campaigns()]
    states: Counter[str] = Counter()
    for mailing in mailings:
        states.update(ledger.counts(SOURCE, mailing).states)
    counted = campaigns.counts(mailings).values()
    touched = analytics.touched(source_kind=SOURCE, source_ids=mailings).values()
    return DemoResult(
        people=Contact.objects.count(),
        messages=dict(sorted(states.items())),
        opens=sum(each.opened for each in counted),
        clicks=sum(each.clicked for each in counted),
        unsubscribes=sum(each.unsubscribed for each in counted),
        orders=sum(each.orders for each in touched),
        revenue=sum((each.net.get(workspace.currency, Decimal(0)) for each in touched), Decimal(0)),
        currency=workspace.currency,
        goals=goal_figures(clock.now()),
        seconds=seconds,
        already_there=already_there,
    )
