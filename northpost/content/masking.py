"""Finding Liquid in a source, and hiding it behind plain words while other tools work on the rest.

`<` in `{% if a < 3 %}` must not meet an XML parser, and `{% for %}` between two sections must survive MJML.
So every piece of Liquid becomes a word of letters and digits, and comes back when the HTML is ready.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from django.utils.translation import gettext as _

from northpost.content.errors import ContentError

TAG_LIMIT = 4_000  # characters in one {{ }} or {% %}; beyond it the parser's regular expressions get slow
NESTING_LIMIT = 20
PIECE_LIMIT = 5_000  # in one source: about a second to parse
BRACKET_LIMIT = 20  # in one piece; the parser's time grows with a power of them

_OPENING = re.compile(r"\{[{%]")
_TAG_NAME = re.compile(r"\{%-?\s*(#|\w+)")
# Editors of XML write these inside attributes; in Liquid they can only mean the character itself.
_ENTITIES = (("&quot;", '"'), ("&#39;", "'"), ("&apos;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_OPAQUE = {"raw", "comment", "doc"}
_BLOCKS = {"if", "unless", "case", "for", "tablerow", "capture", "ifchanged"}


class Kind(Enum):
    """What a piece of Liquid does: write a value, control what follows, or stand for itself."""

    OUTPUT = "output"
    CONTROL = "control"
    OPAQUE = "opaque"


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of Liquid: source[start:end], on `line` (1-based), `code` being what Liquid shall parse."""

    start: int
    end: int
    line: int
    kind: Kind
    code: str


class Lines:
    """Line numbers (1-based) of offsets in a text."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def at(self, offset: int) -> int:
        return bisect_right(self._starts, offset)


def find_liquid(source: str, *, origin: str) -> list[Piece]:
    """All Liquid in the source, in order. Linear in the source's length.

    Raises ContentError (source: origin 'mjml' is reported as 'liquid') for what is opened and never closed.
    """
    lines = Lines(source)
    blame = "liquid" if origin == "mjml" else origin
    pieces: list[Piece] = []
    open_blocks: list[tuple[str, int]] = []
    position = 0
    while match := _OPENING.search(source, position):
        start, line = match.start(), lines.at(match.start())
        end = _end_of_tag(source, start, line, blame)
        kind = Kind.OUTPUT if source[start + 1] == "{" else Kind.CONTROL
        name = _TAG_NAME.match(source, start, end)
        if kind is Kind.CONTROL and name and name[1] in _OPAQUE:
            end = _end_of_opaque(source, name[1], end, line, blame)
            kind = Kind.OPAQUE
        elif kind is Kind.CONTROL and name:
            _follow_blocks(name[1], line, open_blocks, blame)
        if kind is not Kind.OPAQUE and max(source.count(sign, start, end) for sign in "[(") > BRACKET_LIMIT:
            raise ContentError(line, _("There are too many brackets here."), blame)
        code = source[start:end] if kind is Kind.OPAQUE else _decode_entities(source[start:end])
        if len(pieces) == PIECE_LIMIT:
            raise ContentError(line, _("There is too much Liquid in this mail."), blame)
        pieces.append(Piece(start, end, line, kind, code))
        position = end
    if open_blocks:
        name_, line = open_blocks[-1]
        raise ContentError(line, _("{%% %(tag)s %%} is opened here and never closed.") % {"tag": name_}, blame)
    return pieces


def _end_of_tag(source: str, start: int, line: int, blame: str) -> int:
    closing = "}}" if source[start + 1] == "{" else "%}"
    end = source.find(closing, start + 2, start + TAG_LIMIT)
    if end < 0:
        opening = source[start : start + 2]
        message = _("“%(opening)s” is opened here and “%(closing)s” does not follow.")
        raise ContentError(line, message % {"opening": opening, "closing": closing}, blame)
    return end + 2


def _end_of_opaque(source: str, name: str, start: int, line: int, blame: str) -> int:
    closing = re.compile(r"\{%-?\s*end" + name + r"\s*-?%\}").search(source, start)
    if closing is None or name == "doc":
        raise ContentError(line, _("{%% %(tag)s %%} is opened here and never closed.") % {"tag": name}, blame)
    return closing.end()


def _follow_blocks(name: str, line: int, open_blocks: list[tuple[str, int]], blame: str) -> None:
    if name in _BLOCKS:
        open_blocks.append((name, line))
        if len(open_blocks) > NESTING_LIMIT:
            raise ContentError(line, _("Liquid blocks are nested too deeply here."), blame)
    elif name.startswith("end") and name[3:] in _BLOCKS:
        if not open_blocks:
            message = _("{%% %(tag)s %%} closes nothing.") % {"tag": name}
            raise ContentError(line, message, blame)
        opened, opened_line = open_blocks.pop()
        if opened != name[3:]:
            message = _("{%% %(tag)s %%} stands where {%% end%(open)s %%} should: the block opened in line %(line)d.")
            raise ContentError(line, message % {"tag": name, "open": opened, "line": opened_line}, blame)


def _decode_entities(code: str) -> str:
    if "&" in code:
        for entity, character in _ENTITIES:
            code = code.replace(entity, character)
    return code


class Mask:
    """A source with its Liquid hidden: `masked` holds words like `np7q` where Liquid stood.

    unmask() puts Liquid back into any text that was made of `masked`; also what was hidden with hide().
    """

    def __init__(self, source: str, pieces: list[Piece]) -> None:
        nonce = 0
        while f"np{nonce}x" in source:
            nonce += 1
        self._prefix = f"np{nonce}x"
        self.word = re.compile(self._prefix + r"(\d+)q")
        self.pieces = pieces
        self.hidden = [piece.code for piece in pieces]
        parts: list[str] = []
        self._shifts: list[tuple[int, int]] = []  # (offset in masked after the word, shift to the source)
        position = length = 0
        for index, piece in enumerate(pieces):
            word = f"{self._prefix}{index}q"
            parts += (source[position : piece.start], word)
            length += piece.start - position + len(word)
            position = piece.end
            self._shifts.append((length, piece.end - length))
        parts.append(source[position:])
        self.masked = "".join(parts)
        self._source = source

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self._source)

    def line(self, offset: int) -> int:
        """The source's line for an offset in `masked`."""
        index = bisect_right(self._shifts, (offset, 1 << 60)) - 1
        shift = self._shifts[index][1] if index >= 0 else 0
        return self._lines.at(offset + shift)

    def hide(self, text: str) -> str:
        """A new word for a text that no tool in between may touch (style sheets)."""
        self.hidden.append(self.unmask(text))
        return f"{self._prefix}{len(self.hidden) - 1}q"

    def piece(self, word: re.Match[str]) -> Piece | None:
        """The piece of Liquid behind a word; None for what hide() hid."""
        index = int(word[1])
        return self.pieces[index] if index < len(self.pieces) else None

    def unmask(self, text: str) -> str:
        return self.word.sub(lambda match: self.hidden[int(match[1])], text)

    def unmask_with_lines(self, text: str) -> tuple[str, tuple[tuple[int, int], ...]]:
        """unmask(), and for each piece of Liquid (offset in the result, line in the source), in order."""
        parts: list[str] = []
        lines: list[tuple[int, int]] = []
        position = length = 0
        for match in self.word.finditer(text):
            index = int(match[1])
            before, inside = text[position : match.start()], self.hidden[index]
            length += len(before)
            if index < len(self.pieces):
                lines.append((length, self.pieces[index].line))
            parts += (before, inside)
            length += len(inside)
            position = match.end()
        parts.append(text[position:])
        return "".join(parts), tuple(lines)
