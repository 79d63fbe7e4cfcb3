"""Writing products, orders and refunds: in batches, idempotent by number; each order and refund is an event as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from northpost.contacts.actions import ErasedPerson
from northpost.core import clock, sql, tenancy
from northpost.events.actions import NewEvent, record_events
from northpost.sales.models import Order

_ROOM = "northpost.sales"
CENT = Decimal("0.01")
MILLI = Decimal("0.001")
LARGEST_TOTAL = Decimal(10) ** 12
LARGEST_QUANTITY = Decimal(10) ** 9


class SalesProblem(ValueError):
    """An order or refund that can't be right. Permanent; nothing has been written."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class NewProduct:
    """A product by its number; `price` in `currency`, None if it isn't known."""

    sku: str
    name: str = ""
    category: str = ""
    price: Decimal | None = None
    currency: str = ""
    url: str = ""
    image_url: str = ""


@dataclass(frozen=True, slots=True)
class NewLine:
    """So much of a product, in the order's currency; `total` is what was charged for it, discounts taken off.

    A product that is not known yet is made of `sku`, `name` and `category`, its price the line's.
    """

    sku: str
    quantity: Decimal
    unit_price: Decimal
    total: Decimal
    name: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order as placed. `contact_id` None: nobody known. `source` names what it came from, e.g. "shop"."""

    number: str
    contact_id: int | None
    placed_at: datetime
    total: Decimal
    currency: str
    lines: Sequence[NewLine] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class NewRefund:
    """Money back on the order of that number (or of that id); `amount` is positive."""

    number: str
    order_id: int
    amount: Decimal
    refunded_at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """`created`: number -> id of the orders that were new; `known`: numbers that were here, and left as they are."""

    created: dict[str, int] = field(default_factory=dict)
    known: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Upserted:
    created: int
    updated: int
    unchanged: int


def record_orders(orders: Sequence[NewOrder], *, backfill: bool = False) -> Recorded:
    """Record orders; those whose number is known are left as they are. Each new one is an event `order.placed`.

    `backfill`: history that triggers nothing. Raises SalesProblem where a number stands twice or a total is negative.
    """
    with transaction.atomic():
        recorded = store_orders(orders)
        fresh = [order for order in orders if order.number in recorded.created]
        record_events(
            [
                placed_event(
                    order.number,
                    recorded.created[order.number],
                    order.contact_id,
                    order.placed_at,
                    order.total,
                    order.currency,
                    order.source,
                    backfill=backfill,
                )
                for order in fresh
            ]
        )
    return recorded


def store_orders(orders: Sequence[NewOrder], *, import_run_id: int | None = None) -> Recorded:
    """The rows of orders without their events, inside the caller's transaction: an import records these at its end."""
    if not orders:
        return Recorded()
    numbers = {order.number for order in orders}
    if len(numbers) < len(orders):
        raise SalesProblem(_("An order number stands twice."))
    if any(order.total < 0 for order in orders):
        raise SalesProblem(_("An order cannot be worth less than nothing."))
    rows = sql.fetch_all(
        sql.load(_ROOM, "insert_orders"),
        _params()
        | {
            "numbers": [order.number for order in orders],
            "contact_ids": [order.contact_id for order in orders],
            "placed_ats": [order.placed_at for order in orders],
            "totals": [cents(order.total) for order in orders],
            "currencies": [order.currency for order in orders],
            "sources": [order.source for order in orders],
            "run_id": import_run_id,
        },
    )
    created = {row["number"]: row["id"] for row in rows}
    add_lines(
        [
            (created[order.number], line, order.currency)
            for order in orders
            if order.number in created
            for line in order.lines
        ]
    )
    return Recorded(created, frozenset(numbers - set(created)))


def add_lines(lines: Sequence[tuple[int, NewLine, str]]) -> None:
    """Lines of orders (id, line, currency); products that are not known yet are made."""
    if not lines:
        return
    unknown = {
        line.sku: NewProduct(line.sku, line.name, line.category, cents(line.unit_price), currency)
        for _order_id, line, currency in reversed(lines)
        if line.unit_price >= 0
    }
    for _order_id, line, currency in lines:
        unknown.setdefault(line.sku, NewProduct(line.sku, line.name, line.category, None, currency))
    upsert_products(list(unknown.values()), existing="skip")
    # Fetched in one look, not in a join: products made a moment ago are unknown to the planner's statistics.
    rows = sql.fetch_all(
        "SELECT id, sku FROM sales_product WHERE workspace_id = %(workspace_id)s AND sku = ANY(%(skus)s)",
        _params() | {"skus": list(unknown)},
    )
    products = {row["sku"]: row["id"] for row in rows}
    sql.run(
        sql.load(_ROOM, "insert_lines"),
        _params()
        | {
            "order_ids": [order_id for order_id, _line, _currency in lines],
            "product_ids": [products[line.sku] for _order_id, line, _currency in lines],
            "quantities": [line.quantity for _order_id, line, _currency in lines],
            "unit_prices": [line.unit_price for _order_id, line, _currency in lines],
            "totals": [cents(line.total) for _order_id, line, _currency in lines],
        },
    )


