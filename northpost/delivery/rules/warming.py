"""Warming up a sending domain or an IP address: how much a day, and how long it takes. Pure.

Mailbox providers trust a sender by its history; a new one that begins with a hundred thousand looks like a spammer's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import count, islice
from zoneinfo import ZoneInfo

LONGEST_DAYS = 365


@dataclass(frozen=True)
class Plan:
    """See models.WarmUp. ``steps`` are the first days' ceilings; ``factor`` (over 1) goes on from the last of them."""

    starts_on: date
    first_day: int
    factor: float
    end_volume: int
    steps: tuple[int, ...] = ()
    kept_on: date | None = None
    kept_days: int = 0


def step_of(plan: Plan, today: date) -> int:
    """Which step it stands at, 0 the first; negative before it begins. Days on which it was kept don't count."""
    day = today if plan.kept_on is None else min(today, plan.kept_on)
    passed = (day - plan.starts_on).days
    return passed if passed < 0 else max(0, passed - plan.kept_days)


def ceiling_of(plan: Plan, step: int) -> int | None:
    """How many may leave on a step's day: 0 before the first, None when it is over."""
    if step < 0:
        return 0
    if step >= LONGEST_DAYS:
        return None
    if step < len(plan.steps):
        value = plan.steps[step]
    else:
        base, grown_days = (plan.steps[-1], step - len(plan.steps) + 1) if plan.steps else (plan.first_day, step)
        try:
            value = int(base * plan.factor**grown_days)
        except OverflowError:
            return None
    return None if value >= plan.end_volume else value


def ceilings(plan: Plan) -> Iterator[int]:
    """The ceilings, step by step, until it is over."""
    for step in count():
        value = ceiling_of(plan, step)
        if value is None:
            return
        yield value


def days_needed(plan: Plan, people: int, *, from_step: int = 0) -> int:
    """How many days a mailing to so many takes from a step on."""
    left, days = people, 0
    for value in islice(ceilings(plan), from_step, None):
        if left <= 0:
            return days
        left -= value
        days += 1
    return days + 1 if left > 0 else days


def next_day(today: date, zone: str) -> datetime:
    """The first moment of the day after ``today`` in a zone, summer time or not."""
    return datetime.combine(today + timedelta(days=1), time(), ZoneInfo(zone))


def first_moment(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone))
