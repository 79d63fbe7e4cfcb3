"""Time is an argument."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from northpost.core import clock

NOON = datetime(2026, 3, 4, 22, 30, tzinfo=UTC)


def test_the_whole_process_reads_the_clock_in_use():
    with clock.use(clock.VirtualClock(NOON)) as virtual:
        assert clock.now() == NOON
        virtual.advance(timedelta(hours=2))
        assert clock.now() == NOON + timedelta(hours=2)
        assert clock.today() == date(2026, 3, 5)
        assert clock.today("America/New_York") == date(2026, 3, 4)
    assert clock.now() - NOON > timedelta(0)


def test_a_clock_does_not_go_back():
    virtual = clock.VirtualClock(NOON)
    with pytest.raises(ValueError, match="does not go back"):
        virtual.move_to(NOON - timedelta(seconds=1))
    assert virtual.now() == NOON


def test_a_clock_needs_an_aware_time():
    with pytest.raises(ValueError, match="aware"):
        clock.VirtualClock(NOON.replace(tzinfo=None))
