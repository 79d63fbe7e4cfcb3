"""Several connections to one server, kept open between batches, sharing one queue of envelopes."""

import asyncio
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from .connection import Connection
from .endpoint import Endpoint
from .envelope import Envelope, Outcome
from .run import Run
from .supply import Supply

OnOutcome = Callable[[Outcome], None]


class ConnectionPool:
    """Sends over at most `connections` connections at once; each is opened only when there is work for it.

    `attempts`: how often in a row a connection is tried, `pause` seconds apart and doubling, before the route
    counts as unavailable. While others work, one that can't be opened is tried again after `reopen` seconds.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        connections: int = 10,
        *,
        attempts: int = 3,
        pause: float = 1.0,
        reopen: float = 15.0,
    ) -> None:
        if connections < 1 or attempts < 1:
            raise ValueError("at least one connection and one attempt are needed")
        self.endpoint = endpoint
        self._size = connections
        self._attempts = attempts
        self._pause = pause
        self._reopen = reopen
        self._open: set[Connection] = set()
        self._sending = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def send(self, envelopes: Iterable[Envelope] | Supply, on_outcome: OnOutcome) -> None:
        """Send all; `on_outcome` is called once for each envelope, in any order, from the event loop.

        Envelopes are taken as they can be sent, at most one a connection ahead. The state `sending` must be
        committed for an envelope before it can be taken. Raises RouteUnavailable when no connection can be
        made; then, and when this is cancelled or the supply raises, an envelope that was taken and has had no
        outcome was not sent, not even in part.
        """
        if self._sending:
            raise RuntimeError("the pool is sending already")
        self._sending = True
        try:
            self._open = {connection for connection in self._open if not connection.lost}
            run = Run(
                self.endpoint,
                self._open,
                on_outcome,
                size=self._size,
                attempts=self._attempts,
                pause=self._pause,
                reopen=self._reopen,
            )
            await run.go(envelopes if isinstance(envelopes, Supply) else Supply(envelopes, complete=True))
        finally:
            self._sending = False

    async def close(self) -> None:
        """Say goodbye on every connection and close it."""
        leaving, self._open = self._open, set()
        if leaving:
            await asyncio.gather(*(connection.quit() for connection in leaving))
            await asyncio.wait([connection.closed for connection in leaving], timeout=1)
