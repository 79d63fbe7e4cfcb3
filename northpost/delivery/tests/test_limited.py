"""Limits in real sending: several senders, a slow provider, fallbacks, warm-up; nobody is lost or doubled."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from northpost.contacts.models import Contact
from northpost.core import clock
from northpost.delivery.engine import send_due
from northpost.delivery.engine.throttle import LOOK_SECONDS
from northpost.delivery.limits import hosts, slowing, warming
from northpost.delivery.limits.tasks import look_after_limits
from northpost.delivery.models import Budget, Ceiling, Hold, MailHost, Message, Route, WarmUp, WarmUpDay
from northpost.delivery.tests import rig
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def mailing() -> None:
    rig.register()


def arrived(*sinks: rig.Sink) -> Counter[str]:
    """Who got it; nobody twice."""
    found = Counter(recipient for sink in sinks for recipient in sink.recipients)
    assert max(found.values(), default=0) <= 1
    return found


def test_an_hours_limit_holds_over_three_senders_and_goes_on_afterwards(workspace: Workspace, tmp_path: Path):
    rig.people(100)
    with rig.sink(tmp_path) as sink:
        route = rig.route(sink.port, per_hour=40)
        rig.enqueue()
        senders = [rig.Sender(workspace.pk) for _each in range(3)]
        for sender in senders:
            with sender:
                sender.report()
        assert len(arrived(sink)) == 40
        assert rig.states() == {"accepted": 40, "queued": 60}
        held = Hold.objects.get()
        assert (held.route_id, held.source_kind, held.reason) == (route.pk, None, "hour")
        # Held, they are not taken up, given back and taken up again.
        assert send_due(workspace.pk).states == {}
        for passed, total in ((2, 80), (4, 100)):
            with clock.use(clock.VirtualClock(clock.now() + timedelta(hours=passed))):
                send_due(workspace.pk)
            assert len(arrived(sink)) == total
        assert rig.reconcile(sink) == {"accepted": 100}


def test_what_a_used_up_route_may_not_carry_goes_by_its_fallback(workspace: Workspace, tmp_path: Path):
    rig.people(100)
    with rig.sink(tmp_path, name="first") as first, rig.sink(tmp_path, name="second") as second:
        reserve = rig.route(second.port, name="reserve", per_minute=60_000)
        rig.route(first.port, per_day=30, fallback_id=reserve.pk)
        rig.enqueue()
        assert send_due(workspace.pk).states == {"accepted": 30, "queued": 70}
        assert send_due(workspace.pk).accepted == 70
        assert (len(first.mails), len(second.mails)) == (30, 70)
        assert len(arrived(first, second)) == 100


def test_what_a_dead_route_did_not_take_goes_by_its_fallback(workspace: Workspace, tmp_path: Path):
    rig.people(60)
    with rig.sink(tmp_path, name="second") as second:
        reserve = rig.route(second.port, name="reserve")
        # Nobody listens there; what was reserved for it is given back.
        dead = rig.route(9, fallback_id=reserve.pk, per_day=1000)
        rig.enqueue()
        assert send_due(workspace.pk).states == {"queued": 60}
        assert send_due(workspace.pk).accepted == 60
        assert len(arrived(second)) == 60
    Route.objects.get(pk=dead.pk, paused_until__isnull=False)
    assert sum(Budget.objects.get(key=f"route:{dead.pk}:day").slots) == 0


def test_a_firms_own_limit_holds_over_all_its_routes(workspace: Workspace, tmp_path: Path):
    rig.people(50)
    Ceiling.objects.create(per_hour=20)
    with rig.sink(tmp_path, name="a") as first, rig.sink(tmp_path, name="b") as second:
        rig.route(second.port, weight=1)
        rig.route(first.port, weight=1)
        rig.enqueue()
        assert send_due(workspace.pk).accepted == 20
        assert len(arrived(first, second)) == 20
    assert Hold.objects.get().route_id is None


def test_a_clock_that_stands_still_ends_the_run_and_does_not_hang_it(workspace: Workspace, tmp_path: Path):
    rig.people(4)
    with clock.use(clock.VirtualClock(NOW)) as virtual, rig.sink(tmp_path) as sink:
        rig.route(sink.port, per_minute=60)
        rig.enqueue()
        for sent in (1, 2, 3, 4):
            assert send_due(workspace.pk).accepted == 1
            assert len(arrived(sink)) == sent
            assert send_due(workspace.pk).states == {}
            virtual.advance(timedelta(seconds=1))


def test_without_limits_no_statement_is_spent_on_them(workspace: Workspace, tmp_path: Path):
    rig.people(200)
    statements: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append(sql)
        return execute(sql, params, many, context)

    with rig.sink(tmp_path) as sink:
        rig.route(sink.port)
        rig.enqueue()
        with connection.execute_wrapper(note):
            report = send_due(workspace.pk)
    assert report.accepted == 200
    assert not any("delivery_budget" in one or "delivery_mailhost" in one for one in statements)
    # A look at the settings every few seconds, however many messages.
    assert 1 <= sum("delivery_ceiling" in one for one in statements) <= 1 + report.seconds / LOOK_SECONDS


def test_a_provider_that_slows_us_down_gets_less_and_the_others_go_on(workspace: Workspace, tmp_path: Path):
    rig.people(300, domain="gmail.com")
    rig.people(300, start=1000)
    refusing = {"at": "rcpt", "code": 451, "text": "4.7.0 unusual rate", "domain": "gmail.com", "times": 30}
    with clock.use(clock.VirtualClock(NOW)) as virtual, rig.sink(tmp_path, rules=[refusing]) as sink:
        route = rig.route(sink.port, connections=10)
        rig.enqueue()
        report = send_due(workspace.pk)
        assert report.warnings == ["Gmail is slowing us down: 5 of 10 connections"]
        assert not report.alerts
        found = arrived(sink)
        # The others had all of theirs in the same run.
        assert sum(recipient.endswith("@mail.example") for recipient in found) == 300
        assert len(found) < 500
        slowed = slowing.slowed(virtual.now())
        assert [(one.route_id, one.mx_group, one.connections, one.full) for one in slowed] == [
            (route.pk, "google", 5, 10)
        ]
        assert slowed[0].reply == "4.7.0 unusual rate"
        connections = []
        for _each in range(60):
            virtual.advance(timedelta(minutes=1))
            before = len(arrived(sink))
            send_due(workspace.pk)
            slowed = slowing.slowed(virtual.now())
            connections.append(slowed[0].connections if slowed else 10)
            if slowed:
                assert len(arrived(sink)) - before <= slowed[0].per_minute
        # One at a time.
        assert connections[0] == 5
        assert connections[-1] == 10
        assert {later - earlier for earlier, later in pairwise(connections)} == {0, 1}
        assert rig.reconcile(sink) == {"accepted": 600}


def test_a_domain_that_puts_mail_off_is_looked_up_and_joins_its_providers_group(workspace: Workspace, tmp_path: Path):
    MailHost.objects.create(domain="firm-a.example", mx_group="google", looked_up_at=NOW)
    assert hosts.groups_of(["firm-a.example", "hotmail.co.uk", "unknown.example"]) == {
        "firm-a.example": "google",
        "hotmail.co.uk": "microsoft",
        "unknown.example": "unknown.example",
    }
    rig.people(30, domain="firm-b.example")
    refusing = {"at": "rcpt", "code": 450, "text": "4.7.1 slow down", "domain": "firm-b.example"}
    with rig.sink(tmp_path, rules=[refusing]) as sink:
        rig.route(sink.port)
        rig.enqueue()
        send_due(workspace.pk)
        assert arrived(sink) == {}
    assert [one.mx_group for one in slowing.slowed(clock.now())] == ["firm-b.example"]
    assert list(MailHost.objects.filter(looked_up_at=None).values_list("domain", flat=True)) == ["firm-b.example"]


def test_a_warm_up_sends_to_those_who_read_first_and_the_rest_on_the_days_after(workspace: Workspace, tmp_path: Path):
    people = rig.people(40)
    with clock.use(clock.VirtualClock(NOW)) as virtual, rig.sink(tmp_path) as sink:
        route = rig.route(sink.port)
        rig.enqueue(1)
        assert send_due(workspace.pk).accepted == 40
        virtual.advance(timedelta(days=7))
        readers = {person.email for person in people[33:38]}
        Message.objects.filter(email__in=readers).update(clicked_at=NOW, opened_at=NOW)
        looker = people[38].email
        Message.objects.filter(email=looker).update(opened_at=NOW)
        newcomer = rig.people(1, start=900)[0].email
        plan = warming.start_warm_up(
            route_id=route.pk,
            domain="shop.example",
            starts_on=date(2026, 3, 11),
            first_day=7,
            factor=2,
            end_volume=1000,
        )
        rig.enqueue(2)
        days = []
        for _day in range(4):
            virtual.advance(timedelta(minutes=5))
            before = arrived_of(sink)
            send_due(workspace.pk)
            days.append(sorted((arrived_of(sink) - before).elements()))
            assert send_due(workspace.pk).states == {}
            virtual.advance(timedelta(days=1))
        assert [len(day) for day in days] == [7, 14, 20, 0]
        assert set(days[0]) == readers | {looker, newcomer}
        used = WarmUpDay.objects.filter(warm_up_id=plan.pk).order_by("day").values_list("day", "ceiling", "used")
        assert list(used) == [(date(2026, 3, 11), 7, 7), (date(2026, 3, 12), 14, 14), (date(2026, 3, 13), 28, 20)]
        assert rig.states(2) == {"accepted": 41}


def arrived_of(sink: rig.Sink) -> Counter[str]:
    return Counter(sink.recipients)


def test_before_its_first_day_a_warm_up_lets_nothing_leave_but_other_domains(workspace: Workspace, tmp_path: Path):
    rig.people(5)
    with clock.use(clock.VirtualClock(NOW)) as virtual, rig.sink(tmp_path) as sink:
        route = rig.route(sink.port)
        for domain in ("shop.example", "other.example"):
            warming.start_warm_up(
                route_id=route.pk, domain=domain, starts_on=date(2026, 3, 6), first_day=3, factor=2, end_volume=10
            )
        rig.enqueue()
        virtual.advance(timedelta(minutes=5))
        assert send_due(workspace.pk).accepted == 0
        assert Hold.objects.get().until == datetime(2026, 3, 6, tzinfo=UTC)
        virtual.move_to(datetime(2026, 3, 6, tzinfo=UTC))
        assert send_due(workspace.pk).accepted == 3
        warming.end_warm_up(warm_up_id=WarmUp.objects.get(domain="shop.example").pk)
        assert send_due(workspace.pk).accepted == 2
        virtual.advance(timedelta(days=30))
        look_after_limits()
        assert not WarmUp.objects.filter(ended_at=None).exists()
        assert not Hold.objects.exists()


def test_the_domains_that_most_people_have_are_noted_to_be_looked_up(workspace: Workspace):
    rig.people(3, domain="firm-a.example")
    rig.people(2, domain="gmail.com", start=10)
    rig.people(1, domain="once.example", start=20)
    Contact.objects.filter(email_key__startswith="person2@").update(email=None, email_key=None)
    hosts.want_common()
    assert list(MailHost.objects.values_list("domain", flat=True)) == ["firm-a.example"]
