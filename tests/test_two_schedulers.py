"""Two schedulers wake at the same moment, on two machines: each mailing is begun once, and everybody gets it once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from northpost.campaigns import actions, tasks
from northpost.campaigns.models import Campaign, CampaignState
from northpost.content import actions as content
from northpost.core import clock, tenancy
from northpost.delivery.engine import send_due
from northpost.delivery.models import Message, Sender
from northpost.delivery.tests import rig
from northpost.team.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)
MAILINGS = 4
PEOPLE = 60


@pytest.fixture
def scheduled(workspace: Workspace) -> list[Campaign]:
    """Mailings whose time has come."""
    Workspace.objects.filter(pk=workspace.pk).update(postal_address="1 Harbour Street, Varna", company_name="Firm")
    Sender.objects.create(name="Firm", email="news@firm.example", is_default=True, created_at=clock.now())
    rig.people(PEOPLE)
    rig.route(2525)
    template = content.create_template(languages=["en"], kind="newsletter")
    made = [
        actions.create_campaign(
            name=f"News {number}",
            template_id=template.pk,
            default_language="en",
            audience={"include": [{"everyone": True}], "exclude": []},
        )
        for number in range(MAILINGS)
    ]
    for campaign in made:
        actions.schedule_campaign(campaign_id=campaign.pk, at=clock.now() + timedelta(minutes=1))
    past = clock.now() - timedelta(seconds=1)
    Campaign.objects.update(scheduled_at=past)
    return made


def at_once(*deeds: Callable[[], object]) -> None:
    """Each in a thread with a connection of its own; what one raises is raised here."""
    barrier = threading.Barrier(len(deeds))
    problems: list[BaseException] = []

    def run(deed: Callable[[], object]) -> None:
        try:
            barrier.wait(20)
            deed()
        except BaseException as problem:
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if problems:
        raise problems[0]


def test_each_mailing_begins_once_and_everybody_gets_it_once(
    workspace: Workspace, scheduled: list[Campaign], tmp_path: Path
):
    def wake() -> None:
        with tenancy.workspace(workspace.pk):
            tasks.tend()

    at_once(*[wake] * 4)
    assert set(Campaign.objects.values_list("state", "pause_reason")) == {(CampaignState.SENDING, "")}
    assert Message.objects.filter(state="queued").count() == MAILINGS * PEOPLE
    with rig.sink(tmp_path) as sink:
        rig.route(sink.port)
        Campaign.objects.update(route_id=None)
        Message.objects.update(route_id=None)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE delivery_source SET route_id = NULL")
        at_once(*[lambda: send_due(workspace.pk)] * 2)
        arrived = Counter(mail["message_id"] for mail in sink.mails)
    assert len(arrived) == MAILINGS * PEOPLE
    assert set(arrived.values()) == {1}
    assert Message.objects.filter(state="accepted").count() == MAILINGS * PEOPLE
