"""Orders, refunds and products written by code: in batches, once each."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from northpost.contacts.actions import add_contact, erase_contact
from northpost.events.models import Event
from northpost.sales.actions import (
    NewLine,
    NewOrder,
    NewProduct,
    SalesProblem,
    Upserted,
    record_orders,
    refund_order,
    upsert_products,
)
from northpost.sales.models import Order, OrderLine, Product, Refund
from northpost.sales.queries import export_person
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db

MOMENT = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def order(number: str = "1", total: str = "20.00", **other: object) -> NewOrder:
    line = NewLine("P", Decimal(2), Decimal("10"), Decimal("20"), name="Pen")
    return NewOrder(number, 7, MOMENT, Decimal(total), "EUR", [line], **other)


def test_orders_are_recorded_once(workspace: Workspace):
    recorded = record_orders([order("1"), order("2", source="shop")])
    assert set(recorded.created) == {"1", "2"}
    again = record_orders([order("2", total="99"), order("3")])
    assert (set(again.created), again.known) == ({"3"}, {"2"})
    assert dict(Order.objects.values_list("number", "total")) == dict.fromkeys("123", Decimal("20.00"))
    assert OrderLine.objects.count() == 3
    events = Event.objects.order_by("id").values_list("kind", "value", "currency", "source", "backfill")
    assert list(events) == [
        ("order.placed", Decimal("20.00"), "EUR", None, False),
        ("order.placed", Decimal("20.00"), "EUR", "shop", False),
        ("order.placed", Decimal("20.00"), "EUR", None, False),
    ]


@pytest.mark.parametrize("orders", [[order("1"), order("1")], [order("1", total="-1")]])
def test_what_cannot_be_right_is_refused_whole(workspace: Workspace, orders: list[NewOrder]):
    with pytest.raises(SalesProblem):
        record_orders([order("0"), *orders])
    assert (Order.objects.count(), Event.objects.count()) == (0, 0)


def test_refunds_are_given_once_and_never_beyond_the_order(workspace: Workspace):
    record_orders([order("1")])
    refund = {"order_number": "1", "refunded_at": MOMENT}
    assert refund_order(number="R1", amount=Decimal("15"), **refund) is True
    assert refund_order(number="R1", amount=Decimal("15"), **refund) is False
    for amount in ("5.01", "0", "-1"):
        with pytest.raises(SalesProblem):
            refund_order(number="R2", amount=Decimal(amount), **refund)
    with pytest.raises(SalesProblem):
        refund_order(order_number="none", number="R3", amount=Decimal(1), refunded_at=MOMENT)
    assert Order.objects.get().refunded == Decimal("15.00")
    assert Refund.objects.count() == Event.objects.filter(kind="order.refunded").count() == 1


def test_products_are_made_or_changed(workspace: Workspace):
    lamp = NewProduct("A", "Lamp", "Light", Decimal("5"), "EUR")
    assert upsert_products([lamp, NewProduct("B")]) == Upserted(2, 0, 0)
    assert upsert_products([lamp, NewProduct("B", "Bulb")]) == Upserted(0, 1, 1)
    assert upsert_products([NewProduct("A", "Other", price=Decimal("6"), currency="BGN")], existing="fill") == Upserted(
        0, 0, 1
    )
    assert list(Product.objects.order_by("sku").values_list("name", "price", "currency")) == [
        ("Lamp", Decimal("5.00"), "EUR"),
        ("Bulb", None, ""),
    ]


def test_an_erased_persons_orders_stay_in_the_books_as_nobodys(workspace: Workspace):
    person = add_contact(email="ann@example.com")
    record_orders([NewOrder("1", person.pk, MOMENT, Decimal("5"), "EUR"), order("2")])
    told = export_person(person.pk)
    assert [(item["number"], item["total"], item["lines"]) for item in told] == [("1", "5.00", [])]
    erase_contact(contact_id=person.pk)
    assert dict(Order.objects.values_list("number", "contact_id")) == {"1": None, "2": 7}
