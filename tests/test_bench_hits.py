"""``northpost bench hits``: it measures, holds the table against the answers, and says what ran beside it. No speed is
asserted."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from northpost.program.bench.hits import PEER
from tests.installation import ROOT


@pytest.mark.slow
def test_a_small_one():
    done = subprocess.run(
        [sys.executable, "-m", "northpost.program.main", "bench", "hits", "--scale", "500", "--json"],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["name"], told["unit"], told["scale"]) == ("hits", "requests/s", 500)
    assert told["figure"] > 0
    assert list(told["peers"]) == list(told["ratios"]) == [PEER]
    assert told["targets"] == {"figure": 12_000}
    assert told["met"] == (told["figure"] >= 12_000)
    assert 0 < told["details"]["p50_ms"] <= told["details"]["p99_ms"]
    assert set(told["details"]["processor_us"]) == {"web", "postgresql", "load"}
    assert told["details"]["load_alone"] > 0
