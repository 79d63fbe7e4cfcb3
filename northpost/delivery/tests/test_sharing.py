"""Several runs of the sender share what a route may be asked at once."""

from __future__ import annotations

import time
import uuid
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from northpost.core import clock
from northpost.delivery import actions, queries
from northpost.delivery.actions.ledger import LEASE
from northpost.delivery.tests import rig
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)


def most_connections(workspace: Workspace, sink: rig.Sink) -> int:
    """How many there were at once while a sender process sent all that is due."""
    seen = 0
    with rig.Sender(workspace.pk) as sender:
        server = psutil.Process(sink.process.pid)
        while sender.process.poll() is None:
            found = [one for one in server.net_connections("tcp") if one.status == psutil.CONN_ESTABLISHED]
            seen = max(seen, len(found))
            time.sleep(0.005)
        sender.report()
    return seen


def test_connections_are_shared(workspace: Workspace, tmp_path: Path):
    rig.people(80)
    with rig.sink(tmp_path, delay_ms=20) as sink:
        rig.route(sink.port, connections=4)
        rig.enqueue()
        held = actions.claim(run=uuid.uuid4(), batch=20)
        assert most_connections(workspace, sink) == 2
        rig.give_back(held)
        actions.release([held[0].claim])
        assert most_connections(workspace, sink) == 4
        assert rig.reconcile(sink) == {"accepted": 80}


def test_only_living_runs_count(workspace: Workspace):
    rig.people(3)
    rig.enqueue()
    one, two = uuid.uuid4(), uuid.uuid4()
    for run in (one, two, two):
        assert len(actions.claim(run=run, batch=1)) == 1
    now = clock.now()
    assert [queries.other_runs(run, now) for run in (one, two, uuid.uuid4())] == [1, 1, 2]
    assert queries.other_runs(one, now + LEASE + timedelta(seconds=1)) == 0
