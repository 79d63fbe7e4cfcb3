"""A mailing's report equals the ledger, the log and the orders, number by number."""

from __future__ import annotations

import pytest

from northpost.analytics import reports
from northpost.analytics.tests.conftest import HOUR, NOW, click, consume, happen, link, order, person, send
from northpost.campaigns.models import Campaign
from northpost.core import clock
from northpost.delivery.models import Message

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148"
TABLET = "Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) Mobile/15E148"
ANDROID_TABLET = "Mozilla/5.0 (Linux; Android 14; SM-X910) Safari/537.36"
ANDROID = "Mozilla/5.0 (Linux; Android 14; Pixel 8) Mobile Safari/537.36"
COMPUTER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"


def ledger(mailing: Campaign) -> list[Message]:
    """Eight lines: four accepted (one bounced), and one of each other end."""
    people = [person() for _number in range(8)]
    return [
        send(mailing, people[0], opened_at=NOW, clicked_at=NOW + HOUR),
        send(mailing, people[1], clicked_at=NOW + HOUR, unsubscribed_at=NOW, domain="post.example"),
        send(mailing, people[2], complained_at=NOW),
        send(mailing, people[3], bounced_at=NOW, domain="post.example"),
        send(mailing, people[4], state="rejected", domain="post.example"),
        send(mailing, people[5], state="in_doubt"),
        send(mailing, people[6], state="skipped", reason="no_consent"),
        send(mailing, people[7], state="queued", settled_at=None),
    ]


def test_the_counts_are_the_ledgers(mailing: Campaign):
    ledger(mailing)
    counts = reports.report(mailing).counts
    assert (counts.chosen, counts.waiting, counts.accepted, counts.rejected, counts.in_doubt, counts.skipped) == (
        8,
        1,
        4,
        1,
        1,
        1,
    )
    assert (counts.bounced, counts.delivered, counts.settled) == (1, 3, 7)
    assert (counts.opened, counts.clicked, counts.unsubscribed, counts.complained) == (1, 2, 1, 1)
    assert counts.waiting + counts.accepted + counts.rejected + counts.in_doubt + counts.skipped == counts.chosen


def test_the_people_behind_a_figure_are_as_many_as_it_says(mailing: Campaign):
    lines = ledger(mailing)
    click(lines[0], NOW + HOUR)
    order(lines[0].contact_id, NOW + 2 * HOUR, "10")
    order(lines[0].contact_id, NOW + 3 * HOUR, "10")
    consume()
    counted = {did: reports.people(mailing, did).count() for did in reports.DEEDS}
    assert counted == {
        "chosen": 8,
        "accepted": 4,
        "delivered": 3,
        "opened": 1,
        "clicked": 2,
        "ordered": 1,
        "unsubscribed": 1,
        "bounced": 2,
        "skipped": 1,
        "in_doubt": 1,
    }
    found = reports.report(mailing)
    assert (found.ordered, found.touched.orders) == (1, 2)


def test_links_are_ranked_by_people_without_machines(mailing: Campaign):
    lines = ledger(mailing)
    shop = link(mailing, "https://shop.example/", "Shop", 0)
    offer = link(mailing, "https://shop.example/offer", "Offer", 1)
    link(mailing, "https://shop.example/never", "Never", 2)
    click(lines[0], NOW, link_id=offer.pk)
    click(lines[0], NOW, link_id=offer.pk)
    click(lines[1], NOW, link_id=offer.pk)
    click(lines[1], NOW, link_id=shop.pk)
    click(lines[2], NOW, link_id=shop.pk, machine=True)
    found = reports.report(mailing)
    assert [(each.label, each.people, each.clicks) for each in found.links] == [
        ("Offer", 2, 3),
        ("Shop", 1, 1),
        ("Never", 0, 0),
    ]
    assert reports.people_by_link(mailing) == {
        "https://shop.example/": 1,
        "https://shop.example/offer": 2,
        "https://shop.example/never": 0,
    }
    assert (found.machine_clicks, found.machine_opens) == (1, 0)


def test_devices_are_told_by_the_browser(mailing: Campaign):
    agents = [PHONE, ANDROID, TABLET, ANDROID_TABLET, COMPUTER, COMPUTER, "", "curl/8"]
    for agent in agents:
        click(send(mailing, person()), NOW, agent=agent)
    click(send(mailing, person()), NOW, agent=PHONE, machine=True)
    happen("mail.opened", NOW, message=send(mailing, person()), properties={"agent": PHONE})
    assert {each.device: each.people for each in reports.report(mailing).devices} == {
        "phone": 2,
        "tablet": 2,
        "computer": 2,
        "unknown": 2,
    }


def test_providers_are_ranked_by_what_they_got(mailing: Campaign):
    ledger(mailing)
    found = reports.report(mailing).providers
    assert [(each.domain, each.sent, each.clicked, each.bounced) for each in found] == [
        ("post.example", 3, 1, 1),
        ("mail.example", 2, 1, 0),
    ]


def test_the_course_is_hours_without_a_gap(mailing: Campaign, nine_o_clock: clock.VirtualClock):
    ledger(mailing)
    course = reports.report(mailing).course
    assert len(course) == 12
    assert course[:3] == [(NOW, 1, 0), (NOW + HOUR, 0, 2), (NOW + 2 * HOUR, 0, 0)]
    nine_o_clock.advance(1000 * HOUR)
    assert len(reports.report(mailing).course) == 72


def test_another_mailings_figures_stay_out(mailing: Campaign, make_mailing):
    other = make_mailing("Other")
    lines = ledger(mailing)
    click(lines[0], NOW, link_id=link(mailing, "https://shop.example/").pk, agent=PHONE)
    found = reports.report(other)
    assert (found.counts.chosen, found.links, found.providers, found.devices) == (0, [], [], [])
