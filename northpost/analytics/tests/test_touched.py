"""Touched revenue: the last click by a person within the week before the order, refunds taken off."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from northpost.analytics import queries
from northpost.analytics.counting import WINDOW
from northpost.analytics.models import Touch
from northpost.analytics.tests.conftest import DAY, HOUR, MOMENT, NOW, click, consume, order, person, send
from northpost.campaigns.models import Campaign
from northpost.sales.models import Order

pytestmark = pytest.mark.django_db(transaction=True)


def credited() -> dict[int, int]:
    """Order -> mailing."""
    return dict(Touch.objects.values_list("order_id", "source_id"))


def test_an_order_after_a_click_is_touched(mailing: Campaign):
    message = send(mailing, person())
    click(message, NOW)
    made = order(message.contact_id, NOW + HOUR, "49.90")
    consume()
    touch = Touch.objects.get()
    assert (touch.order_id, touch.message_id, touch.source_id, touch.amount) == (
        made.pk,
        message.pk,
        mailing.pk,
        Decimal("49.90"),
    )
    assert (touch.clicked_at, touch.ordered_at) == (NOW, NOW + HOUR)


def test_the_window_ends_a_week_after_the_click(mailing: Campaign):
    message = send(mailing, person())
    click(message, NOW)
    just_in = order(message.contact_id, NOW + WINDOW - MOMENT, "10")
    order(message.contact_id, NOW + WINDOW, "10")
    at_once = order(message.contact_id, NOW, "10")
    order(message.contact_id, NOW - MOMENT, "10")
    consume()
    assert set(credited()) == {just_in.pk, at_once.pk}


def test_the_last_click_takes_it_all(make_mailing: Callable[[str], Campaign]):
    first, second = make_mailing("First"), make_mailing("Second")
    buyer = person()
    earlier, later = send(first, buyer), send(second, buyer)
    click(earlier, NOW)
    click(later, NOW + HOUR)
    made = order(buyer, NOW + 2 * HOUR, "100")
    consume()
    assert credited() == {made.pk: second.pk}
    found = queries.touched(source_kind="campaign", source_ids=[first.pk, second.pk])
    assert (found[first.pk].orders, found[first.pk].net) == (0, {})
    assert (found[second.pk].orders, found[second.pk].net) == (1, {"EUR": Decimal("100.00")})


def test_a_click_that_becomes_known_later_moves_the_credit(make_mailing: Callable[[str], Campaign]):
    first, second = make_mailing("First"), make_mailing("Second")
    buyer = person()
    earlier, later = send(first, buyer), send(second, buyer)
    click(earlier, NOW)
    made = order(buyer, NOW + 2 * HOUR, "100")
    consume()
    assert credited() == {made.pk: first.pk}
    click(later, NOW + HOUR)
    consume()
    assert credited() == {made.pk: second.pk}
    click(earlier, NOW - HOUR)
    click(earlier, NOW + 3 * HOUR)
    consume()
    assert credited() == {made.pk: second.pk}


def test_machines_other_people_and_history_touch_nothing(mailing: Campaign):
    scanned, reader = send(mailing, person()), send(mailing, person())
    click(scanned, NOW, machine=True)
    click(reader, NOW)
    order(scanned.contact_id, NOW + HOUR, "10")
    order(person(), NOW + HOUR, "10")
    order(reader.contact_id, NOW - 400 * DAY, "10", backfill=True)
    consume()
    assert credited() == {}


def test_refunds_are_taken_off_and_currencies_kept_apart(mailing: Campaign):
    message = send(mailing, person())
    click(message, NOW)
    returned = order(message.contact_id, NOW + HOUR, "60")
    order(message.contact_id, NOW + HOUR, "40")
    order(message.contact_id, NOW + HOUR, "900", currency="RUB")
    consume()
    Order.objects.filter(pk=returned.pk).update(refunded=Decimal("25.50"))
    found = queries.touched(source_kind="campaign", source_ids=[mailing.pk])[mailing.pk]
    assert (found.orders, found.net) == (3, {"EUR": Decimal("74.50"), "RUB": Decimal("900.00")})
    day = NOW.date()
    assert queries.touched_between(first=day, last=day, zone="UTC") == found
    assert queries.touched_between(first=day + DAY, last=day + DAY, zone="UTC").orders == 0


def test_consuming_again_changes_nothing(mailing: Campaign):
    message = send(mailing, person())
    click(message, NOW)
    order(message.contact_id, NOW + HOUR, "60")
    consume()
    before = Touch.objects.values().get()
    click(message, NOW + 30 * DAY)
    consume()
    assert Touch.objects.values().get() == before
