"""One batch on its way: where its envelopes come from, and a keeper for every place a connection may take."""

import asyncio
from collections import deque
from collections.abc import Callable

from .connection import Connection
from .endpoint import Endpoint
from .envelope import Outcome
from .errors import RouteUnavailable
from .exchange import Exchange
from .handshake import open_connection
from .supply import Supply

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
        self._supply = Supply(complete=True)
        self._again: deque[Exchange] = deque()
        self._idle: list[Connection] = []
        self._sleepers: list[asyncio.Future[None]] = []
        self._opening = 0
        self._fruitless = 0
        self._unsettled = 0
        self._supply_failed: Exception | None = None
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def go(self, supply: Supply) -> None:
        self._supply = supply
        places: list[Connection | None] = [*self._open]
        places += [None] * (self._size - len(places))
        tasks = [asyncio.create_task(self._keep(place)) for place in places]
        supply.listen(self._look)
        self._finish()
        try:
            await self._done
        except BaseException:
            self._stop()
            raise
        finally:
            self._again.clear()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._supply_failed is not None:
            raise self._supply_failed

    def _stop(self) -> None:
        """Break off: what may have arrived is settled as in doubt, the rest stays without an outcome."""
        if not self._done.done():
            self._done.cancel()
        for connection in tuple(self._open):
            connection.abort("sending was stopped")
        self._open.clear()

    @property
    def _waiting(self) -> int:
        """How many there are to be begun."""
        return len(self._again) + (0 if self._supply_failed else len(self._supply))

    def _look(self) -> None:
        """More has come, or nothing will: put resting connections to work, or have others opened."""
        while self._idle and self._waiting:
            connection = self._idle.pop()
            if not connection.lost:
                connection.carry(self)
        wanted = self._waiting - self._opening
        while self._sleepers and wanted > 0:
            sleeper = self._sleepers.pop()
            if not sleeper.done():
                sleeper.set_result(None)
                wanted -= 1
        self._finish()

    # The Work of connections

    def take(self) -> Exchange | None:
        if self._done.done():
            return None
        if self._again:
            return self._again.popleft()
        if self._supply_failed is not None:
            return None
        try:
            envelope = self._supply.take()
        except Exception as error:
            # What was taken before still gets its outcome; go() raises this afterwards.
            self._supply_failed = error
            self._finish()
            return None
        if envelope is None:
            return None
        self._unsettled += 1
        return Exchange(envelope)

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
            self._again.appendleft(exchange)
            self._look()

    def rest(self, connection: Connection) -> None:
        self._idle.append(connection)

    def _finish(self) -> None:
        if self._unsettled or self._done.done():
            return
        if self._supply_failed is not None or self._supply.is_over:
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
        while self._waiting <= self._opening:
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
