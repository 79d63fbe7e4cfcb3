"""The pieces of a mail that differ by person, each worked out once for the same input.

The Liquid library alone says what a piece becomes; but most people share a piece's input with somebody (a first name,
no first name, no products), and then it needs no second look.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Mapping, Sequence
from decimal import Decimal
from typing import Generic, TypeVar

from liquid import escape
from liquid.ast import Node
from liquid.builtin.expressions import FilteredExpression, Path

from northpost.content.bound.reading import Steps
from northpost.content.liquid import LinkUrl, LiquidText, MailContext, ValueNode, plain_data

ROOM = 2_000_000  # bytes that a bound mail may remember, about
LONGEST = 20_000  # of one piece
_ENTRY = 200  # what an entry takes beside its text
_MISSING = object()
_ALREADY_PLAIN = (int, bool)
_BY_THEIR_WORDS = (Decimal, float, dt.date, dt.datetime)
T = TypeVar("T")


class Doubt(Exception):
    """The quick way might not be exact here: this person's mail is rendered as a whole."""


class _NoKey(Exception):
    """A value that can't be looked up by: a list, or all of a dict."""


class Memory:
    """What the units of one mail remember together; full, all of it is forgotten."""

    def __init__(self) -> None:
        self._left = ROOM
        self._all: list[dict[Hashable, object]] = []

    def book(self) -> dict[Hashable, object]:
        book: dict[Hashable, object] = {}
        self._all.append(book)
        return book

    def keep(self, book: dict[Hashable, object], key: Hashable, found: object, size: int) -> None:
        if size > LONGEST:
            return
        self._left -= size + _ENTRY
        if self._left < 0:
            for each in self._all:
                each.clear()
            self._left = ROOM - size - _ENTRY
        book[key] = found


class Person:
    """One person while their mail is made: the context as given, and what Liquid needs of it, once it is asked for."""

    __slots__ = ("_fixed", "_link_url", "_plain", "_renderings", "context")

    def __init__(self, context: Mapping[str, object], fixed: Mapping[str, object], link_url: LinkUrl | None) -> None:
        """fixed: as plain_data() gives it, and stronger than the context."""
        self.context = context
        self._fixed = fixed
        self._link_url = link_url
        self._plain: dict[str, object] | None = None
        self._renderings: dict[int, MailContext] | None = None

    def render(self, text: LiquidText, node: Node) -> str:
        """What a node of the text becomes. One rendering for all nodes of a text, so that they share their state."""
        if self._renderings is None:
            self._renderings = {}
        rendering = self._renderings.get(id(text))
        if rendering is None:
            rendering = self._renderings[id(text)] = text.rendering(self.plain(), link_url=self._link_url)
        return text.render_node(node, rendering)

    def plain(self) -> dict[str, object]:
        """The whole context as Liquid gets it. Raises TypeError for more than plain data."""
        if self._plain is None:
            fixed = self._fixed
            own = {str(name): plain_data(value) for name, value in self.context.items() if name not in fixed}
            self._plain = own | dict(fixed)
        return self._plain


class Unit(Generic[T]):
    """One node. ``finish`` makes of its text what is wanted; that is what is remembered."""

    __slots__ = ("_book", "_finish", "_html", "_key", "_memory", "_node", "_plain", "_text")

    def __init__(
        self,
        text: LiquidText,
        node: Node,
        *,
        paths: Sequence[Steps] | None,
        html: bool,
        memory: Memory,
        finish: Callable[[str], T],
    ) -> None:
        """paths: what it depends on; None: on what went before, or on more than can be said."""
        self._text = text
        self._node = node
        self._html = html
        self._finish = finish
        self._memory = memory
        self._book = memory.book()
        self._key = _key_of(paths) if paths is not None else None
        self._plain = paths is not None and _is_plain_value(node)

    def __call__(self, person: Person) -> T:
        """Raises Doubt, TypeError, and what the Liquid library raises."""
        if self._key is None:
            return self._finish(self._rendered(person))
        try:
            key = self._key(person.context)
        except _NoKey:
            return self._finish(self._rendered(person))
        found = self._book.get(key)
        if found is None:
            if self._plain and type(key) is str:
                text = str(escape(key)) if self._html else key
                if "\r" in text:
                    raise Doubt
            else:
                text = self._rendered(person)
            found = self._finish(text)
            self._memory.keep(self._book, key, found, len(text))
        return found  # type: ignore[return-value]

    def _rendered(self, person: Person) -> str:
        text = person.render(self._text, self._node)
        # Is it half of a line end? That depends on what stands beside it.
        if "\r" in text:
            raise Doubt
        return text


class Line:
    """A text of one line (the subject), worked out as a whole."""

    def __init__(
        self, text: LiquidText, *, paths: Sequence[Steps] | None, memory: Memory, finish: Callable[[str], bytes]
    ) -> None:
        self._text = text
        self._finish = finish
        self._memory = memory
        self._book = memory.book()
        self._key = _key_of(paths) if paths is not None else None

    def __call__(self, person: Person) -> bytes:
        """Raises ContentError, TypeError, and what ``finish`` raises."""
        if self._key is None:
            return self._finish(self._text.render(person.plain()))
        try:
            key = self._key(person.context)
        except _NoKey:
            return self._finish(self._text.render(person.plain()))
        found = self._book.get(key)
        if found is None:
            found = self._finish(self._text.render(person.plain()))
            self._memory.keep(self._book, key, found, len(found))
        return found  # type: ignore[return-value]


def _is_plain_value(node: Node) -> bool:
    if not isinstance(node, ValueNode) or not isinstance(node.expression, FilteredExpression):
        return False
    left = node.expression.left
    # "partial" is a word of the library's own.
    return not node.expression.filters and isinstance(left, Path) and left.head() != "partial"


def _key_of(paths: Sequence[Steps]) -> Callable[[Mapping[str, object]], Hashable]:
    keys = [_key_at(path) for path in sorted(paths)]
    if len(keys) == 1:
        return keys[0]
    return lambda context: tuple([key(context) for key in keys])


def _key_at(path: Steps) -> Callable[[Mapping[str, object]], Hashable]:
    if len(path) != 2:
        return lambda context: _walk(context, path)
    root, name = path

    def key(context: Mapping[str, object]) -> Hashable:
        try:
            value = context[root][name]  # type: ignore[index]
        except (LookupError, TypeError):
            return _walk(context, path)
        return (value or None) if type(value) is str else _hashable(value)

    return key


def _walk(context: Mapping[str, object], path: Steps) -> Hashable:
    """A key for what stands at the path: equal keys, equal output."""
    found: object = context
    for depth, step in enumerate(path):
        if not isinstance(found, Mapping):
            return depth, _hashable(found)
        if step not in found:
            # Liquid counts a dict's items by these, if it has none of the name.
            if depth and step in ("size", "first", "last"):
                raise _NoKey
            return _MISSING
        found = found[step]
    return _hashable(found)


def _hashable(value: object) -> Hashable:
    if isinstance(value, str):
        # As in plain_data: empty text is nothing.
        return str.__str__(value) or None
    if value is None:
        return None
    if isinstance(value, _ALREADY_PLAIN):
        return type(value), value
    if isinstance(value, _BY_THEIR_WORDS):
        # 1.0 and 1.00 are equal, and don't look it.
        return type(value), repr(value)
    raise _NoKey
