"""The two parts of a mail, cut at what differs by person; the rest encoded."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from liquid.ast import Node
from liquid.builtin.content import ContentNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.unless_tag import UnlessNode
from liquid.exceptions import LiquidError, LiquidInterrupt

from northpost.content.bound.marks import Marks, Plate
from northpost.content.bound.quoted import piece, plainly_quoted, quoted
from northpost.content.bound.reading import Steps, asked, only_shown, read, words_in
from northpost.content.bound.units import Choice, Memory, Person, unit
from northpost.content.liquid import LinkUrl, LiquidText
from northpost.content.text import tidy_lines

T = TypeVar("T")
# A person's piece: bytes, or more of them with places for tokens in between.
Piece = bytes | Plate
Maker = Callable[[Person], Piece]
Words = Callable[[Person], str]
_MANY_WORDS = 400  # characters; fewer are quickly encoded again
FAILURES = (LiquidError, LiquidInterrupt, RecursionError, ValueError, ArithmeticError, AssertionError)


class Doubt(Exception):
    """The quick way might not be exact: the mail is rendered as a whole for everybody."""


@dataclass(frozen=True)
class Fixed:
    """What is the same for everybody. values: as plain_data() gives it, with marks in the message's own addresses."""

    values: dict[str, object]
    own: dict[str, str]
    marks: Marks
    link_url: LinkUrl | None
    pixel_url: str | None
    trap_url: str | None


def html_pieces(text: LiquidText, fixed: Fixed, memory: Memory) -> list[Plate | Maker]:
    """Raises Doubt where the whole can only be rendered at once."""
    return _encoded(_HtmlCutter(text, fixed, memory).cut(text.template.nodes), fixed.marks, last=True)


def _encoded(parts: Sequence[str | Maker], marks: Marks, *, last: bool) -> list[Plate | Maker]:
    """last: nothing follows."""
    pieces: list[Plate | Maker] = []
    for index, part in enumerate(parts):
        end = last and index == len(parts) - 1
        if isinstance(part, str):
            pieces.append(quoted(part, marks, last=end))
        else:
            pieces.append(part)
    return pieces


def text_pieces(text: LiquidText, fixed: Fixed, memory: Memory) -> list[Plate | Maker]:
    """The plain text, tidied: what its gaps become is known where no value stands in them. Raises Doubt."""
    parts = _TextCutter(text, fixed, memory).cut(text.template.nodes)
    pieces: list[Plate | Maker] = []
    words = ""
    for part in _by_gaps(parts):
        if isinstance(part, str):
            words += part
            continue
        if part.is_fixed:
            words += part.filled("".join(str(each) for each in part.inside))
            continue
        if words:
            pieces.append(quoted(words, fixed.marks))
        words = ""
        pieces.append(_gap_maker(part, fixed.marks, memory))
    if words:
        pieces.append(quoted(words, fixed.marks))
    return pieces


@dataclass(frozen=True)
class _Gap:
    """White space and values between two words; first, last: at the start or end of the text."""

    inside: Sequence[str | Words]
    first: bool
    last: bool

    @property
    def is_fixed(self) -> bool:
        return all(isinstance(each, str) for each in self.inside)

    def filled(self, text: str) -> str:
        """As text.tidy leaves it. Words on both sides of a gap are all that tidying ever looks at."""
        text = tidy_lines(text)
        if self.first:
            text = text.lstrip()
        if self.last:
            text = text.rstrip() + "\n"
        return text


def _gap_maker(gap: _Gap, marks: Marks, memory: Memory) -> Maker:
    book = memory.book()
    inside = tuple(gap.inside)
    between = not gap.first and not gap.last
    prefix = marks.prefix

    def find(key: str) -> Piece:
        found = book.get(key)
        if found is None:
            found = plainly_quoted(key) if between and prefix not in key else None
            if found is None:
                found = piece(gap.filled(key), marks)
            if not book.closed:
                memory.keep(book, key, found, 2 * len(key))
        return found  # type: ignore[return-value]

    if len(inside) == 3 and isinstance(inside[0], str) and isinstance(inside[2], str) and callable(inside[1]):
        before, value, after = inside[0], inside[1], inside[2]
        return lambda person: find(before + value(person) + after)
    return lambda person: find("".join([each if isinstance(each, str) else each(person) for each in inside]))


