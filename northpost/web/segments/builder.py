"""A rule while it is being built: a draft tree that a form carries, from and to the rule's JSON.

Every field's name says where it stands: ``n0.1-days`` is "days" of the second node in the outermost group. So the
whole state is in the form, and each answer of the server is the whole form anew: it works without scripts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from northpost.segments.asking import Ask, Input
from northpost.segments.catalogue import Catalogue
from northpost.segments.kinds import registry
from northpost.segments.rules import DEEPEST, RuleError, parse

NAME = re.compile(r"n(\d{1,2}(?:\.\d{1,2}){0,5})-([a-z_]{1,30})")
MODES: tuple[tuple[str, Promise], ...] = (
    ("all", _("all of these")),
    ("any", _("at least one of these")),
    ("none", _("none of these")),
)
# What a new condition starts with, so that it says something at once.
USUAL = {
    "days": "30",
    "count": "1",
    "count_to": "5",
    "amount": "100",
    "amount_to": "500",
    "number": "1",
    "number_to": "10",
}


@dataclass
class DraftCondition:
    kind: str
    given: dict[str, Any] = field(default_factory=dict)
    path: str = ""
    inputs: list[Input] = field(default_factory=list)

    is_group = False

    @property
    def label(self) -> str | Promise:
        known = registry.get(self.kind)
        return known.label if known else self.kind


@dataclass
class DraftGroup:
    mode: str = "all"
    nodes: list[DraftGroup | DraftCondition] = field(default_factory=list)
    path: str = ""

    is_group = True

    @property
    def may_nest(self) -> bool:
        # "None of these" is two levels of the rule: not, and any.
        return 2 * (self.path.count(".") + 2) <= DEEPEST


Draft = DraftGroup | DraftCondition


def from_rule(rule: Mapping[str, Any]) -> DraftGroup:
    """The draft of a saved rule's JSON."""
    node = _from_node(rule)
    return node if isinstance(node, DraftGroup) else DraftGroup("all", [node])


def _from_node(node: Mapping[str, Any]) -> Draft:
    for mode in ("all", "any"):
        if mode in node:
            return DraftGroup(mode, [_from_node(each) for each in node[mode]])
    if "not" in node:
        inner = _from_node(node["not"])
        nodes = inner.nodes if isinstance(inner, DraftGroup) and inner.mode == "any" else [inner]
        return DraftGroup("none", nodes)
    return DraftCondition(str(node.get("kind", "")), {key: value for key, value in node.items() if key != "kind"})


def from_form(data: QueryDict) -> DraftGroup:
    """The draft that a form carries; names that aren't ours are passed over."""
    found: dict[tuple[int, ...], dict[str, list[str]]] = {}
    for name in data:
        said = NAME.fullmatch(name)
        if said:
            place = tuple(int(number) for number in said[1].split("."))
            found.setdefault(place, {})[said[2]] = [str(value) for value in data.getlist(name)]
    return _group_at((0,), found)


def _group_at(place: tuple[int, ...], found: Mapping[tuple[int, ...], dict[str, list[str]]]) -> DraftGroup:
    said = found.get(place, {})
    below = sorted(each for each in found if len(each) == len(place) + 1 and each[: len(place)] == place)
    nodes = [_group_at(each, found) if "mode" in found[each] else _condition(found[each]) for each in below]
    mode = said.get("mode", ["all"])[0]
    return DraftGroup(mode if mode in dict(MODES) else "all", nodes)


def _condition(said: Mapping[str, list[str]]) -> DraftCondition:
    given = {name: values if name in LISTS else values[0] for name, values in said.items() if name != "kind"}
    return DraftCondition(said.get("kind", [""])[0], given)


LISTS = frozenset({"roles", "any_of", "stages"})


