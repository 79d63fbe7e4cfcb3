"""One batch on its way: its queue, its feeder, and a keeper for every place a connection may take."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable

from .connection import Connection
from .endpoint import Endpoint
from .envelope import Envelope, Outcome
from .errors import RouteUnavailable
from .exchange import Exchange
from .handshake import open_connection

# A server that breaks off this many connections in a row, none of which got a message answered, is not used
# further.
FRUITLESS_LIMIT = 5
LONGEST_PAUSE = 30.0


class Run:
    """The Work of connections (see connection.Work) for the time of one send(). `open_` is the pool's, and
    changed.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        open_: set[Connection],
        on_outcome: Callable[[Outcome], None],
        *,
        size: int,
        attempts: int,
        pause: float,
        reopen: float,
    ) -> None:
        self._endpoint = endpoint
        self._open = open_
        self._on_outcome = on_outcome
        self._size = size
        self._attempts = attempts
        self._pause = pause
        self._reopen = reopen
        self._queue: deque[Exchange] = deque()
        self._ahead = 2 * size + 16
        self._room = asyncio.Event()
        self._idle: list[Connection] = []
        self._sleepers: list[asyncio.Future[None]] = []
        self._opening = 0
        self._fruitless = 0
        self._unsettled = 0
        self._fed = False
        self._feeding_failed: Exception | None = None
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def go(self, envelopes: Iterable[Envelope] | AsyncIterable[Envelope]) -> None:
        places: list[Connection | None] = [*self._open]
        places += [None] * (self._size - len(places))
        tasks = [asyncio.create_task(self._keep(place)) for place in places]
        tasks.append(asyncio.create_task(self._feed(envelopes)))
        try:
            await self._done
        except BaseException:
            self._stop()
            raise
        finally:
            self._queue.clear()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._feeding_failed is not None:
            raise self._feeding_failed

    def _stop(self) -> None:
        """Break off: what may have arrived is settled as in doubt, the rest stays without an outcome."""
        if not self._done.done():
            self._done.cancel()
        for connection in tuple(self._open):
            connection.abort("sending was stopped")
        self._open.clear()

    # Feeding

    async def _feed(self, envelopes: Iterable[Envelope] | AsyncIterable[Envelope]) -> None:
        try:
            if isinstance(envelopes, AsyncIterable):
                async for envelope in envelopes:
                    await self._offer(envelope)
            else:
                for envelope in envelopes:
                    await self._offer(envelope)
        except Exception as error:
            # What was drawn still gets its outcome; go() raises this afterwards.
            self._feeding_failed = error
        finally:
            # A source that was left halfway is closed here and now, not whenever it is collected.
            if isinstance(envelopes, AsyncGenerator):
                await envelopes.aclose()
        self._fed = True
        self._finish()

    async def _offer(self, envelope: Envelope) -> None:
        self._unsettled += 1
        self._queue.append(Exchange(envelope))
        self._wake()
        while len(self._queue) >= self._ahead:
            self._room.clear()
            await self._room.wait()

    def _wake(self) -> None:
        """Put a resting connection to work, or have another one opened."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.lost:
                connection.carry(self)
                return
        while self._sleepers and self._opening < len(self._queue):
            sleeper = self._sleepers.pop()
            if not sleeper.done():
                sleeper.set_result(None)
                return

    # The Work of connections

    def take(self) -> Exchange | None:
        if not self._queue or self._done.done():
            return None
        exchange = self._queue.popleft()
        if len(self._queue) <= self._ahead // 2:
            self._room.set()
        return exchange

    def settle(self, exchange: Exchange, outcome: Outcome) -> None:
        self._unsettled -= 1
        if outcome.code is not None and outcome.code != 421:
            self._fruitless = 0
        try:
            self._on_outcome(outcome)
        except Exception as error:
            self._fail(error)
        self._finish()

    def put_back(self, exchange: Exchange) -> None:
        if not self._done.done():
            self._queue.appendleft(exchange)
            self._wake()

    def rest(self, connection: Connection) -> None:
        self._idle.append(connection)

    def _finish(self) -> None:
        if self._fed and not self._unsettled and not self._done.done():
            self._done.set_result(None)

    def _fail(self, error: Exception) -> None:
        if not self._done.done():
            self._done.set_exception(error)

    # Keeping connections open

    async def _keep(self, connection: Connection | None) -> None:
        """Fill one place: open a connection when there is work for it, and another when it has ended."""
        failures = 0
        try:
            while True:
                if connection is None:
                    connection, failures = await self._try_to_open(failures)
                if connection is not None:
                    await self._watch(connection)
                    connection = None
        except Exception as error:
            # Without its keepers a batch would wait for ever; better to end it aloud.
            self._fail(error)

    async def _try_to_open(self, failures: int) -> tuple[Connection | None, int]:
        while len(self._queue) <= self._opening:
            sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._sleepers.append(sleeper)
            await sleeper
        self._opening += 1
        try:
            connection = await open_connection(self._endpoint)
        except RouteUnavailable as error:
            failures += 1
            if not self._open and (error.needs_mending or failures >= self._attempts):
                self._fail(error)
        else:
            self._open.add(connection)
            return connection, 0
        finally:
            self._opening -= 1
        if self._open:
            await asyncio.sleep(self._reopen)
            return None, 0
        await asyncio.sleep(min(self._pause * 2 ** (failures - 1), LONGEST_PAUSE))
        return None, failures

    async def _watch(self, connection: Connection) -> None:
        connection.carry(self)
        await asyncio.wait((connection.closed,))
        self._open.discard(connection)
        if connection.carried or not connection.begun:
            return
        self._fruitless += 1
        if self._fruitless >= FRUITLESS_LIMIT and not self._open:
            self._fail(RouteUnavailable(self._endpoint, "unstable", connection.lost))
        await asyncio.sleep(min(self._pause * self._fruitless, LONGEST_PAUSE))
