"""A mail taken into its parts, within bounds (RFC 5322, 2045, 2046, 2231).

Written for mail that may have been made to hurt: time and memory are linear in its size, whatever its shape. Python's
own parser holds each line against the boundary of every level, and builds parts without end.
"""

from __future__ import annotations

import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from northpost.mailbox.reading import decode_value

MAX_BYTES = 10 * 1024 * 1024
MAX_HEAD = 256 * 1024
MAX_HEADERS = 500
MAX_PARTS = 200
MAX_DEPTH = 8
MAX_VALUE = 8000

_NAME = re.compile(r"[!-9;-~]{1,100}")
# A quotation that nobody closes goes to the end, or a row of them would be read over and over.
_PARAM = re.compile(r""";\s*([^\s=;"]{1,60})\s*=\s*("(?:[^"\\]|\\.)*(?:"|\\?$)|[^;]*)""")
_KIND = re.compile(r"\s*([!-.0-~]+)\s*/\s*([!-.0-:<-~]+)")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_NOT_SHOWN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
# Those that mail is written in. Python knows others (punycode, for one) that take ages over a megabyte.
_CHARSETS = re.compile(
    r"(us-)?ascii|utf-?(8|16|16le|16be|32)|iso-?8859-\d{1,2}|(windows|cp)-?12\d\d|koi8-[ru]|(cp|ibm)-?(437|85\d|866)"
    r"|x?-?mac-?(cyrillic|roman)|gb(2312|k|18030)|big5|shift_jis|euc-(jp|kr)|iso-2022-jp|ks_c_5601-1987|latin-?1",
    re.IGNORECASE,
)
_EMBEDDED = frozenset(
    {"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers", "message/rfc822-headers"}
)


class Unreadable(ValueError):
    """The mail is made in a way that no honest one is. Permanent; ``reason`` is stable and may be stored."""

    retryable = False

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Part:
    """A mail, or a part of one.

    ``headers``: (name in lower case, unfolded value). ``kind``: as in text/plain. ``body``: as it stands there, still
    encoded. ``parts``: of a multipart its parts, of an embedded message that message alone.
    """

    headers: tuple[tuple[str, str], ...]
    kind: str
    params: dict[str, str]
    body: bytes
    parts: tuple[Part, ...]

    def header(self, name: str) -> str:
        """The first header of that name as people read it, or nothing."""
        return decode_value(self.raw_header(name))

    def raw_header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    def raw_headers(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def walk(self) -> Iterator[Part]:
        yield self
        for part in self.parts:
            yield from part.walk()

    @property
    def filename(self) -> str:
        said = _params(self.raw_header("content-disposition")).get("filename") or self.params.get("name", "")
        return decode_value(said[:500])[:200]

    @property
    def is_attachment(self) -> bool:
        return self.raw_header("content-disposition").lstrip().lower().startswith("attachment")

    def content(self) -> bytes:
        """The body with its transfer encoding undone; what is no such encoding is left out."""
        encoding = self.raw_header("content-transfer-encoding").strip().lower()
        if encoding == "base64":
            return _from_base64(self.body)
        if encoding == "quoted-printable":
            return quopri.decodestring(self.body)
        return self.body

    def text(self, most: int = 1024 * 1024) -> str:
        """The body as text of at most so many characters, without control characters, lines apart by LF."""
        content = self.content()[: 4 * most]
        named = self.params.get("charset", "").strip()
        charset = named if _CHARSETS.fullmatch(named) else "utf-8"
        try:
            text = content.decode(charset, "replace")
        except (LookupError, UnicodeError):
            text = content.decode("utf-8", "replace")
        return _NOT_SHOWN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))[:most]


def read_parts(raw: bytes) -> Part:
    """Take a mail apart. Raises Unreadable for one with too many parts, levels or headers, or none at all."""
    text = raw[:MAX_BYTES].replace(b"\r\n", b"\n")
    if text.startswith((b"From ", b">From ")):  # an mbox's separator
        text = text.partition(b"\n")[2]
    found = _read(text, _Budget(), 0)
    if not found.headers:
        raise Unreadable("no_headers")
    return found


def read_headers(raw: bytes) -> Part:
    """Only the headers at the top. Raises Unreadable."""
    text = raw[: MAX_HEAD + 2].replace(b"\r\n", b"\n")
    headers, _body = _split(text)
    return Part(headers, "text/plain", {}, b"", ())


