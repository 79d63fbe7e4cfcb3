"""SMTP replies: reading them off the wire within bounds, and what they mean for a message (RFC 5321 4.2, RFC
2034).
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from .envelope import Envelope, Outcome, Phase, State
from .errors import BadReply

# RFC 5321 allows 512 octets in a line; servers in the wild write longer ones.
MAX_LINE = 4096
MAX_LINES = 128
MAX_TEXT = 1000
KNOWN = 12

_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?:\s+|$)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")

# Syntax, sequence and sign-in codes: no address is to blame for them.
_NOT_THE_ADDRESS = frozenset({500, 502, 503, 504, 530, 534, 535, 538, 555})


class Reply(NamedTuple):
    """One reply; `lines` without code and separator."""

    code: int
    lines: tuple[bytes, ...]

    @property
    def text(self) -> str:
        """All lines as one, safe to store and show: no control characters, at most 1,000 characters."""
        raw = self.lines[0] if len(self.lines) == 1 else b" ".join(self.lines)
        text = raw.decode("utf-8", "replace")
        if not text.isprintable():
            text = _CONTROL.sub(" ", text)
        return text[:MAX_TEXT].strip()

    @property
    def enhanced(self) -> str | None:
        """The enhanced status code (RFC 3463), if it begins the text and agrees with the reply code."""
        return _enhanced(self.code, self.lines[0].partition(b" ")[0][:16])


# A server has few of them.
@lru_cache(maxsize=512)
def _enhanced(code: int, word: bytes) -> str | None:
    found = _ENHANCED.match(word.decode("ascii", "replace"))
    if found is None or int(found[1]) != code // 100:
        return None
    return f"{found[1]}.{int(found[2])}.{int(found[3])}"


class ReplyReader:
    """Cuts a stream into replies, however it is split into packets. Bare LF is tolerated as a line end."""

    __slots__ = ("_buffer", "_known", "_lines")

    def __init__(self) -> None:
        self._buffer = b""
        # A server says the same to nearly every command: its first few replies of one line.
        self._known: dict[bytes, Reply] = {}
        self._lines: list[bytes] = []

    @property
    def pending(self) -> bool:
        """Whether something has come that is not yet a whole reply."""
        return bool(self._buffer or self._lines)

    def feed(self, data: bytes) -> Iterator[Reply]:
        """The replies that `data` completes. Raises BadReply, after the good ones before it."""
        buffer = self._buffer + data if self._buffer else data
        self._buffer = b""
        start = 0
        while (end := buffer.find(b"\n", start)) >= 0:
            line = buffer[start:end]
            start = end + 1
            reply = self._known.get(line)
            if reply is not None and not self._lines:
                yield reply
                continue
            reply = self._line(line.rstrip(b"\r"))
            if reply is not None:
                if len(reply.lines) == 1 and len(self._known) < KNOWN:
                    self._known[line] = reply
                yield reply
        self._buffer = buffer[start:]
        if len(self._buffer) > MAX_LINE:
            raise BadReply("a reply line that does not end")

    def _line(self, line: bytes) -> Reply | None:
        code = line[:3]
        mark = line[3:4]
        if len(line) > MAX_LINE or not code.isdigit() or not b"2" <= code[:1] <= b"5" or mark not in (b" ", b"-", b""):
            raise BadReply(f"an answer that is no SMTP reply: {line[:60]!r}")
        self._lines.append(line[4:])
        if mark == b"-":
            if len(self._lines) >= MAX_LINES:
                raise BadReply("a reply of too many lines")
            return None
        lines = tuple(self._lines)
        self._lines.clear()
        return Reply(int(code), lines)


def classify(phase: Phase, code: int) -> tuple[State, bool]:
    """(state, route_fault) of a message that got `code` in `phase`; codes other than 2xx, 4xx and 5xx never
    get here.

    2xx counts only for the final dot. 4xx anywhere: deferred. 5xx for the recipient, DATA or the content:
    rejected. 5xx before a recipient was named is the route's or the sender's fault: deferred, and nobody is
    suppressed for it.
    """
    if code < 300:
        return "accepted", False
    if code < 500:
        return "deferred", False
    if phase in ("rcpt", "data", "final"):
        return "rejected", code in _NOT_THE_ADDRESS
    return "deferred", True


def outcome_of(envelope: Envelope, phase: Phase, reply: Reply) -> Outcome:
    state, route_fault = classify(phase, reply.code)
    return Outcome(envelope.key, state, reply.code, reply.enhanced, reply.text, phase, route_fault)
