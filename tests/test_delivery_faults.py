"""The ledger under fault: a real sender process, a real PostgreSQL, and a server that does wrong on order."""

from __future__ import annotations

import os
import signal
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, connections

from northpost.config import environment
from northpost.contacts.actions import withdraw_consents
from northpost.core import clock
from northpost.delivery import actions
from northpost.delivery.engine import send_due
from northpost.delivery.models import Message, Route, Suppression
from northpost.delivery.tests import rig
from northpost.events.models import Event
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)
BOTH = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def later(**step: int) -> clock.VirtualClock:
    return clock.VirtualClock(clock.now() + timedelta(**step))


def test_killed_while_claimed_is_sent_once(workspace: Workspace, tmp_path: Path):
    rig.people(50)
    with rig.sink(tmp_path) as sink:
        rig.route(sink.port)
        rig.enqueue()
        with rig.Sender(workspace.pk, "--at", "claimed") as sender:
            assert sender.process.wait(30) == -signal.SIGKILL
        assert (rig.states(), rig.taken_up()) == ({"queued": 50}, 50)
        assert again(workspace) == {}
        assert rig.after_leases() == {"queued": 50}
        assert again(workspace) == {"accepted": 50}
        assert rig.reconcile(sink) == {"accepted": 50}


def test_killed_after_the_answer_and_before_the_commit_is_in_doubt(workspace: Workspace, tmp_path: Path):
    rig.people(20)
    with rig.sink(tmp_path) as sink:
        rig.route(sink.port)
        rig.enqueue()
        with rig.Sender(workspace.pk, "--at", "answered") as sender:
            assert sender.process.wait(30) == -signal.SIGKILL
        assert rig.states() == {"sending": 20}
        arrived = len(sink.mails)
        assert arrived > 0
        assert rig.after_leases() == {"in_doubt": 20}
        assert again(workspace) == {}
        assert len(sink.mails) == arrived
        assert rig.reconcile(sink) == {"in_doubt": 20}


def test_marked_and_not_begun_is_in_doubt_too(workspace: Workspace, tmp_path: Path):
    rig.people(5)
    with rig.sink(tmp_path) as sink:
        rig.route(sink.port)
        rig.enqueue()
        with rig.Sender(workspace.pk, "--at", "marked") as sender:
            assert sender.process.wait(30) == -signal.SIGKILL
        assert rig.after_leases() == {"in_doubt": 5}
        assert again(workspace) == {}
        assert sink.mails == []


def test_a_stale_workers_writes_are_refused(workspace: Workspace, tmp_path: Path):
    rig.people(20)
    with rig.sink(tmp_path) as sink:
        rig.route(sink.port)
        rig.enqueue()
        with rig.Sender(workspace.pk, "--at", "answered", "--do", "stop") as sender:
            sender.wait_for_now()
            assert rig.after_leases() == {"in_doubt": 20}
            os.kill(sender.process.pid, signal.SIGCONT)
            report = sender.report()
        assert report["stale"] == 20
        assert report["states"] == {}
        assert rig.reconcile(sink) == {"in_doubt": 20}


def test_a_worker_that_lost_its_claim_sends_nothing(workspace: Workspace, tmp_path: Path):
    rig.people(20)
    with rig.sink(tmp_path) as sink:
        rig.route(sink.port)
        rig.enqueue()
        with rig.Sender(workspace.pk, "--at", "claimed", "--do", "stop") as sender:
            sender.wait_for_now()
            assert rig.after_leases() == {"queued": 20}
            assert again(workspace) == {"accepted": 20}
            os.kill(sender.process.pid, signal.SIGCONT)
            assert sender.report()["stale"] == 20
        assert rig.reconcile(sink) == {"accepted": 20}


