"""The page of deliverability."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from northpost.core import clock
from northpost.delivery.deliverability.queries import Fared, dmarc_figures
from northpost.delivery.models import DeliveryCount, DmarcReport, DmarcRow
from northpost.team.models import User, Workspace
from northpost.web.deliverability.views import level_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
PAGE = "/w/firm/deliverability/"


@pytest.fixture(autouse=True)
def nine_o_clock():
    with clock.use(clock.VirtualClock(NOW)) as virtual:
        yield virtual


@pytest.fixture
def browser(owner: User, workspace: Workspace) -> Client:
    client = Client()
    client.force_login(owner)
    return client


def count(domain: str, *, ago: int = 0, sender: str = "shop.example", **figures: int) -> None:
    day = (NOW - timedelta(days=ago)).date()
    DeliveryCount.objects.create(day=day, sender_domain=sender, domain=domain, **figures)


def test_before_anything_was_sent_it_says_what_comes(browser: Client) -> None:
    assert "Whether mail arrives" in browser.get(PAGE).text


def test_the_figures_of_a_range(browser: Client) -> None:
    count("gmail.com", accepted=900, rejected=60, hard=50, unwanted=10, complained=3, clicked=90)
    count("googlemail.com", ago=10, accepted=40)
    count("abv.bg", accepted=98, in_doubt=2)
    count("", accepted=3)
    count("old.example", ago=40, accepted=7)
    page = browser.get(PAGE).text
    assert "Of 1,103 messages providers took 1,041; 5.4% bounced, 0.27% were reported as spam." in page
    assert "more than the large providers put up with" in page
    for words in ("Gmail", "ABV.bg", "all others", "too many"):
        assert words in page, words
    assert "old.example" not in page
    assert "old.example" in browser.get(PAGE, {"days": "90"}).text
    assert "googlemail.com" not in browser.get(PAGE, {"days": "7"}).text


def test_a_sender_s_domain_is_chosen_in_the_address(browser: Client) -> None:
    count("gmail.com", accepted=10)
    count("yahoo.com", accepted=20, sender="xn--e1afmkfd.xn--90ae")
    page = browser.get(PAGE).text
    assert "пример.бг" in page
    assert "Of 30 messages" in page
    assert "Of 10 messages" in browser.get(PAGE, {"sender": "shop.example"}).text
    assert "Of 30 messages" in browser.get(PAGE, {"sender": "stranger.example"}).text


@pytest.mark.parametrize(
    ("fared", "level"),
    [
        (Fared(accepted=99, complained=50), ""),
        (Fared(accepted=1000), "good"),
        (Fared(accepted=1000, complained=1), "doubt"),
        (Fared(accepted=1000, complained=3), "bad"),
        (Fared(accepted=980, rejected=20, hard=20), "doubt"),
        (Fared(accepted=950, rejected=50, soft=50), "bad"),
    ],
)
def test_the_limits_are_those_of_the_providers(fared: Fared, level: str) -> None:
    assert level_of(fared) == level


def test_dmarc_reports_are_drawn(browser: Client) -> None:
    assert "DMARC" not in browser.get(PAGE).text
    made = DmarcReport.objects.create(
        organisation="google.com", report_key="1", domain="shop.example", begins_at=NOW, ends_at=NOW, received_at=NOW
    )
    DmarcRow.objects.create(
        report=made, source_ip="192.0.2.7", messages=12, dkim_aligned=False, spf_aligned=False, disposition="reject"
    )
    page = browser.get(PAGE).text
    assert "1 provider reported: 0 messages in your name passed, 12 failed, 12 of them were kept out." in page
    assert "192.0.2.7" in page


def test_a_report_about_a_domain_tells_of_those_below_it_too(browser: Client) -> None:
    made = DmarcReport.objects.create(
        organisation="google.com", report_key="1", domain="shop.example", begins_at=NOW, ends_at=NOW, received_at=NOW
    )
    for name, messages in (("shop.example", 5), ("news.shop.example", 7)):
        DmarcRow.objects.create(
            report=made,
            source_ip="192.0.2.7",
            messages=messages,
            dkim_aligned=True,
            spf_aligned=True,
            header_from=name,
        )
    day = NOW.date()
    passed = [dmarc_figures(first=day, last=day, domain=name).total.passed for name in ("", "shop.example")]
    assert passed == [12, 5]
    assert dmarc_figures(first=day, last=day, domain="news.shop.example").total.passed == 7


def test_the_way_there_and_back(browser: Client) -> None:
    assert f'href="{PAGE}"' in browser.get("/w/firm/analysis/").text
    assert 'href="/w/firm/analysis/"' in browser.get(PAGE).text
