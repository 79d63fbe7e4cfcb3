"""Quoted-printable (RFC 2045, 6.7) in pieces, each of which begins at the start of a line and ends at the end of one.

A piece that does not end in a line end of its text ends in a soft one (``=`` and CRLF, which readers take out again).
So pieces are joined in any order without a look at their neighbours. No line is longer than 76, none ends in a blank,
and none begins with a dot: written as =2E it needs no doubling in SMTP (RFC 5321, 4.5.2), so what is sent, signed and
stored is the same to the byte. ``From `` at the start of a line becomes =46rom, which no mailbox file changes.
"""

from __future__ import annotations

import binascii
import re

from northpost.content.bound.marks import LENGTH, Marks, Plate

SOFT_BREAK = b"=\r\n"
WIDTH = 75  # and the = of a soft break
_EQUALS = ord("=")

_AT_START = (b".", b"From ")
_OCTETS = [b"=%02X" % octet for octet in range(256)]
_TO_ESCAPE = re.compile(rb"[^\t -<>-~]+")
# Fits in a line before a soft break and stays as it is: the first is no dot.
_PLAIN = re.compile(r"[ -\-/-<>-~][ -<>-~]{0,70}")


# The same for a person's value, and nothing in it means something to HTML. (F might begin "From ".)
_HARMLESS = re.compile(r"[ !#-%(-\-/-;?-EG-~][ !#-%(-;?-~]{0,70}")


def plainly_quoted(value: str) -> bytes | None:
    """A value as one piece, if it needs neither escaping nor thought; None if it does."""
    return value.encode("ascii") + SOFT_BREAK if _HARMLESS.fullmatch(value) else None


def quoted(text: str, marks: Marks | None = None, *, last: bool = False) -> Plate:
    """The text as one piece. marks: which may stand in it. last: nothing follows, so it ends without a soft break."""
    if marks is None or marks.prefix not in text:
        if not last and _PLAIN.fullmatch(text) and not text.startswith("From "):
            return (text.encode("ascii") + SOFT_BREAK,)
        words = [text]
    else:
        words = marks.pattern.split(text)
    writer = _Writer()
    for index, word in enumerate(words):
        if index % 2:
            writer.mark(int(word))
        else:
            writer.write(word, ends=last and index == len(words) - 1)
    return writer.end(last=last)


def piece(text: str, marks: Marks) -> bytes | Plate:
    """quoted(), in a hurry: with a mark on a line of its own, and as bytes where no mark stands in it."""
    if marks.prefix not in text:
        if _PLAIN.fullmatch(text) and not text.startswith("From "):
            return text.encode("ascii") + SOFT_BREAK
        return _closed(text) or _joined(quoted(text))
    found: list[bytes | int] = []
    for index, word in enumerate(marks.pattern.split(text)):
        if index % 2:
            found += (int(word), SOFT_BREAK)
        elif word:
            found.append(_closed(word) or _joined(quoted(word)))
    return tuple(found)


def whole(text: str) -> bytes:
    """A text that stands alone, without marks."""
    return _in_bulk(text) or _joined(quoted(text, last=True))


def _closed(text: str) -> bytes | None:
    encoded = _in_bulk(text)
    if encoded is None or encoded.endswith(b"\n"):
        return encoded
    return encoded + SOFT_BREAK if len(encoded) - encoded.rfind(b"\n") - 1 <= WIDTH else None


def _in_bulk(text: str) -> bytes | None:
    """By the standard library, which is quick; None where it knows no dots at the start of a line, or writes beyond the
    end of one (blanks there)."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = "\n" in text
    if lines:
        text = text.replace("\n", "\r\n")
    encoded = binascii.b2a_qp(text.encode("utf-8", "replace"), istext=True, header=False)
    if not lines:
        # Without a line end to learn from, it breaks its lines with a bare LF.
        encoded = encoded.replace(b"\n", b"\r\n")
    if encoded.startswith(_AT_START) or b"\n." in encoded or b"\nFrom " in encoded:
        return None
    return encoded if max(map(len, encoded.split(b"\r\n"))) <= WIDTH + 1 else None


def _joined(plate: Plate) -> bytes:
    return b"".join([each for each in plate if isinstance(each, bytes)])


class _Writer:
    """Writes one piece from left to right; knows in which column it is."""

    def __init__(self) -> None:
        self._out: list[bytes | int] = []
        self._gathered: list[bytes] = []
        self._column = 0

    def write(self, text: str, *, ends: bool) -> None:
        """ends: the text's end is the end of a line, too."""
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        lines = text.encode("utf-8", "replace").split(b"\n")
        for line in lines[:-1]:
            self._line(line, ends=True)
            self._gathered.append(b"\r\n")
            self._column = 0
        self._line(lines[-1], ends=ends)

    def mark(self, number: int) -> None:
        if self._column + LENGTH > WIDTH:
            self._break()
        self._gather()
        self._out.append(number)
        self._column += LENGTH

    def end(self, *, last: bool) -> Plate:
        if self._column and not last:
            self._gathered.append(SOFT_BREAK)
        self._gather()
        return tuple(self._out)

    def _line(self, line: bytes, *, ends: bool) -> None:
        """A line, or what is left of it."""
        escaped = _TO_ESCAPE.sub(_escape, line)
        if ends and escaped.endswith((b" ", b"\t")):
            escaped = escaped[:-1] + _OCTETS[escaped[-1]]
        start, length = 0, len(escaped)
        while start < length:
            if self._column == 0 and escaped.startswith(_AT_START, start):
                self._gathered.append(_OCTETS[escaped[start]])
                self._column = 3
                start += 1
            end = start + WIDTH - self._column
            if end >= length:
                self._gathered.append(escaped[start:])
                self._column += length - start
                return
            # Not in the middle of =XX.
            if end - 1 >= start and escaped[end - 1] == _EQUALS:
                end -= 1
            elif end - 2 >= start and escaped[end - 2] == _EQUALS:
                end -= 2
            self._gathered.append(escaped[start:end])
            self._break()
            start = end

    def _break(self) -> None:
        self._gathered.append(SOFT_BREAK)
        self._column = 0

    def _gather(self) -> None:
        if self._gathered:
            self._out.append(b"".join(self._gathered))
            self._gathered = []


def _escape(match: re.Match[bytes]) -> bytes:
    return b"".join([_OCTETS[octet] for octet in match[0]])
