"""The page of sending domains, with a real name server behind it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from northpost.delivery.actions.routes import create_route, create_sender
from northpost.delivery.domains.queries import record_of
from northpost.delivery.domains.tasks import check_all
from northpost.delivery.domains.tests.name_server import name_server, txt
from northpost.delivery.models import DkimKey, SendingDomain
from northpost.team.models import AuditEntry, User, Workspace

pytestmark = pytest.mark.django_db
BASE = "/w/firm/settings/domains/"
ZONE = {
    ("shop.example", "TXT"): [txt("v=spf1 ip4:1.2.3.5 -all")],
    ("shop.example", "MX"): ["10 relay.shop.example."],
    ("relay.shop.example", "A"): ["1.2.3.4"],
    ("_dmarc.shop.example", "TXT"): [txt("v=DMARC1; p=reject")],
}


@pytest.fixture
def browser(owner: User, workspace: Workspace) -> Client:
    client = Client()
    client.force_login(owner)
    return client


def shop() -> None:
    create_sender(name="Shop", email="news@shop.example")
    create_route(name="Ours", host="relay.shop.example", security="none", port=25, connections=1)


def test_without_a_sender_it_says_what_comes_first(browser: Client) -> None:
    assert "Add a sender" in browser.get(BASE).text


def test_a_domain_is_looked_up_and_says_what_to_publish(browser: Client, settings: Any) -> None:
    shop()
    assert "Nothing has been looked up yet" in browser.get(BASE).text
    with name_server(ZONE) as server:
        settings.NORTHPOST_DNS = [server.address]
        said = browser.post(BASE + "check/", {"domain": "shop.example"}, follow=True).text
    assert "SPF does not let the server relay.shop.example send for shop.example" in said
    assert "v=spf1 ip4:1.2.3.5 ip4:1.2.3.4 -all" in said
    assert "neither SPF nor a signature of Northpost proves" in said
    assert "The address 1.2.3.4 of relay.shop.example has no name" in said
    row = SendingDomain.objects.get()
    assert (row.domain, row.checked_at) == ("shop.example", row.asked_at)


def test_a_key_is_made_published_found_and_signs(browser: Client, settings: Any) -> None:
    shop()
    browser.post(BASE + "key/", {"domain": "shop.example"})
    key = DkimKey.objects.get()
    record = record_of(key)
    page = browser.get(BASE).text
    assert record in page
    assert f"{key.selector}._domainkey.shop.example" in page
    assert "PRIVATE" not in page
    with name_server(ZONE | {(f"{key.selector}._domainkey.shop.example", "TXT"): [txt(record)]}) as server:
        settings.NORTHPOST_DNS = [server.address]
        said = browser.post(BASE + "check/", {"domain": "shop.example"}, follow=True).text
    key.refresh_from_db()
    assert key.state == "signing"
    assert "is published as it should be" in said
    assert "Your mail passes" in said or "your mail passes" in said
    browser.post(BASE + "key/", {"domain": "shop.example", "kind": "ed25519"})
    second = DkimKey.objects.get(algorithm="ed25519")
    browser.post(f"{BASE}keys/{key.pk}/retire/")
    browser.post(f"{BASE}keys/{second.pk}/retire/")
    assert dict(DkimKey.objects.values_list("algorithm", "state")) == {"rsa": "signing", "ed25519": "retired"}
    assert AuditEntry.objects.filter(noun="dkim_key").count() == 3


def test_what_was_found_before_a_key_was_made_does_not_hide_it(browser: Client, settings: Any) -> None:
    shop()
    with name_server(ZONE) as server:
        settings.NORTHPOST_DNS = [server.address]
        assert (
            "is not signed by Northpost" in browser.post(BASE + "check/", {"domain": "shop.example"}, follow=True).text
        )
    browser.post(BASE + "key/", {"domain": "shop.example"})
    page = browser.get(BASE).text
    assert record_of(DkimKey.objects.get()) in page
    assert "is not signed by Northpost" not in page


def test_the_record_of_an_rsa_key_fits_what_page_and_name_server_agree_on(browser: Client) -> None:
    shop()
    browser.post(BASE + "key/", {"domain": "shop.example"})
    shown = re.search(r'<pre class="record"[^>]*>(v=DKIM1[^<]+)</pre>', browser.get(BASE).text)
    assert shown is not None
    assert shown[1] == record_of(DkimKey.objects.get())


def test_who_does_not_answer_is_not_called_wrong(browser: Client) -> None:
    shop()
    said = browser.post(BASE + "check/", {"domain": "shop.example"}, follow=True).text
    assert "Not all name servers answered" in said
    assert "could not be looked up" in said
    assert "To be mended" not in said
    row = SendingDomain.objects.get()
    assert row.asked_at is not None
    assert row.checked_at is None


def test_only_domains_of_senders_are_asked_about(browser: Client) -> None:
    shop()
    for path in ("check/", "key/"):
        assert browser.post(BASE + path, {"domain": "rival.example"}).status_code == 404
    assert "<h2>shop.example</h2>" in browser.get(BASE + "?domain=rival.example").text
    assert not DkimKey.objects.exists()
    assert not SendingDomain.objects.exists()


def test_every_domain_is_looked_at_each_day(browser: Client, settings: Any) -> None:
    shop()
    create_sender(name="Second", email="news@Пример.БГ")
    assert check_all() == 0
    with name_server(ZONE) as server:
        settings.NORTHPOST_DNS = [server.address]
        assert check_all() == 2
    assert SendingDomain.objects.exclude(checked_at=None).count() == 2
    assert "пример.бг" in browser.get(BASE).text
