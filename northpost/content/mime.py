"""Headers as bytes, folded and encoded, and the frame of a multipart/alternative message around its two parts.

Made by hand because it runs once per person: email.message.EmailMessage takes milliseconds for what is
microseconds here.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from dataclasses import dataclass

import idna

from northpost.content.errors import HeaderInjection, InvalidHeader

__all__ = ["Frame", "HeaderInjection", "InvalidHeader", "address_header", "frame", "header"]

LINE = 78  # RFC 5322, 2.1.1: should; 998 is the must
HARD_LINE = 998
ENCODED_WORD = 75  # RFC 2047, 2
# base64 carries 3 bytes in 4 characters; `=?utf-8?B?` and `?=` take 12 of the 75
WORD_BYTES = (ENCODED_WORD - 12) // 4 * 3

_PART = "\r\nContent-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
_TEXT_PART = _PART.format("text/plain").encode()
_HTML_PART = _PART.format("text/html").encode()
_NAME = re.compile(r"[!-9;-~]{1,76}\Z")  # RFC 5322, 3.6.8: printable ASCII without the colon
_FORBIDDEN = re.compile(r"[\r\n\0]")
_WORD = re.compile(r"[ \t]*[^ \t]+")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*\Z")
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}\Z")
_ADDRESS_HEADERS = frozenset({"from", "to", "cc", "bcc", "sender", "reply-to", "return-path"})
_OWN_HEADERS = frozenset({"mime-version", "content-type", "content-transfer-encoding"})


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the two parts. headers: the last of the message's, and the empty line behind them."""

    headers: bytes
    before_text: bytes
    before_html: bytes
    end: bytes


def frame(seed: str) -> Frame:
    """seed makes the boundary repeatable. One for all messages of a mailing will do: none is part of another."""
    # "=_" can't occur in quoted-printable, so no content ever holds the boundary (RFC 2045, 6.7).
    digest = hashlib.sha256(seed.encode("utf-8", "replace")).hexdigest()
    boundary = f"=_{digest[:32]}".encode()
    content_type = b'Content-Type: multipart/alternative; boundary="' + boundary + b'"'
    return Frame(
        headers=b"MIME-Version: 1.0\r\n" + content_type + b"\r\n\r\n",
        before_text=b"--" + boundary + _TEXT_PART,
        before_html=b"\r\n--" + boundary + _HTML_PART,
        end=b"\r\n--" + boundary + b"--\r\n",
    )


def header(name: str, value: str) -> bytes:
    """One header with its line end, in ASCII, folded where it is long.

    Raises HeaderInjection for CR, LF or NUL in it, InvalidHeader for one that can't be written.
    """
    return f"{_header(name, value)}\r\n".encode("ascii")


def address_header(name: str, email: str) -> str:
    """`Name <local@domain>` for From, To and Reply-To: name as RFC 2047 words or quoted, domain as IDNA.

    Raises InvalidHeader for a local part outside ASCII (that would need SMTPUTF8) or no valid domain.
    """
    _refuse_injection(name)
    _refuse_injection(email)
    local, at, domain = email.rpartition("@")
    if not at or not _LOCAL.match(local):
        raise InvalidHeader(f"not an address a header can carry: {email!r}")
    try:
        host = domain.lower() if domain.isascii() else idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise InvalidHeader(f"not a domain: {domain!r}") from error
    if not re.fullmatch(r"[A-Za-z0-9.-]{1,253}", host):
        raise InvalidHeader(f"not a domain: {domain!r}")
    address = f"{local}@{host}"
    name = " ".join(name.split())
    if not name:
        return address
    return f"{_phrase(name)} <{address}>"


def _phrase(name: str) -> str:
    if not (name.isascii() and name.isprintable()) or "=?" in name:
        return " ".join(_encoded_words(name))
    if _ATOMS.match(name):
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _refuse_injection(value: str) -> None:
    if _FORBIDDEN.search(value):
        raise HeaderInjection("CR, LF or NUL in a header field")


def _header(name: str, value: str) -> str:
    _refuse_injection(name)
    _refuse_injection(value)
    if not _NAME.match(name):
        raise InvalidHeader(f"not a header name: {name!r}")
    lowered = name.lower()
    if lowered in _OWN_HEADERS:
        raise InvalidHeader(f"{name} is set by the message itself")
    value = value.strip(" \t")
    structured = lowered in _ADDRESS_HEADERS
    if value.isascii() and value.isprintable() and (structured or not _looks_encoded(value)):
        if len(name) + 2 + len(value) <= LINE:
            return f"{name}: {value}"
        folded = _fold(name, _WORD.findall(value))
        if folded is not None:
            return folded
    if structured:
        raise InvalidHeader(f"{name} holds more than ASCII or an endless word: build it with address_header")
    folded = _fold(name, [word if i == 0 else f" {word}" for i, word in enumerate(_encoded_words(value))])
    assert folded is not None  # encoded words are short
    return folded


def _looks_encoded(value: str) -> bool:
    """Text that a reader would take for an encoded word is encoded itself, so that it stays what it is."""
    return "=?" in value


def _fold(name: str, words: list[str]) -> str | None:
    """Lines of at most 78 where the words allow it; None if a word is longer than a line may be at all."""
    lines: list[str] = []
    line = f"{name}:"
    fresh = True
    for word in words:
        piece = f" {word}" if fresh else word
        if not fresh and len(line) + len(piece) > LINE:
            lines.append(line)
            line = ""
        line += piece
        fresh = False
        if len(line) > HARD_LINE:
            return None
    lines.append(line)
    return "\r\n".join(lines)


def _encoded_words(value: str) -> list[str]:
    """RFC 2047 words of whole characters, each at most 75 long; the first leaves room for a name."""
    words: list[str] = []
    chunk = b""
    room = WORD_BYTES - 12
    for character in value:
        try:
            encoded = character.encode("utf-8")
        except UnicodeEncodeError as error:
            raise InvalidHeader("half a character (a lone surrogate) in a header") from error
        if chunk and len(chunk) + len(encoded) > room:
            words.append(_encoded_word(chunk))
            chunk, room = b"", WORD_BYTES
        chunk += encoded
    words.append(_encoded_word(chunk))
    return words


def _encoded_word(chunk: bytes) -> str:
    return f"=?utf-8?B?{b64encode(chunk).decode('ascii')}?="
