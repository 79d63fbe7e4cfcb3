"""A mailing's report, from ledger, log and orders."""

from __future__ import annotations

from datetime import timedelta

from northpost.analytics import reports
from northpost.campaigns import actions
from northpost.content import actions as content
from northpost.core import clock, tenancy
from northpost.program.bench import shop
from northpost.program.bench.outcome import Outcome, memory_mb, percentile, timed

ROUNDS = 20


def measure(scale: int) -> Outcome:
    """The slow end (p95) of reading one mailing's report, in milliseconds."""
    workspace, _owner = shop.found()
    milliseconds = []
    with tenancy.workspace(workspace.pk):
        shop.fill(scale)
        template = content.create_template(languages=["en"], kind="newsletter")
        campaign = actions.create_campaign(
            name="Bench",
            template_id=template.pk,
            default_language="en",
            audience={"include": [{"everyone": True}], "exclude": []},
        )
        with clock.use(clock.VirtualClock(clock.now() - timedelta(days=1))):
            actions.start_campaign(campaign_id=campaign.pk)
            actions.freeze(campaign_id=campaign.pk)
        campaign.refresh_from_db()
        for _round in range(ROUNDS):
            with timed() as watch:
                reports.report(campaign)
            milliseconds.append(watch.seconds * 1000)
    return Outcome(
        "reports",
        percentile(milliseconds, 0.95),
        "ms (p95)",
        scale,
        targets={"figure": 200},
        lower_is_better=True,
        memory_mb=memory_mb(),
    )
