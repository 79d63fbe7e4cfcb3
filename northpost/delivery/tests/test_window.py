"""How many messages may be on the wire follows from the route: few on a slow one, many on a quick one."""

from __future__ import annotations

import pytest

from northpost.delivery.engine import handing
from northpost.delivery.engine.handing import MOST_AHEAD, Window


class Watch:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.moment = 100.0

    def monotonic(self) -> float:
        return self.moment


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    made = Watch()
    monkeypatch.setattr(handing, "time", made)
    return made


def after(watch: Watch, *, per_second: int, busy: float) -> Window:
    """Of a route with ten connections that answers for so many, the ledger being busy for so long each time."""
    window = Window(10)
    for _ in range(20):
        watch.moment += 0.125
        window.count(per_second // 8)
        window.was_busy(busy)
    return window


def test_a_slow_route_is_given_little_more_than_it_carries(watch: Watch):
    assert after(watch, per_second=8, busy=0.01).room(0, 1000) == 20 + 5 + 1
    assert after(watch, per_second=440, busy=0.01).room(0, 1000) == 20 + 22 + 17


def test_a_quick_route_is_given_what_it_carries_while_the_ledger_is_busy(watch: Watch):
    assert after(watch, per_second=4000, busy=0.03).room(0, 1000) == 20 + 200 + 180


def test_there_is_an_end_to_it(watch: Watch):
    window = after(watch, per_second=20_000, busy=30.0)
    assert window.room(0, 5000) == MOST_AHEAD == 800
    assert window.room(300, 5000) == 500
    assert window.room(401, 5000) == 0


def test_a_few_are_worth_a_mark_only_if_they_are_the_last(watch: Watch):
    window = after(watch, per_second=440, busy=0.01)
    assert window.room(40, 1000) == 0
    assert window.room(37, 1000) == 22
    assert window.room(40, 3) == 3
