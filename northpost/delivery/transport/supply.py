"""What is to be sent, as it comes: whoever sends takes one envelope after another."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable

from .envelope import Envelope


class Supply:
    """Envelopes for one send(). All of it belongs to one event loop.

    ``len()``: how many are there to be taken now. ``is_over``: none is, and none will come any more.
    """

    def __init__(self, envelopes: Iterable[Envelope] = (), *, complete: bool = False) -> None:
        """complete: no more than these will come."""
        self._ready = deque(envelopes)
        self._ended = complete
        self._on_change: Callable[[], None] = lambda: None

    def __len__(self) -> int:
        return len(self._ready)

    @property
    def is_over(self) -> bool:
        return self._ended and not len(self)

    def put(self, envelopes: Iterable[Envelope]) -> None:
        self._ready.extend(envelopes)
        self._on_change()

    def end(self) -> None:
        """Nothing more will come."""
        self._ended = True
        self._on_change()

    def take(self) -> Envelope | None:
        """The next one; None where there is none now."""
        return self._ready.popleft() if self._ready else None

    def listen(self, on_change: Callable[[], None]) -> None:
        """Have this called whenever more has come, or none will."""
        self._on_change = on_change

    async def drawn(self) -> AsyncIterator[Envelope]:
        """One after another, until it is over."""
        more = asyncio.Event()
        self.listen(more.set)
        while True:
            more.clear()
            while (envelope := self.take()) is not None:
                yield envelope
            if self.is_over:
                return
            await more.wait()
