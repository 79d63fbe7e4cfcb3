"""The statement that a rule becomes, while it is being written."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from northpost.segments.catalogue import Catalogue


class Statement:
    """What a kind of condition writes with. Parameter names are ``<prefix>1``, ``<prefix>2``..., in order."""

    def __init__(self, catalogue: Catalogue, now: datetime, prefix: str = "rule_") -> None:
        self.catalogue = catalogue
        self.now = now
        self.prefix = prefix
        self.params: dict[str, Any] = {}
        self.joins: list[str] = []
        self.workspace = self.param(catalogue.workspace_id)

    def param(self, value: Any) -> str:
        """The place-holder of ``value``, the only way for a rule's value into the statement."""
        name = f"{self.prefix}{len(self.params) + 1}"
        self.params[name] = value
        return f"%({name})s"

    def among(self, select: str) -> str:
        """Predicate: the person is in ``select``, a query for ``contact_id`` with one row a person at most."""
        return f"{self._joined(select)}.contact_id IS NOT NULL"

    def not_among(self, select: str) -> str:
        """Predicate: the person is not in ``select``."""
        return f"{self._joined(select)}.contact_id IS NULL"

    def _joined(self, select: str) -> str:
        alias = f"{self.prefix}t{len(self.joins) + 1}"
        self.joins.append(f"LEFT JOIN ({select}) AS {alias} ON {alias}.contact_id = c.id")
        return alias
