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
from northpost.segments.statement import Statement


def predicate(node: Node, statement: Statement) -> str:
    """The condition over ``c`` that a rule's node is; what it joins goes into ``statement``."""
    match node:
        case All(nodes):
            return _group(" AND ", nodes, statement) if nodes else "true"
        case Some(nodes):
            return _group(" OR ", nodes, statement)
        case Not(inner):
            # Predicates are never null, so that "not" is the rest of the people.
            return f"NOT ({predicate(inner, statement)})"
        case Condition(kind, values):
            known = registry.get(kind)
            assert known is not None, kind
            return known.compile(values, statement)


def _group(word: str, nodes: tuple[Node, ...], statement: Statement) -> str:
    return "(" + word.join(predicate(node, statement) for node in nodes) + ")"


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
    statement = Statement(known, now, prefix)
    where = predicate(node, statement)
    joins = "".join(f"\n{join}" for join in statement.joins)
    text = f"SELECT c.id FROM contacts_contact AS c{joins}\nWHERE c.workspace_id = {statement.workspace} AND {where}"
    return Fragment(text, statement.params)
