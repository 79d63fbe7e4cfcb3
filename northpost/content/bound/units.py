"""The pieces of a mail that differ by person, each worked out once for the same input.

The Liquid library alone says what a piece becomes; but most people share a piece's input with somebody (a first name,
no first name, no products), and then it needs no second look.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Hashable, Mapping
from decimal import Decimal
from typing import Generic, TypeVar
from weakref import WeakSet

from liquid import escape
from liquid.ast import Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.unless_tag import UnlessNode
from liquid.expression import Expression

from northpost.content.bound.reading import Steps
from northpost.content.liquid import LinkUrl, LiquidText, MailContext, ValueNode, plain_data

ROOM = 8_000_000  # bytes that are remembered, about
_SEEN = 100  # messages from which one can tell what comes again
LONGEST = 20_000  # of one piece
_ENTRY = 200  # what an entry takes beside its text
_MISSING = object()
# What Liquid finds in a dict that has no item of the name.
_COUNTED = frozenset({"size", "first", "last"})
_FEW = 20  # items of a list that are looked up by
_ALREADY_PLAIN = (int, bool)
_BY_THEIR_WORDS = (Decimal, float, dt.date, dt.datetime)
T = TypeVar("T")


class _NoKey(Exception):
    """A value that can't be looked up by: a long list, or something that is not plain data."""


class Book(dict[Hashable, object]):
    """What one unit remembers. closed: nearly every person has a value of their own here, and it is not worth it."""

    closed = False


class Memory:
    """What the units of one mail remember. All mails of the process have room together; full, all is forgotten."""

    _left = ROOM
    _living: WeakSet[Memory] = WeakSet()

    def __init__(self) -> None:
        self.messages = 0  # since the last time
        self._books: list[Book] = []
        self._living.add(self)

    def book(self) -> Book:
        book = Book()
        self._books.append(book)
        return book

    def keep(self, book: Book, key: Hashable, found: object, size: int) -> None:
        if book.closed or size > LONGEST:
            return
        Memory._left -= size + _ENTRY
        if Memory._left < 0:
            for each in list(Memory._living):
                each.forget()
            Memory._left = ROOM
        book[key] = found

    def forget(self) -> None:
        for book in self._books:
            book.closed = book.closed or (self.messages > _SEEN and 10 * len(book) > 9 * self.messages)
            book.clear()
        self.messages = 0


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
        return text.render_node(node, self._rendering(text))

    def evaluate(self, text: LiquidText, condition: Expression) -> bool:
        """Whether a condition of the text holds."""
        return text.evaluate(condition, self._rendering(text))

    def _rendering(self, text: LiquidText) -> MailContext:
        if self._renderings is None:
            self._renderings = {}
        rendering = self._renderings.get(id(text))
        if rendering is None:
            rendering = self._renderings[id(text)] = text.rendering(self.plain(), link_url=self._link_url)
        return rendering

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
        paths: Collection[Steps] | None,
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
        """Raises TypeError, and what the Liquid library raises."""
        if self._key is None or (self._book.closed and not self._plain):
            return self._finish(self._rendered(person))
        try:
            key = self._key(person.context)
        except _NoKey:
            return self._finish(self._rendered(person))
        found = self._book.get(key)
        if found is None:
            text = self._plainly(key) if self._plain else None
            if text is None:
                text = self._rendered(person)
            found = self._finish(text)
            self._memory.keep(self._book, key, found, len(text))
        return found  # type: ignore[return-value]

    def _plainly(self, key: Hashable) -> str | None:
        """A value that is written as it stands, without the library."""
        if type(key) is str:  # of a path that is not of two steps
            return _lines(str(escape(key)) if self._html else key)
        if type(key) is tuple and key[0] is int:
            return str(key[1])
        return None

    def _rendered(self, person: Person) -> str:
        return person.render(self._text, self._node)


class Choice(Unit[int]):
    """Which branch of an {% if %} or {% unless %} is taken; -1: none."""

    def __init__(
        self,
        text: LiquidText,
        node: IfNode | UnlessNode,
        *,
        paths: Collection[Steps] | None,
        memory: Memory,
    ) -> None:
        super().__init__(text, node, paths=paths, html=False, memory=memory, finish=int)
        self._conditions = (node.condition, *(each.expression for each in node.alternatives))
        self._unless = isinstance(node, UnlessNode)
        self._default = len(self._conditions) if node.default is not None else -1

    def _rendered(self, person: Person) -> str:
        for index, condition in enumerate(self._conditions):
            taken = person.evaluate(self._text, condition)
            if taken is not (self._unless and index == 0):
                return str(index)
        return str(self._default)


