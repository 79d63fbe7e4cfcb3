"""A rule as a typed tree: all, any and not of conditions. Pure: no I/O, no SQL.

As JSON: ``{"all": [node, ...]}``, ``{"any": [node, ...]}``, ``{"not": node}``, or a condition
``{"kind": "orders", ...}`` whose further keys its kind declares (kinds/). What a rule says of fields, lists and
the like is checked against a :class:`~northpost.segments.catalogue.Catalogue`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from northpost.segments.asking import Ask, Problem
from northpost.segments.catalogue import Catalogue
from northpost.segments.kinds import registry

DEEPEST = 6
MOST_CONDITIONS = 60
MOST_IN_A_GROUP = 40


class RuleError(Exception):
    """Permanent: the rule can't be used. ``problems`` name each place and what would be right."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{problem.path}: {problem.message}" for problem in problems))


@dataclass(frozen=True)
class All:
    """Everything in it holds; an empty one holds for everybody."""

    nodes: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Some:
    """At least one thing in it holds."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class Not:
    node: Node


@dataclass(frozen=True)
class Condition:
    """``values`` as its kind declares them, already typed: str, int, Decimal, date or a tuple of str."""

    kind: str
    values: Mapping[str, Any] = field(default_factory=dict)


Node = All | Some | Not | Condition


def conditions(node: Node) -> Iterator[Condition]:
    """Every condition in the tree, from left to right."""
    if isinstance(node, Condition):
        yield node
    elif isinstance(node, Not):
        yield from conditions(node.node)
    else:
        for each in node.nodes:
            yield from conditions(each)


def parse(data: object, catalogue: Catalogue) -> Node:
    """The tree that ``data`` (decoded JSON) says. Raises :class:`RuleError` with everything that is wrong in it."""
    problems: list[Problem] = []
    node = _parse(data, "rule", 1, catalogue, problems)
    if not problems:
        count = sum(1 for _condition in conditions(node))
        if count > MOST_CONDITIONS:
            problems.append(Problem("rule", "", _too_many(count)))
    if problems:
        raise RuleError(problems)
    return node


def _too_many(count: int) -> str:
    return ngettext(
        "There is %(count)s condition; a rule holds at most %(most)s.",
        "There are %(count)s conditions; a rule holds at most %(most)s.",
        count,
    ) % {"count": count, "most": MOST_CONDITIONS}


def _parse(data: object, path: str, depth: int, catalogue: Catalogue, problems: list[Problem]) -> Node:
    def refuse(message: str) -> Node:
        problems.append(Problem(path, "", message))
        return All()

    if depth > DEEPEST:
        return refuse(_("Groups stand too deep in one another; at most %(most)s levels.") % {"most": DEEPEST})
    if not isinstance(data, Mapping):
        return refuse(_("Here should be a condition or a group."))
    for key in ("all", "any", "not"):
        if key in data:
            if len(data) != 1:
                return refuse(_("A group holds nothing beside its conditions."))
            if key == "not":
                return Not(_parse(data[key], f"{path}.not", depth + 1, catalogue, problems))
            return _parse_group(key, data[key], path, depth, catalogue, problems)
    if "kind" not in data:
        return refuse(_("Here should be a condition or a group."))
    return _parse_condition(data, path, catalogue, problems)


def _parse_group(
    key: str, members: object, path: str, depth: int, catalogue: Catalogue, problems: list[Problem]
) -> Node:
    if not isinstance(members, list | tuple):
        problems.append(Problem(f"{path}.{key}", "", _("A group is a list of conditions.")))
        return All()
    if len(members) > MOST_IN_A_GROUP:
        message = _("A group holds at most %(most)s conditions.") % {"most": MOST_IN_A_GROUP}
        problems.append(Problem(f"{path}.{key}", "", message))
        return All()
    if not members and key == "any":
        problems.append(Problem(f"{path}.{key}", "", _("Put at least one condition into this group, or remove it.")))
        return All()
    nodes = tuple(
        _parse(member, f"{path}.{key}[{place}]", depth + 1, catalogue, problems) for place, member in enumerate(members)
    )
    return All(nodes) if key == "all" else Some(nodes)


def _parse_condition(data: Mapping[str, Any], path: str, catalogue: Catalogue, problems: list[Problem]) -> Node:
    kind = registry.get(str(data["kind"]))
    if kind is None:
        problems.append(Problem(path, "kind", _("There is no such kind of condition.")))
        return All()
    ask = Ask({key: value for key, value in data.items() if key != "kind"}, path, catalogue)
    kind.shape(ask)
    ask.refuse_strangers()
    problems.extend(ask.problems)
    return Condition(kind.key, ask.values)


def to_json(node: Node) -> dict[str, Any]:
    """The tree as JSON values; ``parse`` of it gives the same tree."""
    match node:
        case All(nodes):
            return {"all": [to_json(each) for each in nodes]}
        case Some(nodes):
            return {"any": [to_json(each) for each in nodes]}
        case Not(inner):
            return {"not": to_json(inner)}
        case Condition(kind, values):
            return {"kind": kind} | {key: _plain(value) for key, value in values.items()}


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else format(value.normalize(), "f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return list(value)
    return value
