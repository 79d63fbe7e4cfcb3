"""Who waits for a mail does not wait for a newsletter: a real worker, a slow server, the order of what it got."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from northpost.campaigns import actions as campaigns
from northpost.campaigns.models import Campaign
from northpost.campaigns.testing import send_test
from northpost.contacts.models import Contact
from northpost.content.actions import create_template
from northpost.core import clock
from northpost.delivery import actions as delivery
from northpost.delivery.models import Message, Sender
from northpost.delivery.rules.urgency import Urgency
from northpost.delivery.tasks import defer_sending
from northpost.delivery.tests import rig
from northpost.team.models import Workspace
from tests.installation import ROOT

PEOPLE = 400
# Two connections, fifty milliseconds a mail: the newsletter takes some ten seconds.
CONNECTIONS, DELAY_MS = 2, 50
COLLEAGUE, NEW = "colleague@firm.example", "new@mail.example"


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.django_db(transaction=True)
def test_urgent_mail_arrives_in_the_midst_of_a_newsletter(workspace: Workspace, tmp_path: Path):
    Workspace.objects.filter(pk=workspace.pk).update(postal_address="1 Harbour Street, Varna", company_name="Firm")
    Sender.objects.create(name="Firm", email="news@firm.example", is_default=True, created_at=clock.now())
    # A mailing that has gone to nobody (there is no consent): later a chain's step is sent with what it says.
    rig.people(1, start=PEOPLE, consent=False)
    welcome = started("Welcome")
    assert campaigns.freeze(campaign_id=welcome.pk) == 0
    readers = rig.people(PEOPLE)
    with rig.sink(tmp_path, delay_ms=DELAY_MS) as sink:
        rig.route(sink.port, connections=CONNECTIONS)
        newsletter = started("Newsletter")
        assert campaigns.freeze(campaign_id=newsletter.pk) == PEOPLE
        newcomer = Contact.objects.create(
            email=NEW, email_key=NEW, language="en", created_at=clock.now(), updated_at=clock.now()
        )
        defer_sending(workspace.pk)
        with worker():
            until(lambda: len(sink.mails) >= 40, "the newsletter is under way")
            send_test(campaign=newsletter, to=COLLEAGUE, contact_id=readers[0].pk)
            assert chain(welcome, newcomer).queued == 1
            defer_sending(workspace.pk)
            asked_after = len(sink.mails)
            until(lambda: {COLLEAGUE, NEW} <= set(sink.recipients), "the urgent mail has arrived")
            until(lambda: len(sink.mails) >= PEOPLE + 2, "the newsletter has arrived")
        got = [mail["recipient"] for mail in sink.mails]
    bulk = {reader.email for reader in readers}
    assert Counter(got) == Counter([*bulk, COLLEAGUE, NEW])
    for urgent in (COLLEAGUE, NEW):
        place = got.index(urgent)
        before, after = bulk.intersection(got[:place]), bulk.intersection(got[place:])
        assert len(before) >= 40
        assert len(after) >= 50, f"{urgent} came after {place} of {len(got)}, asked for after {asked_after}"
    states = Message.objects.exclude(state="skipped").values_list("source_kind", "priority", "state")
    assert Counter(states) == {
        ("campaign", 50, "accepted"): PEOPLE,
        ("campaign", Urgency.CHAIN, "accepted"): 1,
        ("test", 10, "accepted"): 1,
    }


def started(name: str) -> Campaign:
    """A mailing to everybody, checked and with its content pinned."""
    campaign = campaigns.create_campaign(
        name=name,
        template_id=create_template(languages=["en"], kind="newsletter").pk,
        audience={"include": [{"everyone": True}], "exclude": []},
        canary=False,
    )
    campaigns.start_campaign(campaign_id=campaign.pk)
    return campaign


def chain(campaign: Campaign, person: Contact) -> delivery.Enqueued:
    """As a chain's step would, to one person: behind what somebody waits for, before what goes to all."""
    return delivery.enqueue(
        source_kind="campaign",
        source_id=campaign.pk,
        audience=rig.only(person.pk),
        transactional=True,
        priority=Urgency.CHAIN,
        languages=["en"],
        language="en",
    )


@contextlib.contextmanager
def worker() -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-m", "northpost.program.main", "worker"], cwd=ROOT)
    try:
        yield
    finally:
        process.terminate()
        assert process.wait(60) == 0


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, f"not within a minute: {what}"
        time.sleep(0.05)
