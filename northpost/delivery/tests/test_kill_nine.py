"""kill -9 of the sender at random moments: ledger and sink agree, and nobody gets it twice.

NORTHPOST_KILL_MESSAGES=20000 makes the campaign larger; the test is the same.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from northpost.delivery.tests import rig
from northpost.team.models import Workspace

MESSAGES = int(os.environ.get("NORTHPOST_KILL_MESSAGES", "2000"))
KILLS = 10


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.django_db(transaction=True)
def test_killed_ten_times(workspace: Workspace, tmp_path: Path):
    rig.register()
    rig.people(MESSAGES)
    chance = random.Random(MESSAGES)
    with rig.sink(tmp_path) as sink:
        rig.route(sink.port)
        assert rig.enqueue().queued == MESSAGES
        in_doubt = 0
        for kill in range(1, KILLS + 1):
            with rig.Sender(workspace.pk) as sender:
                wait_for(sink, int(MESSAGES * (kill - chance.random()) / (KILLS + 1)), sender)
                time.sleep(chance.random() * 0.02)
                sender.kill()
            recovered = rig.after_leases()
            in_doubt += recovered.get("in_doubt", 0)
            states = rig.states()
            assert states.keys() <= {"queued", "accepted", "in_doubt"}
        rig.send(workspace.pk)
        found = rig.reconcile(sink)
    assert sum(found.values()) == MESSAGES
    assert found == {"accepted": MESSAGES - in_doubt, "in_doubt": in_doubt}
    assert found["accepted"] > MESSAGES / 3


def wait_for(sink: rig.Sink, mails: int, sender: rig.Sender) -> None:
    """Until the sink has so many mails, or nothing more is coming."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and sender.process.poll() is None:
        if sink.log.exists() and sink.log.read_bytes().count(b"\n") >= mails:
            return
        time.sleep(0.002)