def apply(draft: DraftGroup, deed: str, data: QueryDict) -> str:
    """Do what a button says: ``add:<path>``, ``group:<path>`` or ``remove:<path>``; returns the path to look at."""
    verb, _colon, path = deed.partition(":")
    place = [int(number) for number in path.split(".") if number.isdigit()][:6]
    if verb == "remove" and len(place) > 1:
        holder = _at(draft, place[:-1])
        if isinstance(holder, DraftGroup) and place[-1] < len(holder.nodes):
            del holder.nodes[place[-1]]
        return ".".join(map(str, place[:-1]))
    target = _at(draft, place)
    if not isinstance(target, DraftGroup):
        return "0"
    if verb == "add":
        kind = data.get(f"n{path}-add", "")
        if registry.get(kind):
            target.nodes.append(DraftCondition(kind))
    elif verb == "group":
        target.nodes.append(DraftGroup("any" if target.mode == "all" else "all", [DraftCondition("orders")]))
    else:
        return path or "0"
    return f"{path}.{len(target.nodes) - 1}"


def _at(draft: DraftGroup, place: list[int]) -> Draft | None:
    node: Draft = draft
    for number in place[1:]:
        if not isinstance(node, DraftGroup) or number >= len(node.nodes):
            return None
        node = node.nodes[number]
    return node


def settle(draft: DraftGroup, catalogue: Catalogue, today: date) -> None:
    """Give each node its path, and each condition the fields that its answers so far lead to.

    Answers that no longer belong are dropped, and what is new starts with something usual; so a choice can be
    changed back and forth.
    """
    _number(draft, "0")
    for condition in conditions(draft):
        kind = registry.get(condition.kind)
        if kind is None:
            continue
        for _round in range(20):
            ask = Ask(condition.given, condition.path, catalogue)
            kind.shape(ask)
            fresh = [asked for asked in ask.inputs if asked.name not in condition.given]
            if not fresh:
                break
            _answer(condition.given, fresh[0], today)
        condition.given = {name: value for name, value in condition.given.items() if name in ask.values}
        condition.inputs = ask.inputs


def _answer(given: dict[str, Any], asked: Input, today: date) -> None:
    match asked.widget:
        case "number":
            given[asked.name] = USUAL.get(asked.name, "")
        case "day":
            given[asked.name] = (today.replace(month=1, day=1) if asked.name == "from" else today).isoformat()
        case "several":
            given[asked.name] = [asked.options[0][0]] if asked.options else []
        case _:
            given[asked.name] = asked.value or (asked.options[0][0] if asked.options else "")


def _number(draft: Draft, path: str) -> None:
    draft.path = path
    if isinstance(draft, DraftGroup):
        for place, node in enumerate(draft.nodes):
            _number(node, f"{path}.{place}")


def conditions(draft: Draft) -> Iterator[DraftCondition]:
    if isinstance(draft, DraftCondition):
        yield draft
    else:
        for node in draft.nodes:
            yield from conditions(node)


def to_rule(draft: Draft) -> dict[str, Any]:
    """The rule's JSON, unchecked. A group without conditions says nothing and is left out."""
    if isinstance(draft, DraftCondition):
        return {"kind": draft.kind} | draft.given
    nodes = [to_rule(node) for node in draft.nodes if not (isinstance(node, DraftGroup) and not _holds_any(node))]
    if draft.mode == "none":
        return {"not": nodes[0] if len(nodes) == 1 else {"any": nodes}} if nodes else {"all": []}
    return {draft.mode if nodes else "all": nodes}


def _holds_any(draft: DraftGroup) -> bool:
    return any(True for _condition in conditions(draft))


def problems(draft: DraftGroup, catalogue: Catalogue) -> list[str]:
    """What stands against the rule, in plain words; nothing where it is whole."""
    try:
        parse(to_rule(draft), catalogue)
    except RuleError as error:
        return list(dict.fromkeys(problem.message for problem in error.problems))
    return []


def kind_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Kinds of condition under their headings, for a select."""
    known = [(str(kind.group), kind.key, str(kind.label)) for kind in registry.kinds()]
    order = list(dict.fromkeys(group for group, _key, _label in known))
    known.sort(key=lambda each: order.index(each[0]))
    return [
        (group, [(key, label) for _g, key, label in kinds]) for group, kinds in groupby(known, lambda each: each[0])
    ]
