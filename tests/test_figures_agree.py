"""One mailing, counted three ways: by its page, by the API, and straight from the ledger's rows."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.test import Client

from northpost.campaigns import actions as campaigns
from northpost.contacts import actions as contacts
from northpost.content import actions as content
from northpost.core import clock, sql
from northpost.delivery import actions as delivery
from northpost.delivery.engine import send_due
from northpost.delivery.models import HitKind, Link, Message, Sender
from northpost.delivery.tests import rig
from northpost.events.consumers import consume_all
from northpost.sales import actions as sales
from northpost.team.actions import make_key
from northpost.team.models import User, Workspace

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
MJML = (
    "<mjml><mj-body><mj-section><mj-column><mj-text>Hello {{ contact.first_name }}"
    ' <a href="https://shop.example/offer">Offer</a> <a href="{{ unsubscribe_url }}">Leave</a></mj-text>'
    "</mj-column></mj-section></mj-body></mjml>"
)
FAULTS = [
    {"at": "rcpt", "do": "reply", "code": 550, "text": "5.1.1 user unknown", "recipient": "p8@people.example"},
    {"at": "final", "do": "drop", "recipient": "p9@people.example"},
]


@pytest.fixture
def campaign(workspace: Workspace, tmp_path: Path) -> int:
    """Sent to twelve: one unknown there, one in doubt, one who never agreed, one suppressed; eight got it."""
    Workspace.objects.filter(pk=workspace.pk).update(postal_address="1 Harbour Street", currency="EUR")
    Sender.objects.create(name="Firm", email="news@firm.example", is_default=True, created_at=clock.now())
    with clock.use(clock.VirtualClock(NOW)) as time, rig.sink(tmp_path, rules=FAULTS) as sink:
        rig.route(sink.port)
        people = [contacts.add_contact(email=f"p{n}@people.example", first_name=f"Ann{n}") for n in range(12)]
        for each in people[:11]:
            contacts.grant_consent(contact_id=each.pk, source="test")
        delivery.suppress(email="p10@people.example")
        template = content.create_template(languages=["en"], name="Plain")
        content.save_version(template_id=template.pk, language="en", subject="Hi", preheader="", mjml=MJML, text="")
        made = campaigns.create_campaign(
            name="Spring", template_id=template.pk, audience={"include": [{"everyone": True}], "exclude": []}
        )
        campaigns.start_campaign(campaign_id=made.pk)
        campaigns.freeze(campaign_id=made.pk)
        send_due(workspace.pk)
        campaigns.finish_done()
        react(people, time)
        while consume_all():
            pass
    return made.pk


def react(people: list, time: clock.VirtualClock) -> None:
    """An hour later four open it, a scanner does too, two click, one of them orders, one leaves."""
    time.advance(timedelta(hours=1))
    line = {message.contact_id: message.pk for message in Message.objects.all()}
    mine = [line[each.pk] for each in people]
    link = Link.objects.get(url="https://shop.example/offer").pk
    hits = [delivery.NewHit(HitKind.OPEN, mine[n], clock.now(), agent=PHONE, method="GET") for n in range(4)]
    hits += [
        delivery.NewHit(HitKind.CLICK, mine[n], clock.now(), link_id=link, agent=PHONE, method="GET") for n in (0, 1)
    ]
    hits.append(delivery.NewHit(HitKind.OPEN, mine[5], clock.now(), agent="curl/8", method="GET"))
    delivery.record_hits(hits)
    time.advance(timedelta(minutes=5))
    delivery.classify_hits()
    delivery.unsubscribe(message_id=mine[2])
    bought = sales.NewLine(sku="x", quantity=Decimal(1), unit_price=Decimal(80), total=Decimal(80))
    sales.record_orders([sales.NewOrder("A1", people[0].pk, clock.now(), Decimal(80), "EUR", [bought])])


def from_ledger() -> dict[str, int]:
    rows = sql.fetch_all("SELECT state, opened_at, clicked_at, unsubscribed_at, bounced_at FROM delivery_message")
    states = Counter(row["state"] for row in rows)
    return {
        "chosen": len(rows),
        **{state: states[state] for state in ("accepted", "rejected", "in_doubt", "skipped")},
        "opened": sum(row["opened_at"] is not None for row in rows),
        "clicked": sum(row["clicked_at"] is not None for row in rows),
        "unsubscribed": sum(row["unsubscribed_at"] is not None for row in rows),
    }


def from_page(owner: User, campaign: int) -> str:
    browser = Client()
    browser.force_login(owner)
    page = browser.get(f"/w/firm/mailings/{campaign}/report/")
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())


def test_page_api_and_ledger_say_the_same(campaign: int, owner: User):
    ledger = from_ledger()
    assert ledger == {
        "chosen": 12, "accepted": 8, "rejected": 1, "in_doubt": 1, "skipped": 2, "opened": 4, "clicked": 2,
        "unsubscribed": 1,
    }  # fmt: skip

    token = make_key(name="Shop", sees_money=True, by=owner)[1]
    told = Client().get(f"/api/v1/campaigns/{campaign}", headers={"Authorization": f"Bearer {token}"}).json()
    assert {name: told["figures"][name] for name in ledger} == ledger
    assert told["skipped_because"] == {"no_consent": 1, "suppressed": 1}
    assert (told["machine_opens"], told["machine_clicks"]) == (1, 0)
    assert told["touched"] == {"people": 1, "orders": 1, "revenue": [{"amount": "80.00", "currency": "EUR"}]}

    page = from_page(owner, campaign)
    assert "Sent to 8 people. 2 clicked, 1 ordered for 80 EUR touched; caused: not measured." in page
    labels = {
        "accepted": "Sent", "clicked": "Clicked", "opened": "Opened", "unsubscribed": "Unsubscribed",
        "rejected": "Refused", "in_doubt": "In doubt",
    }  # fmt: skip
    shown = {name: figure_on(page, label) for name, label in labels.items()}
    assert shown == {name: ledger[name] for name in labels}
    assert "Left out 1 open that was probably made by a machine." in page


def figure_on(page: str, label: str) -> int:
    """What stands under a label, past the words on how it is counted."""
    found = re.search(rf" {label} How it is counted .*? See the people behind it (\d+) ", page)
    assert found is not None, (label, page)
    return int(found[1])
