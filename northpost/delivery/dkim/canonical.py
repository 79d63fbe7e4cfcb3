"""The canonical forms of header fields (relaxed) and body (simple): RFC 6376, 3.4.2 and 3.4.3. Pure.

A body in quoted-printable has no blanks at line ends and no bytes that a server on the way has reason to change: so the
simple form is as sturdy as the relaxed one, and costs no look at each byte.
"""

from __future__ import annotations

import re
from functools import lru_cache

_RUN = re.compile(rb"[ \t]+")
_BARE = re.compile(rb"\r\n|\r|\n")


def with_crlf(data: bytes) -> bytes:
    """The same with every bare CR or LF made CRLF, as the transport writes it."""
    breaks = data.count(b"\r\n")
    # Nearly all messages are right already, and counting is several times quicker than searching.
    whole = data.count(b"\n") == breaks == data.count(b"\r")
    return data if whole else _BARE.sub(b"\r\n", data)


def simple_body(body: bytes) -> bytes:
    """A body with CRLF line ends: no empty lines at the end, and one CRLF there in any case."""
    if body.endswith(b"\r\n") and not body.endswith(b"\r\n\r\n") and body != b"\r\n":
        return body
    return body.rstrip(b"\r\n") + b"\r\n"


# Most fields are the same in all messages of a mailing.
@lru_cache(maxsize=512)
def relaxed_field(name: bytes, value: bytes) -> bytes:
    """One header field, without its CRLF: name in lower case, value unfolded, runs of blanks one space.

    ``value`` is all behind the colon, folds included.
    """
    value = value.replace(b"\r\n", b"")
    if b"\t" in value or b"  " in value:
        value = _RUN.sub(b" ", value)
    return name.lower().rstrip(b" \t") + b":" + value.strip(b" ")


def split_fields(head: bytes) -> list[tuple[bytes, bytes]]:
    """(name in lower case, value with its folds) of every field of a header block, in order.

    ``head``: the lines before the empty one, with or without a CRLF at their end.
    """
    fields: list[tuple[bytes, bytes]] = []
    for line in head.split(b"\r\n"):
        if line[:1] in (b" ", b"\t") and fields:
            name, value = fields[-1]
            fields[-1] = (name, value + b"\r\n" + line)
        elif line:
            name, _colon, value = line.partition(b":")
            fields.append((name.rstrip(b" \t").lower(), value))
    return fields