def test_two_senders_send_once(workspace: Workspace, tmp_path: Path):
    rig.people(400)
    with rig.sink(tmp_path) as sink:
        rig.route(sink.port)
        rig.enqueue()
        with rig.Sender(workspace.pk) as one, rig.Sender(workspace.pk) as two:
            reports = [one.report(), two.report()]
        assert sum(report["states"].get("accepted", 0) for report in reports) == 400
        assert rig.reconcile(sink) == {"accepted": 400}


def test_connection_lost_after_the_final_dot_is_in_doubt(workspace: Workspace, tmp_path: Path):
    rig.people(10)
    with rig.sink(tmp_path, rules=[{"at": "final", "do": "drop", "recipient": "person3@mail.example"}]) as sink:
        rig.route(sink.port)
        rig.enqueue()
        assert rig.send(workspace.pk)["states"] == {"accepted": 9, "in_doubt": 1}
        assert Message.objects.get(state="in_doubt").email == "person3@mail.example"
        with clock.use(later(days=2)):
            actions.recover()
        assert again(workspace) == {}
        # The server kept it, and nobody got it twice.
        assert rig.reconcile(sink) == {"accepted": 9, "in_doubt": 1}
        assert len(sink.mails) == 10


def test_connection_lost_before_data_is_deferred_or_tried_again(workspace: Workspace, tmp_path: Path):
    rig.people(10)
    rules = [{"at": "rcpt", "do": "drop", "recipient": "person3@mail.example", "times": 2}]
    with rig.sink(tmp_path, rules=rules) as sink:
        rig.route(sink.port, connections=1)
        rig.enqueue()
        rig.send(workspace.pk)
        assert rig.states().keys() <= {"accepted", "deferred", "queued"}
        assert "person3@mail.example" not in sink.recipients
        for _time in range(2):
            move_due_times_back()
            again(workspace)
        assert rig.reconcile(sink) == {"accepted": 10}


def test_greylisted_451_and_421_come_through_later_once(workspace: Workspace, tmp_path: Path):
    rig.people(12)
    rules = [
        {"at": "final", "do": "reply", "code": 451, "recipient": "person3@mail.example", "times": 1},
        {"at": "mail", "do": "reply", "code": 421, "nth": 5},
    ]
    with rig.sink(tmp_path, greylist=True, rules=rules) as sink:
        rig.route(sink.port)
        rig.enqueue()
        first = rig.send(workspace.pk)
        assert "accepted" not in first["states"]
        waits = [message.due_at - clock.now() for message in Message.objects.filter(state="deferred")]
        assert waits
        assert all(timedelta(minutes=4) < wait <= timedelta(minutes=6) for wait in waits)
        for _time in range(3):
            move_due_times_back()
            again(workspace)
        assert rig.reconcile(sink) == {"accepted": 12}
        assert Message.objects.get(email="person3@mail.example").attempts == 3


def test_550_in_the_middle_is_that_messages_alone(workspace: Workspace, tmp_path: Path):
    rig.people(30)
    text = "5.1.1 no such user"
    rules = [{"at": "rcpt", "code": 550, "text": text, "recipient": "person13@mail.example"}]
    with rig.sink(tmp_path, rules=rules) as sink:
        rig.route(sink.port)
        rig.enqueue()
        assert rig.send(workspace.pk)["states"] == {"accepted": 29, "rejected": 1}
        assert rig.reconcile(sink) == {"accepted": 29, "rejected": 1}
    refused = Message.objects.get(state="rejected")
    assert (refused.email, refused.reply_code, refused.reply_enhanced) == ("person13@mail.example", 550, "5.1.1")
    assert refused.bounced_at is not None
    assert Suppression.objects.get().email_key == "person13@mail.example"
    event = Event.objects.get(kind="mail.bounced")
    assert (event.contact_id, event.properties["kind"]) == (refused.contact_id, "hard")
    # It never comes back: neither by itself nor in the next mailing.
    assert rig.enqueue(2).skipped == {"suppressed": 1}


