"""One SMTP connection: an asyncio protocol that carries exchange after exchange.

What is written for a message, and what the answers mean, is the business of a dialogue: see `dialogue` and `chunks`.
Here are the wire, single commands, waiting, and what a connection's end means for the messages on it.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol, cast

from .capabilities import Capabilities
from .chunks import ChunkedDialogue
from .dialogue import Dialogue
from .endpoint import Timeouts
from .envelope import Outcome, Phase
from .errors import BadReply, ConnectionLost
from .exchange import Exchange, Stage
from .replies import Reply, ReplyReader, outcome_of

# How often a message that was never begun (no answer to any of its commands) is put back for another
# connection.
MAX_TRIES = 3

_NEVER = float("inf")

MakeTls = Callable[[asyncio.Transport, asyncio.Protocol], Awaitable[asyncio.Transport]]


class Work(Protocol):
    """Where a connection gets its exchanges, and where it says what became of them."""

    def take(self) -> Exchange | None: ...
    def settle(self, exchange: Exchange, outcome: Outcome) -> None: ...
    def put_back(self, exchange: Exchange) -> None: ...
    def rest(self, connection: "Connection") -> None: ...
    def distrust(self) -> None: ...


class Connection(asyncio.Protocol):
    """See the module.

    `welcome` is the server's greeting; `closed` is done when the connection has ended, and `lost` says why;
    `begun` counts the messages that were begun on it, `carried` those that got their answer; `quickest`: the fewest
    seconds that the answer to a single command took.
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
        self.quickest = float("inf")
        self._loop = loop
        self._timeouts = timeouts
        self._transport: asyncio.Transport | None = None
        self._reader = ReplyReader()
        self.expected: deque[tuple[Phase, Exchange | asyncio.Future[Reply] | None]] = deque()
        self.active: list[Exchange] = []
        self._work: Work | None = None
        self._dialogue: Dialogue | None = None
        self.paused = False
        self._deadline = _NEVER
        self._waiting_for: Phase = "greeting"
        self._timer: asyncio.TimerHandle | None = None

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        # Expected from the very first moment: a quick server greets before anyone can ask for it.
        self.expected.append(("greeting", self.welcome))
        self.expect("greeting")

    def connection_lost(self, exc: Exception | None) -> None:
        self.end((str(exc) or type(exc).__name__) if exc else "the server closed the connection", left=True)
        if not self.closed.done():
            self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        try:
            for reply in self._reader.feed(data):
                if self.lost:
                    return
                self._answer(reply)
        except BadReply as error:
            self.end(str(error))
            return
        if self.expected:
            self.expect(self.expected[0][0])
        else:
            self._deadline = _NEVER

    def pause_writing(self) -> None:
        self.paused = True

    def resume_writing(self) -> None:
        self.paused = False
        if self._dialogue is not None and not self.lost:
            self._dialogue.resume()

    # Single commands, for opening and closing

    async def ask(self, command: bytes, phase: Phase) -> Reply:
        """Write one command and wait for its reply. Raises
        ConnectionLost.
        """
        if self.lost:
            raise ConnectionLost(self.lost)
        answer: asyncio.Future[Reply] = self._loop.create_future()
        self.expected.append((phase, answer))
        began = self._loop.time()
        self.write(command)
        self.expect(phase)
        reply = await answer
        self.quickest = min(self.quickest, self._loop.time() - began)
        return reply

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
        if not self.lost and not self.active:
            try:
                async with asyncio.timeout(seconds):
                    await self.ask(b"QUIT\r\n", "ehlo")
            except (ConnectionLost, TimeoutError):
                pass
        self.abort("closed")

    def abort(self, reason: str) -> None:
        """End it now. A message whose final dot was written is settled as in doubt, others are put back."""
        self.end(reason)
        if self._transport is None and not self.closed.done():
            self.closed.set_result(None)

    # Carrying messages

    def carry(self, work: Work) -> None:
        """Take exchanges from `work` until there are none, then rest() there until carried on again."""
        if self.lost:
            return
        self._work = work
        if self._dialogue is None:
            chunked = self.capabilities.chunking and self.capabilities.pipelining
            self._dialogue = ChunkedDialogue(self) if chunked else Dialogue(self)
        if not self.active and not self.expected:
            self._dialogue.go_on()

    def _answer(self, reply: Reply) -> None:
        if not self.expected:
            self.end(f"{reply.code} {reply.text}")
            return
        phase, target = self.expected.popleft()
        if isinstance(target, Exchange):
            target.answered = True
            if reply.code == 421:
                self.settle(target, target.refusal or outcome_of(target.envelope, phase, reply))
                self.end(f"421 {reply.text}", announced=True)
            else:
                assert self._dialogue is not None
                self._dialogue.heard(phase, target, reply)
        elif target is not None:
            if not target.done():
                target.set_result(reply)
        elif reply.code == 421:
            self.end(f"421 {reply.text}", announced=True)
        elif not self.active and self._dialogue is not None:
            self._dialogue.go_on()

    # What a dialogue asks for

    def take(self, *, chunked: bool = False) -> Exchange | None:
        """The next exchange that this server can carry, begun."""
        work = self._work
        while work is not None and (exchange := work.take()) is not None:
            refused = exchange.begin(self.capabilities, chunked=chunked)
            if refused is None:
                self.active.append(exchange)
                self.begun += 1
                return exchange
            work.settle(exchange, refused)
        return None

    def rest(self) -> None:
        if self._work is not None:
            self._work.rest(self)

    def settle(self, exchange: Exchange, outcome: Outcome) -> None:
        self.active.remove(exchange)
        if outcome.code is not None and outcome.code != 421:
            self.carried += 1
        assert self._work is not None
        self._work.settle(exchange, outcome)

    def write(self, *data: bytes) -> None:
        if self._transport is not None:
            self._transport.writelines(data)

    def distrust(self) -> None:
        """Nothing more is to be written to this server before it asks for it."""
        if self._work is not None:
            self._work.distrust()

    # Waiting, and ending

    def expect(self, phase: Phase) -> None:
        if phase == "final" and self._dialogue is not None and self._dialogue.long is not None:
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
        self.end(f"no answer in time ({self._waiting_for})", timed_out=True)

    def end(self, reason: str, *, timed_out: bool = False, announced: bool = False, left: bool = False) -> None:
        """End the connection, once, and say of each message on it what that means.

        timed_out: it is this side that gave up. announced: the server said that it would end here, and so has
        not looked at what it has not answered. left: it ended without a word.
        """
        if self.lost:
            return
        self.lost = reason
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.abort()
        waiting, self.expected = self.expected, deque()
        for _, target in waiting:
            if isinstance(target, asyncio.Future) and not target.done():
                target.set_exception(ConnectionLost(reason, timed_out=timed_out))
        phases = {id(target): phase for phase, target in reversed(waiting)}
        for place, exchange in enumerate(tuple(self.active)):
            if exchange.stage is Stage.WRITTEN and not exchange.answered:
                if left:
                    self.distrust()
                if announced:
                    exchange.stage = Stage.ENVELOPE
            begun = exchange.answered or (timed_out and place == 0)
            self._settle_lost(exchange, phases.get(id(exchange), "content"), begun=begun)

    def _settle_lost(self, exchange: Exchange, phase: Phase, *, begun: bool) -> None:
        if exchange.refusal is not None:
            self.settle(exchange, exchange.refusal)
        elif exchange.stage is Stage.WRITTEN:
            self.settle(exchange, exchange.in_doubt(self.lost))
        elif exchange.stage is Stage.PARTIAL:
            self.settle(exchange, exchange.deferred(self.lost, "content"))
        elif begun or exchange.tries >= MAX_TRIES:
            self.settle(exchange, exchange.deferred(self.lost, phase))
        else:
            self.active.remove(exchange)
            assert self._work is not None
            self._work.put_back(exchange)
