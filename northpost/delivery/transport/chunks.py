"""With a server far away: messages written whole, one behind the other, without waiting for leave (BDAT, RFC 3030).

Two messages are then answered for in the time of one answer, and not one. The price: a connection that breaks off
without a word leaves two of them in doubt, and perhaps such that the server never saw. So a server that answers
quickly gets its mail by DATA, which costs hardly any time there. So does, for an hour, one that once broke off like
that, or that does not know BDAT though it offers CHUNKING.
"""

import time

from .dialogue import PIECE, Dialogue, Line
from .envelope import Phase
from .exchange import Exchange, Stage
from .replies import Reply

# What every answer so far took, to single commands and to the first MAIL, RCPT and DATA: once could be chance.
FAR_SECONDS = 0.01
MOST_AT_ONCE = 2
HOUR = 3600.0
# BDAT is not known, or not at this place: whatever it was, it was not the message that was refused.
_NOT_UNDERSTOOD = frozenset({500, 501, 502, 503, 504, 555})
# Behind each message: where one was refused a transaction may be open still, and the next would fall into it.
_RSET = b"RSET\r\n"

_distrusted: dict[str, float] = {}


def distrust(address: str) -> None:
    """Write nothing to this server (host:port) without its leave, for an hour."""
    _distrusted[address] = time.monotonic() + HOUR


def is_trusted(address: str) -> bool:
    until = _distrusted.get(address)
    if until is None or until <= time.monotonic():
        _distrusted.pop(address, None)
        return True
    return False


class ChunkedDialogue(Dialogue):
    """The first message goes by DATA, and tells how far away the server is; the next one alone, and tells that the
    server knows BDAT.
    """

    def __init__(self, line: Line) -> None:
        super().__init__(line)
        self._begun: float | None = None
        self._far: bool | None = None
        self._proven = False

    def go_on(self) -> None:
        if self._far:
            self._write_some()
            return
        super().go_on()
        if self._begun is None and self._line.active:
            self._begun = time.monotonic()

    def heard(self, phase: Phase, exchange: Exchange, reply: Reply) -> None:
        if not exchange.chunked:
            if self._far is None and phase == "data" and self._begun is not None:
                self._far = min(self._line.quickest, time.monotonic() - self._begun) >= FAR_SECONDS
            super().heard(phase, exchange, reply)
        elif phase == "final":
            self._on_chunked(exchange, reply)
        else:
            self._judge(exchange, phase, reply)

    def _write_some(self) -> None:
        line = self._line
        most = MOST_AT_ONCE if self._proven else 1
        written: list[bytes] = []
        while self.long is None and len(line.active) < most and (exchange := line.take(chunked=True)) is not None:
            line.expected.extend((("mail", exchange), ("rcpt", exchange), ("final", exchange), ("data", None)))
            written.append(exchange.mail + exchange.rcpt + b"BDAT %d LAST\r\n" % len(exchange.content))
            if len(exchange.content) > PIECE:
                line.write(*written)
                written.clear()
                self._write_long(exchange)
            else:
                exchange.stage = Stage.WRITTEN
                written += (exchange.content, _RSET)
        if written:
            line.write(*written)
            line.expect(line.expected[0][0])
        elif not line.active and not line.expected:
            line.rest()

    def _on_chunked(self, exchange: Exchange, reply: Reply) -> None:
        if not self._proven and exchange.refusal is None and reply.code in _NOT_UNDERSTOOD:
            # So it has nothing of it: to be begun again, by DATA.
            exchange.stage, exchange.answered = Stage.ENVELOPE, False
            self._line.distrust()
            self._line.end(f"{reply.code} {reply.text}")
            return
        self._proven = True
        self._on_final(exchange, reply)
        if not self._line.lost and self._line.active:
            self._write_some()

    def _following(self) -> bytes:
        return b"" if self._far else super()._following()

    def _write_end(self, exchange: Exchange, content: bytes) -> None:
        if not exchange.chunked:
            super()._write_end(exchange, content)
            return
        self._line.write(content, _RSET)
        self._line.expect(self._line.expected[0][0])
        self._write_some()
