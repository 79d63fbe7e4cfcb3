"""Well-known orders files: which column is what, and how they are to be taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Preset:
    """`mapping` by the column's place, so that a header or its absence changes nothing."""

    kind: str
    mapping: tuple[str, ...]
    constants: dict[str, str] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    delimiter: str | None = None


PRESETS = {
    # CDNOW's master file: customer, day, number of CDs, dollars; one row per purchase, no order numbers, no addresses.
    "cdnow": Preset(
        "orders",
        ("external_id", "placed_at", "quantity", "total"),
        constants={"sku": "CD", "product": "CD", "category": "Music"},
        extra={"currency": "USD", "number_prefix": "cdnow"},
        delimiter="whitespace",
    ),
    # The UCI "Online Retail" file: lines of a gift shop's invoices; credit notes have numbers that begin with C.
    "online-retail": Preset(
        "orders",
        ("number", "sku", "product", "quantity", "placed_at", "unit_price", "external_id"),
        extra={"currency": "GBP"},
    ),
}