def test_a_server_that_hangs_frees_the_worker_and_the_rest_goes_on(workspace: Workspace, tmp_path: Path):
    rig.people(30)
    rules = [{"at": "rcpt", "do": "hang", "recipient": "person13@mail.example", "times": 3}]
    with rig.sink(tmp_path, rules=rules) as sink:
        rig.route(sink.port, connections=3)
        rig.enqueue()
        began = time.monotonic()
        rig.send(workspace.pk, "--hasty")
        assert time.monotonic() - began < 30
        assert rig.states().keys() <= {"accepted", "deferred"}
        assert rig.states()["accepted"] >= 27
        for _time in range(3):
            move_due_times_back()
            again(workspace)
        assert rig.reconcile(sink) == {"accepted": 30}


def test_postgres_restarts_and_sending_goes_on(workspace: Workspace, tmp_path: Path):
    rig.people(600)
    server = environment.embedded_server()
    assert server is not None
    with rig.sink(tmp_path, delay_ms=15) as sink:
        rig.route(sink.port)
        rig.enqueue()
        with rig.Sender(workspace.pk) as sender:
            while len(sink.mails) < 100:
                time.sleep(0.01)
            for name in ("default", "owner"):
                connections[name].close()
            server.stop()
            time.sleep(0.3)
            server.start()
            report = sender.report()
        assert "the database can't be reached" in report["alerts"]
        assert report["states"]["accepted"] == 600
        assert rig.reconcile(sink) == {"accepted": 600}


@BOTH
def test_a_full_disk_holds_sending_with_an_alert(workspace: Workspace, tmp_path: Path):
    rig.people(300)
    full = """
        CREATE FUNCTION pg_temp_full() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = '53100'; END $$;
        CREATE TRIGGER full_disk BEFORE UPDATE ON delivery_message
            FOR EACH STATEMENT EXECUTE FUNCTION pg_temp_full();
    """
    with rig.sink(tmp_path, delay_ms=15) as sink:
        rig.route(sink.port)
        rig.enqueue()
        with rig.Sender(workspace.pk) as sender:
            while len(sink.mails) < 30:
                time.sleep(0.01)
            with connections["owner"].cursor() as cursor:
                cursor.execute(full)
            try:
                time.sleep(0.5)
                held = len(sink.mails)
                time.sleep(0.5)
                assert len(sink.mails) == held < 300
            finally:
                with connections["owner"].cursor() as cursor:
                    cursor.execute("DROP FUNCTION pg_temp_full CASCADE")
                connections["owner"].close()
            report = sender.report()
        assert "the database's disk is full" in report["alerts"]
        assert rig.reconcile(sink) == {"accepted": 300}


def test_a_server_that_is_not_there_pauses_the_route_and_loses_nothing(workspace: Workspace, tmp_path: Path):
    rig.people(10)
    with rig.sink(tmp_path) as sink:
        port = sink.port
    route = rig.route(port)
    rig.enqueue()
    report = rig.send(workspace.pk)
    assert any(f"does not take connections on port {port}" in words for words in report["alerts"])
    route = Route.objects.get(pk=route.pk)
    assert route.paused_at is not None
    assert route.paused_until is not None
    assert f"port {port}" in route.pause_reason
    assert rig.states() == {"queued": 10}
    assert not Message.objects.exclude(attempts=0).exists()
    assert again(workspace) == {}
    actions.resume_route(route_id=route.pk)
    with rig.sink(tmp_path, port=port) as sink:
        assert again(workspace) == {"accepted": 10}
        assert rig.reconcile(sink) == {"accepted": 10}


