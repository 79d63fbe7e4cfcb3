"""Voltline's products, orders and refunds, written through the product's own actions for many at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from northpost.demo.company import PRODUCTS, Company
from northpost.demo.company.orders import Order
from northpost.demo.loading import Register
from northpost.sales import actions as sales

CURRENCY = "EUR"
BATCH = 5000
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
# Numbers of orders that mail brought; those that come anyway have the company's own.
FIRST_MAILED = 500_001


@dataclass(frozen=True)
class MailedOrder:
    """An order that a letter caused; `basket`: places in PRODUCTS, one of each."""

    at: datetime
    person: int
    basket: tuple[int, ...]


def import_catalogue() -> int:
    """The shop's products; returns how many are new."""
    products = [
        sales.NewProduct(
            sku=product.sku,
            name=product.name("en"),
            category=product.category.name("en"),
            price=product.price,
            currency=CURRENCY,
            url=product.url,
        )
        for product in PRODUCTS
    ]
    return sales.upsert_products(products).created


def import_history(company: Company, register: Register, until: datetime) -> int:
    """The orders placed before `until`, as history that triggers nothing; returns how many."""
    return _record(company.orders.between(LONG_AGO, until), register, backfill=True)


def keep_orders(
    company: Company,
    register: Register,
    start: datetime,
    end: datetime,
    mailed: Sequence[MailedOrder],
    *,
    first_number: int,
) -> int:
    """Record what is ordered in [start, end), with or without a letter, and give back what is due; returns how many
    orders. `first_number`: how many orders of letters there were before these."""
    count = _record(company.orders.between(start, end), register, backfill=False)
    orders = [
        sales.NewOrder(
            number=f"V{FIRST_MAILED + first_number + place}",
            contact_id=register.contact_of[order.person],
            placed_at=order.at,
            total=sum((PRODUCTS[product].price for product in order.basket), Decimal(0)),
            currency=CURRENCY,
            lines=[_line(product, 1, PRODUCTS[product].price) for product in order.basket],
            source="shop",
        )
        for place, order in enumerate(mailed)
    ]
    sales.record_orders(orders)
    for order in company.orders.refunded_between(start, end):
        assert order.refunded_at is not None
        sales.refund_order(
            order_number=order.number,
            number=f"R{order.number}",
            amount=order.refunded,
            refunded_at=order.refunded_at,
            reason="Sent back",
        )
    return count + len(orders)


def _record(orders: Iterable[Order], register: Register, *, backfill: bool) -> int:
    known = list(orders)
    for first in range(0, len(known), BATCH):
        batch = known[first : first + BATCH]
        recorded = sales.record_orders(
            [
                sales.NewOrder(
                    number=order.number,
                    contact_id=register.contact_of[order.person],
                    placed_at=order.placed_at,
                    total=order.total,
                    currency=CURRENCY,
                    lines=[_line(line.product, line.quantity, line.unit_price) for line in order.lines],
                    source="shop",
                )
                for order in batch
            ],
            backfill=backfill,
        )
        sales.store_refunds(
            [
                sales.NewRefund(
                    number=f"R{order.number}",
                    order_id=recorded.created[order.number],
                    amount=order.refunded,
                    refunded_at=order.refunded_at,
                    reason="Sent back",
                )
                for order in batch
                if order.refunded_at is not None
            ],
            backfill=backfill,
        )
    return len(known)


def _line(place: int, quantity: int, unit_price: Decimal) -> sales.NewLine:
    product = PRODUCTS[place]
    return sales.NewLine(
        sku=product.sku,
        quantity=Decimal(quantity),
        unit_price=unit_price,
        total=unit_price * quantity,
        name=product.name("en"),
        category=product.category.name("en"),
    )
