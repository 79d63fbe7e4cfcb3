"""What goes on in the demo besides mail that simply arrives: a warm-up, mail in doubt, DMARC reports."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.conf import settings

from northpost.core import tenancy
from northpost.delivery.deliverability.queries import dmarc_figures
from northpost.delivery.doubt import known
from northpost.delivery.models import DmarcReport, DmarcRow, InboundMail, Message, Resolution, Route, WarmUp, WarmUpDay
from northpost.demo.run import run_main_job
from northpost.demo.scenario import STORY_DAYS
from northpost.demo.story import Story
from northpost.demo.warming import DOMAIN as NEW_DOMAIN
from northpost.demo.warming import SERVER
from northpost.team.queries import workspace_by_slug

NOW = datetime(2026, 6, 15, 14, 30, tzinfo=UTC)
PEOPLE = 900
pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture
def lived(monkeypatch: pytest.MonkeyPatch) -> list[tuple[datetime, datetime]]:
    """The stretches of time in which people signed up and ordered."""
    stretches: list[tuple[datetime, datetime]] = []
    sign_up = Story._sign_up

    def noted(story: Story, start: datetime, end: datetime) -> None:
        stretches.append((start, end))
        sign_up(story, start, end)

    monkeypatch.setattr(Story, "_sign_up", noted)
    return stretches


def test_it_shows_what_delivery_can_do_and_is_the_same_each_time(lived: list[tuple[datetime, datetime]]) -> None:
    job = run_main_job(people=PEOPLE, today=NOW)
    # No moment of the weeks is left out, nor lived twice.
    assert lived[0][0] == NOW - timedelta(days=STORY_DAYS) and lived[-1][1] == NOW
    assert all(earlier[1] == later[0] for earlier, later in pairwise(lived))
    workspace = workspace_by_slug("voltline")
    assert workspace is not None
    with tenancy.workspace(workspace.pk):
        _check_warm_up()
        _check_doubts()
        _check_reports()
    again = run_main_job(people=PEOPLE, today=NOW, fresh=True)
    assert again.result.to_json() | {"seconds": 0} == job.result.to_json() | {"seconds": 0}
    assert again.received is not None and job.received is not None
    assert again.received.count == job.received.count


def _check_warm_up() -> None:
    server = Route.objects.get(name=SERVER)
    assert (server.kind, server.host, server.port) == ("smtp", "127.0.0.1", settings.NORTHPOST_MAILBOX_PORT)
    assert server.paused_at is None
    plan = WarmUp.objects.get(ended_at=None)
    assert (plan.domain, plan.first_day, plan.starts_on) == (NEW_DOMAIN, 2, (NOW - timedelta(days=13)).date())
    used = dict(WarmUpDay.objects.values_list("day", "used"))
    # The letter to seven partners takes three days.
    assert [used[plan.starts_on + timedelta(days=number)] for number in range(3)] == [2, 3, 2]
    assert sum(used.values()) == Message.objects.filter(route_id=server.pk, attempts__gt=0).count()


def _check_doubts() -> None:
    in_doubt = known.describe(list(known.find()))
    settled = Resolution.objects.filter(verdict="delivered", evidence="hit").count()
    assert len(in_doubt) + settled == 1
    for doubt in in_doubt:
        assert doubt.route == SERVER and not doubt.stopped and doubt.told


def _check_reports() -> None:
    # Three providers for four weeks, but for six days on which the smallest saw nothing of so small a shop.
    assert DmarcReport.objects.count() == 78
    kinds = Counter(InboundMail.objects.filter(kind="dmarc").values_list("state", "detail"))
    assert kinds == {("done", ""): 78}
    # What went out by Northpost passes; what nobody had thought of does not, until it was mended.
    ours = DmarcRow.objects.filter(source_ip__in=("203.0.113.25", "203.0.113.26"))
    assert ours.filter(header_from=NEW_DOMAIN).exists()
    assert not ours.exclude(dkim_aligned=True, spf_aligned=True).exists()
    invoices = DmarcRow.objects.filter(source_ip="198.51.100.41").order_by("report__begins_at")
    assert list(invoices.values_list("dkim_aligned", flat=True)) == sorted(
        invoices.values_list("dkim_aligned", flat=True)
    )
    assert {True, False} == set(invoices.values_list("dkim_aligned", flat=True))
    figures = dmarc_figures(first=(NOW - timedelta(days=28)).date(), last=NOW.date())
    assert figures.reporters == 3 and figures.total.passed > figures.total.failed > 0
    assert figures.total.kept_out == figures.total.failed
