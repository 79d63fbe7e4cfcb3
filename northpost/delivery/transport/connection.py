"""One SMTP connection: an asyncio protocol that carries exchange after exchange, with pipelining where
offered.

With PIPELINING (RFC 2920) MAIL, RCPT and DATA of a message go out in one write, and those of the next message
in the same write as the content and final dot of the one before. Content itself is written only after the
server's own 354, so at any moment at most one message per connection can be in doubt. Without PIPELINING it
is strictly lock-step.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol, cast

from .capabilities import Capabilities
from .endpoint import Timeouts
from .envelope import Outcome, Phase
from .errors import BadReply, ConnectionLost
from .exchange import Exchange, Stage
from .replies import Reply, ReplyReader, outcome_of

# Content up to this size is one write; more goes in pieces, so that losing the connection midway is not in
# doubt.
PIECE = 256 * 1024
# How often a message that was never begun (no answer to any of its commands) is put back for another
# connection.
MAX_TRIES = 3

_DATA = b"DATA\r\n"
_DOT = b".\r\n"
_RSET = b"RSET\r\n"
_NEVER = float("inf")

MakeTls = Callable[[asyncio.Transport, asyncio.Protocol], Awaitable[asyncio.Transport]]


class Work(Protocol):
    """Where a connection gets its exchanges, and where it says what became of them."""

    def take(self) -> Exchange | None: ...
    def settle(self, exchange: Exchange, outcome: Outcome) -> None: ...
    def put_back(self, exchange: Exchange) -> None: ...
    def rest(self, connection: "Connection") -> None: ...


class Connection(asyncio.Protocol):
    """See the module.

    `welcome` is the server's greeting; `closed` is done when the connection has ended, and `lost` says why;
    `begun` counts the messages that were begun on it, `carried` those that got their answer.
    """

    def __init__(self, timeouts: Timeouts, loop: asyncio.AbstractEventLoop) -> None:
        self.closed: asyncio.Future[None] = loop.create_future()
        self.welcome: asyncio.Future[Reply] = loop.create_future()
        # Who gave up connecting does not come to fetch it.
        self.welcome.add_done_callback(lambda answer: answer.cancelled() or answer.exception())
        self.capabilities = Capabilities()
        self.greeting = ""
        self.begun = 0
        self.carried = 0
        self.lost = ""
        self._loop = loop
        self._timeouts = timeouts
        self._transport: asyncio.Transport | None = None
        self._reader = ReplyReader()
        self._expected: deque[tuple[Phase, Exchange | asyncio.Future[Reply] | None]] = deque()
        self._active: list[Exchange] = []
        self._work: Work | None = None
        self._pump: tuple[Exchange, int] | None = None
        self._paused = False
        self._deadline = _NEVER
        self._waiting_for: Phase = "greeting"
        self._timer: asyncio.TimerHandle | None = None

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        # Expected from the very first moment: a quick server greets before anyone can ask for it.
        self._expected.append(("greeting", self.welcome))
        self._expect("greeting")

    def connection_lost(self, exc: Exception | None) -> None:
        self._end((str(exc) or type(exc).__name__) if exc else "the server closed the connection")
        if not self.closed.done():
            self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        try:
            for reply in self._reader.feed(data):
                if self.lost:
                    return
                self._answer(reply)
        except BadReply as error:
            self._end(str(error))
            return
        if self._expected:
            self._expect(self._expected[0][0])
        else:
            self._deadline = _NEVER

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        if self._pump is not None and not self.lost:
            self._write_pieces()

    # Single commands, for opening and closing

    async def ask(self, command: bytes, phase: Phase) -> Reply:
        """Write one command and wait for its reply. Raises
        ConnectionLost.
        """
        if self.lost:
            raise ConnectionLost(self.lost)
        answer: asyncio.Future[Reply] = self._loop.create_future()
        self._expected.append((phase, answer))
        self._write(command)
        self._expect(phase)
        return await answer

    async def secure(self, make_tls: MakeTls) -> None:
        """Turn to TLS after STARTTLS. What the server sent in clear behind its reply is a forgery, and ends
        it.
        """
        if self._reader.pending or self.lost or self._transport is None:
            raise BadReply("the server sent more in clear after agreeing to TLS")
        self._transport = await make_tls(self._transport, self)

    def tls(self) -> tuple[str, str] | None:
        """(version, cipher) of the secured connection."""
        found = self._transport.get_extra_info("ssl_object") if self._transport else None
        return (found.version(), found.cipher()[0]) if found else None

    async def quit(self, seconds: float = 2.0) -> None:
        """Say goodbye, wait briefly for the answer, and close."""
        if not self.lost and not self._active:
            try:
                async with asyncio.timeout(seconds):
                    await self.ask(b"QUIT\r\n", "ehlo")
            except (ConnectionLost, TimeoutError):
                pass
        self.abort("closed")

    def abort(self, reason: str) -> None:
        """End it now. A message whose final dot was written is settled as in doubt, others are put back."""
        self._end(reason)
        if self._transport is None and not self.closed.done():
            self.closed.set_result(None)

    # Carrying messages

    def carry(self, work: Work) -> None:
        """Take exchanges from `work` until there are none, then rest() there until carried on again."""
        if self.lost:
            return
        self._work = work
        if not self._active and not self._expected:
            self._next()

    def _next(self) -> None:
        exchange = self._take()
        if exchange is not None:
            self._write(self._envelope(exchange))
            self._expect(self._expected[0][0])
        elif self._work is not None:
            self._work.rest(self)

    def _take(self) -> Exchange | None:
        work = self._work
        while work is not None and (exchange := work.take()) is not None:
            refused = exchange.begin(self.capabilities)
            if refused is None:
                self._active.append(exchange)
                self.begun += 1
                return exchange
            work.settle(exchange, refused)
        return None

    def _envelope(self, exchange: Exchange) -> bytes:
        """What to write to begin an exchange, its replies noted as expected."""
        if not self.capabilities.pipelining:
            self._expected.append(("mail", exchange))
            return exchange.mail
        self._expected.extend((("mail", exchange), ("rcpt", exchange), ("data", exchange)))
        return exchange.mail + exchange.rcpt + _DATA

    def _answer(self, reply: Reply) -> None:
        if not self._expected:
            self._end(f"{reply.code} {reply.text}")
            return
        phase, target = self._expected.popleft()
        if isinstance(target, Exchange):
            target.answered = True
            if phase == "rcpt" and reply.code < 300 and self.capabilities.pipelining:
                pass  # all that there is to say has been written already
            elif reply.code == 421:
                self._settle(target, target.refusal or outcome_of(target.envelope, phase, reply))
                self._end(f"421 {reply.text}")
            elif phase == "mail":
                self._on_mail(target, reply)
            elif phase == "rcpt":
                self._on_rcpt(target, reply)
            elif phase == "data":
                self._on_data(target, reply)
            else:
                self._on_final(target, reply)
        elif target is not None:
            if not target.done():
                target.set_result(reply)
        elif reply.code == 421:
            self._end(f"421 {reply.text}")
        elif not self._active:
            self._next()

    def _on_mail(self, exchange: Exchange, reply: Reply) -> None:
        exchange.mail_taken = self._judge(exchange, "mail", reply)
        if self.lost or self.capabilities.pipelining:
            return
        if exchange.mail_taken:
            self._expected.append(("rcpt", exchange))
            self._write(exchange.rcpt)
        else:
            self._leave(exchange, b"")

    def _on_rcpt(self, exchange: Exchange, reply: Reply) -> None:
        taken = self._judge(exchange, "rcpt", reply)
        if self.lost or self.capabilities.pipelining:
            return
        if taken:
            self._expected.append(("data", exchange))
            self._write(_DATA)
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
            self._end(f"{reply.code} in answer to DATA")
        else:
            if exchange.refusal is None:
                exchange.refusal = outcome_of(exchange.envelope, "data", reply)
            self._leave(exchange, _RSET if exchange.mail_taken else b"")

    def _on_final(self, exchange: Exchange, reply: Reply) -> None:
        early = exchange.stage is Stage.PARTIAL
        if 300 <= reply.code < 400 or (early and reply.code < 300):
            exchange.stage = Stage.WRITTEN
            self._end(f"{reply.code} in answer to the message")
            return
        self._settle(exchange, outcome_of(exchange.envelope, "final", reply))
        if early:
            self._end("refused before all of the message was written")
        elif not self._active:
            self._next()

    def _judge(self, exchange: Exchange, phase: Phase, reply: Reply) -> bool:
        """Whether MAIL or RCPT was taken; if not, keep the first refusal."""
        if reply.code < 300:
            return True
        if reply.code < 400:
            self._end(f"{reply.code} in answer to {phase.upper()}")
        elif exchange.refusal is None:
            exchange.refusal = outcome_of(exchange.envelope, phase, reply)
        return False

    def _leave(self, exchange: Exchange, way_out: bytes) -> None:
        """Settle a refused exchange, end its transaction, and go on with the next."""
        if exchange.refusal is not None:
            self._settle(exchange, exchange.refusal)
        if not way_out:
            self._next()
            return
        self._expected.append(("data", None))
        following = self._take() if self.capabilities.pipelining else None
        self._write(way_out + (self._envelope(following) if following else b""))

    def _write_content(self, exchange: Exchange) -> None:
        self._expected.append(("final", exchange))
        if len(exchange.content) <= PIECE:
            exchange.stage = Stage.WRITTEN
            self._write_end(exchange.content)
        else:
            exchange.stage = Stage.PARTIAL
            self._pump = (exchange, 0)
            self._write_pieces()

    def _write_end(self, content: bytes) -> None:
        following = self._take() if self.capabilities.pipelining else None
        tail = _DOT + self._envelope(following) if following else _DOT
        assert self._transport is not None
        self._transport.writelines((content, tail))

    def _write_pieces(self) -> None:
        assert self._pump is not None
        exchange, at = self._pump
        content = exchange.content
        while not self._paused and not self.lost:
            piece = content[at : at + PIECE]
            at += len(piece)
            if at == len(content):
                self._pump = None
                exchange.stage = Stage.WRITTEN
                self._write_end(piece)
                self._expect("final")
                return
            self._pump = (exchange, at)
            self._write(piece)
            self._expect("content")

    def _settle(self, exchange: Exchange, outcome: Outcome) -> None:
        self._active.remove(exchange)
        if outcome.code is not None and outcome.code != 421:
            self.carried += 1
        assert self._work is not None
        self._work.settle(exchange, outcome)

    def _write(self, data: bytes) -> None:
        if self._transport is not None and data:
            self._transport.write(data)

    # Waiting, and ending

    def _expect(self, phase: Phase) -> None:
        if self._pump is not None and phase == "final":
            phase = "content"
        times = self._timeouts
        if phase == "final":
            seconds = times.final
        elif phase in ("content", "data"):
            seconds = times.data
        elif phase == "greeting":
            seconds = times.greeting
        else:
            seconds = times.command
        self._waiting_for = phase
        self._deadline = deadline = self._loop.time() + seconds
        # One timer per connection, moved only when it fires: far cheaper than one per command.
        if self._timer is None or self._timer.when() > deadline:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(deadline, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        if self.lost or self._deadline == _NEVER:
            return
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._on_timer)
            return
        self._end(f"no answer in time ({self._waiting_for})", timed_out=True)

    def _end(self, reason: str, *, timed_out: bool = False) -> None:
        """End the connection, once, and say of each message on it what that means."""
        if self.lost:
            return
        self.lost = reason
        self._pump = None
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.abort()
        waiting, self._expected = self._expected, deque()
        for _, target in waiting:
            if isinstance(target, asyncio.Future) and not target.done():
                target.set_exception(ConnectionLost(reason, timed_out=timed_out))
        self._settle_lost(self._active, {id(target): phase for phase, target in reversed(waiting)}, timed_out)

    def _settle_lost(self, active: Iterable[Exchange], phases: dict[int, Phase], timed_out: bool) -> None:
        for place, exchange in enumerate(tuple(active)):
            phase = phases.get(id(exchange), "content")
            begun = exchange.answered or (timed_out and place == 0)
            if exchange.refusal is not None:
                self._settle(exchange, exchange.refusal)
            elif exchange.stage is Stage.WRITTEN:
                self._settle(exchange, exchange.in_doubt(self.lost))
            elif exchange.stage is Stage.PARTIAL:
                self._settle(exchange, exchange.deferred(self.lost, "content"))
            elif begun or exchange.tries >= MAX_TRIES:
                self._settle(exchange, exchange.deferred(self.lost, phase))
            else:
                self._active.remove(exchange)
                assert self._work is not None
                self._work.put_back(exchange)
