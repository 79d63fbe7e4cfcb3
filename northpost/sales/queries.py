"""Reading orders and products."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from northpost.core import sql, tenancy
from northpost.sales.models import Order, Product


def with_orders(contact_ids: Collection[int]) -> set[int]:
    """Those of these people who have ordered."""
    found = Order.objects.filter(contact_id__in=list(contact_ids)).values_list("contact_id", flat=True)
    return {contact_id for contact_id in found.distinct() if contact_id is not None}


def export_person(contact_id: int) -> list[dict[str, Any]]:
    """A person's orders, oldest first, as JSON holds them."""
    return [
        {
            "number": order.number,
            "placed_at": order.placed_at.isoformat(),
            "total": str(order.total),
            "refunded": str(order.refunded),
            "currency": order.currency,
            "lines": [
                {"product": line.product.name, "quantity": str(line.quantity), "total": str(line.total)}
                for line in order.lines.all()
            ],
        }
        for order in Order.objects.filter(contact_id=contact_id)
        .order_by("placed_at", "id")
        .prefetch_related("lines__product")
    ]


@dataclass(frozen=True)
class Worth:
    """Orders of one currency: how many, what was charged, and what went back since."""

    currency: str
    orders: int
    charged: Decimal
    refunded: Decimal

    @property
    def net(self) -> Decimal:
        return self.charged - self.refunded


ORDER_SORTS = {
    "newest": ("-placed_at", "-pk"),
    "oldest": ("placed_at", "pk"),
    "largest": ("-total", "-pk"),
    "smallest": ("total", "pk"),
}


def find_orders(
    *,
    number: str = "",
    contact_ids: Collection[int] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    sort: str = "newest",
) -> QuerySet[Order]:
    """Orders whose number holds ``number``, or whose person is one of ``contact_ids``; placed from ``since`` to before
    ``until``. An unknown ``sort`` is ``newest``."""
    found = Order.objects.order_by(*ORDER_SORTS.get(sort, ORDER_SORTS["newest"]))
    if number or contact_ids:
        found = found.filter(Q(number__icontains=number) | Q(contact_id__in=list(contact_ids or ())))
    if since is not None:
        found = found.filter(placed_at__gte=since)
    if until is not None:
        found = found.filter(placed_at__lt=until)
    return found


def worth(orders: QuerySet[Order]) -> list[Worth]:
    """What these orders come to, a line for each currency, the largest number of orders first."""
    rows = orders.order_by().values("currency").annotate(n=Count("pk"), charged=Sum("total"), back=Sum("refunded"))
    found = [Worth(row["currency"], row["n"], row["charged"], row["back"]) for row in rows]
    return sorted(found, key=lambda each: (-each.orders, each.currency))


PRODUCT_SORTS = {
    "revenue": ("revenue DESC NULLS LAST", "id"),
    "pieces": ("pieces DESC NULLS LAST", "id"),
    "name": ("name", "id"),
}


@dataclass(frozen=True)
class Sold:
    """A product with how many pieces were sold and for how much, before refunds, in ``currency``.

    A product sold in several currencies stands with the one in which it was sold most.
    """

    id: int
    sku: str
    name: str
    category: str
    price: Decimal | None
    pieces: Decimal | None
    revenue: Decimal | None
    currency: str


def find_products(
    *, search: str = "", category: str = "", sort: str = "revenue", page: int = 1, size: int = 50
) -> tuple[list[Sold], int]:
    """A page of the products, and how many there are in all; an unknown ``sort`` is ``revenue``."""
    found = Product.objects.all()
    if search:
        found = found.filter(Q(name__icontains=search) | Q(sku__icontains=search))
    if category:
        found = found.filter(category=category)
    ids = list(found.values_list("pk", flat=True))
    order = ", ".join(PRODUCT_SORTS.get(sort, PRODUCT_SORTS["revenue"]))
    rows = sql.fetch_all(
        f"{sql.load('northpost.sales', 'list_products')} ORDER BY {order} LIMIT %(size)s OFFSET %(start)s",
        {
            "workspace_id": tenancy.require_workspace(),
            "ids": ids,
            "size": size,
            "start": (page - 1) * size,
        },
    )
    return [Sold(**row) for row in rows], len(ids)


def sold(product_id: int) -> Sold:
    """One product's figures."""
    rows = sql.fetch_all(
        sql.load("northpost.sales", "list_products"),
        {"workspace_id": tenancy.require_workspace(), "ids": [product_id]},
    )
    return Sold(**rows[0])


def categories() -> list[str]:
    """Every category that a product is in."""
    found = Product.objects.exclude(category="").order_by("category").values_list("category", flat=True)
    return list(found.distinct())
