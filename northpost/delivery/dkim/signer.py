"""Signing a message for one domain, with one or two keys."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from .canonical import relaxed_field, simple_body, split_fields, with_crlf
from .keys import SigningKey

# Signed where they occur: what a reader or a provider acts on. Both List-Unsubscribe fields: RFC 8058, 4.
_SIGNED = frozenset(
    b"from sender reply-to to cc subject date message-id in-reply-to references mime-version content-type"
    b" content-transfer-encoding list-id list-unsubscribe list-unsubscribe-post list-help list-subscribe feedback-id"
    b" precedence auto-submitted".split()
)
# Signed once more than they occur, so that nobody can add a second one in front (RFC 6376, 8.15).
_ONLY_ONCE = (
    b"from",
    b"to",
    b"cc",
    b"subject",
    b"date",
    b"message-id",
    b"reply-to",
    b"mime-version",
    b"content-type",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
)
_LINE = 74


class Signer:
    """Signs for ``domain`` (ASCII) with each key. Safe to use from several threads at once."""

    def __init__(self, domain: str, keys: Sequence[SigningKey]) -> None:
        self.domain = domain
        self._keys = tuple(
            (key, f"v=1; a={key.algorithm.value}-sha256; c=relaxed/simple;\r\n d={domain}; s={key.selector};".encode())
            for key in keys
        )

    def __repr__(self) -> str:
        return f"Signer({self.domain!r}, {[key.selector for key, _tags in self._keys]!r})"

    def sign(self, data: bytes, *, at: datetime, ready: bool = False) -> bytes:
        """The message with its DKIM-Signature fields in front.

        ``data`` has CRLF line ends, as it will be on the wire; others are made CRLF, as the transport would, unless
        ``ready`` says that there are none. Dots that begin a line are not doubled yet (RFC 5321, 4.5.2).
        """
        if not ready:
            data = with_crlf(data)
        head, _empty, body = data.partition(b"\r\n\r\n")
        chosen = [field for field in reversed(split_fields(head)) if field[0] in _SIGNED]
        canonical = b"".join([relaxed_field(name, value) + b"\r\n" for name, value in chosen])
        rest = b" t=%d;%s\r\n bh=%s;\r\n b=" % (
            int(at.timestamp()),
            _listed(tuple(name for name, _value in chosen)),
            b64encode(hashlib.sha256(simple_body(body)).digest()),
        )
        return b"".join((*(_field(key, tags + rest, canonical) for key, tags in self._keys), data))


@lru_cache(maxsize=256)
def _listed(names: tuple[bytes, ...]) -> bytes:
    """The tag h=, folded. Of several fields with one name the last comes first (RFC 6376, 5.4.2)."""
    lines = [b"\r\n h="]
    wanted = (*names, *_ONLY_ONCE)
    for number, name in enumerate(wanted, start=1):
        if len(lines[-1]) + len(name) > _LINE:
            lines.append(b"\r\n ")
        lines[-1] += name + (b":" if number < len(wanted) else b";")
    return b"".join(lines)


def _field(key: SigningKey, tags: bytes, canonical: bytes) -> bytes:
    """The finished DKIM-Signature field with its CRLF. ``tags`` end in an empty b=."""
    # It signs itself as well, with b= empty and without its line end (RFC 6376, 3.7). Every fold is followed by one
    # blank, which is all that the relaxed form keeps of it.
    itself = b"dkim-signature:" + tags.replace(b"\r\n", b"")
    signature = b64encode(key.sign(canonical + itself))
    pieces = [signature[at : at + _LINE] for at in range(0, len(signature), _LINE)]
    return b"DKIM-Signature: " + tags + b"\r\n  ".join(pieces) + b"\r\n"
