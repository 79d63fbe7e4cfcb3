"""The workspace's figures over a range of days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from northpost.analytics import queries
from northpost.core import sql, tenancy
from northpost.team.models import Workspace


@dataclass(frozen=True)
class Overview:
    """Counts of a range; ``revenue`` is orders less refunds in the workspace's currency, ``touched`` the part that
    followed a click. Rates are per message sent, None where nothing was sent."""

    sent: int
    reached: int
    clicked: int
    unsubscribed: int
    complained: int
    orders: int
    revenue: Decimal
    touched_orders: int
    touched: Decimal

    @property
    def click_rate(self) -> float | None:
        return self.clicked / self.sent if self.sent else None

    @property
    def unsubscribe_rate(self) -> float | None:
        return self.unsubscribed / self.sent if self.sent else None

    @property
    def average_order(self) -> Decimal | None:
        return self.revenue / self.orders if self.orders else None


def overview(first: date, last: date, workspace: Workspace) -> Overview:
    """The figures of the days from ``first`` to ``last``, both included, in the workspace's zone."""
    zone, currency = workspace.time_zone, workspace.currency
    mail = sql.fetch_one(
        sql.load("northpost.analytics", "count_mail"),
        {"workspace_id": tenancy.require_workspace(), "first": first, "last": last, "zone": zone},
    )
    assert mail is not None  # an aggregate always has its row
    placed = queries.total("order.placed", first=first, last=last)
    refunded = queries.total("order.refunded", first=first, last=last)
    touched = queries.touched_between(first=first, last=last, zone=zone)
    return Overview(
        **mail,
        orders=placed.count,
        revenue=placed.amounts.get(currency, Decimal(0)) - refunded.amounts.get(currency, Decimal(0)),
        touched_orders=touched.orders,
        touched=touched.net.get(currency, Decimal(0)),
    )
