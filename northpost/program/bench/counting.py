"""Counting segments over people and their orders."""

from __future__ import annotations

from northpost.core import clock, tenancy
from northpost.program.bench import shop
from northpost.program.bench.outcome import Outcome, memory_mb, percentile, timed
from northpost.segments import catalogue, presets, queries

ROUNDS = 5
ORDERS_PER_PERSON = 3


def measure(scale: int) -> Outcome:
    """The slow end (p95) of counting each ready-made rule a few times, in seconds."""
    workspace, _owner = shop.found()
    seconds = []
    with tenancy.workspace(workspace.pk):
        shop.fill(scale, orders=scale * ORDERS_PER_PERSON)
        rules = [preset.rule for preset in presets.presets(catalogue.load())]
        for _round in range(ROUNDS):
            for rule in rules:
                with timed() as watch:
                    queries.count(rule, now=clock.now())
                seconds.append(watch.seconds)
    return Outcome(
        "segments",
        percentile(seconds, 0.95),
        "s (p95)",
        scale,
        targets={"figure": 1.0},
        lower_is_better=True,
        memory_mb=memory_mb(),
    )
