"""The report and the analysis through the pages: figures as in the ledger, money for whom it is, foreign ones gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from northpost.campaigns import actions
from northpost.campaigns.models import Campaign
from northpost.contacts import actions as contacts
from northpost.content import actions as content
from northpost.core import clock
from northpost.delivery.models import Link, Message, Sender, WaitingBatch
from northpost.events.actions import NewEvent, record_events
from northpost.events.consumers import consume_all
from northpost.sales import actions as sales
from northpost.team.models import Membership, User, Workspace

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
BASE = "/w/firm/"
MJML = (
    '<mjml><mj-body><mj-section><mj-column><mj-text><a href="https://shop.example/offer">Offer</a> '
    '<a href="https://shop.example/other">Other</a> <a href="{{ unsubscribe_url }}">Leave</a></mj-text>'
    "</mj-column></mj-section></mj-body></mjml>"
)


@pytest.fixture(autouse=True)
def nine_o_clock():
    with clock.use(clock.VirtualClock(NOW)) as virtual:
        yield virtual


def sign_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def browser(owner: User, workspace: Workspace) -> Client:
    return sign_in(owner)


@pytest.fixture
def consultant(workspace: Workspace) -> Client:
    user = User.objects.create_user("cora@firm.example", "a long enough password", name="Cora")
    Membership.objects.create(user=user, role="consultant", since=NOW)
    return sign_in(user)


@pytest.fixture
def sent(workspace: Workspace) -> Campaign:
    """Sent to three of four people; one clicked the offer and ordered for 80 EUR."""
    Workspace.objects.filter(pk=workspace.pk).update(postal_address="1 Harbour Street", currency="EUR")
    Sender.objects.create(name="Firm", email="news@firm.example", is_default=True, created_at=NOW)
    news = contacts.create_list(name="News").pk
    people = [contacts.add_contact(email=f"p{n}@people.example", first_name=f"Ann{n}") for n in range(4)]
    for each in people[:3]:
        contacts.grant_consent(contact_id=each.pk, source="test")
    contacts.add_to_list(list_id=news, people=[each.pk for each in people])
    template = content.create_template(languages=["en"], name="Plain")
    content.save_version(template_id=template.pk, language="en", subject="Hello", preheader="", mjml=MJML, text="")
    campaign = actions.create_campaign(
        name="Spring", template_id=template.pk, audience={"include": [{"list": news}], "exclude": []}
    )
    actions.start_campaign(campaign_id=campaign.pk)
    actions.freeze(campaign_id=campaign.pk)
    WaitingBatch.objects.all().delete()
    Message.objects.filter(state="queued").update(state="accepted", settled_at=NOW)
    actions.finish_done()
    link = Link.objects.create(
        source_kind="campaign", source_id=campaign.pk, url="https://shop.example/offer", label="Offer", url_hash="x"
    )
    line = Message.objects.get(contact_id=people[0].pk)
    Message.objects.filter(pk=line.pk).update(clicked_at=NOW)
    record_events(
        [
            NewEvent(
                key="click",
                kind="mail.clicked",
                contact_id=people[0].pk,
                occurred_at=NOW,
                source=f"campaign:{campaign.pk}",
                message_id=line.pk,
                properties={"link_id": link.pk, "agent": "Mozilla/5.0 (iPhone) Mobile"},
            )
        ]
    )
    bought = sales.NewLine(sku="x", quantity=Decimal(1), unit_price=Decimal(80), total=Decimal(80))
    sales.record_orders([sales.NewOrder("A1", people[0].pk, NOW + timedelta(hours=1), Decimal(80), "EUR", [bought])])
    while consume_all():
        pass
    return Campaign.objects.get(pk=campaign.pk)


def test_the_report_says_what_happened(browser: Client, sent: Campaign):
    page = browser.get(f"{BASE}mailings/{sent.pk}/report/").text
    assert "Sent to 3 people. 1 clicked, 1 ordered for 80\xa0EUR touched; caused: not measured." in page
    assert "1 person of those chosen did not get it: has not agreed." in page
    assert "Phone" in page
    assert "people.example" in page
    assert "This went to the local mailbox" in page


def test_without_the_right_to_see_money_there_is_none(consultant: Client, sent: Campaign):
    page = consultant.get(f"{BASE}mailings/{sent.pk}/report/").text
    assert "1 ordered (touched); caused: not measured." in page
    assert "80\xa0EUR" not in page
    assert "80\xa0EUR" not in consultant.get(f"{BASE}analysis/").text


def test_the_mail_shows_how_many_clicked_each_link(browser: Client, sent: Campaign):
    answer = browser.get(f"{BASE}mailings/{sent.pk}/report/mail/")
    offer, other = answer.text.index("Offer"), answer.text.index("Other")
    assert ">1</span></a>" in answer.text[offer:other]
    assert ">0</span></a>" in answer.text[other:]
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert "https://shop.example" not in answer.text


@pytest.mark.parametrize(
    ("did", "names"),
    [
        ("chosen", ["Ann0", "Ann1", "Ann2", "Ann3"]),
        ("accepted", ["Ann0", "Ann1", "Ann2"]),
        ("clicked", ["Ann0"]),
        ("ordered", ["Ann0"]),
        ("skipped", ["Ann3"]),
        ("in_doubt", []),
    ],
)
def test_each_figure_opens_into_its_people(browser: Client, sent: Campaign, did: str, names: list[str]):
    page = browser.get(f"{BASE}mailings/{sent.pk}/report/people/", {"did": did}).text
    assert [name for name in ("Ann0", "Ann1", "Ann2", "Ann3") if f">{name}<" in page] == names
    assert ("Nobody has done this." in page) == (not names)


def test_there_is_no_such_deed_and_no_report_of_a_draft(browser: Client, sent: Campaign):
    assert browser.get(f"{BASE}mailings/{sent.pk}/report/people/", {"did": "sql"}).status_code == 404
    draft = actions.create_campaign(name="Draft")
    assert browser.get(f"{BASE}mailings/{draft.pk}/report/").status_code == 404


def test_a_mailing_that_is_over_leads_to_its_report(browser: Client, sent: Campaign):
    answer = browser.get(f"{BASE}mailings/{sent.pk}/")
    assert answer.headers["Location"] == f"{BASE}mailings/{sent.pk}/report/"


def test_the_analysis_adds_up_the_days(browser: Client, sent: Campaign, nine_o_clock: clock.VirtualClock):
    page = browser.get(f"{BASE}analysis/").text
    assert "3 messages sent; people reached: 3, messages clicked: 1." in page
    assert "Orders came to 80\xa0EUR; 80\xa0EUR of it touched by mail" in page
    assert ">Spring<" in page
    nine_o_clock.advance(timedelta(days=31))
    assert "0 messages sent" in browser.get(f"{BASE}analysis/", {"days": "30"}).text
    assert "3 messages sent" in browser.get(f"{BASE}analysis/", {"days": "90"}).text
    assert browser.get(f"{BASE}analysis/", {"days": "1; drop"}).status_code == 200


def test_an_empty_analysis_says_what_comes_first(browser: Client, workspace: Workspace):
    assert "What the mail brings, in numbers" in browser.get(f"{BASE}analysis/").text
