"""No more than so many messages a minute by a route."""

from __future__ import annotations

import time

UNLIMITED = 1 << 30


class Throttle:
    """A bucket that fills evenly and holds a second's worth (at least one message)."""

    def __init__(self, per_minute: int | None) -> None:
        self._per_second = per_minute / 60 if per_minute else None
        self.burst = UNLIMITED if self._per_second is None else max(1, int(self._per_second))
        self._tokens = float(self.burst)
        self._at = time.monotonic()

    def allowance(self) -> int:
        """How many may go now."""
        if self._per_second is None:
            return UNLIMITED
        now = time.monotonic()
        self._tokens = min(float(self.burst), self._tokens + (now - self._at) * self._per_second)
        self._at = now
        return int(self._tokens)

    def spend(self, count: int) -> None:
        self._tokens -= count
