"""``make soak``: the long run. Ends with status 1 if any mail was lost, doubled, or left without an explanation."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import tests.environment as place  # before settings are read: a throw-away data directory


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=720.0, help="end the killing after so long")
    parser.add_argument("--people", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    given = parser.parse_args()
    assert place is not None
    from northpost.program import ground

    ground.settle()
    with ground.database(own=True), tempfile.TemporaryDirectory() as folder:
        from northpost.core import tenancy
        from northpost.team.actions import found_workspace
        from northpost.team.models import User
        from tests.soak.driving import Soak
        from tests.soak.table import table

        owner = User.objects.create_user("owner@firm.example", "a long enough password")
        workspace = found_workspace(name="Firm", owner=owner)
        with tenancy.workspace(workspace.pk):
            soak = Soak(workspace.pk, Path(folder), seed=given.seed, people=given.people, say=say)
            found = soak.run(kills=given.kills, seconds=given.seconds)
        print(table(soak.course, found))
    enough = soak.course.kills.total() >= given.kills
    if not enough:
        print(f"The time was over before {given.kills} kills were done.")
    return 0 if found.good and not found.left and enough else 1


def say(words: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {words}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
