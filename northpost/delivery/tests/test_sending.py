"""From the gate to the server: what is sent, with which headers, and what happens to one bad apple."""

from __future__ import annotations

from pathlib import Path

import pytest

from northpost.delivery.engine import send_due
from northpost.delivery.models import Message
from northpost.delivery.tests import rig
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)


def test_everybody_gets_it_once(workspace: Workspace, tmp_path: Path):
    rig.register()
    people = rig.people(250)
    with rig.sink(tmp_path) as sink:
        rig.route(sink.port)
        assert rig.enqueue().queued == 250
        report = send_due(workspace.pk)
        assert (report.accepted, report.stale, report.alerts) == (250, 0, [])
        assert sink.recipients == sorted(person.email for person in people)
        assert send_due(workspace.pk).states == {}
    assert rig.states() == {"accepted": 250}
    message = Message.objects.order_by("pk")[0]
    assert (message.attempts, message.reply_code, message.claim, message.lease_until) == (1, 250, None, None)
    assert message.settled_at is not None


def test_one_person_whose_mail_cannot_be_made_stops_nobody(workspace: Workspace, tmp_path: Path):
    rig.register()
    people = rig.people(20)
    people[7].first_name = "Zero"
    people[7].save()
    with rig.sink(tmp_path) as sink:
        rig.route(sink.port)
        rig.enqueue()
        report = send_due(workspace.pk)
        assert len(sink.mails) == 19
    assert dict(report.states) == {"accepted": 19, "skipped": 1}
    assert rig.reasons() == {"render_failed": 1}
    failed = Message.objects.get(reason="render_failed")
    assert failed.contact_id == people[7].pk
    assert "ContentError" in failed.reply_text
