"""Reading orders."""

from __future__ import annotations

from collections.abc import Collection

from northpost.sales.models import Order


def with_orders(contact_ids: Collection[int]) -> set[int]:
    """Those of these people who have ordered."""
    found = Order.objects.filter(contact_id__in=list(contact_ids)).values_list("contact_id", flat=True)
    return {contact_id for contact_id in found.distinct() if contact_id is not None}
