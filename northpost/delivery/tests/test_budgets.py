"""Budgets that many workers share: never more than there is, whoever asks at once."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from northpost.core import tenancy
from northpost.delivery.limits import budgets
from northpost.delivery.limits.budgets import MOVES_ARE_KEPT, Limit, Move, Reservation, Today, forget_moves
from northpost.delivery.models import Budget, BudgetMove, WarmUpDay
from northpost.delivery.rules.throttling import DAY, HOUR, MINUTE
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
WORKERS = 8


def reserve(limits: list[Limit], wanted: int, **given: Any) -> Reservation:
    return budgets.reserve(limits, wanted, move=Move(uuid.uuid4(), 1), **given)


def give_back(limits: list[Limit], count: int, **given: Any) -> None:
    budgets.give_back(limits, count, move=Move(uuid.uuid4(), 1), **given)


def at_once(workspace: Workspace, work: Callable[[int], Iterator[Reservation]]) -> list[Reservation]:
    """What eight workers, each with a connection of its own, were granted."""
    ready = Barrier(WORKERS)

    def one(number: int) -> list[Reservation]:
        try:
            with tenancy.workspace(workspace.pk):
                ready.wait(30)
                return list(work(number))
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as pool:
        return [found for each in pool.map(one, range(WORKERS)) for found in each]


def test_eight_workers_at_once_take_no_more_than_there_is(workspace: Workspace):
    route, firm = Limit("route:1:hour", HOUR, 250), Limit("workspace:day", DAY, 300)

    def work(number: int) -> Iterator[Reservation]:
        for round_ in range(12):
            # In either order: the keys decide which is locked first.
            asked = [route, firm] if number % 2 else [firm, route]
            yield reserve(asked, 7, now=NOW + timedelta(seconds=round_))

    found = at_once(workspace, work)
    assert sum(one.granted for one in found) == 250
    assert budgets.used([route, firm], now=NOW + timedelta(seconds=20)) == {"route:1:hour": 250, "workspace:day": 250}
    refused = [one for one in found if not one.granted]
    assert {one.key for one in refused} == {"route:1:hour"}
    assert {one.opens_at for one in refused} == {NOW + timedelta(minutes=61)}


def test_in_every_window_even_when_the_hours_go_by(workspace: Workspace):
    limit = Limit("route:1:minute", MINUTE, 90)
    together = Barrier(WORKERS)
    sent: list[Counter[int]] = [Counter() for _worker in range(WORKERS)]

    def work(number: int) -> Iterator[Reservation]:
        for second in range(0, 200, 2):
            together.wait(30)
            found = reserve([limit], 3, now=NOW + timedelta(seconds=second))
            sent[number][second] += found.granted
            yield found

    at_once(workspace, work)
    total = sum(sent, Counter())
    assert max(sum(total[second] for second in range(start, start + 60)) for start in range(200)) <= 90
    assert total.total() > 180


def test_a_warm_ups_day_is_shared_too(workspace: Workspace):
    today = Today(7, date(2026, 3, 4), 50, datetime(2026, 3, 4, 22, tzinfo=UTC))

    def work(number: int) -> Iterator[Reservation]:
        for _each in range(5):
            yield reserve([], 3, now=NOW, today=today)

    found = at_once(workspace, work)
    assert sum(one.granted for one in found) == 50
    assert WarmUpDay.objects.get().used == 50
    refused = next(one for one in found if not one.granted)
    assert (refused.opens_at, refused.reason) == (today.ends_at, "warm_up")


def test_the_tightest_budget_decides_and_the_others_lose_nothing(workspace: Workspace):
    minute, day = Limit("a:minute", MINUTE, 600), Limit("a:day", DAY, 25)
    assert [reserve([minute, day], 10, now=NOW + timedelta(seconds=n)).granted for n in range(4)] == [
        10,
        10,
        5,
        0,
    ]
    assert budgets.used([minute, day], now=NOW + timedelta(seconds=3)) == {"a:minute": 25, "a:day": 25}


def test_what_was_not_sent_is_given_back(workspace: Workspace):
    limit = Limit("route:1:day", DAY, 10)
    today = Today(7, date(2026, 3, 4), 50, NOW + timedelta(hours=13))
    assert reserve([limit], 10, now=NOW, today=today).granted == 10
    give_back([limit], 4, now=NOW, today=today)
    assert (budgets.used([limit], now=NOW), WarmUpDay.objects.get().used) == ({"route:1:day": 6}, 6)
    assert reserve([limit], 10, now=NOW, today=today).granted == 4


def test_a_budget_is_the_workspaces_own(workspace: Workspace, rival: Workspace):
    limit = Limit("workspace:hour", HOUR, 10)
    assert reserve([limit], 10, now=NOW).granted == 10
    with tenancy.workspace(rival.pk):
        assert reserve([limit], 4, now=NOW).granted == 4
    assert Budget.objects.get().slots[-1] == 10


def test_what_is_asked_once_more_is_done_once(workspace: Workspace):
    limit, today = Limit("route:1:day", DAY, 100), Today(7, date(2026, 3, 4), 50, NOW + timedelta(hours=13))
    run = uuid.uuid4()

    def state() -> tuple[dict[str, int], int]:
        return budgets.used([limit], now=NOW), WarmUpDay.objects.get().used

    for _try in range(3):
        found = budgets.reserve([limit], 10, move=Move(run, 1), now=NOW, today=today)
        assert (found.granted, state()) == (10, ({"route:1:day": 10}, 10))
    for _try in range(3):
        budgets.give_back([limit], 4, move=Move(run, 2), now=NOW, today=today)
        assert state() == ({"route:1:day": 6}, 6)
    # A move of its own, and another run's, are others.
    assert budgets.reserve([limit], 10, move=Move(run, 3), now=NOW, today=today).granted == 10
    assert budgets.reserve([limit], 10, move=Move(uuid.uuid4(), 3), now=NOW, today=today).granted == 10
    assert state() == ({"route:1:day": 26}, 26)


def test_what_was_refused_may_be_granted_when_it_is_asked_once_more(workspace: Workspace):
    limit, move = Limit("route:1:day", DAY, 10), Move(uuid.uuid4(), 1)
    reserve([limit], 10, now=NOW)
    assert budgets.reserve([limit], 5, move=move, now=NOW).granted == 0
    assert budgets.reserve([limit], 5, move=move, now=NOW + timedelta(days=2)).granted == 5


def test_the_moves_of_runs_that_ended_are_forgotten(workspace: Workspace):
    reserve([Limit("route:1:day", DAY, 10)], 1, now=NOW)
    forget_moves(NOW + MOVES_ARE_KEPT)
    assert BudgetMove.objects.count() == 1
    forget_moves(NOW + MOVES_ARE_KEPT + timedelta(seconds=1))
    assert not BudgetMove.objects.exists()