def test_pause_another_throttle_resume_and_the_sums_agree(workspace: Workspace, tmp_path: Path):
    rig.people(300)
    rules = [
        {"at": "rcpt", "code": 550, "text": "5.7.1 not wanted", "share": 0.03},
        {"at": "final", "do": "drop", "recipient": "person33@mail.example"},
    ]
    with rig.sink(tmp_path, delay_ms=15, rules=rules) as sink:
        route = rig.route(sink.port, connections=2)
        rig.people(4, start=1000, consent=False)
        assert rig.enqueue().skipped == {"no_consent": 4}
        with rig.Sender(workspace.pk) as sender:
            while len(sink.mails) < 60:
                time.sleep(0.005)
            actions.pause_source(kind=rig.KIND, source_id=1)
            sender.report()
        held = rig.states()
        assert held["queued"] > 0
        assert held.keys() <= {"queued", "accepted", "rejected", "in_doubt", "skipped"}
        assert again(workspace) == {}
        Route.objects.filter(pk=route.pk).update(connections=6, per_minute=60_000)
        actions.resume_source(kind=rig.KIND, source_id=1)
        again(workspace)
        found = rig.reconcile(sink)
        assert found.keys() == {"accepted", "rejected", "in_doubt", "skipped"}
        assert sum(found.values()) == 304
        assert (found["skipped"], found["in_doubt"]) == (4, 1)
        # A policy of the server's suppresses nobody.
        assert not Suppression.objects.exists()


def test_unsubscribed_between_claim_and_send_is_not_sent(workspace: Workspace, tmp_path: Path):
    people = rig.people(20)
    with rig.sink(tmp_path) as sink:
        rig.route(sink.port)
        rig.enqueue()
        with rig.Sender(workspace.pk, "--at", "claimed", "--do", "stop") as sender:
            sender.wait_for_now()
            assert (rig.states(), rig.taken_up()) == ({"queued": 20}, 20)
            withdraw_consents(people=[people[0].pk, people[7].pk], source="page")
            actions.suppress(email=people[3].email)
            os.kill(sender.process.pid, signal.SIGCONT)
            report = sender.report()
        assert report["states"] == {"accepted": 17, "skipped": 3}
        assert rig.reasons() == {"no_consent": 2, "suppressed": 1}
        assert rig.reconcile(sink) == {"accepted": 17, "skipped": 3}


def test_cancelled_between_claim_and_send_is_not_sent(workspace: Workspace, tmp_path: Path):
    rig.people(20)
    with rig.sink(tmp_path) as sink:
        rig.route(sink.port)
        rig.enqueue()
        with rig.Sender(workspace.pk, "--at", "claimed", "--do", "stop") as sender:
            sender.wait_for_now()
            assert actions.cancel_source(kind=rig.KIND, source_id=1) == 20
            os.kill(sender.process.pid, signal.SIGCONT)
            assert sender.report()["stale"] == 20
        assert rig.reasons() == {"cancelled": 20}
        assert sink.mails == []


def test_the_senders_own_fault_pauses_the_route_and_suppresses_nobody(workspace: Workspace, tmp_path: Path):
    rig.people(1)
    text = "5.7.515 Access denied, sending domain does not meet the required authentication level"
    with rig.sink(tmp_path, rules=[{"at": "final", "code": 550, "text": text}]) as sink:
        route = rig.route(sink.port)
        rig.enqueue()
        assert rig.send(workspace.pk)["states"] == {"rejected": 1}
    paused = Route.objects.get(pk=route.pk)
    assert paused.paused_at is not None
    assert paused.paused_until is None
    assert "5.7.515" in paused.pause_reason
    assert not Suppression.objects.exists()
    assert not Event.objects.filter(kind="mail.bounced").exists()


def again(workspace: Workspace) -> dict[str, int]:
    """Send what is due from this process, and what that did."""
    rig.register()
    return dict(send_due(workspace.pk, timeouts=rig.HASTY).states)


def move_due_times_back() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE delivery_message SET due_at = enqueued_at WHERE state IN ('queued', 'deferred')")
        cursor.execute("UPDATE delivery_waiting SET due_at = to_timestamp(0)")
        cursor.execute("UPDATE delivery_route SET paused_at = NULL, paused_until = NULL")
