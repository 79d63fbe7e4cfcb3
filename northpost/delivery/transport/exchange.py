"""One envelope on its way through a connection."""

from enum import IntEnum

from .capabilities import Capabilities
from .envelope import Envelope, Outcome, Phase
from .wire import commands, dot_stuff


class Stage(IntEnum):
    """How much of a message may have reached the server; what a lost connection means follows from it."""

    ENVELOPE = 1  # at most MAIL, RCPT and DATA: the server has no message
    PARTIAL = 2  # content, but not its end: a server may not deliver that (RFC 5321 4.1.1.4)
    WRITTEN = 3  # the final dot was handed to the network: only the server's answer tells


class Exchange:
    """An envelope, its bytes, and how far it has come. `tries` counts the connections it was begun on."""

    __slots__ = ("answered", "content", "envelope", "mail", "mail_taken", "rcpt", "refusal", "stage", "tries")

    def __init__(self, envelope: Envelope) -> None:
        self.envelope = envelope
        self.tries = 0
        self.content = b""
        self.mail = b""
        self.rcpt = b""
        self.stage = Stage.ENVELOPE
        self.answered = False
        self.mail_taken = False
        self.refusal: Outcome | None = None

    def _rewind(self) -> None:
        self.stage = Stage.ENVELOPE
        self.answered = self.mail_taken = False
        self.refusal = None

    def begin(self, offers: Capabilities) -> Outcome | None:
        """Make its bytes ready for a server; the outcome instead, if that server can't carry it."""
        if self.tries:
            self._rewind()
        self.tries += 1
        data = self.envelope.data
        ready = self.envelope.ready
        made = commands(self.envelope, len(data), ready or data.isascii(), offers)
        if isinstance(made, Outcome):
            return made
        self.mail, self.rcpt = made
        if not self.content:
            self.content = data if ready else dot_stuff(data)
        return None

    def in_doubt(self, reason: str) -> Outcome:
        return Outcome(self.envelope.key, "in_doubt", None, None, reason, "final")

    def deferred(self, reason: str, phase: Phase) -> Outcome:
        return Outcome(self.envelope.key, "deferred", None, None, reason, phase)
