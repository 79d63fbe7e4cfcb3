"""The arithmetic of budgets and shares, by table and by property."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from northpost.delivery.rules import throttling
from northpost.delivery.rules.throttling import DAY, HOUR, MINUTE, Share, Usage, Window

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
FINE = timedelta(minutes=5)
# Small enough to be searched through: 10 seconds in 5 slots.
SHORT = Window("short", 10, 5)
SHORT_PACED = Window("short", 10, 5, paced=True)


def nothing(window: Window, now: datetime = NOW) -> Usage:
    return throttling.usage_at(window, 0, (), now)


@given(
    window=st.sampled_from([SHORT, SHORT_PACED, MINUTE]),
    limit=st.integers(1, 40),
    tries=st.lists(st.tuples(st.integers(0, 15), st.integers(1, 30)), max_size=60),
)
def test_no_stretch_of_a_windows_length_ever_holds_more_than_the_limit(
    window: Window, limit: int, tries: list[tuple[int, int]]
):
    usage, now = nothing(window), NOW
    sent: list[tuple[datetime, int]] = []
    for wait, wanted in tries:
        now += timedelta(seconds=wait)
        usage = throttling.usage_at(window, usage.at, usage.slots, now)
        count = throttling.granted(window, usage, limit, wanted)
        assert 0 <= count <= wanted
        usage = throttling.spent(usage, count)
        sent.append((now, count))
    length = timedelta(seconds=window.seconds)
    for end, _count in sent:
        assert sum(count for at, count in sent if end - length < at <= end) <= limit


@given(
    window=st.sampled_from([SHORT, SHORT_PACED, MINUTE, HOUR, DAY]),
    limit=st.integers(1, 500),
    tries=st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 300)), max_size=30),
)
def test_where_nothing_goes_it_is_told_when_the_next_one_does(window: Window, limit: int, tries: list[tuple[int, int]]):
    usage, now = nothing(window), NOW
    for wait, wanted in tries:
        now += timedelta(seconds=wait)
        usage = throttling.usage_at(window, usage.at, usage.slots, now)
        usage = throttling.spent(usage, throttling.granted(window, usage, limit, wanted))
    if throttling.granted(window, usage, limit, 1):
        return
    opens = throttling.opens_at(window, usage, limit)
    assert now < opens <= now + timedelta(seconds=window.seconds + window.slot_seconds)
    before = throttling.usage_at(window, usage.at, usage.slots, opens - timedelta(microseconds=1))
    assert throttling.granted(window, before, limit, 1) == 0
    assert throttling.granted(window, throttling.usage_at(window, usage.at, usage.slots, opens), limit, 1) == 1


def test_a_minute_is_shared_out_over_its_seconds():
    usage = nothing(MINUTE)
    assert throttling.granted(MINUTE, usage, 300, 12) == 5
    assert throttling.opens_at(MINUTE, throttling.spent(usage, 5), 300) == NOW + timedelta(seconds=1)
    assert throttling.granted(MINUTE, usage, 1, 12) == 1
    assert throttling.granted(HOUR, usage_of_hour := nothing(HOUR), 300, 400) == 300
    assert throttling.opens_at(HOUR, throttling.spent(usage_of_hour, 300), 300) == NOW + timedelta(minutes=61)


def test_what_is_given_back_may_go_again_and_never_makes_more():
    usage = throttling.spent(nothing(HOUR), 40)
    later = throttling.usage_at(HOUR, usage.at, usage.slots, NOW + timedelta(minutes=3))
    assert throttling.spent(later, -30).total == 10
    assert throttling.spent(later, -100).total == 0


@pytest.mark.parametrize(
    ("moved", "left"),
    [
        (timedelta(seconds=-30), 0),  # a clock put right
        (timedelta(minutes=-59), 0),
        (timedelta(days=-3), 100),  # one that had run ahead: mail must not stand still for three days
        (timedelta(days=3), 100),
        (timedelta(minutes=59), 0),
        (timedelta(minutes=61), 100),
    ],
)
def test_a_clock_that_jumps(moved: timedelta, left: int):
    usage = throttling.spent(nothing(HOUR), 100)
    moved_usage = throttling.usage_at(HOUR, usage.at, usage.slots, NOW + moved)
    assert throttling.granted(HOUR, moved_usage, 100, 1000) == left


def test_24_hours_are_24_hours_when_summer_time_begins():
    sofia = ZoneInfo("Europe/Sofia")
    before = datetime(2026, 3, 28, 12, 0, tzinfo=sofia)
    usage = throttling.spent(nothing(DAY, before), 100)
    same_time_next_day = datetime(2026, 3, 29, 12, 0, tzinfo=sofia)  # 23 hours later
    assert throttling.granted(DAY, throttling.usage_at(DAY, usage.at, usage.slots, same_time_next_day), 100, 9) == 0
    a_day_later = same_time_next_day + timedelta(hours=1, minutes=15)
    assert throttling.granted(DAY, throttling.usage_at(DAY, usage.at, usage.slots, a_day_later), 100, 9) == 9


@pytest.mark.parametrize(
    ("code", "enhanced", "slowing"),
    [
        (421, None, True),
        (421, "4.7.0", True),
        (450, "4.1.1", True),
        (451, None, True),
        (452, "4.7.1", True),
        (452, "4.2.2", False),  # that mailbox is full
        (450, "4.2.2", False),
        (452, None, False),
        (550, "5.7.1", False),
        (250, None, False),
        (None, None, False),
    ],
)
def test_which_answers_say_not_so_fast(code: int | None, enhanced: str | None, slowing: bool):
    assert throttling.is_slowing(code, enhanced) is slowing


@pytest.mark.parametrize(("refused", "answered", "burst"), [(9, 9, False), (10, 50, True), (10, 51, False)])
def test_what_is_a_burst(refused: int, answered: int, burst: bool):
    assert throttling.is_burst(refused, answered) is burst


def test_a_share_halves_and_grows_back_one_connection_at_a_time():
    share = throttling.begun(full=10, rate=600, now=NOW)
    assert (share.connections, throttling.per_minute(share, NOW)) == (5, 300)
    share = throttling.halved(share, NOW)
    assert (share.connections, throttling.per_minute(share, NOW)) == (2, 120)
    grown = [throttling.grown(share, NOW + FINE * number - timedelta(seconds=1)) for number in range(1, 10)]
    assert grown == [2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert throttling.per_minute(share, NOW + FINE * 7) == 540
    assert throttling.per_minute(share, NOW + FINE * 8) is None
    assert throttling.is_over(share, NOW + FINE * 8)


def test_another_burst_halves_what_it_has_grown_to():
    share = Share(2, 10, 600, NOW)
    assert throttling.halved(share, NOW + FINE * 6).connections == 4
    assert throttling.grown(share, NOW - timedelta(hours=1)) == 2


def test_a_single_connection_carries_less_down_to_one_message_a_minute():
    share = Share(1, 10, 600, NOW)
    rates = []
    for _each in range(7):
        share = throttling.halved(share, NOW)
        rates.append((share.connections, throttling.per_minute(share, NOW)))
    assert rates == [(1, 30), (1, 15), (1, 7), (1, 3), (1, 1), (1, 1), (1, 1)]


def test_a_route_of_one_connection_can_be_slowed_down_too():
    share = throttling.begun(full=1, rate=600, now=NOW)
    assert (share.connections, share.full, throttling.per_minute(share, NOW)) == (1, 2, 300)


def test_what_has_to_wait_is_spread_behind_what_waits_already():
    moments, end = throttling.spread(count=3, rate=60, backlog_at=NOW - FINE, now=NOW)
    assert moments == [NOW + timedelta(seconds=number) for number in (1, 2, 3)]
    more, _end = throttling.spread(count=1, rate=60, backlog_at=end, now=NOW)
    assert more == [NOW + timedelta(seconds=4)]


@given(rate=st.integers(1, 9000), groups=st.lists(st.integers(1, 70), min_size=1, max_size=30), at=st.integers(0, 99))
def test_however_few_wait_at_a_time_each_step_has_its_share(rate: int, groups: list[int], at: int):
    begin = NOW + timedelta(seconds=at)
    line: Counter[datetime] = Counter()
    for count in groups:
        last = max(line, default=throttling.step_of(begin, 10))
        line.update(throttling.step_by_step(count=count, rate=rate, seconds=10, begin=last, taken=line[last]))
    assert line.total() == sum(groups)
    steps = [throttling.step_of(begin, 10) + timedelta(seconds=10 * number) for number in range(6 * sum(groups) + 7)]
    filled = [line[step] for step in steps]
    assert max(filled) <= -(-rate // 6)
    # None that has room is passed by, so that a minute from the first one on is full.
    assert sum(filled[:6]) == min(rate, sum(groups))
