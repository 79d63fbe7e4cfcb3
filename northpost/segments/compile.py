"""A rule as ONE parametrised statement.

Conditions on a person's own row are predicates over ``c``. Conditions on many rows (orders, events, mail) become
derived tables, each an aggregate with one row per contact at most, joined from the left: so the planner hashes or
merges each of them once, whatever stands under "or" and "not", and turns the join into a semi- or anti-join where
the rule allows. (Row security keeps operators that aren't leakproof from using an index: none is leaned on.)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from northpost.core import statistics
from northpost.core.sql import Fragment
from northpost.segments import catalogue as catalogues
from northpost.segments.catalogue import Catalogue
from northpost.segments.kinds import registry
from northpost.segments.rules import All, Condition, Node, Not, Some, parse


class Compiler:
    """What a kind of condition compiles with. Parameter names are ``<prefix>1``, ``<prefix>2``..., in order."""

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

    def predicate(self, node: Node) -> str:
        match node:
            case All(nodes):
                return self._group(" AND ", nodes) if nodes else "true"
            case Some(nodes):
                return self._group(" OR ", nodes)
            case Not(inner):
                # Predicates are never null, so that "not" is the rest of the people.
                return f"NOT ({self.predicate(inner)})"
            case Condition(kind, values):
                known = registry.get(kind)
                assert known is not None, kind
                return known.compile(values, self)

    def _group(self, word: str, nodes: tuple[Node, ...]) -> str:
        return "(" + word.join(self.predicate(node) for node in nodes) + ")"


def compile_rule(
    rule: Node | Mapping[str, Any],
    *,
    now: datetime,
    catalogue: Catalogue | None = None,
    prefix: str = "rule_",
) -> Fragment:
    """A query for the ids of the people whom ``rule`` (a tree, or its JSON) fits at ``now``, in the current workspace.

    Give each of several fragments in one statement its own ``prefix``. Raises RuleError where the rule speaks of
    what doesn't exist (any more).
    """
    statistics.keep_fresh()
    known = catalogue or catalogues.load()
    node = parse(rule, known) if isinstance(rule, Mapping) else rule
    compiler = Compiler(known, now, prefix)
    where = compiler.predicate(node)
    joins = "".join(f"\n{join}" for join in compiler.joins)
    text = f"SELECT c.id FROM contacts_contact AS c{joins}\nWHERE c.workspace_id = {compiler.workspace} AND {where}"
    return Fragment(text, compiler.params)
