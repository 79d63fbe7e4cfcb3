"""Staff pages, on the server, with people and orders in the database."""

from __future__ import annotations

from django.test import Client

from northpost.core import tenancy
from northpost.program.bench import shop
from northpost.program.bench.outcome import Outcome, memory_mb, percentile, timed

PAGES = ("", "people/", "people/?q=person1", "segments/", "goals/", "mailings/", "analysis/", "sales/orders/")
ROUNDS = 10


def measure(scale: int) -> Outcome:
    """The slow end (p95) of answering each page a few times, in milliseconds, without the network."""
    workspace, owner = shop.found()
    with tenancy.workspace(workspace.pk):
        shop.fill(scale, orders=scale)
    client = Client()
    client.force_login(owner)
    milliseconds = []
    for _round in range(ROUNDS):
        for page in PAGES:
            with timed() as watch:
                response = client.get(f"/w/{workspace.slug}/{page}")
            if response.status_code != 200:
                raise RuntimeError(f"{page} answered {response.status_code}")
            milliseconds.append(watch.seconds * 1000)
    return Outcome(
        "pages",
        percentile(milliseconds, 0.95),
        "ms (p95)",
        scale,
        targets={"figure": 200},
        lower_is_better=True,
        memory_mb=memory_mb(),
    )
