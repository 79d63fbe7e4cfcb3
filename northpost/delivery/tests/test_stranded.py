"""The net under all others: messages that nobody would come back to are found, and accounted for."""

from __future__ import annotations

import pytest

from northpost.core import clock
from northpost.delivery import actions, tasks
from northpost.delivery.actions.control import finish_sources, skip_cancelled
from northpost.delivery.actions.holding import hold_back
from northpost.delivery.actions.ledger import Settlement
from northpost.delivery.models import Claim, Doubt, Message, Source, WaitingBatch
from northpost.delivery.tests import rig
from northpost.team.models import Workspace

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_jobs")]


def test_what_was_being_sent_is_in_doubt_and_what_waited_waits_again(workspace: Workspace):
    rig.people(4)
    rig.enqueue()
    held = actions.claim()
    rig.mark(held[:2])
    Claim.objects.all().delete()
    assert finish_sources(clock.now()) == 0
    assert actions.recover_stranded() == {"in_doubt": 2, "queued": 2}
    assert rig.states() == {"in_doubt": 2, "queued": 2}
    assert set(Doubt.objects.values_list("message_id", flat=True)) == {one.id for one in held[:2]}
    assert Source.objects.get().in_doubt_count == 2
    assert {one.id for one in actions.claim()} == {one.id for one in held[2:]}
    assert actions.recover_stranded() == {}


def test_it_leaves_alone_what_waits_what_is_held_and_what_is_claimed(workspace: Workspace):
    rig.people(3)
    rig.enqueue()
    assert actions.recover_stranded() == {}
    held = actions.claim()
    assert actions.recover_stranded() == {}
    rig.mark(held)
    assert actions.recover_stranded() == {}
    assert rig.states() == {"sending": 3}


def test_it_leaves_alone_what_is_held_back(workspace: Workspace):
    rig.people(3)
    rig.enqueue()
    hold_back(kind=rig.KIND, source_id=1, first=1)
    one = actions.claim()[0]
    rig.mark([one])
    actions.settle([Settlement(one.id, one.claim, "accepted", code=250)])
    actions.release([one.claim])
    assert actions.recover_stranded() == {}
    assert rig.states() == {"accepted": 1, "queued": 2}


def test_of_a_cancelled_source_it_is_skipped(workspace: Workspace):
    rig.people(2)
    rig.enqueue()
    held = actions.claim()
    rig.mark(held[:1])
    actions.cancel_source(kind=rig.KIND, source_id=1)
    Claim.objects.all().delete()
    Message.objects.filter(pk=held[1].id).update(state="queued")
    assert actions.recover_stranded() == {"in_doubt": 1, "queued": 1}
    assert skip_cancelled(clock.now()) == 1
    assert rig.states() == {"in_doubt": 1, "skipped": 1}


def test_each_minute_it_is_looked_for(workspace: Workspace, caplog: pytest.LogCaptureFixture):
    rig.people(1)
    rig.enqueue()
    WaitingBatch.objects.all().delete()
    assert tasks.look_after_mail() == 1
    assert "left by everybody" in caplog.text
    assert len(actions.claim()) == 1