def unit(
    text: LiquidText,
    node: Node,
    *,
    paths: Collection[Steps] | None,
    html: bool,
    memory: Memory,
    finish: Callable[[str], T],
    plainly: Callable[[str], T | None],
) -> Callable[[Person], T]:
    """A Unit; the quickest way there is for a value in plain words, such as {{ contact.first_name }}.

    plainly: ``finish`` for a value that needs neither escaping nor thought; None if it does.
    """
    whole = Unit(text, node, paths=paths, html=html, memory=memory, finish=finish)
    path = next(iter(paths)) if paths and _is_plain_value(node) else ()
    if len(path) != 2:
        return whole
    root, name = path
    book = memory.book()

    def make(person: Person) -> T:
        outer = person.context.get(root)
        value = outer.get(name) if type(outer) is dict else None
        if type(value) is not str or not value:
            return whole(person)
        found = book.get(value)
        if found is None:
            found = plainly(value)
            if found is None:
                found = finish(_lines(str(escape(value)) if html else value))
            if not book.closed:
                memory.keep(book, value, found, len(value))
        return found  # type: ignore[return-value]

    def copy(person: Person) -> str:
        outer = person.context.get(root)
        value = outer.get(name) if type(outer) is dict else None
        return _lines(value) if type(value) is str and value else str(whole(person))

    return copy if finish is str and not html else make  # type: ignore[return-value]


class Line:
    """A text of one line (the subject), worked out as a whole."""

    def __init__(
        self, text: LiquidText, *, paths: Collection[Steps] | None, memory: Memory, finish: Callable[[str], bytes]
    ) -> None:
        self._text = text
        self._finish = finish
        self._memory = memory
        self._book = memory.book()
        self._key = _key_of(paths) if paths is not None else None
        self._parts = _plain_parts(text) if paths is not None else None

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
            found = self._finish(self._written(person))
            self._memory.keep(self._book, key, found, len(found))
        return found  # type: ignore[return-value]

    def _written(self, person: Person) -> str:
        if self._parts is not None:
            words = [part if isinstance(part, str) else part(person.context) for part in self._parts]
            if all(type(word) is str for word in words):
                return "".join(words)  # type: ignore[arg-type]
        return self._text.render(person.plain())


def _plain_parts(text: LiquidText) -> list[str | Callable[[Mapping[str, object]], Hashable]] | None:
    """Words and values in plain words; None if there is more in it."""
    parts: list[str | Callable[[Mapping[str, object]], Hashable]] = []
    for node in text.template.nodes:
        if isinstance(node, ContentNode):
            parts.append(node.text)
        elif _is_plain_value(node):
            steps = node.expression.left.path
            if len(steps) != 2 or not all(isinstance(step, str) for step in steps):
                return None
            parts.append(_key_at(tuple(steps)))
        else:
            return None
    return parts


def _lines(text: str) -> str:
    """With line ends as the library writes them: each value by itself."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _is_plain_value(node: Node) -> bool:
    if not isinstance(node, ValueNode) or not isinstance(node.expression, FilteredExpression):
        return False
    left = node.expression.left
    # "partial" is a word of the library's own.
    return not node.expression.filters and isinstance(left, Path) and left.head() != "partial"


def _key_of(paths: Collection[Steps]) -> Callable[[Mapping[str, object]], Hashable]:
    # What stands under a path is known with what stands at it.
    needed = sorted(path for path in paths if not any(path[:end] in paths for end in range(1, len(path))))
    keys = [_key_at(path) for path in needed]
    if len(keys) == 1:
        return keys[0]
    return lambda context: tuple([key(context) for key in keys])


def _key_at(path: Steps) -> Callable[[Mapping[str, object]], Hashable]:
    root, *steps = path
    if len(steps) != 1 or steps[0] in _COUNTED:
        return lambda context: _walk(context, path) if root in context else _MISSING
    name = steps[0]

    def key(context: Mapping[str, object]) -> Hashable:
        outer = context.get(root, _MISSING)
        if outer is _MISSING:
            return _MISSING
        if type(outer) is not dict:
            return _walk(context, path)
        value = outer.get(name, _MISSING)
        if type(value) is str:
            return value or None
        return value if value is None or value is _MISSING else _hashable(value)

    return key


def _walk(context: Mapping[str, object], path: Steps) -> Hashable:
    """A key for what stands at the path: equal keys, equal output."""
    found: object = context
    for depth, step in enumerate(path):
        if not isinstance(found, Mapping):
            return depth, _hashable(found)
        if step not in found:
            if depth and step in _COUNTED:
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
    if type(value) is list and len(value) <= _FEW:
        return list, *map(_hashable, value)
    if type(value) is dict and len(value) <= _FEW:
        return dict, *value, *map(_hashable, value.values())
    raise _NoKey
