"""The two parts of a mail, cut at what differs by person; the rest encoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from liquid.builtin.content import ContentNode
from liquid.exceptions import LiquidError, LiquidInterrupt

from northpost.content.bound.marks import Marks, Plate
from northpost.content.bound.quoted import piece, plainly_quoted, quoted
from northpost.content.bound.reading import only_shown, read
from northpost.content.bound.units import Doubt, Memory, Person, unit
from northpost.content.liquid import LinkUrl, LiquidText
from northpost.content.text import tidy_lines

T = TypeVar("T")
# A person's piece: bytes, or more of them with places for tokens in between.
Piece = bytes | Plate
Maker = Callable[[Person], Piece]
Words = Callable[[Person], str]
FAILURES = (LiquidError, LiquidInterrupt, RecursionError, ValueError, ArithmeticError, AssertionError)


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

    def finish(words: str) -> Piece:
        return piece(words, fixed.marks)

    parts = _cut(text, fixed, memory, html=True, finish=finish, plainly=plainly_quoted)
    pieces: list[Plate | Maker] = []
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if isinstance(part, str):
            if part.endswith("\r") and not last:
                raise Doubt
            pieces.append(quoted(part, fixed.marks, last=last))
        else:
            pieces.append(part)
    return pieces


def text_pieces(text: LiquidText, fixed: Fixed, memory: Memory) -> list[Plate | Maker]:
    """The plain text, tidied: what its gaps become is known where no value stands in them. Raises Doubt."""
    parts = _cut(text, fixed, memory, html=False, finish=str, plainly=str)
    pieces: list[Plate | Maker] = []
    words = ""
    for part in _by_gaps(parts):
        if isinstance(part, str):
            words += part
            continue
        if part.is_fixed:
            words += part.filled("".join(str(each) for each in part.inside))
            continue
        if words.endswith("\r"):
            raise Doubt
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
                text = gap.filled(key)
                if "\r" in text:
                    raise Doubt
                found = piece(text, marks)
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


def _cut(
    text: LiquidText,
    fixed: Fixed,
    memory: Memory,
    *,
    html: bool,
    finish: Callable[[str], T],
    plainly: Callable[[str], T | None],
) -> list[str | Callable[[Person], T]]:
    """The text's nodes: those that are the same for everybody as words, joined where they touch."""
    template = text.template
    readings = [read(node, template) for node in template.nodes]
    assigned = {name for reading in readings for name in reading.names}
    goes_on = any(reading.goes_on for reading in readings)
    rendering = text.rendering(
        fixed.values, link_url=fixed.link_url, pixel_url=fixed.pixel_url, trap_url=fixed.trap_url
    )
    parts: list[str | Callable[[Person], T]] = []
    for node, reading in zip(template.nodes, readings, strict=True):
        if not only_shown(node, text, fixed.own):
            raise Doubt
        words: str | None = None
        alone = reading.constant and not reading.stateful and not reading.roots & assigned
        alone = alone and not (goes_on and reading.loops)
        if isinstance(node, ContentNode):
            words = node.text
        elif alone and reading.roots <= fixed.values.keys():
            try:
                words = text.render_node(node, rendering)
            except FAILURES:
                alone = False  # fails for each, with their own words
        if words is not None:
            if parts and isinstance(parts[-1], str):
                parts[-1] += words
            else:
                parts.append(words)
            continue
        paths = [path for path in reading.paths if path[0] not in fixed.values] if alone else None
        parts.append(unit(text, node, paths=paths, html=html, memory=memory, finish=finish, plainly=plainly))
    return parts
