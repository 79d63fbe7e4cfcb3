"""Reading orders."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from northpost.sales.models import Order


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
