"""A fault in the program costs no more than it must: what is known of messages is written, and none goes twice."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.db import OperationalError

from northpost.core import clock
from northpost.delivery import actions
from northpost.delivery.actions.ledger import Settlement
from northpost.delivery.engine import outbox, send_due, throttle
from northpost.delivery.engine.handing import Handing
from northpost.delivery.engine.outbox import Draft
from northpost.delivery.engine.wire import Broken, Lane
from northpost.delivery.limits.budgets import Limit, used
from northpost.delivery.models import Ceiling, Message, Route
from northpost.delivery.routes import way_of
from northpost.delivery.rules.throttling import DAY
from northpost.delivery.tests import rig
from northpost.delivery.tests.test_sending import memory_sink
from northpost.delivery.transport import Outcome
from northpost.mailbox.received import MemoryStore
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def mailing_by(port: int) -> Route:
    """Twenty people are to get it."""
    route = rig.route(port)
    rig.register()
    rig.people(20)
    rig.enqueue()
    return route


def test_a_fault_with_one_person_s_mail_skips_the_person_and_pauses_nothing(
    workspace: Workspace, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
):
    compose = outbox.compose

    def faulty(prepared: Any, **given: Any) -> Any:
        if given["email"] == "person3@mail.example":
            raise KeyError("x")
        return compose(prepared, **given)

    monkeypatch.setattr(outbox, "compose", faulty)
    with memory_sink(store) as port:
        route = mailing_by(port)
        report = send_due(workspace.pk, timeouts=rig.QUICK)
    assert (dict(report.states), report.alerts) == ({"accepted": 19, "skipped": 1}, [])
    assert rig.reasons() == {"render_failed": 1}
    assert Message.objects.get(state="skipped").email == "person3@mail.example"
    assert Route.objects.get(pk=route.pk).paused_at is None


def test_what_could_not_be_written_is_written_at_the_end(
    workspace: Workspace, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
):
    settle = actions.settle
    refused: list[int] = []

    def faulty(settlements: Sequence[Settlement]) -> list[int]:
        if not refused:
            refused.extend(one.id for one in settlements)
            raise RuntimeError("a fault")
        return settle(settlements)

    monkeypatch.setattr(actions, "settle", faulty)
    with memory_sink(store) as port:
        mailing_by(port)
        with pytest.raises(RuntimeError, match="a fault"):
            send_due(workspace.pk, timeouts=rig.QUICK)
    assert refused
    assert set(Message.objects.filter(pk__in=refused).values_list("state", flat=True)) == {"accepted"}
    assert not Message.objects.filter(state="sending").exists()


def test_a_second_fault_while_the_run_ends_loses_no_outcome(
    workspace: Workspace, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
):
    note = Lane._note
    noted: list[int] = []

    def faulty(lane: Lane, outcome: Outcome) -> None:
        note(lane, outcome)
        noted.append(outcome.key)
        if len(noted) == 10:
            lane._report(Broken(RuntimeError("the first")))
            lane._report(Broken(RuntimeError("the second")))
            lane._flush()

    monkeypatch.setattr(Lane, "_note", faulty)
    with memory_sink(store) as port:
        mailing_by(port)
        with pytest.raises(RuntimeError, match="the first"):
            send_due(workspace.pk, timeouts=rig.QUICK)
    assert len(noted) >= 10
    told = Message.objects.filter(pk__in=noted).values_list("state", flat=True)
    assert set(told) <= {"accepted", "in_doubt"}
    assert Counter(told)["accepted"] >= 10
    assert not Message.objects.filter(state="sending").exists()


def test_two_drafts_of_one_message_are_sent_once(
    workspace: Workspace, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
):
    put = Handing.put

    def twice(handing: Handing, route_id: int, drafts: Sequence[Draft]) -> None:
        put(handing, route_id, [*drafts, *drafts])

    monkeypatch.setattr(Handing, "put", twice)
    with memory_sink(store) as port:
        rig.route(port)
        rig.register()
        people = rig.people(20)
        rig.enqueue()
        report = send_due(workspace.pk, timeouts=rig.QUICK)
    assert sorted(mail.recipient for mail in store.mails) == sorted(person.email or "" for person in people)
    assert (dict(report.states), report.stale) == ({"accepted": 20}, 0)


def test_the_limits_count_once_what_the_database_did_without_an_answer(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    route = rig.route(2525, per_day=100)
    limiter = rig.limiter()
    waiting = deque(
        cast(Draft, SimpleNamespace(key=number, recipient=f"person{number}@mail.example")) for number in range(10)
    )
    key = f"route:{route.pk}:day"
    limit = Limit(key, DAY, 100)
    asked: Counter[str] = Counter()

    def without_an_answer(name: str) -> None:
        real = getattr(throttle, name)

        def faulty(*given: Any, **named: Any) -> Any:
            asked[name] += 1
            found = real(*given, **named)
            if asked[name] == 1:
                raise OperationalError("gone")
            return found

        monkeypatch.setattr(throttle, name, faulty)

    without_an_answer("reserve")
    without_an_answer("give_back")
    going = limiter.admit(way_of(route), waiting, 10).going
    assert (len(going), asked["reserve"]) == (10, 2)
    assert used([limit], now=clock.now()) == {key: 10}
    limiter.unsent([draft.key for draft in going[:6]])
    assert asked["give_back"] == 2
    assert used([limit], now=clock.now()) == {key: 4}
    # Those six are given back already.
    limiter.unsent([draft.key for draft in going])
    assert used([limit], now=clock.now()) == {key: 0}


def test_limits_hold_though_the_database_is_away_when_they_are_read(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    route = rig.route(2525)
    Ceiling.objects.create(per_hour=4)
    limiter, read, failed = rig.limiter(), throttle._read_settings, []

    def faulty() -> Any:
        if not failed:
            failed.append(True)
            raise OperationalError("gone")
        return read()

    monkeypatch.setattr(throttle, "_read_settings", faulty)
    waiting = deque(
        cast(Draft, SimpleNamespace(key=number, recipient=f"person{number}@mail.example")) for number in range(10)
    )
    assert len(limiter.admit(way_of(route), waiting, 10).going) == 4
    assert failed