@dataclass(slots=True)
class _Budget:
    parts: int = MAX_PARTS

    def spend(self) -> None:
        self.parts -= 1
        if self.parts < 0:
            raise Unreadable("too_many_parts")


def _read(text: bytes, budget: _Budget, depth: int) -> Part:
    if depth > MAX_DEPTH:
        raise Unreadable("too_deep")
    budget.spend()
    headers, body = _split(text)
    said = next((value for name, value in headers if name == "content-type"), "")
    match = _KIND.match(said)
    kind = f"{match[1]}/{match[2]}".lower() if match else "text/plain"
    bare = Part(headers, kind, _params(said), body, ())
    return Part(headers, kind, bare.params, body, _children(bare, budget, depth))


def _children(part: Part, budget: _Budget, depth: int) -> tuple[Part, ...]:
    boundary = part.params.get("boundary", "")
    if part.kind.startswith("multipart/") and 0 < len(boundary) <= 200:
        pieces = _pieces(part.body, b"\n--" + boundary.encode("utf-8", "replace"))
        return tuple(_read(piece, budget, depth + 1) for piece in pieces)
    if part.kind in _EMBEDDED:
        # RFC 2046 forbids encodings here; some write them nevertheless.
        return (_read(part.content().lstrip(b"\n").replace(b"\r\n", b"\n"), budget, depth + 1),)
    return ()


def _pieces(body: bytes, delimiter: bytes) -> list[bytes]:
    pieces: list[list[bytes]] = []
    for number, piece in enumerate((b"\n" + body).split(delimiter, MAX_PARTS + 1)):
        if number == 0:
            continue  # the preamble
        line, _newline, rest = piece.partition(b"\n")
        if line.startswith(b"--"):
            break
        if line.strip():
            # A longer boundary that begins like this one: no delimiter, but part of what came before.
            if pieces:
                pieces[-1] += [delimiter, piece]
            continue
        pieces.append([rest])
    if len(pieces) > MAX_PARTS:
        raise Unreadable("too_many_parts")
    return [b"".join(piece) for piece in pieces]


def _split(text: bytes) -> tuple[tuple[tuple[str, str], ...], bytes]:
    if text.startswith(b"\n"):
        return (), text[1:]
    end = text.find(b"\n\n", 0, MAX_HEAD)
    if end < 0:
        if len(text) > MAX_HEAD:
            raise Unreadable("headers_too_long")
        end = len(text)
    found: list[tuple[str, list[str]]] = []
    for line in text[:end].decode("utf-8", "replace").split("\n"):
        if line[:1] in (" ", "\t"):
            if found:
                found[-1][1].append(line)
            continue
        name, colon, value = line.partition(":")
        if colon and _NAME.fullmatch(name.rstrip()):
            found.append((name.rstrip().lower(), [value]))
            if len(found) > MAX_HEADERS:
                raise Unreadable("too_many_headers")
    return tuple((name, " ".join(lines)[:MAX_VALUE].strip()) for name, lines in found), text[end + 2 :]


def _params(value: str) -> dict[str, str]:
    """The parameters of a structured header, names in lower case; RFC 2231's pieces put together and decoded."""
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, str]] = {}
    for match in _PARAM.finditer(value):
        name, said = match[1].lower(), match[2].strip()
        if said.startswith('"'):
            said = re.sub(r"\\(.)", r"\1", said[1:].removesuffix('"'))
        base, star, order = name.partition("*")
        if not star:
            plain.setdefault(name, said)
        else:
            number = order.rstrip("*")
            place = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 0
            encoded = name.endswith("*")
            pieces.setdefault(base, {})[place] = _percent(said, first=place == 0) if encoded else said
    return {base: "".join(said for _place, said in sorted(parts.items())) for base, parts in pieces.items()} | plain


def _percent(said: str, *, first: bool) -> str:
    charset = "utf-8"
    if first and said.count("'") >= 2:
        named, _language, said = said.split("'", 2)
        charset = named if _CHARSETS.fullmatch(named) else charset
    try:
        return unquote_to_bytes(said).decode(charset, "replace")
    except (LookupError, UnicodeError):
        return said


def _from_base64(body: bytes) -> bytes:
    letters = _NOT_BASE64.sub(b"", body)
    whole = letters[: len(letters) // 4 * 4]
    rest = letters[len(whole) :]
    if len(rest) > 1:
        whole += rest + b"=" * (4 - len(rest))
    return binascii.a2b_base64(whole)
