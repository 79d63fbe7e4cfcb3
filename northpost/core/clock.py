"""The one place that knows what time it is (law 1: time is an argument).

Rooms ask :func:`now`; SQL takes ``%(now)s``. A simulation or a test puts a :class:`VirtualClock` in the
process's hand with :func:`use`, so a quarter of a shop's life runs in a minute and no test sleeps.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    def now(self) -> datetime: ...


class SystemClock:
    """The machine's own clock, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class VirtualClock:
    """A clock that stands still until told to move. Times are aware; they never go back."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock needs an aware time")
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, step: timedelta) -> datetime:
        return self.move_to(self._now + step)

    def move_to(self, moment: datetime) -> datetime:
        if moment < self._now:
            raise ValueError(f"a clock does not go back: {self._now} -> {moment}")
        self._now = moment.astimezone(UTC)
        return self._now


# A module variable, not a context variable: worker threads of one process must agree on the time.
_clock: Clock = SystemClock()


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _clock.now()


def today(zone: str = "UTC") -> date:
    """The calendar day it is in ``zone`` (an IANA name)."""
    return now().astimezone(ZoneInfo(zone)).date()


@contextmanager
def use(clock: Clock) -> Iterator[Clock]:
    """Let the whole process read its time from ``clock`` for as long as the block runs."""
    global _clock
    before, _clock = _clock, clock
    try:
        yield clock
    finally:
        _clock = before
