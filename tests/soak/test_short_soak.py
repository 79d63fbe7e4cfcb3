"""Ten kills of ``make soak``."""

from __future__ import annotations

from pathlib import Path

import pytest

from northpost.team.models import Workspace
from tests.soak.driving import Soak
from tests.soak.reckoning import reckon
from tests.soak.table import table


@pytest.mark.slow
@pytest.mark.timeout(280)
@pytest.mark.django_db(transaction=True)
def test_ten_kills_lose_nothing_and_double_nothing(workspace: Workspace, tmp_path: Path):
    soak = Soak(workspace.pk, tmp_path, seed=20, people=400, say=print)
    found = soak.run(kills=10, seconds=60)
    print(table(soak.course, found))
    assert soak.course.kills.total() == 10
    assert (found.lost, found.doubled, found.unaccounted, found.unexplained, found.left) == (0, 0, 0, 0, 0)
    assert found.states["accepted"] > 300
    assert soak.course.kills.keys() == {"worker", "sender", "sink", "postgres"}
    # And it would have been noticed.
    log = tmp_path / "sink.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join([*lines, lines[0]]))
    assert reckon(log, workspace.pk).doubled == 1
    log.write_bytes(b"".join(lines[len(lines) // 2 :]))
    assert 0 < reckon(log, workspace.pk).lost <= len(lines) // 2
    log.write_bytes(b"".join(lines).replace(b"bounce+", b"bounce+0", 1))
    assert reckon(log, workspace.pk).unaccounted == 1
