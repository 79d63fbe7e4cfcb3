"""``northpost bench send``: it measures, checks what it sent, and says what ran beside it. No speed is asserted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from northpost.program.bench import peers
from northpost.program.bench.outcome import Outcome


@pytest.mark.slow
def test_it_sends_checks_and_compares():
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NORTHPOST_")}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "northpost.program.main",
            "bench",
            "send",
            "--scale",
            "200",
            "--people",
            "300",
            "--json",
        ],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["name"], told["unit"], told["scale"]) == ("send", "messages/s", 200)
    rows = {row["name"]: row for row in told["rows"]}
    assert rows.keys() == {"send at 20 ms", "send: DKIM", "freeze", "send: memory of a sender"}
    assert rows["send: memory of a sender"]["figure"] > 20
    assert told["peers"].keys() >= {peers.SMTPLIB}
    needs = {"go": {peers.LOCKSTEP, peers.LOCKSTEP_WITHOUT_RESET}, "smtp-source": {peers.SMTP_SOURCE}}
    here = [program for program in needs if found(program)]
    assert told["peers"].keys() == {peers.SMTPLIB}.union(*(needs[program] for program in here))
    assert len(told.get("notes", [])) == 2 - len(here)
    assert rows["send at 20 ms"]["peers"].keys() == (needs["go"] if "go" in here else set())
    # The same mail: within a tenth of ours.
    ours = told["details"]["bytes a mail"]
    assert 27_000 < ours < 33_000
    assert all(0.9 < size / ours < 1.1 for size in told["details"]["bytes a mail of peers"].values())


def found(program: str) -> bool:
    return bool(shutil.which(program) or shutil.which(f"/usr/sbin/{program}"))


def test_a_target_that_any_row_misses_is_missed():
    fast = Outcome("a", 10, "x", 1, peers={"other": 2}, targets={"figure": 9, "other": 5})
    assert fast.ratios == {"other": 5.0}
    assert fast.met
    fast.rows.append(Outcome("b", 151, "MB", 1, targets={"figure": 150}, lower_is_better=True))
    assert not fast.met
    assert [row["met"] for row in fast.to_json()["rows"]] == [False]
