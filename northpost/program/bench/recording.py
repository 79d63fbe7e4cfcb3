"""Events, in batches of 100, each batch committed."""

from __future__ import annotations

from datetime import timedelta

from northpost.core import clock, tenancy
from northpost.events.actions import NewEvent, record_events
from northpost.program.bench import shop
from northpost.program.bench.outcome import Outcome, memory_mb, timed

BATCH = 100


def measure(scale: int) -> Outcome:
    """Events a second, accepted after commit, one writer."""
    workspace, _owner = shop.found()
    now = clock.now()
    events = [
        NewEvent(
            key=f"bench:{number}",
            kind="page.viewed",
            contact_id=number % 10_000,
            occurred_at=now - timedelta(seconds=number),
            properties={"page": number % 50},
        )
        for number in range(scale)
    ]
    with tenancy.workspace(workspace.pk), timed() as watch:
        for start in range(0, scale, BATCH):
            record_events(events[start : start + BATCH])
    return Outcome(
        "events", scale / watch.seconds, "events/s", scale, targets={"figure": 30_000}, memory_mb=memory_mb()
    )