def _by_gaps(parts: Sequence[str | Words]) -> list[str | _Gap]:
    """Words, and the gaps before, between and after them."""
    found: list[str | _Gap] = []
    gap: list[str | Words] = []
    for part in parts:
        words = part.strip() if isinstance(part, str) else ""
        if not isinstance(part, str) or not words:
            gap.append(part)
            continue
        start = part.index(words)
        gap.append(part[:start])
        found += (_Gap(gap, first=not found, last=False), tidy_lines(words))
        gap = [part[start + len(words) :]]
    found.append(_Gap(gap, first=not found, last=True))
    return found


class _Cutter(ABC, Generic[T]):
    """Cuts a text's nodes: those that are the same for everybody are words, joined where they touch."""

    def __init__(self, text: LiquidText, fixed: Fixed, memory: Memory) -> None:
        """Raises Doubt."""
        self.text, self.fixed, self.memory = text, fixed, memory
        self._read = {id(node): read(node, text.template) for node in text.template.nodes}
        self._assigned = {name for reading in self._read.values() for name in reading.names}
        self._goes_on = any(reading.goes_on for reading in self._read.values())
        self._rendering = text.rendering(
            fixed.values, link_url=fixed.link_url, pixel_url=fixed.pixel_url, trap_url=fixed.trap_url
        )
        if not all(only_shown(node, text, fixed.own) for node in text.template.nodes):
            raise Doubt

    def cut(self, nodes: Sequence[Node]) -> list[str | Callable[[Person], T]]:
        """Raises Doubt."""
        parts: list[str | Callable[[Person], T]] = []
        for node in nodes:
            part = self._part(node)
            if isinstance(part, str) and parts and isinstance(parts[-1], str):
                parts[-1] += part
            else:
                parts.append(part)
        return parts

    def _part(self, node: Node) -> str | Callable[[Person], T]:
        if isinstance(node, ContentNode):
            return node.text
        reading = self._read.get(id(node)) or read(node, self.text.template)
        alone = reading.constant and not reading.stateful and not reading.roots & self._assigned
        if not alone or (self._goes_on and reading.loops):
            return self._unit(node, None)
        if reading.roots <= self.fixed.values.keys():
            try:
                return self.text.render_node(node, self._rendering)
            except FAILURES:
                return self._unit(node, None)  # fails for each, with their own words
        if self._has_branches(node):
            return self._branches(node)
        return self._unit(node, self._personal(reading.paths))

    def _personal(self, paths: Iterable[Steps]) -> list[Steps]:
        return [path for path in paths if path[0] not in self.fixed.values]

    def _has_branches(self, node: Node) -> bool:
        """Whether there is so much in its branches that they are cut in turn."""
        branching = isinstance(node, (IfNode, UnlessNode)) and not node.blank
        return branching and words_in(node, self.text.template) > _MANY_WORDS

    def _branches(self, node: IfNode | UnlessNode) -> Callable[[Person], T]:
        choice = Choice(self.text, node, paths=self._personal(asked(node)), memory=self.memory)
        blocks = [
            node.consequence,
            *(each.block for each in node.alternatives),
            *([node.default] if node.default else ()),
        ]
        branches = [self.joined(self.cut(block.nodes)) for block in blocks]
        nothing = self.joined([])

        def make(person: Person) -> T:
            taken = choice(person)
            return branches[taken](person) if taken >= 0 else nothing(person)

        return make

    @abstractmethod
    def joined(self, parts: Sequence[str | Callable[[Person], T]]) -> Callable[[Person], T]:
        """The parts of a branch as one."""

    @abstractmethod
    def _unit(self, node: Node, paths: Sequence[Steps] | None) -> Callable[[Person], T]: ...


class _HtmlCutter(_Cutter[Piece]):
    def joined(self, parts: Sequence[str | Maker]) -> Maker:
        pieces = _encoded(parts, self.fixed.marks, last=False)

        def make(person: Person) -> Piece:
            made: list[bytes | int] = []
            for each in pieces:
                found = each if isinstance(each, tuple) else each(person)
                if isinstance(found, bytes):
                    made.append(found)
                else:
                    made.extend(found)
            return tuple(made)

        return make

    def _unit(self, node: Node, paths: Sequence[Steps] | None) -> Maker:
        def finish(words: str) -> Piece:
            return piece(words, self.fixed.marks)

        return unit(self.text, node, paths=paths, html=True, memory=self.memory, finish=finish, plainly=plainly_quoted)


class _TextCutter(_Cutter[str]):
    def joined(self, parts: Sequence[str | Words]) -> Words:
        return lambda person: "".join([each if isinstance(each, str) else each(person) for each in parts])

    def _unit(self, node: Node, paths: Sequence[Steps] | None) -> Words:
        return unit(self.text, node, paths=paths, html=False, memory=self.memory, finish=str, plainly=str)
