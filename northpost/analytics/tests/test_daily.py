"""Counts per day: in the workspace's zone, without machines, and adding up over any range."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from northpost.analytics import queries
from northpost.analytics.models import Daily
from northpost.analytics.overview import overview
from northpost.analytics.tests.conftest import DAY, HOUR, NOW, consume, happen, order, person, send
from northpost.campaigns.models import Campaign
from northpost.core import tenancy
from northpost.sales.models import Order
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)
FIRST = date(2026, 3, 1)


def test_a_day_is_the_workspaces_day(workspace: Workspace):
    Workspace.objects.filter(pk=workspace.pk).update(time_zone="Europe/Sofia")
    happen("mail.clicked", datetime(2026, 3, 3, 21, 59, 59, tzinfo=UTC))
    happen("mail.clicked", datetime(2026, 3, 3, 22, 0, tzinfo=UTC))
    consume()
    assert list(Daily.objects.order_by("day").values_list("day", "count")) == [
        (date(2026, 3, 3), 1),
        (date(2026, 3, 4), 1),
    ]


def test_ranges_add_up(workspace: Workspace):
    for number in range(10):
        for _time in range(number):
            happen("mail.clicked", datetime(2026, 3, 1, 12, tzinfo=UTC) + number * DAY)
    consume()
    whole = queries.total("mail.clicked", first=FIRST, last=FIRST + 9 * DAY)
    assert whole.count == 45
    for split in range(9):
        left = queries.total("mail.clicked", first=FIRST, last=FIRST + split * DAY)
        right = queries.total("mail.clicked", first=FIRST + (split + 1) * DAY, last=FIRST + 9 * DAY)
        assert left.count + right.count == 45
    by_day = queries.daily("mail.clicked", first=FIRST - DAY, last=FIRST + 2 * DAY)
    assert by_day == [(FIRST - DAY, 0), (FIRST, 0), (FIRST + DAY, 1), (FIRST + 2 * DAY, 2)]


def test_machines_are_not_counted(workspace: Workspace):
    happen("mail.clicked", NOW, machine=True)
    happen("mail.opened", NOW, machine=True)
    happen("mail.opened", NOW)
    consume()
    assert queries.total("mail.clicked", first=FIRST, last=FIRST + 9 * DAY).count == 0
    assert queries.total("mail.opened", first=FIRST, last=FIRST + 9 * DAY).count == 1


def test_later_batches_are_added_and_nothing_is_counted_twice(workspace: Workspace):
    happen("mail.clicked", NOW)
    consume()
    consume()
    happen("mail.clicked", NOW + HOUR)
    consume()
    assert Daily.objects.values_list("count", flat=True).get() == 2


def test_money_is_kept_by_currency_and_source(workspace: Workspace):
    happen("order.placed", NOW, value=Decimal("10.50"), currency="EUR", source="shop")
    happen("order.placed", NOW, value=Decimal("1.25"), currency="EUR")
    happen("order.placed", NOW, value=Decimal("700.00"), currency="RUB")
    consume()
    found = queries.total("order.placed", first=NOW.date(), last=NOW.date())
    assert (found.count, found.amounts) == (3, {"EUR": Decimal("11.75"), "RUB": Decimal("700.00")})
    from_shop = queries.total("order.placed", first=NOW.date(), last=NOW.date(), source="shop")
    assert from_shop.amounts == {"EUR": Decimal("10.50")}
    assert queries.daily_amount("order.placed", first=NOW.date(), last=NOW.date() + DAY, currency="EUR") == [
        (NOW.date(), Decimal("11.75")),
        (NOW.date() + DAY, Decimal(0)),
    ]


def test_another_workspaces_days_are_not_there(workspace: Workspace, rival: Workspace):
    with tenancy.workspace(rival.pk):
        happen("mail.clicked", NOW)
        consume()
        assert Daily.objects.count() == 1
    assert not Daily.objects.exists()
    assert queries.total("mail.clicked", first=FIRST, last=FIRST + 9 * DAY).count == 0


def test_the_overview_is_the_ledger_and_the_orders(workspace: Workspace, mailing: Campaign):
    buyer, reader, left = person(), person(), person()
    bought = send(mailing, buyer, clicked_at=NOW)
    send(mailing, reader)
    send(mailing, left, unsubscribed_at=NOW, complained_at=NOW)
    send(mailing, person(), state="skipped", reason="no_consent", settled_at=NOW)
    happen("mail.clicked", NOW, message=bought)
    placed = order(buyer, NOW + HOUR, "80.00")
    order(reader, NOW + HOUR, "20.00")
    Order.objects.filter(pk=placed.pk).update(refunded=Decimal("30.00"))
    happen("order.refunded", NOW + HOUR, contact_id=buyer, value=Decimal("30.00"), currency="EUR")
    consume()
    workspace.refresh_from_db()
    found = overview(NOW.date(), NOW.date(), workspace)
    assert (found.sent, found.reached, found.clicked, found.unsubscribed, found.complained) == (3, 3, 1, 1, 1)
    assert (found.orders, found.revenue, found.average_order) == (2, Decimal("70.00"), Decimal("35.00"))
    assert (found.touched_orders, found.touched) == (1, Decimal("50.00"))
    assert found.click_rate == pytest.approx(1 / 3)
    nothing = overview(NOW.date() + DAY, NOW.date() + timedelta(days=9), workspace)
    assert (nothing.sent, nothing.orders, nothing.click_rate, nothing.average_order) == (0, 0, None, None)
