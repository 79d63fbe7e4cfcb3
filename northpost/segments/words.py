"""A rule in plain words, in the current language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from northpost.segments import catalogue as catalogues
from northpost.segments.catalogue import Catalogue
from northpost.segments.kinds import registry
from northpost.segments.kinds.phrases import Whose
from northpost.segments.rules import All, Condition, Node, Not, Some, parse


def explain(rule: Node | Mapping[str, Any], catalogue: Catalogue | None = None) -> str:
    """ "People who ordered at least twice in the last 90 days and have never received the mailing “Spring”".

    Raises RuleError where the rule speaks of what doesn't exist.
    """
    known = catalogue or catalogues.load()
    node = parse(rule, known) if isinstance(rule, Mapping) else rule
    clause = _clause(node, known)
    return _("People %(clause)s") % {"clause": _with_pronoun(clause)} if clause else _("Everyone")


def _clause(node: Node, catalogue: Catalogue) -> str:
    """The clause, without brackets; blank where it says nothing."""
    match node:
        case All(nodes):
            return _joined([_inner(each, catalogue) for each in nodes], _("and"))
        case Some(nodes):
            return _joined([_inner(each, catalogue) for each in nodes], _("or"))
        case Not(inner):
            return _("are not among those %(clause)s") % {"clause": _with_pronoun(_inner(inner, catalogue))}
        case Condition(kind, values):
            known = registry.get(kind)
            assert known is not None, kind
            return known.explain(values, catalogue)


def _inner(node: Node, catalogue: Catalogue) -> str:
    """The clause as a part of a longer one: in brackets where it has parts itself."""
    clause = _clause(node, catalogue)
    if not clause:
        return _("are among your people")
    if isinstance(node, All | Some) and len(node.nodes) > 1:
        return type(clause)(f"({clause})")
    return clause


def _joined(clauses: list[str], word: str) -> str:
    """ "ordered and clicked"; where the pronouns differ, each clause says its own: "who ordered and whose ..."."""
    if any(isinstance(clause, Whose) for clause in clauses) and len(clauses) > 1:
        return Whose(f" {word} ".join(_with_pronoun(clause) for clause in clauses))
    return f" {word} ".join(clauses) if len(clauses) != 1 else clauses[0]


def _with_pronoun(clause: str) -> str:
    return clause if isinstance(clause, Whose) else _("who %(clause)s") % {"clause": clause}
