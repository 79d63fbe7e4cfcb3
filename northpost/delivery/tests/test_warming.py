"""Ceilings that grow from day to day, and how long a mailing takes by them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from northpost.delivery.rules import warming
from northpost.delivery.rules.warming import Plan

START = date(2026, 3, 27)


def plan(**changes: Any) -> Plan:
    return Plan(**({"starts_on": START, "first_day": 50, "factor": 2.0, "end_volume": 100_000} | changes))


def test_the_first_ceilings():
    assert list(islice(warming.ceilings(plan()), 6)) == [50, 100, 200, 400, 800, 1600]
    assert list(warming.ceilings(plan(end_volume=401))) == [50, 100, 200, 400]
    assert list(islice(warming.ceilings(plan(steps=(10, 30, 90), factor=1.5)), 5)) == [10, 30, 90, 135, 202]


@pytest.mark.parametrize(
    ("day", "step"), [(date(2026, 3, 26), -1), (START, 0), (date(2026, 3, 29), 2), (date(2026, 4, 1), 5)]
)
def test_a_day_is_a_step(day: date, step: int):
    assert warming.step_of(plan(), day) == step


def test_before_it_begins_nothing_leaves_and_afterwards_everything():
    assert warming.ceiling_of(plan(), -1) == 0
    assert warming.ceiling_of(plan(), 10) == 51_200
    assert warming.ceiling_of(plan(), 11) is None
    assert warming.ceiling_of(plan(), 100_000) is None


def test_kept_at_a_ceiling_it_goes_on_where_it_stood():
    kept = plan(kept_on=date(2026, 3, 29))
    assert warming.step_of(kept, date(2026, 3, 28)) == 1
    assert [warming.step_of(kept, date(2026, 3, 29) + timedelta(days=days)) for days in (0, 1, 9)] == [2, 2, 2]
    again = plan(kept_days=4)  # kept on the 29th, let go on the 2nd
    assert warming.step_of(again, date(2026, 4, 2)) == 2


@pytest.mark.parametrize(("people", "days"), [(0, 0), (1, 1), (50, 1), (51, 2), (150, 2), (100_000, 11), (10**7, 12)])
def test_how_long_a_mailing_takes(people: int, days: int):
    assert warming.days_needed(plan(), people) == days


def test_how_long_it_takes_from_a_later_day_on():
    assert warming.days_needed(plan(), 2000, from_step=3) == 3
    assert warming.days_needed(plan(), 2000, from_step=90) == 1


@given(
    first=st.integers(1, 5000),
    factor=st.decimals("1.05", "9.99", places=2).map(float),
    end=st.integers(2, 10**6),
    people=st.integers(0, 10**7),
)
def test_the_days_are_enough_and_none_too_many(first: int, factor: float, end: int, people: int):
    found = plan(first_day=first, factor=factor, end_volume=end)
    days = warming.days_needed(found, people)
    values = list(warming.ceilings(found))
    assert sum(values[: days - 1]) < people or people == 0
    assert days > len(values) or sum(values[:days]) >= people


def test_a_day_ends_at_midnight_of_the_firms_own_clock():
    assert warming.next_day(date(2026, 3, 28), "Europe/Sofia") == datetime(2026, 3, 28, 22, tzinfo=UTC)
    # Summer time has begun: this day has 23 hours.
    assert warming.next_day(date(2026, 3, 29), "Europe/Sofia") == datetime(2026, 3, 29, 21, tzinfo=UTC)
