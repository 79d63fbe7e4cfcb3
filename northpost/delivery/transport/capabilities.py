"""What a server offers in its answer to EHLO (RFC 5321 4.1.1.1)."""

from dataclasses import dataclass

from .replies import Reply


@dataclass(frozen=True, slots=True)
class Capabilities:
    """`size`: -1 when SIZE is not offered, 0 when offered without a limit, else the limit in bytes (RFC
    1870).
    """

    names: frozenset[str] = frozenset()
    pipelining: bool = False
    eightbit: bool = False
    smtputf8: bool = False
    starttls: bool = False
    enhanced: bool = False
    size: int = -1
    auth: frozenset[str] = frozenset()


def read_capabilities(reply: Reply) -> Capabilities:
    """From the EHLO reply; the first line is the server's name."""
    offers: dict[str, list[str]] = {}
    for line in reply.lines[1:]:
        words = line.decode("ascii", "replace").upper().split()
        if words:
            offers[words[0]] = words[1:]
    size = -1
    if "SIZE" in offers:
        limit = "".join(offers["SIZE"][:1])
        size = int(limit) if limit.isdigit() and len(limit) <= 20 else 0
    return Capabilities(
        names=frozenset(offers),
        pipelining="PIPELINING" in offers,
        eightbit="8BITMIME" in offers,
        smtputf8="SMTPUTF8" in offers,
        starttls="STARTTLS" in offers,
        enhanced="ENHANCEDSTATUSCODES" in offers,
        size=size,
        auth=frozenset(offers.get("AUTH", ())),
    )
