"""What a piece of Liquid depends on, so that its output may be worked out once for the same input."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from liquid.ast import BlockNode, ConditionalBlockNode, Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import BooleanExpression, FilteredExpression, Path
from liquid.builtin.tags.case_tag import MultiExpressionBlockNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.unless_tag import UnlessNode
from liquid.context import RenderContext
from liquid.expression import Expression
from liquid.template import BoundTemplate
from liquid.token import TOKEN_TAG

from northpost.content.liquid import LinkNode, LiquidText, ValueNode

# What these write, or what follows them, depends on what was written before.
_STATEFUL = frozenset({"assign", "capture", "increment", "decrement", "cycle", "ifchanged"})
_LOOPS = frozenset({"for", "tablerow"})
# Filters that put characters around a value, or take them as they are: a mark comes through as a token would.
_TRANSPARENT = frozenset({"append", "prepend", "default", "escape", "strip"})
Steps = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """One node's dependence.

    paths: of all variables in it, those of its own loops too. constant: whether each path is made of plain names.
    stateful: whether it leaves something behind for later nodes, or takes it up. names: those it assigns. loops:
    whether it has a loop; goes_on: one that goes on where another ended.
    """

    paths: frozenset[Steps]
    constant: bool
    stateful: bool
    names: frozenset[str]
    loops: bool
    goes_on: bool

    @property
    def roots(self) -> frozenset[str]:
        return frozenset(path[0] for path in self.paths)


def read(node: Node, template: BoundTemplate) -> Reading:
    """Of a node at the top of the template."""
    paths: set[Steps] = set()
    constant, stateful, loops, goes_on = True, False, False, False
    names: set[str] = set()
    for each in _family(node, RenderContext(template)):
        stateful = stateful or _tag(each) in _STATEFUL
        loops = loops or _tag(each) in _LOOPS
        goes_on = goes_on or _goes_on(each)
        names.update(str(name) for name in each.template_scope())
        for expression in each.expressions():
            for path in _paths(expression):
                steps = tuple(step for step in path.path if isinstance(step, str))
                constant = constant and len(steps) == len(path.path)
                paths.add(steps or ("",))
    return Reading(frozenset(paths), constant, stateful, frozenset(names), loops, goes_on)


def asked(node: IfNode | UnlessNode) -> frozenset[Steps]:
    """The paths of a node's own conditions."""
    conditions = (node.condition, *(each.expression for each in node.alternatives))
    return frozenset(tuple(str(step) for step in path.path) for condition in conditions for path in _paths(condition))


def words_in(node: Node, template: BoundTemplate) -> int:
    """Characters of plain text in a node, all its branches together."""
    return sum(len(each.text) for each in _family(node, RenderContext(template)) if isinstance(each, ContentNode))


def only_shown(node: Node, text: LiquidText, names: Mapping[str, str]) -> bool:
    """Whether the values of these names are only written out: not compared, counted, cut, turned, kept or signed."""
    context = RenderContext(text.template)
    for each in _family(node, context):
        for expression in each.expressions():
            mentioned = _mentions(expression, names)
            if mentioned and not (_is_written(each, expression, names) or _is_asked_for(expression)):
                return False
        keeps = _tag(each) in _STATEFUL or (isinstance(each, LinkNode) and each.position < len(text.links))
        if keeps and any(
            _mentions(expression, names) for inner in _family(each, context) for expression in inner.expressions()
        ):
            return False
    return True


def _mentions(expression: Expression, names: Mapping[str, str]) -> bool:
    return any(path.head() in names or not isinstance(path.head(), str) for path in _paths(expression))


def _is_written(node: Node, expression: Expression, names: Mapping[str, str]) -> bool:
    """{{ unsubscribe_url }}, or with filters that let it through."""
    if not isinstance(node, ValueNode) or not isinstance(expression, FilteredExpression):
        return False
    if not isinstance(expression.left, Path) or len(expression.left.path) != 1:
        return False
    arguments = [child for child in expression.children() if child is not expression.left]
    return all(each.name in _TRANSPARENT for each in expression.filters or ()) and not any(
        _mentions(argument, names) for argument in arguments
    )


def _is_asked_for(expression: Expression) -> bool:
    """{% if unsubscribe_url %}: an address is never empty."""
    inner = expression.expression if isinstance(expression, BooleanExpression) else None
    return isinstance(inner, Path) and len(inner.path) == 1


def _family(node: Node, context: RenderContext) -> Iterable[Node]:
    yield node
    for child in node.children(context):
        yield from _family(child, context)


def _paths(expression: Expression) -> Iterable[Path]:
    if isinstance(expression, Path):
        yield expression
    for child in expression.children():
        yield from _paths(child)


def _tag(node: Node) -> str:
    inner = isinstance(node, (BlockNode, ConditionalBlockNode, MultiExpressionBlockNode))
    return node.token.value if node.token.kind == TOKEN_TAG and not inner else ""


def _goes_on(node: Node) -> bool:
    """{% for ... offset: continue %}"""
    return any(
        str(getattr(expression, "offset", None) or "").strip("'\"") == "continue" for expression in node.expressions()
    )
