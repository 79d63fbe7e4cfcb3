"""What goes in and what comes out: one envelope per recipient, one outcome per envelope."""

from typing import Literal, NamedTuple

State = Literal["accepted", "deferred", "rejected", "in_doubt"]
Phase = Literal["check", "connect", "greeting", "ehlo", "tls", "auth", "mail", "rcpt", "data", "content", "final"]


class Envelope(NamedTuple):
    """One message to one recipient.

    `key` is the caller's name for it. `data` is the whole message (RFC 5322) with CRLF line ends and not
    dot-stuffed. `sender` is the return path, empty for the null one. `smtputf8` says that the headers hold
    raw UTF-8. `ready` says that the data is ASCII, every line end in it CRLF, also at its end, and that no line
    begins with a dot: it goes as it is.
    """

    key: int
    sender: str
    recipient: str
    data: bytes
    smtputf8: bool = False
    ready: bool = False


class Outcome(NamedTuple):
    """What became of one envelope.

    `code` and `enhanced` are the server's (RFC 5321, RFC 3463); None where no server spoke. `phase` is where
    it was decided. `route_fault` means that the route or the sender is to blame and not the address: suppress
    nobody.
    """

    key: int
    state: State
    code: int | None
    enhanced: str | None
    text: str
    phase: Phase
    route_fault: bool = False