def refund_order(
    *,
    order_number: str,
    number: str,
    amount: Decimal,
    refunded_at: datetime,
    reason: str = "",
    backfill: bool = False,
) -> bool:
    """Give money back on an order; False if a refund of that number is known. An event `order.refunded`.

    Raises SalesProblem for an unknown order, or more than is left of it.
    """
    with transaction.atomic():
        order = Order.objects.select_for_update().filter(number=order_number).first()
        if order is None:
            raise SalesProblem(_("There is no order %(number)s.") % {"number": order_number})
        refund = NewRefund(number, order.pk, amount, refunded_at, reason)
        if number in known_refunds([number]):
            return False
        if amount <= 0 or cents(amount) > order.total - order.refunded:
            raise SalesProblem(_("No more can be refunded than is left of the order."))
        store_refunds([refund], backfill=backfill)
    return True


def known_refunds(numbers: Sequence[str]) -> set[str]:
    """Those of these numbers that refunds have already."""
    rows = sql.fetch_all(
        "SELECT number FROM sales_refund WHERE workspace_id = %(workspace_id)s AND number = ANY(%(numbers)s)",
        {"workspace_id": tenancy.require_workspace(), "numbers": list(numbers)},
    )
    return {row["number"] for row in rows}


def store_refunds(refunds: Sequence[NewRefund], *, backfill: bool = False) -> int:
    """Refunds on orders that have so much left, with their events; those whose number is known are left out."""
    if not refunds:
        return 0
    rows = sql.fetch_all(
        sql.load(_ROOM, "insert_refunds"),
        _params()
        | {
            "numbers": [refund.number for refund in refunds],
            "order_ids": [refund.order_id for refund in refunds],
            "amounts": [cents(refund.amount) for refund in refunds],
            "refunded_ats": [refund.refunded_at for refund in refunds],
            "reasons": [refund.reason[:300] for refund in refunds],
        },
    )
    record_events(
        [
            NewEvent(
                key=f"refund:{row['number']}",
                kind="order.refunded",
                contact_id=row["contact_id"],
                occurred_at=row["refunded_at"],
                value=row["amount"],
                currency=row["currency"],
                source=row["source"] or None,
                backfill=backfill,
                properties={"number": row["number"], "order": row["order_number"], "order_id": row["order_id"]},
            )
            for row in rows
        ]
    )
    return len(rows)


def upsert_products(products: Sequence[NewProduct], *, existing: str = "overwrite") -> Upserted:
    """Make products, distinct by number, or change those that are here: `existing` is skip, fill or overwrite.

    Empty values never replace anything.
    """
    if not products:
        return Upserted(0, 0, 0)
    rows = sql.fetch_all(
        sql.load(_ROOM, "upsert_products"),
        _params()
        | {
            "skus": [product.sku for product in products],
            "names": [product.name for product in products],
            "categories": [product.category for product in products],
            "prices": [None if product.price is None else cents(product.price) for product in products],
            "currencies": [product.currency for product in products],
            "urls": [product.url for product in products],
            "image_urls": [product.image_url for product in products],
            "existing": str(existing),
        },
    )
    created = sum(row["created"] for row in rows)
    return Upserted(created, len(rows) - created, len(products) - len(rows))


def placed_event(
    number: str,
    order_id: int,
    contact_id: int | None,
    placed_at: datetime,
    total: Decimal,
    currency: str,
    source: str,
    *,
    backfill: bool,
) -> NewEvent:
    """The event that an order is; its key makes it count once."""
    return NewEvent(
        key=f"order:{number}",
        kind="order.placed",
        contact_id=contact_id,
        occurred_at=placed_at,
        value=cents(total),
        currency=currency,
        source=source or None,
        backfill=backfill,
        properties={"number": number, "order_id": order_id},
    )


def forget_person(person: ErasedPerson) -> None:
    """An erased person's orders stay in the books, as nobody's."""
    sql.run(
        "UPDATE sales_order SET contact_id = NULL"
        " WHERE workspace_id = %(workspace_id)s AND contact_id = %(contact_id)s",
        {"workspace_id": tenancy.require_workspace(), "contact_id": person.contact_id},
    )


def cents(amount: Decimal) -> Decimal:
    """Rounded to hundredths, halves away from zero, as invoices are."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def _params() -> dict[str, Any]:
    return {"workspace_id": tenancy.require_workspace(), "now": clock.now()}
