"""What is written for one message after another, and what the answers mean: MAIL, RCPT and DATA (RFC 5321).

With PIPELINING (RFC 2920) MAIL, RCPT and DATA of a message go out in one write, and those of the next message
in the same write as the content and final dot of the one before. Content itself is written only after the
server's own 354, so at any moment at most one message per connection can be in doubt. Without PIPELINING it
is strictly lock-step.
"""

from collections import deque
from typing import Any, Protocol

from .capabilities import Capabilities
from .envelope import Outcome, Phase
from .exchange import Exchange, Stage
from .replies import Reply, outcome_of

# Content up to this size is one write; more goes in pieces, so that losing the connection midway is not in
# doubt.
PIECE = 256 * 1024

_DATA = b"DATA\r\n"
_DOT = b".\r\n"
_RSET = b"RSET\r\n"


class Line(Protocol):
    """What a dialogue needs of its connection. `active`: exchanges that were begun and have no outcome yet, in their
    order; `expected`: the answers that are to come, and whose they are; `quickest`: the fewest seconds that a single
    command's answer took.
    """

    capabilities: Capabilities
    active: list[Exchange]
    expected: deque[Any]
    lost: str
    paused: bool
    quickest: float

    def take(self, *, chunked: bool = False) -> Exchange | None: ...
    def rest(self) -> None: ...
    def settle(self, exchange: Exchange, outcome: Outcome) -> None: ...
    def write(self, *data: bytes) -> None: ...
    def expect(self, phase: Phase) -> None: ...
    def end(self, reason: str) -> None: ...
    def distrust(self) -> None: ...


class Dialogue:
    """See the module. `long`: the message that is written in pieces just now, and how far it has come."""

    def __init__(self, line: Line) -> None:
        self.long: tuple[Exchange, int] | None = None
        self._line = line
        self._pipelining = line.capabilities.pipelining

    def go_on(self) -> None:
        """Begin the next exchange, or let the connection rest."""
        exchange = self._line.take()
        if exchange is not None:
            self._line.write(self._envelope(exchange))
            self._line.expect(self._line.expected[0][0])
        else:
            self._line.rest()

    def heard(self, phase: Phase, exchange: Exchange, reply: Reply) -> None:
        """An answer to the exchange that is no 421."""
        if phase == "mail":
            self._on_mail(exchange, reply)
        elif phase == "rcpt":
            self._on_rcpt(exchange, reply)
        elif phase == "data":
            self._on_data(exchange, reply)
        else:
            self._on_final(exchange, reply)

    def resume(self) -> None:
        """There is room on the wire again."""
        if self.long is not None:
            self._write_pieces()

    def _envelope(self, exchange: Exchange) -> bytes:
        """What to write to begin an exchange, its replies noted as expected."""
        if not self._pipelining:
            self._line.expected.append(("mail", exchange))
            return exchange.mail
        self._line.expected.extend((("mail", exchange), ("rcpt", exchange), ("data", exchange)))
        return exchange.mail + exchange.rcpt + _DATA

    def _on_mail(self, exchange: Exchange, reply: Reply) -> None:
        exchange.mail_taken = self._judge(exchange, "mail", reply)
        if self._line.lost or self._pipelining:
            return
        if exchange.mail_taken:
            self._line.expected.append(("rcpt", exchange))
            self._line.write(exchange.rcpt)
        else:
            self._leave(exchange, b"")

    def _on_rcpt(self, exchange: Exchange, reply: Reply) -> None:
        taken = self._judge(exchange, "rcpt", reply)
        if self._line.lost or self._pipelining:
            return
        if taken:
            self._line.expected.append(("data", exchange))
            self._line.write(_DATA)
        else:
            self._leave(exchange, _RSET)

    def _on_data(self, exchange: Exchange, reply: Reply) -> None:
        go_ahead = reply.code == 354
        if go_ahead and exchange.refusal is None:
            self._write_content(exchange)
        elif go_ahead:
            # RFC 2920 3.1: a server that refused the recipient may still ask for content; a lone dot ends
            # that.
            self._leave(exchange, _DOT)
        elif reply.code < 400:
            self._line.end(f"{reply.code} in answer to DATA")
        else:
            if exchange.refusal is None:
                exchange.refusal = outcome_of(exchange.envelope, "data", reply)
            self._leave(exchange, _RSET if exchange.mail_taken else b"")

    def _on_final(self, exchange: Exchange, reply: Reply) -> None:
        early = exchange.stage is Stage.PARTIAL
        if 300 <= reply.code < 400 or (early and reply.code < 300):
            exchange.stage = Stage.WRITTEN
            self._line.end(f"{reply.code} in answer to the message")
            return
        self._line.settle(exchange, exchange.refusal or outcome_of(exchange.envelope, "final", reply))
        if early:
            self._line.end("refused before all of the message was written")
        elif not self._line.active:
            self.go_on()

    def _judge(self, exchange: Exchange, phase: Phase, reply: Reply) -> bool:
        """Whether MAIL or RCPT was taken; if not, keep the first refusal."""
        if reply.code < 300:
            return True
        if reply.code < 400:
            self._line.end(f"{reply.code} in answer to {phase.upper()}")
        elif exchange.refusal is None:
            exchange.refusal = outcome_of(exchange.envelope, phase, reply)
        return False

    def _leave(self, exchange: Exchange, way_out: bytes) -> None:
        """Settle a refused exchange, end its transaction, and go on with the next."""
        if exchange.refusal is not None:
            self._line.settle(exchange, exchange.refusal)
        if not way_out:
            self.go_on()
            return
        self._line.expected.append(("data", None))
        self._line.write(way_out + self._following())

    def _following(self) -> bytes:
        """The envelope of the next message, where it may go before the answer to this one."""
        following = self._line.take() if self._pipelining else None
        return self._envelope(following) if following is not None else b""

    def _write_content(self, exchange: Exchange) -> None:
        self._line.expected.append(("final", exchange))
        if len(exchange.content) <= PIECE:
            exchange.stage = Stage.WRITTEN
            self._write_end(exchange, exchange.content)
        else:
            self._write_long(exchange)

    def _write_end(self, exchange: Exchange, content: bytes) -> None:
        """The last of a message's content, and what comes behind it."""
        self._line.write(content, _DOT + self._following())
        self._line.expect("final")

    def _write_long(self, exchange: Exchange) -> None:
        exchange.stage = Stage.PARTIAL
        self.long = (exchange, 0)
        self._write_pieces()

    def _write_pieces(self) -> None:
        assert self.long is not None
        line = self._line
        exchange, at = self.long
        content = exchange.content
        while not line.paused and not line.lost:
            piece = content[at : at + PIECE]
            at += len(piece)
            if at == len(content):
                self.long = None
                exchange.stage = Stage.WRITTEN
                self._write_end(exchange, piece)
                return
            self.long = (exchange, at)
            line.write(piece)
            line.expect("content")
