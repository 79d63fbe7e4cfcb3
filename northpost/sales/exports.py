"""Orders out of the house: one row per line, in the columns that an import of orders takes."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

from northpost.contacts.exports import EVERYONE, ExportFormat, read_streamed, write_table
from northpost.core import sql, tenancy
from northpost.core.sql import Fragment

COLUMNS = (
    *("order number", "date", "email", "customer number", "product number", "product", "category"),
    *("quantity", "unit price", "total", "currency", "refunded of the order"),
)


def export_orders(target: Path | IO[Any], *, file_format: ExportFormat, people: Fragment = EVERYONE) -> int:
    """Write the lines of orders (an order without lines is one row) and return their number.

    `people` selects contact ids; by default everyone's orders, those of nobody included.
    """
    whose = "TRUE" if people is EVERYONE else f"placed.contact_id IN ({people.text})"
    statement = sql.load("northpost.sales", "export_orders").replace("{whose}", whose)
    params = dict(people.params) | {"workspace_id": tenancy.require_workspace()}
    return write_table(target, COLUMNS, read_streamed(statement, params), file_format=file_format)
